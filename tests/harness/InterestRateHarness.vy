# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Interest rate, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/interest_rate.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import interest_rate


@external
@pure
def compute_utilisation(cash: uint256, lends: uint256) -> uint256:
    return interest_rate._compute_utilisation(cash, lends)


@external
@pure
def compute_rate(
    base: uint256,
    slope_low: uint256,
    slope_high: uint256,
    optimal: uint256,
    utilisation: uint256,
) -> uint256:
    return interest_rate._compute_rate(
        base, slope_low, slope_high, optimal, utilisation
    )
