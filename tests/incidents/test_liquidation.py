"""Liquidations: of oneself, too soon, too much, at others' expense, without cash."""

import pytest

from specs.accounts import BACKSTOP_FUND, USDC
from specs.authority import LIQUIDATION_VENUE
from specs.fixed_point import WAD
from tests.helpers.deployers import address_of
from tests.helpers.protocol import calldata
from tests.helpers.purses import most, profit, taken_home
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    health_of,
    held,
    leave,
    liquidate,
    market_of,
    move,
    owed,
    pool_of,
    realise,
    release,
    sizes_of,
)
from tests.helpers.worlds import (
    BACKER,
    BTC,
    BULL,
    ETH,
    STRANGER,
    UNDERWRITER,
    backer,
    bear,
    bull,
    hedger,
    own,
    pledge,
    underwriter,
)

SCENE = OWING
PROVIDERS = backer, underwriter
PLEDGED = 7 * WAD, 9 * WAD


def summary_of(stage, account):
    """Return what a liquidation says of itself."""
    (told,) = [
        values
        for name, values in stage.events(liquidate(account))
        if name == "Liquidation"
    ]
    return told


def take_by_hand(stage, provider, portion):
    """Return why a venue that anybody plays may not take a portion of the bull over."""
    with stage.made.undone() as made:
        made.govern("set_venue", address_of(STRANGER), LIQUIDATION_VENUE)
        vault = made.contracts["Clearinghouse"].address
        opening = calldata("Clearinghouse", "open_takeover", (bull, False))
        terms = provider, portion, 10**9 * WAD
        # Both in one transaction, as a session is.
        made.chain._evm.message_call(address_of(STRANGER), vault, opening)
        taking = calldata("Clearinghouse", "take_over", terms)
        return made.refusal(STRANGER, vault, taking)


# D2, D3, Hyperliquid: its vault had to take whatever others left to it


def test_d02_who_takes_over_pays_no_more_than_the_mark(stage):
    """
    The vault inherited a long above its price. Providers fill at mark or better, so
    at the price of the takeover none of them has lost anything, however little the
    trader had left behind it.
    """
    found = most(stage, lambda tokens: own("withdraw", bull, BTC, tokens))
    stage.play(own("withdraw", bull, BTC, found))
    move(stage, {BTC: 57_500})
    before = [profit(stage, owner) for owner in (BACKER, UNDERWRITER)]
    events = stage.events(liquidate(bull))
    taken = [told for name, told in events if name == "PositionTaken"]
    assert sorted(told["market"] for told in taken) == [0, 0, 1, 1]
    for told in taken:
        worse = told["provider_price"] - market_of(stage, told["market"]).quote.slow
        assert worse * told["lots"] < 0
    after = [profit(stage, owner) for owner in (BACKER, UNDERWRITER)]
    assert all(
        0 < new - old < 200 * WAD for old, new in zip(before, after, strict=True)
    )


def test_d03_a_provider_takes_no_more_than_it_pledged(stage):
    """
    A trader let go of a short in a coin that he then bought, and the vault that had
    to take it was down 12 million within the hour. Who takes over here has said how
    much of it in a minute and an hour, and has its own margin for it afterwards.
    """
    move(stage, {BTC: 35_000})
    for provider, pledged in zip(PROVIDERS, PLEDGED, strict=True):
        stage.play(pledge(provider, pledged, pledged))
    taken = summary_of(stage, bull)["taken"]
    assert 0 < taken <= sum(PLEDGED)
    for provider, pledged in zip(PROVIDERS, PLEDGED, strict=True):
        used = stage.world.liquidator.providers[provider].minute_used
        assert 0 < used <= pledged
    assert stage.refuse(liquidate(bull)) == "nothing taken"


def test_d02_what_stands_behind_a_pledge_stays(stage):
    """
    Who had to answer for a position could not have left before it was there. A
    provider is bound: nothing of its account leaves until an hour after notice.
    """
    leaving = [
        own("withdraw", backer, USDC, 1),
        own("borrow", backer, USDC, 1),
        own("transfer", backer, backer + 1, USDC, 1),
        own("unpledge", backer),
    ]
    stage.play(own("give_notice", backer))
    for seconds in (0, 3_599):
        if seconds:
            stage.play(call("wait", seconds))
        for action in leaving:
            assert stage.refuse(action) == "bound"
    stage.play(call("wait", 1))
    stage.play(leaving[-1])
    stage.play(own("withdraw", backer, USDC, 299_000 * 10**6))
    assert taken_home(stage, BACKER) == -1_000 * 10**6


@pytest.mark.parametrize("cap", [1_000, 5_000])
def test_d03_a_position_of_a_provider_has_a_cap(stage, cap):
    """The vault had one margin for all it took, and no limit for a single coin."""
    for provider in PROVIDERS:
        stage.play(pledge(provider, 10**6 * WAD, max_position=cap * WAD))
    move(stage, {BTC: 35_000})
    assert summary_of(stage, bull)["taken"] > 0
    for provider in PROVIDERS:
        sizes = sizes_of(stage, provider)
        worth = [sizes[0] * 35_000 // 10**4, -sizes[1] * 2_500 // 10**3]
        assert cap - 4 <= max(worth) <= cap


def test_d03_who_has_lost_enough_in_an_hour_takes_no_more(stage):
    """It went on taking while it lost. A provider says what it can lose in an hour."""
    for provider in PROVIDERS:
        stage.play(pledge(provider, 3_000 * WAD, max_loss=20 * WAD))
    move(stage, {BTC: 35_000})
    assert summary_of(stage, bull)["taken"] > 0
    move(stage, {BTC: 34_000})
    stage.play(call("wait", 60 - stage.world.now % 60))
    move(stage, {BTC: 34_000, ETH: 2_500})
    lost = [min(0, profit(stage, owner)) for owner in (BACKER, UNDERWRITER)]
    assert all(each < -20 * WAD for each in lost)
    before = [sizes_of(stage, provider) for provider in PROVIDERS]
    told = summary_of(stage, bull)
    assert (told["taken"], told["deleveraged"] > 0) == (0, True)
    assert before == [sizes_of(stage, provider) for provider in PROVIDERS]


def test_d03_a_provider_ends_with_initial_margin(stage):
    """The vault had no margin of its own to keep: a provider who lacks it is out."""
    release(stage, backer)
    stage.play(own("withdraw", backer, USDC, 299_990 * 10**6))
    stage.play(own("bind", backer))
    move(stage, {BTC: 35_000, ETH: 2_500})
    told = summary_of(stage, bull)
    assert told["taken"] > 0
    assert sizes_of(stage, backer) == {}
    assert sizes_of(stage, underwriter)[0] > 0
    for provider in PROVIDERS:
        health = health_of(stage, provider)
        assert health.initial_equity >= health.initial_margin


def test_d04_no_more_is_taken_than_heals(stage):
    """
    In the cascade of October positions were closed far beyond what the deficits
    called for. What is taken over is the least share that restores initial margin: a
    65536th less would not have done.
    """
    move(stage, {BTC: 119_400})
    told = summary_of(stage, bear)
    assert told["taken"] == told["due"] < told["exposure"] * 91 // 100
    after = health_of(stage, bear)
    assert 0 <= after.equity - after.initial_margin < after.initial_margin // 1_000


# D13, Euler: an account was made insolvent, and its owner liquidated it at a discount


def test_d13_nobody_takes_over_from_himself(stage):
    """The discount is for others: accounts of one owner take nothing from another."""
    leave(stage, *PROVIDERS)
    twin = bull + 1
    stage.play(own("deposit", twin, USDC, 10**11))
    stage.play(own("bind", twin))
    stage.play(own("pledge", twin, *4 * [10**30]))
    move(stage, {BTC: 35_000, ETH: 2_500})
    before = held(stage, twin)
    assert stage.refuse(liquidate(bull)) == "nothing taken"
    assert (held(stage, twin), sizes_of(stage, twin)) == (before, {})
    assert take_by_hand(stage, twin, WAD) == "same owner"


# D20, Perennial: who liquidated chose the size, up to the largest there is


def test_d20_a_takeover_only_shrinks(stage):
    """
    A liquidator was paid for setting the position to 2^62 - 1. Nobody names a size:
    the share is the terms', and nothing of the account grows or changes its sign.
    """
    move(stage, {BTC: 35_000})
    before, debt = sizes_of(stage, bull), owed(stage, bull)
    stage.play(realise(0, bull))
    debt = max(debt, owed(stage, bull))
    stage.play(liquidate(bull))
    after = sizes_of(stage, bull)
    assert all(0 <= after.get(m, 0) / size <= 1 for m, size in before.items())
    assert any(after.get(m, 0) != size for m, size in before.items())
    assert owed(stage, bull) <= debt


@pytest.mark.parametrize("portion", [WAD + 1, 2**62 - 1, 2**255], ids=range(3))
def test_d20_not_even_a_liquidator_takes_more_than_all(stage, portion):
    """A venue that asks for more than the whole of an account is refused."""
    move(stage, {BTC: 35_000})
    assert take_by_hand(stage, backer, portion) == "out of bounds"


# D22, Perennial: who opened and liquidated himself in one transaction had the reward


def test_d22_who_opens_at_a_new_price_is_not_liquidated_at_it(stage):
    """
    A position was opened on the way to a price at which it was due, and liquidated in
    the same transaction. A price has to be of an earlier block to liquidate anybody.
    """
    move(stage, {BTC: 35_000}, waiting=0)
    assert stage.refuse(liquidate(bull)) == "price too fresh"
    assert taken_home(stage, STRANGER) == 0
    stage.play(call("wait", 1))
    stage.play(liquidate(bull))


def test_d22_two_who_agree_gain_nothing_from_a_liquidation(stage):
    """
    What a takeover pays comes from the account that is taken over, at most a quarter
    of its margin, and a third of it goes to the backstop fund: who stands on both
    sides has less than before.
    """
    leave(stage, underwriter)
    move(stage, {BTC: 35_000, ETH: 2_500})
    both = BULL, BACKER
    before = sum(profit(stage, owner) for owner in both)
    fund = held(stage, BACKSTOP_FUND)
    margin = health_of(stage, bull).maintenance_margin
    earned = profit(stage, BACKER)
    told = summary_of(stage, bull)
    assert told["taken"] > 0
    earned = profit(stage, BACKER) - earned
    assert 0 < earned <= margin // 4
    lost = before - sum(profit(stage, owner) for owner in both)
    fund = held(stage, BACKSTOP_FUND) - fund
    # But for the interest of a second, which a health does not see before it is booked.
    assert fund > 50 * WAD
    assert abs(lost - fund) < WAD // 1_000
    assert taken_home(stage, STRANGER) == 0


# D29: at full utilisation collateral that is lent can't be paid out


def test_d29_a_takeover_needs_no_cash(lent_out):
    """
    With every token lent nobody can redeem collateral to sell it. Claims on the pool
    change hands as they are, so that liquidations go on when nothing can be paid out.
    """
    for action in (
        own("deposit", backer, BTC, 10 * 10**8),
        own("bind", backer),
        pledge(backer, 10**6 * WAD),
    ):
        lent_out.play(action)
    move(lent_out, {ETH: 550})
    assert pool_of(lent_out).cash == 0
    debt = owed(lent_out, hedger)
    lent_out.play(liquidate(hedger))
    assert pool_of(lent_out).cash == 0
    taken = owed(lent_out, backer)
    assert abs(debt - owed(lent_out, hedger) - taken) < 10
    # Collateral at 550 USDC for the debt, and no more than a quarter of its margin.
    worth = held(lent_out, backer, ETH) * 550
    assert taken - 10 < worth < taken * 102 // 100
