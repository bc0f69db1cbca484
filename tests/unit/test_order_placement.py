"""The order book: what may be listed and placed, where it rests, and who cancels it."""

from dataclasses import replace

import pytest

from specs import errors
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.listings import Kind, Listing
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
    asks,
    calls,
    event,
    names,
    stand_in,
)


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


@pytest.fixture
def twin(surroundings):
    return Twin()


LOT = LISTINGS[COIN].lot


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


@pytest.mark.parametrize("is_buy", [True, False])
def test_the_farthest_price_is_a_quarter_away_to_the_tick(twin, is_buy):
    """
    A quarter is the tolerance of `bands` for what rests in the `OrderBook`: told on a
    book of fine ticks, of which a millionth of the price has eight.
    """
    tick = LISTINGS[SMALL].tick
    twin.set_band(SMALL, 7_200_000 * tick, 8_800_000 * tick)
    edge = (6_000_000 if is_buy else 10_000_000) * tick
    beyond = edge - tick if is_buy else edge + tick
    with pytest.raises(errors.PriceOutOfBand):
        twin.rest(MAKER, instrument=SMALL, is_buy=is_buy, price=beyond)
    twin.rest(MAKER, instrument=SMALL, is_buy=is_buy, price=edge)


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
