"""
Decay.

What is left of an exponential mean after some time: exp(-seconds/period) in WAD,
rounded down. It is defined by the number, not by a way to it: partial sums of the
alternating series, exact fractions, enclose the number, and are continued until both
ends round to the same. (The number is never a whole one but at time 0, for e is
transcendental, so this ends.)

Counterpart of ``contracts/modules/decay.vy``.
"""

from fractions import Fraction
from functools import cache
from math import floor

from specs.fixed_point import WAD, Seconds, Wad


@cache
def compute_decay_down(elapsed: Seconds, period: Seconds) -> Wad:
    """Return exp(-elapsed/period), rounded down."""
    x = Fraction(elapsed, period)
    if x >= 42:  # less than one part of a WAD: exp(42) > 10**18
        return Wad(0)

    term, total, k = Fraction(1), Fraction(1), 0
    while True:
        k += 1
        term *= -x / k
        is_enclosed = k >= x  # from here on the terms shrink
        if is_enclosed and floor(WAD * total) == floor(WAD * (total + term)):
            return Wad(floor(WAD * total))
        total += term
