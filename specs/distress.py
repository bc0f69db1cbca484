"""
Distress.

When an account was found unhealthy and when a part of it was last sold. Prices of this
block do not liquidate, or whoever reports one could act on it before anyone can
answer; but whoever reports one in every block would put a liquidation off for as long.
So an account may be flagged, and is liquidated in a later block at whatever price.

Counterpart of ``contracts/modules/distress.vy``.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs.fixed_point import Seconds
from specs.packing import Field, Word

FLAG_LIFE: Final = Seconds(60)
"""How long a flag counts."""

SLICE_LIFE: Final = Seconds(60)
"""How long after a slice another one may follow, above maintenance margin too."""

DISTRESS: Final[Word] = {"flagged_at": Field(32, 32), "sliced_at": Field(0, 32)}
"""The word of an account."""


@dataclass(frozen=True)
class Distress:
    """What is remembered of an account's liquidation; 0 for never."""

    flagged_at: Seconds = Seconds(0)
    sliced_at: Seconds = Seconds(0)


NONE: Final = Distress()


def flag(distress: Distress, now: Seconds) -> Distress:
    """
    Return ``distress`` with a flag of now; one that still counts stays, or whoever
    renewed it in every block would put off what it is for.
    """
    if distress.flagged_at > 0 and now - distress.flagged_at <= FLAG_LIFE:
        return distress
    return replace(distress, flagged_at=now)


def was_due(distress: Distress, priced_at: Seconds, now: Seconds) -> bool:
    """
    Return whether what makes an account due now was there in an earlier block: its
    prices, or a flag.
    """
    is_flagged = distress.flagged_at < now <= distress.flagged_at + FLAG_LIFE
    return priced_at < now or is_flagged


def is_going_on(distress: Distress, now: Seconds) -> bool:
    """Return whether an account was sold from so lately that another slice may come."""
    return distress.sliced_at > 0 and now - distress.sliced_at <= SLICE_LIFE
