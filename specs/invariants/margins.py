"""Margin and accounts: I10 to I18."""

from collections.abc import Mapping
from typing import Final

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import (
    margin,
    perpetual,
)
from specs import requirements as req
from specs.accounts import USDC, Account
from specs.fixed_point import BPS, RAY, WAD, Wad
from specs.invariants.parts import (
    get_healths,
    get_pool_pairs,
    get_portfolios,
    get_touch_bound,
)
from specs.margin import Health
from specs.money_market import EMPTY
from specs.perpetual import Position
from specs.world import GOVERNANCE, Action, World, get_named

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
