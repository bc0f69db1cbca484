"""
A path over integers, with the products and quotients of unknowns unknown themselves.

What is true whatever these are is true of what they are. Sums and differences of
balances seldom depend on them, and without them every question is decided at once.
"""

import z3

from tests.proofs.lifter.integers import Integer, Integers
from tests.proofs.lifter.terms import Term, is_constant
from tests.proofs.lifter.words import MODULUS


class Linear(Integers):
    """`Integers` for claims that are linear; a counterexample of it proves nothing."""

    def _exact_value(self, name: str, x: Term, y: Term, is_signed: bool) -> Integer:
        if name != "mul" or is_constant(x) or is_constant(y):
            return super()._exact_value(name, x, y, is_signed)
        first, second = sorted((x.serial, y.serial))
        product = z3.Int(f"product_{first}_{second}_{int(is_signed)}")
        if not is_signed:
            self.bounds.append(product >= 0)
        return product

    def _unsigned(self, term: Term) -> Integer:
        if term.operation not in ("div", "mod") or is_constant(term.arguments[1]):
            return super()._unsigned(term)
        result = z3.Int(f"{term.operation}_{term.serial}")
        self.bounds += [result >= 0, result <= self.value(term.arguments[0])]
        return result

    def _signed(self, term: Term) -> Integer:
        if term.operation not in ("sdiv", "smod") or is_constant(term.arguments[1]):
            return super()._signed(term)
        result = z3.Int(f"{term.operation}_{term.serial}")
        self.bounds += [result >= -MODULUS // 2, result < MODULUS // 2]
        return result
