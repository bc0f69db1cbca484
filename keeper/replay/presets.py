"""
Crashes by name: a path, the people in it, and how their makers behave.

What a preset does not say is as in `Population` and `depth`. The open interest of each
market is below its limit and of the size at which its margins, which grow with it, are
about their base: leverage of fifty and more is then to be had.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from keeper.errors import UserError
from keeper.prices import PricePath, crashes
from keeper.prices.crashes import Silences
from keeper.prices.file import cut, parse_time, read_prices
from keeper.prices.path import RowPath
from keeper.replay.crash import NEVER
from keeper.replay.population import Population

BTC, ETH, SOL = 0, 1, 2
"""Markets."""


@dataclass(frozen=True)
class Preset:
    """One crash."""

    told: str
    """What it is, in a line."""
    population: Population
    draw: Callable[[int], RowPath] | None = None
    """The path of a seed; none if it comes from a file."""
    silences: Silences = NEVER
    window: tuple[str, str] | None = None
    """From when to when a file is replayed unless something else is asked for."""
    leaves: int | None = None
    """Seconds from the start after which the makers are gone."""

    def find_path(
        self, prices: Path | None, start: int | None, end: int | None, seed: int
    ) -> PricePath:
        """Return the path; raise `UserError` for a file that is missing or too much."""
        if self.draw is not None:
            if prices is not None:
                raise UserError("--prices: this preset has prices of its own")
            return cut(self.draw(seed), start, end)
        if prices is None:
            raise UserError("--prices: this preset is of real prices; name the file")
        if self.window and start is None and end is None:
            start, end = (parse_time(moment) for moment in self.window)
        return read_prices(prices, start, end)

    def populate(self, start: int, *, is_concentrated: bool) -> Population:
        """Return the people of a path that begins at a time."""
        leaves = None if self.leaves is None else start + self.leaves
        usual = self.population
        is_concentrated = is_concentrated or usual.is_concentrated
        return replace(usual, is_concentrated=is_concentrated, leaves=leaves)


PRESETS: Final[Mapping[str, Preset]] = {
    "march-2023": Preset(
        "real prices of March 2023: USDC falls, so everything else rises: shorts lose",
        Population(
            {BTC: 12_000_000},
            falls=False,
            spots={"USDT": -400_000, "BTC": 400_000},
        ),
        window=("2023-03-10T22:00:00Z", "2023-03-11T10:00:00Z"),
    ),
    "march-2020": Preset(
        "half the price gone within 24 hours, as on 12 March 2020",
        Population(
            {BTC: 8_000_000, ETH: 4_000_000, SOL: 2_000_000},
            spots={"BTC": 400_000},
        ),
        draw=crashes.march_2020,
    ),
    "october-2025": Preset(
        "a cascade within minutes on a thin book, as on 10 October 2025",
        Population({BTC: 8_000_000, ETH: 4_000_000, SOL: 2_000_000}, depth=0.25),
        draw=crashes.october_2025,
    ),
    "jelly": Preset(
        "a thin market is bought up against the three who are short of most of it",
        Population(
            {SOL: 3_000_000},
            traders=120,
            falls=False,
            is_concentrated=True,
            depth=0.25,
        ),
        draw=crashes.jelly,
    ),
    "outage": Preset(
        "the oracle is silent for twelve minutes and comes back a tenth lower",
        Population({BTC: 8_000_000, ETH: 4_000_000, SOL: 2_000_000}),
        draw=crashes.outage,
        silences=crashes.silences(crashes.OUTAGE),
    ),
    "dead-book": Preset(
        "a third of the price goes, and the makers with its beginning",
        Population({BTC: 8_000_000, ETH: 4_000_000, SOL: 2_000_000}),
        draw=crashes.dead_book,
        leaves=600,
    ),
}


def find_preset(name: str) -> Preset:
    """Return the preset called so; raise `UserError` if there is none."""
    if name not in PRESETS:
        raise UserError(f"--preset: no {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def tell_all() -> str:
    """Return what presets there are, a line each."""
    width = max(map(len, PRESETS))
    return "\n".join(f"{name:{width}}  {each.told}" for name, each in PRESETS.items())
