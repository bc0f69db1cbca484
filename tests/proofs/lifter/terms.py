"""
Expressions over words, shared and simplified.

Equal terms are the same object, so that a guard is recognised by identity. Every
simplification is an equation between words that holds for all of them;
``test_lifter.py`` compares simplified with unsimplified terms on random words.
"""

from collections.abc import Callable
from typing import Any

from tests.proofs.lifter.words import COMMUTATIVE, COMPARISONS, MODULUS, apply

MAXIMUM = MODULUS - 1


class Term:
    """A node: an operation of `words`, or one of the leaves built below."""

    __slots__ = ("arguments", "is_boolean", "operation", "serial")

    operation: str
    arguments: tuple[Any, ...]
    serial: int
    is_boolean: bool

    def __repr__(self) -> str:
        if self.operation == "constant":
            return hex(self.arguments[0])
        if self.operation == "variable":
            return str(self.arguments[0])
        return f"{self.operation}({', '.join(map(repr, self.arguments))})"


_terms: dict[tuple[Any, ...], Term] = {}


def node(operation: str, *arguments: Any) -> Term:
    """Return the one term of that shape, unsimplified."""
    key = (operation, *(a.serial if isinstance(a, Term) else (a,) for a in arguments))
    term = _terms.get(key)
    if term is None:
        term = _terms[key] = Term()
        term.operation, term.arguments = operation, arguments
        term.serial = len(_terms)
        term.is_boolean = (
            operation in COMPARISONS
            or (operation == "constant" and arguments[0] in (0, 1))
            or (operation in ("and", "or", "xor") and all(map(is_boolean, arguments)))
        )
    return term


def is_boolean(term: Term) -> bool:
    """Tell whether ``term`` can only be 0 or 1."""
    return term.is_boolean


def constant(value: int) -> Term:
    """Return a constant word."""
    return node("constant", value % MODULUS)


def variable(name: str, low: int = 0, high: int = MAXIMUM) -> Term:
    """Return an unknown word in that range; signed if ``low`` is negative."""
    return node("variable", name, low, high)


def answer(name: str, low: int, high: int, *arguments: Term) -> Term:
    """Return what an unknown but fixed function, say an oracle, says of its input."""
    return node("answer", name, low, high, *arguments)


def is_constant(term: Term, value: int | None = None) -> bool:
    """Tell whether ``term`` is a constant, and that one if ``value`` is given."""
    return term.operation == "constant" and value in (None, term.arguments[0])


ZERO, ONE = constant(0), constant(1)


def choose(condition: Term, then: Term, otherwise: Term) -> Term:
    """Return the term for a choice between two words."""
    if is_constant(condition):
        return then if condition.arguments[0] else otherwise
    return then if then is otherwise else node("ite", condition, then, otherwise)


def build(name: str, *arguments: Term) -> Term:
    """Return opcode ``name`` applied to ``arguments``, simplified."""
    if all(is_constant(a) for a in arguments):
        return constant(apply(name, *(a.arguments[0] for a in arguments)))
    if name in ("gt", "sgt"):
        return build("lt" if name == "gt" else "slt", arguments[1], arguments[0])
    if name in COMMUTATIVE and is_constant(arguments[1]):
        arguments = (arguments[1], arguments[0])
    rule = _RULES.get(name)
    simpler = rule(*arguments) if rule else None
    return node(name, *arguments) if simpler is None else simpler


def _add(x: Term, y: Term) -> Term | None:
    return y if is_constant(x, 0) else None


def _sub(x: Term, y: Term) -> Term | None:
    if x is y:
        return ZERO
    return x if is_constant(y, 0) else None


def _mul(x: Term, y: Term) -> Term | None:
    if is_constant(x, 0):
        return ZERO
    if is_constant(x, 1):
        return y
    for flag, word in ((x, y), (y, x)):
        if flag.is_boolean:
            return choose(flag, word, ZERO)
    return None


def _eq(x: Term, y: Term) -> Term | None:
    if x is y:
        return ONE
    return build("iszero", y) if is_constant(x, 0) else None


def _iszero(x: Term) -> Term | None:
    if x.operation == "iszero" and x.arguments[0].is_boolean:
        return x.arguments[0]
    if x.operation in ("xor", "sub"):
        return build("eq", *x.arguments)
    return None


def _and(x: Term, y: Term) -> Term | None:
    if x is y or is_constant(x, MAXIMUM):
        return y
    if is_constant(x, 0):
        return ZERO
    return y if is_constant(x, 1) and y.is_boolean else None


def _or(x: Term, y: Term) -> Term | None:
    if x is y or is_constant(x, 0):
        return y
    return ONE if is_constant(x, 1) and y.is_boolean else None


def _xor(x: Term, y: Term) -> Term | None:
    if x is y:
        return ZERO
    if is_constant(x, 0):
        return y
    for word, choice in ((x, y), (y, x)):
        # y ^ ((x ^ y) * c) is how Vyper writes min and max without a branch
        if choice.operation != "ite" or not is_constant(choice.arguments[2], 0):
            continue
        condition, mix, _ = choice.arguments
        if mix is word:
            return choose(condition, ZERO, word)
        if mix.operation == "xor" and word in mix.arguments:
            first, second = mix.arguments
            return choose(condition, second if first is word else first, word)
    return None


def _shift(distance: Term, x: Term) -> Term | None:
    return x if is_constant(distance, 0) else None


def _shift_right(distance: Term, x: Term) -> Term | None:
    if x.operation == "selector" and is_constant(distance, 224):
        return constant(x.arguments[0])
    return _shift(distance, x)


_RULES: dict[str, Callable[..., Term | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "eq": _eq,
    "iszero": _iszero,
    "and": _and,
    "or": _or,
    "xor": _xor,
    "shl": _shift,
    "shr": _shift_right,
    "sar": _shift,
}


def evaluate(term: Term, leaf: Callable[[Term], int], memory: dict[int, int]) -> int:
    """Return the word that ``term`` stands for, given those of its leaves."""
    if term.serial not in memory:
        if term.operation == "constant":
            word = term.arguments[0]
        elif term.operation in ("variable", "answer", "initial", "keccak"):
            word = leaf(term) % MODULUS
        else:
            words = (evaluate(a, leaf, memory) for a in term.arguments)
            word = apply(term.operation, *words)
        memory[term.serial] = word
    return memory[term.serial]
