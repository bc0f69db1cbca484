"""Parameters: set by a thief at once, changed for the past, or used as a price."""

import pytest

from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.fixed_point import WAD
from specs.requirements import Haircut
from tests.helpers.purses import most, taken_home
from tests.helpers.scenes import OWING
from tests.helpers.settings import SETTERS, each
from tests.helpers.stages import call, govern, held, pool_of
from tests.helpers.worlds import (
    BULL,
    CURVE,
    ETH,
    FEES,
    GOVERNOR,
    HAIRCUTS,
    HEDGER,
    PRICES,
    REQUIREMENTS,
    bear,
    curve,
    hedger,
    lender,
    own,
    publish,
    rate,
)

SCENE = OWING
DAY = 86_400
DELAY = 2 * DAY
UNPRICED = [own("deposit", hedger, ETH, 20 * 10**18)]
RISKS = REQUIREMENTS[ETH], FEES
FULL, NONE = HAIRCUTS[ETH], Haircut(0, 0)
WORTHLESS = ("set_asset_risk", ETH, NONE, *RISKS)
PRECIOUS = ("set_asset_risk", ETH, FULL, *RISKS)

# A coin that counts for nothing, a pool to be robbed, and a governor who has to wait.
GOVERNED = [
    *publish(PRICES),
    own("deposit", lender, USDC, 100_000 * 10**6),
    govern(*WORTHLESS),
    govern("set_caps", ETH, 100 * WAD, 0),
    govern("set_guards", USDC, 10_000, 10_000, 10_000, 2_000, WAD),
    call("wait", 2 * DAY),
    own("withdraw", lender, USDC, 1),
    govern("set_delay", DELAY),
]


@pytest.fixture
def governed(deployed):
    with deployed.at(GOVERNED):
        yield deployed


@pytest.fixture
def unpriced(deployed):
    with deployed.at(UNPRICED):
        yield deployed


def refresh(stage):
    """Take the same prices over anew."""
    for action in publish(PRICES):
        stage.play(action)


# D9, Drift: with the keys of its admins a coin of no worth became collateral


def test_d09_a_thief_loosens_nothing_at_once(governed):
    """
    Within minutes a new coin was collateral and limits of withdrawals were gone. What
    lets anybody take more has to be announced, and wait for days in sight of all.
    """
    loosening = [
        PRECIOUS,
        ("set_caps", ETH, 0, 0),
        ("set_guards", USDC, 10_000, 10_000, 10_000, 10_000, WAD),
        ("set_guards", USDC, 10_000, 10_000, 10_000, 0, WAD),
        ("set_venue", BULL, ch.TRADE_VENUE),
        ("set_governor", BULL),
        ("set_delay", 0),
        ("withdraw_reserve", USDC, 1, GOVERNOR),
    ]
    for change in loosening:
        assert governed.refuse(govern(*change)) == "not queued"
        governed.play(govern("queue", change))
    governed.play(call("wait", DELAY - 1))
    for change in loosening:
        assert governed.refuse(govern(*change)) == "not ready"
    governed.play(call("wait", 1))
    governed.play(govern(*PRECIOUS))


def test_d09_what_tightens_waits_for_nobody(governed):
    """Whoever sees the announcement may still be answered at once."""
    governed.play(govern("set_guards", USDC, 9_000, 9_000, 9_000, 1_000, WAD))
    governed.play(govern("set_caps", ETH, 50 * WAD, 10 * WAD))
    governed.play(govern("pause_asset", USDC))
    governed.play(govern("queue", PRECIOUS))
    governed.play(govern("cancel_change", PRECIOUS))
    governed.play(call("wait", DELAY))
    assert governed.refuse(govern(*PRECIOUS)) == "not queued"


@pytest.mark.parametrize("days", [0, 1, 4])
def test_d09_new_collateral_counts_for_little_at_first(governed, days):
    """
    The coin counted in full from its first hour. After all that waiting its weight is
    still 0, and rises by a twentieth a day; and a cap says how much of it there can be.
    """
    governed.play(govern("queue", PRECIOUS))
    governed.play(call("wait", DELAY))
    governed.play(govern(*PRECIOUS))
    for _ in range(days):
        governed.play(call("wait", DAY))
        governed.play(call("ramp_weight", ETH))
    refresh(governed)
    flood = own("deposit", hedger, ETH, 101 * 10**18)
    assert governed.refuse(flood) == "supply cap reached"
    governed.play(own("deposit", hedger, ETH, 100 * 10**18))
    # 12,500 USDC a day, of which a debt binds a tenth on top; a fifth of the pool.
    limit = min(11_363 * days, 20_000) * 10**6
    found = most(governed, lambda tokens: own("borrow", hedger, USDC, tokens))
    assert abs(found - limit) <= 10**6
    reason = "outflow too large" if limit > 19_000 * 10**6 else "below initial margin"
    assert governed.refuse(own("borrow", hedger, USDC, found + 2)) == reason
    if found:
        governed.play(own("borrow", hedger, USDC, found))
    assert taken_home(governed, HEDGER) == found


def test_d09_no_more_than_a_share_leaves_within_a_day(governed):
    """
    280 million went in minutes. Whatever counts as collateral, no more of an asset
    leaves than a share of what was held, a fifth here, until a day has passed.
    """
    found = most(governed, lambda tokens: own("withdraw", lender, USDC, tokens))
    assert abs(found - 20_000 * 10**6) < 10**6
    governed.play(own("withdraw", lender, USDC, found))
    assert governed.refuse(own("withdraw", lender, USDC, 2)) == "outflow too large"
    governed.play(call("wait", DAY))
    governed.play(own("withdraw", lender, USDC, found // 2))


def test_d09_an_asset_without_a_price_is_not_lent_out(unpriced):
    """A coin nobody has a price of is no debt that margin could be asked for."""
    assert unpriced.refuse(own("borrow", bear, ETH, 1)) == "stale price"
    assert unpriced.refuse(own("borrow", bear, ETH, 20 * 10**18)) == "stale price"
    unpriced.play(own("withdraw", hedger, ETH, 10**18))


def test_d09_an_asset_without_a_price_is_no_collateral(unpriced):
    """Nor is it worth anything to whoever brings it, however much it is."""
    unpriced.play(own("deposit", lender, USDC, 10**10))
    assert unpriced.refuse(own("borrow", hedger, USDC, 1)) == "below initial margin"


# D3, JELLY: a market was settled at a price that its venue chose


@each(SETTERS)
def test_d03_nothing_that_is_set_is_a_price(free_desk, change):
    """
    Validators wrote a price into the market to close it. There is nothing to set that
    moves a price, a position or a balance: the governor has parameters only.
    """
    quotes = [
        (each.quote, each.scales, each.funding, each.open_interest)
        for each in free_desk.state.markets.values()
    ]
    prices = [each.quote for each in free_desk.state.assets.values()]
    free_desk.play(GOVERNOR, *change)
    after = free_desk.state
    assert prices == [each.quote for each in after.assets.values()]
    assert quotes == [
        (each.quote, each.scales, each.funding, each.open_interest)
        for each in after.markets.values()
    ]
    assert after.accounts == {}


# D28, Curve: a share of fees that changed was taken of the past as well


def test_d28_a_new_curve_is_not_for_the_time_before_it(stage):
    """
    A new admin share repriced what had been earned before it. Every change of what
    interest costs, or of who gets it, books what is due until then at the old terms.
    """
    stage.play(call("wait", DAY))
    expected = ch.accrue(stage.world.clearing, USDC, stage.world.now).assets[USDC].pool
    before = held(stage, lender)
    steep = curve(rate(300), WAD // 2)
    assert steep != CURVE
    stage.play(govern("set_curve", USDC, steep))
    pool = pool_of(stage)
    assert pool.borrow_index == expected.borrow_index
    assert pool.lend_index == expected.lend_index
    assert pool.reserve == expected.reserve
    # A day of 25,000 USDC at 2 to 3 %, not at 300 %.
    assert 0 < held(stage, lender) - before < WAD
