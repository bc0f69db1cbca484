"""
A field of a word, read where it was put instead of where it ended up.

A word that was put together by shifts, masks and "or" has each field in one of its
parts. What a part is says more than the bits of the whole.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import z3

from tests.proofs.lifter.integers import Conditions, Integer, Integers
from tests.proofs.lifter.leaves import range_of
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import Term, build, constant, is_constant
from tests.proofs.lifter.words import BITS


class Field(NamedTuple):
    """So many bits of a word, from an offset."""

    word: Term
    offset: int
    width: int


Small = Mapping[int, int]
"""How many bits some words have at most, by their serials."""
NONE: Small = {}


def find(field: Field, small: Small = NONE) -> Field:
    """Return where the bits of a field come from, as far as that is plain."""
    while True:
        further = _step(field, small)
        if further is None:
            return field
        field = further


def _step(field: Field, small: Small) -> Field | None:
    word, offset, width = field
    if is_empty(field, small) and not is_constant(word):
        return Field(constant(0), 0, width)
    if word.operation not in ("or", "and", "shl", "shr"):
        return None
    for part, other in (word.arguments, word.arguments[::-1]):
        if word.operation == "or" and is_empty(Field(part, offset, width), small):
            return Field(other, offset, width)
        is_mask = word.operation == "and" and is_constant(part)
        if is_mask and _bits(part, offset, width) == (1 << width) - 1:
            return Field(other, offset, width)
    by, moved = word.arguments
    if word.operation == "shl" and is_constant(by) and offset >= by.arguments[0]:
        return Field(moved, offset - by.arguments[0], width)
    is_lowered = word.operation == "shr" and is_constant(by)
    if is_lowered and offset + by.arguments[0] + width <= BITS:
        return Field(moved, offset + by.arguments[0], width)
    return None


def is_empty(field: Field, small: Small = NONE) -> bool:
    """Tell whether all bits of a field are plainly zero."""
    word, offset, width = field
    name, arguments = word.operation, word.arguments
    if width <= 0 or offset >= small.get(word.serial, BITS):
        return True
    if name == "constant":
        return _bits(word, offset, width) == 0
    if name in ("variable", "answer"):
        low, high = range_of(word)
        return low >= 0 and high >> offset == 0
    if word.is_boolean:
        return offset > 0
    if name == "and":
        return any(is_empty(Field(part, offset, width), small) for part in arguments)
    if name == "or":
        return all(is_empty(Field(part, offset, width), small) for part in arguments)
    if name == "ite":
        return all(
            is_empty(Field(part, offset, width), small) for part in arguments[1:]
        )
    if name in ("shl", "shr") and is_constant(arguments[0]):
        by = arguments[0].arguments[0]
        if name == "shr":
            return is_empty(Field(arguments[1], offset + by, width), small)
        start = max(offset - by, 0)
        rest = Field(arguments[1], start, offset + width - by - start)
        return is_empty(rest, small)
    return False


def _bits(word: Term, offset: int, width: int) -> int:
    return int(word.arguments[0]) >> offset & ((1 << width) - 1)


def read(word: Term, offset: int, width: int) -> Term:
    """Return an unsigned field as a word, the same one wherever its bits come from."""
    return _cut_out(find(Field(word, offset, width)), is_signed=False)


def value(lifted: Any, word: Term, offset: int, width: int, is_signed: bool) -> Any:
    """Return the number in a field, read by `Integers`."""
    found = find(Field(word, offset, width), getattr(lifted, "small", NONE))
    if found.word.operation == "ite":
        condition, *choices = found.word.arguments
        then, otherwise = (
            value(lifted, choice, found.offset, width, is_signed) for choice in choices
        )
        return z3.If(lifted.truth(condition), then, otherwise)
    number = lifted.value(_cut_out(found, is_signed), is_signed)
    if found.offset or found.word.operation in ("constant", "initial", "variable"):
        return number
    whole = lifted.value(found.word, is_signed)
    low, high = (
        (-(1 << (width - 1)), 1 << (width - 1)) if is_signed else (0, 1 << width)
    )
    return z3.If(z3.And(low <= whole, whole < high), whole, number)


def _cut_out(field: Field, is_signed: bool) -> Term:
    """Return a field as a word, as contracts read it."""
    word, offset, width = field
    above = BITS - width - offset
    if is_signed:
        raised = build("shl", constant(above), word) if above else word
        return build("sar", constant(BITS - width), raised)
    lowered = build("shr", constant(offset), word) if offset else word
    return build("and", constant((1 << width) - 1), lowered) if above else lowered


class Placed(Integers):
    """`Integers` with each field of a word that was put together read in its part."""

    @property
    def small(self) -> Small:
        """How many bits some words have at most, as the conditions say."""
        return {serial: mask.bit_length() for serial, mask in self._small.items()}

    def _unsigned(self, term: Term) -> Integer:
        if term.operation == "and" and is_constant(term.arguments[0]):
            (mask,), word = term.arguments[0].arguments, term.arguments[1]
            offset = 0
            if word.operation == "shr" and is_constant(word.arguments[0]):
                (offset,), word = word.arguments[0].arguments, word.arguments[1]
            if word.operation == "or" and mask and mask & (mask + 1) == 0:
                field = Field(word, offset, mask.bit_length())
                part = find(field, self.small)
                if part.word is not word and offset + field.width <= BITS:
                    return value(self, *part, is_signed=False)
        return super()._unsigned(term)


_LEAVES = ("initial", "variable", "answer")


class Fields(Linear):
    """
    `Linear` with each field of an unknown word unknown by itself.

    What is true whatever the fields are is true of what they are; a counterexample
    proves nothing. Most words are read by their fields and put together from them.
    """

    def __init__(self, conditions: Conditions):
        self.small: dict[int, int] = {}
        super().__init__(conditions)

    def _learn(self, term: Term, truth: bool) -> None:
        super()._learn(term, truth)
        if term.operation == "shr" and not truth and is_constant(term.arguments[0]):
            self.small[term.arguments[1].serial] = int(term.arguments[0].arguments[0])

    def _signed(self, term: Term) -> Integer:
        if term.operation == "sar" and is_constant(term.arguments[0]):
            by, word = term.arguments[0].arguments[0], term.arguments[1]
            above = 0
            if word.operation == "shl" and is_constant(word.arguments[0]):
                above, word = word.arguments[0].arguments[0], word.arguments[1]
            if 0 < by < BITS and above <= by:
                found = self._field(Field(word, by - above, BITS - by), True)
                if found is not None:
                    return found
        return super()._signed(term)

    def _unsigned(self, term: Term) -> Integer:
        found = None
        if term.operation == "shr" and is_constant(term.arguments[0]):
            by = int(term.arguments[0].arguments[0])
            if 0 < by < BITS:
                found = self._field(Field(term.arguments[1], by, BITS - by), False)
        elif term.operation == "and" and is_constant(term.arguments[0]):
            mask = int(term.arguments[0].arguments[0])
            if mask and mask & (mask + 1) == 0:
                field = Field(term.arguments[1], 0, mask.bit_length())
                found = self._field(field, False)
        return super()._unsigned(term) if found is None else found

    def _field(self, field: Field, is_signed: bool) -> Integer | None:
        word, offset, width = find(field, self.small)
        if word.operation == "ite":
            condition, *choices = word.arguments
            then, otherwise = (
                value(self, choice, offset, width, is_signed) for choice in choices
            )
            return z3.If(self.truth(condition), then, otherwise)
        if width == BITS or word.operation not in _LEAVES:
            return None
        sign = "signed" if is_signed else "unsigned"
        unknown = z3.Int(f"{sign}_{word.serial}_{offset}_{width}")
        top = 1 << (width - 1)
        low, high = (-top, top) if is_signed else (0, 2 * top)
        self.bounds += [low <= unknown, unknown < high]
        return unknown
