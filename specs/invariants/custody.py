"""Custody and lending: I1 to I9."""

from dataclasses import replace
from functools import lru_cache

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import (
    interest_rate,
    money_market,
)
from specs.accounts import USDC
from specs.fixed_point import RAY, WAD, Ray, Seconds, Wad
from specs.invariants.parts import PROBES, get_pool_pairs, get_pools, get_slack
from specs.money_market import EMPTY, MAX_INDEX, Balance, Pool
from specs.world import Action, World, get_named


def vault_backs_pools(world: World) -> bool:
    """
    I1: the vault has at least the tokens that came in, and these are cash and
    idle balances to the unit.
    """
    return all(
        world.tokens.get(asset, 0) >= listed.custody
        and listed.custody * ch.compute_scale(listed)
        == listed.pool.cash + listed.pool.idle
        for asset, listed in world.clearing.assets.items()
    )


def pools_are_solvent(world: World) -> bool:
    """I2: cash and borrows cover lends and liquidity funds; slack is not negative."""
    return all(get_slack(world, asset) >= 0 for asset in world.clearing.assets)


def slack_never_falls(before: World, after: World, action: Action) -> bool:
    """I2: no action lowers a pool's slack by any fraction of a wei."""
    return all(
        get_slack(after, asset) >= get_slack(before, asset)
        for asset in before.clearing.assets
    )


def totals_are_sums(world: World) -> bool:
    """I3: each pool's totals are the sums of all balances, the reserve's included."""
    accounts = world.clearing.accounts.values()
    for asset, pool in get_pools(world):
        balances = [acc.get_balance(account, asset) for account in accounts]
        lends = sum(max(0, balance.scaled) for balance in balances) + pool.reserve
        borrows = sum(max(0, -balance.scaled) for balance in balances)
        idle = sum(balance.idle for balance in balances)
        if (pool.lends, pool.borrows, pool.idle) != (lends, borrows, idle):
            return False
    return True


def cash_is_not_negative(world: World) -> bool:
    """I4: no pool has paid out more than it had."""
    return all(
        min(pool.cash, pool.idle, pool.lends, pool.borrows, pool.reserve) >= 0
        for _, pool in get_pools(world)
    )


def payouts_come_from_cash(before: World, after: World, action: Action) -> bool:
    """
    I4: what leaves the vault was cash or the payee's own idle balance; the idle
    balances of others stay.
    """
    for asset, listed in before.clearing.assets.items():
        left = listed.custody - after.clearing.assets[asset].custody
        named = [
            ch.get_account(before.clearing, name) for name in get_named(before, action)
        ]
        own = sum(acc.get_balance(account, asset).idle for account in named)
        if left * ch.compute_scale(listed) > listed.pool.cash + own:
            return False
        if after.clearing.assets[asset].pool.idle < listed.pool.idle - own:
            return False
    return True


def indices_are_in_range(world: World) -> bool:
    """I5: borrow indices are at least one, lend indices positive, and both fit."""
    return all(
        RAY <= pool.borrow_index <= MAX_INDEX
        and 0 < pool.lend_index <= MAX_INDEX
        and pool.accrued_at <= world.now
        for _, pool in get_pools(world)
    )


def interest_is_conserved(before: World, after: World, action: Action) -> bool:
    """
    I5: indices never fall but by bad debt and move once a second; lenders and
    reserve get no more than borrowers are booked.
    """
    for asset, old, new in get_pool_pairs(before, after):
        if new.borrow_index < old.borrow_index or new.accrued_at < old.accrued_at:
            return False
        grown = new.lend_index - old.lend_index
        is_same_time = new.accrued_at == old.accrued_at
        if is_same_time and new.borrow_index != old.borrow_index:
            return False
        if action.name == "liquidate" and asset == USDC:
            continue
        if grown < 0 or (is_same_time and grown > 0):
            return False
        interest = old.borrows * (new.borrow_index - old.borrow_index)
        if grown * (old.lends + get_virtual(before, asset)) > interest:
            return False
        if action.name == "tick" and not is_split_exact(before, asset, old, new):
            return False
    return True


def get_virtual(world: World, asset: int) -> int:
    """Return Z as scaled lends, rounded down."""
    virtual = ch.get_virtual_lend(world.clearing, asset)
    return virtual * RAY // world.clearing.assets[asset].pool.lend_index


def is_split_exact(before: World, asset: int, old: Pool, new: Pool) -> bool:
    """
    Return whether an accrual alone lost no more than its roundings: two units, a
    scaled one, and one step of the lend index for everything that shares it.
    """
    if new.borrows != old.borrows or new.lends - old.lends != new.reserve - old.reserve:
        return False
    paid = new.lends * new.lend_index - old.lends * old.lend_index
    lost = old.borrows * (new.borrow_index - old.borrow_index) - paid
    sharing = old.lends + get_virtual(before, asset)
    if sharing == 0 or new.lend_index == MAX_INDEX:
        return lost >= 0
    return 0 <= lost < 2 * RAY + new.lend_index + sharing


def accrual_never_bricks(world: World) -> bool:
    """
    I6: an accrual after any time works, within the indices' range and the highest
    rate, and twice in a second is once.
    """
    clearing = world.clearing
    return all(
        accrues_ever(
            pool,
            ch.get_surplus(clearing, asset),
            ch.get_virtual_lend(clearing, asset),
            max(world.now, pool.accrued_at),
        )
        for asset, pool in get_pools(world)
    )


def accrues_ever(pool: Pool, surplus: Wad, virtual: Wad, now: Seconds) -> bool:
    """Return whether a pool can accrue any time after ``now``."""
    if interest_rate.compute_rate(pool.curve, Wad(WAD)) > interest_rate.MAX_RATE:
        return False
    for seconds in (1, money_market.MAX_ACCRUAL, 2**40):
        then = Seconds(now + seconds)
        later = money_market.accrue(pool, surplus, virtual, then)
        if money_market.accrue(later, surplus, virtual, then) != later:
            return False
        if not pool.lend_index <= later.lend_index <= MAX_INDEX:
            return False
        if not is_growth_bounded(pool, later):
            return False
    return True


def is_growth_bounded(old: Pool, new: Pool) -> bool:
    """Return whether an accrual stayed below the highest rate for the longest time."""
    most = interest_rate.MAX_RATE * money_market.MAX_ACCRUAL
    grown = new.borrow_index - old.borrow_index
    return 0 <= grown * RAY <= old.borrow_index * most and new.borrow_index <= MAX_INDEX


def values_round_for_the_pool(world: World) -> bool:
    """
    I7: what a balance is worth rounds down, what it owes rounds up to at least one
    unit; scaled units issued round for the pool as well.
    """
    for account in world.clearing.accounts.values():
        for asset, balance in account.balances.items():
            pool = world.clearing.assets[asset].pool
            lent = money_market.compute_lent(balance, pool.lend_index)
            owed = money_market.compute_debt(balance, pool.borrow_index)
            exact = max(0, balance.scaled) * pool.lend_index
            exact_debt = max(0, -balance.scaled) * pool.borrow_index
            if not lent * RAY <= exact < (lent + 1) * RAY:
                return False
            if not (owed - 1) * RAY < exact_debt <= owed * RAY:
                return False
    return all(
        is_issue_rounded(pool.lend_index, pool.borrow_index)
        for _, pool in get_pools(world)
    )


@lru_cache(maxsize=64)
def is_issue_rounded(lend_index: Ray, borrow_index: Ray) -> bool:
    """Return whether scaled units are issued and taken back in the pool's favour."""
    pool, rich = get_probe_pool(lend_index, borrow_index), Balance(10**40)
    for amount in PROBES:
        _, lender = money_market.credit(pool, EMPTY, amount)
        _, borrower = money_market.debit(pool, EMPTY, amount)
        _, poorer = money_market.debit(pool, rich, amount)
        _, repaid = money_market.credit(pool, Balance(-(10**40)), amount)
        if lender.scaled * pool.lend_index > amount * RAY:
            return False
        if -borrower.scaled * pool.borrow_index < amount * RAY:
            return False
        if (rich.scaled - poorer.scaled) * pool.lend_index < amount * RAY:
            return False
        if (repaid.scaled + 10**40) * pool.borrow_index > amount * RAY:
            return False
    return True


def get_probe_pool(lend_index: Ray, borrow_index: Ray) -> Pool:
    """Return a pool with these indices and with enough of everything to try."""
    curve = interest_rate.Curve(Ray(0), Ray(0), Ray(0), Wad(1), Wad(0))
    pool = money_market.open_pool(curve, Seconds(0))
    pool = replace(pool, lends=10**41, borrows=10**41, cash=Wad(10**41))
    return replace(pool, lend_index=lend_index, borrow_index=borrow_index)


def round_trips_earn_nothing(world: World) -> bool:
    """
    I8: a deposit taken out again, a borrow repaid, or an amount in two parts
    instead of one leaves nobody better off.
    """
    return all(
        is_trip_fair(pool.lend_index, pool.borrow_index) for _, pool in get_pools(world)
    )


@lru_cache(maxsize=64)
def is_trip_fair(lend_index: Ray, borrow_index: Ray) -> bool:
    """Return whether at these indices no round trip earns anything."""
    pool, more = get_probe_pool(lend_index, borrow_index), PROBES[1]
    for amount in PROBES:
        lent = money_market.credit(pool, EMPTY, amount)
        owed = money_market.debit(pool, EMPTY, amount)
        if get_net(*money_market.debit(*lent, amount)) > 0:
            return False
        if get_net(*money_market.credit(*owed, amount)) > 0:
            return False
        whole = money_market.credit(pool, EMPTY, Wad(amount + more))
        if get_net(*money_market.credit(*lent, more)) > get_net(*whole):
            return False
        whole = money_market.debit(pool, EMPTY, Wad(amount + more))
        if get_net(*money_market.debit(*owed, more)) > get_net(*whole):
            return False
    return True


def get_net(pool: Pool, balance: Balance) -> int:
    """Return what a balance holds less what it owes."""
    return money_market.compute_held(balance, pool.lend_index) - (
        money_market.compute_debt(balance, pool.borrow_index)
    )


def share_price_moves_by_interest_only(
    before: World, after: World, action: Action
) -> bool:
    """
    I9: a lend index changes by accrual and bad debt only; a donation changes
    nothing that the protocol remembers.
    """
    if action.name == "donate":
        return after.clearing is before.clearing
    return all(
        new.lend_index == old.lend_index
        or new.accrued_at > old.accrued_at
        or (action.name == "liquidate" and asset == USDC)
        for asset, old, new in get_pool_pairs(before, after)
    )
