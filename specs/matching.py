"""
Matching.

Which resting orders a taker meets, in their priority, and what becomes of them once the
Clearinghouse has said what it filled.

Counterpart of ``contracts/modules/matching.vy``.
"""

from dataclasses import replace
from enum import Enum, auto
from typing import Final

from specs import accounts as acc
from specs import bands, errors, forced_code, order_code
from specs.bands import Band
from specs.book_state import (
    Order,
    OrderId,
    State,
    World,
    get_others,
    get_scale,
    with_order,
)
from specs.fixed_point import Lots, Seconds, Wad
from specs.instruments import get_asset
from specs.limit_bands import narrow
from specs.listings import NEVER, Placement, SelfTrade
from specs.makers import Cleared, Making, Stop
from specs.order_queue import cancel, remove
from specs.price_levels import note_fill

ROUND: Final = 16
"""Orders that are cleared together."""


class Force(Enum):
    """What an order is to the Clearinghouse."""

    NONE = auto()
    """One that its account wants."""
    CONVERSION = auto()
    """A sale of collateral for the USDC that its account owes above what it may."""
    SLICE = auto()
    """A part of a liquidation."""


def crosses(world: World, placement: Placement, number: int) -> bool:
    """Return whether the best order on the other side is within a limit."""
    others = get_others(world.book, placement)
    return bool(others) and meets(placement, number, world.book.orders[others[0]])


def meets(placement: Placement, number: int, other: Order) -> bool:
    """Return whether a resting order's price is within a limit."""
    if placement.is_buy:
        return other.number <= number
    return other.number >= number


def sweep(
    world: World, placement: Placement, visits: int, band: Band
) -> tuple[World, int]:
    """
    Return the world without the best orders on the other side that nobody can fill:
    those that have expired, and those priced beyond the oracle's band in the taker's
    favour. They would stand before all others for as long as their owners like. And
    what is left of the visits.
    """
    tick = world.book.books[placement.instrument].listing.tick
    for order in get_others(world.book, placement):
        other = world.book.orders[order]
        price = Wad(other.number * tick)
        is_beyond = price < band[0] if placement.is_buy else price > band[1]
        if visits == 0 or not (is_beyond or has_expired(other, world.now)):
            break
        world = cancel(world, order)
        visits -= 1
    return world, visits


def match(
    world: World,
    placement: Placement,
    number: int,
    lots: Lots,
    max_fills: int,
    band: Band,
    force: Force = Force.NONE,
) -> tuple[World, Lots, Stop]:
    """
    Return what has been filled of an order in rounds: what is left, and why. What was
    forced is cleared as what it is.
    """
    band = narrow(world.book, placement, band)
    left, visits = lots, max_fills
    stop: Stop = None
    while left > 0 and not stop:
        before = world.book
        world, met, visits, stop = gather(world, placement, number, left, visits, band)
        if not met:
            if force == Force.SLICE and world.book != before:
                world, _ = ask(world, placement, [], force)
            break
        world, filled, halted = clear(world, placement, met, force)
        left = Lots(left - filled)
        stop = halted or stop
    return world, left, stop if left > 0 else None


Met = list[tuple[OrderId, Making]]
"""Resting orders that are to be filled, and what the Clearinghouse is asked for."""


def gather(
    world: World,
    placement: Placement,
    number: int,
    lots: Lots,
    visits: int,
    band: Band,
) -> tuple[World, Met, int, Stop]:
    """
    Return the resting orders that fill so many lots, in their priority, what is left
    of the visits, and why there are not more. What can't be filled is cancelled.
    """
    met: Met = []
    tick = world.book.books[placement.instrument].listing.tick
    for order in get_others(world.book, placement):
        other = world.book.orders[order]
        if lots == 0 or len(met) == ROUND or not meets(placement, number, other):
            break
        if visits == 0:
            return world, met, visits, errors.TooManyFills
        if not bands.is_within(Wad(other.number * tick), band):
            return world, met, visits, errors.PriceOutOfBand
        visits -= 1
        is_own = acc.get_owner(other.account) == acc.get_owner(placement.account)
        if has_expired(other, world.now):
            world = cancel(world, order)
        elif is_own and placement.self_trade == SelfTrade.CANCEL_NEWEST:
            return world, met, visits, errors.SelfTrade
        elif is_own:
            world = cancel(world, order)
        else:
            asked = Lots(min(lots, other.lots))
            met.append((order, to_making(world.book, order, asked)))
            lots = Lots(lots - asked)
    return world, met, visits, None


def has_expired(order: Order, now: Seconds) -> bool:
    """Return whether an order's last second is over."""
    return order.expiry != NEVER and order.expiry < now


def to_making(state: State, order: OrderId, lots: Lots) -> Making:
    """Return a resting order as the Clearinghouse sees it."""
    resting = state.orders[order]
    tick = state.books[resting.instrument].listing.tick
    size = lots * get_scale(state, resting.instrument)
    price = Wad(resting.number * tick)
    return Making(resting.account, size, price, resting.is_reduce_only)


def clear(
    world: World, placement: Placement, met: Met, force: Force
) -> tuple[World, Lots, Stop]:
    """
    Return what the Clearinghouse has filled of the orders that were met. After a stop,
    the last ones that were not filled stay as they are.
    """
    world, cleared = ask(world, placement, [making for _, making in met], force)
    tried = len(met)
    while cleared.stop and tried > 0 and cleared.filled[tried - 1] == 0:
        tried -= 1
    total = 0
    for (order, making), size in list(zip(met, cleared.filled, strict=True))[:tried]:
        world, filled = settle(world, order, making, size, force)
        total += filled
    return world, Lots(total), cleared.stop


def ask(
    world: World, placement: Placement, makings: list[Making], force: Force
) -> tuple[World, Cleared]:
    """Return what the Clearinghouse makes of resting orders that were met."""
    by_book = world.clearing, world.now, world.book.address
    account, instrument = placement.account, placement.instrument
    match force:
        case Force.CONVERSION:
            clearing, cleared = forced_code.clear_conversion(
                *by_book, get_asset(instrument), account, makings
            )
        case Force.SLICE:
            clearing, cleared = forced_code.clear_slice(
                *by_book, instrument, account, makings
            )
        case Force.NONE:
            clearing, cleared = order_code.clear(
                *by_book, instrument, account, placement.is_buy, makings
            )
    return replace(world, clearing=clearing), cleared


def settle(
    world: World, order: OrderId, making: Making, size: int, force: Force
) -> tuple[World, Lots]:
    """
    Return the world with so much of a resting order filled, in lots, too.

    Whoever was refused is cancelled; so is what is left of an order that was to reduce
    and has nothing more to, and what is too small to rest. A reduce-only order may fill
    a part of a lot of a spot asset; it counts as a whole one, so that the taker gets no
    more than he asked for.
    """
    other = world.book.orders[order]
    scale = get_scale(world.book, other.instrument)
    filled = Lots(-(-size // scale))
    left = Lots(other.lots - filled)
    if filled > 0:
        counted = filled if force is Force.NONE else Lots(0)
        world = note_fill(world, other.instrument, other.number, counted)
    min_lots = world.book.books[other.instrument].listing.min_lots
    if size < making.size or left < min_lots:
        return remove(world, order, other.lots * scale - size), filled
    return with_order(world, order, replace(other, lots=left)), filled
