"""
A path's conditions and results over unbounded integers.

Every term has an exact meaning here, with the reduction modulo 2**256 written out. What
makes the formulas easy is that a guard passed on the path says that the operation it
guards did not wrap: its result is then the plain sum, difference or product. A guard
only speaks of its operands, which are smaller terms, so the facts of a path may be
used together, in any order.
"""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

import z3

from tests.proofs.lifter import Unsupported, idioms, powers
from tests.proofs.lifter.leaves import Seen, name_of, notice, range_of, symbol
from tests.proofs.lifter.terms import ZERO, Term, build, is_constant
from tests.proofs.lifter.words import BITS, COMPARISONS, MODULUS, SIGN, to_signed

_MAX_EXPONENT = 4
"""The highest power that is written out as a product."""

ALL = MODULUS - 1

Conditions = list[tuple[Term, bool]]
Formula = z3.BoolRef
Integer = z3.ArithRef


class Integers:
    """
    Terms of one path as formulas over integers; ``known`` are in range anyway.

    Where a word is only read rightly if something holds, it is unknown otherwise, and
    the condition is among the ``doubts``: what is proved is true with or without them,
    but a counterexample must meet them to be one.
    """

    def __init__(self, conditions: Conditions, known: Sequence[Term] = ()):
        self.bounds: list[Formula] = []
        self.doubts: list[Formula] = []
        self.joins: list[Formula] = []
        """Those doubts that are about fields put together in a word."""
        self._exact: dict[bool, set[tuple[str, int, int]]] = {False: set(), True: set()}
        self._nonzero: set[int] = set()
        self._small: dict[int, int] = {}
        self._seen: Seen = {}
        self._known: dict[tuple[bool, int], Integer] = {}
        for term, truth in conditions:
            self._learn(term, truth)
        for term in known:
            self.value(term)
        self._conditions = [
            self.truth(term) if truth else z3.Not(self.truth(term))
            for term, truth in conditions
        ]

    @property
    def conditions(self) -> list[z3.BoolRef]:
        """The path's conditions, in its order."""
        return self._conditions

    @property
    def hypotheses(self) -> list[Formula]:
        """The path's conditions, and the ranges of the unknowns met so far."""
        return self._conditions + self.bounds

    def value(self, term: Term, is_signed: bool = False) -> Integer:
        """Return the word as an integer, in two's complement if ``is_signed``."""
        key = (is_signed, term.serial)
        if key not in self._known:
            read = self._signed if is_signed else self._unsigned
            self._known[key] = read(term)
        return self._known[key]

    def truth(self, term: Term) -> Formula:
        """Return the condition that the word is not zero."""
        found = idioms.find(term)
        if found:
            idiom, x, y = found
            fits = self._fits(
                self._exact_value(idiom.operation, x, y, idiom.is_signed),
                idiom.is_signed,
            )
            return fits if idiom.fits else z3.Not(fits)
        name, arguments = term.operation, term.arguments
        if name in ("lt", "slt"):
            x, y = (self.value(a, name == "slt") for a in arguments)
            return x < y
        if name == "eq":
            return self._equal(*arguments)
        if name == "iszero":
            return z3.Not(self.truth(arguments[0]))
        if idioms.are_parts_unequal(term):
            return z3.Not(self.truth(build("eq", *arguments)))
        if name == "or" or (name in ("and", "xor") and term.is_boolean):
            join = {"or": z3.Or, "and": z3.And, "xor": z3.Xor}[name]
            return join(*map(self.truth, arguments))
        return self.value(term) != 0

    # What the conditions say

    def _learn(self, term: Term, truth: bool) -> None:
        found = idioms.find(term)
        if found:
            idiom, x, y = found
            if idiom.fits == truth:
                self._exact[idiom.is_signed].add(idioms.guarded(idiom, x, y))
        elif term.operation == "iszero":
            self._learn(term.arguments[0], not truth)
        elif term.operation == "shr" and not truth and is_constant(term.arguments[0]):
            by, word = term.arguments
            self._small[word.serial] = (1 << by.arguments[0]) - 1
        elif idioms.are_parts_unequal(term):
            self._learn(build("eq", *term.arguments), not truth)
            if truth:
                self._nonzero.add(term.serial)
        elif (
            not truth
            and term.operation == "eq"
            and is_constant(term.arguments[0], SIGN)
        ):
            # All but the least word have an opposite.
            self._exact[True].add(("sub", ZERO.serial, term.arguments[1].serial))
        elif (term.operation, truth) in (("and", True), ("or", False)):
            for part in term.arguments:
                self._learn(part, truth)
        elif truth and term.operation == "lt":
            self._nonzero.add(term.arguments[1].serial)
        elif truth:
            self._nonzero.add(term.serial)

    def _is_exact(self, term: Term, is_signed: bool) -> bool:
        x, y = term.arguments
        first, second = x.serial, y.serial
        if term.operation != "sub" and first > second:
            first, second = second, first
        return (term.operation, first, second) in self._exact[is_signed]

    def _is_positive(self, term: Term) -> bool:
        return term.serial in self._nonzero or (
            is_constant(term) and not is_constant(term, 0)
        )

    # Words as integers

    def _equal(self, x: Term, y: Term) -> Formula:
        for extended, word in ((x, y), (y, x)):
            if extended.operation == "signextend" and extended.arguments[1] is word:
                limit = 1 << (8 * _constant(extended.arguments[0]) + 7)
                value = self.value(word, is_signed=True)
                return z3.And(-limit <= value, value < limit)
        if x.is_boolean and y.is_boolean:
            return self.truth(x) == self.truth(y)
        return self.value(x) == self.value(y)

    def _fits(self, value: Integer, is_signed: bool) -> Formula:
        low, high = (-SIGN, SIGN) if is_signed else (0, MODULUS)
        return z3.And(low <= value, value < high)

    def _exact_value(self, name: str, x: Term, y: Term, is_signed: bool) -> Integer:
        first, second = self.value(x, is_signed), self.value(y, is_signed)
        if name == "add":
            return first + second
        return first - second if name == "sub" else first * second

    def _leaf(self, term: Term) -> Integer:
        notice(self._seen, term)
        name, keys = name_of(term)
        low, high = range_of(term)
        unknown = symbol(name, [self.value(k) for k in keys], z3.IntSort())
        self.bounds += [low <= unknown, unknown <= high]
        return unknown

    def _unsigned(self, term: Term) -> Integer:
        name, arguments = term.operation, term.arguments
        if name == "constant":
            return z3.IntVal(arguments[0])
        if name in ("variable", "answer", "initial"):
            unknown = self._leaf(term)
            return _wrap_below(unknown) if range_of(term)[0] < 0 else unknown
        if name in COMPARISONS or (term.is_boolean and name in ("and", "or", "xor")):
            return z3.If(self.truth(term), z3.IntVal(1), z3.IntVal(0))
        if name == "ite":
            then, otherwise = self.value(arguments[1]), self.value(arguments[2])
            return z3.If(self.truth(arguments[0]), then, otherwise)
        if name in ("add", "sub", "mul"):
            return self._arithmetic(term)
        if name in ("div", "mod"):
            x, y = self.value(arguments[0]), self.value(arguments[1])
            result = x / y if name == "div" else x % y
            if self._is_positive(arguments[1]):
                return result
            return z3.If(y == 0, z3.IntVal(0), result)
        if name in ("sdiv", "smod", "sar", "signextend"):
            return _wrap_below(self.value(term, is_signed=True))
        if name == "not":
            return MODULUS - 1 - self.value(arguments[0])
        return self._bits(name, *arguments)

    def _arithmetic(self, term: Term) -> Integer:
        name, (x, y) = term.operation, term.arguments
        if self._is_exact(term, is_signed=False):
            return self._exact_value(name, x, y, is_signed=False)
        if self._is_exact(term, is_signed=True):
            return _wrap_below(self._exact_value(name, x, y, is_signed=True))
        exact = self._exact_value(name, x, y, is_signed=False)
        if name == "add":
            return z3.If(exact >= MODULUS, exact - MODULUS, exact)
        return _wrap_below(exact) if name == "sub" else exact % MODULUS

    def _bits(self, name: str, x: Term, y: Term) -> Integer:
        """Return shifts, masks and joined fields, and powers of ten."""
        if name in ("shl", "shr"):
            return self._shifted(name, x, y)
        if name == "and":
            return self._masked(x, y)
        if name in ("or", "xor"):
            return self._joined(name, x, y)
        if name == "exp" and is_constant(x, 10):
            exponent = self.value(y)
            power, facts, table = powers.ten_to(exponent)
            self.bounds += facts
            self.doubts.append(table)
            return power
        if name == "exp" and is_constant(y) and 0 < y.arguments[0] <= _MAX_EXPONENT:
            exponent, word = y.arguments[0], self.value(x)
            power = z3.Product(*([word] * exponent))
            fits = z3.Implies(word < 1 << BITS // exponent, power < MODULUS)
            self.bounds.append(fits)
            return power % MODULUS
        raise Unsupported(f"{name}({x!r}, {y!r}) as an integer")

    def _shifted(self, name: str, by: Term, term: Term) -> Integer:
        word = self.value(term)
        if is_constant(by):
            if by.arguments[0] >= BITS:
                return z3.IntVal(0)
            known = 1 << by.arguments[0]
            return word / known if name == "shr" else word * known % MODULUS
        distance, power = self._power(by)
        if name == "shr" and term.operation == "shl" and term.arguments[0] is by:
            whole = self.value(term.arguments[1])
            kept, known = powers.two_to(BITS - distance)
            self.bounds.append(known)
            moved = z3.If(distance == 0, whole, whole % kept)
        elif name == "shr":
            moved = word / power
        elif is_constant(term, 1):
            moved = power
        elif term.operation == "shr" and term.arguments[0] is by:
            whole = self.value(term.arguments[1])
            moved = whole - whole % power
        else:
            room = BITS - powers.highest(term).bit_length()
            fits = z3.Implies(distance <= room, word * power < MODULUS)
            self.bounds.append(fits)
            moved = word * power % MODULUS
        if powers.highest(by) < BITS:
            return moved
        return z3.If(distance < BITS, moved, z3.IntVal(0))

    def _power(self, exponent: Term) -> tuple[Integer, Integer]:
        """Return an unknown exponent and its power of two."""
        value = self.value(exponent)
        power, known = powers.two_to(value, powers.highest(exponent))
        self.bounds.append(known)
        return value, power

    def _masked(self, x: Term, y: Term) -> Integer:
        if is_constant(x):
            word = self.value(y)
            parts = [
                word / (1 << low) % (1 << length) * (1 << low)
                for low, length in powers.runs(x.arguments[0])
            ]
            return z3.Sum(*parts) if len(parts) > 1 else parts[0]
        for mask, term in ((x, y), (y, x)):
            if (count := powers.low_bits(mask)) is not None:
                size, power = self._power(count)
                word = self.value(term)
                return z3.If(size < BITS, word % power, word)
            if (place := powers.single_bit(mask)) is not None:
                return self._bit_at(place, term)
            if mask.operation == "not":
                place = powers.single_bit(mask.arguments[0])
                if place is not None:
                    return self.value(term) - self._bit_at(place, term)
            if powers.is_opposite(term, mask):
                word = self.value(term)
                _, power, known = powers.lowest_bit(word)
                self.bounds.append(known)
                return z3.If(word == 0, z3.IntVal(0), power)
        raise Unsupported(f"and({x!r}, {y!r}) as an integer")

    def _bit_at(self, place: Term, term: Term) -> Integer:
        """Return the word with one bit of ``term``, the others zero."""
        distance, power = self._power(place)
        bit = self.value(term) / power % 2 * power
        if powers.highest(place) < BITS:
            return bit
        return z3.If(distance < BITS, bit, z3.IntVal(0))

    def _joined(self, name: str, x: Term, y: Term) -> Integer:
        """Return fields of one word, if the one is where the other has none."""
        for mask, term in ((x, y), (y, x)):
            place = powers.single_bit(mask)
            if place is not None:
                common = self._bit_at(place, term) * (1 if name == "or" else 2)
                return self.value(term) + self.value(mask) - common
        exact = self.value(x) + self.value(y)
        if powers.possible(x) & powers.possible(y) == 0:
            return exact
        if self._mask(x) & self._mask(y) == 0:
            return exact
        room, field = max(
            powers.room(x, y), powers.room(y, x), key=lambda pair: pair[0]
        )
        fits = self.value(field) < (1 << room)
        self.doubts.append(fits)
        self.joins.append(fits)
        return z3.If(fits, exact, self._unknown(name, x, y))

    def _mask(self, term: Term) -> int:
        """Return the bits that a word may have."""
        if term.serial in self._small:
            return self._small[term.serial]
        name, arguments = term.operation, term.arguments
        if name == "constant":
            return int(arguments[0])
        if name in ("variable", "answer") and arguments[1] >= 0:
            return (1 << arguments[2].bit_length()) - 1
        if name in ("shl", "shr") and is_constant(arguments[0]):
            distance, mask = arguments[0].arguments[0], self._mask(arguments[1])
            return mask >> distance if name == "shr" else mask << distance & ALL
        if name in ("and", "or"):
            masks = map(self._mask, arguments)
            return reduce(and_ if name == "and" else or_, masks)
        return 1 if term.is_boolean else ALL

    def _unknown(self, name: str, x: Term, y: Term) -> Integer:
        unknown = z3.Int(f"{name}_{x.serial}_{y.serial}")
        self.bounds += [unknown >= 0, unknown < MODULUS]
        return unknown

    def _signed(self, term: Term) -> Integer:
        name, arguments = term.operation, term.arguments
        if name == "constant":
            return z3.IntVal(to_signed(arguments[0]))
        if name in ("variable", "answer") and range_of(term)[0] < 0:
            return self._leaf(term)
        if name == "ite":
            then, otherwise = (self.value(a, is_signed=True) for a in arguments[1:])
            return z3.If(self.truth(arguments[0]), then, otherwise)
        if name in ("add", "sub", "mul") and self._is_exact(term, is_signed=True):
            return self._exact_value(name, *arguments, is_signed=True)
        if name in ("sdiv", "smod"):
            return self._signed_division(name, *arguments)
        if name == "sar":
            return self._shifted_down(min(_constant(arguments[0]), BITS - 1), term)
        if name == "signextend":
            limit = 1 << (8 * _constant(arguments[0]) + 7)
            return (self.value(arguments[1]) + limit) % (2 * limit) - limit
        word = self.value(term)
        return z3.If(word >= SIGN, word - MODULUS, word)

    def _shifted_down(self, distance: int, term: Term) -> Integer:
        """Return a signed word shifted down; a field of a word, of its bits."""
        word, left = term.arguments[1], 0
        if word.operation == "shl" and is_constant(word.arguments[0]):
            left, word = word.arguments[0].arguments[0], word.arguments[1]
        plain = word.operation in ("variable", "answer", "initial", "shl")
        if left > distance or (not left and (not plain or _is_signed_leaf(word))):
            return self.value(term.arguments[1], is_signed=True) / (1 << distance)
        size = 1 << (BITS - distance)
        field = self.value(word) / (1 << (distance - left)) % size
        return z3.If(field >= size // 2, field - size, field)

    def _signed_division(self, name: str, x: Term, y: Term) -> Integer:
        """Return the quotient towards zero, or its remainder, of signed words."""
        dividend, divisor = self.value(x, is_signed=True), self.value(y, is_signed=True)
        size, by = _magnitude(dividend), _magnitude(divisor)
        unsigned = size / by
        opposite = (dividend < 0) != (divisor < 0)
        quotient = z3.If(opposite, -unsigned, unsigned)
        if name == "smod":
            rest = z3.If(dividend < 0, -(size % by), size % by)
            return z3.If(divisor == 0, z3.IntVal(0), rest)
        wrapped = z3.If(quotient == SIGN, z3.IntVal(-SIGN), quotient)
        return z3.If(divisor == 0, z3.IntVal(0), wrapped)


def _is_signed_leaf(term: Term) -> bool:
    return term.operation in ("variable", "answer") and range_of(term)[0] < 0


def _wrap_below(value: Integer) -> Integer:
    return z3.If(value < 0, value + MODULUS, value)


def _magnitude(value: Integer) -> Integer:
    return z3.If(value < 0, -value, value)


def _constant(term: Term) -> int:
    if not is_constant(term):
        raise Unsupported(f"a shift by {term!r} as an integer")
    return int(term.arguments[0])
