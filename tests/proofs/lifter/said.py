"""
What conditions say of a question at once, however either is written.

A solver would see it too, but has to be told all that is known each time.
"""

from typing import NamedTuple

import z3


class Plain(NamedTuple):
    """A formula as a key that all ways of writing it share, or as its parts."""

    key: tuple[str, int]
    opposite: tuple[str, int]
    """The key of what is true exactly if it is not, if there is another."""
    truth: bool
    """Whether the formula is what the key stands for, or the opposite."""
    parts: tuple[z3.BoolRef, ...] = ()
    """All of these have to be the same for the key to be true, if there are any."""
    each: bool = True
    """Whether they have to be true or false."""


_plain: dict[int, tuple[z3.BoolRef, Plain]] = {}
_kept: list[z3.ExprRef] = []
"""Formulas by number: each is kept, so that its number stays its own."""

_ORDERS = {
    z3.Z3_OP_LE: (False, True),
    z3.Z3_OP_GE: (True, True),
    z3.Z3_OP_LT: (True, False),
    z3.Z3_OP_GT: (False, False),
}
"""Whether the sides change places, and whether it is that order or its opposite."""


class Known:
    """What was said to be true or false."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._truths: dict[tuple[str, int], bool] = {}

    def note(self, condition: z3.BoolRef, truth: bool = True) -> None:
        """Note that a condition is true, or false."""
        plain = _read(condition)
        truth = truth == plain.truth
        # What is not true of all may be true of any.
        for part in plain.parts if truth else ():
            self.note(part, plain.each)
        self._truths[plain.key] = truth
        self._truths.setdefault(plain.opposite, not truth)

    def answer(self, question: z3.BoolRef) -> bool | None:
        """Return whether a formula is true, None if that is not said."""
        plain = _read(question)
        found = self._truths.get(plain.key)
        if found is None and plain.parts:
            answers = [self.answer(part) for part in plain.parts]
            if (not plain.each) in answers:
                found = False
            elif None not in answers:
                found = True
        return None if found is None else found == plain.truth


def _read(formula: z3.BoolRef) -> Plain:
    found = _plain.get(formula.get_id())
    if found is None:
        found = _plain[formula.get_id()] = formula, _find(formula)
    return found[1]


def _find(formula: z3.BoolRef) -> Plain:
    kind, parts = formula.decl().kind(), formula.children()
    if kind == z3.Z3_OP_NOT:
        inner = _read(parts[0])
        return inner._replace(truth=not inner.truth)
    if kind == z3.Z3_OP_AND:
        return _of("and", formula)._replace(parts=tuple(parts))
    if kind == z3.Z3_OP_OR:
        found = _of("or", formula)
        return found._replace(truth=False, parts=tuple(parts), each=False)
    is_equality = kind in (z3.Z3_OP_EQ, z3.Z3_OP_DISTINCT) and len(parts) == 2
    if is_equality and z3.is_int(parts[0]):
        keys = sorted(
            [_key("eq", parts[0] - parts[1]), _key("eq", parts[1] - parts[0])]
        )
        return Plain(keys[0], ("not eq", keys[0][1]), kind == z3.Z3_OP_EQ)
    if kind in _ORDERS:
        is_turned, truth = _ORDERS[kind]
        x, y = parts[::-1] if is_turned else parts
        return Plain(_key("le", x - y), _key("le", y - x + 1), truth)
    return _of("is", formula)


def _of(name: str, formula: z3.BoolRef) -> Plain:
    number = formula.get_id()
    return Plain((name, number), (f"opposite {name}", number), True)


def _key(name: str, term: z3.ArithRef) -> tuple[str, int]:
    simple = z3.simplify(term)
    _kept.append(simple)
    return name, simple.get_id()
