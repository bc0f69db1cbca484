# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Fixed-point arithmetic
@license Apache-2.0
@notice Products and quotients of integers, each with its rounding in its name.
@dev Every addition and product is checked: a result that does not fit a word
     reverts. Divisors are positive by the caller's invariants. Rounding up is
     written without a branch, `(n + d - 1) // d`, so that a prover meets one path.
@custom:spec specs/fixed_point.py
"""

WAD: constant(uint256) = 10**18
RAY: constant(uint256) = 10**27
BPS: constant(uint256) = 10_000
PPM: constant(uint256) = 10**6


@internal
@pure
def _mul_div_down(x: uint256, y: uint256, d: uint256) -> uint256:
    """
    @notice Return `x * y / d`, rounded down.
    """
    return x * y // d


@internal
@pure
def _mul_div_up(x: uint256, y: uint256, d: uint256) -> uint256:
    """
    @notice Return `x * y / d`, rounded up.
    """
    return (x * y + unsafe_sub(d, 1)) // d


@internal
@pure
def _signed_mul_div_down(x: int256, y: uint256, d: uint256) -> int256:
    """
    @notice Return `x * y / d`, rounded towards minus infinity.
    """
    if x >= 0:
        return convert(convert(x, uint256) * y // d, int256)
    return -convert((convert(-x, uint256) * y + unsafe_sub(d, 1)) // d, int256)


@internal
@pure
def _signed_mul_div_up(x: int256, y: uint256, d: uint256) -> int256:
    """
    @notice Return `x * y / d`, rounded towards plus infinity.
    """
    if x >= 0:
        return convert((convert(x, uint256) * y + unsafe_sub(d, 1)) // d, int256)
    return -convert(convert(-x, uint256) * y // d, int256)


@internal
@pure
def _sqrt_down(x: uint256) -> uint256:
    """
    @notice Return the square root of `x`, rounded down.
    """
    return isqrt(x)
