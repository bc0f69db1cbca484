"""
Invented paths that are shaped like crashes of the past.

A shape gives the price of the asset that leads by knots: minutes from the start, and
the price there in percent of the one at the start. Between two knots it is a straight
line. A seed moves each knot in time and in height, by a tenth of what lies between it
and its neighbours, and adds noise: a walk that is drawn back to nothing and is the
wilder the steeper the line is. No two seeds have the same path, all have the shape; the
lowest and the highest knot stay at their heights. Everything is in integers, so a seed
gives the same prices everywhere, to the last wei.

``march_2020``    12 March 2020: half the price gone within 24 hours, in three falls of
                  half an hour and less, the last and deepest of them the fastest.
``october_2025``  10 October 2025: within ten minutes BTC falls by an eighth and the
                  smallest asset by half, and half of that comes back as quickly.
``jelly``         26 March 2025: a thin market is bought up to more than twice its price
                  within half an hour, while everything else stands still.
``outage``        a fall in which publishers are silent for twelve minutes; the first
                  price after it is a tenth below the last one before.
``dead_book``     a third gone in forty minutes, for a market whose makers leave.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final

from keeper.prices import START_PRICES
from keeper.prices.path import RowPath

START: Final = 1_700_000_000
STEP: Final = 10
"""Seconds between rows."""

Knot = tuple[int, int]
"""Minutes from the start, and percent of the price there."""

_PPM: Final = 10**6
_JITTER: Final = 10
"""The part of the distance to a neighbour by which a knot moves at most."""
_PULL: Final = 20
"""The part of a walk's height that a step takes back."""
_CALM: Final = 40
"""Noise of a row where the line is flat, ppm."""
_STEEP: Final = 5
"""Noise is at least the line's step in a row, divided by this."""


@dataclass(frozen=True)
class Shape:
    """Knots of the asset that leads, and how far the others go for each percent."""

    label: str
    knots: Sequence[Knot]
    betas: Mapping[str, int]
    """Percent of what the leading asset moves, by asset."""
    silence: tuple[int, int] | None = None
    """Minutes between which nobody publishes."""


@dataclass(frozen=True)
class Silences:
    """When nobody publishes prices: pairs of seconds, the first in, the last not."""

    spans: Sequence[tuple[int, int]] = ()

    def covers(self, time: int) -> bool:
        """Return whether nobody publishes at ``time``."""
        return any(first <= time < last for first, last in self.spans)


MARCH_2020: Final = Shape(
    "shaped like 12 March 2020",
    (
        (0, 100),
        (360, 97),
        (620, 92),
        (650, 79),
        (700, 77),
        (840, 78),
        (1_200, 72),
        (1_340, 70),
        (1_365, 59),
        (1_385, 65),
        (1_400, 49),
        (1_420, 57),
        (1_440, 60),
    ),
    {"BTC": 100, "ETH": 110, "SOL": 120},
)

OCTOBER_2025: Final = Shape(
    "shaped like 10 October 2025",
    ((0, 100), (20, 98), (26, 96), (31, 89), (35, 87), (42, 93), (60, 94)),
    {"BTC": 100, "ETH": 150, "SOL": 400},
)

JELLY: Final = Shape(
    "a squeeze shaped like 26 March 2025",
    ((0, 100), (15, 103), (22, 125), (30, 160), (40, 230), (45, 215), (55, 120)),
    {"SOL": 100},
)

OUTAGE: Final = Shape(
    "a fall with an outage of the oracle",
    ((0, 100), (15, 97), (20, 94), (32, 85), (36, 82), (50, 86)),
    {"BTC": 100, "ETH": 110, "SOL": 130},
    silence=(20, 32),
)

DEAD_BOOK: Final = Shape(
    "a fall on a dead book",
    ((0, 100), (10, 99), (25, 88), (40, 72), (50, 67), (60, 70)),
    {"BTC": 100, "ETH": 110, "SOL": 130},
)


def march_2020(seed: int = 0, start: int = START) -> RowPath:
    """Return 24 hours in which half the price goes."""
    return draw(MARCH_2020, seed, start)


def october_2025(seed: int = 0, start: int = START) -> RowPath:
    """Return an hour with a cascade of ten minutes."""
    return draw(OCTOBER_2025, seed, start)


def jelly(seed: int = 0, start: int = START) -> RowPath:
    """Return the squeeze of one market and its end."""
    return draw(JELLY, seed, start)


def outage(seed: int = 0, start: int = START) -> RowPath:
    """Return a fall; see `silences` for when nobody publishes."""
    return draw(OUTAGE, seed, start)


def dead_book(seed: int = 0, start: int = START) -> RowPath:
    """Return a fall of a third in forty minutes."""
    return draw(DEAD_BOOK, seed, start)


PATHS: Final[Mapping[str, Callable[[int], RowPath]]] = {
    "march-2020": march_2020,
    "october-2025": october_2025,
    "jelly": jelly,
    "outage": outage,
    "dead-book": dead_book,
}
"""The built-in paths by the names of their presets."""


def silences(shape: Shape, start: int = START) -> Silences:
    """Return when nobody publishes on the path of a shape."""
    if shape.silence is None:
        return Silences()
    first, last = shape.silence
    return Silences(((start + 60 * first, start + 60 * last),))


def draw(shape: Shape, seed: int, start: int) -> RowPath:
    """Return the path of a shape that a seed gives."""
    random = Random(f"{shape.label}/{seed}")
    knots = shake(shape.knots, random)
    length = 60 * shape.knots[-1][0]
    times = range(start, start + length + 1, STEP)
    line = [_between(knots, time - start) for time in times]
    columns = {}
    for asset, beta in shape.betas.items():
        moves = [(level - _PPM) * beta // 100 for level in line]
        wobble = _walk(random, moves)
        columns[asset] = [
            START_PRICES[asset] * (_PPM + move + shift) // _PPM
            for move, shift in zip(moves, wobble, strict=True)
        ]
    label = f"{shape.label}, seed {seed}"
    return RowPath(label, times, columns, start, start + length)


def shake(knots: Sequence[Knot], random: Random) -> list[tuple[int, int]]:
    """
    Return knots in seconds and ppm, moved as far as a seed says.

    The first and the last stay in their places, the lowest and the highest at their
    heights; the order of times stays, for two neighbours move by a fifth of what is
    between them at most.
    """
    exact = [(60 * minute, 10_000 * percent) for minute, percent in knots]
    extremes = {pick(exact, key=lambda knot: knot[1]) for pick in (min, max)}
    shaken = [exact[0]]
    for before, knot, after in zip(exact, exact[1:], exact[2:], strict=False):
        near = min(knot[0] - before[0], after[0] - knot[0]) // _JITTER
        high = min(abs(knot[1] - before[1]), abs(after[1] - knot[1])) // _JITTER
        time = knot[0] + random.randint(-near, near)
        level = knot[1] + (0 if knot in extremes else random.randint(-high, high))
        shaken.append((time, level))
    return [*shaken, exact[-1]]


def _between(knots: Sequence[Knot], elapsed: int) -> int:
    """Return the height of the line through knots after so many seconds, ppm."""
    for (first, low), (last, high) in pairwise(knots):
        if elapsed <= last:
            return low + (high - low) * (elapsed - first) // (last - first)
    return knots[-1][1]


def _walk(random: Random, moves: Sequence[int]) -> list[int]:
    """
    Return a walk in ppm that is drawn back to 0, where it starts, and whose steps are
    as wild as the line beneath is steep.
    """
    path = [0]
    for before, after in pairwise(moves):
        noise = max(_CALM, abs(after - before) // _STEEP)
        path.append(path[-1] - path[-1] // _PULL + random.randint(-noise, noise))
    return path
