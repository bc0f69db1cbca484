"""
Outage.

After an outage prices wait: nobody is liquidated, and nobody withdraws, at the first
price that comes back. An asset's update that follows its last one by more than
``MAX_GAP`` begins a run of updates, and another such gap begins a new one. What was
reported before the first gap stands, with its time, until an update comes ``GRACE``
after the one that began its run: so never without two. The updates until then change
nothing but the run. An asset's first price needs no grace.

The run is not kept here: it is found in the times of the updates.

Counterpart of ``contracts/modules/outage.vy``.
"""

from collections.abc import Sequence
from typing import Final

from specs.fixed_point import Seconds

MAX_GAP: Final = Seconds(60)
"""The longest time between two updates of an asset that is no outage."""

GRACE: Final = Seconds(30)
"""For how long updates have to go on before they count again."""


def is_counting(times: Sequence[Seconds]) -> bool:
    """Return whether the last of an asset's updates counts, given it and all before."""
    run = get_run(times)
    return len(run) == len(times) or run[-1] - run[0] >= GRACE


def get_run(times: Sequence[Seconds]) -> Sequence[Seconds]:
    """Return the updates since the last gap, all of them if there was none."""
    gaps = [
        place
        for place in range(1, len(times))
        if times[place] - times[place - 1] > MAX_GAP
    ]
    return times[max(gaps, default=0) :]
