"""
Where the publishers' prices come from.

A source answers one question: what is each asset worth in whole USDC, as WAD, at a
time in seconds. `file` reads a CSV, `seeded` invents a crash, `live` asks exchanges.
"""

from collections.abc import Mapping
from typing import Final, Protocol

WAD: Final = 10**18

# The assets that a source knows, and what each costs where a source is silent.
START_PRICES: Final[Mapping[str, int]] = {
    "BTC": 26_000 * WAD,
    "ETH": 1_700 * WAD,
    "SOL": 20 * WAD,
    "USDT": WAD,
}


class PriceSource(Protocol):
    """Prices over time."""

    @property
    def label(self) -> str:
        """Return what the source is, for a report: a file's name, say."""
        ...

    def price_at(self, time: int) -> dict[str, int]:
        """Return the WAD price in USDC of every known asset at `time`."""
        ...


class PricePath(PriceSource, Protocol):
    """Prices over a stretch of time that is known beforehand."""

    @property
    def start(self) -> int:
        """Return the first second that has prices."""
        ...

    @property
    def end(self) -> int:
        """Return the last second that has prices."""
        ...

    @property
    def rows(self) -> int:
        """Return how many rows lie between `start` and `end`, both included."""
        ...
