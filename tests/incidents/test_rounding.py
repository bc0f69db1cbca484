"""Rounding, donations, empty pools: what is got by doing a small thing often."""

import pytest

from specs import clearinghouse as ch
from specs import invariants
from specs.accounts import USDC
from specs.fixed_point import RAY, WAD
from specs.money_market import MAX_INDEX
from specs.world import Action
from tests.helpers.conversions import quote
from tests.helpers.purses import profit, taken_home
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    govern,
    health_of,
    held,
    market_of,
    owed,
    pool_of,
    sizes_of,
)
from tests.helpers.worlds import (
    BEAR,
    BTC,
    BULL,
    ETH,
    LENDER,
    PRICES,
    VENUE,
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


# D16, Radiant and Resupply: a share's price was raised in an empty market


def test_d16_a_donation_moves_no_index(stage):
    """
    Tokens that were sent to a vault counted as earned, and an exchange rate that was
    divided by them became 0: whatever was borrowed bound nothing. Pools know their
    cash by what was booked, and what is sent besides belongs to nobody.
    """
    before = {asset: pool_of(stage, asset) for asset in PRICES | {USDC: WAD}}
    healths = [health_of(stage, account) for account in (bull, bear, hedger)]
    for asset in before:
        stage.play(call("donate", asset, 10**24))
    assert {asset: pool_of(stage, asset) for asset in before} == before
    assert [health_of(stage, account) for account in (bull, bear, hedger)] == healths


def test_d16_interest_on_a_wei_inflates_no_index(deployed):
    """
    In a market of a few wei fees by the thousand blew the index up, until what was
    burned for a withdrawal rounded to almost nothing. Here an index grows with time
    alone, and who deposits next loses a unit to it at most.
    """
    scene = [*publish(PRICES), own("deposit", lender, ETH, 1)]
    with deployed.at([*scene, own("deposit", bear, USDC, 10**9)]):
        deployed.play(own("borrow", bear, ETH, 1))
        for _ in range(5):
            deployed.play(call("wait", 300 * DAY))
            deployed.play(own("deposit", hedger, ETH, 10**7))
            deployed.play(own("withdraw", hedger, ETH, ch.EVERYTHING))
        pool = pool_of(deployed, ETH)
        assert RAY < pool.lend_index <= pool.borrow_index <= MAX_INDEX
        deployed.play(own("deposit", hedger, ETH, 10**18))
        lost = 10**18 - held(deployed, hedger, ETH)
        assert 0 <= lost <= pool.lend_index // RAY + 1
        deployed.play(own("withdraw", lender, ETH, ch.EVERYTHING))
        # Six wei of interest on one wei in four years, not somebody's ETH.
        assert taken_home(deployed, LENDER, ETH) < 100


# D18, Balancer: amounts were rounded down before they were scaled up, in a batch


@pytest.mark.parametrize("tokens", [2, 3, 10**12 + 1])
def test_d18_many_small_round_trips_earn_nothing(stage, tokens):
    """
    Sixty-five swaps of a few wei in one transaction, each rounded in the trader's
    favour, emptied a pool. Deposits and withdrawals each round against who makes them.
    """
    stage.play(own("borrow", lender, ETH, 10 * 10**18))
    stage.play(call("wait", 50))
    stage.play(own("deposit", bull, ETH, 30 * tokens))
    assert stage.refuse(own("deposit", bull, ETH, 1)) == "zero amount"
    before = held(stage, bull, ETH)
    for _ in range(8):
        stage.play(own("deposit", bull, ETH, tokens))
        stage.play(own("withdraw", bull, ETH, tokens))
    after = held(stage, bull, ETH)
    assert after <= before
    for _ in range(8):
        stage.play(own("withdraw", bull, ETH, tokens))
    assert held(stage, bull, ETH) <= after - 8 * tokens


@pytest.mark.parametrize("amount", [1, 3, 399])
def test_d18_a_swap_of_a_few_wei_is_paid_for(stage, amount):
    """What a buyer pays rounds up: not even a wei of a coin is free."""
    had, price = held(stage, lender), 2_500 * WAD + 1
    for _ in range(8):
        swap = ETH, lender, hedger, amount, price, False
        stage.play(Action("fill_spot", VENUE, swap))
    paid = had - held(stage, lender)
    assert paid >= 8 * (amount * 2_500 + 1)
    assert 8 * amount - 8 <= held(stage, lender, ETH) <= 8 * amount


def test_d18_a_position_of_one_lot_costs_what_it_costs(stage):
    """Eight trades of a lot, to and fro at one price, leave nobody with more."""
    before = profit(stage, BULL) + profit(stage, BEAR)
    fund = market_of(stage).fund.balance
    for buyer, seller in ((bull, bear), (bear, bull)) * 4:
        stage.play(trade(0, buyer, seller, 1, PRICES[BTC] + 333_333))
    assert sizes_of(stage, bull)[0] == 5_000
    lost = before - profit(stage, BULL) - profit(stage, BEAR)
    # Both pay their fees, and the market's fund keeps what is rounded.
    assert lost >= 8 * 6 * WAD * 500 // 10**6
    assert market_of(stage).fund.balance >= fund


# D19, Euler: what is owed was rounded to nothing, and what is repaid was refused


def test_d19_a_debt_of_one_unit_is_a_debt(deployed):
    """A wei could be borrowed without collateral, since its value rounded to 0."""
    with deployed.at([*publish(PRICES), own("deposit", hedger, ETH, 10**18)]):
        assert deployed.refuse(own("borrow", bear, ETH, 1)) == "below initial margin"
        deployed.play(own("deposit", bear, USDC, 1))
        deployed.play(own("borrow", bear, ETH, 1))
        assert health_of(deployed, bear).exposure > 0
        deployed.play(call("repay", bear, ETH, ch.EVERYTHING))
        assert owed(deployed, bear, ETH) == 0


def test_d19_a_cap_keeps_nobody_from_repaying(lent_out):
    """
    A repayment that was rounded up exceeded the cap of what may be supplied, and was
    refused. A cap that interest has carried the pool above is asked when supply grows.
    """
    lent_out.play(govern("set_caps", USDC, 10_000 * WAD, 10_000 * WAD))
    lent_out.play(call("wait", 10 * DAY))
    one_more = own("deposit", lender, USDC, 1)
    assert lent_out.refuse(one_more) == "supply cap reached"
    lent_out.play(own("deposit", hedger, USDC, 4_000 * 10**6))
    lent_out.play(own("repay", hedger, USDC, 1))
    lent_out.play(own("repay", hedger, USDC, ch.EVERYTHING))
    assert owed(lent_out, hedger) == 0
    assert lent_out.refuse(one_more) == "supply cap reached"


# D23, GMX: funding rounded by size, numbers that wrapped, the wrong one of two prices


def test_d23_ways_of_closing_leave_the_fund_what_it_owes(stage):
    """
    Payments that were rounded by size left less than all claims together. What the
    fund has is never below what all positions are worth, however they are closed.
    """
    for price, lots in ((60_007, 7), (59_993, 11), (60_001, 4_982)):
        stage.play(trade(0, bear, bull, lots, price * WAD + 333_333))
        assert invariants.find_violated_states(stage.world) == []
    assert [sizes_of(stage, each).get(0, 0) for each in (bull, bear)] == [0, 0]


@pytest.mark.parametrize(("slow", "fast"), [(2_500, 2_540), (2_540, 2_500)])
def test_d23_of_two_prices_each_side_gets_the_worse_one(stage, slow, fast):
    """Debts at the lower, or collateral at the higher one, would be a gift."""
    stage.play(own("borrow", lender, ETH, 10**18))
    for action in quote(ETH, slow * WAD, fast * WAD):
        stage.play(action)
    debt, coins = health_of(stage, lender), health_of(stage, hedger)
    assert held(stage, lender) - debt.initial_equity >= 2_540 * WAD
    assert coins.initial_equity + 5_000 * WAD <= 20 * 2_500 * WAD * 9 // 10


@pytest.mark.parametrize("lots", [2**56 + 1, 2**255], ids=["one more", "most"])
def test_d23_what_is_too_large_for_its_field_is_refused(stage, lots):
    """A number of sixty decimals wrapped. Here every amount has a bound."""
    assert stage.refuse(trade(0, lender, bear, lots, WAD)) == "amount too large"


# D30: a pool that was emptied, and began again from what was left in it


def test_d30_an_emptied_pool_starts_as_a_new_one(lent_out):
    """
    Somebody empties a pool, leaves or sends a little to it, and waits for whoever
    deposits next. He who does has what he brought, and the donor nothing.
    """
    lent_out.play(call("wait", DAY))
    lent_out.play(own("repay", hedger, USDC, ch.EVERYTHING))
    lent_out.play(own("withdraw", lender, USDC, ch.EVERYTHING))
    attacker = taken_home(lent_out, LENDER)
    lent_out.play(call("donate", USDC, 10**12))
    lent_out.play(own("deposit", bull, USDC, 10**6))
    assert WAD - 2 <= held(lent_out, bull) <= WAD
    assert RAY <= pool_of(lent_out).lend_index < 2 * RAY
    lent_out.play(own("deposit", lender, USDC, 1))
    lent_out.play(own("withdraw", lender, USDC, ch.EVERYTHING))
    assert taken_home(lent_out, LENDER) <= attacker
    lent_out.play(own("withdraw", bull, USDC, ch.EVERYTHING))
    assert taken_home(lent_out, BULL) in (-1, 0)
