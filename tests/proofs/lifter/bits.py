"""
A path's conditions and results over 256-bit words.

The opposite of `integers`: exact by construction, good at masks, shifts and equality,
hopeless at products and quotients, which are therefore refused.
"""

import z3

from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.leaves import Seen, name_of, notice, range_of, symbol
from tests.proofs.lifter.terms import Term
from tests.proofs.lifter.words import BITS

Conditions = list[tuple[Term, bool]]

_WORD = z3.BitVecSort(BITS)
_PLAIN = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y,
    "not": lambda x: ~x,
    "shl": lambda k, x: x << k,
    "shr": lambda k, x: z3.LShR(x, k),
    "sar": lambda k, x: x >> k,
}
_TESTS = {
    "lt": z3.ULT,
    "slt": lambda x, y: x < y,
    "eq": lambda x, y: x == y,
    "iszero": lambda x: x == 0,
}


class Bits:
    """Terms of one path as formulas over bit vectors."""

    def __init__(self, conditions: Conditions):
        self.bounds: list[z3.BoolRef] = []
        self.doubts: list[z3.BoolRef] = []
        self._known: dict[int, z3.BitVecRef] = {}
        self._seen: Seen = {}
        self._conditions = [
            self.truth(term) if truth else z3.Not(self.truth(term))
            for term, truth in conditions
        ]

    @property
    def conditions(self) -> list[z3.BoolRef]:
        """The path's conditions, in its order."""
        return self._conditions

    @property
    def hypotheses(self) -> list[z3.BoolRef]:
        """The path's conditions, and the ranges of the unknowns met so far."""
        return self._conditions + self.bounds

    def value(self, term: Term) -> z3.BitVecRef:
        """Return the word."""
        if term.serial not in self._known:
            self._known[term.serial] = self._word(term)
        return self._known[term.serial]

    def truth(self, term: Term) -> z3.BoolRef:
        """Return the condition that the word is not zero."""
        if term.operation in _TESTS:
            return _TESTS[term.operation](*map(self.value, term.arguments))
        return self.value(term) != 0

    def _word(self, term: Term) -> z3.BitVecRef:
        name, arguments = term.operation, term.arguments
        if name == "constant":
            return z3.BitVecVal(arguments[0], BITS)
        if name in ("variable", "answer", "initial"):
            return self._leaf(term)
        if name in _TESTS:
            one, zero = z3.BitVecVal(1, BITS), z3.BitVecVal(0, BITS)
            return z3.If(self.truth(term), one, zero)
        if name == "ite":
            return z3.If(self.truth(arguments[0]), *map(self.value, arguments[1:]))
        if name in _PLAIN:
            return _PLAIN[name](*map(self.value, arguments))
        raise Unsupported(f"{name} as bits")

    def _leaf(self, term: Term) -> z3.BitVecRef:
        notice(self._seen, term)
        name, keys = name_of(term)
        low, high = range_of(term)
        unknown = symbol(name, [self.value(k) for k in keys], _WORD)
        if low < 0:
            self.bounds += [low <= unknown, unknown <= high]
        elif high < 2**BITS - 1:
            self.bounds.append(z3.ULE(unknown, high))
        return unknown
