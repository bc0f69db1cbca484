"""
Order book.

One book for every perpetual and every spot pair: price-time priority, and no more. It
holds no tokens and judges no margin: it matches, has the Clearinghouse clear what it
matched, and tells the oracle where the market is.

Here a side is a list of orders in their priority, best price first, oldest first at a
price. The contract finds the same order by an index.

Counterpart of ``contracts/OrderBook.vy``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final, NewType

from specs import accounts as acc
from specs import bands, errors, instruments, margin, order_code
from specs.accounts import USDC, AccountId, Address
from specs.authority import require_authorised
from specs.bands import LIMIT_TOLERANCE, TAKER_TOLERANCE, Band
from specs.fixed_point import WAD, Lots, Seconds, Wad
from specs.impact import Level, compute_mid
from specs.instruments import is_spot
from specs.order_code import Making, Stop
from specs.perpetual import MAX_LOTS
from specs.state import State as Clearing
from specs.state import assess

OrderId = NewType("OrderId", int)
"""``generation << 40 | slot << 32 | maker``."""

NO_ORDER: Final = OrderId(0)

MAX_ORDERS: Final = 32
"""Orders that an account may have resting, in all instruments together."""

MAX_NUMBER: Final = 2**24 - 1
"""The highest price, in ticks."""

MAX_VISITS: Final = 32
"""Resting orders that one call visits at most."""

ROUND: Final = 16
"""Orders that are cleared together."""

MAX_LEVELS: Final = 8
"""Prices on each side that the mid is made of at most."""

REFRESH: Final = Seconds(60)
"""A mid told longer ago is told again."""

NEVER: Final = Seconds(0)
"""The expiry of an order that stays until it is cancelled."""


class Kind(IntEnum):
    """What becomes of what is not filled at once, and what may be."""

    LIMIT = 0
    """Rests."""
    IOC = 1
    """Expires."""
    FOK = 2
    """There is none, or nothing happens."""
    POST_ONLY = 3
    """Rests; nothing may be filled at once."""


class SelfTrade(IntEnum):
    """Which of two orders of one owner goes when they meet."""

    CANCEL_NEWEST = 0
    CANCEL_OLDEST = 1


@dataclass(frozen=True)
class Listing:
    """How an instrument is traded."""

    tick: Wad
    """The price of one tick, a multiple of ``margin.PRICE_UNIT``."""
    lot: Wad
    """Base units in a lot."""
    min_lots: Lots
    """The smallest order that may rest."""
    impact: Wad
    """The notional whose price on each side makes the mid, WAD USDC."""
    max_spread: int
    """Between the two, ppm of the mid; a wider book has no mid."""


@dataclass(frozen=True)
class Order:
    """An order that rests."""

    account: AccountId
    instrument: int
    is_buy: bool
    lots: Lots
    number: int
    """The price, in ticks."""
    is_reduce_only: bool
    expiry: Seconds
    """The last second in which it may be filled; ``NEVER`` for none."""


@dataclass(frozen=True)
class Book:
    """What rests in an instrument: order ids, best first."""

    listing: Listing
    bids: tuple[OrderId, ...] = ()
    asks: tuple[OrderId, ...] = ()
    last: int = 0
    """The price of the last fill, in ticks; 0 if there was none."""


@dataclass(frozen=True)
class Told:
    """The mid that the oracle was told, and when; 0 for none."""

    price: Wad
    time: Seconds


NOTHING_TOLD: Final = Told(Wad(0), NEVER)


@dataclass(frozen=True)
class State:
    """Everything that the book remembers."""

    governor: Address
    address: Address
    """Its own, by which the Clearinghouse knows it."""
    books: Mapping[int, Book] = field(default_factory=dict)
    orders: Mapping[OrderId, Order] = field(default_factory=dict)
    makers: tuple[AccountId, ...] = ()
    """Accounts that ever had an order resting, numbered from 1 in this order."""
    generations: Mapping[tuple[AccountId, int], int] = field(default_factory=dict)
    """Orders that ever rested in a slot of an account."""
    mids: Mapping[int, Told] = field(default_factory=dict)
    """Of each market."""


@dataclass(frozen=True)
class Placement:
    """What is to be placed."""

    account: AccountId
    instrument: int
    is_buy: bool
    lots: Lots
    price: Wad
    kind: int = Kind.LIMIT
    is_reduce_only: bool = False
    self_trade: int = SelfTrade.CANCEL_NEWEST
    expiry: Seconds = NEVER


@dataclass(frozen=True)
class Placed:
    """What became of it."""

    order: OrderId
    """``NO_ORDER`` if nothing rests."""
    filled: Lots
    reason: Stop
    """Why what is neither filled nor rests is neither; none if there is nothing."""


@dataclass(frozen=True)
class World:
    """The book and what it acts on, in the middle of a call."""

    book: State
    clearing: Clearing
    now: Seconds


# The governor


def list_instrument(
    state: State, clearing: Clearing, caller: Address, instrument: int, listing: Listing
) -> State:
    """List an instrument. How it is traded stays as it is, for orders rest in ticks."""
    if caller != state.governor:
        raise errors.NotGovernor
    require_listing(instrument, listing)
    order_code.require_listed(clearing, instrument)
    if not is_spot(instrument) and listing.lot != clearing.markets[instrument].lot:
        raise errors.OutOfBounds
    if instrument in state.books:
        raise errors.AlreadyListed
    return replace(state, books={**state.books, instrument: Book(listing)})


def require_listing(instrument: int, listing: Listing) -> None:
    """Refuse what can't be stored or makes no sense."""
    if instruments.get_code(instrument) not in range(2 * instruments.MAX_LISTED):
        raise errors.OutOfBounds
    if instrument == instruments.SPOT + USDC:
        raise errors.UnknownAsset
    if listing.tick % margin.PRICE_UNIT or not 0 < listing.tick < 2**40 * 10**6:
        raise errors.OutOfBounds
    if listing.lot not in [10**exponent for exponent in range(12, 31)]:
        raise errors.OutOfBounds
    if not 0 < listing.min_lots < 2**32:
        raise errors.OutOfBounds
    if listing.impact % WAD or not 0 < listing.impact < 2**32 * WAD:
        raise errors.OutOfBounds
    if not 0 < listing.max_spread < 2**20:
        raise errors.OutOfBounds


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
    its maker can't afford any more or that is the owner's own, if the newer one is to
    stay, is cancelled on the way. What could still be filled does not rest.
    """
    require_authorised(clearing, placement.account, caller, acc.TRADE)
    book = get_book(state, placement.instrument)
    number = require_placement(book.listing, placement, max_fills, now)
    require_limit_band(state, placement, number, band)
    world = World(state, clearing, now)
    lots = limit_lots(world, placement)
    if placement.kind == Kind.POST_ONLY and crosses(world, placement, number):
        raise errors.WouldTake
    world, left, stop = match(world, placement, number, lots, max_fills, band)
    filled = Lots(lots - left)
    if placement.kind == Kind.FOK and left > 0:
        raise errors.NotFilled
    order, reason = NO_ORDER, stop
    if left > 0 and not stop:
        if placement.kind == Kind.IOC:
            reason = errors.NotFilled
        elif left < book.listing.min_lots:
            reason = errors.SizeTooSmall
        else:
            world, order = rest(world, placement, number, left)
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
    for order in orders:
        if order in world.book.orders:
            require_cancel(world, caller, order)
            world = remove(world, order)
            world = observe(world, state.orders[order].instrument)
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
        world = remove(world, order)
    for instrument in sorted({state.orders[order].instrument for _, order in mine}):
        world = observe(world, instrument)
    return world.book, world.clearing


# In the order in which the above use them


def get_book(state: State, instrument: int) -> Book:
    """Return an instrument's book."""
    if instrument not in state.books:
        raise errors.UnknownInstrument
    return state.books[instrument]


def require_placement(
    listing: Listing, placement: Placement, max_fills: int, now: Seconds
) -> int:
    """Refuse an order that can't be; return its price in ticks."""
    if placement.lots == 0:
        raise errors.ZeroAmount
    if placement.lots > MAX_LOTS:
        raise errors.AmountTooLarge
    if placement.lots < listing.min_lots and not placement.is_reduce_only:
        raise errors.SizeTooSmall
    number, rest_of_price = divmod(placement.price, listing.tick)
    if rest_of_price:
        raise errors.NotOnTick
    if not 0 < number <= MAX_NUMBER:
        raise errors.PriceOutOfRange
    if placement.kind not in list(Kind) or placement.self_trade not in list(SelfTrade):
        raise errors.OutOfBounds
    if max_fills > MAX_VISITS:
        raise errors.OutOfBounds
    if placement.expiry != NEVER and placement.expiry < now:
        raise errors.OrderExpired
    return number


def require_limit_band(
    state: State, placement: Placement, number: int, band: Band
) -> None:
    """Refuse an order that could rest more than 25 % from where the market is."""
    if placement.kind not in (Kind.LIMIT, Kind.POST_ONLY):
        return
    book = get_book(state, placement.instrument)
    known = [
        *(state.orders[order].number for order in (*book.bids[:1], *book.asks[:1])),
        *([book.last] if book.last else []),
    ]
    known = sorted(known) or [sum(band) // 2 // book.listing.tick]
    middle = len(known) // 2
    median = known[middle]
    if len(known) % 2 == 0:
        median = (known[middle - 1] + known[middle]) // 2
    limits = bands.compute_band(Wad(median * book.listing.tick), LIMIT_TOLERANCE)
    if not bands.is_within(Wad(number * book.listing.tick), limits):
        raise errors.PriceOutOfBand


def limit_lots(world: World, placement: Placement) -> Lots:
    """Return the size that may be filled; refuse to reduce where there is nothing."""
    if not placement.is_reduce_only:
        return placement.lots
    reducible = order_code.get_reducible(
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


def get_scale(state: State, instrument: int) -> int:
    """Return what a lot is to the Clearinghouse: one, or its WAD of a spot asset."""
    return state.books[instrument].listing.lot if is_spot(instrument) else 1


def get_others(state: State, placement: Placement) -> tuple[OrderId, ...]:
    """Return the resting orders that an order could meet, best first."""
    book = state.books[placement.instrument]
    return book.asks if placement.is_buy else book.bids


def crosses(world: World, placement: Placement, number: int) -> bool:
    """Return whether the best order on the other side is within a limit."""
    others = get_others(world.book, placement)
    return bool(others) and meets(placement, number, world.book.orders[others[0]])


def meets(placement: Placement, number: int, other: Order) -> bool:
    """Return whether a resting order's price is within a limit."""
    if placement.is_buy:
        return other.number <= number
    return other.number >= number


def match(
    world: World,
    placement: Placement,
    number: int,
    lots: Lots,
    max_fills: int,
    band: Band,
) -> tuple[World, Lots, Stop]:
    """Return what has been filled of an order in rounds: what is left, and why."""
    band = narrow(world.book, placement, band)
    left, visits = lots, max_fills
    stop: Stop = None
    while left > 0 and not stop:
        world, met, visits, stop = gather(world, placement, number, left, visits, band)
        if not met:
            break
        world, filled, halted = clear(world, placement, met)
        left = Lots(left - filled)
        stop = halted or stop
    return world, left, stop if left > 0 else None


Met = list[tuple[OrderId, Lots]]
"""Resting orders that are to be filled, and how much of each."""


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
        if other.expiry != NEVER and other.expiry < world.now:
            world = remove(world, order)
        elif is_own and placement.self_trade == SelfTrade.CANCEL_NEWEST:
            return world, met, visits, errors.SelfTrade
        elif is_own:
            world = remove(world, order)
        else:
            met.append((order, min(lots, other.lots)))
            lots = Lots(lots - met[-1][1])
    return world, met, visits, None


def narrow(state: State, placement: Placement, band: Band) -> Band:
    """Return the prices at which a taker may be filled: near the best one, too."""
    others = get_others(state, placement)
    if not others:
        return band
    tick = state.books[placement.instrument].listing.tick
    best = Wad(state.orders[others[0]].number * tick)
    low, high = bands.compute_band(best, TAKER_TOLERANCE)
    return max(low, band[0]), min(high, band[1])


def clear(world: World, placement: Placement, met: Met) -> tuple[World, Lots, Stop]:
    """
    Return what the Clearinghouse has filled of the orders that were met. Whoever it
    refused is cancelled; so is what is left of an order that was to reduce and has
    nothing more to, and what is too small to rest. After a stop, the last ones that
    were not filled stay as they are.
    """
    instrument = placement.instrument
    book, scale = world.book.books[instrument], get_scale(world.book, instrument)
    clearing, cleared = order_code.clear(
        world.clearing,
        world.now,
        world.book.address,
        instrument,
        placement.account,
        placement.is_buy,
        [to_making(world.book, order, lots) for order, lots in met],
    )
    world = replace(world, clearing=clearing)
    tried = len(met)
    while cleared.stop and tried > 0 and cleared.filled[tried - 1] == 0:
        tried -= 1
    for (order, asked), size in list(zip(met, cleared.filled, strict=True))[:tried]:
        other = world.book.orders[order]
        filled = Lots(size // scale)
        left = Lots(other.lots - filled)
        world = with_order(world, order, replace(other, lots=left))
        if filled > 0:
            world = with_last(world, instrument, other.number)
        if filled < asked or left < book.listing.min_lots:
            world = remove(world, order)
    total = Lots(sum(cleared.filled) // scale)
    return world, total, cleared.stop


def to_making(state: State, order: OrderId, lots: Lots) -> Making:
    """Return a resting order as the Clearinghouse sees it."""
    resting = state.orders[order]
    tick = state.books[resting.instrument].listing.tick
    size = lots * get_scale(state, resting.instrument)
    price = Wad(resting.number * tick)
    return Making(resting.account, size, price, resting.is_reduce_only)


def rest(
    world: World, placement: Placement, number: int, lots: Lots
) -> tuple[World, OrderId]:
    """Return the world with an order resting, last in its price, and its id."""
    account, instrument = placement.account, placement.instrument
    size = lots * get_scale(world.book, instrument)
    clearing = order_code.reserve(
        world.clearing,
        world.now,
        world.book.address,
        instrument,
        account,
        placement.is_buy,
        size,
    )
    book = world.book
    if account not in book.makers:
        book = replace(book, makers=(*book.makers, account))
    slot = find_slot(book, account)
    generation = book.generations.get((account, slot), 0) + 1
    maker = book.makers.index(account) + 1
    order = OrderId(generation << 40 | slot << 32 | maker)
    resting = Order(
        account,
        instrument,
        placement.is_buy,
        lots,
        number,
        placement.is_reduce_only,
        placement.expiry,
    )
    book = replace(
        book,
        orders={**book.orders, order: resting},
        generations={**book.generations, (account, slot): generation},
    )
    return World(insert(book, order), clearing, world.now), order


def get_slot(order: OrderId) -> int:
    """Return the slot of its account in which an order rests."""
    return order >> 32 & 255


def find_slot(state: State, account: AccountId) -> int:
    """Return the lowest slot of an account in which nothing rests."""
    used = {
        get_slot(order)
        for order, resting in state.orders.items()
        if resting.account == account
    }
    free = [slot for slot in range(MAX_ORDERS) if slot not in used]
    if not free:
        raise errors.TooManyOrders
    return free[0]


def insert(state: State, order: OrderId) -> State:
    """Return ``state`` with a resting order on its side, last in its price."""
    resting = state.orders[order]
    book = state.books[resting.instrument]
    side = book.bids if resting.is_buy else book.asks
    sign = -1 if resting.is_buy else 1
    # Sorting is stable: what was there first stays first.
    changed = tuple(
        sorted((*side, order), key=lambda each: sign * state.orders[each].number)
    )
    return with_side(state, resting, changed)


def remove(world: World, order: OrderId) -> World:
    """Return the world without an order, and what was left of it released."""
    resting = world.book.orders[order]
    clearing = world.clearing
    if resting.lots > 0:
        clearing = order_code.release(
            clearing,
            world.now,
            world.book.address,
            resting.instrument,
            resting.account,
            resting.is_buy,
            resting.lots * get_scale(world.book, resting.instrument),
        )
    book = world.book.books[resting.instrument]
    side = book.bids if resting.is_buy else book.asks
    state = with_side(
        world.book, resting, tuple(each for each in side if each != order)
    )
    orders = {each: found for each, found in state.orders.items() if each != order}
    return World(replace(state, orders=orders), clearing, world.now)


def with_side(state: State, resting: Order, side: tuple[OrderId, ...]) -> State:
    """Return ``state`` with the side of the book replaced on which an order rests."""
    book = state.books[resting.instrument]
    changed = replace(book, bids=side) if resting.is_buy else replace(book, asks=side)
    return replace(state, books={**state.books, resting.instrument: changed})


def with_order(world: World, order: OrderId, changed: Order) -> World:
    """Return the world with a resting order replaced."""
    orders = {**world.book.orders, order: changed}
    return replace(world, book=replace(world.book, orders=orders))


def with_last(world: World, instrument: int, number: int) -> World:
    """Return the world with the price of an instrument's last fill noted."""
    book = replace(world.book.books[instrument], last=number)
    books = {**world.book.books, instrument: book}
    return replace(world, book=replace(world.book, books=books))


def require_cancel(world: World, caller: Address, order: OrderId) -> None:
    """Refuse who may not cancel an order."""
    resting = world.book.orders[order]
    if resting.expiry != NEVER and resting.expiry < world.now:
        return
    if not is_liquidatable(world.clearing, world.now, resting.account):
        require_authorised(world.clearing, resting.account, caller, acc.TRADE)


def is_liquidatable(clearing: Clearing, now: Seconds, account: AccountId) -> bool:
    """Return whether an account is below its maintenance margin."""
    return margin.is_liquidatable(assess(clearing, account, now))


def observe(world: World, instrument: int) -> World:
    """
    Return the world with the oracle told of a market's mid, if it is another one, or
    the one that it was told is getting old. There is none of a spot pair.
    """
    if is_spot(instrument):
        return world
    book = world.book.books[instrument]
    mid = compute_mid(
        get_levels(world.book, instrument, book.bids),
        get_levels(world.book, instrument, book.asks),
        book.listing.impact,
        book.listing.max_spread,
    )
    told = world.book.mids.get(instrument, NOTHING_TOLD)
    if mid == told.price and (mid == 0 or world.now - told.time < REFRESH):
        return world
    mids = {**world.book.mids, instrument: Told(mid, world.now)}
    return replace(world, book=replace(world.book, mids=mids))


def get_levels(state: State, instrument: int, side: Sequence[OrderId]) -> list[Level]:
    """
    Return the best price levels of a side, and the base units at each that stay until
    they are cancelled: what may expire makes no mid.
    """
    listing = state.books[instrument].listing
    sizes: dict[int, int] = {}
    for order in side:
        resting = state.orders[order]
        if resting.number not in sizes and len(sizes) == MAX_LEVELS:
            break
        firm = resting.lots if resting.expiry == NEVER else 0
        sizes[resting.number] = sizes.get(resting.number, 0) + firm
    return [
        Level(Wad(number * listing.tick), Wad(lots * listing.lot))
        for number, lots in sizes.items()
    ]
