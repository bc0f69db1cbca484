"""Slices: what I34 says of what is closed on the book."""

from dataclasses import replace
from functools import lru_cache

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import order_book, pacing, slice_code
from specs import requirements as req
from specs.accounts import USDC, AccountId
from specs.bankruptcy import use_idle
from specs.fixed_point import WAD, Seconds, Wad, mul_div_up
from specs.instruments import SPOT, is_spot
from specs.invariants.parts import get_accrued, get_touch_bound
from specs.legs import Legs, get_legs
from specs.liquidation_code import accrue_debts, realise_fresh
from specs.liquidator import Sliced
from specs.makers import get_quote
from specs.slices import Slice
from specs.world import Action, World, get_others


@lru_cache(maxsize=4)
def get_slice(before: World, after: World, action: Action) -> Slice:
    """Return the terms of the slice that an action closed."""
    account, instrument, _ = action.arguments
    clearing = cancel_orders(before, after.now, account)
    venue = before.liquidator.address
    _, opened = slice_code.open_slice(clearing, after.now, venue, account, instrument)
    return opened


def cancel_orders(before: World, now: Seconds, account: AccountId) -> ch.State:
    """Return the state in which none of an account's orders rests."""
    held = ch.get_account(before.clearing, account)
    return ch.with_account(before.clearing, account, replace(held, orders={}))


def is_slice_fair(before: World, after: World, action: Action) -> bool:
    """
    Return whether a slice left its account better off or as it was, at a limit and a
    fee within its leg's share of the equity, and was no larger than it may be.
    """
    assert isinstance(after.answer, Sliced)
    name, _, _ = action.arguments
    start = accrue_debts(before.clearing, name, after.now)
    old = ch.assess(start, name, after.now)
    new = ch.assess(after.clearing, name, after.now)
    if old.equity <= 0:
        return False
    if after.answer.filled > 0 and (
        new.maintenance_margin > old.maintenance_margin
        or new.equity * old.maintenance_margin < old.equity * new.maintenance_margin
    ):
        return False
    return (
        is_within_share(before, after, action)
        and is_fee_shared(before, after, action)
        and is_paced(before, after, action)
        and is_needed(before, after, action)
    )


def get_share(before: World, after: World, action: Action) -> tuple[int, int]:
    """
    Return how much of a leg's notional its share of the equity is, as a fraction: the
    equity times the leg's margin, and the margin of all times the notional. Of a debt's
    margin what it binds in USDC once it is bought back is left out.
    """
    name, instrument, _ = action.arguments
    start = accrue_debts(before.clearing, name, after.now)
    health = ch.assess(start, name, after.now)
    legs = get_found_legs(before, after, action)
    requirement, notional = legs[get_leg(legs, instrument)]
    margin: int = req.compute_maintenance_margin(requirement, notional)
    if instrument in legs and is_spot(instrument):
        usdc, _ = legs[SPOT + USDC]
        margin = max(0, margin - req.compute_maintenance_margin(usdc, notional))
    return health.equity * margin, health.maintenance_margin * notional


def get_leg(legs: Legs, instrument: int) -> int:
    """Return the leg that an instrument closes: its own, or the USDC debt."""
    return instrument if instrument in legs else SPOT + USDC


@lru_cache(maxsize=4)
def get_found_legs(before: World, after: World, action: Action) -> Legs:
    """Return the legs of an account as its slice found them."""
    name, _, _ = action.arguments
    clearing = cancel_orders(before, after.now, name)
    clearing = accrue_debts(clearing, name, after.now)
    clearing = use_idle(realise_fresh(clearing, name, after.now), name)
    return get_legs(clearing, name, after.now)


def is_within_share(before: World, after: World, action: Action) -> bool:
    """
    Return whether a slice's limit is no further from mark than half of its leg's share
    of the equity, and its fee no more than a quarter, nor than 1 %.
    """
    assert isinstance(after.answer, Sliced)
    _, instrument, _ = action.arguments
    opened = get_slice(before, after, action)
    mark = get_quote(before.clearing, instrument).slow
    part, whole = get_share(before, after, action)
    if 2 * abs(opened.limit - mark) * whole > mark * part:
        return False
    book = before.book.books[instrument]
    side = book.asks if opened.is_buy else book.bids
    best = before.book.orders[side[0]].number * book.listing.tick if side else 0
    size = after.answer.filled * get_size_of_lot(before, instrument)
    worth = size * (opened.limit if opened.is_buy else best)
    return after.answer.fee * WAD <= min(worth // 100, worth * part // (4 * whole))


def get_size_of_lot(world: World, instrument: int) -> int:
    """Return the WAD of an asset in a lot of an instrument."""
    if is_spot(instrument):
        return world.book.books[instrument].listing.lot
    return world.clearing.markets[instrument].lot


def is_fee_shared(before: World, after: World, action: Action) -> bool:
    """
    Return whether whoever asked for a slice got no more than half of its fee, and the
    backstop fund the rest; he may have met the slice with an order, which is his gain.
    """
    assert isinstance(after.answer, Sliced)
    _, instrument, reward = action.arguments
    fee, bound = after.answer.fee, get_touch_bound(after)
    share = fee // 2 if reward else 0
    if not 0 <= fee - share - get_gain(before, after, acc.BACKSTOP_FUND) <= bound:
        return False
    makers = get_others(before, instrument, True) | get_others(
        before, instrument, False
    )
    if reward == 0 or reward in makers:
        return True
    return 0 <= share - get_gain(before, after, reward) <= bound


def get_gain(before: World, after: World, name: AccountId) -> int:
    """Return how much more USDC an account has, or how much less it owes."""
    start = get_accrued(before, after.now).clearing
    return sum(
        ch.get_held(clearing, name, USDC) * sign
        - ch.get_owed(clearing, name, USDC, after.now) * sign
        for clearing, sign in ((after.clearing, 1), (start, -1))
    )


def is_paced(before: World, after: World, action: Action) -> bool:
    """
    Return whether a slice asked for no more than the tenths that are due, or 1,000
    USDC, and no more than 100,000 USDC or a fifth of what was traded lately, or a lot.
    """
    assert isinstance(after.answer, Sliced)
    name, instrument, _ = action.arguments
    pace = before.liquidator.paces.get((name, instrument), pacing.NEW)
    elapsed = after.now - pace.sliced_at
    due = 1 if elapsed > 60 else min(10, elapsed)
    scale = order_book.get_scale(before.book, instrument)
    held = get_slice(before, after, action).held // scale
    mark = get_quote(before.clearing, instrument).slow
    worth = mul_div_up(get_size_of_lot(before, instrument), mark, WAD)
    volume = order_book.get_recent_volume(before.book, instrument, after.now)
    least = mul_div_up(1_000 * WAD, 1, worth)
    cap = max(100_000 * WAD // worth, volume // 5, 1)
    most = min(held, cap, max(mul_div_up(held, due, 10), least))
    return due > 0 and after.answer.filled <= after.answer.asked <= most


def is_needed(before: World, after: World, action: Action) -> bool:
    """
    Return whether a slice that is more than the least asked for no more than initial
    margin needs: with a lot less, and less what the search for it leaves out, an
    account would still be below.
    """
    assert isinstance(after.answer, Sliced)
    _, instrument, _ = action.arguments
    opened = get_slice(before, after, action)
    scale = order_book.get_scale(before.book, instrument)
    mark = get_quote(before.clearing, instrument).slow
    size = after.answer.asked * scale - mul_div_up(opened.held, 1, 2**16) - scale
    amount = size * get_size_of_lot(before, instrument) // scale
    if size <= 0 or amount * mark <= 1_000 * WAD * WAD:
        return True
    legs = dict(get_found_legs(before, after, action))
    key = get_leg(legs, instrument)
    requirement, notional = legs[key]
    part, whole = get_share(before, after, action)
    left = mul_div_up(notional, opened.held - size, opened.held)
    cost = min(3 * part * WAD // (4 * whole), part * WAD // (2 * whole) + WAD // 100)
    legs[key] = requirement, Wad(left)
    needed = sum(req.compute_initial_margin(*leg) for leg in legs.values())
    return opened.before.equity - (notional - left) * cost // WAD < needed + 4
