"""
Guardian.

What can be stopped at once. The guardian, and the governor, may pause an asset (nobody
borrows it) or a market (positions only shrink); both leave deposits, repayments and
liquidations as they are. Only the governor ends a pause, and at once: a pause is an
emergency brake and no parameter, and its end restores nothing but parameters that are
in force. Had the end to wait, the guardian could take its announcement back for ever;
as it is, the governor can have it dismissed. To resume a pool that bad debt has halted
does loosen, and waits.

Counterpart of ``contracts/GovernanceCode.vy``.
"""

from dataclasses import replace

from specs import clearinghouse as ch
from specs.accounts import Address
from specs.clearinghouse import State
from specs.fixed_point import Seconds
from specs.governance import require_guardian, settle


def pause_asset(state: State, now: Seconds, caller: Address, asset: int) -> State:
    """Stop borrows of an asset."""
    require_guardian(state, caller)
    ch.get_asset(state, asset)
    return with_asset_paused(state, asset, True)


def pause_market(state: State, now: Seconds, caller: Address, market: int) -> State:
    """Stop what makes a market's positions grow."""
    require_guardian(state, caller)
    ch.get_market(state, market)
    return with_market_paused(state, market, True)


def unpause_asset(state: State, now: Seconds, caller: Address, asset: int) -> State:
    """Let an asset be borrowed again, at once."""
    ch.require_governor(state, caller)
    ch.get_asset(state, asset)
    return with_asset_paused(state, asset, False)


def unpause_market(state: State, now: Seconds, caller: Address, market: int) -> State:
    """Let a market's positions grow again, at once."""
    ch.require_governor(state, caller)
    ch.get_market(state, market)
    return with_market_paused(state, market, False)


def resume(state: State, now: Seconds, caller: Address, asset: int) -> State:
    """Let assets leave a pool again that bad debt has halted; this loosens."""
    ch.require_governor(state, caller)
    pool = ch.get_asset(state, asset).pool
    state = settle(state, now, ("resume", asset), True)
    return ch.with_pool(state, asset, replace(pool, is_halted=False))


def with_asset_paused(state: State, asset: int, is_paused: bool) -> State:
    """Return ``state`` with an asset paused or not."""
    pool = replace(state.assets[asset].pool, is_paused=is_paused)
    return ch.with_pool(state, asset, pool)


def with_market_paused(state: State, market: int, is_paused: bool) -> State:
    """Return ``state`` with a market paused or not."""
    listed = replace(state.markets[market], is_paused=is_paused)
    return ch.with_market(state, market, listed)
