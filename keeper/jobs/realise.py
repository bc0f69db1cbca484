"""
Settle profits and losses that anyone may settle.

Of accounts that chose to have theirs realised, in every round; of claims, once the
fund can pay them; and of whoever has gained or lost more than a market lets stand
unrealised.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain
from keeper.job import Call
from keeper.jobs.watch import Sight, Snapshot
from specs import accounts as acc
from specs import liquidity_fund, margin, perpetual, settle_code, virtual_pnl
from specs.accounts import AccountId
from specs.fixed_point import WAD, Wad
from specs.perpetual import Position
from specs.state import NOBODY, Market, State, get_winners

INTERVAL: Final = 10  # seconds
THRESHOLD: Final = Wad(WAD)
"""To settle less than this costs more than it brings."""

BATCH: Final = 32
"""Accounts in one call; the contract takes four times as many."""


@dataclass(frozen=True)
class Realise:
    """Send ``realise`` for accounts that anyone may realise and that it serves."""

    watch: Sight
    threshold: Wad = THRESHOLD
    batch: int = BATCH
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="realise", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account."""
        return self.watch.read(chain, block)

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Settle what is due, losses first: they pay for the gains."""
        calls: list[Call] = []
        for market in sorted(snapshot.state.markets):
            if margin.is_stale(snapshot.state.markets[market].quote, snapshot.now):
                continue
            due = find_due(snapshot.state, market, self.threshold)
            for start in range(0, len(due), self.batch):
                names = due[start : start + self.batch]
                because = f"{len(names)} of {len(due)} positions are to be settled"
                arguments = (market, names)
                calls.append(
                    Call(self.watch.clearinghouse, "realise", arguments, because)
                )
        return calls


def find_due(state: State, market: int, threshold: Wad) -> list[AccountId]:
    """
    Return whom to realise: losers first, then claims, then the largest gains, as far
    as the fund pays once the losers have paid.

    Beyond the market's threshold for the sum of gains anyone's profit and loss may be
    settled: it is until the sum is below.
    """
    listed = state.markets[market]
    held = {
        name: account.positions[market]
        for name, account in state.accounts.items()
        if market in account.positions
    }
    values = {
        name: perpetual.compute_value(
            position, listed.lot, listed.quote.slow, listed.funding.index
        )
        for name, position in held.items()
    }
    served = {
        name for name in held if settle_code.may_realise(state, NOBODY, market, name)
    }
    gains = int(get_winners(state, market))
    limit = listed.cull.system_threshold
    is_culled = settle_code.is_reached(gains, limit)
    order = sorted(
        held if is_culled else served,
        key=lambda name: (
            values[name] >= 0,
            held[name].lots != 0,
            -abs(values[name]),
            name,
        ),
    )
    fund, due = listed.fund, []
    for name in order:
        if name not in served and values[name] >= 0 and gains < limit:
            continue
        after, paid = liquidity_fund.pay(fund, values[name])
        is_all = held[name].lots == 0 and paid == values[name]
        if abs(paid) >= threshold or is_all or is_misplaced(state, market, name):
            due.append(name)
            fund = after
            gains -= min(max(0, paid), compute_gain(listed, held[name]))
    return due


def is_misplaced(state: State, market: int, name: AccountId) -> bool:
    """
    Return whether a position is still in the tick set though its account has chosen
    to be realised: there it would earn and pay interest meanwhile.
    """
    account = state.accounts[name]
    position = acc.get_position(account, market)
    return account.settings.auto_realize and position.entry is not None


def compute_gain(listed: Market, position: Position) -> int:
    """Return what a position adds to the sum of gains, WAD USDC."""
    return max(0, virtual_pnl.compute_gain(position, listed.lot, listed.cursor))
