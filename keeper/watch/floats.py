"""
Fields of words as floats, for all accounts at once.

Every number is within `PRECISION` of what it stands for, relative to itself: magnitudes
are converted, and signs put on afterwards, so that a small negative number loses
nothing. Differences of growth are taken of the integers, modulo 2**128, before they are
converted.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from keeper.watch.columns import Limbs

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Places = NDArray[np.intp]
"""Where something is in an array."""

PRECISION: Final = 2.0**-51
"""Of what is converted here: two halves and their sum are rounded to 2**-53 each."""

_HIGH: Final = np.uint64(2**63)
_HALF: Final = 2.0**64


def unsigned(high: Limbs, low: Limbs) -> Floats:
    """Return numbers of 128 bits."""
    return high.astype(np.float64) * _HALF + low.astype(np.float64)


def signed(high: Limbs, low: Limbs) -> Floats:
    """Return numbers of 128 bits in two's complement."""
    is_negative = high >= _HIGH
    high = np.where(is_negative, ~high + (low == 0).astype(np.uint64), high)
    low = np.where(is_negative, ~low + np.uint64(1), low)
    return np.where(is_negative, -1.0, 1.0) * unsigned(high, low)


def signed_64(limb: Limbs) -> Floats:
    """Return numbers of 64 bits in two's complement."""
    return limb.view(np.int64).astype(np.float64)


def difference(
    later: tuple[Limbs, Limbs], earlier: tuple[Limbs, Limbs]
) -> tuple[Limbs, Limbs]:
    """Return differences of numbers of 128 bits, modulo 2**128; high and low halves."""
    low = later[1] - earlier[1]
    borrowed = (later[1] < earlier[1]).astype(np.uint64)
    return later[0] - earlier[0] - borrowed, low


def limbs_of(numbers: list[int]) -> tuple[Limbs, Limbs]:
    """Return numbers modulo 2**128 as high and low halves."""
    data = b"".join([(n % 2**128).to_bytes(16, "little") for n in numbers])
    found = np.frombuffer(data, dtype="<u8").reshape(len(numbers), 2)
    return found[:, 1], found[:, 0]
