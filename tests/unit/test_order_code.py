"""Clearing of orders: who is filled, who is passed over, and what stops or refuses."""

from dataclasses import replace

import pytest

from specs import clearinghouse as ch
from specs import margin
from specs.accounts import BACKSTOP_FUND, USDC
from specs.fixed_point import PPM, WAD, mul_div_up
from specs.instruments import SPOT
from specs.makers import Making, get_reducible
from specs.perpetual import MAX_LOTS
from specs.state import Limits
from specs.world import Action
from tests.helpers.orders import OrderStage, clear, reserve, spot
from tests.helpers.stages import govern, held, owed, sizes_of
from tests.helpers.worlds import (
    BOOK,
    BTC,
    CALM,
    CROSSINGS,
    ETH,
    FEES,
    GUARDIAN,
    INTERVAL,
    LOT_EXPONENTS,
    MARKETS,
    PERPETUALS,
    PRICES,
    STRANGER,
    UNLISTED,
    VENUE,
    account_of,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
)

MOST = 10**30
PRICE, LOT = PRICES[BTC], 10 ** LOT_EXPONENTS[0]
SPOT_PRICE = PRICES[ETH]
STEP = 10**18
"""From one price to the next."""


@pytest.fixture(scope="module")
def deployed():
    return OrderStage()


def ask(stage, account, lots, price=PRICE, **options):
    """Let an account's offer of a perpetual rest."""
    return stage.rest(0, account, False, lots, price, **options)


def bid(stage, account, lots, price=PRICE, **options):
    """Let an account's bid for a perpetual rest."""
    return stage.rest(0, account, True, lots, price, **options)


def offer(stage, account, amount=WAD, price=SPOT_PRICE, **options):
    """Let an account's offer of ETH rest."""
    return stage.rest(spot(ETH), account, False, amount, price, **options)


def demand(stage, account, amount=WAD, price=SPOT_PRICE, **options):
    """Let an account's bid for ETH rest."""
    return stage.rest(spot(ETH), account, True, amount, price, **options)


def orders_of(stage, account, instrument=0):
    """Return an account's resting bids and asks."""
    found = stage.world.clearing.accounts[account].orders.get(instrument)
    return (found.bids, found.asks) if found else (0, 0)


def lots_of(stage, account, market=0):
    return sizes_of(stage, account).get(market, 0)


def fee(notional, ppm):
    return mul_div_up(notional, ppm, PPM)


def diverge(stage, asset=BTC):
    """Publish a fast price that is too far from the slow one."""
    stage.play(Action("wait", STRANGER, (1,)))
    price = PRICES[asset]
    arguments = asset, price, price * 103 // 100, 0, CALM
    stage.play(Action("publish", STRANGER, arguments))
    stage.play(Action("tick", STRANGER, (tuple(PRICES), MARKETS, CROSSINGS)))


# Events and fees


def fills(stage):
    return [
        tuple(event.arguments.values())
        for event in stage.made.receipt.events
        if event.name == "OrderFill"
    ]


def test_a_perpetual_is_logged_by_maker_and_by_level(stage):
    first, second = ask(stage, bear, 10), ask(stage, hedger, 7)
    third = ask(stage, bear, 3, PRICE + STEP)
    assert stage.clear(0, lender, True, first, second, third) == ((10, 7, 3), "")
    now = stage.world.now

    def told(account, is_buy, lots, price, rate):
        due = fee(mul_div_up(lots * LOT, price, WAD), rate)
        is_maker = rate == FEES.maker
        return 0, account, is_buy, lots, price, due, is_maker, now

    assert fills(stage) == [
        told(bear, False, 10, PRICE, FEES.maker),
        told(hedger, False, 7, PRICE, FEES.maker),
        told(lender, True, 17, PRICE, FEES.taker),
        told(bear, False, 3, PRICE + STEP, FEES.maker),
        told(lender, True, 3, PRICE + STEP, FEES.taker),
    ]
    assert lots_of(stage, lender) == 20


def test_a_taker_pays_one_rounded_fee_for_a_level(stage):
    """Fees of single lots would each be rounded up."""
    price = PRICE + 10**6 + 1
    makings = [ask(stage, account, 1, price) for account in (bear, hedger)]
    stage.clear(0, lender, True, *makings)
    *_, taken = fills(stage)
    apart = 2 * fee(mul_div_up(LOT, price, WAD), FEES.taker)
    assert taken[5] == fee(mul_div_up(2 * LOT, price, WAD), FEES.taker) == apart - 1


def test_levels_are_where_the_price_changes(stage):
    """Prices that come again are levels of their own."""
    prices = (PRICE, PRICE + STEP, PRICE)
    makings = [ask(stage, bear, 5, price) for price in prices]
    stage.clear(0, lender, True, *makings)
    assert [each[4] for each in fills(stage) if not each[6]] == list(prices)


def test_spot_is_logged_by_fill(stage):
    price = SPOT_PRICE + 7
    makings = [offer(stage, hedger, WAD // 3, price), demand(stage, lender)]
    assert stage.clear(spot(ETH), lender, True, makings[0]) == ((WAD // 3,), "")
    cost = mul_div_up(WAD // 3, price, WAD)
    sides = (hedger, False, FEES.maker, True), (lender, True, FEES.taker, False)
    assert fills(stage) == [
        (
            SPOT + ETH,
            account,
            is_buy,
            WAD // 3,
            price,
            fee(cost, rate),
            is_maker,
            stage.world.now,
        )
        for account, is_buy, rate, is_maker in sides
    ]


def test_the_reserve_earns_the_fees(stage):
    making = ask(stage, bear, 10)
    before = stage.world.clearing.assets[USDC].pool.reserve
    stage.clear(0, lender, True, making)
    notional = 10 * LOT * PRICE // WAD
    earned = stage.world.clearing.assets[USDC].pool.reserve - before
    assert earned == fee(notional, FEES.maker) + fee(notional, FEES.taker)


@pytest.mark.parametrize("is_buy", [True, False])
def test_what_was_filled_rests_no_more(stage, is_buy):
    making = stage.rest(0, bear, not is_buy, 10, PRICE)
    stage.rest(0, bear, not is_buy, 4, PRICE)
    stage.clear(0, lender, is_buy, making)
    assert sum(orders_of(stage, bear)) == 4
    assert lots_of(stage, lender) == (10 if is_buy else -10)


def test_interest_of_a_clearing_of_nothing_is_told(stage):
    stage.play(Action("wait", STRANGER, (30,)))
    nobody = Making(bear, 10, PRICE)
    stage.play(clear(0, lender, True, nobody))
    told = [event.name for event in stage.made.receipt.events]
    assert told == ["Accrued"]
    stage.play(clear(spot(ETH), lender, True, Making(bear, WAD, SPOT_PRICE)))
    (accrued,) = stage.made.receipt.events
    assert (accrued.name, accrued.arguments["asset"]) == ("Accrued", ETH)


def test_a_list_of_nobody_is_cleared(stage):
    for instrument in (0, spot(ETH)):
        assert stage.clear(instrument, lender, True) == ((), "")


def test_sixteen_makers_are_cleared_at_once(stage):
    stage.play(reserve(0, bear, False, 16))
    makings = [Making(bear, 1, PRICE + number // 3) for number in range(16)]
    assert stage.clear(0, lender, True, *makings) == ((1,) * 16, "")
    arguments = 0, lender, True, [(bear, 1, PRICE, False)] * 17
    assert stage.made.reason(BOOK, "Clearinghouse", "clear", *arguments) is not None


@pytest.mark.parametrize("price", [25_000, 36_000])
def test_a_covered_order_rests_unless_its_account_is_to_be_liquidated(stage, price):
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    for action in publish({BTC: price * WAD}):
        stage.play(action)
    health = ch.assess(stage.world.clearing, bull, stage.world.now)
    assert health.initial_equity < health.initial_margin
    order = reserve(0, bull, False, 10)
    if margin.is_liquidatable(health):
        assert stage.refuse(order) == "below initial margin"
    else:
        stage.play(order)


# Makers who are passed over


def test_a_maker_without_margin_is_passed_over(stage):
    rich, poor = ask(stage, lender, 10), ask(stage, hedger, 9_000)
    stage.play(own("borrow", hedger, USDC, 24_000 * 10**6))
    stage.play(Action("wait", STRANGER, (1,)))
    for action in publish({ETH: 1_750 * WAD}):
        stage.play(action)
    assert stage.clear(0, bear, True, poor, rich) == ((0, 10), "")
    assert lots_of(stage, hedger) == 0
    assert orders_of(stage, hedger) == (0, 9_000)


def test_a_maker_who_reduces_needs_no_margin(stage):
    making = stage.rest(0, bull, False, 500, PRICE)
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    for action in publish({BTC: 36_000 * WAD}):
        stage.play(action)
    making = replace(making, price=36_000 * WAD)
    assert stage.clear(0, lender, True, making) == ((500,), "")


def test_a_maker_who_turns_over_needs_margin(stage):
    """Though it ends with less than it had."""
    making = ask(stage, bull, 6_000, 36_000 * WAD)
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    for action in publish({BTC: 36_000 * WAD}):
        stage.play(action)
    assert stage.clear(0, lender, True, making) == ((0,), "")


def test_a_maker_of_spot_without_margin_is_passed_over(stage):
    makings = demand(stage, bull), demand(stage, lender)
    stage.play(own("borrow", bull, USDC, 19_000 * 10**6))
    for action in publish({BTC: 36_000 * WAD}):
        stage.play(action)
    assert stage.clear(spot(ETH), hedger, False, *makings) == ((0, WAD), "")


def test_a_maker_above_the_position_limit_is_passed_over(stage):
    makings = ask(stage, lender, 101), ask(stage, hedger, 100)
    stage.play(govern("set_limits", 0, Limits(max_position=100)))
    assert stage.clear(0, bear, True, *makings) == ((0, 100), "")


def test_a_maker_above_the_position_limit_may_shrink(stage):
    making, other = ask(stage, bull, 1_000), ask(stage, bull, 8_001)
    stage.play(govern("set_limits", 0, Limits(max_position=100)))
    assert stage.clear(0, bear, True, making) == ((1_000,), "")
    assert stage.clear(0, bear, True, other) == ((0,), "")


def test_a_maker_in_eight_markets_is_passed_over_in_the_ninth(stage, monkeypatch):
    scope = replace(stage.twin.scope, markets=tuple(range(10)))
    monkeypatch.setattr(stage.twin, "scope", scope)
    for market in range(2, 9):
        arguments = BTC, LOT_EXPONENTS[0], INTERVAL, PERPETUALS[0], FEES, 10**21
        stage.play(govern("list_market", market, *arguments))
    stage.play(Action("wait", STRANGER, (1,)))
    stage.play(Action("publish", STRANGER, (BTC, PRICE, PRICE, 0, CALM)))
    stage.play(Action("tick", STRANGER, ((BTC,), tuple(range(9)), CROSSINGS)))
    for market in range(1, 9):
        price = PRICES[ETH] if market == 1 else PRICE
        stage.play(trade(market, lender, backer, 1, price))
    makings = ask(stage, lender, 10), ask(stage, hedger, 10)
    assert stage.clear(0, bear, True, *makings) == ((0, 10), "")


@pytest.mark.parametrize("is_buy", [True, False])
@pytest.mark.parametrize("instrument", [0, SPOT + ETH])
def test_whose_order_does_not_rest_is_passed_over(stage, instrument, is_buy):
    size, price = (10, PRICE) if instrument == 0 else (WAD, SPOT_PRICE)
    known = stage.rest(instrument, lender, not is_buy, size, price)
    wrong = replace(known, size=size + 1)
    stranger = Making(hedger, size, price)
    fund = Making(BACKSTOP_FUND, size, price)
    found = stage.clear(instrument, bear, is_buy, wrong, stranger, fund, known)
    assert found == ((0, 0, 0, size), "")


def test_nothing_happens_to_who_is_passed_over(stage):
    making = ask(stage, bear, 10)
    before = stage.world.clearing.accounts[hedger]
    found = stage.clear(0, lender, True, Making(hedger, 10, PRICE), making)
    assert found == ((0, 10), "")
    assert stage.world.clearing.accounts[hedger] == before
    assert [each[1] for each in fills(stage)] == [bear, lender]


@pytest.mark.parametrize(
    ("size", "filled"), [(4_999, 4_999), (5_000, 5_000), (5_001, 5_000)]
)
def test_who_only_reduces_is_filled_as_far_as_that(stage, size, filled):
    making = ask(stage, bull, size, is_reduce_only=True)
    assert stage.clear(0, lender, True, making) == ((filled,), "")
    assert lots_of(stage, bull) == 5_000 - filled


def test_who_has_nothing_to_reduce_is_passed_over(stage):
    makings = [ask(stage, who, 10, is_reduce_only=True) for who in (lender, bear, bull)]
    assert stage.clear(0, hedger, True, *makings) == ((0, 0, 10), "")
    makings = [bid(stage, who, 10, is_reduce_only=True) for who in (lender, bull, bear)]
    assert stage.clear(0, hedger, False, *makings) == ((0, 0, 10), "")


def test_the_same_reduction_is_made_once(stage):
    makings = [ask(stage, bull, 3_000, is_reduce_only=True) for _ in range(2)]
    assert stage.clear(0, lender, True, *makings) == ((3_000, 2_000), "")


def test_spot_that_only_reduces_sells_what_is_held(stage):
    has = held(stage, hedger, ETH)
    making = offer(stage, hedger, has + WAD, is_reduce_only=True)
    assert stage.clear(spot(ETH), lender, True, making) == ((has,), "")
    assert held(stage, hedger, ETH) == 0


def test_spot_that_only_reduces_repays_what_is_owed(stage):
    stage.play(own("borrow", bear, ETH, WAD))
    making = demand(stage, bear, 2 * WAD, is_reduce_only=True)
    due = owed(stage, bear, ETH)
    assert stage.clear(spot(ETH), hedger, False, making) == ((due,), "")
    assert owed(stage, bear, ETH) == 0
    other = demand(stage, bear, WAD, is_reduce_only=True)
    assert stage.clear(spot(ETH), hedger, False, other) == ((0,), "")


@pytest.mark.parametrize("account", [bull, bear, lender, hedger])
@pytest.mark.parametrize("instrument", [0, 1, SPOT + BTC, SPOT + ETH])
@pytest.mark.parametrize("is_buy", [True, False])
def test_what_may_be_reduced_is_told(stage, account, instrument, is_buy):
    stage.play(own("borrow", bear, ETH, WAD))
    stage.play(Action("wait", STRANGER, (3_600,)))
    state, now = stage.world.clearing, stage.world.now
    expected = get_reducible(state, account, instrument, is_buy, now)
    arguments = account, instrument, is_buy
    assert stage.made.view("Clearinghouse", "reducible", *arguments) == expected


@pytest.mark.parametrize("instrument", [UNLISTED, SPOT + USDC, SPOT + UNLISTED, 33])
def test_nothing_is_told_of_what_is_not_listed(stage, instrument):
    reason = "unknown asset" if instrument >= SPOT else "unknown market"
    arguments = bull, instrument, True
    assert stage.made.reason(STRANGER, "Clearinghouse", "reducible", *arguments) == (
        reason
    )


# What stops a clearing


def pause(stage, name, number):
    stage.play(govern("set_guardian", GUARDIAN))
    stage.play(Action(name, GUARDIAN, (number,)))


def test_a_paused_market_lets_both_reduce_and_stops_the_rest(stage):
    makings = [
        bid(stage, bear, 1_000),
        bid(stage, bear, 3_990),
        bid(stage, bear, 100),
        bid(stage, bear, 1),
    ]
    pause(stage, "pause_market", 0)
    found = stage.clear(0, bull, False, *makings)
    assert found == ((1_000, 3_990, 0, 0), "paused")
    assert lots_of(stage, bull) == 10


def test_in_a_paused_market_a_maker_has_to_reduce(stage):
    makings = bid(stage, lender, 1), bid(stage, bear, 1)
    pause(stage, "pause_market", 0)
    assert stage.clear(0, bull, False, *makings) == ((0, 0), "paused")


def test_in_a_paused_market_a_taker_has_to_reduce(stage):
    makings = ask(stage, bull, 10), ask(stage, bull, 4_991)
    pause(stage, "pause_market", 0)
    assert stage.clear(0, lender, True, makings[0]) == ((0,), "paused")
    assert stage.clear(0, bear, True, *makings) == ((10, 0), "paused")


def test_in_a_paused_market_a_taker_reduces_once(stage):
    stage.play(trade(0, hedger, lender, 1_000, PRICE))
    makings = bid(stage, bear, 900), bid(stage, lender, 101)
    pause(stage, "pause_market", 0)
    assert stage.clear(0, hedger, False, *makings) == ((900, 0), "paused")
    assert stage.clear(0, hedger, False, replace(makings[1], size=100)) == ((100,), "")


def test_in_a_paused_market_who_has_nothing_to_reduce_stops_nothing(stage):
    makings = bid(stage, lender, 1, is_reduce_only=True), bid(stage, bear, 1)
    pause(stage, "pause_market", 0)
    assert stage.clear(0, bull, False, *makings) == ((0, 1), "")


def test_diverging_prices_stop_what_does_not_reduce(stage):
    makings = bid(stage, bear, 1), bid(stage, lender, 1), bid(stage, bear, 1)
    diverge(stage)
    assert stage.clear(0, bull, False, *makings) == ((1, 0, 0), "prices diverge")


def test_a_pause_comes_before_a_divergence(stage):
    making = bid(stage, lender, 1)
    diverge(stage)
    pause(stage, "pause_market", 0)
    assert stage.clear(0, bull, False, making) == ((0,), "paused")


@pytest.mark.parametrize(("age", "is_stopped"), [(30, False), (31, True)])
def test_an_old_mark_stops_what_does_not_reduce(stage, age, is_stopped):
    makings = bid(stage, bear, 1), bid(stage, lender, 1), bid(stage, bear, 1)
    of_spot = offer(stage, hedger)
    stage.play(Action("wait", STRANGER, (age,)))
    found = ((1, 0, 0), "reduce only") if is_stopped else ((1, 1, 1), "")
    assert stage.clear(0, bull, False, *makings) == found
    assert stage.clear(spot(ETH), lender, True, of_spot) == ((WAD,), "")


def test_an_old_mark_comes_before_a_divergence_and_behind_a_pause(stage):
    making = bid(stage, lender, 1)
    diverge(stage)
    stage.play(Action("wait", STRANGER, (31,)))
    assert stage.clear(0, bull, False, making) == ((0,), "reduce only")
    pause(stage, "pause_market", 0)
    assert stage.clear(0, bull, False, making) == ((0,), "paused")


def test_diverging_prices_stop_spot(stage):
    making = offer(stage, hedger)
    diverge(stage, ETH)
    assert stage.clear(spot(ETH), lender, True, making) == ((0,), "prices diverge")


def test_a_paused_pool_lends_a_taker_nothing(stage):
    makings = offer(stage, hedger), offer(stage, hedger)
    pause(stage, "pause_asset", USDC)
    assert stage.clear(spot(ETH), bull, True, *makings) == ((0, 0), "paused")
    assert stage.clear(spot(ETH), lender, True, *makings) == ((WAD, WAD), "")


def test_a_fee_is_borrowed_as_the_price_is(stage):
    second = account_of(bear >> 96, 1)
    stage.play(own("deposit", second, USDC, 2_500 * 10**6))
    making, other = demand(stage, second), offer(stage, hedger)
    pause(stage, "pause_asset", USDC)
    assert stage.clear(spot(ETH), second, True, other) == ((0,), "paused")
    assert stage.clear(spot(ETH), hedger, False, making) == ((0,), "")
    stage.play(own("deposit", second, USDC, 10**6))
    assert stage.clear(spot(ETH), hedger, False, making) == ((WAD,), "")


def test_a_paused_pool_lends_a_seller_nothing(stage):
    making = demand(stage, lender)
    pause(stage, "pause_asset", ETH)
    assert stage.clear(spot(ETH), bear, False, making) == ((0,), "paused")
    assert stage.clear(spot(ETH), hedger, False, making) == ((WAD,), "")


def test_a_maker_whom_the_pool_does_not_fund_is_passed_over(stage):
    makings = demand(stage, bull), demand(stage, lender)
    pause(stage, "pause_asset", USDC)
    assert stage.clear(spot(ETH), hedger, False, *makings) == ((0, WAD), "")


def test_a_maker_who_may_not_borrow_what_it_sells_is_passed_over(stage):
    makings = offer(stage, bear), offer(stage, hedger)
    pause(stage, "pause_asset", ETH)
    assert stage.clear(spot(ETH), lender, True, *makings) == ((0, WAD), "")


def test_the_borrow_cap_stops_a_taker(stage):
    """The first two only replace what the seller owed, and repays."""
    makings = [offer(stage, hedger) for _ in range(6)]
    stage.play(govern("set_caps", USDC, 0, 10_050 * WAD))
    found = stage.clear(spot(ETH), bull, True, *makings)
    assert found == ((WAD, WAD, WAD, WAD, 0, 0), "borrow cap reached")


THROTTLE = govern("set_guards", USDC, 9_000, 0, 100, 0, 0 * WAD)


def test_the_throttle_stops_a_taker(stage):
    makings = [offer(stage, hedger) for _ in range(5)]
    stage.play(THROTTLE)
    filled, stop = stage.clear(spot(ETH), bull, True, *makings)
    assert stop == "utilisation too high"
    assert 0 < sum(filled) < 5 * WAD
    assert stage.clear(spot(ETH), bull, True, makings[-1]) == ((0,), stop)
    stage.play(Action("wait", STRANGER, (60,)))
    stage.play(Action("tick", STRANGER, (tuple(PRICES), MARKETS, CROSSINGS)))
    assert stage.clear(spot(ETH), bull, True, makings[-1]) == ((WAD,), "")


def test_the_throttle_stops_a_seller(stage):
    makings = [demand(stage, lender) for _ in range(3)]
    stage.play(govern("set_guards", ETH, 9_000, 0, 700, 0, 0 * WAD))
    found = stage.clear(spot(ETH), bear, False, *makings)
    assert found == ((WAD, 0, 0), "utilisation too high")


def test_what_was_admitted_for_nobody_is_forgotten(stage):
    """Else events would not tell of the throttle's step."""
    stage.play(THROTTLE)
    before = stage.world.clearing.assets[USDC].pool.guards
    nobody, making = Making(lender, WAD, SPOT_PRICE), offer(stage, hedger)
    assert stage.clear(spot(ETH), bull, True, nobody) == ((0,), "")
    assert stage.world.clearing.assets[USDC].pool.guards == before
    assert stage.clear(spot(ETH), bull, True, nobody, making) == ((0, WAD), "")
    assert stage.world.clearing.assets[USDC].pool.guards != before


# Takers who are refused


@pytest.fixture
def resting(stage):
    """A stage with an offer of each instrument."""
    stage.offers = {
        0: ask(stage, bull, 5_000),
        spot(ETH): offer(stage, hedger, 9 * WAD),
    }
    return stage


def sized(stage, instrument, size, taker, is_buy=True):
    return clear(
        instrument, taker, is_buy, replace(stage.offers[instrument], size=size)
    )


@pytest.mark.parametrize("instrument", [0, SPOT + ETH])
def test_a_taker_without_margin_is_refused(resting, instrument):
    size = 1_000 if instrument == 0 else WAD
    resting.play(own("give_notice", backer))
    resting.play(Action("wait", STRANGER, (3_600,)))
    resting.play(own("withdraw", backer, USDC, 300_000 * 10**6))
    for action in publish(PRICES):
        resting.play(action)
    action = sized(resting, instrument, size, backer)
    assert resting.refuse(action) == "below initial margin"
    assert orders_of(resting, bull) == (0, 5_000)


def test_a_taker_who_reduces_needs_no_margin(stage):
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    making = bid(stage, lender, 500, 36_000 * WAD)
    more = ask(stage, lender, 500, 36_000 * WAD)
    turning = bid(stage, lender, 6_000, 36_000 * WAD)
    for action in publish({BTC: 36_000 * WAD}):
        stage.play(action)
    refused = "below initial margin"
    assert stage.refuse(clear(0, bull, True, more)) == refused
    assert stage.refuse(clear(0, bull, False, turning)) == refused
    assert stage.clear(0, bull, False, making) == ((500,), "")


def test_a_taker_who_repays_needs_no_margin(stage):
    """The debt is above what collateral may carry, and less of it afterwards."""
    stage.play(own("borrow", bear, ETH, 8 * WAD))
    making = offer(stage, hedger, WAD, 3_200 * WAD)
    for action in publish({ETH: 3_200 * WAD}):
        stage.play(action)
    more = demand(stage, lender, WAD, 3_200 * WAD)
    assert stage.refuse(clear(spot(ETH), bear, False, more)) == "below initial margin"
    assert stage.clear(spot(ETH), bear, True, making) == ((WAD,), "")


def test_a_taker_above_the_position_limit_is_refused(resting):
    resting.play(govern("set_limits", 0, Limits(max_position=100)))
    assert resting.refuse(sized(resting, 0, 101, lender)) == "position limit reached"
    resting.play(sized(resting, 0, 100, lender))


def test_a_taker_above_the_position_limit_may_shrink(stage):
    making, more = bid(stage, bear, 1_000), ask(stage, lender, 1)
    stage.play(govern("set_limits", 0, Limits(max_position=100)))
    assert stage.clear(0, bull, False, making) == ((1_000,), "")
    assert stage.refuse(clear(0, bull, True, more)) == "position limit reached"


@pytest.mark.parametrize(("more", "is_refused"), [(0, False), (1, True)])
def test_open_interest_grows_to_its_limit(stage, more, is_refused):
    making = ask(stage, hedger, 10 + more)
    stage.play(govern("set_limits", 0, Limits(max_open_interest=5_010)))
    if is_refused:
        reason = stage.refuse(clear(0, lender, True, making))
        assert reason == "open interest limit reached"
    else:
        assert stage.clear(0, lender, True, making) == ((10,), "")


def test_open_interest_above_its_limit_may_change_hands(stage):
    making = ask(stage, bull, 1_000)
    stage.play(govern("set_limits", 0, Limits(max_open_interest=100)))
    assert stage.clear(0, lender, True, making) == ((1_000,), "")


def test_a_taker_may_meet_itself(stage):
    """The book says who may; here nothing is gained by it."""
    making = ask(stage, lender, 10)
    assert stage.clear(0, lender, True, making) == ((10,), "")
    assert lots_of(stage, lender) == 0
    making = offer(stage, lender)
    assert stage.clear(spot(ETH), lender, True, making) == ((WAD,), "")


def one(account=bear, size=10, price=PRICE):
    return Making(account, size, price)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (replace(clear(0, lender, True), caller=STRANGER), "not a venue"),
        (replace(clear(0, lender, True), caller=VENUE), "not a venue"),
        (clear(0, BACKSTOP_FUND, True), "reserved account"),
        (clear(UNLISTED, lender, True), "unknown market"),
        (clear(33, lender, True), "unknown market"),
        (clear(spot(USDC), lender, True), "unknown asset"),
        (clear(spot(UNLISTED), lender, True), "unknown asset"),
        (clear(0, lender, True, one(size=0)), "zero amount"),
        (clear(0, lender, True, one(size=MAX_LOTS + 1)), "amount too large"),
        (clear(0, lender, True, one(size=2**256 - 1)), "amount too large"),
        (clear(0, lender, True, one(size=MAX_LOTS, price=1)), "amount too large"),
        (clear(0, lender, True, one(size=1, price=10**35)), "amount too large"),
        (clear(spot(ETH), lender, True, one(size=0)), "zero amount"),
        (
            clear(spot(ETH), lender, True, one(size=MOST + 1, price=1)),
            "amount too large",
        ),
        (
            clear(spot(ETH), lender, True, one(size=MOST, price=2 * WAD)),
            "amount too large",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_makes_no_sense_is_refused(stage, action, reason):
    assert stage.refuse(action) == reason


@pytest.mark.parametrize("instrument", [0, SPOT + ETH])
def test_nothing_is_cleared_at_a_stale_price(stage, instrument):
    stage.play(Action("wait", STRANGER, (61,)))
    assert stage.refuse(clear(instrument, lender, True)) == "stale price"


HALTED = 1 << 168


@pytest.mark.parametrize(
    ("instrument", "asset"), [(0, USDC), (SPOT + ETH, USDC), (SPOT + ETH, ETH)]
)
def test_nothing_is_cleared_of_a_halted_pool(stage, instrument, asset):
    listed = stage.world.clearing.assets[asset]
    halted = replace(listed, pool=replace(listed.pool, is_halted=True))
    clearing = stage.world.clearing
    stage.world = replace(
        stage.world,
        clearing=replace(clearing, assets={**clearing.assets, asset: halted}),
    )
    reader = stage.twin.readers["Clearinghouse"]
    write(stage, reader, asset, reader.word("curve", asset) | HALTED)
    stage.compare()
    assert stage.refuse(clear(instrument, lender, True)) == "pool halted"


def write(stage, reader, asset, word):
    """Write the word of a pool's curve."""
    from keeper.mirror import slot_of

    slot = slot_of(reader.slots["curve"], asset)
    stage.made.chain._evm.insert_account_storage(reader.address, slot, word)
