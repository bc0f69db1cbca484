"""Liquidation, backstop, and the work of keepers: I33 to I36 and I38 to I42."""

from dataclasses import replace
from typing import Final

from specs import accounts as acc
from specs import (
    backstop,
    bankruptcy,
    errors,
    liquidator,
    margin,
    pacing,
    perpetual,
    providers,
    settle_code,
    settlement,
    virtual_pnl,
)
from specs import clearinghouse as ch
from specs import requirements as req
from specs.accounts import USDC, Account, AccountId, Address
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_up
from specs.instruments import SPOT
from specs.invariants.margins import has_bad_debt
from specs.invariants.parts import (
    WHALE,
    get_accrued,
    get_entry_price,
    get_healths,
    get_positions,
    get_touch_bound,
    get_untouched,
    is_open,
    touch_fully,
)
from specs.invariants.prices import get_quotes
from specs.invariants.settling import realise
from specs.invariants.slicing import is_slice_fair
from specs.legs import get_legs
from specs.liquidation_code import accrue_debts
from specs.liquidator import Outcome, Sliced
from specs.margin import Health
from specs.money_market import Balance
from specs.perpetual import Position
from specs.world import Action, World, get_named, get_new_epochs, take

FORCED: Final = ("reduce", "liquidate")
"""What closes positions of who did not ask for it."""


def liquidation_is_due(before: World, after: World, action: Action) -> bool:
    """
    I33: only an account below maintenance margin is flagged or liquidated, or one below
    initial margin of which a part was sold on the book in the last minute; at an
    earlier block's prices or flagged in an earlier one, in the last minute; a flag that
    counts is not renewed; no size and no debt but USDC rises or changes sign, and a
    slice changes those of its instrument alone.
    """
    if action.name not in (*FORCED, "flag"):
        return True
    name = action.arguments[0]
    start = accrue_debts(before.clearing, name, after.now)
    health = ch.assess(start, name, after.now)
    noted = ch.get_account(start, name).distress
    age = after.now - noted.flagged_at
    if action.name == "flag":
        flagged_at = after.clearing.accounts[name].distress.flagged_at
        is_kept = noted.flagged_at > 0 and age <= 60
        expected = noted.flagged_at if is_kept else after.now
        return margin.is_due_now(health) and flagged_at == expected
    if not margin.is_due_now(health) and not (
        action.name == "reduce"
        and after.now - noted.sliced_at <= 60
        and health.equity < get_end(start, name, after.now)
    ):
        return False
    if health.priced_at >= after.now and not 0 < age <= 60:
        return False
    if action.name == "reduce" and not is_one_leg(before, after, action):
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


def get_end(clearing: ch.State, name: AccountId, now: Seconds) -> int:
    """Return the initial margin of all legs of an account whose prices are fresh."""
    legs = get_legs(clearing, name, now).values()
    return sum(req.compute_initial_margin(*leg) for leg in legs)


def is_one_leg(before: World, after: World, action: Action) -> bool:
    """Return whether an action left all as it is but one instrument and USDC."""
    name, instrument, _ = action.arguments
    old = ch.get_account(before.clearing, name)
    new = ch.get_account(after.clearing, name)
    accrued = get_accrued(before, after.now).clearing
    for market in old.positions:
        touched = settlement.touch(accrued, market, name).accounts[name]
        may_be = acc.get_position(old, market), acc.get_position(touched, market)
        lots = acc.get_position(new, market).lots
        if market != instrument and lots not in [each.lots for each in may_be]:
            return False
    return all(
        acc.get_balance(old, asset) == acc.get_balance(new, asset)
        for asset in old.balances.keys() | new.balances.keys()
        if SPOT + asset not in (instrument, SPOT + USDC)
    )


def is_between(lots: Lots, limit: Lots) -> bool:
    """Return whether ``lots`` is between zero and ``limit``."""
    return 0 <= lots <= limit or limit <= lots <= 0


def liquidation_improves(before: World, after: World, action: Action) -> bool:
    """
    I34: an account with equity has no less of it for its margin afterwards: after a
    slice exactly so; after a takeover within the wei of its roundings, the discount on
    one lot for each market and provider, and what the discount, owed in USDC, binds of
    margin itself. A slice costs its leg's share of the equity at most, a quarter of it
    the fee, of which who asked gets half; it closes no more than is due, than the cap
    on a call, or than initial margin needs.
    """
    if action.name == "reduce":
        return is_slice_fair(before, after, action)
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
    Return what rounding up may cost in a takeover: for every provider, and for what is
    closed against the other side, some wei for each fill or debt, and the highest
    discount on a lot of each market; and once the equity that the margin of the
    discount, owed in USDC, stands for.
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
    return (takeovers + 2) * rounding + stands_for


def stages_keep_their_order(before: World, after: World, action: Action) -> bool:
    """
    I35: providers take an account over only below the margin that opens the backstop or
    once the book has failed it, in the last minute; positions are closed against the
    other side only below a quarter of maintenance margin, or with a deficit, and only
    what providers leave of what is due, and before them what share of a deficit the
    backstop fund can't pay; orders are gone by then. The book has failed an
    account after three slices of a leg, ten seconds or more and no more than a minute
    apart, of which less than half was filled for want of orders within the limit.
    """
    if action.name == "reduce":
        return is_pace_kept(before, after, action)
    if after.liquidator.failed_at != before.liquidator.failed_at:
        return False
    if after.liquidator.paces != before.liquidator.paces:
        return False
    if action.name != "liquidate":
        return True
    (name,) = action.arguments
    if before.clearing.accounts[name].orders:
        return False
    health = ch.assess(before.clearing, name, after.now)
    less = max(
        health.maintenance_margin // 2,
        health.maintenance_margin - mul_div_up(6, health.exposure, 100),
    )
    failed_at = before.liquidator.failed_at.get(name, 0)
    if health.equity >= less and not 0 < failed_at <= after.now <= failed_at + 60:
        return False
    if not any(
        get_new_epochs(before, after, market) for market in before.clearing.markets
    ):
        return True
    is_near_its_end = 4 * health.equity <= health.maintenance_margin
    return (
        (is_near_its_end or health.value < 0)
        and is_no_more_than_due(before, after, name)
        and is_no_more_than_unfunded(before, after, name)
    )


def is_no_more_than_unfunded(before: World, after: World, name: AccountId) -> bool:
    """
    Return whether of positions with a deficit that the backstop fund pays in part no
    more was closed before providers had their turn than the rest, but for a lot.
    """
    start = accrue_debts(before.clearing, name, after.now)
    deficit = -ch.assess(start, name, after.now).value
    fund = ch.get_held(start, acc.BACKSTOP_FUND, USDC)
    if not 0 < fund < deficit:
        return True
    for market in before.clearing.accounts[name].positions:
        epochs = get_new_epochs(before, after, market)
        touched = settlement.touch(start, market, name).accounts[name]
        held = abs(acc.get_position(touched, market).lots)
        if epochs and (epochs[0].lots - 1) * deficit > held * (deficit - fund):
            return False
    return True


def is_no_more_than_due(before: World, after: World, name: AccountId) -> bool:
    """
    Return whether no more of an account's positions was closed than is due, but for a
    lot of each market and of each of those who took it.
    """
    assert isinstance(after.answer, Outcome)
    accrued = get_accrued(before, after.now).clearing
    parts, fills = after.answer.terms.parts, 1 + 2 * len(after.answer.taken)
    for market in before.clearing.accounts[name].positions:
        old = settlement.touch(accrued, market, name).accounts[name]
        held = abs(acc.get_position(old, market).lots)
        new = acc.get_position(ch.get_account(after.clearing, name), market)
        closed = held - abs(new.lots)
        if (closed - fills) * backstop.PARTS > held * parts:
            return False
    return True


def is_pace_kept(before: World, after: World, action: Action) -> bool:
    """Return whether a slice's failure, if it is one, was counted as it should."""
    assert isinstance(after.answer, Sliced)
    name, instrument, _ = action.arguments
    key, sliced, now = (name, instrument), after.answer, after.now
    old = before.liquidator.paces.get(key, pacing.NEW)
    new = after.liquidator.paces[key]
    if {**before.liquidator.paces, key: new} != after.liquidator.paces:
        return False
    is_failure = 2 * sliced.filled < sliced.asked and sliced.reason in (
        errors.NotFilled,
        errors.PriceOutOfBand,
    )
    apart = now - old.failed_at
    is_next = old.failures > 0 and 10 <= apart <= 60
    if new.failures > old.failures and not (
        is_failure and (is_next or new.failures == 1)
    ):
        return False
    if new.failures > 0 and now - new.failed_at > 60:
        return False
    failed_at = before.liquidator.failed_at
    if new.failures >= 3:
        failed_at = {**failed_at, name: now}
    return after.liquidator.failed_at == failed_at


def providers_stay_safe(before: World, after: World, action: Action) -> bool:
    """
    I36: a provider that took something over was bound, had not lost more in that hour
    than it allowed, took no more than was left of its capacities, has no position that
    grew above its own or the market's limit, and has initial margin unless its lends
    have paid for bad debt; nothing leaves an account while it is bound.
    """
    if action.name != "liquidate":
        return not (
            takes_out(action)
            and is_bound(before, AccountId(action.arguments[0]), after.now)
        )
    for name, new in after.liquidator.providers.items():
        old = before.liquidator.providers[name]
        if new == old:
            continue
        minute, hour = providers.get_used(new, after.now)
        if minute > new.pledge.per_minute or hour > new.pledge.per_hour:
            return False
        start = get_accrued(before, after.now).clearing
        equity = ch.assess(start, name, after.now).equity
        is_same_hour = old.used_at // 3600 == after.now // 3600
        if is_same_hour and old.equity - equity > old.pledge.max_loss:
            return False
        if not is_bound(before, name, after.now):
            return False
        if not has_room(before, after, name, new.pledge.max_position):
            return False
        health = ch.assess(after.clearing, name, after.now)
        is_short = health.initial_equity < health.initial_margin
        if is_short and not has_bad_debt(before, after):
            return False
    return True


def takes_out(action: Action) -> bool:
    """Return whether an action takes something out of the account it names first."""
    if action.name == "batch":
        return any(
            step.kind in (ch.WITHDRAW, ch.BORROW) for step in action.arguments[1]
        )
    return action.name in ("withdraw", "borrow", "transfer")


def is_bound(world: World, account: AccountId, now: Seconds) -> bool:
    """Return whether an account was bound at a time, as far as it was said by then."""
    return acc.is_bound(ch.get_account(world.clearing, account), now)


def has_room(before: World, after: World, name: AccountId, most: Wad) -> bool:
    """Return whether no position of a provider has grown above a limit."""
    old = ch.get_account(before.clearing, name)
    for market, position in ch.get_account(after.clearing, name).positions.items():
        if abs(position.lots) <= abs(acc.get_position(old, market).lots):
            continue
        listed = after.clearing.markets[market]
        worth = perpetual.compute_notional(position.lots, listed.lot, listed.quote.slow)
        if abs(position.lots) > listed.limits.max_position or worth > most:
            return False
    return True


def nobody_games_liquidation(before: World, after: World, action: Action) -> bool:
    """
    I38: no provider takes over from its own owner, nobody asks for a slice of his own
    account or is paid for it, and a stranger adds assets to an account in need only if
    that cures it.
    """
    if action.name == "reduce":
        owner, reward = acc.get_owner(action.arguments[0]), action.arguments[2]
        return owner not in (action.caller, acc.get_owner(reward))
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
    I39: after a liquidation no account has only a debt beyond what its claims will pay,
    unless its pool is halted; where a deficit was paid, as much of the debt is left as
    they will; reserve and lenders pay only once the backstop fund has nothing left, and
    for an account that has no USDC left itself.
    """
    if action.name != "liquidate":
        return True
    assert isinstance(after.answer, Outcome)
    (name,) = action.arguments
    start = get_accrued(before, after.now)
    old, new = start.clearing.assets[USDC].pool, after.clearing.assets[USDC].pool
    if bankruptcy.is_bankrupt(after.clearing, name, after.now):
        return new.is_halted
    if after.answer.deficit and not new.is_halted:
        owed = ch.get_owed(after.clearing, name, USDC, after.now)
        positions = ch.get_account(after.clearing, name).positions.values()
        claims = sum(-position.basis for position in positions)
        if not claims - 2 * get_touch_bound(after) <= owed <= claims:
            return False
    if new.lend_index < old.lend_index and new.reserve > 0:
        return False
    is_reserve_hit = new.reserve < old.reserve or new.lend_index < old.lend_index
    return not is_reserve_hit or all(
        ch.get_held(after.clearing, payer, USDC) <= get_touch_bound(after)
        for payer in (acc.BACKSTOP_FUND, name)
    )


def fund_is_not_in_debt(world: World) -> bool:
    """I40: the backstop fund owes nothing and has no position."""
    fund = ch.get_account(world.clearing, acc.BACKSTOP_FUND)
    return not fund.positions and all(b.scaled >= 0 for b in fund.balances.values())


def fund_pays_deficits_only(before: World, after: World, action: Action) -> bool:
    """
    I40: the backstop fund loses scaled units only to a liquidation that leaves the
    account without a position, but for claims.
    """
    old = acc.get_balance(ch.get_account(before.clearing, acc.BACKSTOP_FUND), USDC)
    new = acc.get_balance(ch.get_account(after.clearing, acc.BACKSTOP_FUND), USDC)
    if new.scaled >= old.scaled and new.idle >= old.idle:
        return True
    if action.name != "liquidate":
        return False
    left = ch.get_account(after.clearing, action.arguments[0]).positions
    return all(position.lots == 0 for position in left.values())


def exits_are_open(world: World) -> bool:
    """
    I41: whoever owes can repay all of it, whoever owes nothing can withdraw what
    cash there is and the outflow's limit lets go, once it is bound no more, and a fresh
    position can be closed at mark without a fee.
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
    Return whether an account without exposure and debts can take out what it holds, as
    far as there is cash, once its orders are cancelled, its epochs met and its notice
    is over.
    """
    world = without_orders(world, name)
    freed = replace(ch.get_account(world.clearing, name), release_at=Seconds(0))
    world = replace(world, clearing=ch.with_account(world.clearing, name, freed))
    for market in world.clearing.accounts[name].positions:
        touched = touch_fully(world.clearing, market, name)
        world = replace(world, clearing=touched)
    health = ch.assess(world.clearing, name, world.now)
    balances = world.clearing.accounts[name].balances
    is_owing = any(balance.scaled < 0 for balance in balances.values())
    if health.exposure > 0 or health.initial_margin > 0 or is_owing:
        return True
    for asset in balances:
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
        except errors.OutflowTooLarge:
            continue
        except errors.Revert:
            return False
    return True


def without_orders(world: World, name: AccountId) -> World:
    """Return ``world`` after the owner of an account has cancelled all its orders."""
    if not world.clearing.accounts[name].orders:
        return world
    owner = acc.get_owner(name)
    return take(world, Action("cancel_all", owner, (name,)))


def can_close(world: World, name: AccountId) -> bool:
    """
    Return whether each fresh position that is no dust in its account can be closed at
    mark against somebody rich, if the account has a cent of equity for the rounding.
    """
    health = get_healths(world, world.now)[name]
    if health.equity < WAD // 100 or not is_open(world, USDC):
        return True
    for market in world.clearing.accounts[name].positions:
        clearing = touch_fully(world.clearing, market, name)
        listed = clearing.markets[market]
        lots = acc.get_position(clearing.accounts[name], market).lots
        notional = perpetual.compute_notional(lots, listed.lot, listed.quote.slow)
        is_dust = notional * 100 < health.exposure or notional == 0
        if is_dust or margin.is_stale(listed.quote, world.now):
            continue
        try:
            close(clearing, world.now, market, name, lots)
        except errors.Revert:
            return False
    return True


def close(
    clearing: ch.State, now: Seconds, market: int, name: AccountId, lots: Lots
) -> ch.State:
    """
    Return the state with an account's position closed at mark, without fees, against
    somebody who closes as much: while prices diverge nobody may open.
    """
    listed = clearing.markets[market]
    listed = replace(listed, fees=ch.Fees(0, 0))
    venue = Address(2**160 - 1)
    clearing = ch.with_market(clearing, market, listed)
    position = Position(Lots(-lots), epoch=len(listed.epochs))
    whale = Account({USDC: Balance(10**45)}, {market: position})
    clearing = ch.with_account(clearing, WHALE, whale)
    clearing = replace(clearing, venues={venue: ch.TRADE_VENUE})
    buyer, seller = (WHALE, name) if lots > 0 else (name, WHALE)
    size, price = Lots(abs(lots)), listed.quote.slow
    return ch.fill_perp(clearing, now, venue, market, buyer, seller, size, price, True)


def realising_never_fails(world: World) -> bool:
    """
    I42: no account in a batch can make the batch fail, whatever it has; and calls
    enough bring every market's cursor to its mark.
    """
    start = get_accrued(world, world.now).clearing
    try:
        for market, listed in world.clearing.markets.items():
            if not margin.is_stale(listed.quote, world.now):
                realise(start, market, sorted(world.clearing.accounts))
    except errors.Revert:
        return False
    return all(can_arrive(world, market) for market in world.clearing.markets)


def can_arrive(world: World, market: int) -> bool:
    """Return whether a call for each entry tick, and one more, are enough."""
    clearing = world.clearing
    for _ in range(len(get_entries(world, market)) + 1):
        clearing = settle_code.move_cursor(clearing, market, 1)
    listed = clearing.markets[market]
    return listed.cursor == virtual_pnl.clamp(listed.quote.slow)


def get_entries(world: World, market: int) -> set[int | None]:
    """Return the prices of a market's entry ticks that positions are at."""
    prices = {get_entry_price(position) for position in get_positions(world, market)}
    return prices - {None}


def batches_touch_what_they_name(before: World, after: World, action: Action) -> bool:
    """
    I42: a call of a keeper changes no more accounts than it was given, but for pending
    interest, and no cursor crosses more entry ticks, or goes away from its mark.
    """
    if action.name == "tick" and not is_crossing_bounded(before, after, action):
        return False
    if action.name not in ("realise", "tick", "flag", *FORCED):
        return True
    old, new = get_untouched(before, after), after.clearing.accounts
    changed = sum(old.get(name) != new.get(name) for name in old.keys() | new.keys())
    return changed <= len(get_named(before, action))


def is_crossing_bounded(before: World, after: World, action: Action) -> bool:
    """Return whether a tick moved cursors as far as it was given, towards marks."""
    _, markets, crossings = action.arguments
    for market, old in before.clearing.markets.items():
        new = after.clearing.markets[market]
        crossed = sum(
            (old.cursor > price) != (new.cursor > price)
            for price in get_entries(before, market)
            if price is not None
        )
        if crossed > crossings * markets.count(market):
            return False
        mark = virtual_pnl.clamp(new.quote.slow)
        if not min(old.cursor, mark) <= new.cursor <= max(old.cursor, mark):
            return False
        if new.cursor != mark and market in markets and crossed == 0:
            return False
    return True
