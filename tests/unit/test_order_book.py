"""The order book: what rests, what is met and in which order, who goes and why."""

from dataclasses import replace
from itertools import permutations

import pytest

from keeper.chain.interface import Refused
from specs import errors
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.listings import Kind, Listing, SelfTrade
from tests.helpers.books import (
    COIN,
    LISTINGS,
    MAKER,
    OPERATOR,
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


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


@pytest.fixture
def twin(surroundings):
    return Twin()


def names(twin):
    """Return the events of the last call that are the book's own."""
    return [e.name for e in twin.receipt.events if e.address == twin.book.address]


def event(twin, name):
    """Return what the last call's only event of a name says."""
    return twin.receipt.event(name).arguments


def events(twin, name):
    """Return what the last call's events of a name say."""
    return [e.arguments for e in twin.receipt.events if e.name == name]


def calls(twin, name):
    """Return what Clearinghouse or oracle was asked for in the last call."""
    return [tuple(arguments.values()) for arguments in events(twin, name)]


def asks(twin, *sizes, account=MAKER, **terms):
    """Let orders to sell rest at one price, and return their ids."""
    return [twin.rest(account, is_buy=False, lots=n, **terms) for n in sizes]


# Who may list, and what


def listing(**changes):
    return replace(LISTINGS[PERP], **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"tick": 0},
        {"tick": TICK + 1},
        {"tick": 2**40 * 10**6},
        {"min_lots": 0},
        {"min_lots": 2**32},
        {"impact": 0},
        {"impact": WAD + 1},
        {"impact": 2**32 * WAD},
        {"max_spread": 0},
        {"max_spread": 2**20},
        {"lot": 10**11},
        {"lot": 10**31},
        {"lot": 10**14},
    ],
    ids=str,
)
def test_a_listing_has_its_bounds(twin, changes):
    twin.list_market(UNLISTED, 10**15)
    with pytest.raises(errors.OutOfBounds):
        twin.list_instrument(UNLISTED, listing(**changes))
    twin.list_instrument(UNLISTED, listing())


@pytest.mark.parametrize(
    "listing",
    [
        Listing(10**6, 10**12, 1, WAD, 1),
        Listing((2**40 - 1) * 10**6, 10**30, 2**32 - 1, (2**32 - 1) * WAD, 2**20 - 1),
    ],
)
def test_the_bounds_of_a_listing_can_be_reached(twin, listing):
    twin.list_market(UNLISTED, listing.lot)
    twin.list_instrument(UNLISTED, listing)
    exponent = len(str(listing.lot)) - 1
    terms = listing.min_lots, listing.impact, listing.max_spread
    assert twin.view("listing", UNLISTED) == (listing.tick, exponent, *terms)
    assert names(twin) == ["InstrumentListed"]


def test_a_lot_of_an_asset_has_its_bounds(twin):
    twin.list_asset(9)
    twin.list_asset(10)
    for exponent in (11, 31):
        with pytest.raises(errors.OutOfBounds):
            twin.list_instrument(SPOT + 9, listing(lot=10**exponent))
    twin.list_instrument(SPOT + 9, listing(lot=10**12))
    twin.list_instrument(SPOT + 10, listing(lot=10**30))


@pytest.mark.parametrize(
    "number", [32, 33, 34, 63, 64, SPOT - 1, SPOT + 32, 2**256 - 1, 2**255 + SPOT]
)
def test_what_has_no_code_is_no_instrument(twin, number):
    with pytest.raises(errors.OutOfBounds):
        twin.list_instrument(number, listing())
    with pytest.raises(errors.UnknownInstrument):
        twin.place(MAKER, instrument=number)
    assert twin.view("listing", number) == (0, 0, 0, 0, 0)
    assert twin.view("top", number) == (0, 0, 0)


def test_nobody_trades_usdc(twin):
    twin.list_asset(0)
    with pytest.raises(errors.UnknownAsset):
        twin.list_instrument(SPOT, listing())


@pytest.mark.parametrize(
    ("instrument", "reason"),
    [(UNLISTED, errors.UnknownMarket), (SPOT + 9, errors.UnknownAsset)],
)
def test_what_the_clearinghouse_does_not_trade_is_not_listed(twin, instrument, reason):
    with pytest.raises(reason):
        twin.list_instrument(instrument, listing())


def test_only_the_governor_lists_and_only_once(twin):
    twin.list_market(UNLISTED, 10**15)
    with pytest.raises(errors.NotGovernor):
        twin.list_instrument(UNLISTED, listing(), caller=STRANGER)
    twin.list_instrument(UNLISTED, listing())
    with pytest.raises(errors.AlreadyListed):
        twin.list_instrument(UNLISTED, listing(tick=TICK * 2))


# What can be placed, and by whom


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"lots": 0}, errors.ZeroAmount),
        ({"lots": 2**56 + 1}, errors.AmountTooLarge),
        ({"lots": 2**256 - 1}, errors.AmountTooLarge),
        ({"lots": 4}, errors.SizeTooSmall),
        ({"price": PRICE + 1}, errors.NotOnTick),
        ({"price": 2**256 - 1}, errors.NotOnTick),
        ({"price": 0}, errors.PriceOutOfRange),
        ({"price": 2**24 * TICK, "kind": Kind.IOC}, errors.PriceOutOfRange),
        ({"kind": 4}, errors.OutOfBounds),
        ({"self_trade": 2}, errors.OutOfBounds),
        ({"max_fills": 33}, errors.OutOfBounds),
        ({"expiry": 2**32}, errors.OutOfBounds),
        ({"expiry": 1}, errors.OrderExpired),
        ({"instrument": UNLISTED}, errors.UnknownInstrument),
        ({"instrument": SPOT + 9}, errors.UnknownInstrument),
    ],
    ids=str,
)
def test_an_order_has_its_bounds(twin, terms, reason):
    with pytest.raises(reason):
        twin.place(MAKER, **terms)


def test_the_bounds_of_an_order_can_be_reached(twin):
    highest = (2**24 - 1) * TICK
    twin.place(MAKER, price=highest, kind=Kind.IOC, lots=2**56, self_trade=1)
    twin.rest(MAKER, expiry=twin.now)
    twin.rest(MAKER, expiry=2**32 - 1, lots=2**56)
    assert twin.view("order", 1 << 40 | 1 << 32 | 1)[3::3] == (2**56, 2**32 - 1)


def test_an_operator_who_may_trade_places_and_cancels(twin):
    for rights in (0, 2):
        twin.set_rights(MAKER, OPERATOR, rights)
        with pytest.raises(errors.NotAuthorised):
            twin.place(MAKER, caller=OPERATOR)
    twin.set_rights(MAKER, OPERATOR, 1)
    order = twin.rest(MAKER, caller=OPERATOR)
    twin.cancel(OPERATOR, order)
    twin.rest(MAKER)
    twin.cancel_all(OPERATOR, MAKER)
    assert not twin.state.orders


def test_nobody_trades_for_the_accounts_of_the_protocol(twin):
    for account in (0, 1, 2):
        for caller in (0, STRANGER):
            with pytest.raises(errors.NotAuthorised):
                twin.place(account, caller=caller)


# Where an order may rest


@pytest.mark.parametrize("kind", [Kind.LIMIT, Kind.POST_ONLY])
def test_an_empty_book_is_where_the_oracle_is(twin, kind):
    for price in (75 * WAD - TICK, 125 * WAD + TICK):
        with pytest.raises(errors.PriceOutOfBand):
            twin.place(MAKER, price=price, kind=kind)
    for is_buy, price in ((True, 75 * WAD), (False, 125 * WAD)):
        twin.rest(MAKER, is_buy=is_buy, price=price, kind=kind)
        twin.cancel_all(MAKER >> 96, MAKER)


@pytest.mark.parametrize("kind", [Kind.LIMIT, Kind.POST_ONLY])
def test_what_nobody_could_fill_does_not_rest(twin, kind):
    for is_buy, edge, step in ((True, 110 * WAD, TICK), (False, 90 * WAD, -TICK)):
        twin.rest(MAKER, is_buy=is_buy, price=edge, kind=kind)
        twin.cancel_all(MAKER >> 96, MAKER)
        order, filled, reason = twin.place(
            MAKER, is_buy=is_buy, price=edge + step, kind=kind
        )
        assert (order, filled, reason) == (0, 0, "price out of band")


@pytest.mark.parametrize("is_buy", [True, False])
def test_what_has_become_too_good_to_fill_makes_room(twin, is_buy):
    stale = twin.rest(MAKER, is_buy=not is_buy, price=100 * WAD)
    good = 120 * WAD if is_buy else 80 * WAD
    twin.set_band(PERP, good * 9 // 10, good * 11 // 10)
    twin.rest(OTHER, is_buy=not is_buy, price=good)
    twin.place(TAKER, is_buy=is_buy, lots=5, price=good, kind=Kind.IOC)
    assert names(twin)[0] == "OrderCancelled"
    assert stale not in twin.state.orders
    assert twin.view("top", PERP)[2] == good


def test_too_good_orders_are_visits_too(twin):
    for _ in range(3):
        twin.rest(MAKER, is_buy=False, price=100 * WAD)
    twin.set_band(PERP, 110 * WAD, 130 * WAD)
    twin.place(TAKER, lots=5, price=120 * WAD, kind=Kind.IOC, max_fills=2)
    assert len(twin.state.orders) == 1


def test_an_order_that_has_expired_does_not_keep_one_from_resting(twin):
    twin.rest(MAKER, is_buy=False, price=PRICE, expiry=twin.now + 1)
    twin.wait(2)
    order = twin.rest(OTHER, price=PRICE, kind=Kind.POST_ONLY)
    assert list(twin.state.orders) == [order]


def test_what_does_not_rest_may_be_priced_anyhow(twin):
    for price in (TICK, 1_000 * WAD):
        for kind, reason in ((Kind.IOC, None), (Kind.FOK, errors.NotFilled)):
            if reason:
                with pytest.raises(reason):
                    twin.place(MAKER, price=price, kind=kind)
            else:
                twin.place(MAKER, price=price, kind=kind)


def edges(twin, low, high):
    """Expect an order to rest from one price to another, and no further."""
    for price in (low - TICK, high + TICK):
        with pytest.raises(errors.PriceOutOfBand):
            twin.place(OTHER, price=price, kind=Kind.LIMIT, max_fills=0)
    for price in (low, high):
        twin.place(OTHER, price=price, kind=Kind.LIMIT, max_fills=0)
        twin.cancel_all(OTHER >> 96, OTHER)


def fill_at(twin, price):
    """Have the last price be one that leaves nothing behind."""
    twin.set_band(PERP, price, price)
    order = twin.rest(THIRD, price=price)
    twin.sell(TAKER, price=price, kind=Kind.IOC)
    assert order not in twin.state.orders


def oracle_at(twin, price):
    """Have the oracle's band be a wide one around a price."""
    twin.set_band(PERP, price // 2, 3 * price // 2)


def around(twin, median):
    """Expect orders within a quarter of a price."""
    edges(twin, median * 3 * WAD // 4, median * 5 * WAD // 4)


def test_of_an_empty_book_the_oracle_says_where_the_market_is(twin):
    oracle_at(twin, 80 * WAD)
    around(twin, 80)


def test_a_last_price_keeps_nobody_out_of_an_empty_book(twin):
    fill_at(twin, 80 * WAD)
    oracle_at(twin, 120 * WAD)
    around(twin, 120)


@pytest.mark.parametrize("is_buy", [True, False])
@pytest.mark.parametrize("price", [80, 100])
def test_one_side_alone_does_not_say_where_the_market_is(twin, is_buy, price):
    oracle_at(twin, 100 * WAD)
    twin.rest(MAKER, is_buy=is_buy, price=price * WAD)
    around(twin, 100)


@pytest.mark.parametrize(("oracle", "median"), [(80, 96), (100, 100), (120, 104)])
def test_the_oracle_stands_in_for_a_last_price(twin, oracle, median):
    oracle_at(twin, 100 * WAD)
    twin.rest(MAKER, price=96 * WAD)
    asks(twin, 5, price=104 * WAD)
    oracle_at(twin, oracle * WAD)
    around(twin, median)


@pytest.mark.parametrize("is_buy", [True, False])
@pytest.mark.parametrize(("oracle", "median"), [(80, 90), (96, 96), (120, 100)])
def test_the_oracle_stands_in_for_a_side(twin, is_buy, oracle, median):
    fill_at(twin, 90 * WAD)
    oracle_at(twin, 95 * WAD)
    twin.rest(MAKER, is_buy=is_buy, price=100 * WAD)
    oracle_at(twin, oracle * WAD)
    around(twin, median)


@pytest.mark.parametrize(
    ("last", "median"), [(80, 96), (100, 100), (120, 104)], ids=str
)
def test_of_three_known_prices_the_band_is_around_the_median(twin, last, median):
    fill_at(twin, last * WAD)
    oracle_at(twin, 100 * WAD)
    twin.rest(MAKER, price=96 * WAD)
    asks(twin, 5, price=104 * WAD)
    twin.set_band(PERP, 10 * WAD, 1_000 * WAD)
    around(twin, median)


@pytest.mark.parametrize(("low", "high", "middle"), [(108, 112, 108), (90, 98, 98)])
def test_the_market_is_within_the_oracles_band(twin, low, high, middle):
    fill_at(twin, 100 * WAD)
    oracle_at(twin, 100 * WAD)
    twin.rest(MAKER, price=100 * WAD)
    asks(twin, 5, price=106 * WAD)
    twin.set_band(PERP, low * WAD, high * WAD)
    around(twin, middle)


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


# Slots


def test_an_account_has_32_slots(twin):
    orders = asks(twin, *32 * [5])
    with pytest.raises(errors.TooManyOrders):
        twin.place(MAKER, price=PRICE - TICK)
    assert twin.place(MAKER, price=PRICE - TICK, kind=Kind.IOC)[0] == 0
    twin.cancel(MAKER >> 96, orders[9], orders[4])
    again = twin.rest(MAKER, price=PRICE - TICK)
    assert again == 2 << 40 | 4 << 32 | 1
    assert twin.rest(OTHER, price=PRICE - TICK) == 1 << 40 | 2


def test_a_slot_is_checked_before_margin(twin):
    asks(twin, *32 * [5])
    twin.set_refused(MAKER)
    with pytest.raises(errors.TooManyOrders):
        twin.place(MAKER, price=PRICE - TICK)


def test_an_id_is_of_one_order(twin):
    first = twin.rest(MAKER)
    twin.cancel(MAKER >> 96, first)
    second = twin.rest(MAKER)
    for order in (first, second + (1 << 40), 0, 2**256 - 1, second | 1 << 200):
        twin.cancel(STRANGER, order)
        assert twin.view("order", order) == (0, 0, False, 0, 0, False, 0)
    assert second in twin.state.orders


# Who may cancel


def test_nobody_else_cancels(twin):
    order = twin.rest(MAKER)
    for caller in (STRANGER, OTHER >> 96):
        with pytest.raises(errors.NotAuthorised):
            twin.cancel(caller, order)
        with pytest.raises(errors.NotAuthorised):
            twin.cancel_all(caller, MAKER)
    twin.cancel(MAKER >> 96, order)
    gone = event(twin, "OrderCancelled")
    assert (gone["lots"], gone["reason"]) == (5, "cancelled")


def test_who_may_cancel_one_may_not_cancel_anothers(twin):
    mine, others = twin.rest(MAKER), twin.rest(OTHER)
    with pytest.raises(errors.NotAuthorised):
        twin.cancel(MAKER >> 96, mine, others)
    with pytest.raises(errors.NotAuthorised):
        twin.cancel(MAKER >> 96, others, mine)


def test_anyone_cancels_what_has_expired(twin):
    order, good = twin.rest(MAKER, expiry=twin.now), twin.rest(MAKER)
    with pytest.raises(errors.NotAuthorised):
        twin.cancel(STRANGER, order)
    twin.wait(1)
    with pytest.raises(errors.NotAuthorised):
        twin.cancel(STRANGER, order, good)
    twin.cancel(STRANGER, order)
    assert event(twin, "OrderCancelled")["reason"] == "order expired"
    with pytest.raises(errors.NotAuthorised):
        twin.cancel_all(STRANGER, MAKER)


def test_anyone_cancels_for_an_account_below_its_margin(twin):
    order = twin.rest(MAKER)
    twin.rest(MAKER)
    other = twin.rest(OTHER)
    twin.set_liquidatable(MAKER)
    twin.cancel(STRANGER, order)
    with pytest.raises(errors.NotAuthorised):
        twin.cancel(STRANGER, other)
    twin.cancel_all(STRANGER, MAKER)
    assert list(twin.state.orders) == [other]


def test_all_of_one_account_are_cancelled(twin):
    twin.rest(MAKER)
    asks(twin, 5, 6, instrument=COIN)
    twin.rest(account_of(MAKER >> 96, 8))
    twin.rest(OTHER)
    twin.cancel_all(MAKER >> 96, MAKER)
    assert len(twin.state.orders) == 2
    assert [size for *_, size in calls(twin, "Release")] == [5, 5 * LOT, 6 * LOT]
    twin.cancel_all(MAKER >> 96, MAKER)
    assert names(twin) == []


def test_one_that_is_gone_is_passed_over(twin):
    order = twin.rest(MAKER)
    twin.cancel(MAKER >> 96, order, order)
    assert len(calls(twin, "Release")) == 1
    twin.cancel(MAKER >> 96, order)
    assert names(twin) == []


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


# Where the market is


def mids(twin):
    """Return what the oracle was told in the last call."""
    return calls(twin, "Observe")


def quote(twin, lots=2_000, bid=PRICE - TICK, ask=PRICE + TICK, **terms):
    """Let a bid and an ask rest that are worth the impact notional each."""
    twin.rest(MAKER, lots=lots, price=bid, **terms)
    twin.rest(MAKER, lots=lots, price=ask, is_buy=False, **terms)


def test_the_middle_of_a_book_is_told(twin):
    quote(twin)
    assert mids(twin) == [(PERP, PRICE, twin.now + 300)]
    assert event(twin, "MidTold")["mid"] == PRICE
    twin.rest(OTHER, price=PRICE - 2 * TICK)
    assert mids(twin) == []
    twin.cancel_all(MAKER >> 96, MAKER)
    assert mids(twin) == [(PERP, 0, twin.now + 300)]


def test_a_thin_book_has_no_mid(twin):
    # 100 USDC at 100.1 are 0.99900.. units of 1,000 lots each.
    twin.rest(MAKER, lots=2_000, price=PRICE - TICK)
    asks(twin, 999, price=PRICE + TICK)
    assert mids(twin) == []
    asks(twin, 5, price=PRICE + 2 * TICK)
    assert len(mids(twin)) == 1


def test_a_bid_that_is_too_small_makes_no_mid(twin):
    # 100 USDC at 99.9 are 1.00100.. units.
    asks(twin, 1_000, price=PRICE + TICK)
    twin.rest(MAKER, lots=1_001, price=PRICE - TICK)
    assert mids(twin) == []
    twin.rest(MAKER, lots=5, price=PRICE - 2 * TICK)
    assert len(mids(twin)) == 1


@pytest.mark.parametrize(("ticks", "is_told"), [(9, True), (10, False)])
def test_a_wide_book_has_no_mid(twin, ticks, is_told):
    # The last one is 2 % wide, and a little more, for both sides round outwards.
    quote(twin, bid=PRICE - 10 * TICK, ask=PRICE + ticks * TICK)
    assert bool(mids(twin)) == is_told


@pytest.mark.parametrize(("spread", "is_told"), [(20_000, True), (19_999, False)])
def test_a_book_as_wide_as_allowed_has_a_mid(twin, spread, is_told):
    # 9,999 USDC are 101 units at 99 and 99 units at 101, without a rest.
    twin.list_market(UNLISTED, 10**18)
    terms = Listing(WAD, 10**18, 1, 9_999 * WAD, spread)
    twin.list_instrument(UNLISTED, terms)
    twin.set_band(UNLISTED, PRICE, PRICE)
    quote(twin, 101, 99 * WAD, 101 * WAD, instrument=UNLISTED)
    assert bool(mids(twin)) == is_told


def test_what_may_expire_makes_no_mid(twin):
    quote(twin, expiry=twin.now + 1_000)
    assert mids(twin) == []
    quote(twin, bid=PRICE - 2 * TICK, ask=PRICE + 2 * TICK)
    assert mids(twin) == [(PERP, PRICE, twin.now + 300)]


@pytest.mark.parametrize(("levels", "is_told"), [(8, True), (9, False)])
def test_a_mid_is_of_eight_prices_a_side_at_most(twin, levels, is_told):
    asks(twin, 1_000, price=PRICE + TICK)
    for number in range(levels):
        lots = 5 if number < levels - 1 else 1_000
        twin.rest(OTHER, lots=lots, price=PRICE - TICK * number)
    assert bool(mids(twin)) == is_told


def test_fills_move_the_middle(twin):
    quote(twin)
    asks(twin, 1_000, price=PRICE + 3 * TICK)
    twin.place(TAKER, lots=2_000, price=PRICE + TICK)
    assert mids(twin) == [(PERP, PRICE + TICK - 10**6, twin.now + 300)]
    twin.place(TAKER, lots=10, price=PRICE + 3 * TICK)
    assert mids(twin) == [(PERP, 0, twin.now + 300)]


def test_a_mid_that_is_getting_old_is_told_again(twin):
    quote(twin)
    twin.wait(59)
    twin.rest(OTHER, price=PRICE - 5 * TICK)
    assert mids(twin) == []
    twin.wait(1)
    twin.rest(OTHER, price=PRICE - 5 * TICK)
    assert mids(twin) == [(PERP, PRICE, twin.now + 300)]


def test_an_empty_book_is_not_told_again(twin):
    twin.rest(MAKER)
    twin.wait(1_000)
    twin.rest(MAKER)
    assert mids(twin) == []


def test_a_spot_pair_has_no_mid(twin):
    quote(twin, instrument=COIN)
    assert names(twin) == ["OrderPlaced"]


def test_one_call_tells_each_market_once(twin):
    quote(twin)
    for is_buy, number in ((True, 49), (False, 51)):
        price = number * LISTINGS[SMALL].tick
        terms = {"is_buy": is_buy, "price": price, "lots": 10**12}
        twin.rest(MAKER, instrument=SMALL, **terms)
    assert mids(twin) == [(SMALL, 50 * 10**6, twin.now + 300)]
    twin.cancel(MAKER >> 96, *twin.state.orders)
    assert mids(twin) == [(PERP, 0, twin.now + 300), (SMALL, 0, twin.now + 300)]


def test_anyone_has_a_mid_told_again(twin):
    quote(twin)
    twin.refresh(PERP)
    assert mids(twin) == [(PERP, PRICE, twin.now + 300)]
    twin.wait(1)
    twin.refresh(SMALL)
    assert mids(twin) == [(SMALL, 0, twin.now + 300)]


def test_only_listed_markets_have_a_mid(twin):
    with pytest.raises(errors.UnknownInstrument):
        twin.refresh(UNLISTED)
    for instrument in (COIN, 32, 34):
        with pytest.raises(errors.UnknownMarket):
            twin.refresh(instrument)


def test_an_oracle_that_does_not_listen_keeps_nobody(twin):
    quote(twin)
    twin.set_mood(1)
    twin.cancel_all(MAKER >> 96, MAKER)
    assert names(twin)[-1] == "MidTold"
    twin.set_mood(0)
    twin.refresh(PERP)
    assert mids(twin) == [(PERP, 0, twin.now + 300)]


def test_a_mid_is_not_lost_for_want_of_gas(twin):
    quote(twin)
    twin.set_mood(2)
    owner = address_of(MAKER >> 96)
    with pytest.raises(Refused) as caught:
        twin.chain.send(owner, twin.book, "cancel_all", MAKER)
    assert caught.value.reason == "not enough gas"
