"""What a lemma's argument may not do: believe what does not follow."""

from fractions import Fraction
from math import ceil, floor

import pytest
import z3

from tests.proofs.lemma import Argument, Fact, Quotients, Times, linear
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.lifter.reference import formula_of, outcomes, symbols
from tests.proofs.proof import Undecided


@pytest.fixture
def argument():
    x, y = symbols("x", "y")
    known = [formula_of(x) >= 0, formula_of(y) >= 1]
    (way, *_) = outcomes(
        lambda x, y: x // y, x, y, known=known, divide=Quotients().divide
    )
    return Argument(way), x, y, way.value


def test_a_quotient_is_rounded_down(argument):
    shown, x, y, quotient = argument
    shown.show(quotient * y, x)
    shown.show(x + 1, quotient * y + y)
    with pytest.raises(Undecided):
        shown.show(x, quotient * y)


def test_a_product_needs_its_hint(argument):
    shown, x, y, _ = argument
    with pytest.raises(Undecided):
        shown.show(x, x * y)
    shown.show(x, x * y, Times(Fact(1, y), x))


def test_a_factor_may_not_be_negative(argument):
    shown, x, y, _ = argument
    with pytest.raises(Undecided):
        shown.show(-x * y, -x, Times(Fact(1, y), -x))


def test_a_fact_to_multiply_has_to_be_known(argument):
    shown, x, y, _ = argument
    with pytest.raises(Undecided):
        shown.show(2 * x, x * y, Times(Fact(2, y), x))


def test_a_divisor_has_to_be_positive(argument):
    shown, x, _, _ = argument
    with pytest.raises(Undecided):
        shown.show(1, 0, over=x - x)


def test_what_failed_is_not_known_afterwards(argument):
    shown, x, y, _ = argument
    with pytest.raises(Undecided):
        shown.show(y, x)
    with pytest.raises(Undecided):
        shown.show(1, x)


def test_a_remainder_is_below_its_divisor(argument):
    shown, x, _, _ = argument
    shown.show(x % 7, 6)
    shown.show(0, x % 7)
    with pytest.raises(Undecided):
        shown.show(x % 7, 5)


@pytest.mark.parametrize("is_equal", [True, False])
def test_numbers_are_equal_if_neither_is_less(is_equal):
    x, y = (z3.Int(name) for name in "xy")
    solver = z3.Solver()
    solver.add(linear(x == y, is_equal))
    apart = [solver.check(linear(way)) == z3.sat for way in (x < y, y < x)]
    assert apart == [not is_equal] * 2
    assert (solver.check(linear(x <= y), linear(y <= x)) == z3.sat) == is_equal


def test_a_ratio_is_rounded_as_a_fraction_is():
    for numerator in range(-7, 8):
        ratio, fraction = Ratio(numerator, 3), Fraction(numerator, 3)
        for exact, ours in (
            (fraction, ratio),
            (1 - fraction, 1 - ratio),
            (1 + fraction, 1 + ratio),
            (fraction * fraction, ratio * ratio),
        ):
            assert (floor(ours), ceil(ours)) == (floor(exact), ceil(exact))
