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
from specs.fixed_point import BPS, PPM, RAY, WAD, Ray, Seconds, Wad
from specs.invariants.parts import (
    PROBES,
    get_fund_sum,
    get_healths,
    get_pending,
    get_pool_pairs,
    get_pools,
    get_slack,
    get_winners_and_losers,
)
from specs.money_market import EMPTY, MAX_INDEX, Balance, Pool, Virtuals
from specs.weights import WEIGHT_ONE
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
    """
    I3: each pool's totals are the sums of all balances, the reserve's included; those
    of USDC with all pending interest, rounded by less than a unit for each accrual and
    touch, lends up and borrows down.
    """
    accounts = world.clearing.accounts.values()
    pending = [get_pending(account) for account in accounts]
    for asset, pool in get_pools(world):
        balances = [acc.get_balance(account, asset) for account in accounts]
        lends = sum(max(0, balance.scaled) for balance in balances) + pool.reserve
        borrows = sum(max(0, -balance.scaled) for balance in balances)
        earned = sum(lend for lend, _ in pending) if asset == USDC else 0
        owed = sum(borrow for _, borrow in pending) if asset == USDC else 0
        most = world.crumbs * WEIGHT_ONE if asset == USDC else 0
        if pool.idle != sum(balance.idle for balance in balances):
            return False
        if not 0 <= (pool.lends - lends) * WEIGHT_ONE - earned <= most:
            return False
        if not 0 <= (borrows - pool.borrows) * WEIGHT_ONE + owed <= most:
            return False
    return True


def cash_is_not_negative(world: World) -> bool:
    """
    I4: no pool has paid out more than it had; only what winners owe of bad debt, which
    waits to be settled, can take a total of lends below nothing.
    """
    accounts = world.clearing.accounts.values()
    earned = sum(lend for lend, _ in map(get_pending, accounts))
    return all(
        min(pool.cash, pool.idle, pool.borrows, pool.reserve) >= 0
        and pool.lends * WEIGHT_ONE >= (min(0, earned) if asset == USDC else 0)
        for asset, pool in get_pools(world)
    )


def payouts_come_from_cash(before: World, after: World, action: Action) -> bool:
    """
    I4: what leaves the vault was cash or the payee's own idle balance; the idle
    balances of others stay; what is lent and borrowed grows within the pool's caps, and
    nobody with exposure takes a pool above the utilisation that is admitted.
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
    return is_capped(before, after, action) and is_throttled(before, after, action)


def is_capped(before: World, after: World, action: Action) -> bool:
    """Return whether lends and borrows that an action made grow are within caps."""
    place = {"deposit": 1, "lend": 1, "borrow": 1, "withdraw": 1, "fill_spot": 0}
    if action.name not in place:
        return True
    asset = action.arguments[place[action.name]]
    old = ch.accrue(before.clearing, asset, after.now).assets[asset].pool
    new = after.clearing.assets[asset].pool
    if action.name in ("deposit", "lend"):
        supplied, before_it = (money_market.get_supplied(pool) for pool in (new, old))
        return not (0 < new.supply_cap < supplied and supplied > before_it)
    owed = money_market.get_borrowed(new)
    return not (0 < new.borrow_cap < owed and owed > money_market.get_borrowed(old))


def is_throttled(before: World, after: World, action: Action) -> bool:
    """Return whether whoever took tokens with exposure left enough of them."""
    if action.name not in ("withdraw", "borrow", "unlend"):
        return True
    name, asset, _ = action.arguments
    if get_healths(after, after.now)[name].exposure == 0:
        return True
    accrued = ch.accrue(before.clearing, asset, after.now)
    surplus = Wad(max(0, get_fund_sum(after, asset)))
    old = money_market.get_utilisation(accrued.assets[asset].pool, surplus)
    pool = after.clearing.assets[asset].pool
    new, guards = money_market.get_utilisation(pool, surplus), pool.guards
    if new <= old or new * BPS <= guards.threshold * WAD:
        return True
    if new * BPS > guards.max_utilisation * WAD:
        return False
    return guards.throttle_share == BPS or (
        guards.step == after.now // 60 and new * PPM <= guards.admissible * WAD
    )


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
    I5: indices never fall but by bad debt and move once a second; lenders, winners and
    reserve get what borrowers and losers are booked, but for roundings; lends grow no
    faster than borrows.
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
        if not is_growth_ordered(before, asset, old, new):
            return False
        if action.name == "tick" and not is_split_exact(old, new):
            return False
    return True


def get_virtual(world: World, asset: int) -> tuple[int, int, int]:
    """Return W, V and Z of an asset, WAD; only USDC has any."""
    if asset != USDC:
        return 0, 0, 0
    winners = losers = rest = 0
    for market, (won, lost) in get_winners_and_losers(world).items():
        fund = world.clearing.markets[market].fund.balance
        winners += won // WAD
        losers += lost // WAD
        rest += max(0, fund - won // WAD + lost // WAD)
    return winners, losers, rest


def is_growth_ordered(world: World, asset: int, old: Pool, new: Pool) -> bool:
    """
    Return whether lends grew no faster than borrows, by the rates of both indices.

    All that lends is worth all that owes and the cash, less the pool's slack, so that
    where slack is more than the cash, which only dust can be, lends may share that much
    more. And V owes by weights, which are off by ``1 / WEIGHT_ONE`` at most.
    """
    winners, losers, rest = get_virtual(world, asset)
    lending = old.lends * old.lend_index + (winners + rest) * RAY
    owing = old.borrows * old.borrow_index + losers * RAY
    lend_grown = (new.lend_index - old.lend_index) * old.borrow_index
    borrow_grown = (new.borrow_index - old.borrow_index) * old.lend_index
    sharing = max(lending, owing)
    most = borrow_grown * sharing * WEIGHT_ONE
    most += losers * old.borrow_index * new.borrow_index * old.lend_index
    return lend_grown * lending * WEIGHT_ONE <= most


def is_split_exact(old: Pool, new: Pool) -> bool:
    """
    Return whether an accrual alone lost no more than its roundings: four units, and
    a scaled one.
    """
    booked = new.borrows * new.borrow_index - old.borrows * old.borrow_index
    paid = new.lends * new.lend_index - old.lends * old.lend_index
    return 0 <= booked - paid < 4 * RAY + new.lend_index


def accrual_never_bricks(world: World) -> bool:
    """
    I6: an accrual after any time works, within the indices' range and the highest
    rate, twice in a second is once, and the reserve never pays for it, whatever its
    share.
    """
    return all(
        accrues_ever(
            pool,
            ch.get_virtuals(world.clearing, asset),
            max(world.now, pool.accrued_at),
        )
        for asset, pool in get_pools(world)
    )


def accrues_ever(pool: Pool, virtuals: Virtuals, now: Seconds) -> bool:
    """Return whether a pool can accrue any time after ``now``."""
    if interest_rate.compute_rate(pool.curve, Wad(WAD)) > interest_rate.MAX_RATE:
        return False
    generous = replace(pool, curve=replace(pool.curve, reserve_share=Wad(0)))
    next_second = Seconds(now + 1)
    if money_market.accrue(generous, virtuals, next_second).reserve < pool.reserve:
        return False
    for seconds in (1, money_market.MAX_ACCRUAL, 2**40):
        then = Seconds(now + seconds)
        later = money_market.accrue(pool, virtuals, then)
        if money_market.accrue(later, virtuals, then) != later:
            return False
        if not pool.lend_index <= later.lend_index <= MAX_INDEX:
            return False
        if later.reserve < pool.reserve or not is_growth_bounded(pool, later):
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
