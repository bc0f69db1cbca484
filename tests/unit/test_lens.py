"""Lens: every view is what the specification computes of the same storage."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from keeper.artifacts import artifact
from keeper.mirror import slot_of, slots_of
from specs import clearinghouse as ch
from specs import (
    conversion,
    delays,
    governance,
    grid,
    guards,
    liquidity_fund,
    margin,
    money_market,
    packing,
    perpetual,
    settle_code,
    virtual_pnl,
)
from specs import state as st
from specs.accounts import DEFAULT, USDC, get_balance, get_position
from specs.errors import OutflowTooLarge, Revert, UtilisationTooHigh
from specs.fixed_point import BPS, PPM, RAY, WAD, mul_div_down
from specs.interest_rate import compute_rate
from specs.packing import pack
from specs.state import Cull
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


def test_credit_is_no_more_than_a_gain_after_funding(deployed):
    backed = replace(CULLS[0], credit_cap=10**9 * WAD)
    prices = {BTC: 61_000 * WAD, ETH: 2_450 * WAD}
    funded = [
        Action("set_cull", GOVERNOR, (0, backed)),
        *publish(prices, premium=WAD // 200),
        *(
            [Action("wait", STRANGER, (3_600,)), *publish(prices, premium=WAD // 200)]
            * 3
        ),
    ]
    with deployed.at([*GAINED, *funded]):
        state, now = deployed.world.clearing, deployed.world.now
        position, market = state.accounts[bull].positions[0], state.markets[0]
        price = min(market.quote.slow, market.quote.fast)
        gain = virtual_pnl.compute_gain(position, market.lot, price)
        (exposure, *_) = ch.get_portfolio(state, bull, now).exposures
        assert 0 < exposure.credit == exposure.value < gain
        assert look(deployed, "positions", bull)[0].credit == exposure.credit


def test_gains_above_the_grid_do_not_count(deployed):
    """Neither in the Lens nor where margin is asked for."""
    top = grid.get_price(grid.MAX_TICK) * virtual_pnl.PRICE_UNIT
    backed = replace(CULLS[0], credit_cap=10**9 * WAD)
    risen = [
        Action("set_cull", GOVERNOR, (0, backed)),
        *publish({BTC: 2 * top, ETH: 2_500 * WAD}),
    ]
    with deployed.at([*AT_WORK, *risen]):
        state, now = deployed.world.clearing, deployed.world.now
        position = state.accounts[bull].positions[0]
        gain = virtual_pnl.compute_gain(position, state.markets[0].lot, top)
        assert state.markets[0].cursor == top
        assert ch.get_portfolio(state, bull, now).exposures[0].credit == gain
        assert look(deployed, "positions", bull)[0].credit == gain
        expected = ch.assess(state, bull, now)
        told = deployed.made.view("Clearinghouse", "assess", bull)
        assert told == tuple(vars(expected).values())


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


@pytest.mark.parametrize(("threshold", "expected"), [(100, True), (10**6, False)])
def test_anyone_realises_a_market_with_large_gains(deployed, threshold, expected):
    chosen = Cull(0, 0, threshold * WAD)
    with deployed.at([*GAINED, Action("set_cull", GOVERNOR, (0, chosen))]):
        assert look(deployed, "virtual", 0).is_culled is expected
        assert look(deployed, "can_realise", 0, bull) is expected
        state, now = deployed.world.clearing, deployed.world.now
        assert may_be_realised(state, 0, bull, now) is expected
        deployed.play(Action("wait", STRANGER, (61,)))
        assert look(deployed, "can_realise", 0, bull) is False


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
        ("guards", "unknown asset"),
        *(
            (name, "unknown market")
            for name in ("market", "scales", "limits", "cull", "virtual")
        ),
    ],
)
@pytest.mark.parametrize("number", [UNLISTED, 2**256 - 1])
def test_what_is_not_listed_is_refused(stage, method, reason, number):
    assert stage.made.reason(STRANGER, "Lens", method, number) == reason


@pytest.mark.parametrize("asset", ASSETS)
def test_guards(stage, asset):
    state, now = stage.world.clearing, stage.world.now
    pool = ch.accrue(state, asset, now).assets[asset].pool
    word, told = pool.guards, look(stage, "guards", asset)
    names = "max_utilisation", "threshold", "throttle_share", "outflow_share"
    for name in (*names, "outflow_floor"):
        assert getattr(told, name) == getattr(word, name), name
    used = money_market.get_utilisation(pool, ch.get_surplus(state, asset))
    assert told.utilisation == used
    check_guards(word, told, pool.cash + pool.idle, now)


def check_guards(word, told, held, now):
    """Expect that a call may end where the Lens says, and not one step beyond."""
    used, admissible = told.utilisation, told.admissible
    assert admissible >= used
    guards.check_utilisation(word, used, admissible, now)
    with pytest.raises(UtilisationTooHigh):
        guards.check_utilisation(word, used, admissible + 1, now)

    assert told.average == guards.follow(word, held, now).average
    assert 0 <= told.room <= held
    if told.room > 0:
        guards.check_outflow(word, held, held - told.room, now)
    if told.room < held:
        with pytest.raises(OutflowTooLarge):
            guards.check_outflow(word, held, held - told.room - 1, now)


def any_guards(r, used, held, now):
    """Return guards in any state, many of them near what is used and held."""
    bounds = [
        0,
        BPS,
        r.randrange(BPS + 1),
        min(BPS, used * BPS // WAD + r.randrange(2)),
    ]
    threshold, highest = sorted(r.choices(bounds, k=2))
    average = held * r.choice([0, 1, 2, r.randrange(10**4)]) // r.randrange(1, 10**4)
    return guards.Guards(
        average=average // guards.AVERAGE_UNIT * guards.AVERAGE_UNIT,
        averaged_at=now - r.choice([0, 60, 3_600, guards.WINDOW, now]),
        admissible=r.choice([0, PPM, r.randrange(PPM), used * PPM // WAD + 1]),
        step=now // guards.THROTTLE_STEP - r.randrange(2),
        max_utilisation=highest,
        threshold=threshold,
        throttle_share=r.choice([0, BPS, r.randrange(BPS)]),
        outflow_share=r.choice([0, BPS, r.randrange(BPS)]),
        outflow_floor=r.choice([0, 1, r.randrange(2**32)]) * WAD,
    )


@pytest.mark.parametrize("asset", [USDC, ETH])
def test_what_any_guards_admit(deployed, asset):
    vault = deployed.made.contracts["Clearinghouse"].address
    base = slots_of(artifact("Clearinghouse").layout["storage_layout"])["guards"]
    r = Random(asset)
    with deployed.at(SCENES["later"]):
        pool, now = deployed.world.clearing.assets[asset].pool, deployed.world.now
        held = pool.cash + pool.idle
        used = look(deployed, "guards", asset).utilisation
        assert used > 0
        for _ in range(300):
            word = any_guards(r, used, held, now)
            packed = pack(vars(word), packing.GUARDS)
            deployed.made.chain._evm.insert_account_storage(
                vault, slot_of(base, asset), packed
            )
            check_guards(word, look(deployed, "guards", asset), held, now)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_call_may_end_where_the_lens_says(deployed, is_first):
    share = 2_000, 500, 5_000, 0, 0
    guarded = [*AT_WORK, Action("set_guards", GOVERNOR, (ETH, *share))]
    if not is_first:
        guarded.append(own("borrow", bull, ETH, 2 * 10**18))
    with deployed.at([*guarded]):
        told = look(deployed, "guards", ETH)
        lent = deployed.world.clearing.assets[ETH].pool.lends
        owed = told.utilisation * lent // WAD
        more = told.admissible * lent // WAD - owed
        assert more > 0
        # So much makes a wei of utilisation.
        too_much = own("borrow", bull, ETH, more + lent // WAD)
        assert deployed.refuse(too_much) == "utilisation too high"
        deployed.play(own("borrow", bull, ETH, more))


def may_be_made(state, change, now):
    """Return whether a change that loosens may be made."""
    try:
        governance.settle(state, now, change, True)
    except Revert:
        return False
    return True


def test_what_was_announced(deployed):
    change = "set_fund_cap", 0, 10**6 * WAD
    digest = deployed.twin.hash(change)
    assert look(deployed, "change", digest) == (0, 0, 0, True)
    queued = Action("queue", GOVERNOR, (change,))
    with deployed.at([queued]):
        at = deployed.world.now
        expected = at, at, at + delays.WINDOW, True
        assert look(deployed, "change", digest) == expected
        deployed.play(Action("wait", STRANGER, (delays.WINDOW + 1,)))
        assert look(deployed, "change", digest) == expected

    with deployed.at([Action("set_delay", GOVERNOR, (3_600,)), queued]):
        at = deployed.world.now
        times = at, at + 3_600, at + 3_600 + delays.WINDOW
        assert look(deployed, "change", bytes(32)) == (0, 0, 0, False)
        assert look(deployed, "change", digest) == (*times, False)
        for seconds, is_ready in (
            (3_599, False),
            (1, True),
            (delays.WINDOW, True),
            (1, False),
        ):
            deployed.play(Action("wait", STRANGER, (seconds,)))
            assert look(deployed, "change", digest) == (*times, is_ready)
            state, now = deployed.world.clearing, deployed.world.now
            assert may_be_made(state, change, now) is is_ready
