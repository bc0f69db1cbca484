"""One price out of several: median, clamp, weighted mean, each way of rounding."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import price_index as spec
from specs.errors import PriceOutOfRange
from specs.fixed_point import WAD
from specs.price_index import MAX_PRICE, UNIT
from tests.helpers.harness import deploy

prices = st.one_of(
    st.integers(UNIT, 3 * UNIT),
    st.integers(99 * WAD, 101 * WAD),
    st.integers(UNIT, MAX_PRICE),
)
panels = st.lists(st.tuples(prices, st.integers(1, 10_000)), min_size=1, max_size=16)


@pytest.fixture(scope="module")
def pricing():
    return deploy("PricingHarness")


@given(panel=panels)
def test_index_of_contract_and_specification_are_equal(panel):
    quoted, weights = map(list, zip(*panel, strict=True))
    pricing = deploy("PricingHarness")
    assert pricing("median_down", quoted) == spec.compute_median_down(quoted)
    expected = spec.compute_index_down(quoted, weights)
    assert pricing("combine_down", quoted, weights) * UNIT == expected


@given(panel=panels)
def test_index_lies_between_the_prices_and_near_their_median(panel):
    quoted, weights = map(list, zip(*panel, strict=True))
    index = spec.compute_index_down(quoted, weights)
    assert min(quoted) - UNIT < index <= max(quoted)
    assert index >= UNIT
    off = abs(Fraction(index, spec.compute_median_down(quoted)) - 1)
    assert off <= Fraction(1, 100) + Fraction(UNIT, spec.compute_median_down(quoted))


@pytest.mark.parametrize(
    ("quoted", "median"),
    [([7], 7), ([9, 4], 6), ([5, 1, 3], 3), ([8, 2, 6, 5], 5), ([3, 3, 9, 1, 1], 3)],
)
def test_median(pricing, quoted, median):
    assert pricing("median_down", quoted) == median
    assert spec.compute_median_down(quoted) == median


def test_a_publisher_far_off_pulls_by_one_percent_of_its_weight(pricing):
    quoted, weights = [100 * WAD, 100 * WAD, 500 * WAD], [100, 100, 100]
    index = pricing("combine_down", quoted, weights) * UNIT
    assert index == (301 * WAD // 3) // UNIT * UNIT


def test_weights_decide_between_prices_within_the_clamp(pricing):
    quoted = [100 * WAD, 100 * WAD, 100 * WAD + 4 * 10**17]
    assert pricing("combine_down", quoted, [1, 1, 2]) * UNIT == 100 * WAD + 2 * 10**17


@pytest.mark.parametrize("price", [0, UNIT - 1, MAX_PRICE + UNIT, 2**256 - 1])
def test_price_that_is_not_to_be_stored_is_refused(price):
    with pytest.raises(PriceOutOfRange):
        spec.check_price(price)


@pytest.mark.parametrize("price", [UNIT, MAX_PRICE, MAX_PRICE + UNIT - 1])
def test_price_that_can_be_stored_is_taken(price):
    spec.check_price(price)
    assert 0 < spec.quantise_down(price) <= MAX_PRICE


@pytest.mark.parametrize(("median", "other"), [(101_009_897, UNIT), (100_000_198, WAD)])
def test_limits_of_the_clamp_are_rounded_inwards(pricing, median, other):
    # Both limits are a fraction of a wei from where the index would be another unit.
    quoted, weights = [other, median, median], [10_000, 1, 1]
    assert pricing("combine_down", quoted, weights) == 100
    assert spec.compute_index_down(quoted, weights) == 100 * UNIT
