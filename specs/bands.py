"""
Bands.

The prices at which a trade may be filled, now. Bands round inwards; one that is empty
has its low above its high, and so lets nothing through.

Counterpart of ``contracts/modules/bands.vy``.
"""

from fractions import Fraction
from math import ceil, floor
from typing import Final

from specs.fixed_point import PPM, Wad

MEAN_TOLERANCE: Final = 100_000
"""Of a perpetual's fills around the mean mark, ppm."""

LIMIT_TOLERANCE: Final = 250_000
"""Of orders that may rest around where the market is, ppm."""

TAKER_TOLERANCE: Final = 30_000
"""Of a taker's fills around the best price that it finds, ppm."""

Band = tuple[Wad, Wad]


def compute_band(price: Wad, tolerance: int) -> Band:
    """Return ``price`` less and plus ``tolerance`` ppm of it, rounded inwards."""
    part = Fraction(tolerance, PPM)
    return Wad(ceil(price * (1 - part))), Wad(floor(price * (1 + part)))


def compute_perp_band(mark: Wad, mean_mark: Wad, tolerance: int) -> Band:
    """
    Return what is within 10 % of the mean mark and ``tolerance`` of the mark.

    The mark is the slow price plus the mean basis, so that a price within
    ``tolerance`` of it has a premium within ``tolerance`` (times one plus the mean
    premium) of the mean premium.
    """
    bands = compute_band(mark, tolerance), compute_band(mean_mark, MEAN_TOLERANCE)
    return max(low for low, _ in bands), min(high for _, high in bands)


def is_within(price: Wad, band: Band) -> bool:
    """Return whether a fill at ``price`` is allowed by ``band``."""
    low, high = band
    return low <= price <= high
