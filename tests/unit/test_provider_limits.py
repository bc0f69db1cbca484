"""What a provider takes over by `LiquidationCode.take_over`: its limits and margin."""

from dataclasses import replace

import pytest

from specs import clearinghouse as ch
from specs import liquidation_code, perpetual
from specs.accounts import MAX_MARKETS, USDC
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    govern,
    health_of,
    leave,
    liquidate,
    market_of,
    move,
    release,
    sizes_of,
)
from tests.helpers.worlds import (
    BTC,
    CALM,
    CROSSINGS,
    ETH,
    FEES,
    INTERVAL,
    LIMITS,
    PERPETUALS,
    STRANGER,
    backer,
    bear,
    bull,
    lender,
    own,
    pledge,
    trade,
    underwriter,
)

SCENE = OWING
FALLEN = 35_000


def alone(stage, **limits):
    """Leave one provider, with these limits, and let the price fall."""
    leave(stage, underwriter)
    stage.play(pledge(backer, 10**6 * WAD, **limits))
    move(stage, {BTC: FALLEN, ETH: 2_500})


def named(events, name):
    return [told for found, told in events if found == name]


def test_a_provider_takes_as_much_as_its_cap_leaves_room_for(stage):
    cap = 2_000 * WAD
    alone(stage, max_position=cap)
    events = stage.events(liquidate(bull))
    (told,) = named(events, "Liquidation")
    assert 0 < told["taken"] < told["due"]
    worth = [
        perpetual.compute_notional(lots, listed.lot, listed.quote.slow)
        for market, lots in sizes_of(stage, backer).items()
        for listed in (market_of(stage, market),)
    ]
    assert cap * 99 // 100 < max(worth) <= cap
    assert stage.refuse(liquidate(bull)) == "nothing taken"


def test_a_provider_keeps_the_markets_limit(stage):
    stage.play(govern("set_limits", 0, replace(LIMITS[0], max_position=100)))
    alone(stage)
    stage.play(liquidate(bull))
    assert 98 <= sizes_of(stage, backer)[0] <= 100


def test_what_reduces_a_position_has_more_room(stage):
    stage.play(trade(0, bear, backer, 300, 60_000 * WAD))
    assert sizes_of(stage, backer)[0] == -300
    stage.play(govern("set_limits", 0, replace(LIMITS[0], max_position=100)))
    alone(stage)
    stage.play(liquidate(bull))
    assert 98 <= sizes_of(stage, backer)[0] <= 100


def test_who_has_lost_too_much_is_passed_over(stage):
    alone(stage, max_loss=100 * WAD, max_position=50_000 * WAD)
    stage.play(pledge(backer, 500 * WAD, max_loss=100 * WAD))
    stage.play(liquidate(bull))
    stage.play(pledge(backer, 10**6 * WAD, max_loss=100 * WAD))
    stage.play(trade(0, backer, bear, 500, 37_000 * WAD))
    assert stage.refuse(liquidate(bull)) == "nothing taken"
    stage.play(pledge(backer, 10**6 * WAD, max_loss=200 * WAD))
    stage.play(liquidate(bull))


@pytest.mark.parametrize("fast", [FALLEN, FALLEN * 97 // 100])
def test_prices_that_diverge_do_not_stop_a_provider(stage, fast):
    leave(stage, underwriter)
    stage.play(pledge(backer, 10**6 * WAD))
    move(stage, {ETH: 2_500}, waiting=0)
    publish_apart(stage, fast)
    assert health_of(stage, bull).is_diverging is (fast != FALLEN)
    stage.play(liquidate(bull))
    assert sizes_of(stage, backer)[0] > 0


def test_but_both_prices_count(stage):
    """A provider with margin at the slow price only is passed over."""
    release(stage, backer, underwriter)
    stage.play(own("unpledge", underwriter))
    stage.play(own("withdraw", backer, USDC, 293_000 * 10**6))
    stage.play(own("bind", backer))
    stage.play(pledge(backer, 10**6 * WAD))
    move(stage, {ETH: 2_500}, waiting=0)
    publish_apart(stage, FALLEN * 90 // 100)
    assert stage.refuse(liquidate(bull)) == "nothing taken"
    publish_apart(stage, FALLEN)
    stage.play(liquidate(bull))


def publish_apart(stage, fast):
    """Take a slow and a fast price over, and let a second pass."""
    said = BTC, FALLEN * WAD, fast * WAD, 0, CALM
    stage.play(call("wait", 1))
    stage.play(Action("publish", STRANGER, said))
    stage.play(Action("tick", STRANGER, ((BTC, ETH), (0, 1), CROSSINGS)))
    stage.play(call("wait", 1))


MORE = tuple(range(2, 2 + MAX_MARKETS))


@pytest.fixture
def crowded(stage):
    """A stage with more markets, of which the only provider is in all it may be."""
    scope = stage.twin.scope
    stage.twin.scope = replace(scope, markets=(*scope.markets, *MORE))
    leave(stage, underwriter)
    stage.play(pledge(backer, 10**6 * WAD))
    for market in MORE:
        terms = market, ETH, 15, INTERVAL, PERPETUALS[1], FEES, 0
        stage.play(govern("list_market", *terms))
    publish_all(stage, 60_000)
    for market in MORE[1:]:
        stage.play(trade(market, backer, lender, 1, 2_500 * WAD))
    yield stage
    stage.twin.scope = scope


def publish_all(stage, price):
    """Take prices over for all markets."""
    stage.play(call("wait", 1))
    for asset, told in ((BTC, price), (ETH, 2_500)):
        said = asset, told * WAD, told * WAD, 0, CALM
        stage.play(Action("publish", STRANGER, said))
    markets = 0, 1, *MORE
    stage.play(Action("tick", STRANGER, ((BTC, ETH), markets, CROSSINGS)))
    stage.play(call("wait", 1))


def test_a_market_without_a_place_stays_with_the_account(crowded):
    """The provider is in seven markets and the account in two of others."""
    before = sizes_of(crowded, bull)
    publish_all(crowded, FALLEN)
    crowded.play(liquidate(bull))
    after, own_sizes = sizes_of(crowded, bull), sizes_of(crowded, backer)
    assert len(own_sizes) == MAX_MARKETS
    assert after[0] < before[0]
    assert after[1] == before[1]


def test_nobody_is_left_worse_by_what_has_no_place(crowded):
    """The specification's rule by itself: what is worse for the account is refused."""
    publish_all(crowded, FALLEN)
    state, now = crowded.world.clearing, crowded.world.now
    poorer = ch.debit(ch.accrue(state, USDC, now), bull, USDC, 100 * WAD)
    with pytest.raises(liquidation_code.errors.NotImproved):
        liquidation_code.require_no_worse(state, poorer, bull, now)
    liquidation_code.require_no_worse(state, state, bull, now)


def test_nobody_is_left_with_what_binds_most_alone(crowded):
    """
    There is a place for the market that asks for less margin and none for the other,
    while the discount is of both: the account would be left with less for its margin.
    """
    publish_all(crowded, 119_600)
    health = health_of(crowded, bear)
    assert health.maintenance_margin < 4 * health.equity < 2 * health.maintenance_margin
    assert crowded.refuse(liquidate(bear)) == "nothing taken"
