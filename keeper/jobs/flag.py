"""
Flag accounts that are due, so that prices of this block do not put it off.

Whoever is due is flagged, whatever block its prices are of now: somebody could take
newer ones over just before each call that liquidates it, and a flag is too late then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain
from keeper.job import Call
from keeper.jobs.priority import INTERVAL, MOST, ask, pick, rank, say
from keeper.jobs.watch import Sight
from specs import errors, slice_code
from specs.accounts import AccountId
from specs.clearinghouse import State
from specs.fixed_point import Seconds

EXPECTED: Final = frozenset({errors.NotLiquidatable.reason})
"""It has recovered, or somebody has liquidated it."""


@dataclass(frozen=True)
class Snapshot:
    """Who is to be flagged, with its shortfall, the largest first."""

    due: Mapping[AccountId, int]


@dataclass(frozen=True)
class Flag:
    """Send ``flag`` for accounts that are due and have no flag that counts."""

    watch: Sight
    most: int = MOST
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="flag", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account, and ask the clearinghouse about those that seem due."""
        seen, home = self.watch.read(chain, block), self.watch.clearinghouse
        due = find_due(seen.state, seen.now)
        return Snapshot(pick(due, self.most, lambda n: ask(chain, home, "can_flag", n)))

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Flag them, the worst first."""
        home = self.watch.clearinghouse
        return [
            Call(home, "flag", (name,), say(short), EXPECTED)
            for name, short in snapshot.due.items()
        ]


def find_due(state: State, now: Seconds) -> Mapping[AccountId, int]:
    """Return whose flag would be noted, with the shortfall, the largest first."""
    return rank(state, now, lambda n, _: slice_code.can_flag(state, n, now))
