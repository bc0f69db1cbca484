"""The mark: how long each mid held, the mean, the bound."""

from math import exp

import pytest

from keeper.chain.interface import Refused
from specs.book_basis import MAX_HOLD, MAX_MID, limit
from specs.decay import compute_decay_down
from specs.errors import OutOfBounds
from specs.fixed_point import PPM, WAD
from specs.mark_price import MAX_BOUND, Market, list_market
from specs.outage import MAX_GAP
from tests.helpers.reports import (
    BOOK,
    GOVERNOR,
    OTHER_BOOK,
    STRANGER,
    UNITS,
    Oracle,
    list_all,
    open_oracle,
)

SLOW = 1_000 * WAD
MARKET = 1  # on asset 2, 300 s, bound 4,000 ppm
DECAY_10 = compute_decay_down(10, 300)


@pytest.fixture
def oracle():
    """An oracle whose asset 2 has been at 1,000 for ever."""
    return open_oracle({2: 1_000})


def hold(oracle, *spells):
    """Let mids hold, each for its seconds; then publish the same price."""
    for mid, seconds in spells:
        oracle.observe(MARKET, round(mid * UNITS) * WAD // UNITS)
        oracle.wait(seconds)
    oracle.quote({2: 1_000})
    return oracle.view("mark", MARKET)[0] - SLOW


def moved(basis, seconds, period=300):
    """Return what the mean of a basis of 0 is after it was `basis` for a while."""
    alpha = WAD - compute_decay_down(seconds, period)
    sign = 1 if basis >= 0 else -1
    return sign * (abs(basis) // UNITS * alpha // WAD) * UNITS


def test_first_mark_is_the_slow_price(oracle):
    assert oracle.view("mark", MARKET) == (SLOW, 0, oracle.now)


def test_mean_moves_by_alpha(oracle):
    basis = hold(oracle, (1_002, 10))
    assert basis == moved(2 * WAD, 10)
    assert basis == pytest.approx(2 * WAD * (1 - exp(-10 / 300)), rel=1e-9)


def test_basis_below_the_index_moves_as_far(oracle):
    assert hold(oracle, (998, 10)) == -moved(2 * WAD, 10)


def test_each_mid_counts_for_as_long_as_it_held(oracle):
    assert hold(oracle, (1_001, 6), (1_003, 3), (999, 1)) == moved(14 * WAD // 10, 10)


def test_mid_of_the_moment_does_not_count(oracle):
    oracle.wait(10)
    assert hold(oracle, (1_004, 0)) == 0


def test_last_mid_of_a_block_is_the_one_that_holds(oracle):
    assert hold(oracle, (1_004, 0), (996, 0), (1_001, 10)) == moved(WAD, 10)


def test_mid_goes_on_holding_after_an_update(oracle):
    first = hold(oracle, (1_002, 10))
    oracle.wait(20)
    second = hold(oracle)
    way = (2 * WAD - first) // UNITS * (WAD - compute_decay_down(20, 300)) // WAD
    assert second == first + way * UNITS


def test_what_held_before_an_update_counts_once(oracle):
    first = hold(oracle, (1_003, 5), (0, 5))
    oracle.wait(10)
    second = hold(oracle)
    way = first // UNITS * (WAD - compute_decay_down(10, 300)) // WAD
    assert second == first - way * UNITS


def test_empty_book_is_a_basis_of_nothing(oracle):
    assert hold(oracle, (1_002, 5), (0, 5)) == moved(WAD, 10)


def test_absurd_mid_weighs_no_more_than_one_at_the_bound(oracle):
    assert hold(oracle, (1_000_000, 1), (1_000, 9)) == moved(4 * WAD // 10, 10)


def test_bound_beats_the_mean(oracle):
    for _ in range(50):
        hold(oracle, (990, MAX_GAP))
    mark, premium, _ = oracle.view("mark", MARKET)
    assert mark >= SLOW - SLOW * 4_000 // PPM
    assert premium == pytest.approx(-4 * 10**15, rel=1e-4)
    oracle.wait(1)
    oracle.quote({2: 900})
    slow = oracle.view("feed", 2)[0]
    assert slow == SLOW * 9_975 // 10_000
    assert oracle.view("mark", MARKET)[0] == slow - slow * 4_000 // PPM


def test_quick_market_follows_more_quickly(oracle):
    oracle.wait(1)
    oracle.quote({3: 20})
    oracle.observe(2, 20 * WAD + WAD // 10)
    oracle.wait(10)
    oracle.quote({3: 20})
    mark, mean = oracle.view("market_of", 2)[:2]
    assert mark - 20 * WAD == moved(WAD // 10, 10, 60)
    assert mean - 20 * WAD == moved(mark - 20 * WAD, 10)


def test_mean_mark_follows_the_mark_in_five_minutes(oracle):
    oracle.wait(60)
    oracle.quote({2: 1_100})
    mark, mean = oracle.view("market_of", MARKET)[:2]
    assert mark == 1_100 * WAD
    assert mean == SLOW + moved(100 * WAD, 60)


@pytest.mark.parametrize("caller", [STRANGER, GOVERNOR, OTHER_BOOK])
def test_only_the_book_observes(oracle, caller):
    with pytest.raises(Refused, match="not the book"):
        oracle.observe(MARKET, SLOW, book=caller)


def test_another_book_begins_empty(oracle):
    oracle.observe(MARKET, SLOW + 2 * WAD)
    oracle.wait(5)
    oracle.govern("set_book", MARKET, OTHER_BOOK)
    with pytest.raises(Refused, match="not the book"):
        oracle.observe(MARKET, SLOW)
    oracle.wait(5)
    oracle.quote({2: 1_000})
    assert oracle.view("mark", MARKET)[0] - SLOW == moved(WAD, 10)


def test_what_a_book_says_before_the_first_price_does_not_count():
    oracle = Oracle()
    list_all(oracle)
    oracle.observe(MARKET, 5 * WAD)
    oracle.wait(50)
    oracle.observe(MARKET, SLOW + WAD)
    oracle.wait(50)
    oracle.quote({2: 1_000})
    assert oracle.view("mark", MARKET)[0] == SLOW
    oracle.wait(10)
    assert hold(oracle) == moved(WAD, 10)


def test_what_a_book_says_before_the_first_mark_does_not_count(oracle):
    oracle.govern("list_market", 5, 2, 300, 4_000, 20_000, BOOK)
    oracle.observe(5, SLOW + WAD)
    oracle.wait(50)
    oracle.observe(5, 0)
    oracle.quote({2: 1_000})
    assert oracle.view("market_of", 5)[10] == 0
    oracle.wait(10)
    oracle.quote({2: 1_000})
    assert oracle.view("mark", 5)[0] == SLOW


# For how long a mid counts


@pytest.mark.parametrize(
    ("vouched", "held", "counted"),
    [
        (0, 10, 0),
        (1, 10, 1),
        (9, 10, 9),
        (10, 10, 10),
        (11, 10, 10),
        (MAX_HOLD, 60, 60),
    ],
)
def test_mid_counts_until_its_book_no_longer_vouches_for_it(
    oracle, vouched, held, counted
):
    oracle.observe(MARKET, SLOW + 2 * WAD, vouched)
    oracle.wait(held)
    basis = hold(oracle)
    assert basis == moved(2 * WAD * counted // held // UNITS * UNITS, held)


def test_mid_that_has_run_out_counts_no_more_when_the_next_is_observed(oracle):
    oracle.observe(MARKET, SLOW + 2 * WAD, 4)
    oracle.wait(6)
    oracle.observe(MARKET, SLOW + WAD, 3)
    assert oracle.view("market_of", MARKET)[8:11] == (
        *(oracle.now, oracle.now + 3),
        4 * 2 * WAD,
    )
    oracle.wait(4)
    assert hold(oracle) == moved((2 * 4 + 1 * 3) * WAD // 10, 10)


def test_mid_that_is_observed_again_goes_on_counting(oracle):
    for _ in range(5):
        oracle.observe(MARKET, SLOW + 2 * WAD, 2)
        oracle.wait(2)
    assert hold(oracle) == moved(2 * WAD, 10)


def test_mid_that_ran_out_before_an_update_counts_nothing_after_it(oracle):
    oracle.observe(MARKET, SLOW + 2 * WAD, 5)
    oracle.wait(10)
    first = hold(oracle)
    oracle.wait(10)
    second = hold(oracle)
    assert second == first - first // UNITS * (WAD - DECAY_10) // WAD * UNITS


def test_mid_counts_for_no_longer_than_five_minutes(oracle):
    oracle.observe(MARKET, SLOW + 2 * WAD, 2**200)
    assert oracle.view("market_of", MARKET)[9] == oracle.now + MAX_HOLD
    for _ in range(5):
        oracle.wait(MAX_GAP)
        before = hold(oracle)
    oracle.wait(MAX_GAP)
    after = hold(oracle)
    decay = compute_decay_down(MAX_GAP, 300)
    assert after == before - before // UNITS * (WAD - decay) // WAD * UNITS
    assert 0 < after < before


def test_book_can_vouch_for_now_and_not_for_the_past(oracle):
    oracle.wait(1)
    oracle.observe(MARKET, SLOW, 0)
    with pytest.raises(Refused, match="out of bounds"):
        oracle.observe(MARKET, SLOW, -1)


def test_mid_counts_nothing_where_the_slow_price_is_too_old(oracle):
    # What it is held against is what it was before the outage.
    oracle.observe(MARKET, SLOW + 2 * WAD, 50)
    oracle.wait(50)
    oracle.observe(MARKET, 2 * SLOW)
    oracle.wait(20)
    oracle.observe(MARKET, 2 * SLOW)
    oracle.quote({2: 1_000})
    oracle.wait(30)
    counted = (50 * 2 + 10 * 4) * WAD
    assert hold(oracle) == moved(counted // 100 // UNITS * UNITS, 100)


def test_greatest_integral_fits_its_word():
    most = MAX_GAP * limit(MAX_MID, MAX_MID, MAX_BOUND) // UNITS
    assert most < 2**111


def test_mid_that_is_not_to_be_stored_is_refused(oracle):
    oracle.observe(MARKET, 2**80 * UNITS - 1)
    with pytest.raises(Refused, match="price out of range"):
        oracle.observe(MARKET, 2**80 * UNITS)


# Listing


@pytest.mark.parametrize(
    ("place", "least", "most"),
    [(0, 0, 31), (2, 60, 300), (3, 1, 50_000), (4, 1, 10**5)],
)
def test_each_parameter_of_a_market_has_its_bounds(place, least, most):
    def listed(value):
        parameters = [7, 2, 300, 4_000, 20_000]
        parameters[place] = value
        number, *terms = parameters
        return list_market({}, *parameters) == {number: Market(*terms)}

    assert listed(least)
    assert listed(most)
    for value in (least - 1, most + 1):
        with pytest.raises(OutOfBounds):
            listed(value)
