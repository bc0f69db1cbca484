"""The prices at which a trade may be filled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import bands as spec
from specs.fixed_point import PPM, WAD
from specs.price_index import MAX_PRICE
from tests.helpers.harness import deploy
from tests.helpers.reports import Oracle, list_all

prices = st.one_of(st.integers(0, 1_000), st.integers(0, 2 * MAX_PRICE))
tolerances = st.integers(1, 200_000)


@given(mark=prices, mean=prices, tolerance=tolerances)
def test_bands_of_contract_and_specification_are_equal(mark, mean, tolerance):
    pricing = deploy("PricingHarness")
    assert pricing("around", mark, tolerance) == spec.compute_band(mark, tolerance)
    expected = spec.compute_perp_band(mark, mean, tolerance)
    assert pricing("perp_band", mark, mean, tolerance) == expected


@given(mark=prices, mean=prices, tolerance=tolerances, price=prices)
def test_what_is_in_the_band_is_near_mark_and_mean(mark, mean, tolerance, price):
    low, high = spec.compute_perp_band(mark, mean, tolerance)
    is_near = (
        abs(price - mark) * PPM <= tolerance * mark
        and abs(price - mean) * PPM <= spec.MEAN_TOLERANCE * mean
    )
    assert (low <= price <= high) == is_near


@pytest.mark.parametrize(
    ("mark", "mean", "low", "high"),
    [
        (1_000, 1_000, 980, 1_020),
        (1_100, 1_000, 1_078, 1_100),
        (900, 1_000, 900, 918),
        (1_200, 1_000, 1_176, 1_100),
    ],
)
def test_band_is_what_both_limits_allow(mark, mean, low, high):
    found = spec.compute_perp_band(mark * WAD, mean * WAD, 20_000)
    assert found == (low * WAD, high * WAD)


def test_bands_of_what_has_no_price_are_zero():
    oracle = Oracle()
    list_all(oracle)
    for number in (0, 1, 9, 2**256 - 1):
        assert oracle.view("band", number) == (0, 0)
        assert oracle.view("spot_band", number) == (0, 0)


def test_a_crash_leaves_only_the_near_side_of_the_band():
    oracle = Oracle()
    list_all(oracle)
    oracle.quote({1: 60_000})
    oracle.wait(36)
    oracle.quote({1: 54_600})
    mark, mean = oracle.view("market_of", 0)[:2]
    low, high = oracle.view("band", 0)
    assert mark == 54_600 * WAD
    assert 59_300 * WAD < mean < 59_400 * WAD
    assert (low, high) == (-(-mark * 98 // 100), mark * 102 // 100)
    assert oracle.view("spot_band", 1) == (low, high)
