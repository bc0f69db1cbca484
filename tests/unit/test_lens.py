"""Lens: every view is what the specification computes of the same storage."""

from collections import Counter
from dataclasses import replace

import pytest

from specs import clearinghouse as ch
from specs import (
    conversion,
    grid,
    liquidity_fund,
    margin,
    money_market,
    perpetual,
    settle_code,
    virtual_pnl,
)
from specs import state as st
from specs.accounts import DEFAULT, USDC, get_balance, get_position
from specs.fixed_point import RAY, WAD, mul_div_down
from specs.interest_rate import compute_rate
from specs.world import Action
from tests.helpers.protocol import Stage
from tests.helpers.scenes import AT_WORK, LENT_OUT
from tests.helpers.worlds import (
    ACCOUNTS,
    ASSETS,
    BTC,
    CULLS,
    DECIMALS,
    ETH,
    GOVERNOR,
    GUARDED,
    MARKETS,
    STARTS,
    STRANGER,
    UNLISTED,
    bear,
    bull,
    lender,
    own,
    publish,
)

NOTHING = margin.Exposure(0, 0, 0, 0, 0, None, None)
"""What an account without a position is exposed to."""

RISEN = {BTC: 63_000 * WAD, ETH: 2_450 * WAD}
LATER = [
    Action("wait", STRANGER, (5_000,)),
    *publish(RISEN, premium=WAD // 500),
    Action("realise", bear >> 96, (0, (bear,))),
    Action("realise", bull >> 96, (1, (bull,))),
    own("set_settings", lender, replace(DEFAULT, auto_lend=False, max_leverage=7)),
    own("deposit", lender, ETH, 3 * 10**18),
    own("borrow", bull, ETH, 10**18),
    own("withdraw", lender, USDC, 1_234),
    Action("wait", STRANGER, (30,)),
]
WAITING = [
    *STARTS["winners and losers"],
    Action("wait", STRANGER, (3_600,)),
]
"""Winners, losers and a cursor on its way, with interest until now not booked."""

GAINED = [
    *AT_WORK,
    *GUARDED,
    *publish({BTC: 61_000 * WAD, ETH: 2_450 * WAD}),
    Action("wait", STRANGER, (40,)),
]
"""Gains that count, as far as they are backed."""

SCENES = {
    "empty": [],
    "lent out": LENT_OUT,
    "later": [*AT_WORK, *LATER],
    "winners and losers": WAITING,
    "gains that count": GAINED,
    "bad debt with winners": STARTS["bad debt with winners"],
}


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
def test_lenders_earn_the_rate_that_they_are_promised(stage, asset):
    state = stage.world.clearing
    told, pool = look(stage, "pool", asset), state.assets[asset].pool
    for seconds in (1, 86_400):
        later = ch.accrue(state, asset, pool.accrued_at + seconds).assets[asset].pool
        grown = mul_div_down(later.lend_index - pool.lend_index, RAY, pool.lend_index)
        promised = told.lend_rate * seconds
        # Whole scaled units are kept back for winners, and nothing else.
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
        listed.target_weight,
        listed.ramped_at,
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
        listed.is_paused,
    )


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("name", ["scales", "limits", "cull"])
def test_what_governs_a_market(stage, market, name):
    expected = getattr(stage.world.clearing.markets[market], name)
    assert look(stage, name, market) == tuple(vars(expected).values())


@pytest.mark.parametrize("market", MARKETS)
def test_what_is_unrealised_in_a_market(stage, market):
    state = stage.world.clearing
    listed = state.markets[market]
    winners, losers = st.get_winners(state, market), st.get_losers(state, market)
    threshold = listed.cull.system_threshold
    assert look(stage, "virtual", market) == (
        winners,
        losers,
        liquidity_fund.compute_rest(listed.fund.balance, winners, losers),
        listed.cursor,
        virtual_pnl.clamp(listed.quote.slow),
        st.is_at_mark(listed),
        settle_code.is_reached(winners, threshold),
    )


def sizes_of(state, market):
    """Return the entry ticks of a market's positions, as the Lens tells them."""
    longs, shorts = Counter(), Counter()
    for account in state.accounts.values():
        position = get_position(account, market)
        if position.entry is not None:
            side = longs if position.lots > 0 else shorts
            side[position.entry] += abs(position.lots)
    return [
        (tick, grid.get_price(tick) * virtual_pnl.PRICE_UNIT, longs[tick], shorts[tick])
        for tick in sorted(longs.keys() | shorts.keys())
    ]


@pytest.mark.parametrize("market", MARKETS)
def test_entry_ticks(stage, market):
    expected = sizes_of(stage.world.clearing, market)
    assert list(look(stage, "ticks", market, 0)) == expected
    starts = {0, grid.MAX_TICK, grid.MAX_TICK + 1, 2**256 - 1}
    for number, *_ in expected:
        starts |= {number - 1, number, number + 1, number // 256 * 256}
    for start in starts:
        rest = [tick for tick in expected if tick[0] >= start]
        assert list(look(stage, "ticks", market, start)) == rest


def test_settings(stage):
    for account in ACCOUNTS:
        expected = ch.get_account(stage.world.clearing, account).settings
        assert look(stage, "settings", account) == tuple(vars(expected).values())


CHOICES = "auto_lend", "auto_repay", "auto_borrow_settlements", "auto_realize"


@pytest.mark.parametrize("name", CHOICES)
def test_each_setting_is_told_by_its_name(deployed, name):
    chosen = replace(DEFAULT, **{name: not getattr(DEFAULT, name)})
    with deployed.at([own("set_settings", bull, chosen)]):
        told = look(deployed, "settings", bull)
        assert told == tuple(vars(chosen).values())
        assert getattr(told, name) is getattr(chosen, name)


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


def valued(state, account, market, now):
    """Return a position as the Lens tells it."""
    position = get_position(ch.get_account(state, account), market)
    exposure = exposure_of(state, account, market, now)
    told = position.lots, position.basis, exposure.value, exposure.notional
    if position.entry is None:
        return (market, *told, False, 0, 0, 0, 0, exposure.credit)
    price = virtual_pnl.get_entry_price(position)
    interest = interest_of(state, account, market, now)
    return (market, *told, True, position.entry, price, *interest, exposure.credit)


def exposure_of(state, account, market, now):
    """Return a position as margin sees it."""
    markets = sorted(ch.get_account(state, account).positions)
    exposures = ch.get_portfolio(state, account, now).exposures
    return dict(zip(markets, exposures, strict=True)).get(market, NOTHING)


def interest_of(state, account, market, now):
    """Return what a settlement now says that a position has earned and owes."""
    accrued = ch.accrue(state, USDC, now)
    position, pool = accrued.accounts[account].positions[market], accrued.assets[0].pool
    earned, owed = virtual_pnl.compute_interest(
        position.pending_lend, position.pending_borrow
    )
    return earned * pool.lend_index // RAY, -(-owed * pool.borrow_index // RAY)


def test_positions(stage):
    state, now = stage.world.clearing, stage.world.now
    for account in ACCOUNTS:
        markets = sorted(ch.get_account(state, account).positions)
        expected = [valued(state, account, market, now) for market in markets]
        assert list(look(stage, "positions", account)) == expected


def test_credit(stage):
    state, now = stage.world.clearing, stage.world.now
    for account in ACCOUNTS:
        exposures = ch.get_portfolio(state, account, now).exposures
        assert look(stage, "credit", account) == sum(each.credit for each in exposures)


@pytest.mark.parametrize(
    ("cap", "least", "most"),
    [(0, 0, 0), (10, 1, 10 * WAD), (10**6, 11 * WAD, 10**6 * WAD)],
)
def test_credit_as_far_as_it_is_backed(deployed, cap, least, most):
    chosen = replace(CULLS[0], credit_cap=cap * WAD)
    with deployed.at([*GAINED, Action("set_cull", GOVERNOR, (0, chosen))]):
        state, now = deployed.world.clearing, deployed.world.now
        expected = [
            each.credit for each in ch.get_portfolio(state, bull, now).exposures
        ]
        told = [position.credit for position in look(deployed, "positions", bull)]
        assert told == expected
        assert least <= told[0] <= most


def test_what_was_told_is_what_a_settlement_books(deployed):
    with deployed.at([*STARTS["winners and losers"], Action("wait", STRANGER, (40,))]):
        inside = [
            (account, position)
            for account in ACCOUNTS
            for position in look(deployed, "positions", account)
            if position.is_inside
        ]
        assert any(position.earned > 0 for _, position in inside)
        assert any(position.owed > 0 for _, position in inside)
        for account, position in inside:
            with deployed.at([]):
                settled = settle(deployed, position.market, account)
            assert settled == (position.earned, position.owed)


def settle(stage, market, account):
    """Realise an account by its owner; return the interest that it was told of."""
    events = stage.events(Action("realise", account >> 96, (market, (account,))))
    told = [event for name, event in events if name == "InterestSettled"]
    return (told[0]["earned"], told[0]["owed"]) if told else (0, 0)


def test_debt_limit(stage):
    state, now = stage.world.clearing, stage.world.now
    for account in ACCOUNTS:
        expected = conversion.compute_debt_limit(state, account, now)
        assert look(stage, "debt_limit", account) == expected


def test_debt_limit_of_who_may_not_owe(deployed):
    chosen = replace(DEFAULT, auto_borrow_settlements=False)
    with deployed.at([*AT_WORK, own("set_settings", bull, chosen)]):
        assert look(deployed, "debt_limit", bull) == 0
        assert look(deployed, "debt_limit", lender) == 4 * 50_000 * WAD


def may_be_realised(state, market, account, now):
    """Return whether anyone's call would settle a position."""
    listed = state.markets[market]
    position = get_position(ch.get_account(state, account), market)
    if position == perpetual.FLAT or margin.is_stale(listed.quote, now):
        return False
    winners, threshold = st.get_winners(state, market), listed.cull.system_threshold
    return settle_code.is_reached(winners, threshold) or settle_code.may_realise(
        state, STRANGER, market, account
    )


@pytest.mark.parametrize("market", MARKETS)
def test_who_may_be_realised_by_anyone(stage, market):
    state, now = stage.world.clearing, stage.world.now
    for account in ACCOUNTS:
        expected = may_be_realised(state, market, account, now)
        assert look(stage, "can_realise", market, account) is expected


@pytest.mark.parametrize("market", MARKETS)
def test_what_is_not_realised(stage, market):
    state, now = stage.world.clearing, stage.world.now
    expected = tuple(valued(state, account, market, now)[3] for account in ACCOUNTS)
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
        *(
            (name, "unknown market")
            for name in ("market", "scales", "limits", "cull", "virtual")
        ),
    ],
)
@pytest.mark.parametrize("number", [UNLISTED, 2**256 - 1])
def test_what_is_not_listed_is_refused(stage, method, reason, number):
    assert stage.made.reason(STRANGER, "Lens", method, number) == reason
