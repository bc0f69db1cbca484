"""Credit for unrealised gains: how much, for whom, and when none."""

import pytest

from specs.accounts import USDC, Settings
from specs.fixed_point import WAD
from specs.state import Cull, get_winners
from specs.virtual_pnl import compute_gain
from specs.world import Action
from tests.helpers.stages import (
    call,
    govern,
    health_of,
    market_of,
    move,
    position_of,
    realise,
)
from tests.helpers.worlds import (
    BTC,
    CALM,
    CROSSINGS,
    ETH,
    MARKETS,
    PRICES,
    STRANGER,
    bear,
    bull,
    hedger,
    lender,
    own,
    trade,
)

MORE = 10**6 * WAD
"""A cap that covers every gain."""


def back(stage, cap):
    """Let gains count for as much beyond what the fund holds."""
    stage.play(govern("set_cull", 0, Cull(credit_cap=cap)))


def rise(stage, price=61_000, **options):
    prices = {BTC: price, ETH: PRICES[ETH] // WAD}
    move(stage, prices, waiting=0, **options)


def gain_of(stage, account, price=None):
    """Return what an account has gained since its entry tick."""
    market = market_of(stage)
    price = price or market.quote.slow
    return compute_gain(position_of(stage, account), market.lot, price)


def credit_of(stage, account=bull):
    """Return what gains add to an account's initial equity, by the two equities."""
    health = health_of(stage, account)
    market = market_of(stage)
    position = position_of(stage, account)
    value = position.lots * market.lot * market.quote.slow // WAD - position.basis
    assert value > 0
    found = stage.made.view("Lens", "credit", account)
    assert health.equity - health.initial_equity == value - found
    return found


def test_a_gain_counts_from_its_entry_tick_on(stage):
    back(stage, MORE)
    rise(stage)
    assert credit_of(stage) == gain_of(stage, bull) < 500 * WAD


@pytest.mark.parametrize("cap", [WAD, 100 * WAD, 487 * WAD])
def test_a_gain_counts_as_far_as_it_is_backed(stage, cap):
    rise(stage)
    assert credit_of(stage) == 0
    back(stage, cap)
    gains = get_winners(stage.world.clearing, 0)
    assert gains > cap
    assert credit_of(stage) == gain_of(stage, bull) * cap // gains


def test_winners_share_what_backs_them(stage):
    stage.play(trade(0, lender, hedger, 2_500, PRICES[BTC]))
    rise(stage)
    back(stage, 300 * WAD)
    gains = get_winners(stage.world.clearing, 0)
    assert gains == gain_of(stage, bull) + gain_of(stage, lender)
    credits = [credit_of(stage, account) for account in (bull, lender)]
    assert credits == [
        gain_of(stage, account) * 300 * WAD // gains for account in (bull, lender)
    ]
    assert 300 * WAD - 2 <= sum(credits) <= 300 * WAD


def test_what_losers_have_paid_backs_winners(stage):
    rise(stage)
    assert credit_of(stage) == 0
    stage.play(realise(0, bear))
    assert market_of(stage).fund.balance == 500 * WAD
    assert credit_of(stage) == gain_of(stage, bull)


def test_a_negative_fund_neither_backs_nor_takes_from_the_cap(stage):
    rise(stage)
    stage.play(trade(0, lender, bull, 2_500, 61_000 * WAD))
    assert market_of(stage).fund.balance == -250 * WAD
    back(stage, 100 * WAD)
    gains = get_winners(stage.world.clearing, 0)
    assert 200 * WAD < gain_of(stage, bull) <= gains
    assert credit_of(stage) == gain_of(stage, bull) * 100 * WAD // gains


def test_a_gain_outside_the_set_counts_for_nothing(stage):
    back(stage, MORE)
    stage.play(own("set_settings", bull, Settings(auto_realize=True)))
    stage.play(realise(0, bull))
    rise(stage)
    assert position_of(stage, bull).entry is None
    assert credit_of(stage) == 0


def test_a_gain_counts_for_nothing_while_the_cursor_lags(stage):
    back(stage, MORE)
    rise(stage)
    stage.play(trade(0, lender, hedger, 2_000, 61_000 * WAD))
    rise(stage, 60_000)
    rise(stage, 64_000, crossings=1)
    assert market_of(stage).cursor < market_of(stage).quote.slow
    assert credit_of(stage) == 0
    stage.play(call("tick", (), MARKETS, CROSSINGS))
    assert credit_of(stage) == gain_of(stage, bull) > 1_900 * WAD


def test_it_is_the_gain_at_the_worse_price(stage):
    back(stage, MORE)
    stage.play(call("wait", 1))
    for asset, slow, fast in (
        (BTC, 61_000 * WAD, 60_400 * WAD),
        (ETH, PRICES[ETH], PRICES[ETH]),
    ):
        stage.play(Action("publish", STRANGER, (asset, slow, fast, 0, CALM)))
    stage.play(call("tick", tuple(PRICES), MARKETS, CROSSINGS))
    assert market_of(stage).quote.fast == 60_400 * WAD
    worse = gain_of(stage, bull, 60_400 * WAD)
    assert 0 < worse < gain_of(stage, bull)
    assert stage.made.view("Lens", "credit", bull) == worse
    health_of(stage, bull)


def test_a_credited_gain_may_be_borrowed_against_and_no_more(stage):
    rise(stage, 70_000)
    free = health_of(stage, bull)
    tokens = (free.initial_equity - free.initial_margin) * 100 // 108 // 10**12
    assert stage.refuse(own("borrow", bull, USDC, tokens)) == "below initial margin"
    back(stage, MORE)
    assert health_of(stage, bull).initial_equity > free.initial_equity + 4_900 * WAD
    stage.play(own("borrow", bull, USDC, tokens))


def test_a_loss_counts_in_full(stage):
    back(stage, MORE)
    rise(stage)
    health = health_of(stage, bear)
    assert stage.made.view("Lens", "credit", bear) == 0
    assert health.initial_equity == health.equity
