"""When the ticks of a crash are: the shorter the more the price moves."""

from collections.abc import Iterator, Sequence
from typing import Final

from keeper.prices import PricePath

LONGEST: Final = 60
"""Seconds: with longer ones the oracle would take each for an outage."""

SHORTEST: Final = 2
"""A tick takes two blocks, and blocks are a second apart."""

MOST: Final = 1_000
"""
By how much a price may move in a tick, ppm, if it is not the shortest: a third of the
half of any market's maintenance margin, below which the backstop opens: a keeper that
comes every second is not late by the length of a tick.
"""

GRAIN: Final = 10
"""Seconds between the prices that are looked at within a tick."""


def choose_times(
    path: PricePath, longest: int = LONGEST, most: int = MOST
) -> Sequence[int]:
    """Return the second of each tick, the path's first and last among them."""
    return list(_choose(path, longest, most))


def _choose(path: PricePath, longest: int, most: int) -> Iterator[int]:
    now = path.start
    while now < path.end:
        yield now
        step = longest
        while step > SHORTEST and moves(path, now, min(now + step, path.end)) > most:
            step = max(SHORTEST, step // 2)
        now = min(now + step, path.end)
    yield now


def moves(path: PricePath, first: int, last: int) -> int:
    """Return by how much any price moves away from where it is at first, ppm."""
    before = path.price_at(first)
    return max(
        abs(price - before[asset]) * 10**6 // before[asset]
        for time in (*range(first + GRAIN, last, GRAIN), last)
        for asset, price in path.price_at(time).items()
    )
