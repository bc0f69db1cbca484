"""The figures as a table."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.speed.measuring import DISTURBED, Series

MARK = "*"
"""Beside what was disturbed."""


def show(found: Sequence[Series], console: Console) -> None:
    """Print a row for each measurement, and what is to be known of the disturbed."""
    table = Table(box=SIMPLE, padding=(0, 0, 0, 1))
    for name in ("", "what", "size"):
        table.add_column(name)
    for name in ("", "done", "s", "CPU s", "a CPU s", "got", "load"):
        table.add_column(name, justify="right")
    for series in found:
        for point in series.points:
            for unit, rate in point.rates.items():
                table.add_row(
                    series.part,
                    series.name,
                    series.size,
                    f"{point.size:,}",
                    f"{point.counts[unit]:,} {unit}",
                    f"{point.seconds:.2f}",
                    f"{point.cpu:.2f}",
                    say(rate),
                    f"{point.share:.0%}{MARK if point.is_disturbed else ''}",
                    f"{point.load:.1f}",
                )
    console.print(table)
    if any(point.is_disturbed for series in found for point in series.points):
        console.print(
            f"{MARK} {DISTURBED}; rates are by seconds of processors, which that "
            "changes less",
            highlight=False,
        )


def say(rate: float) -> str:
    """Return a rate with three digits that count, or more."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
