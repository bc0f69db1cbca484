# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Fixed-point arithmetic, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/fixed_point.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import fixed_point as fp


@external
@pure
def mul_div_down(x: uint256, y: uint256, d: uint256) -> uint256:
    return fp._mul_div_down(x, y, d)


@external
@pure
def mul_div_up(x: uint256, y: uint256, d: uint256) -> uint256:
    return fp._mul_div_up(x, y, d)


@external
@pure
def signed_mul_div_down(x: int256, y: uint256, d: uint256) -> int256:
    return fp._signed_mul_div_down(x, y, d)


@external
@pure
def signed_mul_div_up(x: int256, y: uint256, d: uint256) -> int256:
    return fp._signed_mul_div_up(x, y, d)


@external
@pure
def sqrt_down(x: uint256) -> uint256:
    return fp._sqrt_down(x)
