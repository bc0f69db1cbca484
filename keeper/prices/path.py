"""A price path through rows: linear between them, in exact integers."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keeper.prices import START_PRICES


@dataclass(frozen=True)
class RowPath:
    """
    Prices known at `times`, which rise strictly, from `start` to `end`.

    `columns` holds the WAD prices of some assets, one for each time; an asset without
    a column keeps its start price.
    """

    label: str
    times: Sequence[int]
    columns: Mapping[str, Sequence[int]]
    start: int
    end: int

    @property
    def rows(self) -> int:
        """Return how many rows lie between `start` and `end`, both included."""
        return bisect_right(self.times, self.end) - bisect_left(self.times, self.start)

    def price_at(self, time: int) -> dict[str, int]:
        """
        Return the prices at `time`, interpolated linearly and rounded down.

        Raise `ValueError` for a time outside the path.
        """
        if not self.start <= time <= self.end:
            raise ValueError(f"{time} is not in [{self.start}, {self.end}]")
        after = min(bisect_right(self.times, time), len(self.times) - 1)
        before = max(after - 1, 0)
        prices = dict(START_PRICES)
        for asset, column in self.columns.items():
            prices[asset] = self._between(before, after, time, column)
        return prices

    def _between(
        self, before: int, after: int, time: int, column: Sequence[int]
    ) -> int:
        first, last = self.times[before], self.times[after]
        if first == last:
            return column[before]
        weighted = column[before] * (last - time) + column[after] * (time - first)
        return weighted // (last - first)
