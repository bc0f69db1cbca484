"""Open orders: what is counted and taken back, and the margin that it binds."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import open_orders
from specs.accounts import BACKSTOP_FUND, USDC, Settings
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.open_orders import OpenOrders
from specs.perpetual import MAX_LOTS
from specs.requirements import Haircut
from specs.world import Action
from tests.helpers.orders import OrderStage, clear, release, reserve, spot, take_order
from tests.helpers.stages import govern, health_of, liquidate, move, sizes_of
from tests.helpers.worlds import (
    BOOK,
    BTC,
    CALM,
    CROSSINGS,
    ETH,
    MARKETS,
    PRICES,
    STRANGER,
    UNLISTED,
    VENUE,
    account_of,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
)

MOST = 10**30
ODD = 2**256 - 1


@pytest.fixture(scope="module")
def deployed():
    return OrderStage()


def orders_of(stage, account):
    found = stage.world.clearing.accounts[account].orders
    return {number: (each.bids, each.asks) for number, each in found.items()}


# Counting


def test_orders_are_counted_by_side_and_instrument(stage):
    stage.play(reserve(0, lender, True, 5))
    stage.play(reserve(0, lender, True, 6))
    stage.play(reserve(0, lender, False, 7))
    stage.play(reserve(spot(ETH), lender, True, WAD))
    assert orders_of(stage, lender) == {0: (11, 7), spot(ETH): (WAD, 0)}
    stage.play(release(0, lender, True, 11))
    stage.play(release(0, lender, False, 6))
    assert orders_of(stage, lender) == {0: (0, 1), spot(ETH): (WAD, 0)}
    stage.play(release(0, lender, False, 1))
    stage.play(release(spot(ETH), lender, True, WAD))
    assert orders_of(stage, lender) == {}


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (reserve(1, lender, True, 5), "OrdersReserved"),
        (reserve(spot(BTC), lender, False, 5), "OrdersReserved"),
        (release(0, lender, False, 3), "OrdersReleased"),
    ],
)
def test_what_is_counted_is_told(stage, action, name):
    stage.play(reserve(0, lender, False, 4))
    instrument, account, is_buy, size = action.arguments
    told = {
        "instrument": instrument,
        "account": account,
        "is_buy": is_buy,
        "size": size,
        "time": stage.world.now,
    }
    assert stage.events(action) == [(name, told)]


@pytest.mark.parametrize("call", [reserve, release])
@pytest.mark.parametrize(
    ("instrument", "reason"),
    [
        (UNLISTED, "unknown market"),
        (32 + ETH, "unknown market"),
        (ODD, "unknown asset"),
        (spot(USDC), "unknown asset"),
        (spot(UNLISTED), "unknown asset"),
    ],
)
def test_nothing_rests_in_what_is_not_listed(stage, call, instrument, reason):
    """A number between markets and assets has the code of an asset."""
    stage.play(reserve(spot(ETH), lender, True, WAD))
    assert stage.refuse(call(instrument, lender, True, WAD)) == reason


@pytest.mark.parametrize("caller", [STRANGER, VENUE, lender >> 96])
@pytest.mark.parametrize("call", [reserve, release])
def test_a_book_alone_counts_orders(stage, call, caller):
    stage.play(reserve(0, lender, True, 5))
    action = replace(call(0, lender, True, 5), caller=caller)
    assert stage.refuse(action) == "not a venue"


def test_the_protocol_has_no_orders(stage):
    assert stage.refuse(reserve(0, BACKSTOP_FUND, True, 1)) == "reserved account"


@pytest.mark.parametrize("is_buy", [True, False])
@pytest.mark.parametrize("instrument", [0, SPOT + ETH])
def test_no_more_than_rests_is_taken_back(stage, instrument, is_buy):
    stage.play(reserve(instrument, lender, is_buy, 5))
    for size in (6, 2**128, ODD):
        action = release(instrument, lender, is_buy, size)
        assert stage.refuse(action) == "amount too large"
    assert stage.refuse(release(instrument, lender, not is_buy, 1)) == (
        "amount too large"
    )
    stage.play(release(instrument, lender, is_buy, 5))


@pytest.mark.parametrize("is_buy", [True, False])
@pytest.mark.parametrize(("instrument", "most"), [(0, MAX_LOTS), (SPOT + ETH, MOST)])
def test_no_more_than_the_most_may_rest(stage, instrument, most, is_buy):
    stage.play(reserve(instrument, lender, is_buy, 5))
    for size in (most - 4, most + 1, ODD):
        action = reserve(instrument, lender, is_buy, size)
        assert stage.refuse(action) == "amount too large"
    action = reserve(instrument, lender, is_buy, most - 5)
    assert stage.refuse(action) == "below initial margin"


# Margin


def largest(stage, make):
    """Return the largest size that may rest; one more is refused."""
    low, high = 1, 10**24
    while high - low > 1:
        middle = (low + high) // 2
        try:
            take_order(stage.world, make(middle))
            low = middle
        except Revert:
            high = middle
    assert stage.refuse(make(high)) == "below initial margin"
    stage.play(make(low))
    return low


@pytest.mark.parametrize("instrument", [0, 1, SPOT + BTC, SPOT + ETH])
@pytest.mark.parametrize("account", [lender, hedger, bull, bear])
@pytest.mark.parametrize("is_buy", [True, False])
def test_the_worst_side_has_margin(stage, instrument, account, is_buy):
    def make(size):
        return reserve(instrument, account, is_buy, size)

    most = largest(stage, make)
    health = health_of(stage, account)
    assert health.initial_equity >= health.initial_margin
    assert stage.refuse(make(max(1, most // 1_000))) == "below initial margin"


def test_the_other_side_of_a_position_binds_nothing(stage):
    """Bull is long: it could be sold and turned over at no more risk."""
    before = health_of(stage, bull)
    stage.play(reserve(0, bull, False, 10_000))
    assert health_of(stage, bull) == before
    stage.play(reserve(0, bull, False, 1))
    assert health_of(stage, bull).initial_margin > before.initial_margin


def test_maintenance_margin_knows_no_orders(stage):
    before = health_of(stage, lender)
    for instrument, size in ((0, 9_000), (spot(ETH), WAD), (spot(BTC), WAD // 10)):
        for is_buy in (True, False):
            stage.play(reserve(instrument, lender, is_buy, size))
    after = health_of(stage, lender)
    for name in ("equity", "maintenance_margin", "exposure"):
        assert getattr(after, name) == getattr(before, name)
    assert after.initial_margin > before.initial_margin
    assert after.initial_equity < before.initial_equity


def weaken(stage):
    """Leave the bull above its maintenance margin, below its initial one."""
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    for action in publish({BTC: 36_000 * WAD}):
        stage.play(action)


def test_what_adds_no_risk_may_rest_without_margin(stage):
    weaken(stage)
    stage.play(reserve(0, bull, False, 10_000))
    stage.play(reserve(spot(BTC), bull, False, WAD // 2))
    refused = "below initial margin"
    assert stage.refuse(reserve(0, bull, True, 1)) == refused
    assert stage.refuse(reserve(0, bull, False, 1)) == refused
    assert stage.refuse(reserve(spot(BTC), bull, True, 1)) == refused
    assert stage.refuse(reserve(spot(BTC), bull, False, WAD)) == refused


def test_who_has_no_margin_takes_orders_back(stage):
    stage.play(reserve(0, bull, True, 100))
    weaken(stage)
    stage.play(release(0, bull, True, 100))


@pytest.mark.parametrize("instrument", [0, SPOT + BTC])
def test_no_order_that_adds_risk_rests_at_a_stale_price(stage, instrument):
    stage.play(Action("wait", STRANGER, (61,)))
    assert stage.refuse(reserve(instrument, lender, True, 5)) == "stale price"


def test_no_order_that_adds_risk_rests_while_prices_diverge(stage):
    stage.play(Action("wait", STRANGER, (1,)))
    arguments = BTC, PRICES[BTC], PRICES[BTC] * 103 // 100, 0, CALM
    stage.play(Action("publish", STRANGER, arguments))
    stage.play(Action("tick", STRANGER, (tuple(PRICES), MARKETS, CROSSINGS)))
    assert stage.refuse(reserve(0, lender, True, 5)) == "prices diverge"
    stage.play(reserve(0, bull, False, 5))


@pytest.mark.parametrize("seed", range(4))
def test_margin_of_any_orders_is_as_specified(stage, seed):
    rng = Random(seed)
    stage.play(own("borrow", bear, ETH, WAD))
    stage.play(own("borrow", bull, USDC, 9_000 * 10**6))
    prices = {
        asset: price * rng.randrange(97, 104) // 100 for asset, price in PRICES.items()
    }
    for action in publish(prices):
        stage.play(action)
    accounts = lender, hedger, bull, bear, account_of(bull >> 96, 1)
    for _ in range(60):
        instrument = rng.choice([0, 1, spot(BTC), spot(ETH)])
        worth = rng.choice([1, 100, 10_000, 50_000])
        size = worth * (WAD // 10_000 if instrument >= SPOT else 1)
        action = reserve(instrument, rng.choice(accounts), rng.random() < 0.5, size)
        try:
            take_order(stage.world, action)
        except Revert:
            stage.refuse(action)
        else:
            stage.play(action)
        health_of(stage, action.arguments[1])


# What could be left


SIZES = st.integers(0, 10**24)
PRICE = st.integers(0, 10**23)


@given(SIZES, SIZES, SIZES, PRICE, PRICE)
def test_bids_cost_no_less_than_they_leave_counted(bids, held, owed, one, other):
    haircut = Haircut(900_000, 400_000_000)
    low, high = sorted((one, other))
    loss = open_orders.compute_bid_loss(bids, held, owed, low, high, haircut)
    assert 0 <= loss <= open_orders.compute_bid_cost(bids, high)


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_the_worst_position_is_that_of_one_side(held, bids, asks):
    worst = open_orders.compute_worst_lots(held, OpenOrders(bids, asks))
    assert worst in (abs(held), held + bids, asks - held)
    assert worst >= max(abs(held), held + bids, asks - held)


# Takeovers


def test_a_takeover_waits_until_orders_are_cancelled(stage):
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    stage.play(reserve(0, bull, False, 10))
    assert stage.refuse(liquidate(bull)) == "not liquidatable"
    move(stage, {BTC: 35_000})
    before = sizes_of(stage, bull)
    assert stage.refuse(liquidate(bull)) == "orders open"
    stage.play(release(0, bull, False, 10))
    stage.play(liquidate(bull))
    assert sizes_of(stage, bull) != before


# A venue that is none any more


def test_a_book_that_is_dismissed_counts_no_orders(stage):
    stage.play(govern("set_venue", BOOK, 0))
    assert stage.refuse(reserve(0, lender, True, 1)) == "not a venue"


def test_a_book_that_is_dismissed_lets_go_of_its_orders(stage):
    """They bound margin, and kept takeovers waiting, for ever."""
    stage.play(reserve(0, lender, True, 5))
    dismissal = govern("set_venue", BOOK, 0)
    ((_, told),) = stage.events(dismissal)
    assert told["roles"] == stage.world.clearing.venues[BOOK] == 8
    for action in (reserve(0, lender, True, 1), clear(0, bear, False)):
        assert stage.refuse(action) == "not a venue"
    stage.play(release(0, lender, True, 3))
    stage.play(dismissal)
    stage.play(release(0, lender, True, 2))
    assert orders_of(stage, lender) == {}


def test_what_is_left_to_a_book_is_no_role_of_its_own(stage):
    """It goes when the role comes back, and nobody else has it."""
    for roles, stored in ((3, 11), (0, 8), (4, 4), (7, 7), (1, 9)):
        stage.play(govern("set_venue", BOOK, roles))
        assert stage.world.clearing.venues[BOOK] == stored
    stage.play(govern("set_venue", STRANGER, 3))
    stage.play(govern("set_venue", STRANGER, 1))
    assert stage.world.clearing.venues[STRANGER] == 1


# What needs no price


def test_what_is_held_may_be_offered_without_a_price(stage):
    """Who had no exposure at all could not take out his USDC."""
    stage.play(own("deposit", lender, ETH, 10**18))
    stage.play(reserve(spot(ETH), lender, False, WAD // 2))
    stage.play(Action("wait", STRANGER, (61,)))
    assert not health_of(stage, lender).is_stale
    stage.play(own("withdraw", lender, USDC, 10**6))


@pytest.mark.parametrize(("is_buy", "size"), [(False, 2 * WAD), (True, 1)])
def test_what_could_add_something_needs_a_price(stage, is_buy, size):
    stage.play(own("deposit", lender, ETH, 10**18))
    stage.play(reserve(spot(ETH), lender, is_buy, size))
    stage.play(Action("wait", STRANGER, (61,)))
    assert health_of(stage, lender).is_stale
    assert stage.refuse(own("withdraw", lender, USDC, 10**6)) == "stale price"


# A limit of one's own


def limit(account, leverage):
    """Return the choice of a limit of leverage."""
    return own("set_settings", account, Settings(max_leverage=leverage))


def test_a_stricter_limit_binds_what_rests(stage):
    """Orders had been let rest at a leverage that the account then forbade."""
    stage.play(reserve(0, lender, True, 10_000))
    assert stage.refuse(limit(lender, 1)) == "below initial margin"
    stage.play(limit(lender, 2))
    assert stage.refuse(limit(lender, 1)) == "below initial margin"
    stage.play(release(0, lender, True, 10_000))
    stage.play(limit(lender, 1))


def test_no_other_choice_asks_for_margin(stage):
    stage.play(limit(lender, 5))
    stage.play(reserve(0, lender, True, 1))
    stage.play(Action("wait", STRANGER, (61,)))
    for leverage in (5, 6, 0):
        stage.play(limit(lender, leverage))
    assert stage.refuse(limit(lender, 6)) == "stale price"
    stage.play(limit(bull, 1))
