"""
What is measured: how much was done, and how long it took.

A machine that does other work as well makes everything take longer, so that seconds of
the processor are counted beside those of the clock, and rates are by the former. Even
they suffer a little: caches, and the cores' other halves, are shared.
"""

import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

LEAST = 0.9
"""A measurement that got less than this share of its processors was disturbed."""

DISTURBED = (
    f"got less than {LEAST:.0%} of its processors, for others worked too or it waited"
)

PACKAGES = "pyrevm", "vyper", "hypothesis", "crosshair-tool", "z3-solver", "cvc5"


@dataclass(frozen=True)
class Point:
    """One measurement."""

    size: int
    """The size of what was measured, in what its series says."""
    counts: dict[str, int]
    """How much was done, by unit."""
    seconds: float
    """By the clock."""
    cpu: float
    """Seconds of processors, children's included."""
    load: float
    """How many processes wanted a processor in the minute before the end."""
    processes: int = 1

    @property
    def share(self) -> float:
        """Return the share of its processors that it got."""
        return self.cpu / self.seconds / self.processes

    @property
    def is_disturbed(self) -> bool:
        """Tell whether others got much of what it could have used."""
        return self.share < LEAST

    @property
    def rates(self) -> dict[str, float]:
        """Return how much was done in a second of a processor, by unit."""
        return {unit: count / self.cpu for unit, count in self.counts.items()}


@dataclass
class Series:
    """Measurements of one thing at several sizes."""

    part: str
    name: str
    size: str
    """What sizes are of, as an axis says it."""
    points: list[Point] = field(default_factory=list)


Keep = Callable[[Point], None]


@dataclass(frozen=True)
class Job:
    """Something to measure; what it needs is made ready before time runs."""

    series: Series
    run: Callable[[Keep], None]
    """Measures, and gives each point to keep as soon as it has it."""


class Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self.began, self.spent = time.perf_counter(), spent()

    def read(self, size: int, counts: dict[str, int], processes: int = 1) -> Point:
        """Return what was done since."""
        return Point(
            size,
            counts,
            round(time.perf_counter() - self.began, 4),
            round(spent() - self.spent, 4),
            round(os.getloadavg()[0], 2),
            processes,
        )


def spent() -> float:
    """Return the seconds of processors that this process and its dead children had."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def describe_machine() -> dict[str, Any]:
    """Return what figures depend on, besides the code."""
    return {
        "processors": os.cpu_count(),
        "model": find_model(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "load_before": [round(load, 2) for load in os.getloadavg()],
    }


def find_model() -> str:
    """Return what the processor calls itself, if the system tells."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [line for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0].partition(":")[2].strip() if names else platform.processor()


def to_json(series: Series) -> dict[str, Any]:
    """Return a series with its rates, as a file has it."""
    points = [
        {
            **asdict(point),
            "a_cpu_second": {unit: round(r, 2) for unit, r in point.rates.items()},
            "share": round(point.share, 3),
            "is_disturbed": point.is_disturbed,
        }
        for point in series.points
    ]
    return {**asdict(series), "points": points}
