"""The mark: how long each mid held, the mean, the bound."""

from math import exp

import pytest

from keeper.chain.interface import Refused
from specs.decay import compute_decay_down
from specs.fixed_point import PPM, WAD
from tests.helpers.reports import BOOK, GOVERNOR, OTHER_BOOK, STRANGER, UNITS, Oracle
from tests.helpers.reports import list_all as list_everything

SLOW = 1_000 * WAD
MARKET = 1  # on asset 2, 300 s, bound 4,000 ppm


@pytest.fixture
def oracle():
    """An oracle whose asset 2 has been at 1,000 for ever."""
    oracle = Oracle()
    list_everything(oracle)
    oracle.quote({2: 1_000})
    return oracle


def hold(oracle, *spells):
    """Let mids hold, each for its seconds; then publish the same price."""
    for mid, seconds in spells:
        oracle.send(BOOK, "observe", MARKET, round(mid * UNITS) * WAD // UNITS)
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
    for _ in range(4):
        hold(oracle, (990, 3_000))
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
    oracle.send(BOOK, "observe", 2, 20 * WAD + WAD // 10)
    oracle.wait(10)
    oracle.quote({3: 20})
    mark, mean = oracle.view("market_of", 2)[:2]
    assert mark - 20 * WAD == moved(WAD // 10, 10, 60)
    assert mean - 20 * WAD == moved(mark - 20 * WAD, 10)


def test_mean_mark_follows_the_mark_in_five_minutes(oracle):
    oracle.wait(100)
    oracle.quote({2: 1_100})
    mark, mean = oracle.view("market_of", MARKET)[:2]
    assert mark == 1_100 * WAD
    assert mean == SLOW + moved(100 * WAD, 100)


@pytest.mark.parametrize("caller", [STRANGER, GOVERNOR, OTHER_BOOK])
def test_only_the_book_observes(oracle, caller):
    with pytest.raises(Refused, match="not the book"):
        oracle.send(caller, "observe", MARKET, SLOW)


def test_another_book_begins_empty(oracle):
    oracle.send(BOOK, "observe", MARKET, SLOW + 2 * WAD)
    oracle.wait(5)
    oracle.govern("set_book", MARKET, OTHER_BOOK)
    with pytest.raises(Refused, match="not the book"):
        oracle.send(BOOK, "observe", MARKET, SLOW)
    oracle.wait(5)
    oracle.quote({2: 1_000})
    assert oracle.view("mark", MARKET)[0] - SLOW == moved(WAD, 10)


def test_what_a_book_says_before_the_first_price_does_not_count():
    oracle = Oracle()
    list_everything(oracle)
    oracle.send(BOOK, "observe", MARKET, 5 * WAD)
    oracle.wait(50)
    oracle.send(BOOK, "observe", MARKET, SLOW + WAD)
    oracle.wait(50)
    oracle.quote({2: 1_000})
    assert oracle.view("mark", MARKET)[0] == SLOW
    oracle.wait(10)
    assert hold(oracle) == moved(WAD, 10)


def test_what_a_book_says_before_the_first_mark_does_not_count(oracle):
    oracle.govern("list_market", 5, 2, 300, 4_000, 20_000, BOOK)
    oracle.send(BOOK, "observe", 5, SLOW + WAD)
    oracle.wait(50)
    oracle.send(BOOK, "observe", 5, 0)
    oracle.quote({2: 1_000})
    assert oracle.view("market_of", 5)[9] == 0
    oracle.wait(10)
    oracle.quote({2: 1_000})
    assert oracle.view("mark", 5)[0] == SLOW


def test_mid_that_is_not_to_be_stored_is_refused(oracle):
    oracle.send(BOOK, "observe", MARKET, 2**80 * UNITS - 1)
    with pytest.raises(Refused, match="price out of range"):
        oracle.send(BOOK, "observe", MARKET, 2**80 * UNITS)
