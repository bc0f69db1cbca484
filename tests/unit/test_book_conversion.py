"""Conversion on the book: which bids are met, and what becomes of them."""

import pytest

from specs import errors
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.instruments import SPOT
from tests.helpers.books import (
    COIN,
    LISTINGS,
    MAKER,
    OTHER,
    PERP,
    PRICE,
    STRANGER,
    TAKER,
    THIRD,
    TICK,
    Twin,
    stand_in,
)
from tests.helpers.deployers import address_of

SCALE = LISTINGS[COIN].lot
EMPTY = (0, 0, False, 0, 0, False, 0)
"""What the book says of an order that is gone."""


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


@pytest.fixture
def twin(surroundings):
    return Twin()


def bid(twin, account=MAKER, price=PRICE, lots=5, **terms):
    """Let a bid rest, and return its id."""
    return twin.rest(account, instrument=COIN, price=price, lots=lots, **terms)


def lots_of(twin, order):
    return twin.view("order", order)[3]


def asked(twin):
    """What the Clearinghouse was asked to clear."""
    return [
        [(making[0], making[1] // SCALE) for making in call[3]]
        for call in twin.clearing.calls
        if call[0] == "ClearConversion"
    ]


def test_the_best_and_oldest_bids_are_met_first(twin):
    third = bid(twin, OTHER, PRICE - TICK)
    first = bid(twin, MAKER)
    second = bid(twin, THIRD)
    assert twin.convert(TAKER, lots=12) == 12
    assert asked(twin) == [[(MAKER, 5), (THIRD, 5), (OTHER, 2)]]
    assert [lots_of(twin, order) for order in (first, second)] == [0, 0]
    assert twin.view("order", third) == EMPTY
    assert twin.view("top", COIN) == (0, 0, PRICE - TICK)


def test_what_is_asked_of_the_clearinghouse_is_in_its_units(twin):
    bid(twin, is_reduce_only=False)
    twin.convert(TAKER, lots=2)
    call = twin.clearing.calls[-2]
    assert call == ("ClearConversion", 2, TAKER, [(MAKER, 2 * SCALE, PRICE, False)])


def test_what_was_sold_is_logged_and_nothing_rests(twin):
    bid(twin, lots=20)
    assert twin.convert(TAKER, lots=7) == 7
    *sold, caller, time = twin.receipt.event("OrderForced").arguments.values()
    assert (sold, time) == ([TAKER, COIN, False, 7, 0, 7, ""], twin.now)
    assert caller.lower() == address_of(STRANGER).lower()
    assert twin.convert(TAKER, lots=50) == 13
    assert twin.view("top", COIN) == (0, 0, PRICE)
    assert twin.state.orders == {}


def test_less_than_what_may_rest_is_sold(twin):
    order = bid(twin, lots=20)
    assert twin.convert(TAKER, lots=1) == 1
    assert lots_of(twin, order) == 19


def test_bids_of_the_same_owner_do_not_keep_it_from_being_converted(twin):
    own = [bid(twin, account) for account in (TAKER, account_of(TAKER >> 96, 3))]
    bid(twin)
    assert twin.convert(TAKER) == 5
    assert [twin.view("order", order) for order in own] == [EMPTY, EMPTY]


def test_an_expired_bid_is_cancelled(twin):
    old = bid(twin, expiry=twin.now + 1)
    bid(twin, OTHER)
    twin.wait(2)
    assert twin.convert(TAKER) == 5
    assert asked(twin) == [[(OTHER, 5)]]
    assert twin.view("order", old) == EMPTY


def test_a_refused_maker_is_cancelled_and_the_next_one_met(twin):
    first, second = bid(twin), bid(twin, OTHER)
    twin.set_refused(MAKER)
    assert twin.convert(TAKER) == 5
    assert asked(twin) == [[(MAKER, 5)], [(OTHER, 5)]]
    assert [lots_of(twin, order) for order in (first, second)] == [0, 0]


def test_after_a_price_that_is_too_low_the_rest_stays(twin):
    orders = [bid(twin, account) for account in (MAKER, OTHER, THIRD)]
    twin.set_stop(1, errors.PriceOutOfBand)
    assert twin.convert(TAKER, lots=15) == 5
    assert [lots_of(twin, order) for order in orders] == [0, 5, 5]


def test_more_than_a_round_is_met_in_rounds(twin):
    for number in range(20):
        bid(twin, MAKER if number % 2 else OTHER)
    assert twin.convert(TAKER, lots=100) == 100
    assert [len(makings) for makings in asked(twin)] == [16, 4]


def test_no_more_orders_are_visited_than_asked_for(twin):
    for account in (MAKER, OTHER, THIRD):
        bid(twin, account)
    assert twin.convert(TAKER, lots=15, max_fills=2) == 10


def test_only_what_is_in_the_bands_is_met(twin):
    prices = PRICE, PRICE * 97 // 100, PRICE * 97 // 100 - TICK
    orders = [bid(twin, price=price) for price in prices]
    assert twin.convert(TAKER, lots=15) == 10
    assert [lots_of(twin, order) for order in orders] == [0, 0, 5]
    twin.set_band(COIN, prices[2] + 1, 2 * PRICE)
    refuse(twin, "not filled", lots=15)
    twin.set_band(COIN, prices[2], 2 * PRICE)
    assert twin.convert(TAKER, lots=15) == 5


# What is refused


def refuse(twin, reason, account=TAKER, **terms):
    with pytest.raises(errors.Revert) as caught:
        twin.convert(account, **terms)
    assert caught.value.reason == reason


def test_nothing_happens_where_nothing_is_sold(twin):
    own, old = bid(twin, TAKER), bid(twin, expiry=twin.now + 1)
    poor = bid(twin, OTHER)
    twin.wait(2)
    twin.set_refused(OTHER)
    refuse(twin, "not filled", lots=20)
    refuse(twin, "not filled", lots=20, max_fills=0)
    assert [lots_of(twin, order) for order in (own, old, poor)] == [5, 5, 5]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"instrument": PERP}, "unknown instrument"),
        ({"instrument": SPOT + 3}, "unknown instrument"),
        ({"instrument": SPOT + 32}, "unknown instrument"),
        ({"lots": 0}, "zero amount"),
        ({"lots": 2**56 + 1}, "amount too large"),
        ({"max_fills": 33}, "out of bounds"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(twin, terms, reason):
    bid(twin)
    twin.place(MAKER, price=99 * WAD)
    refuse(twin, reason, **terms)


def test_what_the_clearinghouse_refuses_is_refused(twin):
    bid(twin)
    twin.set_refused(TAKER)
    refuse(twin, "below initial margin")
