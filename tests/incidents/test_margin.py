"""Value out of nothing: gains nobody has paid, margin that leaves, checks left out."""

import pytest

from specs.accounts import BACKSTOP_FUND, RESERVE, USDC
from specs.clearinghouse import BORROW, DEPOSIT, UNLEND, WITHDRAW, Step
from specs.fixed_point import WAD
from specs.requirements import SCALE_ONE
from specs.state import Cull, Limits
from tests.helpers.conversions import quote
from tests.helpers.purses import most, profit, taken_home
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    govern,
    health_of,
    held,
    market_of,
    move,
    owed,
    realise,
)
from tests.helpers.worlds import (
    BEAR,
    BTC,
    BULL,
    ETH,
    FUND_CAPS,
    HEDGER,
    PRICES,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    trade,
)

SCENE = OWING
MILLION = 10**6 * 10**6


def borrowing(account):
    """Return how an account borrows so many units of USDC."""
    return lambda tokens: own("borrow", account, USDC, tokens)


def buying(buyer, seller, price):
    """Return how an account buys so many lots of the perpetual of BTC."""
    return lambda lots: trade(0, buyer, seller, lots, price * WAD)


# D1, Mango: two accounts traded with each other, and the price was pumped


@pytest.mark.parametrize("credit", [0, 2_000])
def test_d01_a_pumped_gain_lends_no_more_than_its_market_gives_credit(stage, credit):
    """
    A position that somebody else has sold to himself gained a fortune on paper when
    its thin market was pumped, and all that others had deposited was borrowed
    against it. Here gains of a market give credit up to its cap, and beyond it only
    for what losers have paid in: what can be borrowed is what could be before.
    """
    stage.play(govern("set_cull", 0, Cull(credit * WAD, 0, 0)))
    before = most(stage, borrowing(bull))
    gain = 60_000 * WAD * 5_000 * market_of(stage).lot // WAD
    move(stage, {BTC: 120_000, ETH: 2_500})
    # The coin that it holds as collateral has doubled, too, and is worth that.
    stage.play(own("withdraw", bull, BTC, 5 * 10**7))
    health = health_of(stage, bull)
    assert health.equity - health.initial_equity >= gain - credit * WAD
    after = most(stage, borrowing(bull))
    assert after <= before + credit * 10**6
    stage.play(own("borrow", bull, USDC, after))
    assert stage.refuse(own("borrow", bull, USDC, 10**6)) == "below initial margin"
    assert taken_home(stage, BULL) == 20_000 * 10**6 + after


def test_d01_a_pumped_gain_is_paid_from_its_market_alone(stage):
    """
    Nor does it help to realise it: winners of a market get what its losers have paid
    and a cap in advance, and the rest stays a claim on that market.
    """
    move(stage, {BTC: 600_000})
    before = owed(stage, bull)
    stage.play(realise(0, bull))
    fund = market_of(stage).fund.balance
    assert fund == -FUND_CAPS[0]
    assert 0 < before - owed(stage, bull) < FUND_CAPS[0] + WAD
    stage.play(realise(0, bull))
    assert market_of(stage).fund.balance == fund


def test_d01_a_market_gets_no_larger_than_what_it_can_bear(stage):
    """
    The two accounts held more of the token than its market could ever absorb. Open
    interest has a limit, for one account as for many, and trades with oneself count.
    """
    stage.play(govern("set_limits", 0, Limits(8_000, 2_500, 1, 0, 0, SCALE_ONE)))
    twins = bull + 1, bear + 1
    for account in twins:
        stage.play(own("deposit", account, USDC, 40_000 * 10**6))
    wash = buying(*twins, 60_000)
    assert stage.refuse(wash(2_501)) == "position limit reached"
    stage.play(wash(2_500))
    more = trade(0, bull + 1, lender, 501, PRICES[BTC])
    assert stage.refuse(more) == "position limit reached"
    others = trade(0, hedger, lender, 501, PRICES[BTC])
    assert stage.refuse(others) == "open interest limit reached"
    stage.play(trade(0, hedger, lender, 500, PRICES[BTC]))
    assert market_of(stage).open_interest == 8_000


@pytest.mark.parametrize(("fast", "is_open"), [(2_550, True), (2_551, False)])
def test_d01_collateral_counts_at_the_price_that_moves_slowly(stage, fast, is_open):
    """
    Spot went to 24 times its price within half an hour. The price that collateral
    counts at follows by a limited step a second, and while the market is further
    ahead than 2 % nothing at all is lent on either.
    """
    before = most(stage, borrowing(hedger))
    for action in quote(ETH, 2_500 * WAD, fast * WAD):
        stage.play(action)
    if is_open:
        after = most(stage, borrowing(hedger))
        assert before * 999 // 1_000 < after <= before
        stage.play(own("borrow", hedger, USDC, after))
        more = own("borrow", hedger, USDC, 2)
        assert stage.refuse(more) == "below initial margin"
    else:
        assert stage.refuse(own("borrow", hedger, USDC, 1)) == "prices diverge"


# D2, Hyperliquid: margin was withdrawn from under a position that a vault inherited


def test_d02_margin_behind_a_position_stays_to_the_cent(stage):
    """
    A trader took his margin out of a position of hundreds of millions, as far as its
    loss at a fixed leverage allowed, and had the vault take it over above its price.
    What may leave is what exceeds initial margin, after it left.
    """
    health = health_of(stage, bear)
    free = (health.initial_equity - health.initial_margin) // 10**12
    found = most(stage, lambda tokens: own("withdraw", bear, USDC, tokens))
    assert free - 1 <= found <= free
    stage.play(own("withdraw", bear, USDC, found))
    assert stage.refuse(own("withdraw", bear, USDC, 2)) == "below initial margin"
    left = health_of(stage, bear)
    assert left.equity >= left.initial_margin > left.maintenance_margin
    assert taken_home(stage, BEAR) == found - 30_000 * 10**6


def test_d02_a_large_position_binds_more_for_each_unit(stage):
    """
    Leverage was the same for 270 million as for a thousand. Margin grows with the
    square root of size on top of size, so large positions can't be left to others
    with as little behind them.
    """
    stage.play(own("deposit", lender, USDC, MILLION))
    stage.play(own("deposit", bear + 1, USDC, MILLION))
    margins = []
    for lots in (50_000, 150_000):
        stage.play(trade(0, lender, bear + 1, lots, PRICES[BTC]))
        margins.append(health_of(stage, lender).initial_margin)
    # Four times the size, so twice the fraction and eight times the margin.
    assert 4_097 * WAD < margins[0] < 4_099 * WAD
    assert 7_999 * margins[0] < 1_000 * margins[1] <= 8_000 * margins[0] + 10**6


# D8, YFI on dYdX: a hundred wallets rolled their gains into ever more of one position


def test_d08_a_gain_carries_no_larger_position(stage):
    """
    Gains on paper were margin for more of the same, which moved the price that made
    them. Gains of a market together give its credit cap, so its winners can't grow on
    them, nor hand them to another wallet before somebody has paid them.
    """
    stage.play(trade(0, lender, backer, 10_000, PRICES[BTC]))
    before = most(stage, buying(lender, backer, 60_000))
    move(stage, {BTC: 66_000})
    dearer = buying(lender, backer, 66_000)
    after = most(stage, dearer)
    # Of a coin that is a tenth dearer the same margin carries less, gain or no gain.
    assert (10_000 + after) * 66_000 <= (10_000 + before) * 60_006
    assert stage.refuse(dearer(after + 1)) == "below initial margin"
    gain = own("transfer", lender, lender + 1, USDC, held(stage, lender) + WAD)
    assert stage.refuse(gain) == "insufficient balance"


def test_d08_many_wallets_bind_as_much_as_one(stage):
    """
    A hundred wallets were each small enough for the least margin. The least margin of
    everybody grows with the open interest of the market, whoever has it.
    """
    limits = Limits(2**40, 2**40, 1, 400_000_000, 0, SCALE_ONE)
    stage.play(govern("set_limits", 0, limits))
    wallets = [first + number for first in (bull, bear) for number in (1, 2, 5, 7)]
    stage.play(own("deposit", lender, USDC, MILLION))
    margins = []
    for wallet in wallets:
        stage.play(own("deposit", wallet, USDC, 18_000 * 10**6))
        stage.play(trade(0, wallet, lender, 10_000, PRICES[BTC]))
        move(stage, {BTC: 60_000})
        margins.append(health_of(stage, wallets[0]).initial_margin)
    assert margins == sorted(margins)
    # 4e-4 of a root of 90,000 is 12 % of its 60,000, and of 510,000 it is 28.57 %.
    assert margins[0] == 7_200 * WAD
    assert 17_130 * WAD < margins[-1] < 17_150 * WAD
    late = trade(0, backer + 1, lender, 10_000, PRICES[BTC])
    stage.play(own("deposit", backer + 1, USDC, 9_000 * 10**6))
    assert stage.refuse(late) == "below initial margin"


# D13, Euler: a gift to the reserves left an account without a check of its health


def test_d13_whatever_lowers_a_balance_asks_for_margin(stage):
    """
    Giving collateral away to the reserves was a transfer like any other but for the
    question whether the giver could afford it; so an account made itself insolvent,
    and liquidated itself at a discount. Here there is no gift to the protocol's own
    accounts, and every way out of a balance ends with the same check.
    """
    for taker in (BACKSTOP_FUND, RESERVE):
        gift = own("transfer", bull, taker, BTC, 1)
        assert stage.refuse(gift) == "wrong owner"
    share = 7 * WAD // 10
    assert stage.refuse(own("transfer", bull, bull + 1, BTC, share)) == (
        "below initial margin"
    )
    assert stage.refuse(own("withdraw", bull, BTC, share // 10**10)) == (
        "below initial margin"
    )
    steps = Step(UNLEND, BTC, share), Step(WITHDRAW, BTC, share // 10**10)
    assert stage.refuse(own("batch", bull, steps)) == "below initial margin"
    assert held(stage, bull, BTC) == WAD
    assert stage.world.clearing.accounts.get(bull + 1) is None


# D24, Mango: a bankruptcy could be decided while checks of health were put off


@pytest.mark.parametrize("kind", [6, 7, 255])
def test_d24_a_span_without_checks_has_a_list_of_what_may_happen_in_it(stage, kind):
    """
    Within a flash loan health was not checked, and declaring somebody bankrupt was
    allowed there: on a health that meant nothing, at the lenders' cost. A batch here
    knows six kinds of steps, none of which judges anybody.
    """
    steps = Step(BORROW, USDC, 10**6), Step(kind, USDC, 1), Step(DEPOSIT, USDC, 10**6)
    assert stage.refuse(own("batch", hedger, steps)) == "out of bounds"


def test_d24_what_was_put_off_is_asked_in_the_end(stage):
    """And the check that a batch puts off is made before any token moves."""
    free = most(stage, borrowing(hedger))
    before = taken_home(stage, HEDGER)
    more = Step(BORROW, USDC, free + 1)
    assert stage.refuse(own("batch", hedger, (more,))) == "below initial margin"
    dry = Step(BORROW, USDC, 2 * free), Step(DEPOSIT, USDC, free + 1)
    stage.play(own("batch", hedger, dry))
    assert taken_home(stage, HEDGER) == before + free - 1
    assert profit(stage, HEDGER) < WAD
