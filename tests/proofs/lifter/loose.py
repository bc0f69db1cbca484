"""
A path over 256-bit words of which products and quotients are words like any other.

What is true whatever these are is true of what they are: masks, shifts and who calls
seldom depend on them. `Words` has them as they are, for a counterexample.
"""

import z3

from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.bits import Bits
from tests.proofs.lifter.terms import Term, is_constant
from tests.proofs.lifter.words import BITS

_HARD = ("mul", "div", "mod", "sdiv", "smod", "exp", "signextend")


class Loose(Bits):
    """`Bits` for claims about masks; a counterexample of it proves nothing."""

    def _word(self, term: Term) -> z3.BitVecRef:
        if term.operation in _HARD:
            unknown = z3.BitVec(f"{term.operation}_{term.serial}", BITS)
            if term.operation == "div" and is_constant(term.arguments[1]):
                # A quotient is at most one by a power of two that is no larger.
                power = max(term.arguments[1].arguments[0].bit_length() - 1, 0)
                dividend = self.value(term.arguments[0])
                self.bounds.append(z3.ULE(unknown, z3.LShR(dividend, power)))
            return unknown
        return super()._word(term)


class Words(Bits):
    """`Bits` with products and quotients, which is slow, for counterexamples."""

    def _word(self, term: Term) -> z3.BitVecRef:
        name, arguments = term.operation, term.arguments
        if name not in _HARD:
            return super()._word(term)
        if name in ("exp", "signextend"):
            raise Unsupported(f"{name} as bits")
        x, y = map(self.value, arguments)
        if name == "mul":
            return x * y
        quotient = {
            "div": z3.UDiv,
            "mod": z3.URem,
            "sdiv": lambda a, b: a / b,
            "smod": z3.SRem,
        }[name](x, y)
        return z3.If(y == 0, z3.BitVecVal(0, BITS), quotient)
