"""
Pool limits.

What an account may take out of a pool, and how much may come in: the pool's caps, its
throttle and its outflow window (``guards``), applied to the state.

Counterpart of ``contracts/modules/pool_limits.vy``.
"""

from dataclasses import replace
from typing import Final

from specs import accounts as acc
from specs import errors, guards, margin, money_market
from specs.accounts import AccountId
from specs.fixed_point import Seconds, Wad
from specs.money_market import Pool
from specs.state import (
    State,
    assess,
    get_account,
    get_surplus,
    with_pool,
)

LARGE: Final = 1024
"""One part in so many of a pool's cash is a small amount, and of a window soon."""


def require_margin_and_cash(
    state: State, now: Seconds, account: AccountId, asset: int, before: Pool
) -> State:
    """
    Return ``state`` with the pool's throttle moved on; refuse unless the account has
    initial margin and, if it has exposure, may take so much of the pool's cash.
    """
    health = assess(state, account, now)
    margin.require_initial_margin(health)
    if health.exposure == 0:
        return state
    return check_utilisation(state, now, asset, before, state.assets[asset].pool)


def check_utilisation(
    state: State, now: Seconds, asset: int, before: Pool, after: Pool
) -> State:
    """
    Return ``state`` with the pool's throttle moved on; refuse more cash than an account
    with exposure may take.
    """
    pool = state.assets[asset].pool
    surplus = get_surplus(state, asset)
    changed = guards.check_utilisation(
        pool.guards,
        money_market.get_utilisation(before, surplus),
        money_market.get_utilisation(after, surplus),
        now,
    )
    return with_pool(state, asset, replace(pool, guards=changed))


def check_outflow(state: State, now: Seconds, asset: int, before: Pool) -> State:
    """Return ``state`` with the outflow window moved on; refuse what exceeds it."""
    pool = state.assets[asset].pool
    changed = guards.check_outflow(
        pool.guards,
        Wad(before.cash + before.idle),
        Wad(pool.cash + pool.idle),
        now,
    )
    return with_pool(state, asset, replace(pool, guards=changed))


def note_inflow(state: State, now: Seconds, asset: int, amount: Wad) -> State:
    """
    Return ``state`` with the average of what the vault holds brought to now before
    ``amount`` comes in, so that it counts from now on only: else to bring it in and
    take it out again after a long time would use up what others may take out.

    A small amount soon after the average was moved is let pass: many of them move it
    by no more than that short time is of a window.
    """
    pool = state.assets[asset].pool
    is_small = amount * LARGE <= pool.cash
    is_soon = (now - pool.guards.averaged_at) * LARGE < guards.WINDOW
    if pool.guards.outflow_share == 0 or (is_small and is_soon):
        return state
    changed = guards.follow(pool.guards, Wad(pool.cash + pool.idle), now)
    return with_pool(state, asset, replace(pool, guards=changed))


def require_supply_cap(before: Pool, after: Pool) -> None:
    """
    Refuse what was brought in above the pool's cap; idle balances count, since they
    are collateral as lends are.
    """
    guards.require_supply_cap(
        money_market.get_supplied(before),
        money_market.get_supplied(after),
        after.supply_cap,
    )


def require_borrowing(
    before: State, after: State, asset: int, account: AccountId
) -> None:
    """Refuse a debt that has grown in a paused asset, or above the pool's cap."""
    old = acc.get_balance(get_account(before, account), asset).scaled
    new = acc.get_balance(get_account(after, account), asset).scaled
    if new >= min(0, old):
        return
    if after.assets[asset].pool.is_paused:
        raise errors.Paused
    require_borrow_cap(before.assets[asset].pool, after.assets[asset].pool)


def require_borrow_cap(before: Pool, after: Pool) -> None:
    """Refuse borrows that have grown above the pool's cap."""
    guards.require_borrow_cap(
        money_market.get_borrowed(before),
        money_market.get_borrowed(after),
        after.borrow_cap,
    )
