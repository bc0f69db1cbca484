"""Margin and accounts: I10 to I18."""

from collections.abc import Mapping
from typing import Final

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import (
    deleveraging,
    margin,
    perpetual,
    settlement,
    virtual_pnl,
)
from specs import requirements as req
from specs.accounts import USDC, Account, AccountId, Address
from specs.deleveraging import MAX_EPOCHS
from specs.fixed_point import BPS, RAY, WAD, Wad
from specs.invariants.parts import (
    get_accrued,
    get_gain,
    get_healths,
    get_pending,
    get_pending_epochs,
    get_pool_pairs,
    get_portfolios,
    get_touch_bound,
    get_untouched,
    get_value,
    get_winners_and_losers,
)
from specs.margin import Health
from specs.money_market import EMPTY
from specs.order_book import Order
from specs.perpetual import Position
from specs.state import get_effective_position, get_ordered_markets
from specs.weights import WEIGHT_ONE
from specs.world import GOVERNANCE, Action, World, get_named

CHANGES_MARGIN: Final = GOVERNANCE | {"tick", "wait", "publish"}
"""What moves prices, time or parameters."""


def nobody_is_made_unhealthy(before: World, after: World, action: Action) -> bool:
    """
    I10: whoever meets maintenance margin before an action meets it afterwards, at
    equal prices and time, within the wei that a realisation may cost, and the worth of
    one lot for each epoch that has yet to reduce him. Who has more epochs before him
    than margin foresees may learn of them as he is touched.
    """
    if action.name in CHANGES_MARGIN or has_bad_debt(before, after):
        return True
    old = get_healths(before, after.now)
    touched = get_named(before, action)
    bound = get_touch_bound(after) * (1 + len(after.clearing.markets))
    return all(
        name not in old
        or margin.is_liquidatable(old[name])
        or is_beyond_sight(before, name)
        or not is_below(
            health,
            (bound if name in touched else 0)
            + get_epoch_bound(before, name)
            + get_epoch_bound(after, name),
        )
        for name, health in get_healths(after, after.now).items()
    )


def is_beyond_sight(world: World, name: AccountId) -> bool:
    """Return whether an account has more epochs before it than margin foresees."""
    positions = ch.get_account(world.clearing, name).positions
    return any(
        len(world.clearing.markets[market].epochs) - position.epoch > MAX_EPOCHS
        for market, position in positions.items()
        if position.lots != 0
    )


def get_epoch_bound(world: World, name: AccountId) -> int:
    """
    Return what a lot more or less that each epoch closes of an account is worth to it,
    at most: which of those whom an epoch reduces has the odd lot is settled as they are
    touched.
    """
    positions = ch.get_account(world.clearing, name).positions
    bound = 0
    for market, position in positions.items():
        listed = world.clearing.markets[market]
        for epoch in get_pending_epochs(world, market, position):
            index = listed.funding.index
            price = deleveraging.compute_closing_price(epoch, index)
            bound += 4 + (listed.quote.slow + price) * listed.lot // WAD
    return bound


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
    "convert": (2,),
}
"""Which arguments are accounts that take risk."""


def risk_needs_initial_margin(before: World, after: World, action: Action) -> bool:
    """
    I11: who acted has initial margin at conservative prices, or no exposure, or
    shrank by a fill that lowered neither health nor raised exposure, or placed an order
    that binds no more margin, for the wei of the epochs that he met.
    """
    for name in get_risking(action):
        new = ch.assess(after.clearing, name, after.now)
        if new.exposure == 0 and new.initial_margin == 0 and not new.is_stale:
            continue
        if new.initial_equity >= new.initial_margin and not new.is_stale:
            continue
        old = ch.assess(before.clearing, name, after.now)
        is_fill = action.name in ("fill_perp", "fill_spot", "convert", "place")
        if is_fill and margin.is_improved(old, new):
            continue
        is_bound = new.initial_margin > old.initial_margin
        lost = old.value - new.value - get_meeting_bound(before, name)
        if action.name != "place" or is_bound or lost > 0:
            return False
    return True


def get_meeting_bound(world: World, name: AccountId) -> int:
    """Return the wei that meeting the epochs before it may cost an account."""
    positions = ch.get_account(world.clearing, name).positions
    pending = sum(
        len(get_pending_epochs(world, market, position))
        for market, position in positions.items()
    )
    return 2 * get_touch_bound(world) * pending


def get_risking(action: Action) -> list[AccountId]:
    """Return the accounts that an action lets take risk."""
    if action.name == "batch":
        account, steps = action.arguments
        brings_in = all(step.kind in (ch.DEPOSIT, ch.REPAY) for step in steps)
        return [] if brings_in else [account]
    if action.name == "place":
        return [action.arguments[0].account]
    return [action.arguments[place] for place in CHECKED.get(action.name, ())]


def margins_are_ordered(world: World) -> bool:
    """
    I12: initial margin is at least maintenance margin and what an account's own limit
    of leverage asks for, and scaled no less; both grow with size.
    """
    scales = [listed.scales for listed in world.clearing.markets.values()]
    if any(each.imf < each.mmf for each in scales):
        return False
    for name, health in get_healths(world, world.now).items():
        if health.initial_margin < health.maintenance_margin:
            return False
        most = world.clearing.accounts[name].settings.max_leverage
        if most > 0 and health.initial_margin * most < health.exposure:
            return False
        portfolio = get_portfolios(world, world.now)[name]
        for requirement, notional, _ in margin.get_notionals(portfolio):
            more = Wad(notional + notional // BPS + 1)
            for compute in (req.compute_initial_margin, req.compute_maintenance_margin):
                if compute(requirement, notional) > compute(requirement, more):
                    return False
    return True


def others_are_untouched(before: World, after: World, action: Action) -> bool:
    """
    I13: an action changes no bit of any account that it does not name, but for pending
    interest, which an accrual books for everybody, and bad debt takes back.
    """
    named = get_named(before, action)
    old, new = get_untouched(before, after), after.clearing.accounts
    if any(old.get(a) != new.get(a) for a in (old.keys() | new.keys()) - named):
        return False
    return (
        action.name == "set_operator"
        or before.clearing.operators == after.clearing.operators
    )


ANYBODYS: Final = frozenset({"ramp_weight"})
"""What changes parameters and is open to anybody."""

GUARDIANS: Final = frozenset({"cancel_change", "pause_asset", "pause_market"})
"""What the guardian may do as well as the governor."""

NEEDS_RIGHT: Final[Mapping[str, int]] = {
    "set_settings": acc.TRADE,
    "lend": acc.TRADE,
    "unlend": acc.TRADE,
    "withdraw": acc.WITHDRAW,
    "borrow": acc.WITHDRAW,
    "transfer": acc.WITHDRAW,
}


def only_the_authorised_act(before: World, after: World, action: Action) -> bool:
    """
    I14: an account is put to use by its owner and operators alone; a stranger's
    deposit or repayment takes nothing from it and respects its settings; fills come
    from venues; nobody inside the tick set is realised, beyond what epochs close of it,
    but for what its settings or a threshold let anyone do; and nobody has himself sold
    from on the book for its fee.
    """
    clearing, caller, name = before.clearing, action.caller, action.name
    if name in ANYBODYS:
        return True
    if name in GUARDIANS:
        return caller in (clearing.governor, clearing.guardian)
    if name in GOVERNANCE:
        return caller == clearing.governor
    if name in NEEDS_RIGHT:
        right, account = NEEDS_RIGHT[name], action.arguments[0]
        return acc.is_authorised(clearing.operators, account, caller, right)
    if name == "batch":
        account, steps = action.arguments
        takes_out = any(step.kind in (ch.WITHDRAW, ch.BORROW) for step in steps)
        right = acc.WITHDRAW if takes_out else acc.TRADE
        return not steps or acc.is_authorised(
            clearing.operators, account, caller, right
        )
    if name in ("set_operator", "bind", "give_notice", "pledge", "unpledge"):
        return caller == acc.get_owner(action.arguments[0])
    if name == "place":
        account = action.arguments[0].account
        return acc.is_authorised(clearing.operators, account, caller, acc.TRADE)
    if name in ("cancel", "cancel_all"):
        return all(
            may_be_cancelled(before, after, resting, caller)
            for order, resting in before.book.orders.items()
            if order not in after.book.orders
        )
    if name in ("fill_spot", "fill_perp", "convert"):
        return clearing.venues.get(caller, 0) & ch.TRADE_VENUE != 0
    if name in ("deposit", "repay"):
        account = action.arguments[0]
        old = get_untouched(before, after).get(account, acc.NEW)
        new = ch.get_account(after.clearing, account)
        return is_only_richer(old, new) and (name == "repay" or is_as_set(old, new))
    if name == "realise":
        return all(
            is_unrealised(before, after, action, account)
            or may_be_realised(before, after, action, account)
            for account in action.arguments[1]
        )
    if name == "reduce":
        return caller != acc.get_owner(action.arguments[0])
    return True


def may_be_cancelled(
    before: World, after: World, resting: Order, caller: Address
) -> bool:
    """
    Return whether a caller may cancel an order: whoever may trade for the account, and
    anyone one that has expired or is that of a liquidatable account.
    """
    operators, account = before.clearing.operators, resting.account
    if 0 < resting.expiry < after.now:
        return True
    if margin.is_liquidatable(ch.assess(before.clearing, account, after.now)):
        return True
    return acc.is_authorised(operators, account, caller, acc.TRADE)


def is_as_set(old: Account, new: Account) -> bool:
    """Return whether a deposit was neither lent nor repaid against the settings."""
    settings = old.settings
    for asset, balance in new.balances.items():
        had = acc.get_balance(old, asset).scaled
        if not settings.auto_lend and balance.scaled > max(0, had):
            return False
        if asset == USDC and not settings.auto_repay and had < min(0, balance.scaled):
            return False
    return True


def is_unrealised(before: World, after: World, action: Action, name: AccountId) -> bool:
    """Return whether a realisation left an account as its epochs have made it."""
    old = ch.get_account(get_touched(before, after, action), name)
    return old == ch.get_account(after.clearing, name)


def get_touched(before: World, after: World, action: Action) -> ch.State:
    """
    Return the accrued state in which the accounts that a realisation names have been
    touched, in its order.
    """
    market, names = action.arguments
    clearing = get_accrued(before, after.now).clearing
    for name in names:
        clearing = settlement.touch(clearing, market, name)
    return clearing


def may_be_realised(
    before: World, after: World, action: Action, name: AccountId
) -> bool:
    """Return whether the caller may have an account's profit and loss realised."""
    market, _ = action.arguments
    listed = before.clearing.markets[market]
    clearing = get_touched(before, after, action)
    account = ch.get_account(clearing, name)
    winners, _ = get_winners_and_losers(before)[market]
    threshold = listed.cull.system_threshold
    if account.settings.auto_realize or 0 < threshold * WAD <= winners:
        return True
    if acc.get_position(account, market).entry is None:
        return True
    threshold = listed.cull.account_threshold
    if 0 < threshold <= abs(get_value(clearing, market, name)):
        return True
    return acc.is_authorised(clearing.operators, name, action.caller, acc.TRADE)


def is_only_richer(old: Account, new: Account) -> bool:
    """Return whether no balance fell and nothing else changed."""
    return (
        old.positions == new.positions
        and old.settings == new.settings
        and all(
            acc.get_balance(new, asset).scaled >= acc.get_balance(old, asset).scaled
            and acc.get_balance(new, asset).idle >= acc.get_balance(old, asset).idle
            for asset in old.balances.keys() | new.balances.keys()
        )
    )


def collateral_counts_once(world: World) -> bool:
    """
    I15: no account's equity is above the exact worth of its scaled units, idle
    tokens, positions and pending interest, each weighed once.
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
        pool = clearing.assets[USDC].pool
        earned, owed = get_pending(clearing.accounts[name])
        interest = earned * pool.lend_index - owed * pool.borrow_index
        exact = exact * WEIGHT_ONE + interest * WAD * WAD
        if health.equity * RAY * WAD * WAD * WEIGHT_ONE > exact:
            return False
    return True


def get_exact_value(world: World, market: int, position: Position) -> int:
    """Return a position's value, WAD times ``RAY * WAD * WAD``, not rounded."""
    listed = world.clearing.markets[market]
    position = get_effective_position(world.clearing, market, position)
    price = listed.quote.slow - listed.funding.index
    size = position.lots * listed.lot
    return (size * price - position.basis * WAD) * RAY * WAD


def gains_count_as_backed(world: World) -> bool:
    """
    I16: initial equity is no more than USDC with pending interest, collateral at its
    lower price, losses, and gains as far as credit cap and fund back all of a market's
    make it; a gain outside the tick set or while the cursor is not at mark, an
    unsettled claim and stale collateral count nothing.
    """
    for name, health in get_healths(world, world.now).items():
        portfolio = get_portfolios(world, world.now)[name]
        equity = portfolio.usdc
        account = world.clearing.accounts[name]
        markets = sorted(account.positions.keys() | get_ordered_markets(account))
        for market, exposure in zip(markets, portfolio.exposures, strict=True):
            if not is_backed(world, market, name, exposure.credit):
                return False
            equity += min(0, exposure.value) + exposure.credit + exposure.interest
        for held in portfolio.collaterals:
            quote = held.quote
            is_fresh = world.now <= quote.time + margin.MAX_PRICE_AGE
            price = min(quote.slow, quote.fast) if is_fresh else 0
            equity += held.held * price * held.haircut.weight // (WAD * 10**6)
        equity -= sum(debt.owed * debt.quote.slow // WAD for debt in portfolio.debts)
        if health.initial_equity > equity:
            return False
    return True


def is_backed(world: World, market: int, name: AccountId, credit: Wad) -> bool:
    """Return whether a position gets no more credit than its share of the backing."""
    listed = world.clearing.markets[market]
    position = acc.get_position(world.clearing.accounts[name], market)
    position = get_effective_position(world.clearing, market, position)
    if listed.cursor != virtual_pnl.clamp(listed.quote.slow):
        return credit == 0
    gain = max(0, get_gain(world, market, position, listed.cursor))
    winners, backing = get_gains(world, market), get_backing(world, market)
    return credit * WAD <= gain and (
        winners <= backing * WAD or credit * winners <= gain * backing
    )


def get_gains(world: World, market: int) -> int:
    """Return W of a market, WAD times WAD."""
    winners, _ = get_winners_and_losers(world)[market]
    return winners


def get_backing(world: World, market: int) -> int:
    """Return how much of a market's gains counts as credit at most."""
    listed = world.clearing.markets[market]
    return listed.cull.credit_cap + max(0, listed.fund.balance)


def lists_are_short(world: World) -> bool:
    """
    I18: nobody has more assets or markets than one may, and no empty entry; no position
    has met an epoch that is yet to come, and a claim none.
    """
    return all(
        len(account.balances.keys() - {USDC}) <= acc.MAX_ASSETS
        and len(account.positions) <= acc.MAX_MARKETS
        and EMPTY not in account.balances.values()
        and perpetual.FLAT not in account.positions.values()
        and all(
            position.epoch
            <= (len(world.clearing.markets[market].epochs) if position.lots else 0)
            for market, position in account.positions.items()
        )
        for account in world.clearing.accounts.values()
    )
