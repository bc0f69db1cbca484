"""
Interest rate.

What a pool's borrowers pay, as a function of how much of the pool is lent out:
two straight lines that meet at the optimal utilisation.

    R(U) = base + slope_low * U / optimal                                U <= optimal
    R(U) = base + slope_low + slope_high * (U - optimal)/(1 - optimal)   U >  optimal

Counterpart of ``contracts/modules/interest_rate.vy``.
"""

from dataclasses import dataclass
from typing import Final

from specs.fixed_point import WAD, Ray, Wad, mul_div_down

MAX_RATE: Final = Ray(10**27 * 10 // (365 * 86_400))
"""The highest rate that a curve may reach: 1,000 % a year."""

SECONDS_PER_YEAR: Final = 365 * 86_400


@dataclass(frozen=True)
class Curve:
    """A pool's rate curve and the share of its interest that the reserve keeps."""

    base: Ray
    slope_low: Ray
    slope_high: Ray
    optimal: Wad
    reserve_share: Wad


def compute_utilisation(cash: Wad, lends: Wad) -> Wad:
    """
    Return the share of ``lends`` that is not there as ``cash``, rounded down.

    An empty pool is not utilised. Rounding may leave more cash than lends; that
    is not utilised either.

    pre: 0 <= cash and 0 <= lends
    post: 0 <= __return__ <= WAD
    """
    if cash >= lends:
        return Wad(0)
    return Wad(mul_div_down(lends - cash, WAD, lends))


def compute_rate(curve: Curve, utilisation: Wad) -> Ray:
    """Return the borrow rate per second at ``utilisation``, rounded down."""
    if utilisation <= curve.optimal:
        slope = mul_div_down(curve.slope_low, utilisation, curve.optimal)
        return Ray(curve.base + slope)

    excess = utilisation - curve.optimal
    slope = mul_div_down(curve.slope_high, excess, WAD - curve.optimal)
    return Ray(curve.base + curve.slope_low + slope)
