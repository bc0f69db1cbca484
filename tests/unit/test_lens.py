"""Lens: every view is what the specification computes of the same storage."""

import pytest

from specs import clearinghouse as ch
from specs import money_market, perpetual
from specs.accounts import USDC, get_balance
from specs.fixed_point import RAY, WAD, mul_div_down
from specs.interest_rate import compute_rate, compute_utilisation
from specs.world import Action
from tests.helpers.protocol import Stage
from tests.helpers.scenes import AT_WORK, LENT_OUT
from tests.helpers.worlds import (
    ACCOUNTS,
    ASSETS,
    BTC,
    DECIMALS,
    ETH,
    MARKETS,
    STRANGER,
    UNLISTED,
    bear,
    bull,
    lender,
    own,
    publish,
)

RISEN = {BTC: 63_000 * WAD, ETH: 2_450 * WAD}
LATER = [
    Action("wait", STRANGER, (5_000,)),
    *publish(RISEN, premium=WAD // 500),
    Action("realise", STRANGER, (0, (bear,))),
    Action("realise", STRANGER, (1, (bull,))),
    own("set_auto_lend", lender, False),
    own("deposit", lender, ETH, 3 * 10**18),
    own("borrow", bull, ETH, 10**18),
    own("withdraw", lender, USDC, 1_234),
    Action("wait", STRANGER, (30,)),
]
SCENES = {"empty": [], "lent out": LENT_OUT, "later": [*AT_WORK, *LATER]}


@pytest.fixture(scope="module")
def deployed():
    return Stage()


@pytest.fixture(params=SCENES)
def stage(deployed, request):
    with deployed.at(SCENES[request.param]):
        yield deployed


def look(stage, method, *arguments):
    return stage.made.view("Lens", method, *arguments)


def test_what_is_listed_is_listed(stage):
    assert look(stage, "assets") == ASSETS
    assert look(stage, "markets") == MARKETS


@pytest.mark.parametrize("asset", ASSETS)
def test_a_pool(stage, asset):
    state, now = stage.world.clearing, stage.world.now
    pool, told = state.assets[asset].pool, look(stage, "pool", asset)
    same = "lend_index", "accrued_at", "lends", "borrows", "cash", "reserve", "idle"
    for name in (*same, "is_halted"):
        assert getattr(told, name) == getattr(pool, name), name
    lent = mul_div_down(pool.lends, pool.lend_index, RAY)
    used = compute_utilisation(pool.cash, lent + ch.get_surplus(state, asset))
    assert told.utilisation == used
    assert told.borrow_rate == compute_rate(pool.curve, used)
    assert told.borrow_index == ch.get_borrow_index(state, asset, now)


@pytest.mark.parametrize("asset", ASSETS)
def test_lenders_earn_the_rate_that_they_are_promised(stage, asset):
    state = stage.world.clearing
    told, pool = look(stage, "pool", asset), state.assets[asset].pool
    for seconds in (1, 86_400):
        later = ch.accrue(state, asset, pool.accrued_at + seconds).assets[asset].pool
        grown = mul_div_down(later.lend_index - pool.lend_index, RAY, pool.lend_index)
        promised = told.lend_rate * seconds
        # Debts are counted with interest until now, which was not booked yet.
        assert abs(grown - promised) <= promised // 1_000 + 10 * seconds


@pytest.mark.parametrize("asset", ASSETS)
def test_an_asset(stage, asset):
    listed, told = stage.world.clearing.assets[asset], look(stage, "asset", asset)
    assert told == (
        stage.made.tokens[asset].address,
        DECIMALS[asset],
        *vars(listed.quote).values(),
        *vars(listed.haircut).values(),
        *vars(listed.requirement).values(),
        *vars(listed.fees).values(),
    )


@pytest.mark.parametrize("market", MARKETS)
def test_a_market(stage, market):
    listed, told = stage.world.clearing.markets[market], look(stage, "market", market)
    funding = listed.funding
    assert told == (
        listed.underlying,
        listed.lot,
        listed.interval,
        *vars(listed.quote).values(),
        funding.index,
        funding.rate,
        funding.premium,
        funding.updated_at,
        funding.interval_started_at,
        listed.fund.balance,
        listed.fund.cap,
        listed.open_interest,
        *vars(listed.requirement).values(),
        *vars(listed.fees).values(),
    )


def test_what_accounts_hold(stage):
    state, now = stage.world.clearing, stage.world.now
    for account in ACCOUNTS:
        held = ch.get_account(state, account)
        expected = []
        for asset in sorted(held.balances):
            balance = get_balance(held, asset)
            index = state.assets[asset].pool.lend_index
            lent = money_market.compute_lent(balance, index)
            owed = ch.get_owed(state, account, asset, now)
            expected.append((asset, balance.scaled, lent, balance.idle, owed))
        assert list(look(stage, "holdings", account)) == expected


def valued(state, account, market):
    """Return a position as the Lens tells it."""
    position = ch.get_account(state, account).positions.get(market, perpetual.FLAT)
    exposure = ch.compute_exposure(state.markets[market], position)
    told = position.lots, position.basis, exposure.value, exposure.notional
    return (market, *told)


def test_positions(stage):
    state = stage.world.clearing
    for account in ACCOUNTS:
        markets = sorted(ch.get_account(state, account).positions)
        expected = [valued(state, account, market) for market in markets]
        assert list(look(stage, "positions", account)) == expected


@pytest.mark.parametrize("market", MARKETS)
def test_what_is_not_realised(stage, market):
    state = stage.world.clearing
    expected = tuple(valued(state, account, market)[3] for account in ACCOUNTS)
    assert look(stage, "unrealised", market, list(ACCOUNTS)) == expected


def test_health(stage):
    told = look(stage, "health", list(ACCOUNTS))
    for account, health in zip(ACCOUNTS, told, strict=True):
        expected = ch.assess(stage.world.clearing, account, stage.world.now)
        assert health == tuple(vars(expected).values())
        assert stage.made.view("Clearinghouse", "assess", account) == health


def funds_of(state, asset):
    """Return the sum of all liquidity funds, which are in USDC."""
    balances = [market.fund.balance for market in state.markets.values()]
    return sum(balances) if asset == USDC else 0


@pytest.mark.parametrize("asset", ASSETS)
def test_reserves(stage, asset):
    state, told = stage.world.clearing, look(stage, "reserves", asset)
    pool, scale = state.assets[asset].pool, 10 ** (18 - DECIMALS[asset])
    assert told.custody == state.assets[asset].custody * scale
    assert (told.cash, told.idle) == (pool.cash, pool.idle)
    assert told.funds == funds_of(state, asset)
    assert told.lends == -(-pool.lends * pool.lend_index // RAY)
    assert told.borrows == pool.borrows * pool.borrow_index // RAY


@pytest.mark.parametrize("asset", ASSETS)
def test_slack_is_exact_and_never_below_zero(stage, asset):
    state, told = stage.world.clearing, look(stage, "reserves", asset)
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
        ("market", "unknown market"),
    ],
)
@pytest.mark.parametrize("number", [UNLISTED, 2**256 - 1])
def test_what_is_not_listed_is_refused(stage, method, reason, number):
    assert stage.made.reason(STRANGER, "Lens", method, number) == reason
