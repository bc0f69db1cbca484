"""How many transactions walks take a second, by their length and by what there is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keeper.quick import quick_records
from tests.deep.paths import PATHS
from tests.speed import sizes
from tests.speed.measuring import Clock, Job, Keep, Series
from tests.stateful.bulk import STEPS, count_transactions, walk_beside

LENGTHS = 50, 100, 200, 500, 1_000, 2_000
ACCOUNTS = 8, 16, 32, 64
MARKETS = 2, 4, 6, 8
ACTIONS = 4_000
"""Actions of all walks of a measurement, those of their starts not counted."""

QUICK_LENGTHS, QUICK_ACCOUNTS, QUICK_MARKETS = (50, 200), (8, 16), (2, 4)
QUICK_ACTIONS = 200


@dataclass(frozen=True)
class Size:
    """How long a walk is, and in how large a world."""

    steps: int = STEPS
    accounts: int = sizes.ACCOUNTS
    markets: int = sizes.MARKETS


def plan(seed: int, quick: bool) -> Iterator[Job]:
    """Yield what is to be measured."""
    lengths = QUICK_LENGTHS if quick else LENGTHS
    accounts = QUICK_ACCOUNTS if quick else ACCOUNTS
    markets = QUICK_MARKETS if quick else MARKETS
    actions = QUICK_ACTIONS if quick else ACTIONS
    by_size: dict[str, Sequence[tuple[int, Size]]] = {
        "actions of a walk": [(n, Size(steps=n)) for n in lengths],
        "accounts": [(n, Size(accounts=n)) for n in accounts],
        "markets": [(n, Size(markets=n)) for n in markets],
    }
    for axis, each in by_size.items():
        for path in PATHS:
            series = Series("walks", path, axis)
            for number, size in each:
                yield Job(series, Walking(path, seed, actions, number, size))


@dataclass(frozen=True)
class Walking:
    """A few walks of one size."""

    path: str
    seed: int
    actions: int
    number: int
    size: Size

    def __call__(self, keep: Keep) -> None:
        """Walk, on contracts that are deployed before."""
        path, steps = PATHS[self.path], self.size.steps
        count = max(1, self.actions // steps)
        with sizes.sized(self.size.accounts, self.size.markets), quick_records():
            twin = path.open_twin()
            walk_beside(twin, self.seed + count, steps // 10, path=path.wander)
            met, clock = Counter(), Clock()
            for seed in range(self.seed, self.seed + count):
                met += walk_beside(twin, seed, steps, path=path.wander)
            counts = {"transactions": count_transactions(met)}
            keep(clock.read(self.number, counts))
