"""
Volatility.

How much an asset moves: an exponential mean of the variance per second of the returns
of its fast price. Between two prices, ``dt`` seconds apart,

    r      = fast'/fast - 1                         its size rounded up, clamped
    sample = r**2 / dt
    v'     = v * exp(-dt/T) + sample * (1 - exp(-dt/T))

rounded up once. The clamp keeps one print from counting for days: it adds less than
``MAX_RETURN**2 / T``, that is 7e-7 per second, and every mean is at most
``MAX_VARIANCE``, which fits 64 bits, since the shortest time is a second.

A variance is in 1e-18 per second: its root is in 1e-9 per root of a second.

Counterpart of ``contracts/modules/volatility.vy``.
"""

from fractions import Fraction
from math import ceil
from typing import Final

from specs.decay import compute_decay_down
from specs.fixed_point import WAD, Seconds, Wad, mul_div_up
from specs.price_index import NO_PRICE

PERIOD: Final = Seconds(3600)
"""T, of the mean."""

MAX_RETURN: Final = Wad(5 * 10**16)
"""The largest return that counts, 5 %."""

MAX_VARIANCE: Final = 25 * 10**14
"""The largest return, every second."""

NO_VARIANCE: Final = 0
"""Of an asset that has had one price at most."""

Variances = dict[int, int]
"""By asset."""


def compute_return_up(before: Wad, fast: Wad) -> Wad:
    """Return the size of ``fast/before - 1``, rounded up and clamped."""
    return Wad(min(mul_div_up(abs(fast - before), WAD, before), MAX_RETURN))


def compute_variance_up(variance: int, before: Wad, fast: Wad, elapsed: Seconds) -> int:
    """
    Return the variance once ``fast`` follows ``before`` after ``elapsed`` seconds.

    Rounded up; unchanged by a first price, and at the same time.
    """
    if before == NO_PRICE or elapsed == 0:
        return variance
    sample = Fraction(compute_return_up(before, fast) ** 2, WAD * elapsed)
    kept = Fraction(compute_decay_down(elapsed, PERIOD), WAD)
    return ceil(sample + (variance - sample) * kept)
