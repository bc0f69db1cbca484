"""Interest rate: two lines that meet, rounded down, as specified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.fixed_point import WAD
from specs.interest_rate import MAX_RATE, Curve, compute_rate, compute_utilisation
from tests.helpers import harness as harnesses
from tests.helpers.numbers import WORD, attempt, is_same_or_refused, within

CURVE = Curve(base=100, slope_low=1000, slope_high=50_000, optimal=WAD // 2,
              reserve_share=0)  # fmt: skip
AMOUNTS = within(0, 2**128 - 1)
RATES = within(0, MAX_RATE)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("InterestRateHarness")


def fields(curve):
    return curve.base, curve.slope_low, curve.slope_high, curve.optimal


@pytest.mark.parametrize(
    ("cash", "lends", "utilisation"),
    [
        (0, 0, 0),
        (1, 0, 0),
        (5, 5, 0),
        (6, 5, 0),
        (0, 5, WAD),
        (4, 5, WAD // 5),
        (1, 3, 2 * WAD // 3),
        (2**128 - 2, 2**128 - 1, 0),
    ],
)
def test_utilisation(module, cash, lends, utilisation):
    assert compute_utilisation(cash, lends) == utilisation
    assert module("compute_utilisation", cash, lends) == utilisation


@pytest.mark.parametrize(
    ("utilisation", "rate"),
    [
        (0, 100),
        (WAD // 1000, 102),
        (WAD // 1000 - 1, 101),
        (WAD // 2 - 1, 1099),
        (WAD // 2, 1100),
        (WAD // 2 + 1, 1100),
        (3 * WAD // 4, 26_100),
        (WAD - 1, 51_099),
        (WAD, 51_100),
    ],
)
def test_rate(module, utilisation, rate):
    assert compute_rate(CURVE, utilisation) == rate
    assert module("compute_rate", *fields(CURVE), utilisation) == rate


def test_rate_on_a_curve_without_a_meeting_point_is_refused(module):
    assert module.reason("compute_rate", 1, 1, 1, 0, 0) is not None
    assert module.reason("compute_rate", 1, 1, 1, WAD, WAD + 1) is not None


@given(cash=AMOUNTS, lends=AMOUNTS)
def test_utilisation_is_as_specified(module, cash, lends):
    expected = compute_utilisation(cash, lends)
    assert 0 <= expected <= WAD
    assert module("compute_utilisation", cash, lends) == expected


@given(
    rates=st.tuples(RATES, RATES, RATES),
    optimal=within(1, WAD - 1),
    utilisation=within(0, WAD),
)
def test_rate_is_as_specified(module, rates, optimal, utilisation):
    curve = Curve(*rates, optimal, reserve_share=0)
    expected = compute_rate(curve, utilisation)
    assert module("compute_rate", *fields(curve), utilisation) == expected


@given(rates=st.tuples(RATES, RATES, RATES), optimal=within(1, WAD - 1))
def test_rate_never_falls_with_utilisation(module, rates, optimal):
    fixed = (*rates, optimal)
    steps = sorted({0, optimal - 1, optimal, optimal + 1, (optimal + WAD) // 2, WAD})
    found = [module("compute_rate", *fixed, step) for step in steps]
    assert found == sorted(found)


@given(arguments=st.tuples(*[within(0, WORD)] * 5))
def test_rate_is_never_wrong(module, arguments):
    curve, utilisation = Curve(*arguments[:4], reserve_share=0), arguments[4]
    expected = attempt(lambda: compute_rate(curve, utilisation))
    assert is_same_or_refused(module, "compute_rate", arguments, expected)


@given(cash=within(0, WORD), lends=within(0, WORD))
def test_utilisation_is_never_wrong(module, cash, lends):
    expected = compute_utilisation(cash, lends)
    assert is_same_or_refused(module, "compute_utilisation", (cash, lends), expected)
