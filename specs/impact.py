"""
Impact.

Where a market is, as its book says: the middle between the prices at which a notional
of some size could be sold and bought. A thin book has none, nor has a wide one. Each
side's price rounds away from the other's, the middle down to whole units of a stored
price.

Counterpart of ``contracts/modules/impact.vy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from specs.fixed_point import PPM, WAD, Wad, mul_div_down, mul_div_up
from specs.price_index import UNIT

NO_MID: Final = Wad(0)

MAX_LEVELS: Final = 8
"""Prices on each side that the mid is made of at most."""


@dataclass(frozen=True)
class Level:
    """A price, WAD USDC for 1.0, and the base units that rest there, WAD."""

    price: Wad
    size: Wad


def compute_mid(
    bids: Sequence[Level], asks: Sequence[Level], impact: Wad, max_spread: int
) -> Wad:
    """
    Return the impact mid for a notional of ``impact``, or ``NO_MID``.

    ``max_spread`` is what both sides may be apart, ppm of the mid.
    """
    bid = compute_impact_bid(bids, impact)
    ask = compute_impact_ask(asks, impact)
    if bid == 0 or ask == 0:
        return NO_MID
    mid = (bid + ask) // 2
    if (ask - bid) * PPM > max_spread * mid:
        return NO_MID
    return Wad(mid - mid % UNIT)


def compute_impact_bid(bids: Sequence[Level], impact: Wad) -> Wad:
    """Return the price at which so much could be sold, rounded down; 0 for none."""
    base, left = 0, impact
    for level in bids:
        worth = mul_div_down(level.size, level.price, WAD)
        if worth >= left:
            base += mul_div_up(left, WAD, level.price)
            return Wad(mul_div_down(impact, WAD, base))
        base, left = base + level.size, Wad(left - worth)
    return Wad(0)


def compute_impact_ask(asks: Sequence[Level], impact: Wad) -> Wad:
    """Return the price at which so much could be bought, rounded up; 0 for none."""
    base, left = 0, impact
    for level in asks:
        worth = mul_div_down(level.size, level.price, WAD)
        if worth >= left:
            base += mul_div_down(left, WAD, level.price)
            return Wad(mul_div_up(impact, WAD, base))
        base, left = base + level.size, Wad(left - worth)
    return Wad(0)
