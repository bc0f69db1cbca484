"""
Fixed-point arithmetic.

Products and quotients of integers, each with its rounding in its name, and the
units that the protocol counts in.

Counterpart of ``contracts/modules/fixed_point.vy``.
"""

from math import isqrt
from typing import Final, NewType

Wad = NewType("Wad", int)
"""A ratio, a price or a token amount; 10**18 is one."""

Ray = NewType("Ray", int)
"""An index or a rate per second; 10**27 is one."""

Seconds = NewType("Seconds", int)
"""A point in time, or a span of it, in whole seconds."""

Lots = NewType("Lots", int)
"""A signed perpetual size in lots of the market; long is positive."""

WAD: Final = 10**18
RAY: Final = 10**27
BPS: Final = 10_000
PPM: Final = 10**6


def mul_div_down(x: int, y: int, d: int) -> int:
    """
    Return ``x * y / d``, rounded down.

    pre: 0 <= x and 0 <= y and 0 < d
    post: __return__ * d <= x * y < (__return__ + 1) * d
    """
    return x * y // d


def mul_div_up(x: int, y: int, d: int) -> int:
    """
    Return ``x * y / d``, rounded up.

    pre: 0 <= x and 0 <= y and 0 < d
    post: (__return__ - 1) * d < x * y <= __return__ * d
    """
    return (x * y + d - 1) // d


def signed_mul_div_down(x: int, y: int, d: int) -> int:
    """
    Return ``x * y / d``, rounded towards minus infinity.

    pre: 0 <= y and 0 < d
    post: __return__ * d <= x * y < (__return__ + 1) * d
    """
    return x * y // d


def signed_mul_div_up(x: int, y: int, d: int) -> int:
    """
    Return ``x * y / d``, rounded towards plus infinity.

    pre: 0 <= y and 0 < d
    post: (__return__ - 1) * d < x * y <= __return__ * d
    """
    return -(-x * y // d)


def sqrt_down(x: int) -> int:
    """Return the square root of ``x``, rounded down."""
    return isqrt(x)
