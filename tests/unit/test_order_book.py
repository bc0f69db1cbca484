"""The order book: what is met and in which order, and what becomes of it."""

from itertools import permutations

import pytest

from keeper.chain.interface import Refused
from specs import errors
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.listings import Kind, SelfTrade
from tests.helpers.books import (
    COIN,
    LISTINGS,
    MAKER,
    OPERATOR,
    OTHER,
    PERP,
    PRICE,
    SMALL,
    TAKER,
    TICK,
    Twin,
    asks,
    calls,
    event,
    events,
    names,
    stand_in,
)
from tests.helpers.deployers import address_of


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


@pytest.fixture
def twin(surroundings):
    return Twin()


# Priority


def test_better_prices_first_then_older_orders(twin):
    late = asks(twin, 5, price=PRICE + TICK)[0]
    first, second = asks(twin, 5, 6)
    best = asks(twin, 5, price=PRICE - TICK, account=OTHER)[0]
    twin.place(TAKER, lots=18, price=PRICE + TICK)
    met = [filled["order"] for filled in events(twin, "OrderFilled")]
    assert met == [best, first, second, late]


def test_bids_are_met_from_the_highest_down(twin):
    low = twin.rest(MAKER, price=PRICE - TICK)
    high = twin.rest(MAKER)
    twin.sell(TAKER, lots=10, price=PRICE - TICK)
    met = [filled["order"] for filled in events(twin, "OrderFilled")]
    assert met == [high, low]
    assert twin.view("top", PERP) == (0, 0, PRICE - TICK)


@pytest.mark.parametrize("gone", range(4))
def test_whoever_goes_the_others_keep_their_place(twin, gone):
    orders = asks(twin, 5, 6, 7, 8)
    twin.cancel(MAKER >> 96, orders.pop(gone))
    orders += asks(twin, 9)
    twin.place(TAKER, lots=100, kind=Kind.IOC)
    met = [filled["order"] for filled in events(twin, "OrderFilled")]
    assert met == orders


@pytest.mark.parametrize("sign", [1, -1])
def test_a_limit_is_a_limit(twin, sign):
    for ticks in (0, 1, 2):
        twin.rest(MAKER, is_buy=sign < 0, price=PRICE + sign * ticks * TICK)
    taken = {"is_buy": sign > 0, "price": PRICE + sign * TICK, "lots": 16}
    order, filled, reason = twin.place(TAKER, **taken)
    assert (order != 0, filled, reason) == (True, 10, "")
    assert twin.view("top", PERP)[sign < 0] == PRICE + sign * TICK
    assert twin.view("top", PERP)[sign > 0] == PRICE + 2 * sign * TICK


@pytest.mark.parametrize("gone", permutations(range(4), 3), ids=str)
def test_several_may_go_in_any_order(twin, gone):
    orders = asks(twin, 5, 6, 7, 8)
    for number in gone:
        twin.cancel(MAKER >> 96, orders[number])
    (left,) = set(orders) - {orders[number] for number in gone}
    last = asks(twin, 9)[0]
    twin.place(TAKER, lots=100, kind=Kind.IOC)
    assert [filled["order"] for filled in events(twin, "OrderFilled")] == [left, last]


# Kinds


def test_the_rest_of_a_limit_order_rests(twin):
    asks(twin, 5)
    order, filled, reason = twin.place(TAKER, lots=12)
    assert (order, filled, reason) == (1 << 40 | 2, 5, "")
    assert names(twin) == ["OrderFilled", "OrderPlaced", "OrderTaken"]
    assert twin.view("order", order)[:5] == (TAKER, PERP, True, 7, PRICE)


def test_a_rest_too_small_to_rest_expires(twin):
    asks(twin, 5)
    assert twin.place(TAKER, lots=9) == (0, 5, "size too small")


def test_the_rest_of_an_immediate_order_expires(twin):
    asks(twin, 5)
    assert twin.place(TAKER, lots=12, kind=Kind.IOC) == (0, 5, "not filled")
    assert twin.place(TAKER, lots=12, kind=Kind.IOC) == (0, 0, "not filled")
    assert names(twin) == ["OrderTaken"]


def test_fill_or_kill_is_all_or_nothing(twin):
    asks(twin, 5)
    with pytest.raises(errors.NotFilled):
        twin.place(TAKER, lots=6, kind=Kind.FOK)
    assert twin.place(TAKER, kind=Kind.FOK) == (0, 5, "")


def test_fill_or_kill_dies_of_what_is_refused(twin):
    asks(twin, 5)
    twin.set_refused(MAKER)
    with pytest.raises(errors.NotFilled):
        twin.place(TAKER, kind=Kind.FOK)


def test_post_only_never_takes(twin):
    asks(twin, 5)
    for price in (PRICE, PRICE + TICK):
        with pytest.raises(errors.WouldTake):
            twin.place(TAKER, kind=Kind.POST_ONLY, price=price)
    twin.rest(TAKER, kind=Kind.POST_ONLY, price=PRICE - TICK)
    with pytest.raises(errors.WouldTake):
        twin.sell(OTHER, kind=Kind.POST_ONLY, price=PRICE - TICK)


def test_events_say_all_terms(twin):
    asks(twin, 5)
    expiry = twin.now + 9
    twin.set_rights(TAKER, OPERATOR, 1)
    twin.set_reducible(TAKER, 11)
    terms = {"lots": 12, "expiry": expiry, "is_reduce_only": True, "self_trade": 1}
    order, _, _ = twin.place(TAKER, caller=OPERATOR, **terms)
    shared = {
        "order": order,
        "account": TAKER,
        "instrument": PERP,
        "is_buy": True,
        "price": PRICE,
        "kind": 0,
        "is_reduce_only": True,
        "self_trade": 1,
        "expiry": expiry,
        "caller": twin.receipt.event("OrderTaken").arguments["caller"],
        "timestamp": twin.now,
    }
    assert int(shared["caller"], 16) == OPERATOR
    assert event(twin, "OrderPlaced") == {**shared, "lots": 6}
    taken = {"lots": 12, "filled": 5, "reason": ""}
    assert event(twin, "OrderTaken") == {**shared, **taken}
    assert event(twin, "OrderFilled") == {
        "order": 1 << 40 | 1,
        "taker": TAKER,
        "lots": 5,
        "price": PRICE,
        "remaining": 0,
        "timestamp": twin.now,
    }


# Only to reduce


def test_to_reduce_there_has_to_be_something(twin):
    with pytest.raises(errors.NothingToReduce):
        twin.place(TAKER, is_reduce_only=True)
    twin.set_reducible(TAKER, 10**16 - 1)
    with pytest.raises(errors.NothingToReduce):
        twin.place(TAKER, instrument=COIN, is_reduce_only=True)


def test_no_more_is_placed_than_reduces(twin):
    twin.set_reducible(TAKER, 6)
    order = twin.rest(TAKER, lots=10, is_reduce_only=True)
    assert twin.view("order", order)[3] == 6
    twin.set_reducible(OTHER, 7 * 10**16 + 1)
    order = twin.rest(OTHER, instrument=COIN, lots=10, is_reduce_only=True)
    assert twin.view("order", order)[3] == 7


def test_to_reduce_less_than_may_rest_is_taken(twin):
    asks(twin, 10)
    twin.set_reducible(TAKER, 2)
    assert twin.place(TAKER, lots=3, is_reduce_only=True) == (0, 2, "")
    assert twin.place(TAKER, lots=1, price=PRICE - TICK, is_reduce_only=True) == (
        0,
        0,
        "size too small",
    )


def test_an_order_that_reduces_no_more_is_cancelled(twin):
    twin.set_reducible(MAKER, 7)
    order = asks(twin, 7, is_reduce_only=True)[0]
    twin.set_reducible(MAKER, 3)
    behind = asks(twin, 20, account=OTHER)[0]
    assert twin.place(TAKER, lots=10) == (0, 10, "")
    gone = event(twin, "OrderCancelled")
    assert (gone["order"], gone["lots"]) == (order, 4)
    assert gone["reason"] == "nothing to reduce"
    assert calls(twin, "Release") == [(PERP, MAKER, False, 4)]
    assert twin.view("order", behind)[3] == 13


LOT = LISTINGS[COIN].lot


@pytest.mark.parametrize(("asked", "sold"), [(3, 5), (2, 4), (9, 5)])
def test_a_part_of_a_lot_counts_as_one(twin, asked, sold):
    lots = max(asked, 5)
    twin.set_reducible(MAKER, lots * LOT)
    asks(twin, lots, is_reduce_only=True, instrument=COIN)
    twin.set_reducible(MAKER, 5 * LOT // 2)
    twin.set_reducible(TAKER, asked * LOT)
    taken = {"lots": asked, "is_reduce_only": True, "instrument": COIN}
    assert twin.place(TAKER, **taken)[1] == -(-sold // 2)
    # What is left is too few to rest, or nothing that still reduces.
    (released,) = calls(twin, "Release")
    assert released == (COIN, MAKER, False, lots * LOT - sold * LOT // 2)


def test_a_trimmed_order_goes_though_whole_lots_were_counted(twin):
    twin.set_reducible(MAKER, 20 * LOT)
    order = asks(twin, 20, is_reduce_only=True, instrument=COIN)[0]
    twin.set_reducible(MAKER, 13 * LOT // 2)
    assert twin.place(TAKER, lots=7, instrument=COIN) == (0, 7, "")
    assert order not in twin.state.orders
    assert calls(twin, "Release") == [(COIN, MAKER, False, 27 * LOT // 2)]


# Of one owner


@pytest.mark.parametrize("number", [7, 8])
def test_the_newer_of_two_orders_of_an_owner_goes(twin, number):
    newer = account_of(MAKER >> 96, number)
    asks(twin, 5, account=OTHER)
    asks(twin, 5)
    asks(twin, 5, account=OTHER)
    assert twin.place(newer, lots=15) == (0, 5, "self trade")
    assert len(twin.state.orders) == 2


@pytest.mark.parametrize("number", [7, 8])
def test_the_older_of_two_orders_of_an_owner_goes(twin, number):
    newer = account_of(MAKER >> 96, number)
    order = asks(twin, 5)[0]
    asks(twin, 5, account=OTHER)
    oldest = SelfTrade.CANCEL_OLDEST
    assert twin.place(newer, self_trade=oldest) == (0, 5, "")
    gone = event(twin, "OrderCancelled")
    assert (gone["order"], gone["lots"], gone["reason"]) == (order, 5, "self trade")
    assert calls(twin, "Release") == [(PERP, MAKER, False, 5)]


# Time


def test_an_order_is_good_until_its_last_second(twin):
    order = asks(twin, 5, 5, expiry=twin.now + 5)[0]
    twin.wait(5)
    assert twin.place(TAKER)[1] == 5
    assert twin.view("order", order)[3] == 0
    twin.wait(1)
    assert twin.place(TAKER, kind=Kind.IOC) == (0, 0, "not filled")
    gone = event(twin, "OrderCancelled")
    assert (gone["lots"], gone["reason"]) == (5, "order expired")
    assert calls(twin, "Release") == [(PERP, MAKER, False, 5)]


def test_an_own_order_that_has_expired_stops_nobody(twin):
    asks(twin, 5, expiry=twin.now + 5)
    asks(twin, 5, account=OTHER)
    twin.wait(6)
    assert twin.place(MAKER) == (0, 5, "")


# How much is met at once


def test_no_more_orders_are_visited_than_allowed(twin):
    asks(twin, 5, 5, 5)
    assert twin.place(TAKER, lots=15, max_fills=0) == (0, 0, "too many fills")
    assert twin.place(TAKER, lots=15, max_fills=2) == (0, 10, "too many fills")
    assert twin.place(TAKER, lots=5, max_fills=1) == (0, 5, "")


def test_what_goes_on_the_way_is_a_visit(twin):
    asks(twin, 5, expiry=twin.now)
    asks(twin, 5, 5)
    twin.wait(1)
    assert twin.place(TAKER, lots=9, max_fills=2) == (0, 5, "too many fills")
    asks(twin, 5, account=OTHER)
    twin.set_refused(MAKER)
    assert twin.place(TAKER, max_fills=1) == (0, 0, "too many fills")
    assert twin.place(TAKER, max_fills=1) == (0, 5, "")


def test_nothing_is_visited_that_does_not_cross(twin):
    asks(twin, 5, price=PRICE + TICK)
    assert twin.place(TAKER, max_fills=0, kind=Kind.IOC) == (0, 0, "not filled")
    twin.rest(TAKER, max_fills=0)


def test_sixteen_orders_are_cleared_at_once(twin):
    asks(twin, *16 * [5])
    asks(twin, *16 * [5], account=OTHER)
    assert twin.place(TAKER, lots=85) == (0, 85, "")
    assert [len(makings) for *_, makings in calls(twin, "Clear")] == [16, 1]
    assert twin.place(TAKER, lots=80)[1:] == (75, "")


def test_thirty_two_orders_are_the_most(twin):
    asks(twin, *32 * [5])
    asks(twin, 5, account=OTHER)
    assert twin.place(TAKER, lots=1_000) == (0, 160, "too many fills")
    assert [len(makings) for *_, makings in calls(twin, "Clear")] == [16, 16]


def test_thirty_two_that_have_expired_are_the_most(twin):
    asks(twin, *32 * [5], expiry=twin.now)
    asks(twin, 5, account=OTHER)
    twin.wait(1)
    assert twin.place(TAKER) == (0, 0, "too many fills")
    assert len(calls(twin, "Release")) == 32
    assert twin.place(TAKER) == (0, 5, "")


def test_at_most_32_orders_are_cancelled_at_once(twin):
    owner = address_of(MAKER >> 96)
    gone = twin.rest(MAKER)
    with pytest.raises(Refused):
        twin.chain.send(owner, twin.book, "cancel", [gone] * 33)
    twin.cancel(MAKER >> 96, *[gone] * 32)
    assert not twin.state.orders


# Bands of takers


def test_what_is_out_of_the_oracles_band_is_not_filled(twin):
    asks(twin, 5, price=110 * WAD)
    asks(twin, 5, price=110 * WAD + TICK, account=OTHER)
    taken = {"lots": 10, "price": 111 * WAD}
    assert twin.place(TAKER, **taken) == (0, 5, "price out of band")
    assert twin.place(TAKER, **taken) == (0, 0, "price out of band")


def test_what_is_below_the_oracles_band_is_not_filled(twin):
    twin.rest(MAKER, price=90 * WAD)
    twin.rest(MAKER, price=90 * WAD - TICK)
    assert twin.sell(TAKER, lots=10, price=89 * WAD) == (0, 5, "price out of band")


@pytest.mark.parametrize("sign", [1, -1])
def test_no_fill_is_further_than_3_percent_from_the_first(twin, sign):
    terms = {"is_buy": sign < 0}
    for distance in (0, 3 * WAD, 3 * WAD + TICK):
        twin.rest(MAKER, price=PRICE + sign * distance, **terms)
    taken = {"is_buy": sign > 0, "price": PRICE + sign * 4 * WAD}
    assert twin.place(TAKER, lots=15, **taken) == (0, 10, "price out of band")


def test_each_pair_has_its_own_band(twin):
    twin.set_band(COIN, 1, 2)
    asks(twin, 5)
    assert twin.place(TAKER) == (0, 5, "")
    twin.set_band(COIN, PRICE, PRICE)
    asks(twin, 5, instrument=COIN)
    twin.set_band(PERP, 1, 2)
    assert twin.place(TAKER, instrument=COIN) == (0, 5, "")


# What the Clearinghouse says


def test_a_maker_who_is_refused_goes_and_the_next_is_met(twin):
    order = asks(twin, 5)[0]
    behind = asks(twin, 9, account=OTHER)[0]
    twin.set_refused(MAKER)
    assert twin.place(TAKER, lots=9) == (0, 9, "")
    gone = event(twin, "OrderCancelled")
    assert (gone["order"], gone["lots"], gone["reason"]) == (order, 5, "refused")
    assert calls(twin, "Release") == [(PERP, MAKER, False, 5)]
    assert [len(makings) for *_, makings in calls(twin, "Clear")] == [2, 1]
    assert behind not in twin.state.orders


def test_a_rest_too_small_to_stay_goes(twin):
    order = asks(twin, 9)[0]
    assert twin.place(TAKER) == (0, 5, "")
    gone = event(twin, "OrderCancelled")
    assert (gone["order"], gone["lots"], gone["reason"]) == (order, 4, "size too small")
    assert calls(twin, "Release") == [(PERP, MAKER, False, 4)]
    order = asks(twin, 10)[0]
    twin.place(TAKER)
    assert twin.view("order", order)[3] == 5


def test_after_a_stop_the_last_ones_stay(twin):
    refused = asks(twin, 5)[0]
    filled = asks(twin, 5, account=OTHER)[0]
    late = asks(twin, 5, account=OTHER)[0]
    last = asks(twin, 5, price=PRICE + TICK)[0]
    twin.set_refused(MAKER)
    twin.set_stop(2, errors.InsufficientCash)
    taken = {"lots": 20, "price": PRICE + TICK}
    assert twin.place(TAKER, **taken) == (0, 5, "insufficient cash")
    assert set(twin.state.orders) == {late, last}
    assert {refused, filled}.isdisjoint(twin.state.orders)
    twin.set_stop(0, errors.Paused)
    assert twin.place(TAKER, **taken) == (0, 0, "paused")


def test_a_stop_is_no_reason_once_all_is_filled(twin):
    asks(twin, 5)
    asks(twin, 5, account=OTHER)
    twin.set_stop(1, errors.Paused)
    twin.set_refused(TAKER, is_refused=False)
    assert twin.place(TAKER, lots=5) == (0, 5, "")


def test_a_taker_who_is_refused_takes_nothing(twin):
    asks(twin, 5)
    twin.set_refused(TAKER)
    with pytest.raises(errors.BelowInitialMargin):
        twin.place(TAKER)
    with pytest.raises(errors.BelowInitialMargin):
        twin.place(TAKER, price=PRICE - TICK)


def test_sizes_of_a_spot_pair_are_of_the_asset(twin):
    order = asks(twin, 20, instrument=COIN)[0]
    assert calls(twin, "Reserve") == [(COIN, MAKER, False, 20 * LOT)]
    twin.place(TAKER, lots=7, instrument=COIN)
    ((_, _, _, makings),) = calls(twin, "Clear")
    assert [tuple(each) for each in makings] == [(MAKER, 7 * LOT, PRICE, False)]
    twin.cancel(MAKER >> 96, order)
    assert calls(twin, "Release") == [(COIN, MAKER, False, 13 * LOT)]


# The index

FAR = (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 2**23 - 1, 2**23, 2**24 - 1)


def test_far_prices_are_found_upwards_and_downwards(twin):
    for is_buy in (True, False):
        for number in FAR:
            climb(twin, number, is_buy)


def climb(twin, number, is_buy):
    """Let orders rest at a price and behind it, and go again, best first."""
    tick = LISTINGS[SMALL].tick
    twin.set_band(SMALL, number * tick, number * tick)
    near = [number, *steps(number, is_buy)]
    for each in near:
        terms = {"is_buy": is_buy, "price": each * tick, "lots": 1}
        twin.rest(MAKER, instrument=SMALL, **terms)
    for each in near:
        assert twin.view("top", SMALL)[not is_buy] == each * tick
        mine = [o for o in twin.state.orders if price_of(twin, o) == each]
        twin.cancel(MAKER >> 96, *mine)
    assert twin.view("top", SMALL)[:2] == (0, 0)


def steps(number, is_buy):
    """Yield prices behind one, in the same word and in others, within a fifth."""
    for distance in (1, 2, 200, 300, 5_000, 70_000, 700_000):
        if distance * 5 <= number:
            other = number - distance if is_buy else number + distance
            if 0 < other < 2**24:
                yield other


def price_of(twin, order):
    """Return an order's price, in ticks."""
    return twin.state.orders[order].number
