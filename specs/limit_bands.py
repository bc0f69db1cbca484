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


def narrow(state: State, placement: Placement, band: Band) -> Band:
    """Return the prices at which a taker may be filled: near the best one, too."""
    others = get_others(state, placement)
    if not others:
        return band
    tick = state.books[placement.instrument].listing.tick
    best = Wad(state.orders[others[0]].number * tick)
    low, high = bands.compute_band(best, TAKER_TOLERANCE)
    return max(low, band[0]), min(high, band[1])
