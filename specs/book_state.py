"""
What the order book remembers.

A side is a list of orders in their priority, best price first, oldest first at a price.
The contract finds the same order by an index.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NewType

from specs import errors
from specs.accounts import AccountId, Address
from specs.fixed_point import Lots, Seconds, Wad
from specs.listings import NEVER, Listing, Placement
from specs.listings import get_scale as get_scale_of
from specs.state import State as Clearing

OrderId = NewType("OrderId", int)
"""``generation << 40 | slot << 32 | maker``."""

NO_ORDER: Final = OrderId(0)


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
class Volume:
    """What takers have bought and sold of late, as of the last time they did."""

    lots: Lots
    time: Seconds


NOTHING_TRADED: Final = Volume(Lots(0), NEVER)


@dataclass(frozen=True)
class Book:
    """What rests in an instrument: order ids, best first."""

    listing: Listing
    bids: tuple[OrderId, ...] = ()
    asks: tuple[OrderId, ...] = ()
    last: int = 0
    """The price of the last fill, in ticks; 0 if there was none."""
    volume: Volume = NOTHING_TRADED


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
class World:
    """The book and what it acts on, in the middle of a call."""

    book: State
    clearing: Clearing
    now: Seconds


def get_book(state: State, instrument: int) -> Book:
    """Return an instrument's book."""
    if instrument not in state.books:
        raise errors.UnknownInstrument
    return state.books[instrument]


def get_scale(state: State, instrument: int) -> int:
    """Return what a lot is to the Clearinghouse: one, or its WAD of a spot asset."""
    return get_scale_of(instrument, state.books[instrument].listing)


def get_others(state: State, placement: Placement) -> tuple[OrderId, ...]:
    """Return the resting orders that an order could meet, best first."""
    book = state.books[placement.instrument]
    return book.asks if placement.is_buy else book.bids


def with_side(state: State, resting: Order, side: tuple[OrderId, ...]) -> State:
    """Return ``state`` with the side of the book replaced on which an order rests."""
    book = state.books[resting.instrument]
    changed = replace(book, bids=side) if resting.is_buy else replace(book, asks=side)
    return replace(state, books={**state.books, resting.instrument: changed})


def with_order(world: World, order: OrderId, changed: Order) -> World:
    """Return the world with a resting order replaced."""
    orders = {**world.book.orders, order: changed}
    return replace(world, book=replace(world.book, orders=orders))


def with_book(world: World, instrument: int, book: Book) -> World:
    """Return the world with an instrument's book replaced."""
    books = {**world.book.books, instrument: book}
    return replace(world, book=replace(world.book, books=books))
