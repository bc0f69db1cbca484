# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Requirements, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/requirements.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import requirements


@external
@pure
def sqrt_up(x: uint256) -> uint256:
    return requirements._sqrt_up(x)


@external
@pure
def compute_weight(weight: uint256, factor: uint256, held: uint256) -> uint256:
    return requirements._compute_weight(weight, factor, held)


@external
@pure
def compute_fraction(base: uint256, factor: uint256, notional: uint256) -> uint256:
    return requirements._compute_fraction(base, factor, notional)


@external
@pure
def compute_margin(base: uint256, factor: uint256, notional: uint256) -> uint256:
    return requirements._compute_margin(base, factor, notional)


@external
@pure
def scale_factor(factor: uint256, scale: uint256) -> uint256:
    return requirements._scale_factor(factor, scale)


@external
@pure
def leverage_imf(max_leverage: uint256) -> uint256:
    return requirements._leverage_imf(max_leverage)
