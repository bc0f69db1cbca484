"""What the book fills of a liquidation: which orders, at which prices, and why not."""

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
    SMALL,
    STRANGER,
    TAKER,
    THIRD,
    TICK,
    UNLISTED,
    Twin,
    stand_in,
)
from tests.helpers.deployers import address_of

SCALE = LISTINGS[COIN].lot
EITHER = pytest.mark.parametrize(
    ("instrument", "is_buy"),
    [(PERP, True), (PERP, False), (COIN, True), (COIN, False)],
)


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


@pytest.fixture
def twin(surroundings):
    return Twin()


def rest(twin, account=MAKER, is_buy=False, **terms):
    """Let an order rest, five lots for sale unless it is said, and return its id."""
    return twin.rest(account, is_buy=is_buy, **terms)


def lots_of(twin, order):
    return twin.view("order", order)[3]


def asked(twin, scale=1):
    """Return what the Clearinghouse was asked to clear, in lots."""
    return [
        (call[1], call[2], [(making[0], making[1] // scale) for making in call[3]])
        for call in twin.clearing.calls
        if call[0] == "ClearSlice"
    ]


def test_what_is_asked_of_the_clearinghouse_is_in_its_units(twin):
    rest(twin, instrument=COIN)
    rest(twin, lots=7)
    twin.liquidate(TAKER, instrument=COIN, lots=2)
    assert ("ClearSlice", COIN, TAKER, [(MAKER, 2 * SCALE, PRICE, False)]) in (
        twin.clearing.calls
    )
    twin.liquidate(TAKER, lots=2)
    call = ("ClearSlice", PERP, TAKER, [(MAKER, 2, PRICE, False)])
    assert twin.clearing.calls[-1] == call


@EITHER
def test_the_best_and_oldest_orders_are_met_first(twin, instrument, is_buy):
    step = TICK if is_buy else -TICK
    terms = {"instrument": instrument, "is_buy": not is_buy}
    third = rest(twin, OTHER, price=PRICE + step, **terms)
    first, second = rest(twin, MAKER, **terms), rest(twin, THIRD, **terms)
    limit = {"is_buy": is_buy, "price": PRICE + step, "lots": 12}
    assert twin.liquidate(TAKER, instrument=instrument, **limit) == (12, "")
    scale = SCALE if instrument == COIN else 1
    met = [(MAKER, 5), (THIRD, 5), (OTHER, 2)]
    assert asked(twin, scale) == [(instrument, TAKER, met)]
    assert [lots_of(twin, order) for order in (first, second, third)] == [0, 0, 0]
    assert twin.view("top", instrument) == (0, 0, PRICE + step)


@EITHER
def test_between_two_ticks_the_limit_is_the_better_one(twin, instrument, is_buy):
    sign = 1 if is_buy else -1
    terms = {"instrument": instrument, "is_buy": not is_buy}
    at = [rest(twin, price=PRICE + sign * n * TICK, **terms) for n in (0, 1)]
    limit = {"instrument": instrument, "is_buy": is_buy, "lots": 10}
    almost = PRICE + sign * (TICK - 1)
    assert twin.liquidate(TAKER, price=almost, **limit) == (5, "not filled")
    assert [lots_of(twin, order) for order in at] == [0, 5]
    exact = PRICE + sign * TICK
    assert twin.liquidate(TAKER, price=exact, **limit) == (5, "not filled")


def test_a_limit_below_one_tick_buys_nothing_and_sells_at_anything(twin):
    tick = LISTINGS[SMALL].tick
    twin.set_band(SMALL, tick, tick)
    rest(twin, instrument=SMALL, price=tick, lots=3)
    below = {"instrument": SMALL, "price": tick - 1, "lots": 1}
    assert twin.liquidate(TAKER, **below) == (0, "not filled")
    assert twin.liquidate(TAKER, **{**below, "price": tick}) == (1, "")
    twin.cancel_all(MAKER >> 96, MAKER)
    rest(twin, instrument=SMALL, price=tick, lots=3, is_buy=True)
    for price in (0, 1, tick):
        sale = {"instrument": SMALL, "price": price, "lots": 1, "is_buy": False}
        assert twin.liquidate(TAKER, **sale) == (1, "")


def test_a_limit_beyond_every_price_is_a_limit(twin):
    rest(twin, is_buy=True)
    rest(twin, price=PRICE + TICK)
    for price in (2**24 * TICK, 2**256 - 1):
        assert twin.liquidate(TAKER, price=price, is_buy=False) == (0, "not filled")
    assert twin.liquidate(TAKER, price=2**256 - 1) == (5, "")


def test_less_than_what_may_rest_is_filled_and_nothing_rests(twin):
    order = rest(twin, lots=20)
    assert twin.liquidate(TAKER, lots=1) == (1, "")
    assert lots_of(twin, order) == 19
    assert twin.liquidate(TAKER, lots=50) == (19, "not filled")
    assert twin.state.orders == {}


def test_what_was_forced_is_logged(twin):
    rest(twin, lots=20)
    for is_buy, filled, reason in ((True, 7, ""), (False, 0, "not filled")):
        twin.liquidate(TAKER, is_buy=is_buy, lots=7, price=PRICE + 3)
        *told, caller, time = twin.receipt.event("OrderForced").arguments.values()
        assert told == [TAKER, PERP, is_buy, 7, PRICE + 3, filled, reason]
        assert time == twin.now
        assert caller.lower() == address_of(STRANGER).lower()


def test_orders_of_the_same_owner_go_whatever_is_filled(twin):
    own = [rest(twin, account) for account in (TAKER, account_of(TAKER >> 96, 3))]
    assert twin.liquidate(TAKER) == (0, "not filled")
    assert [lots_of(twin, order) for order in own] == [0, 0]
    rest(twin, TAKER)
    rest(twin)
    assert twin.liquidate(TAKER) == (5, "")


def test_what_nobody_can_fill_makes_room(twin):
    rest(twin, expiry=twin.now + 1)
    cheap = rest(twin, OTHER, price=95 * WAD)
    rest(twin, THIRD, expiry=twin.now + 1)
    rest(twin, THIRD)
    twin.wait(2)
    twin.set_band(PERP, PRICE, PRICE)
    assert twin.liquidate(TAKER, lots=10) == (5, "not filled")
    assert cheap not in twin.state.orders
    assert asked(twin) == [(PERP, TAKER, [(THIRD, 5)])]


def test_a_refused_maker_is_cancelled_and_the_next_one_met(twin):
    first, second = rest(twin), rest(twin, OTHER)
    twin.set_refused(MAKER)
    assert twin.liquidate(TAKER) == (5, "")
    assert asked(twin) == [
        (PERP, TAKER, [(MAKER, 5)]),
        (PERP, TAKER, [(OTHER, 5)]),
    ]
    assert [lots_of(twin, order) for order in (first, second)] == [0, 0]


def test_a_maker_who_only_reduces_fills_what_he_has(twin):
    twin.set_reducible(MAKER, 9)
    rest(twin, lots=9, is_reduce_only=True)
    twin.set_reducible(MAKER, 4)
    assert twin.liquidate(TAKER, lots=9) == (4, "not filled")


def test_why_nothing_more_is_filled(twin):
    orders = [rest(twin, account) for account in (MAKER, OTHER, THIRD)]
    twin.set_stop(1, errors.PriceOutOfBand)
    assert twin.liquidate(TAKER, lots=15) == (5, "price out of band")
    assert [lots_of(twin, order) for order in orders] == [0, 5, 5]
    twin.set_stop(0, errors.ReduceOnly)
    assert twin.liquidate(TAKER, lots=15) == (0, "reduce only")
    twin.set_stop(0, None)
    few = {"lots": 10, "max_fills": 1}
    assert twin.liquidate(TAKER, **few) == (5, "too many fills")
    assert twin.liquidate(TAKER, lots=5, max_fills=0) == (0, "too many fills")
    assert twin.liquidate(TAKER, lots=10) == (5, "not filled")
    assert twin.liquidate(TAKER, max_fills=0) == (0, "not filled")


def test_more_than_a_round_is_met_in_rounds(twin):
    for number in range(20):
        rest(twin, MAKER if number % 2 else OTHER)
    assert twin.liquidate(TAKER, lots=100) == (100, "")
    assert [len(met) for *_, met in asked(twin)] == [16, 4]


@EITHER
def test_only_what_is_in_the_bands_is_met(twin, instrument, is_buy):
    sign = 1 if is_buy else -1
    prices = [PRICE + sign * part for part in (0, 3 * WAD, 3 * WAD + TICK)]
    terms = {"instrument": instrument, "is_buy": not is_buy}
    orders = [rest(twin, price=price, **terms) for price in prices]
    limit = {"is_buy": is_buy, "price": PRICE + sign * 10 * WAD, "lots": 15}
    forced = {"instrument": instrument, **limit}
    assert twin.liquidate(TAKER, **forced) == (10, "price out of band")
    assert [lots_of(twin, order) for order in orders] == [0, 0, 5]
    edge = prices[2]
    band = (1, edge - 1) if is_buy else (edge + 1, 2 * PRICE)
    twin.set_band(instrument, *band)
    assert twin.liquidate(TAKER, **forced) == (0, "price out of band")
    band = (1, edge) if is_buy else (edge, 2 * PRICE)
    twin.set_band(instrument, *band)
    assert twin.liquidate(TAKER, **forced) == (5, "not filled")


def test_the_oracle_is_told_where_a_slice_leaves_the_market(twin):
    for price in (PRICE + TICK, PRICE + 3 * TICK):
        rest(twin, lots=2_000, price=price)
    rest(twin, lots=2_000, price=PRICE - TICK, is_buy=True)
    twin.liquidate(TAKER, lots=2_000, price=PRICE + TICK)
    assert twin.receipt.event("MidTold").arguments["mid"] == PRICE + TICK - 10**6


# What is refused


def refuse(twin, reason, **terms):
    with pytest.raises(errors.Revert) as caught:
        twin.liquidate(TAKER, **terms)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"instrument": UNLISTED}, "unknown instrument"),
        ({"instrument": SPOT + 3}, "unknown instrument"),
        ({"instrument": SPOT - 1}, "unknown instrument"),
        ({"instrument": 2**256 - 1}, "unknown instrument"),
        ({"lots": 0}, "zero amount"),
        ({"lots": 2**56 + 1}, "amount too large"),
        ({"max_fills": 33}, "out of bounds"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(twin, terms, reason):
    rest(twin)
    refuse(twin, reason, **terms)


def test_the_bounds_can_be_reached(twin):
    rest(twin)
    assert twin.liquidate(TAKER, lots=2**56, max_fills=32) == (5, "not filled")


def test_what_the_clearinghouse_refuses_is_refused(twin):
    order = rest(twin)
    twin.set_refused(TAKER)
    refuse(twin, "below initial margin")
    assert lots_of(twin, order) == 5
