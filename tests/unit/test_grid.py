"""Grid: its laws, and that the contract is the specification on all ticks."""

from bisect import bisect_left, bisect_right
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specs import grid
from tests.helpers import harness as harnesses
from tests.helpers.numbers import WORD, within

TICKS = range(grid.MAX_TICK + 1)
PRICES = [grid.get_price(tick) for tick in TICKS]

around_ticks = st.builds(
    lambda price, step: price + step, st.sampled_from(PRICES), st.integers(-1, 1)
)
around_octaves = st.builds(
    lambda bits, step: max(0, 2**bits + step), st.integers(0, 80), st.integers(-2, 2)
)
some_prices = st.one_of(
    around_ticks, around_octaves, st.integers(0, 1100), within(0, 2**80)
)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("GridHarness")


def test_neighbours_are_10_to_20_basis_points_apart():
    for price, after in pairwise(PRICES):
        assert price < 1024 * (after - price)
        assert 512 * (after - price) <= price


def test_the_grid_ends_below_two_to_the_66():
    assert PRICES[0] == 512
    assert PRICES[-1] < 2**66
    assert PRICES[-1] + (PRICES[-1] - PRICES[-2]) == 2**66


@pytest.mark.parametrize("octave", range(grid.OCTAVES))
def test_every_tick_has_the_price_that_is_specified(module, octave):
    first = octave * grid.STEPS
    assert list(module("prices", first)) == PRICES[first : first + grid.STEPS]


@given(price=some_prices)
@example(price=0)
@example(price=511)
@example(price=PRICES[-1])
@example(price=PRICES[-1] + 1)
@example(price=2**66)
@example(price=WORD)
def test_ticks_of_prices_are_the_nearest(module, price):
    below = max(bisect_right(PRICES, price) - 1, 0)
    above = min(bisect_left(PRICES, price), grid.MAX_TICK)
    assert grid.tick_down(price) == module("down", price) == below
    assert grid.tick_up(price) == module("up", price) == above


@pytest.mark.parametrize("octave", range(0, grid.OCTAVES, 4))
def test_prices_at_and_beside_ticks(module, octave):
    for tick in range(octave * grid.STEPS, (octave + 1) * grid.STEPS, 37):
        for price in (PRICES[tick] - 1, PRICES[tick], PRICES[tick] + 1):
            assert module("down", price) == grid.tick_down(price)
            assert module("up", price) == grid.tick_up(price)


@given(low=some_prices, high=some_prices)
def test_ticks_grow_with_prices(low, high):
    low, high = sorted([low, high])
    assert grid.tick_down(low) <= grid.tick_down(high)
    assert grid.tick_up(low) <= grid.tick_up(high)


@pytest.mark.parametrize("place", range(256))
def test_ends_of_a_word_with_one_bit_or_with_more(module, place):
    bit = 1 << place
    noise = 0xA5A5A5A5A5A5A5A5 * (bit >> 1) | 1
    below, above = noise & (bit - 1), (WORD - bit + 1) ^ bit
    for word in (bit, bit | below, 2 * bit - 1):
        assert module("top_bit", word) == place
    for word in (bit, bit | above, bit | (above & (bit << 7))):
        assert module("low_bit", word) == place
