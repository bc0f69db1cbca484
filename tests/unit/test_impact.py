"""The impact mid: exact prices rounded outwards, thin and wide books, many levels."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.fixed_point import PPM, WAD
from specs.impact import (
    MAX_LEVELS,
    NO_MID,
    Level,
    compute_impact_ask,
    compute_impact_bid,
    compute_mid,
)
from specs.price_index import UNIT
from tests.helpers.books import MAKER, OTHER, PERP, PRICE, SMALL, TICK, Twin, stand_in

WIDE = 10**6
sizes = st.integers(0, 3 * WAD)
prices = st.integers(WAD // 1_000, 1_000 * WAD)
impacts = st.integers(1, 10_000).map(lambda whole: whole * WAD)


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


def cost_of(levels, impact):
    """Return the exact base units that a notional is worth, none if there is less."""
    base, left = Fraction(0), Fraction(impact)
    for level in levels:
        worth = Fraction(level.size * level.price, WAD)
        if worth >= left:
            return base + left * WAD / level.price
        base, left = base + level.size, left - worth
    return None


@given(st.lists(st.tuples(prices, sizes), max_size=MAX_LEVELS), impacts)
def test_a_sides_price_is_the_exact_one_rounded_outwards(levels, impact):
    levels = [Level(price, size) for price, size in levels]
    bid = compute_impact_bid(levels, impact)
    ask = compute_impact_ask(levels, impact)
    exact = cost_of(levels, impact)
    if exact is None:
        assert bid == ask == 0
        return
    price = Fraction(impact * WAD) / exact
    # A level rounds its worth by less than a wei, which costs as many base units as
    # the cheapest price says.
    slack = MAX_LEVELS * (1 + WAD // min(level.price for level in levels))
    assert bid <= price
    if bid:
        assert Fraction(impact * WAD, bid) <= exact + slack + Fraction(exact, bid)
        assert ask >= price - price * slack / exact


@pytest.mark.parametrize(
    ("bids", "asks", "mid"),
    [
        ([], [(101, 1)], 0),
        ([(99, 2)], [], 0),
        ([(99, 2)], [(101, 2)], 100),
        ([(99, 1)], [(101, 2)], 0),
        ([(99, 2)], [(101, Fraction(1, 2))], 0),
        ([(100, Fraction(1, 2)), (50, 1)], [(100, 1)], Fraction(250, 3)),
        ([(100, 1)], [(100, Fraction(1, 2)), (200, 1)], Fraction(350, 3)),
        ([(100, 0), (50, 2)], [(150, 1)], 100),
    ],
    ids=str,
)
def test_the_middle_of_both_sides(bids, asks, mid):
    sides = [
        [Level(price * WAD, int(size * WAD)) for price, size in side]
        for side in (bids, asks)
    ]
    found = compute_mid(*sides, 100 * WAD, 10 * PPM)
    assert found % UNIT == 0
    assert mid * WAD - 2 * UNIT < found <= mid * WAD


def test_a_book_as_wide_as_allowed_has_a_mid():
    bids, asks = [Level(99 * WAD, 2 * WAD)], [Level(101 * WAD, 2 * WAD)]
    spread = compute_impact_ask(asks, 99 * 101 * WAD // 100) - compute_impact_bid(
        bids, 99 * 101 * WAD // 100
    )
    assert spread == 2 * WAD
    assert compute_mid(bids, asks, 99 * 101 * WAD // 100, 20_000) == 100 * WAD
    assert compute_mid(bids, asks, 99 * 101 * WAD // 100, 19_999) == NO_MID


@pytest.mark.parametrize("seed", range(12))
def test_the_contract_has_the_mid_of_the_specification(surroundings, seed):
    rng, twin = random.Random(seed), Twin()
    told = 0
    for _ in range(40):
        instrument = rng.choice((PERP, SMALL))
        tick, middle = (TICK, 1_000) if instrument == PERP else (10**6, 50)
        is_buy = rng.random() < 0.5
        distance = rng.randrange(1, 5 if instrument == SMALL else 12)
        number = middle - distance if is_buy else middle + distance
        # Worth a fraction of the notional, or all of it.
        share = rng.choice((1, 3, 8, 20, 30, 100))
        whole = 1_000 if instrument == PERP else WAD // (number * tick)
        order = {
            "instrument": instrument,
            "is_buy": is_buy,
            "price": number * tick,
            "lots": max(5, whole * share // 20 + rng.randrange(3)),
            "expiry": twin.now if rng.random() < 0.1 else 0,
        }
        if len(twin.state.orders) < 24 or rng.random() < 0.3:
            twin.rest(rng.choice((MAKER, OTHER)), **order)
        else:
            gone = rng.choice(list(twin.state.orders))
            twin.cancel(twin.state.orders[gone].account >> 96, gone)
        told += any(event.name == "MidTold" for event in twin.receipt.events)
    assert told > 1
    assert twin.view("top", PERP)[0] < PRICE < twin.view("top", PERP)[1]
