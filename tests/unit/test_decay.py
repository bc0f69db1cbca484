"""The exponential: the number itself, rounded down, and nothing else."""

from decimal import ROUND_FLOOR, Decimal, localcontext
from math import exp

import pytest

from specs.decay import compute_decay_down
from specs.fixed_point import WAD
from tests.helpers.harness import deploy

PERIODS = (60, 61, 299, 300)


@pytest.fixture(scope="module")
def pricing():
    return deploy("PricingHarness")


def true_decay_down(seconds, period):
    """Return the same by the decimal module, whose `exp` is correctly rounded."""
    with localcontext() as context:
        context.prec = 60
        value = WAD * (Decimal(-seconds) / period).exp()
        return int(value.to_integral_value(ROUND_FLOOR))


@pytest.mark.parametrize("period", PERIODS)
def test_decay_is_the_true_one_at_every_second(pricing, period):
    for seconds in range(42 * period + 2):
        assert pricing("decay_down", seconds, period) == true_decay_down(
            seconds, period
        ), seconds


@pytest.mark.parametrize("period", PERIODS)
def test_decay_of_contract_and_specification_are_equal(pricing, period):
    for seconds in [*range(40), *range(40, 43 * period, 7 * period // 5), 10**6]:
        expected = compute_decay_down(seconds, period)
        assert pricing("decay_down", seconds, period) == expected


@pytest.mark.parametrize("period", PERIODS)
def test_decay_falls_from_one_to_nothing(period):
    decays = [true_decay_down(seconds, period) for seconds in range(42 * period + 1)]
    assert decays[0] == compute_decay_down(0, period) == WAD
    assert decays[-1] == compute_decay_down(42 * period, period) == 0
    assert decays == sorted(decays, reverse=True)


def test_decay_is_near_what_a_float_says():
    for seconds in range(0, 3_000, 13):
        error = abs(compute_decay_down(seconds, 300) / WAD - exp(-seconds / 300))
        assert error < 1e-15
