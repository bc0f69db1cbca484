"""
The witness of a claim: words for which all that the claim assumes holds.

What a solver comes upon depends on how much time it gets, and ``proofs.json`` should
not. So the witness that was written down last is read again and put in the place of
the unknowns; if everything still holds of it, it stays.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import z3

from tests.proofs.lifter.solver import describe, find_model
from tests.proofs.proof import PROJECT, known_witness

ANY = "any input"

_WORD = r"-?\d+(?:\^\d+)?(?: [+-] \d+)?|True|False"
_NUMBER = re.compile(
    r"(?P<sign>-?)(?P<base>\d+)(?:\^(?P<power>\d+))?(?: (?P<rest>[+-] \d+))?"
)
_PART = re.compile(rf"(?P<name>\S(?:[^=]*\S)?) = (?P<value>\[[^\]]*\]|{_WORD})(?:, |$)")
_ENTRY = re.compile(rf"(?P<key>else|\([^)]*\)|{_WORD}) -> (?P<value>{_WORD})(?:, |$)")

Value = str | list[tuple[list[str] | None, str]]
"""A word, or what a function answers: to some words, at last to all others."""


class Search:
    """The one witness of a proof, looked for on one path after the other."""

    def __init__(
        self, identity: str, root: Path = PROJECT, said: str | None = None
    ) -> None:
        """Look for a witness of the project as it is: a mutant needs none."""
        self.said = known_witness(identity) if said is None else said
        self.found = ""
        self._is_over = root != PROJECT
        self._known = read(self.said)

    def among(
        self,
        hypotheses: Callable[[], Sequence[z3.BoolRef]],
        helping: Sequence[Sequence[z3.BoolRef]] = ((),),
        rename: Callable[[str], str] = lambda name: name,
    ) -> None:
        """
        Look among the words for which all hypotheses hold, and first of all among those
        for which one of the ``helping`` facts hold as well.
        """
        if self._is_over:
            return
        facts = hypotheses()
        if self._known is not None and stands(facts, self._known, rename):
            self.found, self._is_over = self.said, True
            return
        for more in helping if not self.found else ():
            model = find_model([*facts, *more])
            if model is not None:
                self.found = rename(describe(model)) or ANY
                break
        # Another path may be the one that the witness was found on.
        self._is_over = bool(self.found) and not self._known


def read(text: str) -> dict[str, Value] | None:
    """Return the words of a witness by their names; none if it can't be read."""
    if text in ("", ANY):
        return None
    found: dict[str, Value] = {}
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part["name"] in found:
            return None
        value = part["value"]
        if value[0] == "[":
            entries = _entries(value[1:-1])
            if not entries or entries[-1][0] is not None:
                return None
            found[part["name"]] = entries
        else:
            found[part["name"]] = value
        at = part.end()
    return found


def _entries(text: str) -> list[tuple[list[str] | None, str]]:
    entries: list[tuple[list[str] | None, str]] = []
    for entry in _ENTRY.finditer(text):
        key = None if entry["key"] == "else" else entry["key"].strip("()").split(", ")
        entries.append((key, entry["value"]))
    return entries


def stands(
    facts: Sequence[z3.BoolRef],
    known: Mapping[str, Value],
    rename: Callable[[str], str] = lambda name: name,
) -> bool:
    """Tell whether all facts hold for known words, and any of what is not known."""
    unknowns = {rename(d.name()): d for d in _unknowns(facts)}
    if not known.keys() <= unknowns.keys():
        return False
    functions, words = [], []
    for name, value in known.items():
        symbol = unknowns[name]
        is_function = not isinstance(value, str)
        if is_function != bool(symbol.arity()):
            return False
        if is_function:
            functions.append((symbol, _body(symbol, value)))
        else:
            words.append((symbol(), _value(value, symbol.range())))
    rest = []
    for fact in facts:
        # Functions first: what they are asked has unknowns in it.
        asked = z3.substitute_funs(fact, *functions) if functions else fact
        left = z3.simplify(z3.substitute(asked, *words))
        if z3.is_false(left):
            return False
        if not z3.is_true(left):
            rest.append(left)
    return not rest or find_model(rest) is not None


def _body(function: z3.FuncDeclRef, entries: Value) -> z3.ExprRef:
    """Return what a function answers, its arguments as de Bruijn's variables."""
    *known, (_, otherwise) = entries
    asked = [z3.Var(i, function.domain(i)) for i in range(function.arity())]
    body = _value(otherwise, function.range())
    for keys, value in reversed(known):
        is_met = z3.And(
            *(a == _value(k, a.sort()) for a, k in zip(asked, keys, strict=True))
        )
        body = z3.If(is_met, _value(value, function.range()), body)
    return body


def _value(text: str, sort: z3.SortRef) -> z3.ExprRef:
    if text in ("True", "False"):
        return z3.BoolVal(text == "True")
    number = _number(text)
    is_word = isinstance(sort, z3.BitVecSortRef)
    return z3.BitVecVal(number, sort.size()) if is_word else z3.IntVal(number)


def _number(text: str) -> int:
    found = _NUMBER.fullmatch(text)
    assert found, text
    number = int(found["base"])
    if found["power"]:
        number = number ** int(found["power"])
    if found["sign"]:
        number = -number
    return number + int((found["rest"] or "0").replace(" ", ""))


def _unknowns(facts: Sequence[z3.BoolRef]) -> list[z3.FuncDeclRef]:
    """Return the unknown words and functions in facts."""
    found, seen, todo = {}, set(), list(facts)
    while todo:
        part = todo.pop()
        if part.get_id() in seen or not z3.is_app(part):
            continue
        seen.add(part.get_id())
        if part.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found[part.decl().name()] = part.decl()
        todo.extend(part.children())
    return list(found.values())
