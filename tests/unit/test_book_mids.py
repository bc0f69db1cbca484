"""The order book: the middle of each market, which the oracle is told."""

import pytest

from keeper.chain.interface import Refused
from specs import errors
from specs.fixed_point import WAD
from specs.listings import Listing
from tests.helpers.books import (
    COIN,
    LISTINGS,
    MAKER,
    OTHER,
    PERP,
    PRICE,
    SMALL,
    TAKER,
    TICK,
    UNLISTED,
    Twin,
    asks,
    calls,
    event,
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
