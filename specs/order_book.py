"""
Order book.

One book for every perpetual and every spot pair: price-time priority, and no more. It
holds no tokens and judges no margin: it matches, has the Clearinghouse clear what it
matched, and tells the oracle where the market is.

Counterpart of ``contracts/OrderBook.vy``.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from specs import accounts as acc
from specs import errors, makers, margin
from specs import order_queue as queue
from specs.accounts import AccountId, Address
from specs.authority import require_authorised
from specs.bands import Band
from specs.book_state import NO_ORDER, NOTHING_TOLD, Told, World, get_book
from specs.book_state import Book as Book
from specs.book_state import Order as Order
from specs.book_state import OrderId as OrderId
from specs.book_state import State as State
from specs.book_state import get_others as get_others
from specs.book_state import get_scale as get_scale
from specs.fixed_point import Lots, Seconds, Wad, mul_div_down, mul_div_up
from specs.impact import compute_mid
from specs.instruments import MAX_LISTED, is_spot
from specs.limit_bands import is_too_good, require_limit_band
from specs.listings import MAX_NUMBER as MAX_NUMBER
from specs.listings import MAX_VISITS as MAX_VISITS
from specs.listings import NEVER as NEVER
from specs.listings import Kind as Kind
from specs.listings import Listing as Listing
from specs.listings import Placement as Placement
from specs.listings import SelfTrade as SelfTrade
from specs.listings import require_listing, require_placement, require_size
from specs.makers import Stop
from specs.matching import Force, crosses, has_expired, match, sweep
from specs.order_slots import MAX_ORDERS as MAX_ORDERS
from specs.order_slots import get_slot as get_slot
from specs.price_levels import get_levels, get_recent
from specs.state import State as Clearing
from specs.state import assess

REFRESH: Final = Seconds(60)
"""A mid told longer ago is told again."""


@dataclass(frozen=True)
class Placed:
    """What became of it."""

    order: OrderId
    """``NO_ORDER`` if nothing rests."""
    filled: Lots
    reason: Stop
    """Why what is neither filled nor rests is neither; none if there is nothing."""


# The governor


def list_instrument(
    state: State, clearing: Clearing, caller: Address, instrument: int, listing: Listing
) -> State:
    """List an instrument. How it is traded stays as it is, for orders rest in ticks."""
    if caller != state.governor:
        raise errors.NotGovernor
    require_listing(instrument, listing)
    if instrument in state.books:
        raise errors.AlreadyListed
    makers.require_listed(clearing, instrument)
    if not is_spot(instrument) and listing.lot != clearing.markets[instrument].lot:
        raise errors.OutOfBounds
    return replace(state, books={**state.books, instrument: Book(listing)})


# Anyone


def refresh(
    state: State, clearing: Clearing, now: Seconds, _caller: Address, market: int
) -> tuple[State, Clearing]:
    """Have the oracle told a market's mid again."""
    if market >= MAX_LISTED:
        raise errors.UnknownMarket
    get_book(state, market)
    world = World(state, clearing, now)
    return tell(world, market, get_mid(world, market)).book, clearing


def convert(
    state: State,
    clearing: Clearing,
    now: Seconds,
    _caller: Address,
    account: AccountId,
    instrument: int,
    lots: Lots,
    max_fills: int,
    band: Band,
) -> tuple[State, Clearing, Lots]:
    """
    Sell up to so many lots of an account's collateral to the best bids, for the USDC
    that it owes above what it may; return how many were sold. Refuse if none was.

    The bands are those of any taker, and the Clearinghouse says which prices are too
    low for a conversion. Bids of the account's own owner are cancelled on the way, or
    they would keep it from being converted.
    """
    if not is_spot(instrument):
        raise errors.UnknownInstrument
    world = World(state, clearing, now)
    at_any_price = Wad(0)
    terms = account, instrument, False, lots, at_any_price, max_fills, band
    world, filled, _ = force(world, *terms, Force.CONVERSION)
    if filled == 0:
        raise errors.NotFilled
    return world.book, world.clearing, filled


def liquidate(
    state: State,
    clearing: Clearing,
    now: Seconds,
    _caller: Address,
    account: AccountId,
    instrument: int,
    is_buy: bool,
    lots: Lots,
    price: Wad,
    max_fills: int,
    band: Band,
) -> tuple[State, Clearing, Lots, Stop]:
    """
    Buy or sell up to so many lots for an account that is being liquidated, of which the
    Clearinghouse refuses to clear any unless it has a slice open; return how many were,
    and why not all. Without a slice no order is filled, nor one of its owner cancelled.

    ``price`` is the worst; between two ticks it is the better one for the account.
    Orders of the account's own owner are cancelled on the way, or they would keep it
    from being liquidated. It may be less than what may rest.
    """
    world = World(state, clearing, now)
    terms = account, instrument, is_buy, lots, price, max_fills, band
    world, filled, reason = force(world, *terms, Force.SLICE)
    return world.book, world.clearing, filled, reason


# An account's owner, or an operator who may trade


def place(
    state: State,
    clearing: Clearing,
    now: Seconds,
    caller: Address,
    placement: Placement,
    max_fills: int,
    band: Band,
) -> tuple[State, Clearing, Placed]:
    """
    Fill an order as far as it can be, and have the rest rest if it is of that kind.

    ``band`` is what the oracle allows; fills also stay within 3 % of the best price at
    first. At most ``max_fills`` resting orders are visited; each that has expired, that
    its maker can't afford any more, that is the owner's own, if the newer one is to
    stay, or that is too good for the oracle's band, is cancelled on the way. What could
    still be filled does not rest, nor what is itself too good for the band.
    """
    require_authorised(clearing, placement.account, caller, acc.TRADE)
    book = get_book(state, placement.instrument)
    number = require_placement(book.listing, placement, max_fills, now)
    require_limit_band(state, placement, number, band)
    world = World(state, clearing, now)
    lots = limit_lots(world, placement)
    world, visits = sweep(world, placement, max_fills, band)
    if placement.kind == Kind.POST_ONLY and crosses(world, placement, number):
        raise errors.WouldTake
    world, left, stop = match(world, placement, number, lots, visits, band)
    filled = Lots(lots - left)
    if placement.kind == Kind.FOK and left > 0:
        raise errors.NotFilled
    order, reason = NO_ORDER, stop
    if left > 0 and not stop:
        if placement.kind == Kind.IOC:
            reason = errors.NotFilled
        elif left < book.listing.min_lots:
            reason = errors.SizeTooSmall
        elif is_too_good(placement, band):
            reason = errors.PriceOutOfBand
        else:
            world, order = queue.rest(world, placement, number, left)
    world = observe(world, placement.instrument)
    reason = reason if left > 0 and order == NO_ORDER else None
    return world.book, world.clearing, Placed(order, filled, reason)


def cancel(
    state: State,
    clearing: Clearing,
    now: Seconds,
    caller: Address,
    orders: Sequence[OrderId],
) -> tuple[State, Clearing]:
    """
    Cancel orders: anyone those that have expired or whose account is below maintenance
    margin, others who may trade for the account. One that is gone is passed over.
    """
    world = World(state, clearing, now)
    gone = []
    for order in orders:
        if order in world.book.orders:
            require_cancel(world, caller, order)
            world = queue.cancel(world, order)
            gone.append(order)
    world = observe_all(world, {state.orders[order].instrument for order in gone})
    return world.book, world.clearing


def cancel_all(
    state: State,
    clearing: Clearing,
    now: Seconds,
    caller: Address,
    account: AccountId,
) -> tuple[State, Clearing]:
    """Cancel all orders of an account, by whom it may be cancelled, slot by slot."""
    mine = [
        (get_slot(order), order)
        for order, resting in state.orders.items()
        if resting.account == account
    ]
    if not is_liquidatable(clearing, now, account):
        require_authorised(clearing, account, caller, acc.TRADE)
    world = World(state, clearing, now)
    for _, order in sorted(mine):
        world = queue.cancel(world, order)
    world = observe_all(world, {state.orders[order].instrument for _, order in mine})
    return world.book, world.clearing


# Views


def get_recent_volume(state: State, instrument: int, now: Seconds) -> Lots:
    """
    Return how many lots takers have bought and sold of late, forced fills not counted:
    it decays to nothing within five minutes of the last fill.
    """
    if instrument not in state.books:
        return Lots(0)
    return get_recent(state.books[instrument].volume, now)


# In the order in which the above use them


def force(
    world: World,
    account: AccountId,
    instrument: int,
    is_buy: bool,
    lots: Lots,
    price: Wad,
    max_fills: int,
    band: Band,
    kind: Force,
) -> tuple[World, Lots, Stop]:
    """
    Return the world with an order filled at once that nobody placed for the account,
    how many lots that was, and why not all.
    """
    book = get_book(world.book, instrument)
    require_size(lots, max_fills)
    tick = book.listing.tick
    number = mul_div_down(price, 1, tick) if is_buy else mul_div_up(price, 1, tick)
    placement = Placement(
        account,
        instrument,
        is_buy,
        lots,
        price,
        self_trade=SelfTrade.CANCEL_OLDEST,
    )
    world, visits = sweep(world, placement, max_fills, band)
    world, left, stop = match(world, placement, number, lots, visits, band, kind)
    reason = stop or (errors.NotFilled if left > 0 else None)
    return observe(world, instrument), Lots(lots - left), reason


def limit_lots(world: World, placement: Placement) -> Lots:
    """Return the size that may be filled; refuse to reduce where there is nothing."""
    if not placement.is_reduce_only:
        return placement.lots
    reducible = makers.get_reducible(
        world.clearing,
        placement.account,
        placement.instrument,
        placement.is_buy,
        world.now,
    )
    lots = reducible // get_scale(world.book, placement.instrument)
    if lots == 0:
        raise errors.NothingToReduce
    return Lots(min(placement.lots, lots))


def require_cancel(world: World, caller: Address, order: OrderId) -> None:
    """Refuse who may not cancel an order."""
    resting = world.book.orders[order]
    if has_expired(resting, world.now):
        return
    if not is_liquidatable(world.clearing, world.now, resting.account):
        require_authorised(world.clearing, resting.account, caller, acc.TRADE)


def is_liquidatable(clearing: Clearing, now: Seconds, account: AccountId) -> bool:
    """Return whether an account is below its maintenance margin."""
    return margin.is_liquidatable(assess(clearing, account, now))


def observe_all(world: World, instruments: Set[int]) -> World:
    """Return the world with each of some instruments observed."""
    for instrument in sorted(instruments):
        world = observe(world, instrument)
    return world


def observe(world: World, instrument: int) -> World:
    """
    Return the world with the oracle told of a market's mid, if it is another one, or
    the one that it was told is getting old. There is none of a spot pair.
    """
    if is_spot(instrument):
        return world
    mid = get_mid(world, instrument)
    told = world.book.mids.get(instrument, NOTHING_TOLD)
    if mid == told.price and (mid == 0 or world.now - told.time < REFRESH):
        return world
    return tell(world, instrument, mid)


def get_mid(world: World, market: int) -> Wad:
    """Return the impact mid of a market; 0 for none."""
    book = world.book.books[market]
    return compute_mid(
        get_levels(world.book, market, book.bids),
        get_levels(world.book, market, book.asks),
        book.listing.impact,
        book.listing.max_spread,
    )


def tell(world: World, market: int, mid: Wad) -> World:
    """
    Return the world with the oracle told a mid, which is to hold for 300 seconds at
    most. One that does not listen, as it has another book for the market, is no matter.
    """
    mids = {**world.book.mids, market: Told(mid, world.now)}
    return replace(world, book=replace(world.book, mids=mids))
