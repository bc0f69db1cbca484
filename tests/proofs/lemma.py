"""
Lemmas: laws whose integers are too entangled for CrossHair.

The function of the specification is run on symbolic integers, as in layer 2, but each
quotient is an unknown ``q`` of which only ``q * d <= n < (q + 1) * d`` is told. A proof
is a list of inequalities, each of which has to follow from what is known before it by
linear reasoning alone, every product of unknowns being one more unknown. What is not
linear is said: multiply this fact by that factor, or divide by it. So no answer hangs
on a solver's luck with products, and every lemma takes a second.

A fault is refuted by an input: of a few hundred, chosen alike each time, one for which
the specification, run on plain integers, breaks the claim.
"""

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import z3

from tests.proofs.gate import load
from tests.proofs.lifter.reference import Outcome, formula_of, outcomes, symbols
from tests.proofs.proof import Mutant, Refuted, Undecided

TRIALS = 600
PATIENCE = 20_000
"""Milliseconds for one inequality."""


class Fact(NamedTuple):
    """That one integer is at most another."""

    least: Any
    most: Any


class Times:
    """A fact, and factors, none of them negative, to multiply it by."""

    def __init__(self, fact: Fact, *factors: Any):
        self.fact, self.factors = fact, factors


class Argument:
    """What is known on one path, and what has been shown from it."""

    def __init__(self, way: Outcome):
        self._way, self._used = way, 0
        self._solver = z3.SimpleSolver()
        self._solver.set("timeout", PATIENCE)
        self._solver.add(*map(linear, way.conditions))

    def is_possible(self) -> bool:
        """Tell whether the path is not known to be impossible."""
        self._learn_quotients()
        return self._solver.check() != z3.unsat

    def show(
        self, least: Any, most: Any, *hints: Times, claim: str = "", over: Any = None
    ) -> Fact:
        """
        Show that one integer is at most another and know it from then on.

        The hints are products to use; ``over`` is a positive factor by which both
        sides may be multiplied instead.
        """
        self._learn_quotients()
        self._solver.push()
        for hint in hints:
            low, high = hint.fact
            self._require(low, high, f"{claim} a fact to multiply")
            for at, factor in enumerate(hint.factors):
                self._require(0, factor, f"{claim} factor {at}")
                low, high = low * factor, high * factor
            self._solver.add(linear(_at_most(low, high)))
        if over is None:
            self._require(least, most, claim)
        else:
            self._require(1, over, f"{claim} the divisor")
            # Integers: were it false, it would be so by the whole of the factor.
            self._require(least * over, most * over + over - 1, claim)
        self._solver.pop()
        self._solver.add(linear(_at_most(least, most)))
        return Fact(least, most)

    def supposes(self, least: Any, most: Any) -> bool:
        """Go on only for those outcomes of which this is true."""
        self._solver.add(linear(_at_most(least, most)))
        return True

    def _learn_quotients(self) -> None:
        facts = self._way.run.facts
        self._solver.add(*map(linear, facts[self._used :]))
        self._used = len(facts)

    def _require(self, least: Any, most: Any, claim: str) -> None:
        self._solver.push()
        self._solver.add(linear(_at_most(least, most), is_true=False))
        answer = self._solver.check()
        self._solver.pop()
        if answer != z3.unsat:
            line = sys._getframe(2).f_lineno
            raise Undecided(f"line {line} of the argument does not follow: {claim}")


class Trial(Argument):
    """The same on plain integers, where only what is claimed is looked at."""

    def __init__(self, said: str):
        self._said = said

    def show(
        self, least: Any, most: Any, *hints: Times, claim: str = "", over: Any = None
    ) -> Fact:
        """Raise if a claim is false."""
        if claim and least > most:
            raise Refuted(f"{claim}: false for {self._said}")
        return Fact(least, most)

    def supposes(self, least: Any, most: Any) -> bool:
        """Tell whether this outcome is one of those."""
        return bool(least <= most)


class Quotients:
    """Unknowns for the quotients of a path, the same one for equal operands."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], z3.ArithRef] = {}

    def divide(
        self, dividend: z3.ArithRef, divisor: z3.ArithRef
    ) -> tuple[z3.ArithRef, list[z3.BoolRef]]:
        """Name a quotient, and say what is known of it if the divisor is positive."""
        n, d = (z3.simplify(part, som=True) for part in (dividend, divisor))
        if z3.is_int_value(n) and z3.is_int_value(d):
            return z3.IntVal(n.as_long() // d.as_long()), []
        key = n.sexpr(), d.sexpr()
        q = self._names.setdefault(key, z3.Int(f"quotient_{len(self._names)}"))
        return q, [q * d <= n, n < q * d + d, z3.Implies(n >= 0, q >= 0)]


@dataclass(frozen=True)
class Lemma:
    """What a function of the specification keeps, for all integers that are given."""

    module: str
    function: str
    statement: str
    names: tuple[str, ...]
    given: Callable[..., list[Fact]]
    """What is known of the integers."""
    run: Callable[..., Any]
    """Calls the specification, whose module comes first."""
    argue: Callable[..., None]
    """Shows the claim: given an `Argument`, what was returned, and the integers."""
    sample: Callable[[random.Random], tuple[int, ...]]
    mutants: tuple[Mutant, ...]
    serves: tuple[str, ...]
    """The invariants that it is a part of."""
    layer: int = 1
    tool: str = "z3"

    @property
    def identity(self) -> str:
        """Return the lemma's name with that of its mechanism."""
        return f"{self.module.rpartition('.')[2]}.{self.function}"

    def check(self, root: Any) -> str:
        """Return an input that meets the claim, if it is shown for all."""
        module = load(self.module, root)
        witness = ""
        for numbers in self._trials():
            said = ", ".join(
                f"{name} = {number}"
                for name, number in zip(self.names, numbers, strict=True)
            )
            self.argue(Trial(said), self.run(module, *numbers), *numbers)
            witness = witness or said
        self._prove(module)
        return witness

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return the input that was found."""
        return found

    def _trials(self) -> Iterator[tuple[int, ...]]:
        source = random.Random(self.function)
        for _ in range(TRIALS):
            numbers = self.sample(source)
            if all(least <= most for least, most in self.given(*numbers)):
                yield numbers

    def _prove(self, module: ModuleType) -> None:
        numbers = symbols(*self.names)
        known = [_at_most(*fact) for fact in self.given(*numbers)]
        ways = outcomes(
            lambda *given: _tried(self.run, module, *given),
            *numbers,
            known=known,
            divide=Quotients().divide,
        )
        for way in ways:
            argument = Argument(way)
            if not argument.is_possible():
                continue
            if isinstance(way.value, ZeroDivisionError):
                raise Undecided("a divisor may not be positive")
            way.resume(partial(self.argue, argument, way.value, *numbers))


def _tried(run: Callable[..., Any], module: ModuleType, *numbers: Any) -> Any:
    try:
        return run(module, *numbers)
    except ZeroDivisionError as failure:
        return failure


def _at_most(least: Any, most: Any) -> z3.BoolRef:
    return formula_of(least) <= formula_of(most)


_COMPARISONS = {
    z3.Z3_OP_LE: lambda x, y: x - y,
    z3.Z3_OP_LT: lambda x, y: x - y + 1,
    z3.Z3_OP_GE: lambda x, y: y - x,
    z3.Z3_OP_GT: lambda x, y: y - x + 1,
}
"""What is at most 0 if the comparison of two integers is true."""


def linear(formula: z3.BoolRef, is_true: bool = True) -> z3.BoolRef:
    """
    Return a formula, or its opposite, with a name for each product in it.

    Unknowns and products may even be fractions, which is decided faster; what is less
    than another is so by one, before that is forgotten.
    """
    kind, parts = formula.decl().kind(), formula.children()
    if kind == z3.Z3_OP_NOT:
        return linear(parts[0], not is_true)
    if kind == z3.Z3_OP_IMPLIES:
        first, second = linear(parts[0], not is_true), linear(parts[1], is_true)
        return z3.Or(first, second) if is_true else z3.And(first, second)
    if kind == z3.Z3_OP_EQ:
        x, y = parts
        if is_true:
            return z3.And(linear(x <= y), linear(y <= x))
        return z3.Or(linear(x < y), linear(y < x))
    if kind == z3.Z3_OP_DISTINCT and len(parts) == 2:
        return linear(parts[0] == parts[1], not is_true)
    if kind not in _COMPARISONS:
        raise Undecided(f"{formula} is not a comparison")
    excess = _COMPARISONS[kind](*parts)
    if not is_true:
        excess = 1 - excess
    return _named(z3.simplify(excess, som=True)) <= 0


def _named(polynomial: z3.ArithRef) -> z3.ArithRef:
    """Return a sum of monomials with a name for each of them."""
    if z3.is_add(polynomial):
        return z3.Sum([_named(part) for part in polynomial.children()])
    scale, factors = 1, []
    for factor in _factors(polynomial):
        if z3.is_int_value(factor):
            scale *= factor.as_long()
        else:
            factors.append(factor.sexpr())
    if not factors:
        return z3.RealVal(scale)
    return scale * z3.Real(" ".join(sorted(factors)))


def _factors(product: z3.ArithRef) -> Iterator[z3.ArithRef]:
    if z3.is_mul(product):
        for part in product.children():
            yield from _factors(part)
    else:
        yield product
