"""
Book basis.

What each market's book says of its basis: the integral over time of its impact mid less
the slow price, each mid weighted by how long it held. Between two updates the slow
price stands still. The bound around the slow price holds for every mid before it
counts; no book and an empty one count as a basis of 0. Averages round towards 0 and the
bound inwards, to whole units of a stored price.

A mid holds until the next one, and no longer than its book vouches for it: the orders
that make it may expire. A book that has said nothing for ``MAX_HOLD`` is no book, and
``MAX_GAP`` after an update nobody knows the price that a mid should be held against.

The integral is not kept here: it is summed over the mids when it is asked for.

Counterpart of ``contracts/modules/book_basis.vy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import trunc
from typing import Final

from specs.errors import OutOfBounds, PriceOutOfRange
from specs.fixed_point import PPM, Seconds, Wad
from specs.outage import MAX_GAP
from specs.price_index import NEVER, NO_PRICE, UNIT, quantise_down

MAX_MID: Final = Wad((2**80 - 1) * UNIT)

MAX_HOLD: Final = Seconds(300)
"""The longest time for which a mid holds that nothing is heard of any more."""


@dataclass(frozen=True)
class Hold:
    """
    A mid, 0 for an empty book, since when it is the market's, and until when it is at
    most.
    """

    mid: Wad
    since: Seconds
    until: Seconds


Holds = tuple[Hold, ...]
"""The one that held at the last update, and those since, in their order."""

NO_BOOK: Final = (Hold(NO_PRICE, NEVER, NEVER),)


def observe(holds: Holds, now: Seconds, mid: Wad, until: Seconds) -> Holds:
    """
    Take note that ``mid``, rounded down to whole units, holds from now on: not in the
    second that begins at ``until`` any more, nor longer than ``MAX_HOLD``.
    """
    if quantise_down(mid) > MAX_MID:
        raise PriceOutOfRange
    if until < now:
        raise OutOfBounds
    until = Seconds(min(until, now + MAX_HOLD))
    return (*holds, Hold(quantise_down(mid), now, until))


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
        compute_basis(hold.mid, slow, bound) * count_seconds(hold, following, time)
        for hold, following in zip(holds, ends, strict=False)
    )


def count_seconds(hold: Hold, following: Seconds, time: Seconds) -> int:
    """Return for how long a mid holds after ``time``, until the ``following`` one."""
    end = min(following, hold.until, time + MAX_GAP)
    return max(0, end - max(hold.since, time))


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
