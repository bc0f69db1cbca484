"""
Book basis.

What each market's book says of its basis: the integral over time of its impact mid less
the slow price, each mid weighted by how long it held. Between two updates the slow
price stands still. The bound around the slow price holds for every mid before it
counts; no book and an empty one count as a basis of 0. Averages round towards 0 and the
bound inwards, to whole units of a stored price.

The integral is not kept here: it is summed over the mids when it is asked for.

Counterpart of ``contracts/modules/book_basis.vy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import trunc
from typing import Final

from specs.errors import PriceOutOfRange
from specs.fixed_point import PPM, Seconds, Wad
from specs.price_index import NEVER, NO_PRICE, UNIT, quantise_down

MAX_MID: Final = Wad((2**80 - 1) * UNIT)


@dataclass(frozen=True)
class Hold:
    """A mid, 0 for an empty book, and since when it is the market's."""

    mid: Wad
    since: Seconds


Holds = tuple[Hold, ...]
"""The one that held at the last update, and those since, in their order."""

NO_BOOK: Final = (Hold(NO_PRICE, NEVER),)


def observe(holds: Holds, now: Seconds, mid: Wad) -> Holds:
    """Take note that ``mid``, rounded down to whole units, holds from now on."""
    if quantise_down(mid) > MAX_MID:
        raise PriceOutOfRange
    return (*holds, Hold(quantise_down(mid), now))


def take_average(
    holds: Holds, now: Seconds, slow: Wad, bound: int, time: Seconds
) -> tuple[Holds, int]:
    """Return the average basis since ``time`` and what the next one begins with."""
    integral = compute_integral(holds, now, slow, bound, time)
    return holds[-1:], truncate(Fraction(integral, now - time))


def compute_stored_integral(holds: Holds, slow: Wad, bound: int, time: Seconds) -> int:
    """Return the integral up to the last hold; nothing counts before an update."""
    if time == NEVER:
        return 0
    return compute_integral(holds[:-1], holds[-1].since, slow, bound, time)


def compute_integral(
    holds: Sequence[Hold], end: Seconds, slow: Wad, bound: int, time: Seconds
) -> int:
    """Return the sum of each mid's basis times its seconds from ``time`` to ``end``."""
    ends = [hold.since for hold in holds[1:]] + [end]
    return sum(
        compute_basis(hold.mid, slow, bound) * max(0, until - max(hold.since, time))
        for hold, until in zip(holds, ends, strict=False)
    )


def compute_basis(mid: Wad, slow: Wad, bound: int) -> int:
    """Return mid - slow within the bound, 0 for an empty book."""
    return limit(mid - slow, slow, bound) if mid else 0


def limit(distance: int, slow: Wad, bound: int) -> int:
    """Return what is nearest to ``distance`` within ``bound`` ppm of ``slow`` of 0."""
    most = quantise_down(slow * Fraction(bound, PPM))
    return sorted((-most, distance, most))[1]


def truncate(amount: Fraction) -> int:
    """Return ``amount`` rounded towards 0 to whole units."""
    return trunc(amount / UNIT) * UNIT
