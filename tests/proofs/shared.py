"""
Functions that are the same unknown in the contract and in the specification.

What two programs return is equal if they put equal numbers into equal functions; what
these compute need not be looked at again. So a call of a function that is itself proved
equal is cut on both sides and answered by one unknown function of integers, of which
only that is known what is said here: sizes, and what follows without a product.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest.mock import patch

import z3

from specs import (
    fixed_point,
    funding,
    grid,
    interest_rate,
    perpetual,
    requirements,
    weights,
)
from specs.requirements import Requirement
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.frame import Path
from tests.proofs.lifter.ranges import Contradiction, Interval, Ranges
from tests.proofs.lifter.reference import Symbolic, formula_of
from tests.proofs.lifter.terms import Term, answer
from tests.proofs.lifter.words import MODULUS, SIGN

Number = z3.ArithRef
Facts = list[z3.BoolRef]


def _no_facts(result: Number, *arguments: Number) -> Facts:
    return []


def as_they_are(*arguments: Any) -> tuple[Any, ...]:
    """Return arguments that the contract and the specification take alike."""
    return arguments


@dataclass(frozen=True)
class Shared:
    """A function of a contract and that of the specification."""

    function: str
    original: Callable[..., Any]
    rests_on: str
    """The proof that they are equal."""
    needs: Callable[..., z3.BoolRef]
    """For which arguments the contract's returns what is specified: no others fit."""
    size: Callable[..., Interval]
    """Between what the result is, given between what the arguments are."""
    facts: Callable[..., Facts] = _no_facts
    law: Callable[["Called", "Called"], z3.BoolRef] | None = None
    """What is true of any two calls."""
    flatten: Callable[..., tuple[Any, ...]] = as_they_are
    """The numbers in the specification's arguments, as the contract takes them."""
    divisor: int | None = None
    """Which argument has to be positive."""
    signed: tuple[int, ...] = ()
    """Which of its arguments are signed."""
    is_signed: bool = False
    """Whether the contract returns a signed number."""
    unknown: str = ""
    """Its name, if another function is the same one of integers."""

    @property
    def name(self) -> str:
        """Return the name of the unknown function."""
        return self.unknown or self.original.__name__

    @property
    def cut(self) -> Cut:
        """Return how the contract's calls are answered."""
        return Cut(self.function, self._answer, (self.rests_on,), is_pure=True)

    def _answer(self, asked: Asked) -> Answer:
        low, high = (-SIGN, SIGN - 1) if self.is_signed else (0, MODULUS - 1)
        result = answer(f"cut {self.function}", low, high, *asked.arguments)

        def need(lifted: Any) -> z3.BoolRef:
            return self.needs(*self.read(lifted, asked.arguments))

        return Answer([result], needs=[need])

    def read(self, lifted: Any, arguments: Sequence[Term]) -> list[Number]:
        """Return the numbers of the contract's arguments."""
        return [
            lifted.value(word, is_signed=index in self.signed)
            for index, word in enumerate(arguments)
        ]


class Called(NamedTuple):
    """A call, of integers."""

    shared: Shared
    result: Number
    arguments: list[Number]
    word: Number | None = None
    """What the contract has for the result."""


def call(shared: Shared, arguments: Sequence[Number]) -> Called:
    """Return the unknown function's call with those arguments."""
    sorts = [z3.IntSort()] * (len(arguments) + 1)
    unknown = z3.Function(shared.name, *sorts)
    return Called(shared, unknown(*arguments), list(arguments))


def calls_on(trace: Path, lifted: Any, shared: Sequence[Shared]) -> list[Called]:
    """Return the contract's calls on a path, and let ``lifted`` know of them."""
    by_name = {each.function: each for each in shared}
    calls = []
    for cut in trace.cuttings:
        if cut.function in by_name:
            each = by_name[cut.function]
            called = call(each, each.read(lifted, cut.arguments))
            result = lifted.value(cut.results[0], is_signed=each.is_signed)
            lifted.bounds += [result == called.result, *facts_of(called, calls)]
            calls.append(called._replace(word=result))
    return calls


def facts_of(called: Called, before: Sequence[Called]) -> Facts:
    """Return what is known of a call, and of it and others, but for sizes."""
    shared, result, arguments, _ = called
    found = shared.facts(result, *arguments)
    if shared.law is not None:
        for other in before:
            if other.shared is shared:
                found += [shared.law(other, called), shared.law(called, other)]
    return found


def sizes_of(given: Sequence[z3.BoolRef], calls: Sequence[Called]) -> Facts:
    """Return how large the results of calls are, as sizes of their arguments show."""
    found: Facts = []
    try:
        ranges = Ranges(map(z3.simplify, given))
        for shared, result, arguments, word in calls:
            known = [ranges.of(z3.simplify(part)) for part in arguments]
            low, high = shared.size(*known)
            for each in (result, result if word is None else word):
                fact = z3.simplify(z3.And(each >= low, each <= high))
                found.append(fact)
                ranges.assume(fact)
    except Contradiction:
        return [z3.BoolVal(False)]
    return found


@contextmanager
def unknown(shared: Sequence[Shared]) -> Iterator[None]:
    """Let the specification call unknown functions, noted on its run."""
    modules = [m for name, m in sys.modules.items() if name.startswith("specs.")]
    with ExitStack() as stack:
        for each in shared:
            for module in modules:
                for name, value in list(vars(module).items()):
                    if value is each.original:
                        stack.enter_context(patch.object(module, name, asking(each)))
        yield


def asking(shared: Shared) -> Callable[..., Any]:
    """Return the function that the specification calls in its place."""

    def ask(*arguments: Any) -> Any:
        numbers = shared.flatten(*arguments)
        if not any(isinstance(number, Symbolic) for number in numbers):
            return shared.original(*arguments)
        if shared.divisor is not None and numbers[shared.divisor] <= 0:
            raise ZeroDivisionError
        called = call(shared, [formula_of(number) for number in numbers])
        run = Symbolic.run
        run.conditions += facts_of(called, run.calls)
        run.calls.append(called)
        return Symbolic(called.result)

    return ask


# Products and quotients


def _nothing_of_nothing(result: Number, x: Number, y: Number, d: Number) -> Facts:
    facts = [d > 0, z3.Implies(z3.Or(x == 0, y == 0), result == 0)]
    facts += [z3.Implies(z3.And(y >= 0, x >= 0), result >= 0)]
    facts += [z3.Implies(z3.And(y >= 0, x <= 0), result <= 0)]
    if all(map(z3.is_int_value, (x, y, d))):
        exact = x.as_long() * y.as_long()
        by = d.as_long()
        is_up = result.decl().name() == "up"
        facts.append(result == (-(-exact // by) if is_up else exact // by))
    return facts


def _quotient(x: Interval, y: Interval, d: Interval) -> Interval:
    products = [a * b for a in x for b in y]
    low, high = min(products), max(products)
    least, most = max(d[0], 1), max(d[1], 1)
    return (
        low // (least if low < 0 else most),
        -(-high // (least if high > 0 else most)),
    )


def _fits(x: Number, y: Number, d: Number) -> z3.BoolRef:
    return z3.And(d > 0, x * y + d - 1 < MODULUS, x >= 0)


def _fits_signed(x: Number, y: Number, d: Number) -> z3.BoolRef:
    size = z3.If(x < 0, -x, x)
    return z3.And(d > 0, x > -SIGN, size * y + d - 1 < SIGN)


def _division(name: str, is_up: bool, is_signed: bool) -> Shared:
    return Shared(
        f"fixed_point._{name}",
        getattr(fixed_point, name),
        f"bytecode.fixed_point.{name}",
        _fits_signed if is_signed else _fits,
        _quotient,
        _nothing_of_nothing,
        divisor=2,
        signed=(0,) if is_signed else (),
        is_signed=is_signed,
        unknown="up" if is_up else "down",
    )


DOWN = _division("mul_div_down", is_up=False, is_signed=False)
UP = _division("mul_div_up", is_up=True, is_signed=False)
SIGNED_DOWN = _division("signed_mul_div_down", is_up=False, is_signed=True)
SIGNED_UP = _division("signed_mul_div_up", is_up=True, is_signed=True)
DIVISIONS = (DOWN, UP, SIGNED_DOWN, SIGNED_UP)
"""
Signed or not, a quotient is one of two functions of integers: the specification has
those without a sign for numbers below zero too.
"""


def _falls(one: Called, other: Called) -> z3.BoolRef:
    (a,), (b,) = one.arguments, other.arguments
    return z3.Implies(a <= b, one.result >= other.result)


def _weight(index: Interval) -> Interval:
    whole = weights.WEIGHT_ONE * fixed_point.RAY
    return whole // max(index[1], 1), whole // max(index[0], 1)


WEIGHT = Shared(
    "weights._compute_weight",
    weights.compute_weight,
    "bytecode.weights.compute_weight",
    lambda index: index >= 1,
    _weight,
    lambda result, index: [result >= 0, index >= 1],
    _falls,
    divisor=0,
)


def _cost(lots: Interval, lot: Interval, price: Interval, index: Interval) -> Interval:
    distance = price[0] - index[1], price[1] - index[0]
    sizes = [a * b * c for a in lots for b in lot for c in distance]
    return min(sizes) // fixed_point.WAD, -(-max(sizes) // fixed_point.WAD)


COST = Shared(
    "perpetual._compute_cost",
    perpetual.compute_cost,
    "bytecode.perpetual.compute_cost",
    # Not said: for proofs that leave refusals alone.
    lambda lots, lot, price, index: z3.BoolVal(False),
    _cost,
    lambda result, lots, lot, price, index: [z3.Implies(lots == 0, result == 0)],
    signed=(0, 3),
    is_signed=True,
)


def _rate(*arguments: Interval) -> Interval:
    return 0, MODULUS - 1


RATE = Shared(
    "interest_rate._compute_rate",
    interest_rate.compute_rate,
    "bytecode.interest_rate.compute_rate",
    lambda *arguments: z3.BoolVal(False),
    _rate,
    flatten=lambda curve, utilisation: (
        curve.base,
        curve.slope_low,
        curve.slope_high,
        curve.optimal,
        utilisation,
    ),
)

UTILISATION = Shared(
    "interest_rate._compute_utilisation",
    interest_rate.compute_utilisation,
    "bytecode.interest_rate.compute_utilisation",
    lambda cash, lends: z3.BoolVal(False),
    lambda cash, lends: (0, fixed_point.WAD),
)


# Margin, funding and ticks


def _margin(base: Interval, factor: Interval, notional: Interval) -> Interval:
    def bind(*amounts: int) -> int:
        first, second, size = (max(amount, 0) for amount in amounts)
        leg = Requirement(first, 0, second, 0)
        return requirements.compute_initial_margin(leg, size)

    low, high = zip(base, factor, notional, strict=True)
    return bind(*low), bind(*high)


def _is_leg(base: Number, factor: Number, notional: Number) -> z3.BoolRef:
    parts = (base, 2**24), (factor, 2**40), (notional, 2**128)
    return z3.And(*(z3.And(part >= 0, part <= most) for part, most in parts))


def _margin_of(name: str, original: Callable[..., Any]) -> Shared:
    return Shared(
        "requirements._compute_margin",
        original,
        "bytecode.requirements.compute_margin",
        _is_leg,
        _margin,
        lambda result, base, factor, notional: [
            result >= 0,
            z3.Implies(notional == 0, result == 0),
        ],
        flatten=lambda requirement, notional: (
            getattr(requirement, f"base_{name}"),
            getattr(requirement, f"{name}_factor"),
            notional,
        ),
        unknown="margin",
    )


INITIAL = _margin_of("imf", requirements.compute_initial_margin)
MAINTENANCE = _margin_of("mmf", requirements.compute_maintenance_margin)
"""One function of the contract, for two fields of a requirement each."""

FUNDING_RATE = Shared(
    "funding._compute_rate",
    funding.compute_rate,
    "bytecode.funding.compute_rate",
    lambda premium, interval: z3.And(
        premium >= -(2**128), premium <= 2**128, interval >= 0, interval <= 2**32
    ),
    lambda premium, interval: (-funding.RATE_CAP, funding.RATE_CAP),
    signed=(0,),
    is_signed=True,
)


def _tick(name: str, original: Callable[..., Any]) -> Shared:
    return Shared(
        f"grid._{name}",
        original,
        f"bytecode.grid.{name}",
        lambda price: z3.BoolVal(True),
        lambda price: (0, grid.MAX_TICK),
        lambda tick, price: [z3.Implies(price <= 0, tick == 0)],
    )


TICK_UP = _tick("up", grid.tick_up)
TICK_DOWN = _tick("down", grid.tick_down)
