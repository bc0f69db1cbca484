"""
Dynamic margin.

What a market's volatility and open interest make of its margin requirements.

    kappa      = clamp(sigma / sigma_ref, 1, kappa_max)      sigma = sqrt(variance)
    IMF scale  = kappa, at once
    MMF scale  = kappa, but it rises by no more than ``RAMP`` a second
    least IMF  = oi_factor * sqrt(notional of the open interest), at most 1

So a volatility spike never makes an account liquidatable in the second in which it is
measured, and maintenance margin is never scaled by more than initial margin. The ramp
is a whole number for each second: to be asked often or seldom comes to the same.

Scales are in 1e-4, a variance in 1e-18 per second, sigma in 1e-9 per root of a second,
fractions in parts per million, a factor in 1e-12 per root of a USDC. All round up.

Counterpart of ``contracts/modules/dynamic_margin.vy``.
"""

from typing import Final

from specs.fixed_point import PPM, WAD, Seconds, Wad, mul_div_up
from specs.requirements import SCALE_ONE, sqrt_up

RAMP: Final = 8
"""By which the scale of maintenance margin may rise in a second; 0.048 a minute."""

FACTOR_UNIT: Final = 10**15
"""From a factor times a root of WAD, 10**(12 + 9), to parts per million."""


def compute_scale(variance: int, sigma_ref: int, kappa_max: int) -> int:
    """
    Return what multiplies initial margin, rounded up: from 1 to ``kappa_max``.

    ``sigma_ref`` is the volatility that is normal; 0 means that nothing is scaled.
    """
    if sigma_ref == 0:
        return SCALE_ONE
    scale = mul_div_up(sqrt_up(variance), SCALE_ONE, sigma_ref)
    return max(SCALE_ONE, min(scale, kappa_max))


def compute_maintenance_scale(old_scale: int, scale: int, elapsed: Seconds) -> int:
    """
    Return what multiplies maintenance margin ``elapsed`` seconds after ``old_scale``.

    It rises to ``scale``, that of initial margin, by the ramp and falls at once; it is
    at least 1 and never above ``scale``, which is at least 1.
    """
    return max(SCALE_ONE, min(scale, old_scale + RAMP * elapsed))


def compute_open_interest_fraction(
    oi_factor: int, open_interest: int, lot: int, mark: Wad
) -> int:
    """
    Return the least initial margin fraction that ``open_interest`` lots of one side
    ask for, rounded up, at most 1.
    """
    notional = mul_div_up(open_interest * lot, mark, WAD)
    return min(mul_div_up(oi_factor, sqrt_up(notional), FACTOR_UNIT), PPM)
