"""What nobody takes over: closed against whom, how much of each, and at what price."""

from itertools import permutations

import pytest

from specs.accounts import BACKSTOP_FUND, USDC
from specs.fixed_point import WAD
from tests.helpers.purses import profit
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    health_of,
    held,
    liquidate,
    market_of,
    move,
    owed,
    realise,
    sizes_of,
)
from tests.helpers.worlds import (
    BACKER,
    BTC,
    PRICES,
    UNDERWRITER,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    pledge,
    publish,
    trade,
    underwriter,
)

SCENE = OWING

# Three shorts of different sizes, and two longs, of which one will be bankrupt.
CROWD = [
    *OWING,
    own("deposit", lender, USDC, 30_000 * 10**6),
    trade(0, hedger, lender, 3_000, PRICES[BTC]),
    own("deposit", bear + 1, USDC, 10_000 * 10**6),
    trade(0, hedger, bear + 1, 1_001, PRICES[BTC]),
]
SHORTS = {bear: 5_000, lender: 3_000, bear + 1: 1_001}
INTEREST = sum(SHORTS.values())
BOUND = 10_065
"""The furthest that a price may be from mark, parts of 10,000: a bit less than MMF."""


# One of them owes 20,000 USDC more than it has.
FALLEN = [*CROWD, *publish({BTC: 20_000 * WAD}), call("wait", 1)]


@pytest.fixture
def crowd(deployed):
    with deployed.at(FALLEN):
        yield deployed


def told_of(stage, name, account=bull):
    """Return what the events of a name say of a liquidation."""
    return [told for found, told in stage.events(liquidate(account)) if found == name]


def lots_of(stage, account):
    return abs(sizes_of(stage, account).get(0, 0))


# D4, 10 October 2025: who had gained most was closed first, and more than was needed


@pytest.mark.parametrize("order", permutations(SHORTS), ids=range(6))
def test_d04_all_on_the_other_side_close_the_same_share(crowd, order):
    """
    A queue was ordered by gain and leverage, so some lost all of a hedge and others
    nothing. Every position of the other side closes the same share, to a lot, in
    whatever order they are touched, and together exactly what there was to close.
    """
    crowd.play(liquidate(bull))
    for account in order:
        crowd.play(realise(0, account))
    closed = {
        account: size - lots_of(crowd, account) for account, size in SHORTS.items()
    }
    assert sum(closed.values()) == 5_000
    for account, size in SHORTS.items():
        assert abs(closed[account] * INTEREST - size * 5_000) < INTEREST
    assert lots_of(crowd, hedger) == 4_001 == market_of(crowd).open_interest


@pytest.mark.parametrize(
    ("fund", "closed"), [(0, 5_000), (5_003, 3_751), (10_006, 2_501), (20_014, 0)]
)
def test_d04_no_more_is_closed_than_the_fund_can_not_pay(crowd, fund, closed):
    """
    Hundreds of millions were closed that no deficit called for. What the backstop fund
    can pay for goes to providers, and only the share that it can't is closed; how much
    that was, and at what price, is told.
    """
    if fund:
        crowd.play(call("deposit", BACKSTOP_FUND, USDC, fund * 10**6))
    told = told_of(crowd, "Deleveraged")
    found = sum(event["lots"] for event in told if event["market"] == 0)
    assert abs(found - closed) <= 1
    for account in SHORTS:
        crowd.play(realise(0, account))
    left = sum(lots_of(crowd, account) for account in SHORTS)
    assert left == INTEREST - found


def test_d04_the_price_is_at_mark_or_a_little_beyond_and_ruins_nobody(crowd):
    """
    Closing at the price of a bankruptcy made healthy accounts unhealthy in turn. The
    other side closes no further from mark than the margin that this frees.
    """
    told = told_of(crowd, "Deleveraged")
    mark = market_of(crowd).quote.slow
    assert mark < told[0]["price"] <= mark * BOUND // 10_000
    for account in SHORTS:
        before = health_of(crowd, account)
        crowd.play(realise(0, account))
        after = health_of(crowd, account)
        assert after.equity >= after.maintenance_margin
        # What it would be, it was already: a margin that waits for no touch.
        assert abs(after.maintenance_margin - before.maintenance_margin) < WAD


def test_d04_who_comes_later_is_not_closed(crowd):
    """Who opens a position afterwards has none of what was before it."""
    crowd.play(liquidate(bull))
    late = bear + 2
    crowd.play(own("deposit", late, USDC, 10_000 * 10**6))
    crowd.play(trade(0, backer, late, 400, 20_000 * WAD))
    for account in (*SHORTS, late):
        crowd.play(realise(0, account))
    assert lots_of(crowd, late) == 400
    assert sum(lots_of(crowd, account) for account in SHORTS) == INTEREST - 5_000


def test_d04_nobody_healthy_is_closed_against(crowd):
    """It is the end of an account that owes, and no way out of a bad position."""
    assert crowd.refuse(liquidate(bear)) == "not liquidatable"
    move(crowd, {BTC: 35_000})
    with crowd.made.undone() as made:
        told = made.reason(BACKER, "Clearinghouse", "deleverage", WAD)
        assert told == "not a venue"


# D3, JELLY: a vault took what the other side of the market should have closed


def test_d03_what_nobody_pledged_for_is_closed_against_the_other_side(crowd):
    """
    The vault had to take all of a short that nobody wanted. Beyond what providers have
    pledged the position is closed with those who gained from it, at once.
    """
    pledged = {backer: 70 * WAD, underwriter: 90 * WAD}
    crowd.play(call("deposit", BACKSTOP_FUND, USDC, 30_000 * 10**6))
    before = {owner: profit(crowd, owner) for owner in (BACKER, UNDERWRITER)}
    for provider, amount in pledged.items():
        crowd.play(pledge(provider, amount))
    (told,) = told_of(crowd, "Liquidation")
    assert 0 < told["taken"] <= 160 * WAD
    assert told["deleveraged"] > 9_000 * WAD
    assert lots_of(crowd, bull) == 0
    for owner, made in before.items():
        assert abs(profit(crowd, owner) - made) < 100 * WAD


# D7, dYdX v4: when a market had to be wound down its remainder was negative


def test_d07_a_market_that_is_wound_down_leaves_nobody_with_less_than_nothing(stage):
    """
    The last of a market was moved while its insurance was not paid yet, a balance was
    below zero, and the chain stood for hours. Here the last position closes with the
    other side, and what is left of the market is nothing, and paid for.
    """
    move(stage, {BTC: 20_000})
    stage.play(liquidate(bull))
    for account in (bear, bull):
        for market in (0, 1):
            stage.play(realise(market, account))
    for market in (0, 1):
        listed = market_of(stage, market)
        assert listed.open_interest == 0
        assert listed.inventory.lots == 0
        assert 0 <= listed.fund.balance < 100
    clearing = stage.world.clearing
    assert all(account.positions == {} for account in clearing.accounts.values())
    assert owed(stage, bull) == held(stage, bull) == 0
