"""Bricks and seams: divisions by nothing, time without end, sums that part ways."""

import pytest

from specs import clearinghouse as ch
from specs import invariants
from specs.accounts import RESERVE, USDC
from specs.fixed_point import WAD
from specs.money_market import MAX_ACCRUAL, MAX_INDEX
from tests.helpers.purses import taken_home
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    health_of,
    held,
    liquidate,
    market_of,
    move,
    owed,
    pool_of,
    realise,
    sizes_of,
)
from tests.helpers.worlds import (
    BTC,
    CALM,
    CROSSINGS,
    ETH,
    HEDGER,
    LENDER,
    PRICES,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
)

SCENE = OWING
DAY = 86_400
YEAR = 365 * DAY


# D17, Euler and Mango: a division by a sum that was nothing stopped what had to go on


def test_d17_an_empty_market_ticks(deployed):
    """Open interest of nothing divided funding and losses, and the market stood."""
    with deployed.at(publish(PRICES)):
        for later in (1, 10 * DAY):
            move(deployed, {BTC: 61_000, ETH: 2_400}, waiting=later)
        move(deployed, {BTC: 60_000})
        deployed.play(call("realise", 0, (bull, bear, RESERVE, 0)))
        assert market_of(deployed).open_interest == 0
        assert deployed.refuse(liquidate(bull)) == "not liquidatable"


def test_d17_what_everybody_has_left_is_used_again(deployed):
    """Nothing lent and nothing borrowed is a utilisation, too: that of nothing."""
    scene = [*publish(PRICES), own("deposit", lender, ETH, 10**18)]
    with deployed.at(scene):
        deployed.play(own("withdraw", lender, ETH, ch.EVERYTHING))
        deployed.play(call("wait", DAY))
        deployed.play(own("deposit", lender, ETH, 10**18))
        deployed.play(own("withdraw", lender, ETH, ch.EVERYTHING))
        assert taken_home(deployed, LENDER, ETH) == 0


def test_d17_an_account_with_nothing_but_debts_is_taken_over(stage):
    """
    A liability whose value was zero divided a discount, and its account could not be
    liquidated. Here an account whose collateral is worth nothing at all is, and it is
    left with no position and no debt that nobody would pay.
    """
    move(stage, {BTC: 130_000})
    stage.play(realise(0, bear))
    health = health_of(stage, bear)
    assert held(stage, bear) == 0 < owed(stage, bear)
    assert health.value < 0
    stage.play(liquidate(bear))
    assert sizes_of(stage, bear).get(0, 0) == 0 <= health_of(stage, bear).value


# D21, Perennial: sums of the market and of its accounts parted at an invalid version


def test_d21_sums_hold_where_a_price_is_stale(stage):
    """
    A version without a price, or a fee that changed on the way, was settled in the
    market's sums and not in an account's. What has no fresh price is settled in none.
    """
    stage.play(call("wait", 61))
    reason = stage.refuse(trade(0, bear, bull, 10, PRICES[BTC]))
    assert reason == stage.refuse(realise(0, bull)) == "stale price"
    before = market_of(stage).fund
    stage.play(call("publish", ETH, 2_000 * WAD, 2_000 * WAD, 0, CALM))
    stage.play(call("tick", (ETH,), (1,), CROSSINGS))
    for account in (bear, bull):
        stage.play(realise(1, account))
    assert market_of(stage).fund == before
    # The bear's ten ETH lost 500 each, and the bull may have what it paid.
    assert market_of(stage, 1).fund.balance == 0
    assert invariants.find_violated_states(stage.world) == []


# D25, Euler and Vertex: an index that overflowed, or years that passed, stopped a pool


def test_d25_ten_years_of_nobody_brick_nothing(lent_out):
    """
    After long enough an accrual would not fit, and nobody could repay or leave. One
    accrual counts a year at most, so the rate and the time both have an end.
    """
    before = pool_of(lent_out).borrow_index
    lent_out.play(call("wait", 10 * YEAR))
    lent_out.play(call("tick", (), (), CROSSINGS))
    grown = pool_of(lent_out).borrow_index
    # At full utilisation 310 % a year, for the one that is counted.
    assert 40 * before < 10 * grown <= 10 * before + 31 * before
    assert MAX_ACCRUAL == YEAR
    lent_out.play(own("repay", hedger, USDC, ch.EVERYTHING))
    lent_out.play(own("withdraw", lender, USDC, ch.EVERYTHING))
    lent_out.play(own("withdraw", hedger, ETH, ch.EVERYTHING))
    assert taken_home(lent_out, HEDGER, ETH) == 0
    assert taken_home(lent_out, LENDER) > 27_000 * 10**6


def test_d25_an_index_that_is_full_stands_still(lent_out):
    """An index keeps its value where it would not fit, and everybody gets out."""
    for _ in range(12):
        lent_out.play(call("wait", YEAR))
        lent_out.play(call("tick", (), (), CROSSINGS))
    full = pool_of(lent_out).borrow_index
    lent_out.play(call("wait", YEAR))
    lent_out.play(call("tick", (), (), CROSSINGS))
    assert pool_of(lent_out).borrow_index == full <= MAX_INDEX < 4 * full
    assert pool_of(lent_out).accrued_at == lent_out.world.now
    lent_out.play(own("repay", hedger, USDC, ch.EVERYTHING))
    assert owed(lent_out, hedger) == 0
    lent_out.play(own("withdraw", lender, USDC, ch.EVERYTHING))
    assert held(lent_out, lender) < 10**12


@pytest.mark.parametrize("seconds", [1, DAY, YEAR, 50 * YEAR])
def test_d25_whoever_owes_can_repay_after_any_time(lent_out, seconds):
    """However long ago the last accrual is, a repayment works with nobody's help."""
    lent_out.play(call("wait", seconds))
    lent_out.play(own("repay", hedger, USDC, ch.EVERYTHING))
    assert owed(lent_out, hedger) == 0
