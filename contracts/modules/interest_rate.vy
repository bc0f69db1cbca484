# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Interest rate
@license Apache-2.0
@notice What a pool's borrowers pay, as a function of how much of the pool is lent out:
        two straight lines that meet at the optimal utilisation.
@dev Rates are RAY per second, shares WAD. Pure functions: bounds of the curve are the
     caller's, who stores it.
@custom:spec specs/interest_rate.py
"""

from . import fixed_point as fp

# The highest rate that a curve may reach: 1,000 % a year.
MAX_RATE: constant(uint256) = 10**27 * 10 // (365 * 86_400)
SECONDS_PER_YEAR: constant(uint256) = 365 * 86_400


@internal
@pure
def _compute_utilisation(cash: uint256, lends: uint256) -> uint256:
    """
    @notice Return the share of `lends` that is not there as `cash`, WAD, rounded down.
            An empty pool is not utilised, nor is one with more cash than lends.
    """
    if cash >= lends:
        return 0
    return fp._mul_div_down(lends - cash, fp.WAD, lends)


@internal
@pure
def _compute_rate(
    base: uint256,
    slope_low: uint256,
    slope_high: uint256,
    optimal: uint256,
    utilisation: uint256,
) -> uint256:
    """
    @notice Return the borrow rate at `utilisation`, RAY per second, rounded down.
    @param optimal Utilisation at which the lines meet, WAD, neither 0 nor all.
    """
    if utilisation <= optimal:
        return base + fp._mul_div_down(slope_low, utilisation, optimal)
    excess: uint256 = utilisation - optimal
    slope: uint256 = fp._mul_div_down(slope_high, excess, fp.WAD - optimal)
    return base + slope_low + slope
