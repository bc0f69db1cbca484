"""
Limit bands.

Which prices an order may rest at, and which a taker may be filled at, as far as the
book itself says.

Counterpart of ``contracts/modules/limit_bands.vy``.
"""

from specs import bands, errors
from specs.bands import LIMIT_TOLERANCE, TAKER_TOLERANCE, Band
from specs.book_state import State, get_book, get_others
from specs.fixed_point import Wad
from specs.listings import Kind, Placement


def require_limit_band(
    state: State, placement: Placement, number: int, band: Band
) -> None:
    """
    Refuse an order that could rest more than 25 % from where the market is: from the
    median of best bid, best ask and last price, for each of which the middle of the
    oracle's band stands in if there is none, and which is taken to be within that band.
    So neither the last price of a book that has long been empty nor orders that nobody
    minds keep anybody out.
    """
    if placement.kind not in (Kind.LIMIT, Kind.POST_ONLY):
        return
    book = get_book(state, placement.instrument)
    oracle = sum(band) // 2 // book.listing.tick
    sides = (book.bids, book.asks)
    best = [state.orders[side[0]].number if side else oracle for side in sides]
    _, median, _ = sorted((*best, book.last or oracle))
    low, high = band
    middle = min(max(median * book.listing.tick, low), high)
    limits = bands.compute_band(Wad(middle), LIMIT_TOLERANCE)
    if not bands.is_within(Wad(number * book.listing.tick), limits):
        raise errors.PriceOutOfBand


def is_too_good(placement: Placement, band: Band) -> bool:
    """Return whether nobody could fill an order, for the oracle's band forbids it."""
    low, high = band
    return placement.price > high if placement.is_buy else placement.price < low


def narrow(state: State, placement: Placement, band: Band) -> Band:
    """Return the prices at which a taker may be filled: near the best one, too."""
    others = get_others(state, placement)
    if not others:
        return band
    tick = state.books[placement.instrument].listing.tick
    best = Wad(state.orders[others[0]].number * tick)
    low, high = bands.compute_band(best, TAKER_TOLERANCE)
    return max(low, band[0]), min(high, band[1])
