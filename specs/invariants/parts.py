"""Parts of worlds that several invariants look at."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import (
    deleveraging,
    grid,
    margin,
    perpetual,
    settlement,
)
from specs.accounts import USDC, Account, AccountId, Address
from specs.deleveraging import Epoch
from specs.fixed_point import RAY, Seconds, Wad, mul_div_up
from specs.margin import Health
from specs.money_market import Pool
from specs.perpetual import Position
from specs.world import World

PROBES: Final = tuple(Wad(amount) for amount in (1, 3, 10**12 + 1, 5 * 10**18 + 7))
"""Amounts with which promises of a state are tried out."""

MAX_BASIS_BPS: Final = 500
"""No mark is further than this from its slow index."""

WHALE: Final = acc.compute_account(Address(2**160 - 1), 0)
"""A rich counterparty, in no state but those in which promises are tried out."""


def get_slack(world: World, asset: int) -> int:
    """Return what a pool has beyond its liabilities, WAD times ``RAY``, exactly."""
    pool = world.clearing.assets[asset].pool
    return (
        (pool.cash - get_fund_sum(world, asset)) * RAY
        + pool.borrows * pool.borrow_index
        - pool.lends * pool.lend_index
    )


def get_fund_sum(world: World, asset: int) -> int:
    """Return the signed sum of all liquidity funds; only USDC has funds."""
    if asset != USDC:
        return 0
    return sum(market.fund.balance for market in world.clearing.markets.values())


def get_pools(world: World) -> Iterator[tuple[int, Pool]]:
    """Return every asset with its pool."""
    for asset, listed in world.clearing.assets.items():
        yield asset, listed.pool


def get_pool_pairs(before: World, after: World) -> Iterator[tuple[int, Pool, Pool]]:
    """Return every asset with its pool before and after."""
    for asset, pool in get_pools(before):
        yield asset, pool, after.clearing.assets[asset].pool


def get_positions(world: World, market: int) -> Iterator[Position]:
    """Return every position in a market, the inventory's first."""
    yield world.clearing.markets[market].inventory
    for account in world.clearing.accounts.values():
        if market in account.positions:
            yield account.positions[market]


def get_value(clearing: ch.State, market: int, name: AccountId) -> int:
    """Return the value of an account's position at mark."""
    listed = clearing.markets[market]
    position = acc.get_position(ch.get_account(clearing, name), market)
    mark, index = listed.quote.slow, listed.funding.index
    return perpetual.compute_value(position, listed.lot, mark, index)


def is_behind(clearing: ch.State, market: int) -> bool:
    """Return whether any position of a market has an epoch before it."""
    return len(clearing.markets[market].epochs) > 0 and any(
        settlement.is_behind(clearing, market, name) for name in clearing.accounts
    )


@lru_cache(maxsize=8)
def catch_up(world: World, market: int) -> ch.State:
    """Return the accrued state with all epochs of a market applied to everybody."""
    clearing = get_accrued(world, world.now).clearing
    if not is_behind(clearing, market):
        return clearing
    for name in sorted(clearing.accounts):
        clearing = touch_fully(clearing, market, name)
    return clearing


def touch_fully(clearing: ch.State, market: int, name: AccountId) -> ch.State:
    """Return a state with all epochs applied to a position, by touches enough."""
    while settlement.is_behind(clearing, market, name):
        clearing = settlement.touch(clearing, market, name)
    return clearing


def get_pending_epochs(
    world: World, market: int, position: Position
) -> tuple[Epoch, ...]:
    """Return the epochs of its side that a position has before it."""
    epochs = world.clearing.markets[market].epochs[position.epoch :]
    return tuple(e for e in epochs if deleveraging.reduces(e, position.lots))


def get_entry_price(position: Position) -> int | None:
    """Return where a position's interest is measured from, WAD; None outside."""
    if position.entry is None:
        return None
    return grid.get_price(position.entry) * margin.PRICE_UNIT


def get_gain(world: World, market: int, position: Position, price: int) -> int:
    """Return ``size * (price - entry)``, WAD times WAD; 0 outside the tick set."""
    entry = get_entry_price(position)
    if entry is None:
        return 0
    return position.lots * world.clearing.markets[market].lot * (price - entry)


@lru_cache(maxsize=8)
def get_winners_and_losers(world: World) -> Mapping[int, tuple[int, int]]:
    """Return W and V of every market at its cursor, WAD times WAD."""
    sums = {}
    for market, listed in world.clearing.markets.items():
        gains = [
            get_gain(world, market, position, listed.cursor)
            for position in get_positions(world, market)
        ]
        winners = sum(gain for gain in gains if gain > 0)
        sums[market] = winners, winners - sum(gains)
    return sums


def get_pending(account: Account) -> tuple[int, int]:
    """
    Return the interest on unrealised PnL that an account has earned and owes, in
    scaled units times ``WEIGHT_ONE``.
    """
    positions = account.positions.values()
    return (
        sum(position.pending_lend for position in positions),
        sum(position.pending_borrow for position in positions),
    )


def get_booked(world: World, market: int) -> int:
    """Return the fund and the basis of all positions: prices cancel out of it."""
    basis = sum(position.basis for position in get_positions(world, market))
    return world.clearing.markets[market].fund.balance + basis


@lru_cache(maxsize=4)
def get_portfolios(world: World, now: Seconds) -> Mapping[AccountId, margin.Portfolio]:
    """Return what margin needs of every account at ``now``."""
    clearing = world.clearing
    return {name: ch.get_portfolio(clearing, name, now) for name in clearing.accounts}


@lru_cache(maxsize=4)
def get_healths(world: World, now: Seconds) -> Mapping[AccountId, Health]:
    """Return the health of every account at ``now``."""
    portfolios = get_portfolios(world, now)
    return {name: margin.assess(held, now) for name, held in portfolios.items()}


@lru_cache(maxsize=4)
def get_accrued(world: World, now: Seconds) -> World:
    """Return ``world`` with USDC interest booked until ``now``."""
    return replace(world, clearing=ch.accrue(world.clearing, USDC, now), now=now)


def get_untouched(before: World, after: World) -> Mapping[AccountId, Account]:
    """
    Return what the accounts before an action are if it does nothing to them but book
    everybody's interest until then, and everybody's part of bad debt.
    """
    old = before.clearing.assets.get(USDC)
    if old is None:
        return before.clearing.accounts
    new = after.clearing.assets[USDC].pool
    booked = before.clearing
    if new.accrued_at != old.pool.accrued_at:
        booked = get_accrued(before, after.now).clearing
    pool = booked.assets[USDC].pool
    if new.lend_index < pool.lend_index:
        booked = ch.earn(booked, pool, new)
    return booked.accounts


def is_open(world: World, asset: int) -> bool:
    """Return whether a pool is not halted."""
    return not world.clearing.assets[asset].pool.is_halted


def get_touch_bound(world: World) -> int:
    """Return the wei that one credit or debit of USDC may lose to rounding."""
    pool = world.clearing.assets[USDC].pool
    index = max(pool.lend_index, pool.borrow_index)
    return 1 + mul_div_up(index, 1, RAY)
