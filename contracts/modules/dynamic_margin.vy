# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Dynamic margin
@license Apache-2.0
@notice What a market's volatility and open interest make of its margin requirements:
        initial margin follows volatility at once, maintenance margin by a ramp, so
        that no spike makes an account liquidatable in the second in which it is
        measured.
@dev kappa = clamp(sigma / sigma_ref, 1, kappa_max), sigma = sqrt(variance)
     least IMF = oi_factor * sqrt(notional of the open interest), at most 1
     Scales are in 1e-4, a variance in 1e-18 per second, sigma in 1e-9 per root of a
     second, fractions in parts per million, a factor in 1e-12 per root of a USDC. All
     round up. The ramp is a whole number for each second: to be asked often or seldom
     comes to the same.
@custom:spec specs/dynamic_margin.py
"""

from . import fixed_point as fp
from . import requirements

SCALE_ONE: constant(uint256) = 10_000
RAMP: constant(uint256) = 8  # per second, 0.048 a minute

# From a factor times a square root of WAD, 10**(12 + 9), to parts per million.
_FACTOR_UNIT: constant(uint256) = 10**15


@internal
@pure
def _compute_scale(
    variance: uint256, sigma_ref: uint256, kappa_max: uint256
) -> uint256:
    """
    @notice Return what multiplies initial margin, rounded up: from 1 to `kappa_max`.
    @param sigma_ref The volatility that is normal; 0 means that nothing is scaled.
    """
    if sigma_ref == 0:
        return SCALE_ONE
    scale: uint256 = fp._mul_div_up(
        requirements._sqrt_up(variance), SCALE_ONE, sigma_ref
    )
    return max(SCALE_ONE, min(scale, kappa_max))


@internal
@pure
def _compute_maintenance_scale(
    old_scale: uint256, scale: uint256, seconds: uint256
) -> uint256:
    """
    @notice Return what multiplies maintenance margin `seconds` after `old_scale`: it
            rises to `scale` by the ramp and falls at once.
    @param scale Of initial margin, at least 1; the result is at least 1 and at most it.
    """
    return max(SCALE_ONE, min(scale, old_scale + RAMP * seconds))


@internal
@pure
def _compute_open_interest_fraction(
    oi_factor: uint256, open_interest: uint256, lot: uint256, mark: uint256
) -> uint256:
    """
    @notice Return the least initial margin fraction that `open_interest` lots of one
            side ask for, rounded up, at most 1.
    @param lot In WAD base units.
    @param mark In WAD.
    """
    notional: uint256 = fp._mul_div_up(open_interest * lot, mark, fp.WAD)
    root: uint256 = requirements._sqrt_up(notional)
    return min(fp._mul_div_up(oi_factor, root, _FACTOR_UNIT), fp.PPM)
