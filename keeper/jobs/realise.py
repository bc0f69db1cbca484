"""Settle profits and losses that have grown large."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain
from keeper.job import Call
from keeper.jobs.watch import Snapshot, Watch
from specs import clearinghouse as ch
from specs import liquidity_fund, margin
from specs.accounts import AccountId
from specs.clearinghouse import State
from specs.fixed_point import WAD, Wad

INTERVAL: Final = 10  # seconds
THRESHOLD: Final = Wad(100 * WAD)
"""A position worth more than this, either way, is settled."""

BATCH: Final = 32
"""Accounts in one call; the contract takes four times as many."""


@dataclass(frozen=True)
class Realise:
    """Send ``realise`` for positions whose value exceeds the threshold."""

    watch: Watch
    threshold: Wad = THRESHOLD
    batch: int = BATCH
    interval: int = INTERVAL
    name: str = field(default="realise", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account."""
        return self.watch.read(chain, block)

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Settle large values, losses first: they pay for the gains."""
        calls: list[Call] = []
        for market in sorted(snapshot.state.markets):
            if margin.is_stale(snapshot.state.markets[market].quote, snapshot.now):
                continue
            due = self._due(snapshot.state, market)
            for start in range(0, len(due), self.batch):
                names = due[start : start + self.batch]
                because = f"{len(names)} values exceed {self.threshold // WAD} USDC"
                arguments = (market, names)
                calls.append(
                    Call(self.watch.clearinghouse, "realise", arguments, because)
                )
        return calls

    def _due(self, state: State, market: int) -> list[AccountId]:
        """Return whom a realisation would pay or charge enough, losers first."""
        listed = state.markets[market]
        values = {
            name: ch.compute_exposure(listed, account.positions[market]).value
            for name, account in state.accounts.items()
            if market in account.positions
        }
        losses = sum(-value for value in values.values() if value < -self.threshold)
        fund = liquidity_fund.Fund(listed.fund.balance + losses, listed.fund.cap)
        return sorted(
            (
                name
                for name, value in values.items()
                if abs(liquidity_fund.compute_payment(fund, value)) > self.threshold
            ),
            key=lambda name: (values[name], name),
        )
