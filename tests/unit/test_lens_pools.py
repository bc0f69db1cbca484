"""Lens, `pool_views`: assets and pools, what the vault has of them and must have."""

import pytest

from specs import clearinghouse as ch
from specs import (
    money_market,
)
from specs.accounts import USDC
from specs.clearinghouse import Fees
from specs.fixed_point import RAY, WAD, mul_div_down
from specs.interest_rate import compute_rate
from specs.requirements import Haircut, Requirement
from specs.world import Action
from tests.helpers.lens import look
from tests.helpers.scenes import AT_WORK
from tests.helpers.stages import govern, pool_of
from tests.helpers.worlds import (
    ASSETS,
    DECIMALS,
    ETH,
    GOVERNOR,
    MARKETS,
    PRICES,
    STRANGER,
    UNLISTED,
    hedger,
    lender,
    own,
    publish,
)


@pytest.mark.parametrize("asset", ASSETS)
def test_a_pool(seen, asset):
    state, now = seen.world.clearing, seen.world.now
    pool, told = state.assets[asset].pool, look(seen, "pool", asset)
    same = "lend_index", "accrued_at", "lends", "borrows", "cash", "reserve", "idle"
    limits = "supply_cap", "borrow_cap", "is_paused", "is_halted"
    for name in (*same, *limits):
        assert getattr(told, name) == getattr(pool, name), name
    used = money_market.get_utilisation(pool, ch.get_surplus(state, asset))
    assert told.utilisation == used
    assert told.borrow_rate == compute_rate(pool.curve, used)
    assert told.borrow_index == ch.get_borrow_index(state, asset, now)


def test_a_paused_pool_and_market(deployed):
    pauses = [Action("pause_asset", GOVERNOR, (ETH,))]
    pauses += [Action("pause_market", GOVERNOR, (1,))]
    with deployed.at([*AT_WORK, *pauses]):
        for asset in ASSETS:
            assert look(deployed, "pool", asset).is_paused is (asset == ETH)
        for market in MARKETS:
            assert look(deployed, "market", market).is_paused is (market == 1)


@pytest.mark.parametrize("asset", ASSETS)
def test_lenders_earn_the_rate_that_they_are_promised(seen, asset):
    state = seen.world.clearing
    told, pool = look(seen, "pool", asset), state.assets[asset].pool
    for seconds in (1, 86_400):
        later = ch.accrue(state, asset, pool.accrued_at + seconds).assets[asset].pool
        grown = mul_div_down(later.lend_index - pool.lend_index, RAY, pool.lend_index)
        promised = told.lend_rate * seconds
        # Whole scaled units are kept back for winners, and nothing else.
        assert abs(grown - promised) <= promised // 1_000 + 10 * seconds


def test_a_lend_rate_is_rounded_down(deployed):
    """In a pool so small that a wei of what is owed is a part of the rate."""
    scene = [
        *publish(PRICES),
        own("deposit", lender, USDC, 10**6),
        own("deposit", hedger, ETH, 10**18),
        own("borrow", hedger, USDC, 5 * 10**5),
        Action("wait", STRANGER, (5_000,)),
        *publish(PRICES),
    ]
    with deployed.at(scene):
        told, pool = look(deployed, "pool", USDC), pool_of(deployed)
        assert pool.borrows * pool.borrow_index % RAY != 0
        owed = mul_div_down(pool.borrows, pool.borrow_index, RAY)
        lent = mul_div_down(pool.lends, pool.lend_index, RAY)
        paid = mul_div_down(told.borrow_rate, WAD - pool.curve.reserve_share, WAD)
        assert told.lend_rate == mul_div_down(paid, owed, lent)
        assert told.lend_rate < mul_div_down(paid, owed + 1, lent)


def listed_as(stage, asset):
    """Return an asset as the Lens should tell it."""
    listed = stage.world.clearing.assets[asset]
    return (
        stage.made.tokens[asset].address,
        DECIMALS[asset],
        *vars(listed.quote).values(),
        *vars(listed.haircut).values(),
        *vars(listed.requirement).values(),
        *vars(listed.fees).values(),
        listed.target_weight,
        listed.ramped_at,
    )


@pytest.mark.parametrize("asset", ASSETS)
def test_an_asset(seen, asset):
    assert look(seen, "asset", asset) == listed_as(seen, asset)


def test_fields_of_one_word_are_told_apart(deployed):
    """The lowest bit of each is set: a field read too wide has its neighbour's."""
    haircut = Haircut(899_999, 400_000_001)
    requirement = Requirement(200_001, 100_001, 40_000_001, 20_000_001)
    risk = haircut, requirement, Fees(maker=101, taker=401)
    with deployed.at([govern("set_asset_risk", ETH, *risk)]):
        assert deployed.world.clearing.assets[ETH].requirement == requirement
        assert look(deployed, "asset", ETH) == listed_as(deployed, ETH)


def funds_of(state, asset):
    """Return the sum of all liquidity funds, which are in USDC."""
    balances = [market.fund.balance for market in state.markets.values()]
    return sum(balances) if asset == USDC else 0


@pytest.mark.parametrize("asset", ASSETS)
def test_reserves(seen, asset):
    state, told = seen.world.clearing, look(seen, "reserves", asset)
    pool, scale = state.assets[asset].pool, 10 ** (18 - DECIMALS[asset])
    assert told.custody == state.assets[asset].custody * scale
    assert (told.cash, told.idle) == (pool.cash, pool.idle)
    assert told.funds == funds_of(state, asset)
    assert told.lends == -(-pool.lends * pool.lend_index // RAY)
    assert told.borrows == pool.borrows * pool.borrow_index // RAY


@pytest.mark.parametrize("asset", ASSETS)
def test_slack_is_exact_and_never_below_zero(seen, asset):
    state, told = seen.world.clearing, look(seen, "reserves", asset)
    pool = state.assets[asset].pool
    exact = (
        pool.cash - funds_of(state, asset)
    ) * RAY + pool.borrows * pool.borrow_index
    exact -= pool.lends * pool.lend_index
    assert told.slack == exact // RAY >= 0
    assert told.custody >= told.cash + told.idle


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("asset", "unknown asset"),
        ("pool", "unknown asset"),
        ("reserves", "unknown asset"),
        ("guards", "unknown asset"),
        *(
            (name, "unknown market")
            for name in ("market", "scales", "limits", "cull", "virtual")
        ),
    ],
)
@pytest.mark.parametrize("number", [UNLISTED, 2**256 - 1])
def test_what_is_not_listed_is_refused(seen, method, reason, number):
    assert seen.made.reason(STRANGER, "Lens", method, number) == reason
