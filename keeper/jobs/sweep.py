"""
Touch positions that epochs of auto-deleveraging wait for.

An epoch closes its part of a position when that is next touched. Health counts it at
once, and whoever trades touches his own; but interest runs on the old size until then,
and a position too many epochs behind can't be traded before it is touched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain
from keeper.job import Call
from keeper.jobs.priority import INTERVAL
from keeper.jobs.watch import Sight, Snapshot
from specs import accounts as acc
from specs import deleveraging, errors, margin, settlement
from specs.accounts import AccountId
from specs.state import State, get_account

MOST: Final = 64
"""Accounts in one round, in all markets."""

BATCH: Final = 8
"""Accounts in one call: each has up to eight epochs applied."""

EXPECTED: Final = frozenset({errors.StalePrice.reason})
"""No new price came meanwhile; who was touched by somebody else is passed over."""


@dataclass(frozen=True)
class Sweep:
    """Send ``realise`` for positions that epochs have yet to meet."""

    watch: Sight
    most: int = MOST
    batch: int = BATCH
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="sweep", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account."""
        return self.watch.read(chain, block)

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Touch them market by market, those with most epochs before them first."""
        calls: list[Call] = []
        room = self.most
        for market in sorted(snapshot.state.markets):
            if margin.is_stale(snapshot.state.markets[market].quote, snapshot.now):
                continue
            behind = find_behind(snapshot.state, market)
            names = behind[:room]
            room -= len(names)
            because = f"{len(behind)} positions have epochs before them"
            calls += [
                Call(
                    self.watch.clearinghouse,
                    "realise",
                    (market, names[start : start + self.batch]),
                    because,
                    EXPECTED,
                )
                for start in range(0, len(names), self.batch)
            ]
        return calls


def find_behind(state: State, market: int) -> list[AccountId]:
    """
    Return whom an epoch has yet to reduce, or so many have to pass that he can't trade,
    those with most of them first and of these the largest.
    """
    epochs = state.markets[market].epochs
    found: dict[AccountId, tuple[int, int]] = {}
    for name in state.accounts:
        if not settlement.is_behind(state, market, name):
            continue
        position = acc.get_position(get_account(state, name), market)
        before = epochs[position.epoch :]
        is_waited_for = any(deleveraging.reduces(e, position.lots) for e in before)
        if is_waited_for or len(before) > deleveraging.MAX_EPOCHS:
            found[name] = len(before), abs(position.lots)
    return sorted(found, key=lambda name: (*(-n for n in found[name]), name))
