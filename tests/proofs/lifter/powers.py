"""
Powers of two whose exponent is unknown: what shifts by an unknown distance multiply by.

They are one unknown function of the exponent, of which a table is known: the same
on both sides of a claim, so that most claims need none of it. So are the length of a
word in bits and the place of its lowest bit.
"""

from functools import cache

import z3

from tests.proofs.lifter.terms import Term, is_constant
from tests.proofs.lifter.words import BITS, MODULUS

Formula = z3.BoolRef
Integer = z3.ArithRef

_TWO_TO = z3.Function("two_to", z3.IntSort(), z3.IntSort())
_TEN_TO = z3.Function("ten_to", z3.IntSort(), z3.IntSort())
_LENGTH = z3.Function("bit_length", z3.IntSort(), z3.IntSort())
_LOWEST = z3.Function("lowest_bit", z3.IntSort(), z3.IntSort())


def two_to(exponent: Integer, most: int = BITS - 1) -> tuple[Integer, Formula]:
    """
    Return ``2**exponent``, and what is known of it.

    So for exponents from 0 to ``BITS - 1``; below it is 1, above at least the highest.
    The table ends at ``most``.
    """
    power = _TWO_TO(exponent)
    return power, _instance(_powers(min(most, BITS - 1)), exponent, power)


def ten_to(exponent: Integer) -> tuple[Integer, list[Formula], Formula]:
    """
    Return a word's ``10**exponent``, what is known of it, and the table of it.

    The table is for counterexamples; exponents beyond it wrap, and are refused.
    """
    power = _TEN_TO(exponent)
    table = [z3.And(exponent == i, power == 10**i) for i in range(78)]
    known = [power >= 0, power < MODULUS]
    for most in (18, 77):
        inside = z3.And(exponent >= 0, exponent <= most)
        known.append(z3.Implies(inside, z3.And(power >= 1, power <= 10**most)))
    return power, known, z3.Or(*table)


def bit_length(word: Integer) -> tuple[Integer, Formula]:
    """Return how many bits a word takes, and what is known of that."""
    length = _LENGTH(word)
    return length, _instance(_lengths(), word, length)


def lowest_bit(word: Integer) -> tuple[Integer, Integer, Formula]:
    """Return the place of the lowest bit of a word that is not zero, and its power."""
    place = _LOWEST(word)
    power, known = two_to(place)
    is_lowest = z3.And(word % power == 0, word / power % 2 == 1, word >= power)
    in_word = z3.And(word > 0, word < MODULUS)
    in_range = z3.And(place >= 0, place < BITS)
    return place, power, z3.And(known, in_range, z3.Implies(in_word, is_lowest))


_from, _to = z3.Ints("from to")


@cache
def _powers(most: int) -> Formula:
    """Return what is known of y, the power of two to x, as far as the table goes."""
    rows = [_to >= 1]
    for place in range(most + 1):
        rows.append(z3.Implies(_from <= place, _to <= 1 << place))
        rows.append(z3.Implies(_from >= place, _to >= 1 << place))
    return z3.And(*rows)


@cache
def _lengths() -> Formula:
    """Return what is known of y, the bits that the word x takes."""
    return z3.And(
        _to >= 0, *((_to <= bits) == (_from < 1 << bits) for bits in range(BITS + 1))
    )


def _instance(table: Formula, x: Integer, y: Integer) -> Formula:
    return z3.substitute(table, (_from, x), (_to, y))


# Words that are made of such powers


def single_bit(term: Term) -> Term | None:
    """Return the place of the one bit of a word ``1 << place``, if it is unknown."""
    is_bit = term.operation == "shl" and is_constant(term.arguments[1], 1)
    return term.arguments[0] if is_bit else None


def low_bits(term: Term) -> Term | None:
    """Return how many bits a mask ``(1 << count) - 1`` has, if it is unknown."""
    if term.operation == "sub" and is_constant(term.arguments[1], 1):
        return single_bit(term.arguments[0])
    return None


def is_opposite(one: Term, other: Term) -> bool:
    """Tell whether ``other`` is ``-one``, which has only its lowest bit, too."""
    return (
        other.operation == "sub"
        and is_constant(other.arguments[0], 0)
        and other.arguments[1] is one
    )


def highest(term: Term) -> int:
    """Return a word that ``term`` does not exceed, from its shape alone."""
    name, arguments = term.operation, term.arguments
    if name == "constant":
        return int(arguments[0])
    if name in ("variable", "answer") and arguments[1] >= 0:
        return int(arguments[2])
    if term.is_boolean:
        return 1
    if name == "and":
        return min(map(highest, arguments))
    if name == "or":
        return int(2 ** max(highest(a).bit_length() for a in arguments) - 1)
    if name == "ite":
        return max(map(highest, arguments[1:]))
    if name == "shr":
        distance = arguments[0].arguments[0] if is_constant(arguments[0]) else 0
        return highest(arguments[1]) >> min(distance, BITS)
    if name in ("div", "mod"):
        return highest(arguments[0])
    return MODULUS - 1


def possible(term: Term) -> int:
    """Return a word with all the bits that ``term`` may have, from its shape alone."""
    name, arguments = term.operation, term.arguments
    if name == "constant":
        return int(arguments[0])
    if name == "and":
        return possible(arguments[0]) & possible(arguments[1])
    if name in ("or", "xor"):
        return possible(arguments[0]) | possible(arguments[1])
    if name == "ite":
        return possible(arguments[1]) | possible(arguments[2])
    if name in ("shl", "shr") and is_constant(arguments[0]):
        distance, bits = min(arguments[0].arguments[0], BITS), possible(arguments[1])
        return bits >> distance if name == "shr" else (bits << distance) % MODULUS
    return int(2 ** highest(term).bit_length() - 1)


def room(term: Term, other: Term) -> tuple[int, Term]:
    """Return how many bits there are for what ``term`` is shifted up into ``other``."""
    offset, field = 0, term
    if term.operation == "shl" and is_constant(term.arguments[0]):
        offset, field = min(term.arguments[0].arguments[0], BITS), term.arguments[1]
    taken = possible(other) >> offset
    free = (taken & -taken).bit_length() - 1 if taken else BITS - offset
    lowest = possible(field) & -possible(field)
    return (free if lowest < 1 << free else 0), field


def runs(mask: int) -> list[tuple[int, int]]:
    """Return where each run of ones of a mask begins, and how many ones it has."""
    found = []
    place = 0
    while mask >> place:
        place += ((mask >> place) & -(mask >> place)).bit_length() - 1
        rest = ~(mask >> place)
        length = (rest & -rest).bit_length() - 1
        found.append((place, length))
        place += length
    return found
