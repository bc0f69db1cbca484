# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Dynamic margin, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/dynamic_margin.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import dynamic_margin


@external
@pure
def compute_scale(variance: uint256, sigma_ref: uint256, kappa_max: uint256) -> uint256:
    return dynamic_margin._compute_scale(variance, sigma_ref, kappa_max)


@external
@pure
def compute_maintenance_scale(
    old_scale: uint256, scale: uint256, seconds: uint256
) -> uint256:
    return dynamic_margin._compute_maintenance_scale(old_scale, scale, seconds)


@external
@pure
def compute_open_interest_fraction(
    oi_factor: uint256, open_interest: uint256, lot: uint256, mark: uint256
) -> uint256:
    return dynamic_margin._compute_open_interest_fraction(
        oi_factor, open_interest, lot, mark
    )
