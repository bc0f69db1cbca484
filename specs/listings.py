"""
Listings.

How each instrument is traded on the book, and which orders for it there can be. Prices
on the book are numbers of ticks, sizes are lots.

Counterpart of ``contracts/modules/listings.vy``.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from specs import errors, margin
from specs.accounts import USDC, AccountId
from specs.fixed_point import WAD, Lots, Seconds, Wad
from specs.instruments import MAX_LISTED, SPOT, is_spot
from specs.perpetual import MAX_LOTS

MAX_NUMBER: Final = 2**24 - 1
"""The highest price, in ticks."""

MAX_VISITS: Final = 32
"""Resting orders that one call visits at most."""

MAX_EXPIRY: Final = Seconds(2**32 - 1)
"""The latest second that an order may be good for."""

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


def require_listing(instrument: int, listing: Listing) -> None:
    """Refuse what can't be stored or makes no sense."""
    if instrument not in (*range(MAX_LISTED), *range(SPOT, SPOT + MAX_LISTED)):
        raise errors.OutOfBounds
    if instrument == SPOT + USDC:
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


def require_placement(
    listing: Listing, placement: Placement, max_fills: int, now: Seconds
) -> int:
    """Refuse an order that can't be; return its price in ticks."""
    require_size(placement.lots, max_fills)
    if placement.lots < listing.min_lots and not placement.is_reduce_only:
        raise errors.SizeTooSmall
    number, rest_of_price = divmod(placement.price, listing.tick)
    if rest_of_price:
        raise errors.NotOnTick
    if not 0 < number <= MAX_NUMBER:
        raise errors.PriceOutOfRange
    if placement.kind not in list(Kind) or placement.self_trade not in list(SelfTrade):
        raise errors.OutOfBounds
    if placement.expiry > MAX_EXPIRY:
        raise errors.OutOfBounds
    if placement.expiry != NEVER and placement.expiry < now:
        raise errors.OrderExpired
    return number


def require_size(lots: Lots, max_fills: int) -> None:
    """Refuse to fill so much, or to visit so many."""
    if lots == 0:
        raise errors.ZeroAmount
    if lots > MAX_LOTS:
        raise errors.AmountTooLarge
    if max_fills > MAX_VISITS:
        raise errors.OutOfBounds


def get_scale(instrument: int, listing: Listing) -> int:
    """Return what a lot is to the Clearinghouse: one, or its WAD of a spot asset."""
    return listing.lot if is_spot(instrument) else 1
