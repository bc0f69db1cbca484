"""When an account has nothing left: who pays, when, and who could be in the way."""

import pytest

from specs import invariants
from specs.accounts import BACKSTOP_FUND, USDC
from specs.fixed_point import WAD
from tests.helpers.purses import taken_home
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    health_of,
    held,
    liquidate,
    move,
    owed,
    pool_of,
    realise,
    sizes_of,
)
from tests.helpers.worlds import (
    BTC,
    ETH,
    LENDER,
    PRICES,
    STRANGER,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    pledge,
    publish,
    underwriter,
)

SCENE = OWING
TEN_THOUSAND = 10_000 * 10**6
# Two lenders of as much; the hedger borrows from both, and its coin falls.
LENT_BY_TWO = [
    *publish(PRICES),
    own("deposit", lender, USDC, TEN_THOUSAND),
    own("deposit", underwriter, USDC, TEN_THOUSAND),
    own("deposit", backer, ETH, 100 * 10**18),
    own("bind", backer),
    pledge(backer, 10**6 * WAD),
    own("deposit", hedger, ETH, 10 * 10**18),
    own("borrow", hedger, USDC, 15_000 * 10**6),
]


@pytest.fixture
def lent(deployed):
    with deployed.at(LENT_BY_TWO):
        yield deployed


# D5, Perennial: a debt stayed somebody's, and those who left first were paid


def test_d05_a_deficit_is_settled_in_the_transaction_that_finds_it(stage):
    """
    A balance below nothing stayed where it was, and was nobody's as long as enough
    others had not left yet. Here what an account can't pay is gone with the call
    that takes its last position; what is left to it owes what it is still to get.
    """
    move(stage, {BTC: 20_000})
    assert health_of(stage, bull).value < -20_000 * WAD
    stage.play(liquidate(bull))
    assert health_of(stage, bull).value == 0
    assert sizes_of(stage, bull).get(0, 0) == sizes_of(stage, bull).get(1, 0) == 0
    for account in (bear, bull):
        stage.play(realise(1, account))
    assert stage.world.clearing.accounts[bull].balances == {}
    assert stage.world.clearing.accounts[bull].positions == {}
    assert invariants.find_violated_states(stage.world) == []


def test_d05_who_leaves_first_gets_no_more_than_who_leaves_last(lent):
    """All who lend bear bad debt at once, each in proportion, gone or not."""
    move(lent, {ETH: 1_200})
    before = held(lent, lender)
    lent.play(liquidate(hedger))
    lost = before - held(lent, lender)
    assert 1_400 * WAD < lost < 1_600 * WAD
    assert owed(lent, hedger) == 0
    lent.play(own("withdraw", lender, USDC, TEN_THOUSAND // 4))
    first = taken_home(lent, LENDER) + TEN_THOUSAND + held(lent, lender) // 10**12
    assert first - 1 <= held(lent, underwriter) // 10**12 <= first


# D7, dYdX v4: a market's remainder was moved before the insurance had paid


def test_d07_nothing_is_liquidated_on_the_first_price_after_an_outage(stage):
    """
    The chain halted on the way and then went on from prices that were hours old. An
    old price makes nobody due, and neither does the block in which one comes back.
    """
    stage.play(call("wait", 8 * 3_600))
    assert stage.refuse(liquidate(bull)) == "not liquidatable"
    move(stage, {BTC: 35_000, ETH: 2_500}, waiting=0)
    assert stage.refuse(liquidate(bull)) == "price too fresh"


def test_d07_the_fund_pays_before_the_reserve_and_both_before_the_lenders(lent):
    """
    What was left of the market moved out of its own pool first, and the insurance
    came after, so a balance was negative between the two. Each payer is asked
    in turn, in the one call, for what those before it could not pay.
    """
    fund = 300 * 10**6
    lent.play(call("wait", 86_400))
    move(lent, {BTC: 60_000, ETH: 2_500})
    lent.play(call("deposit", BACKSTOP_FUND, USDC, fund))
    move(lent, {ETH: 1_200})
    debt = owed(lent, hedger) - 10 * 1_200 * WAD
    bad = dict(lent.events(liquidate(hedger)))["BadDebt"]
    assert 0 <= bad["fund_paid"] - fund * 10**12 < WAD // 100
    assert 0 < bad["reserve_paid"] < WAD
    paid = bad["fund_paid"] + bad["reserve_paid"] + bad["socialised"]
    assert abs(paid - debt) < WAD // 1_000
    assert pool_of(lent).reserve == held(lent, BACKSTOP_FUND) == 0


# D12, Euler, Aave: a crumb that anybody could give held up the resolution of a debt


@pytest.mark.parametrize(("tokens", "is_dust"), [(16, True), (17, False)])
def test_d12_dust_does_not_hold_up_a_write_off(lent, tokens, is_dust):
    """
    An account with a wei of some collateral did not count as bankrupt, so its debt
    could not be paid by anybody. What is left is asked for its value, and a cent is
    nothing, be its price known or not.
    """
    lent.play(own("deposit", hedger, BTC, tokens))
    lent.play(call("wait", 61))
    move(lent, {ETH: 1_200})
    events = dict(lent.events(liquidate(hedger)))
    assert held(lent, hedger, BTC) == tokens * 10**10
    assert ("BadDebt" in events) == is_dust
    assert (owed(lent, hedger) == 0) == is_dust
    if not is_dust:
        move(lent, {BTC: 60_000, ETH: 1_200})
        lent.play(liquidate(hedger))
        assert owed(lent, hedger) == 0


def test_d12_a_part_of_a_wei_above_the_dust_does_not_either(lent):
    """
    What is left is worth a cent and 0.16 wei: `bankruptcy._is_bankrupt` rounds its
    value down.
    """
    lent.play(own("deposit", hedger, BTC, 16))
    for action in publish({BTC: 62_500 * WAD + 10**6}):
        lent.play(action)
    lent.play(call("wait", 61))
    move(lent, {ETH: 1_200})
    assert "BadDebt" in dict(lent.events(liquidate(hedger)))
    assert held(lent, hedger, BTC) == 16 * 10**10
    assert owed(lent, hedger) == 0


def test_d12_nobody_gives_crumbs_to_an_account_in_need(stage):
    """Strangers add to what somebody has only if that puts an end to the need."""
    stage.play(own("deposit", bull, ETH, 10**12))
    move(stage, {BTC: 20_000})
    for asset in (BTC, ETH):
        assert stage.refuse(call("deposit", bull, asset, 1)) == "below initial margin"
    stage.play(own("deposit", bull, ETH, 10**12))
    stage.play(liquidate(bull))
    assert health_of(stage, bull).value == 0
    assert held(stage, bull, ETH) == 0


# D24, Mango: whoever wished so could have somebody declared bankrupt


def test_d24_no_bankruptcy_outside_a_takeover_that_was_due(stage):
    """
    A bankruptcy could be settled at a moment of the caller's choice. It is the end of
    a takeover, and opens with the health of the account at a price of before.
    """
    for name, arguments in (("open_takeover", (bull, False)), ("close_takeover", ())):
        told = stage.made.reason(STRANGER, "Clearinghouse", name, *arguments)
        assert told == "not a venue"
    before = held(stage, lender)
    assert stage.refuse(liquidate(lender)) == "not liquidatable"
    assert held(stage, lender) == before
