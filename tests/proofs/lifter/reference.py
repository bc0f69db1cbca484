"""
Run a function of the specification on symbolic integers.

The very function that the other tests call. A comparison forks by replay: the function
runs again from its start for every combination of answers. A divisor that may not
be positive forks too, and then raises `ZeroDivisionError`: below zero as well, where
Python would divide but no contract does.
"""

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar, NamedTuple

import z3

from tests.proofs.lifter import Unsupported, powers
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.lifter.said import Known
from tests.proofs.lifter.words import BITS

_LIMIT = 1_000


Divide = Callable[[z3.ArithRef, z3.ArithRef], tuple[z3.ArithRef, list[z3.BoolRef]]]
"""A quotient, rounded down, by a divisor that is positive; and what is known of it."""


class Outcome(NamedTuple):
    """One way through the function: when, and what then."""

    conditions: list[z3.BoolRef]
    value: Any
    run: "_Run"

    def resume(self, work: Callable[[], None]) -> None:
        """Do more with the numbers, as far as that leaves no choice open."""
        Symbolic.run = self.run
        asked = len(self.conditions)
        work()
        if len(self.conditions) != asked:
            raise Unsupported("a comparison that the conditions leave open")


class Symbolic:
    """An integer of which only its formula is known."""

    __slots__ = ("formula",)
    __hash__ = None  # type: ignore[assignment]
    run: ClassVar["_Run"]

    def __init__(self, formula: z3.ArithRef):
        self.formula = formula

    def __add__(self, other):
        if isinstance(other, Ratio):
            return NotImplemented
        return Symbolic(self.formula + formula_of(other))

    def __radd__(self, other):
        return Symbolic(formula_of(other) + self.formula)

    def __sub__(self, other):
        if isinstance(other, Ratio):
            return NotImplemented
        return Symbolic(self.formula - formula_of(other))

    def __rsub__(self, other):
        return Symbolic(formula_of(other) - self.formula)

    def __mul__(self, other):
        if isinstance(other, Ratio):
            return NotImplemented
        return Symbolic(self.formula * formula_of(other))

    def __rmul__(self, other):
        return Symbolic(formula_of(other) * self.formula)

    def __pow__(self, exponent: int):
        return prod([self] * exponent)

    def __neg__(self):
        return Symbolic(-self.formula)

    def __abs__(self):
        return -self if self < 0 else self

    def __floordiv__(self, other):
        return _quotient(self, other)

    def __rfloordiv__(self, other):
        return _quotient(other, self)

    def __mod__(self, other):
        if Symbolic.run.divide is divide:
            return Symbolic(self.formula % _positive(other))
        return self - self // other * other

    def __lshift__(self, distance):
        return self * _power(distance)

    def __rlshift__(self, other):
        return other * _power(self)

    def __rshift__(self, distance):
        return Symbolic(self.formula / formula_of(_power(distance)))

    def __divmod__(self, other):
        return self // other, self % other

    def __rpow__(self, base):
        if base != 10:
            raise Unsupported(f"{base} to an unknown power")
        power, facts, _ = powers.ten_to(self.formula)
        Symbolic.run.facts += facts
        return Symbolic(power)

    def __and__(self, mask: int):
        parts = [
            (self >> low) % (1 << length) << low for low, length in powers.runs(mask)
        ]
        return sum(parts)

    def bit_length(self):
        """Return how many bits the number takes, which must fit a word."""
        length, known = powers.bit_length(self.formula)
        Symbolic.run.conditions.append(known)
        return Symbolic(length)

    def __lt__(self, other):
        return Symbolic.run.decide(self.formula < formula_of(other))

    def __le__(self, other):
        return Symbolic.run.decide(self.formula <= formula_of(other))

    def __gt__(self, other):
        return Symbolic.run.decide(self.formula > formula_of(other))

    def __ge__(self, other):
        return Symbolic.run.decide(self.formula >= formula_of(other))

    def __eq__(self, other):
        return Symbolic.run.decide(self.formula == formula_of(other))

    def __ne__(self, other):
        return Symbolic.run.decide(self.formula != formula_of(other))

    def __bool__(self):
        return self != 0


def symbols(*names: str) -> list[Symbolic]:
    """Return unknown integers of those names."""
    return [Symbolic(z3.Int(name)) for name in names]


def formula_of(number: Any) -> z3.ArithRef:
    """Return the formula of a symbolic or a plain integer."""
    return number.formula if isinstance(number, Symbolic) else z3.IntVal(int(number))


def within(*ranges: tuple[Any, int, int]) -> bool:
    """Tell whether each number is in its range, in one question instead of many."""
    parts = [
        z3.And(low <= formula_of(number), formula_of(number) <= high)
        for number, low, high in ranges
    ]
    return Symbolic.run.decide(z3.And(*parts))


def _power(exponent: Any) -> Any:
    """Return two to that power, which must be from 0 to below the bits of a word."""
    if not isinstance(exponent, Symbolic):
        return 1 << exponent
    value = exponent.formula
    if Symbolic.run.is_possible(z3.Or(value < 0, value >= BITS)):
        raise Unsupported("a power of two that may be no word")
    power, known = powers.two_to(value)
    Symbolic.run.conditions.append(known)
    return Symbolic(power)


def _positive(divisor: Any) -> z3.ArithRef:
    if divisor <= 0:
        raise ZeroDivisionError
    return formula_of(divisor)


def _quotient(dividend: Any, divisor: Any) -> Symbolic:
    positive = _positive(divisor)
    quotient, facts = Symbolic.run.divide(formula_of(dividend), positive)
    Symbolic.run.facts += facts
    return Symbolic(quotient)


def divide(dividend: z3.ArithRef, divisor: z3.ArithRef) -> tuple[z3.ArithRef, list]:
    """Return the quotient that the solver knows by itself."""
    return dividend / divisor, []


Said = tuple[bool, bool]
"""An answer, and whether the other one is possible and not tried yet."""


class _Run:
    """The answers given to comparisons in one run."""

    def __init__(
        self,
        answers: list[Said],
        known: list[z3.BoolRef],
        divide: Divide,
    ):
        self.answers, self.asked = answers, 0
        self.conditions = list(known)
        self.divide = divide
        self.facts: list[z3.BoolRef] = []
        self.calls: list[Any] = []
        """The calls of functions that are unknown."""
        self._given = len(known)
        self._known = z3.And(*{each.get_id(): each for each in known}.values())
        """What was known before, each fact once: to hand it over takes time."""
        self._said = Known()
        self._read = 0
        """How many of the conditions were noted."""

    def decide(self, question: z3.BoolRef) -> bool:
        simple = z3.simplify(question)
        if z3.is_true(simple) or z3.is_false(simple):
            return z3.is_true(simple)
        for condition in self.conditions[self._read :]:
            self._said.note(condition)
        self._read = len(self.conditions)
        said = self._said.answer(question)
        if said is not None:
            return said
        if self.asked == len(self.answers):
            answer = self.is_possible(question)
            is_open = answer and self.is_possible(z3.Not(question))
            self.answers.append((answer, is_open))
        answer, _ = self.answers[self.asked]
        self.asked += 1
        self.conditions.append(question if answer else z3.Not(question))
        return answer

    def is_possible(self, question: z3.BoolRef) -> bool:
        """Tell whether what is known leaves room for it, as far as is seen at once."""
        solver = z3.Solver()
        solver.set("timeout", 200)
        solver.add(self._known, *self.conditions[self._given :], *self.facts, question)
        return solver.check() != z3.unsat


def outcomes(
    function: Callable[..., Any],
    *numbers: Any,
    known: list[z3.BoolRef],
    divide: Divide = divide,
) -> list[Outcome]:
    """Return every way through ``function`` that ``known`` allows."""
    found: list[Outcome] = []
    answers: list[Said] = []
    while len(found) < _LIMIT:
        run = Symbolic.run = _Run(answers, known, divide)
        value = function(*numbers)
        found.append(Outcome(run.conditions, value, run))
        answers = _next(answers[: run.asked])
        if not answers:
            return found
    raise Unsupported(f"more than {_LIMIT} ways through the specification")


def _next(answers: list[Said]) -> list[Said]:
    """Return the answers to try next: the last yes that may be a no becomes one."""
    while answers and not answers[-1][1]:
        answers = answers[:-1]
    return [*answers[:-1], (False, False)] if answers else []
