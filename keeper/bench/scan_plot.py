"""The plot of a tick's time against the number of accounts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from keeper.figures import COLOURS, INK, render, stand_alone

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from keeper.bench.scan import Measured

BUDGET: Final = 10
"""Seconds between two rounds of the keeper."""


def plot(found: "Sequence[Measured]") -> str:
    """Return seconds against accounts, both on logarithmic scales, as a file of SVG."""

    def draw(figure: "Figure") -> None:
        sizes = [each.accounts for each in found]
        lines = {
            "reading what changed": [each.tick.sync.seconds for each in found],
            "scan": [each.tick.scan.seconds for each in found],
            "jobs that liquidate": [each.tick.jobs.seconds for each in found],
            "jobs that look at everybody": [e.tick.rest.seconds for e in found],
            "tick": [each.tick.seconds for each in found],
            "tick, all prices fall by a tenth": [each.fall.seconds for each in found],
        }
        axis = figure.subplots()
        for (name, seconds), colour in zip(lines.items(), COLOURS, strict=False):
            axis.loglog(sizes, seconds, marker="o", label=name, color=colour)
        axis.axhline(BUDGET, color=INK, linewidth=1, linestyle="--")
        axis.set_xlabel("accounts")
        axis.set_ylabel("seconds")
        axis.set_title("What a tick of the keeper takes")
        axis.legend(loc="best", fontsize=9)

    return stand_alone(render(draw, 8, 4.6))
