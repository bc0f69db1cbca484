"""Lens: markets, their entry ticks, and who may be realised there."""

from collections import Counter

import pytest

from specs import clearinghouse as ch
from specs import (
    grid,
    liquidity_fund,
    margin,
    perpetual,
    settle_code,
    virtual_pnl,
)
from specs import state as st
from specs.accounts import get_position
from specs.fixed_point import WAD
from specs.state import Cull
from specs.world import Action
from tests.helpers.lens import (
    GAINED,
    look,
    valued,
)
from tests.helpers.worlds import (
    ACCOUNTS,
    GOVERNOR,
    MARKETS,
    STRANGER,
    bull,
)


@pytest.mark.parametrize("market", MARKETS)
def test_a_market(seen, market):
    listed, told = seen.world.clearing.markets[market], look(seen, "market", market)
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
def test_what_governs_a_market(seen, market, name):
    expected = getattr(seen.world.clearing.markets[market], name)
    assert look(seen, name, market) == tuple(vars(expected).values())


@pytest.mark.parametrize("market", MARKETS)
def test_what_is_unrealised_in_a_market(seen, market):
    state = seen.world.clearing
    listed = state.markets[market]
    winners, losers = st.get_winners(state, market), st.get_losers(state, market)
    threshold = listed.cull.system_threshold
    assert look(seen, "virtual", market) == (
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
def test_entry_ticks(seen, market):
    expected = sizes_of(seen.world.clearing, market)
    assert list(look(seen, "ticks", market, 0)) == expected
    starts = {0, grid.MAX_TICK, grid.MAX_TICK + 1, 2**256 - 1}
    for number, *_ in expected:
        starts |= {number - 1, number, number + 1, number // 256 * 256}
    for start in starts:
        rest = [tick for tick in expected if tick[0] >= start]
        assert list(look(seen, "ticks", market, start)) == rest


def may_be_realised(state, market, account, now):
    """Return whether anyone's call would settle a position."""
    listed = state.markets[market]
    position = get_position(ch.get_account(state, account), market)
    if position == perpetual.FLAT or margin.is_stale(listed.quote, now):
        return False
    if st.get_effective_position(state, market, position).lots != position.lots:
        return True
    winners, threshold = st.get_winners(state, market), listed.cull.system_threshold
    return settle_code.is_reached(winners, threshold) or settle_code.may_realise(
        state, STRANGER, market, account
    )


@pytest.mark.parametrize("market", MARKETS)
def test_who_may_be_realised_by_anyone(seen, market):
    state, now = seen.world.clearing, seen.world.now
    for account in ACCOUNTS:
        expected = may_be_realised(state, market, account, now)
        assert look(seen, "can_realise", market, account) is expected


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
def test_what_is_not_realised(seen, market):
    state, now = seen.world.clearing, seen.world.now
    expected = tuple(valued(state, account, market, now)[3] for account in ACCOUNTS)
    assert look(seen, "unrealised", market, list(ACCOUNTS)) == expected
