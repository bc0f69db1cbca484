"""Perpetuals and settlement: I19 to I28."""

from collections.abc import Sequence
from dataclasses import replace

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import (
    deleveraging,
    funding,
    grid,
    margin,
    perpetual,
    settlement,
    virtual_pnl,
)
from specs import requirements as req
from specs.accounts import USDC, AccountId
from specs.fixed_point import RAY, WAD, Wad, mul_div_up
from specs.instruments import get_asset
from specs.invariants.margins import get_touched, is_beyond_sight, is_unrealised
from specs.invariants.parts import (
    catch_up,
    get_accrued,
    get_booked,
    get_fund_sum,
    get_pending_epochs,
    get_positions,
    get_touch_bound,
    get_value,
    get_winners_and_losers,
    is_behind,
)
from specs.listings import MAX_VISITS
from specs.margin import Health
from specs.perpetual import Position
from specs.weights import WEIGHT_ONE
from specs.world import Action, World, get_lots, get_named


def sizes_cancel_out(world: World) -> bool:
    """
    I19: longs and shorts are equal in every market, the inventory included, and open
    interest is either; the inventory is what epochs have yet to close of shorts, less
    what they have of longs.
    """
    for market, listed in world.clearing.markets.items():
        lots = [position.lots for position in get_positions(world, market)]
        if sum(lots) != 0:
            return False
        longs, shorts = (
            deleveraging.get_left(listed.epochs, is_long) for is_long in (True, False)
        )
        if listed.inventory.lots != shorts - longs:
            return False
        if listed.open_interest != sum(max(0, size) for size in lots):
            return False
    return True


def money_is_conserved(world: World) -> bool:
    """
    I20: what fund and positions of a market have booked, the inventory included,
    cancels out since genesis, but for the dust of rounding.
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
    I22: realising changes an account's equity by no more than the rounding of two
    credits, never up, raises its margin no further, keeps its size, and leaves no
    interest pending; nor does meeting an epoch, which margin has foreseen, but for one
    credit more.
    """
    if action.name != "realise":
        return True
    market, names = action.arguments
    if not is_touching_neutral(before, after, market, names):
        return False
    start = replace(after, clearing=get_touched(before, after, action))
    for name in set(names):
        if is_unrealised(before, after, action, name) or is_beyond_sight(before, name):
            continue
        bound = 2 * get_touch_bound(after) * len([n for n in names if n == name])
        old = ch.assess(start.clearing, name, after.now)
        new = ch.assess(after.clearing, name, after.now)
        if not is_neutral(start, name, old, new, bound):
            return False
        held = ch.get_account(start.clearing, name)
        now_held = ch.get_account(after.clearing, name)
        position = acc.get_position(now_held, market)
        if position.lots != acc.get_position(held, market).lots:
            return False
        if position.pending_lend != 0 or position.pending_borrow != 0:
            return False
    return True


def is_touching_neutral(
    before: World, after: World, market: int, names: Sequence[AccountId]
) -> bool:
    """Return whether the epochs that accounts met changed nothing that margin sees."""
    start = get_accrued(before, after.now)
    if not is_behind(start.clearing, market):
        return True
    for name in names:
        if not settlement.is_behind(start.clearing, market, name):
            continue
        touched = settlement.touch(start.clearing, market, name)
        pending = get_pending_epochs(
            start, market, start.clearing.accounts[name].positions[market]
        )
        bound = 2 * get_touch_bound(after) * (1 + len(pending))
        old = ch.assess(start.clearing, name, after.now)
        new = ch.assess(touched, name, after.now)
        if not is_beyond_sight(start, name) and not is_neutral(
            start, name, old, new, bound
        ):
            return False
        start = replace(start, clearing=touched)
    return True


def is_neutral(
    world: World, name: AccountId, old: Health, new: Health, bound: int
) -> bool:
    """Return whether equity fell no further and never rose, and margin rose no more."""
    most = get_margin_bound(world, name, old, bound)
    return -bound <= new.equity - old.equity <= 0 and new.maintenance_margin <= most


def get_margin_bound(world: World, name: AccountId, health: Health, bound: int) -> int:
    """Return the maintenance margin if the account owed ``bound`` USDC more."""
    debt = margin.compute_usdc_debt(ch.get_portfolio(world.clearing, name, world.now))
    requirement = world.clearing.assets[USDC].requirement
    less = req.compute_maintenance_margin(requirement, debt)
    more = req.compute_maintenance_margin(requirement, Wad(debt + bound))
    return health.maintenance_margin - less + more


def realising_is_path_free(world: World) -> bool:
    """
    I23: to realise everybody twice is to do it once, the order does not matter unless
    the fund's cap binds or cash for idle balances is short, once all epochs are met;
    and interest settled now and later is that settled later, but for a unit.
    """
    for market, listed in world.clearing.markets.items():
        if margin.is_stale(listed.quote, world.now):
            continue
        start = catch_up(world, market)
        names = sorted(
            (name for name, a in start.accounts.items() if market in a.positions),
            key=lambda name: get_value(start, market, name),
        )
        once = realise(start, market, names)
        if realise(once, market, names) != once:
            return False
        reverse = realise(start, market, names[::-1])
        is_free = is_all_paid(once, market) and is_all_paid(reverse, market)
        if is_free and has_ample_cash(start, market) and not is_same(once, reverse):
            return False
        if not all(
            is_additive(position, listed.lot, listed.cursor)
            for position in get_positions(world, market)
            if position.entry is not None
        ):
            return False
    return True


def realise(clearing: ch.State, market: int, names: list[AccountId]) -> ch.State:
    """Return an accrued state with everybody realised in one market."""
    for name in names:
        clearing = ch.realise_one(clearing, market, name)
    return clearing


def is_all_paid(clearing: ch.State, market: int) -> bool:
    """Return whether no position in a market is worth anything any more."""
    return all(
        get_value(clearing, market, name) == 0
        for name, account in clearing.accounts.items()
        if market in account.positions
    )


def has_ample_cash(clearing: ch.State, market: int) -> bool:
    """Return whether all that a market's positions may be paid could lie idle."""
    values = [
        get_value(clearing, market, name) + account.positions[market].pending_lend
        for name, account in clearing.accounts.items()
        if market in account.positions
    ]
    return sum(max(0, value) for value in values) < clearing.assets[USDC].pool.cash


def is_same(one: ch.State, other: ch.State) -> bool:
    """Return whether two states are equal but for where borrows ran out."""
    pool = one.assets[USDC].pool
    changed = replace(other.assets[USDC].pool, borrows=pool.borrows)
    return ch.with_pool(other, USDC, changed) == one


def is_additive(position: Position, lot: Wad, cursor: Wad) -> bool:
    """Return whether interest in two parts is the whole, but for a unit of each."""
    half, whole = WEIGHT_ONE // 7, WEIGHT_ONE // 3
    early = virtual_pnl.earn(position, lot, cursor, half, half)
    late = virtual_pnl.earn(
        virtual_pnl.settle(early), lot, cursor, whole - half, whole - half
    )
    once = virtual_pnl.earn(position, lot, cursor, whole, whole)
    parts = [
        virtual_pnl.compute_interest(each.pending_lend, each.pending_borrow)
        for each in (early, late, once)
    ]
    lost = parts[2][0] - parts[0][0] - parts[1][0]
    added = parts[0][1] + parts[1][1] - parts[2][1]
    return 0 <= lost <= 1 and 0 <= added <= 1


def entries_round_against_users(before: World, after: World, action: Action) -> bool:
    """
    I23: a new entry tick is the nearest at which its position has gained nothing that
    it is not worth.
    """
    if action.name not in ("fill_perp", "realise", "liquidate", "place", "reduce"):
        return True
    for name in get_named(before, action):
        old = ch.get_account(before.clearing, name).positions
        new = ch.get_account(after.clearing, name).positions
        for market, position in new.items():
            had = old.get(market, perpetual.FLAT)
            is_new = position.entry is not None and position.entry != had.entry
            if is_new and not is_nearest(after, market, position, action):
                return False
    return True


def is_nearest(world: World, market: int, position: Position, action: Action) -> bool:
    """
    Return whether a position is worth nothing or more at its entry tick and less at the
    next one, as far as the grid goes. Closing a part keeps the tick, for a wei.
    """
    assert position.entry is not None
    inward = position.entry + (-1 if position.lots > 0 else 1)
    last = grid.MAX_TICK if position.lots > 0 else 0
    worth = get_worth_at(world, market, position, position.entry)
    if worth < 0 and position.entry != last:
        return False
    if not 0 <= inward <= grid.MAX_TICK or action.name in ("liquidate", "reduce"):
        return True
    return get_worth_at(world, market, position, inward) < 0


def get_worth_at(world: World, market: int, position: Position, tick: int) -> int:
    """Return what a position is worth at a tick's price, WAD times WAD, exactly."""
    listed = world.clearing.markets[market]
    price = grid.get_price(tick) * margin.PRICE_UNIT - listed.funding.index
    return position.lots * listed.lot * price - position.basis * WAD


def funds_match_positions(world: World) -> bool:
    """
    I24: a market's fund is what all positions are worth, the inventory included, but
    for the dust of fills and one unit for each position; and all that earns interest
    exceeds all that owes it by the cash, slack aside, whatever unrealised gains and
    losses are.
    """
    for market, listed in world.clearing.markets.items():
        values = [
            get_value(world.clearing, market, name)
            for name, account in world.clearing.accounts.items()
            if market in account.positions
        ]
        mark, index = listed.quote.slow, listed.funding.index
        values.append(
            perpetual.compute_value(listed.inventory, listed.lot, mark, index)
        )
        dust = listed.fund.balance - sum(values)
        if not 0 <= dust <= world.dust.get(market, 0) + len(values):
            return False
    virtuals = ch.get_virtuals(world.clearing, USDC)
    sums = get_winners_and_losers(world).values()
    if virtuals.winners * WAD != sum(winners for winners, _ in sums):
        return False
    if virtuals.losers * WAD != sum(losers for _, losers in sums):
        return False
    backing = get_fund_sum(world, USDC) - virtuals.winners + virtuals.losers
    return virtuals.rest >= max(0, backing)


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
    tokens; collateral is converted only for what an account owes above its limit, near
    the higher of its prices, without a discount if only the pool's cap demands it, and
    leaves the account no less healthy.
    """
    if action.name == "convert":
        asset, name, _, amount, price = action.arguments
        return is_conversion_fair(before, after, asset, name, amount, price)
    if action.name == "convert_on_book":
        return is_conversion_on_book_fair(before, after, action)
    if action.name != "realise":
        return True
    market, names = action.arguments
    for name in names:
        is_paid = get_value(after.clearing, market, name) >= 0
        if not (is_paid or is_unrealised(before, after, action, name)):
            return False
    old, new = before.clearing.assets[USDC], after.clearing.assets[USDC]
    return old.custody == new.custody and (
        old.pool.cash + old.pool.idle == new.pool.cash + new.pool.idle
    )


def is_conversion_on_book_fair(before: World, after: World, action: Action) -> bool:
    """
    Return whether what was sold on the book was no more than was asked for, and all of
    it as fair as at the lowest price, that of the last fill. Each fill may round what
    is left of the collateral down by a wei.
    """
    name, instrument, lots, _ = action.arguments
    asset = get_asset(instrument)
    start = ch.accrue(before.clearing, asset, after.now)
    sold = ch.get_held(start, name, asset) - ch.get_held(after.clearing, name, asset)
    amount = Wad(sold - MAX_VISITS - 1)
    book = after.book.books[instrument]
    price = Wad(book.last * book.listing.tick)
    return (
        sold > 0
        and amount <= lots * book.listing.lot
        and is_conversion_fair(before, after, asset, name, amount, price)
    )


def is_conversion_fair(
    before: World, after: World, asset: int, name: AccountId, amount: Wad, price: Wad
) -> bool:
    """
    Return whether a conversion sold no more than was owed too much, before and by what
    the account may owe afterwards, near the higher of its prices; for the pool's cap at
    no less than that.
    """
    start = get_accrued(before, after.now)
    quote, pool = start.clearing.assets[asset].quote, start.clearing.assets[USDC].pool
    old = ch.assess(start.clearing, name, after.now)
    new = ch.assess(after.clearing, name, after.now)
    account = ch.get_account(start.clearing, name)
    balance = acc.get_balance(account, USDC)
    debt = -balance.scaled * pool.borrow_index // RAY + 1 - balance.idle
    reference = max(quote.slow, quote.fast)
    above_cap = 0
    if pool.borrow_cap > 0 and price >= reference:
        above_cap = pool.borrows * pool.borrow_index // RAY + 1 - pool.borrow_cap
    for health, least in ((old, 1), (new, amount * price - price)):
        may_owe = account.settings.auto_borrow_settlements
        limit = max(30_000 * WAD, 4 * health.equity) if may_owe else 0
        excess = max(debt - limit, min(debt, above_cap))
        if excess <= 0 or excess * WAD < least:
            return False
    if price * 100 < reference * 99 or margin.is_liquidatable(old):
        return False
    return (
        new.exposure <= old.exposure
        and new.equity * old.maintenance_margin >= old.equity * new.maintenance_margin
    )


def fees_go_to_the_reserve(before: World, after: World, action: Action) -> bool:
    """
    Return whether what both sides of a fill pay in fees is what the reserve is
    credited, and nothing has grown by it above its market's limit.
    """
    if action.name not in ("fill_spot", "fill_perp"):
        return True
    if action.name == "fill_perp" and not is_within_limits(before, after, action):
        return False
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


def is_within_limits(before: World, after: World, action: Action) -> bool:
    """Return whether what a fill made grow is within its market's limits."""
    market, buyer, seller, *_ = action.arguments
    old, new = before.clearing.markets[market], after.clearing.markets[market]
    limits = new.limits
    if old.open_interest < new.open_interest > limits.max_open_interest:
        return False
    return not any(
        abs(get_lots(before, name, market))
        < abs(get_lots(after, name, market))
        > limits.max_position
        for name in (buyer, seller)
    )
