"""
Price index.

One price out of several publishers' prices: their median M, each clamped to
M * (1 +/- 1 %), and the weighted mean of what results: the fast price.

Counterpart of ``contracts/modules/price_index.vy``.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Final

from specs.errors import PriceOutOfRange
from specs.fixed_point import Seconds, Wad

UNIT: Final = Wad(10**6)
"""Stored prices are whole multiples of this many wei."""

MAX_PRICE: Final = Wad((2**79 - 1) * UNIT)
"""So that a mark, at most 5 % above its index, is below 2**80 units too."""

NO_PRICE: Final = Wad(0)
NEVER: Final = Seconds(0)
"""The time of what has not happened yet."""

CLAMP: Final = Fraction(1, 100)


def check_price(price: Wad) -> None:
    """Refuse a price of less than a unit, or more than what is stored."""
    if not UNIT <= price < MAX_PRICE + UNIT:
        raise PriceOutOfRange


def quantise_down(price: int | Fraction) -> Wad:
    """Return the stored price, rounded down to whole units."""
    return Wad(floor(price / Fraction(UNIT)) * UNIT)


def compute_median_down(prices: Sequence[Wad]) -> Wad:
    """Return the middle price or the mean of the two middle ones, rounded down."""
    ascending = sorted(prices)
    half = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[half]
    return Wad(floor(Fraction(ascending[half - 1] + ascending[half], 2)))


def compute_clamp(median: Wad) -> tuple[Wad, Wad]:
    """
    Return the lowest and the highest price that count as they are.

    The lower limit is rounded up to a wei, the upper one down.
    """
    return Wad(ceil(median * (1 - CLAMP))), Wad(floor(median * (1 + CLAMP)))


def count_agreeing(prices: Sequence[Wad]) -> int:
    """
    Return how many of the prices are within the clamp of their median.

    Of two prices the median is their mean, which either can drag anywhere. Only
    where a quorum agrees does nobody short of a quorum choose the price.
    """
    low, high = compute_clamp(compute_median_down(prices))
    return sum(low <= price <= high for price in prices)


def compute_index_down(prices: Sequence[Wad], weights: Sequence[int]) -> Wad:
    """Return the fast price, rounded down to whole units."""
    low, high = compute_clamp(compute_median_down(prices))
    weighted = sum(
        weight * min(max(price, low), high)
        for price, weight in zip(prices, weights, strict=True)
    )
    return quantise_down(Fraction(weighted, sum(weights)))
