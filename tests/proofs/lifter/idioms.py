"""
The guards of checked arithmetic, and what each of them means.

A guard is a pattern over an operation and its operands; it says whether the exact
result fits a word. Each line of the table is a lemma, and ``test_lifter.py`` tries it
on every pair of 8-bit words, with the very patterns that are matched here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.proofs.lifter.terms import Term, build, is_constant
from tests.proofs.lifter.words import BITS, COMMUTATIVE, apply, to_signed

Pattern = Any
"""A letter (any term), ``LEAST``, a number, or (operation, pattern, ...)."""

LEAST = "the least signed word"


@dataclass(frozen=True)
class Idiom:
    """
    The guard of one operation.

    ``guard`` is true, or not zero, exactly when the exact value of ``operation`` on x
    and y, read as signed words if ``is_signed``, fits (``fits``) or does not.
    ``excepted`` values of y are outside the lemma, because another guard has them.
    """

    name: str
    operation: str
    guard: Pattern
    is_signed: bool
    fits: bool
    needs_constant: bool = False
    excepted: tuple[int, ...] = ()


_SUM, _DIFFERENCE, _PRODUCT = ("add", "x", "y"), ("sub", "x", "y"), ("mul", "x", "y")
_NOT_LEAST = ("iszero", ("eq", LEAST, "x"))
_SIGNED_QUOTIENT = ("eq", ("sdiv", _PRODUCT, "y"), "x")
_SIGNED_GUARD = ("or", _SIGNED_QUOTIENT, ("iszero", "y"))

IDIOMS = (
    Idiom("sum", "add", ("lt", _SUM, "x"), False, False),
    Idiom("difference", "sub", ("lt", "x", _DIFFERENCE), False, False),
    Idiom(
        "product",
        "mul",
        ("or", ("eq", ("div", _PRODUCT, "y"), "x"), ("iszero", "y")),
        False,
        True,
    ),
    Idiom(
        "product with a constant",
        "mul",
        ("eq", ("div", _PRODUCT, "y"), "x"),
        False,
        True,
        needs_constant=True,
        excepted=(0,),
    ),
    Idiom(
        "signed sum",
        "add",
        ("eq", ("slt", "y", 0), ("slt", _SUM, "x")),
        True,
        True,
    ),
    Idiom(
        "signed difference",
        "sub",
        ("eq", ("slt", "y", 0), ("slt", "x", _DIFFERENCE)),
        True,
        True,
    ),
    Idiom(
        "signed product",
        "mul",
        (
            "and",
            _SIGNED_GUARD,
            ("or", _NOT_LEAST, ("iszero", ("iszero", ("not", "y")))),
        ),
        True,
        True,
    ),
    Idiom(
        "signed product with a constant",
        "mul",
        _SIGNED_QUOTIENT,
        True,
        True,
        needs_constant=True,
        excepted=(0, -1),
    ),
)

Binding = dict[str, Term]


def find(term: Term) -> tuple[Idiom, Term, Term] | None:
    """Return the idiom that ``term`` is the guard of, with its operands x and y."""
    for idiom in IDIOMS:
        for bound in _match(idiom.guard, term, {}):
            if not idiom.needs_constant or _may_be_factor(bound["y"], idiom):
                return idiom, bound["x"], bound["y"]
    return None


def are_parts_unequal(term: Term) -> bool:
    """Tell whether a word is not zero exactly if its two parts differ."""
    if term.operation not in ("xor", "sub"):
        return False
    # Of truths, only what guards a sum or a difference of signed words.
    return not term.is_boolean or find(build("eq", *term.arguments)) is not None


def guarded(idiom: Idiom, x: Term, y: Term) -> tuple[str, int, int]:
    """Return the key of the operation that is guarded, whatever its order."""
    first, second = x.serial, y.serial
    if idiom.operation in COMMUTATIVE and first > second:
        first, second = second, first
    return idiom.operation, first, second


def _may_be_factor(term: Term, idiom: Idiom) -> bool:
    if not is_constant(term):
        return False
    return to_signed(term.arguments[0]) not in idiom.excepted


def _match(pattern: Pattern, term: Term, bound: Binding) -> Iterator[Binding]:
    if pattern == LEAST:
        if is_constant(term, 1 << (BITS - 1)):
            yield bound
    elif isinstance(pattern, int):
        if is_constant(term, pattern):
            yield bound
    elif isinstance(pattern, str):
        if bound.get(pattern, term) is term:
            yield {**bound, pattern: term}
    elif term.operation == pattern[0]:
        orders = [pattern[1:]]
        if pattern[0] in COMMUTATIVE:
            orders.append(pattern[:0:-1])
        for operands in orders:
            yield from _match_all(operands, term.arguments, bound)
    elif pattern == ("iszero", "y") and term.operation == "eq":
        # What `build` makes of it where y is a difference.
        for first, second in (term.arguments, term.arguments[::-1]):
            yield from _match("y", build("sub", first, second), bound)


def _match_all(
    patterns: tuple[Pattern, ...], terms: tuple[Term, ...], bound: Binding
) -> Iterator[Binding]:
    if not patterns:
        yield bound
        return
    for extended in _match(patterns[0], terms[0], bound):
        yield from _match_all(patterns[1:], terms[1:], extended)


def evaluate(pattern: Pattern, operands: dict[str, int], bits: int) -> int:
    """Return the word that a pattern stands for, on a machine of that width."""
    if pattern == LEAST:
        return 1 << (bits - 1)
    if isinstance(pattern, int):
        return pattern
    if isinstance(pattern, str):
        return operands[pattern]
    words = [evaluate(p, operands, bits) for p in pattern[1:]]
    return apply(pattern[0], *words, bits=bits)
