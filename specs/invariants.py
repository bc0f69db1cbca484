"""
Invariants.

What always holds, as functions that say whether it does. A state invariant looks at
one ``World``; a transition invariant at the world before one action, the world after
it and the action. Each docstring starts with the number of the invariant in
``specs/README.md`` and says what is checked of it here; where the check is of what the
state promises (a round trip would earn nothing, a repayment would succeed) the
specification is run from that state.

All sums are exact: where a value is an amount of scaled units times an index, both
sides are multiplied by ``RAY`` instead of dividing one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Final

from specs import accounts as acc
from specs import (
    bankruptcy,
    errors,
    funding,
    interest_rate,
    liquidator,
    margin,
    money_market,
    perpetual,
    providers,
)
from specs import clearinghouse as ch
from specs import requirements as req
from specs.accounts import USDC, Account, AccountId, Address
from specs.fixed_point import BPS, RAY, WAD, Lots, Ray, Seconds, Wad, mul_div_up
from specs.margin import Health, Quote
from specs.money_market import EMPTY, MAX_INDEX, Balance, Pool
from specs.perpetual import Position
from specs.world import GOVERNANCE, Action, World, get_named

PROBES: Final = tuple(Wad(amount) for amount in (1, 3, 10**12 + 1, 5 * 10**18 + 7))
"""Amounts with which promises of a state are tried out."""

MAX_BASIS_BPS: Final = 500
"""No mark is further than this from its slow index."""

WHALE: Final = acc.compute_account(Address(2**160 - 1), 0)
"""A rich counterparty, in no state but those in which promises are tried out."""


# Parts


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
    """Return every position in a market."""
    for account in world.clearing.accounts.values():
        if market in account.positions:
            yield account.positions[market]


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


def is_open(world: World, asset: int) -> bool:
    """Return whether a pool is not halted."""
    return not world.clearing.assets[asset].pool.is_halted


def get_touch_bound(world: World) -> int:
    """Return the wei that one credit or debit of USDC may lose to rounding."""
    pool = world.clearing.assets[USDC].pool
    index = max(pool.lend_index, pool.borrow_index)
    return 1 + mul_div_up(index, 1, RAY)


# Custody and lending


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


# Margin and accounts

CHANGES_MARGIN: Final = GOVERNANCE | {"tick", "wait", "publish"}
"""What moves prices, time or parameters."""


def nobody_is_made_unhealthy(before: World, after: World, action: Action) -> bool:
    """
    I10: whoever meets maintenance margin before an action meets it afterwards, at
    equal prices and time, within the wei that a realisation may cost.
    """
    if action.name in CHANGES_MARGIN or has_bad_debt(before, after):
        return True
    old = get_healths(before, after.now)
    touched = get_named(before, action)
    bound = get_touch_bound(after) * (1 + len(after.clearing.markets))
    return all(
        name not in old
        or margin.is_liquidatable(old[name])
        or not is_below(health, bound if name in touched else 0)
        for name, health in get_healths(after, after.now).items()
    )


def is_below(health: Health, bound: int) -> bool:
    """Return whether an account is below maintenance margin by more than ``bound``."""
    return health.exposure > 0 and health.equity + bound < health.maintenance_margin


def has_bad_debt(before: World, after: World) -> bool:
    """Return whether lenders paid for a bankrupt account."""
    return any(
        new.lend_index < old.lend_index or new.is_halted != old.is_halted
        for _, old, new in get_pool_pairs(before, after)
    )


CHECKED: Final[Mapping[str, tuple[int, ...]]] = {
    "withdraw": (0,),
    "borrow": (0,),
    "transfer": (0,),
    "lend": (0,),
    "unlend": (0,),
    "fill_spot": (1, 2),
    "fill_perp": (1, 2),
}
"""Which arguments are accounts that take risk."""


def risk_needs_initial_margin(before: World, after: World, action: Action) -> bool:
    """
    I11: who acted has initial margin at conservative prices, or no exposure, or
    shrank by a fill that lowered neither health nor raised exposure.
    """
    for place in CHECKED.get(action.name, ()):
        name = action.arguments[place]
        new = ch.assess(after.clearing, name, after.now)
        if new.exposure == 0 and new.initial_margin == 0 and not new.is_stale:
            continue
        if new.initial_equity >= new.initial_margin and not new.is_stale:
            continue
        old = ch.assess(before.clearing, name, after.now)
        is_fill = action.name.startswith("fill")
        if not (is_fill and margin.is_improved(old, new)):
            return False
    return True


def margins_are_ordered(world: World) -> bool:
    """I12: initial margin is at least maintenance margin, and both grow with size."""
    for name, health in get_healths(world, world.now).items():
        if health.initial_margin < health.maintenance_margin:
            return False
        portfolio = get_portfolios(world, world.now)[name]
        for requirement, notional, _ in margin.get_notionals(portfolio):
            more = Wad(notional + notional // BPS + 1)
            for compute in (req.compute_initial_margin, req.compute_maintenance_margin):
                if compute(requirement, notional) > compute(requirement, more):
                    return False
    return True


def others_are_untouched(before: World, after: World, action: Action) -> bool:
    """I13: an action changes no bit of any account that it does not name."""
    named = get_named(before, action)
    old, new = before.clearing.accounts, after.clearing.accounts
    if any(old.get(a) != new.get(a) for a in (old.keys() | new.keys()) - named):
        return False
    return (
        action.name == "set_operator"
        or before.clearing.operators == after.clearing.operators
    )


NEEDS_RIGHT: Final[Mapping[str, int]] = {
    "set_auto_lend": acc.TRADE,
    "lend": acc.TRADE,
    "unlend": acc.TRADE,
    "withdraw": acc.WITHDRAW,
    "borrow": acc.WITHDRAW,
    "transfer": acc.WITHDRAW,
}


def only_the_authorised_act(before: World, after: World, action: Action) -> bool:
    """
    I14: an account is put to use by its owner and operators alone; a stranger's
    deposit or repayment takes nothing from it; fills come from venues.
    """
    clearing, caller, name = before.clearing, action.caller, action.name
    if name in GOVERNANCE:
        return caller == clearing.governor
    if name in NEEDS_RIGHT:
        right, account = NEEDS_RIGHT[name], action.arguments[0]
        return acc.is_authorised(clearing.operators, account, caller, right)
    if name in ("set_operator", "pledge", "unpledge"):
        return caller == acc.get_owner(action.arguments[0])
    if name in ("fill_spot", "fill_perp"):
        return clearing.venues.get(caller, 0) & ch.TRADE_VENUE != 0
    if name in ("deposit", "repay"):
        account = action.arguments[0]
        old = ch.get_account(clearing, account)
        return is_only_richer(old, ch.get_account(after.clearing, account))
    return True


def is_only_richer(old: Account, new: Account) -> bool:
    """Return whether no balance fell and nothing else changed."""
    return (
        old.positions == new.positions
        and old.is_auto_lending == new.is_auto_lending
        and all(
            acc.get_balance(new, asset).scaled >= acc.get_balance(old, asset).scaled
            and acc.get_balance(new, asset).idle >= acc.get_balance(old, asset).idle
            for asset in old.balances.keys() | new.balances.keys()
        )
    )


def collateral_counts_once(world: World) -> bool:
    """
    I15: no account's equity is above the exact worth of its scaled units, idle
    tokens and positions, each weighed once.
    """
    clearing = world.clearing
    for name, health in get_healths(world, world.now).items():
        exact = 0
        for asset, balance in clearing.accounts[name].balances.items():
            listed = clearing.assets[asset]
            pool = listed.pool
            amount = balance.idle * RAY + max(0, balance.scaled) * pool.lend_index
            debt = max(0, -balance.scaled) * pool.borrow_index
            price = WAD if asset == USDC else listed.quote.slow
            weight = WAD if asset == USDC else listed.haircut.weight * 10**12
            exact += (amount * weight - debt * WAD) * price
        exact += sum(
            get_exact_value(world, market, position)
            for market, position in clearing.accounts[name].positions.items()
        )
        if health.equity * RAY * WAD * WAD > exact:
            return False
    return True


def get_exact_value(world: World, market: int, position: Position) -> int:
    """Return a position's value, WAD times ``RAY * WAD * WAD``, not rounded."""
    listed = world.clearing.markets[market]
    price = listed.quote.slow - listed.funding.index
    size = position.lots * listed.lot
    return (size * price - position.basis * WAD) * RAY * WAD


def gains_give_no_credit(world: World) -> bool:
    """
    I16: initial equity is no more than USDC, collateral at its lower price and
    losses make it; gains and stale collateral count nothing until they are realised
    or fresh.
    """
    for name, health in get_healths(world, world.now).items():
        portfolio = get_portfolios(world, world.now)[name]
        equity = portfolio.usdc + sum(min(0, e.value) for e in portfolio.exposures)
        for held in portfolio.collaterals:
            quote = held.quote
            is_fresh = world.now <= quote.time + margin.MAX_PRICE_AGE
            price = min(quote.slow, quote.fast) if is_fresh else 0
            equity += held.held * price * held.haircut.weight // (WAD * 10**6)
        equity -= sum(debt.owed * debt.quote.slow // WAD for debt in portfolio.debts)
        if health.initial_equity > equity:
            return False
    return True


def lists_are_short(world: World) -> bool:
    """I18: nobody has more assets or markets than one may, and no empty entry."""
    return all(
        len(account.balances.keys() - {USDC}) <= acc.MAX_ASSETS
        and len(account.positions) <= acc.MAX_MARKETS
        and EMPTY not in account.balances.values()
        and perpetual.FLAT not in account.positions.values()
        for account in world.clearing.accounts.values()
    )


# Perpetuals and settlement


def sizes_cancel_out(world: World) -> bool:
    """I19: longs and shorts are equal in every market, and open interest is either."""
    for market, listed in world.clearing.markets.items():
        lots = [position.lots for position in get_positions(world, market)]
        if sum(lots) != 0:
            return False
        if listed.open_interest != sum(max(0, size) for size in lots):
            return False
    return True


def money_is_conserved(world: World) -> bool:
    """
    I20: what fund and positions of a market have booked cancels out since genesis,
    but for the dust of rounding.
    """
    return all(
        0 <= get_booked(world, market) <= world.dust.get(market, 0)
        for market in world.clearing.markets
    )


def funding_is_bounded(world: World) -> bool:
    """I21: no interval costs more than the cap, and no market is ahead of time."""
    return all(
        abs(listed.funding.rate) <= funding.RATE_CAP
        and listed.funding.interval_started_at <= listed.funding.updated_at <= world.now
        for listed in world.clearing.markets.values()
    )


def funding_moves_with_ticks(before: World, after: World, action: Action) -> bool:
    """
    I21: only a tick with a newer price moves a funding index, forward in time and
    by no more than the cap of one interval.
    """
    for market, old in before.clearing.markets.items():
        new = after.clearing.markets[market]
        if new.funding == old.funding:
            continue
        if action.name != "tick" or new.quote.time <= old.quote.time:
            return False
        if new.funding.updated_at < old.funding.updated_at:
            return False
        moved = abs(new.funding.index - old.funding.index) - 1
        if moved * WAD > funding.RATE_CAP * old.quote.slow:
            return False
    return True


def realising_is_neutral(before: World, after: World, action: Action) -> bool:
    """
    I22: realising changes an account's equity by no more than the rounding of a
    credit, never up, raises its margin no further, and keeps its size.
    """
    if action.name != "realise":
        return True
    market, names = action.arguments
    start = get_accrued(before, after.now)
    for name in set(names):
        bound = get_touch_bound(after) * len([n for n in names if n == name])
        old = ch.assess(start.clearing, name, after.now)
        new = ch.assess(after.clearing, name, after.now)
        if not -bound <= new.equity - old.equity <= 0:
            return False
        if new.maintenance_margin > get_margin_bound(start, name, old, bound):
            return False
        held = ch.get_account(start.clearing, name)
        now_held = ch.get_account(after.clearing, name)
        lots = acc.get_position(held, market).lots
        if acc.get_position(now_held, market).lots != lots:
            return False
    return True


def get_margin_bound(world: World, name: AccountId, health: Health, bound: int) -> int:
    """Return the maintenance margin if the account owed ``bound`` USDC more."""
    debt = margin.compute_usdc_debt(ch.get_portfolio(world.clearing, name, world.now))
    requirement = world.clearing.assets[USDC].requirement
    less = req.compute_maintenance_margin(requirement, debt)
    more = req.compute_maintenance_margin(requirement, Wad(debt + bound))
    return health.maintenance_margin - less + more


def realising_is_path_free(world: World) -> bool:
    """
    I23: to realise everybody twice is to do it once, and the order does not matter
    unless the fund's cap binds.
    """
    for market, listed in world.clearing.markets.items():
        if margin.is_stale(listed.quote, world.now):
            continue
        names = sorted(
            (
                name
                for name, a in world.clearing.accounts.items()
                if market in a.positions
            ),
            key=lambda name: get_value(world.clearing, market, name),
        )
        once = realise(world, world.clearing, market, names)
        if realise(world, once, market, names) != once:
            return False
        reverse = realise(world, world.clearing, market, names[::-1])
        if (
            is_all_paid(once, market)
            and is_all_paid(reverse, market)
            and once != reverse
        ):
            return False
    return True


def get_value(clearing: ch.State, market: int, name: AccountId) -> int:
    """Return the value of an account's position at mark."""
    position = acc.get_position(ch.get_account(clearing, name), market)
    return ch.compute_exposure(clearing.markets[market], position).value


def realise(
    world: World, clearing: ch.State, market: int, names: list[AccountId]
) -> ch.State:
    """Return ``clearing`` with everybody realised in one market."""
    return ch.realise(clearing, world.now, Address(0), market, names)


def is_all_paid(clearing: ch.State, market: int) -> bool:
    """Return whether no position in a market is worth anything any more."""
    return all(
        get_value(clearing, market, name) == 0
        for name, account in clearing.accounts.items()
        if market in account.positions
    )


def funds_match_positions(world: World) -> bool:
    """
    I24: a market's fund is what all positions are worth, but for the dust of fills
    and one unit for each position.
    """
    for market, listed in world.clearing.markets.items():
        values = [
            ch.compute_exposure(listed, position).value
            for position in get_positions(world, market)
        ]
        dust = listed.fund.balance - sum(values)
        if not 0 <= dust <= world.dust.get(market, 0) + len(values):
            return False
    return True


def payments_are_funded(before: World, after: World, action: Action) -> bool:
    """
    I25: paying moves value from fund to account to the unit: what is not paid stays a
    claim, only a fill's rounding is left over, and no payment takes a fund below
    minus its cap.
    """
    for market, old in before.clearing.markets.items():
        new = after.clearing.markets[market]
        left = get_booked(after, market) - get_booked(before, market)
        if not 0 <= left <= after.dust.get(market, 0) - before.dust.get(market, 0):
            return False
        if new.fund.balance < min(old.fund.balance, -new.fund.cap):
            return False
    return True


def losers_pay_in_full(before: World, after: World, action: Action) -> bool:
    """
    I26: a realised loss is paid at once, whatever the account holds, and moves no
    tokens.
    """
    if action.name != "realise":
        return True
    market, names = action.arguments
    if any(get_value(after.clearing, market, name) < 0 for name in names):
        return False
    old, new = before.clearing.assets[USDC], after.clearing.assets[USDC]
    return old.custody == new.custody and (
        old.pool.cash + old.pool.idle == new.pool.cash + new.pool.idle
    )


def fees_go_to_the_reserve(before: World, after: World, action: Action) -> bool:
    """I28: what both sides of a fill pay in fees is what the reserve is credited."""
    if action.name not in ("fill_spot", "fill_perp"):
        return True
    number, _, _, amount, price, _ = action.arguments
    if action.name == "fill_perp":
        market = before.clearing.markets[number]
        fees, notional = market.fees, mul_div_up(amount * market.lot, price, WAD)
    else:
        fees = before.clearing.assets[number].fees
        notional = mul_div_up(amount, price, WAD)
    old = get_accrued(before, after.now).clearing.assets[USDC].pool
    new = after.clearing.assets[USDC].pool
    minted = sum(
        mul_div_up(notional, fee, 10**6) * RAY // old.lend_index
        for fee in (fees.maker, fees.taker)
    )
    return new.reserve - old.reserve == minted


# Prices


def marks_are_bounded(world: World) -> bool:
    """I29: no mark is further from its slow index than the bound."""
    for market, mark in world.mark_prices.items():
        index = world.asset_prices.get(world.clearing.markets[market].underlying)
        if index is None or index.time != mark.time:
            continue
        if abs(mark.mark - index.slow) * BPS > index.slow * MAX_BASIS_BPS:
            return False
    return True


def stale_prices_give_nothing(world: World) -> bool:
    """
    I30: with a stale exposure or borrow no new risk is accepted, and what stale
    ones make of a shortfall does not make an account due.
    """
    for name, health in get_healths(world, world.now).items():
        portfolio = get_portfolios(world, world.now)[name]
        legs = margin.get_notionals(portfolio)
        ages = [world.now - quote.time for _, _, quote in legs]
        is_old = any(age > margin.MAX_PRICE_AGE for age in ages)
        if is_old and is_accepted(health):
            return False
        is_all_old = all(age > margin.MAX_PRICE_AGE for age in ages)
        is_owing = portfolio.usdc < 0
        if is_all_old and not is_owing and health.equity > 0 and margin.is_due(health):
            return False
    return True


def is_accepted(health: Health) -> bool:
    """Return whether new risk would be accepted."""
    with suppress(errors.Revert):
        margin.require_initial_margin(health)
        return True
    return False


def get_quotes(world: World) -> Mapping[tuple[str, int], Quote]:
    """Return all stored quotes."""
    clearing = world.clearing
    assets = {("asset", n): clearing.assets[n].quote for n in clearing.assets}
    markets = {("market", n): clearing.markets[n].quote for n in clearing.markets}
    return {**assets, **markets}


def prices_are_positive(world: World) -> bool:
    """I31: what was published is positive and not of the future."""
    return all(
        (quote.time == 0 and quote.slow == quote.fast == 0)
        or (0 < quote.time <= world.now and quote.slow > 0 and quote.fast > 0)
        for quote in get_quotes(world).values()
    )


def one_price_holds(before: World, after: World, action: Action) -> bool:
    """
    I32: only a tick changes a stored price, to the oracle's present one, which is
    newer; afterwards nothing that it was asked for is older than the oracle's.
    """
    told = get_told(after)
    asked = get_asked(action)
    old, new = get_quotes(before), get_quotes(after)
    for name, quote in new.items():
        if quote != old.get(name, quote):
            if name not in asked or quote.time <= old[name].time:
                return False
            if name not in told or (quote.slow, quote.fast, quote.time) != told[name]:
                return False
        if name in asked and name in told and quote.time < told[name][2]:
            return False
    return True


def get_asked(action: Action) -> frozenset[tuple[str, int]]:
    """Return the assets and markets whose prices an action takes over."""
    if action.name != "tick":
        return frozenset()
    assets, markets = action.arguments
    return frozenset(
        [("asset", asset) for asset in assets]
        + [("market", market) for market in markets]
    )


def get_told(world: World) -> Mapping[tuple[str, int], tuple[int, int, Seconds]]:
    """Return what the oracle says: slow, fast and time; a mark's fast one follows."""
    told = {
        ("asset", asset): (price.slow, price.fast, price.time)
        for asset, price in world.asset_prices.items()
    }
    for market, price in world.mark_prices.items():
        index = world.asset_prices[world.clearing.markets[market].underlying]
        if index.slow > 0:
            fast = margin.quantise(price.mark * index.fast // index.slow)
            told["market", market] = (margin.quantise(price.mark), fast, price.time)
    return told


# Liquidation and backstop


def liquidation_is_due(before: World, after: World, action: Action) -> bool:
    """
    I33: only an account below maintenance margin at an earlier block's price is
    liquidated; no size and no debt but USDC rises or changes sign.
    """
    if action.name != "liquidate":
        return True
    (name,) = action.arguments
    health = ch.assess(before.clearing, name, after.now)
    if health.equity >= health.maintenance_margin or health.priced_at >= after.now:
        return False
    old = ch.get_account(before.clearing, name)
    new = ch.get_account(after.clearing, name)
    if not all(
        is_between(acc.get_position(new, market).lots, position.lots)
        for market, position in old.positions.items()
    ):
        return False
    return new.positions.keys() <= old.positions.keys() and all(
        acc.get_balance(new, asset).scaled >= min(0, acc.get_balance(old, asset).scaled)
        for asset in old.balances.keys() | new.balances.keys()
        if asset != USDC
    )


def is_between(lots: Lots, limit: Lots) -> bool:
    """Return whether ``lots`` is between zero and ``limit``."""
    return 0 <= lots <= limit or limit <= lots <= 0


def liquidation_improves(before: World, after: World, action: Action) -> bool:
    """
    I34: an account with equity has no less of it for its margin afterwards, within
    the wei of its roundings, the discount on one lot for each market and provider, and
    what the discount, owed in USDC, binds of margin itself.
    """
    if action.name != "liquidate":
        return True
    (name,) = action.arguments
    old = ch.assess(before.clearing, name, after.now)
    new = ch.assess(after.clearing, name, after.now)
    bound = get_rounding_bound(before, name, old)
    return old.equity <= 0 or (new.equity + bound) * old.maintenance_margin >= (
        old.equity * new.maintenance_margin
    )


def get_rounding_bound(world: World, name: AccountId, health: Health) -> int:
    """
    Return what rounding up may cost in a takeover: for every provider some wei for
    each fill or debt, and the highest discount on a lot of each market; and once the
    equity that the margin of the discount, owed in USDC, stands for.
    """
    wei = sum(4 + quote.slow // WAD for quote in get_quotes(world).values())
    lots = sum(
        perpetual.compute_notional(Lots(1), listed.lot, listed.quote.slow)
        for market in ch.get_account(world.clearing, name).positions
        for listed in (world.clearing.markets[market],)
    )
    discount = mul_div_up(lots, health.maintenance_margin, 4 * health.exposure)
    rounding = 4 * wei * get_touch_bound(world) + discount
    requirement = world.clearing.assets[USDC].requirement
    owed = Wad(min(max(0, health.equity), health.maintenance_margin // 4))
    margin_of_discount = req.compute_maintenance_margin(requirement, owed)
    stands_for = mul_div_up(margin_of_discount, owed, health.maintenance_margin)
    takeovers = liquidator.ROUNDS * len(world.liquidator.providers)
    return (takeovers + 1) * rounding + stands_for


def backstop_is_the_last_stage(before: World, after: World, action: Action) -> bool:
    """I35: the backstop takes over only below the margin that opens it."""
    if action.name != "liquidate":
        return True
    (name,) = action.arguments
    health = ch.assess(before.clearing, name, after.now)
    less = max(
        health.maintenance_margin // 2,
        health.maintenance_margin - mul_div_up(6, health.exposure, 100),
    )
    return health.equity < less


def providers_stay_safe(before: World, after: World, action: Action) -> bool:
    """
    I36: a provider that took something over took no more than was left of its
    capacities, and has initial margin unless its lends have paid for bad debt.
    """
    if action.name != "liquidate":
        return True
    for name, new in after.liquidator.providers.items():
        old = before.liquidator.providers[name]
        if new == old:
            continue
        minute, hour = providers.get_used(new, after.now)
        if minute > new.per_minute or hour > new.per_hour:
            return False
        health = ch.assess(after.clearing, name, after.now)
        is_short = health.initial_equity < health.initial_margin
        if is_short and not has_bad_debt(before, after):
            return False
    return True


def nobody_games_liquidation(before: World, after: World, action: Action) -> bool:
    """
    I38: no provider takes over from its own owner, and a stranger adds assets to
    an account in need only if that cures it.
    """
    if action.name == "liquidate":
        owner = acc.get_owner(action.arguments[0])
        return all(
            acc.get_owner(name) != owner
            for name, new in after.liquidator.providers.items()
            if new != before.liquidator.providers[name]
        )
    if action.name == "deposit":
        name = action.arguments[0]
        operators = before.clearing.operators
        if acc.is_authorised(operators, name, action.caller, acc.TRADE):
            return True
        return not margin.is_liquidatable(ch.assess(after.clearing, name, after.now))
    return True


def no_zombie_is_left(before: World, after: World, action: Action) -> bool:
    """
    I39: after a liquidation no account has only a debt, unless its pool is halted;
    reserve and lenders pay only once the backstop fund has nothing left.
    """
    if action.name != "liquidate":
        return True
    (name,) = action.arguments
    start = get_accrued(before, after.now)
    old, new = start.clearing.assets[USDC].pool, after.clearing.assets[USDC].pool
    if bankruptcy.is_bankrupt(after.clearing, name, after.now):
        return new.is_halted
    if new.lend_index < old.lend_index and new.reserve > 0:
        return False
    is_reserve_hit = new.reserve < old.reserve or new.lend_index < old.lend_index
    return not is_reserve_hit or ch.get_held(
        after.clearing, acc.BACKSTOP_FUND, USDC
    ) <= get_touch_bound(after)


def fund_is_not_in_debt(world: World) -> bool:
    """I40: the backstop fund owes nothing and has no position."""
    fund = ch.get_account(world.clearing, acc.BACKSTOP_FUND)
    return not fund.positions and all(b.scaled >= 0 for b in fund.balances.values())


def fund_pays_deficits_only(before: World, after: World, action: Action) -> bool:
    """
    I40: the backstop fund loses scaled units only to a liquidation that leaves the
    account without a position.
    """
    old = acc.get_balance(ch.get_account(before.clearing, acc.BACKSTOP_FUND), USDC)
    new = acc.get_balance(ch.get_account(after.clearing, acc.BACKSTOP_FUND), USDC)
    if new.scaled >= old.scaled and new.idle >= old.idle:
        return True
    return (
        action.name == "liquidate"
        and not ch.get_account(after.clearing, action.arguments[0]).positions
    )


def exits_are_open(world: World) -> bool:
    """
    I41: whoever owes can repay all of it, whoever owes nothing can withdraw what
    cash there is, and a fresh position can be closed at mark without a fee.
    """
    return all(
        can_repay(world, name) and can_withdraw(world, name) and can_close(world, name)
        for name in world.clearing.accounts
        if acc.get_owner(name) != 0
    )


def can_repay(world: World, name: AccountId) -> bool:
    """Return whether every debt of an account can be repaid by a stranger."""
    for asset, balance in world.clearing.accounts[name].balances.items():
        if balance.scaled >= 0:
            continue
        after = ch.repay(
            world.clearing, world.now, Address(0), name, asset, ch.EVERYTHING
        )
        if acc.get_balance(after.accounts[name], asset).scaled < 0:
            return False
    return True


def can_withdraw(world: World, name: AccountId) -> bool:
    """
    Return whether an account without exposure can take out what it holds, as far
    as there is cash.
    """
    health = get_healths(world, world.now)[name]
    if health.exposure > 0 or health.initial_margin > 0:
        return True
    for asset in world.clearing.accounts[name].balances:
        listed = world.clearing.assets[asset]
        clearing = ch.accrue(world.clearing, asset, world.now)
        held = ch.get_held(clearing, name, asset)
        own = world.clearing.accounts[name].balances[asset].idle
        tokens = min(held, listed.pool.cash + own) // ch.compute_scale(listed)
        tokens = min(tokens, ch.MAX_AMOUNT // ch.compute_scale(listed))
        if tokens == 0 or listed.pool.is_halted:
            continue
        try:
            owner = acc.get_owner(name)
            ch.withdraw(world.clearing, world.now, owner, name, asset, tokens)
        except errors.Revert:
            return False
    return True


def can_close(world: World, name: AccountId) -> bool:
    """
    Return whether each fresh position that is no dust in its account can be closed at
    mark against somebody rich, if the account has a cent of equity for the rounding.
    """
    health = get_healths(world, world.now)[name]
    if health.equity < WAD // 100 or not is_open(world, USDC):
        return True
    for market, position in world.clearing.accounts[name].positions.items():
        listed = world.clearing.markets[market]
        notional = perpetual.compute_notional(
            position.lots, listed.lot, listed.quote.slow
        )
        is_dust = notional * 100 < health.exposure or notional == 0
        if is_dust or margin.is_stale(listed.quote, world.now):
            continue
        try:
            close(world, market, name, position.lots)
        except errors.Revert:
            return False
    return True


def close(world: World, market: int, name: AccountId, lots: Lots) -> ch.State:
    """
    Return the state with an account's position closed at mark, without fees, against
    somebody who closes as much: while prices diverge nobody may open.
    """
    listed = world.clearing.markets[market]
    listed = replace(listed, fees=ch.Fees(0, 0))
    venue = Address(2**160 - 1)
    clearing = ch.with_market(world.clearing, market, listed)
    whale = Account({USDC: Balance(10**45)}, {market: Position(Lots(-lots))})
    clearing = ch.with_account(clearing, WHALE, whale)
    clearing = replace(clearing, venues={venue: ch.TRADE_VENUE})
    buyer, seller = (WHALE, name) if lots > 0 else (name, WHALE)
    size, price = Lots(abs(lots)), listed.quote.slow
    return ch.fill_perp(
        clearing, world.now, venue, market, buyer, seller, size, price, True
    )


def realising_never_fails(world: World) -> bool:
    """I42: no account in a batch can make the batch fail, whatever it has."""
    try:
        for market, listed in world.clearing.markets.items():
            if not margin.is_stale(listed.quote, world.now):
                realise(world, world.clearing, market, sorted(world.clearing.accounts))
    except errors.Revert:
        return False
    return True


def batches_touch_what_they_name(before: World, after: World, action: Action) -> bool:
    """I42: a call of a keeper changes no more accounts than it was given."""
    if action.name not in ("realise", "tick", "liquidate"):
        return True
    old, new = before.clearing.accounts, after.clearing.accounts
    changed = sum(old.get(name) != new.get(name) for name in old.keys() | new.keys())
    return changed <= len(get_named(before, action))


StateInvariant = Callable[[World], bool]
TransitionInvariant = Callable[[World, World, Action], bool]

STATE_INVARIANTS: Final[Mapping[str, StateInvariant]] = {
    "I1": vault_backs_pools,
    "I2": pools_are_solvent,
    "I3": totals_are_sums,
    "I4": cash_is_not_negative,
    "I5": indices_are_in_range,
    "I6": accrual_never_bricks,
    "I7": values_round_for_the_pool,
    "I8": round_trips_earn_nothing,
    "I12": margins_are_ordered,
    "I15": collateral_counts_once,
    "I16": gains_give_no_credit,
    "I18": lists_are_short,
    "I19": sizes_cancel_out,
    "I20": money_is_conserved,
    "I21": funding_is_bounded,
    "I23": realising_is_path_free,
    "I24": funds_match_positions,
    "I29": marks_are_bounded,
    "I30": stale_prices_give_nothing,
    "I31": prices_are_positive,
    "I40": fund_is_not_in_debt,
    "I41": exits_are_open,
    "I42": realising_never_fails,
}

TRANSITION_INVARIANTS: Final[Mapping[str, TransitionInvariant]] = {
    "I2": slack_never_falls,
    "I4": payouts_come_from_cash,
    "I5": interest_is_conserved,
    "I9": share_price_moves_by_interest_only,
    "I10": nobody_is_made_unhealthy,
    "I11": risk_needs_initial_margin,
    "I13": others_are_untouched,
    "I14": only_the_authorised_act,
    "I21": funding_moves_with_ticks,
    "I22": realising_is_neutral,
    "I25": payments_are_funded,
    "I26": losers_pay_in_full,
    "I28": fees_go_to_the_reserve,
    "I32": one_price_holds,
    "I33": liquidation_is_due,
    "I34": liquidation_improves,
    "I35": backstop_is_the_last_stage,
    "I36": providers_stay_safe,
    "I38": nobody_games_liquidation,
    "I39": no_zombie_is_left,
    "I40": fund_pays_deficits_only,
    "I42": batches_touch_what_they_name,
}


def find_violated_states(world: World) -> list[str]:
    """Return the numbers of the state invariants that do not hold."""
    return [number for number, holds in STATE_INVARIANTS.items() if not holds(world)]


def find_violated_transitions(before: World, after: World, action: Action) -> list[str]:
    """Return the numbers of the transition invariants that do not hold."""
    return [
        number
        for number, holds in TRANSITION_INVARIANTS.items()
        if not holds(before, after, action)
    ]
