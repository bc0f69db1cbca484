"""Forced reductions on the book: by whom, how much, at what price, and for what."""

from itertools import pairwise

import pytest

from specs.accounts import BACKSTOP_FUND, USDC
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.world import Action
from tests.helpers.purses import profit
from tests.helpers.scenes import LENT_OUT, OWING
from tests.helpers.slices import SliceStage, order, reduction
from tests.helpers.stages import (
    call,
    health_of,
    held,
    liquidate,
    move,
    owed,
    pool_of,
    sizes_of,
)
from tests.helpers.worlds import (
    BTC,
    BULL,
    ETH,
    LENDER,
    PRICES,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
    underwriter,
)

BID = 35_650
"""Where somebody buys what is sold of the bull; the mark is 35,700."""


def reduce(account=bull, instrument=0, reward=0, **caller):
    """Return a forced reduction that a stranger asks for."""
    return reduction(account, instrument, reward, **caller)


def bid(price, account=lender):
    """Return a bid for far more of the perpetual of BTC than there is to sell."""
    return order(0, True, 20_000, price * WAD, account)


# A long below its maintenance margin, and somebody who would buy all of it.
DUE = [*OWING, *publish({BTC: 35_700 * WAD}), call("wait", 1), bid(BID)]


@pytest.fixture(scope="module")
def floor():
    """Every contract, and a book on which orders are placed."""
    return SliceStage()


@pytest.fixture
def due(floor):
    with floor.at(DUE):
        yield floor


def told_of(stage, name, action):
    (told,) = [told for found, told in stage.events(action) if found == name]
    return told


# D20, Perennial: who liquidated chose the size, and pending orders were in the way


def test_d20_a_slice_only_shrinks_and_nobody_names_its_size(due):
    """
    A liquidator set the position to 2^62 - 1 and was paid for it. A slice is a tenth,
    once a second, whatever the book would take; it never turns a position over, and
    leaves the account no less healthy for its size.
    """
    sizes = [5_000]
    for _ in range(8):
        before = health_of(due, bull)
        due.play(reduce())
        assert due.refuse(reduce()) == "nothing due"
        after = health_of(due, bull)
        assert after.equity * before.maintenance_margin >= (
            before.equity * after.maintenance_margin
        )
        sizes.append(sizes_of(due, bull)[0])
        due.play(call("wait", 1))
    assert sizes[:3] == [5_000, 4_500, 4_050]
    assert all(0 < new < old for old, new in pairwise(sizes))


def test_d20_slices_end_where_the_account_has_its_margin_again(floor):
    """Nor is all of it sold: what is left has initial margin, and a little more."""
    large = [
        *OWING,
        own("deposit", bear, USDC, 270_000 * 10**6),
        trade(0, bull, bear, 45_000, PRICES[BTC]),
    ]
    with floor.at(large):
        move(floor, {BTC: 118_600})
        floor.play(order(0, False, 60_000, 118_620 * WAD))
        for _ in range(12):
            floor.play(reduce(bear))
            floor.play(call("wait", 1))
            if health_of(floor, bear).equity >= health_of(floor, bear).initial_margin:
                break
        assert floor.refuse(reduce(bear)) == "not liquidatable"
        left = health_of(floor, bear)
        assert left.equity < left.initial_margin * 105 // 100
        assert -45_000 < sizes_of(floor, bear)[0] < -10_000


def test_d20_orders_of_the_account_put_no_slice_off(floor):
    """A close that was pending kept a liquidation away. Here orders go first."""
    with floor.at(OWING):
        floor.play(order(1, True, 5_000, 2_400 * WAD, bull, is_reduce_only=True))
        move(floor, {BTC: 35_700})
        floor.play(bid(BID))
        assert floor.refuse(liquidate(bull)) != "orders open"
        floor.play(reduce())
        resting = floor.world.book.orders.values()
        assert [order.account for order in resting] == [lender]
        assert sizes_of(floor, bull)[0] == 4_500


def test_d20_whoever_reports_in_every_block_puts_nothing_off(due):
    """
    Prices of a block liquidate nobody in it, so who has them reported in every block
    would never be due. Whoever is flagged is so in the next one, at any price.
    """
    move(due, {BTC: 35_700}, waiting=0)
    assert due.refuse(reduce()) == "price too fresh"
    due.play(call("flag", bull))
    assert due.refuse(reduce()) == "price too fresh"
    move(due, {BTC: 35_701}, waiting=0)
    due.play(reduce())
    assert sizes_of(due, bull)[0] == 4_500


# D22, Perennial: who opened and liquidated himself in one transaction had the reward


def test_d22_no_owner_is_rewarded_for_his_own_account(due):
    """Neither does the owner call, nor does one of his accounts get the reward."""
    assert due.refuse(reduce(caller=BULL)) == "same owner"
    assert due.refuse(reduce(reward=bull)) == "same owner"
    assert due.refuse(reduce(reward=bull + 1)) == "same owner"
    assert sizes_of(due, bull)[0] == 5_000


@pytest.mark.parametrize("price", [BID, 35_598])
def test_d22_two_who_agree_gain_nothing_from_a_slice(floor, price):
    """
    The reward was more than what being liquidated cost. The fee is what the account
    pays, a hundredth at most; half of it is the backstop fund's, so that he who owns
    the account, the bid that meets it and the reward has less than before.
    """
    with floor.at(OWING):
        move(floor, {BTC: 35_700})
        floor.play(bid(price))
        owners = BULL, LENDER
        before = sum(profit(floor, owner) for owner in owners)
        fund = held(floor, BACKSTOP_FUND)
        told = told_of(floor, "SliceClosed", reduce(reward=lender))
        lost = before - sum(profit(floor, owner) for owner in owners)
        fund = held(floor, BACKSTOP_FUND) - fund
        assert 0 < told["rewarded"] <= told["fee"] // 2 <= fund + 2
        assert told["fee"] <= told["notional"] // 100
        assert lost > fund > WAD


def test_d22_the_price_of_a_slice_has_a_limit(due):
    """
    An accomplice could have bid anything. Below half of what the equity is of the
    margin nothing is sold: the third time that no better bid is there, providers come.
    """
    due.play(Action("cancel_all", LENDER, (lender,)))
    due.play(bid(35_500))
    for _ in range(3):
        due.play(call("wait", 10))
        assert due.refuse(liquidate(bull)) == "above backstop margin"
        told = told_of(due, "Slice", reduce(reward=lender))
        assert (told["filled"], told["fee"]) == (0, 0)
    due.play(liquidate(bull))
    providers = backer, underwriter
    assert sum(sizes_of(due, each).get(0, 0) for each in providers) > 3_000


# D29: at full utilisation collateral that is lent can't be paid out


def test_d29_a_slice_needs_no_cash(floor):
    """Collateral is sold on the book for the debt, and not a token has to move."""
    with floor.at(LENT_OUT):
        floor.play(own("deposit", backer, BTC, 10 * 10**8))
        move(floor, {ETH: 575, BTC: 60_000})
        floor.play(order(SPOT + ETH, True, 20_000, 573 * WAD, backer))
        debt, coins = owed(floor, hedger), held(floor, hedger, ETH)
        told = told_of(floor, "Slice", reduce(hedger, SPOT + ETH))
        assert told["filled"] > 0
        assert pool_of(floor).cash == 0
        sold = coins - held(floor, hedger, ETH)
        assert debt - owed(floor, hedger) >= sold * 573 - told["fee"] - 2
        assert health_of(floor, hedger).equity > 0
