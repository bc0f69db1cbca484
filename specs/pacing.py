"""
Pacing.

How much of a leg a liquidation closes at a time, and when a book has failed it. A slice
is a tenth of what is held, worth 1,000 USDC at least; one is due a second, and a call
executes all that are due. A call closes no more than a share of what was traded lately,
or what is little anyway, so that liquidations do not trade against themselves.

A slice fails if less than half of it was filled and nothing within its limit is left.
Three failures in a row, at least ten seconds apart, open the backstop.

Counterpart of ``contracts/modules/pacing.vy``.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs.fixed_point import WAD, Seconds, Wad, mul_div_down, mul_div_up
from specs.packing import Field, Word

SLICES: Final = 10
"""Slices in the whole of what is held, and the most that one call executes."""

PAUSE: Final = Seconds(60)
"""After so long without a slice a liquidation begins anew, with one."""

LEAST: Final = Wad(1_000 * WAD)
"""What a call closes at least, WAD USDC."""

FLOOR: Final = Wad(100_000 * WAD)
"""What a call may close however little was traded, WAD USDC."""

VOLUME_PERCENT: Final = 20
"""What it may close of what was traded lately."""

FAILURES: Final = 3
"""Failures that open the backstop."""

APART: Final = Seconds(10)
"""The least time between two failures that count."""

FAILURE_LIFE: Final = Seconds(60)
"""How long a failure counts, and how long a failed book leaves the backstop open."""

PACE: Final[Word] = {
    "sliced_at": Field(64, 32),
    "failed_at": Field(32, 32),
    "failures": Field(0, 32),
}
"""The word of an account's leg. When the book failed an account: a word of its own."""


@dataclass(frozen=True)
class Pace:
    """What is remembered of a leg's slices; times are 0 for never."""

    sliced_at: Seconds = Seconds(0)
    failed_at: Seconds = Seconds(0)
    """Of the last failure that counted."""
    failures: int = 0


NEW: Final = Pace()


def compute_due(pace: Pace, now: Seconds) -> int:
    """Return how many slices are due."""
    if pace.sliced_at == 0 or now - pace.sliced_at > PAUSE:
        return 1
    return min(SLICES, now - pace.sliced_at)


def compute_size(held: int, due: int, unit: Wad, volume: int, most: int) -> int:
    """
    Return how much of ``held`` a call closes: the slices that are due, rounded up, no
    less than the least and no more than the cap on a call and ``most``. ``unit`` is
    what one of what is counted is worth, WAD USDC, not 0. One at least, if there is.
    """
    least = mul_div_up(LEAST, 1, unit)
    cap = max(FLOOR // unit, mul_div_down(volume, VOLUME_PERCENT, 100), 1)
    return min(max(mul_div_up(held, due, SLICES), least), cap, most, held)


def note(pace: Pace, asked: int, filled: int, is_exhausted: bool, now: Seconds) -> Pace:
    """
    Return ``pace`` after a slice that filled so much of what it asked for, and of which
    nothing within the limit is left if it ``is_exhausted``.
    """
    pace = replace(pace, sliced_at=now)
    is_filled = 2 * filled >= asked
    is_first = pace.failed_at == 0 or now - pace.failed_at > FAILURE_LIFE
    if is_filled or is_first:
        pace = replace(pace, failed_at=Seconds(0), failures=0)
    if is_filled or not is_exhausted:
        return pace
    if is_first:
        return replace(pace, failed_at=now, failures=1)
    if now - pace.failed_at < APART:
        return pace
    return replace(pace, failed_at=now, failures=pace.failures + 1)


def has_failed(pace: Pace) -> bool:
    """Return whether the book has failed a leg often enough."""
    return pace.failures >= FAILURES


def is_open(failed_at: Seconds, now: Seconds) -> bool:
    """Return whether a failed book opens the backstop to an account."""
    return failed_at > 0 and now - failed_at <= FAILURE_LIFE
