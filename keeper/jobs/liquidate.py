"""Have accounts taken over that are below the backstop's margin."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain, Contract
from keeper.job import Call
from keeper.jobs.watch import Snapshot, Watch
from specs import accounts as acc
from specs import backstop, margin
from specs import clearinghouse as ch
from specs.accounts import AccountId
from specs.clearinghouse import State
from specs.fixed_point import WAD, Seconds

INTERVAL: Final = 10  # seconds
MOST: Final = 20
"""Accounts in one round: the worst ones; prices may have moved before the rest."""


@dataclass(frozen=True)
class Liquidate:
    """
    Send ``liquidate`` for accounts that the backstop may take over, and before it
    ``cancel_all`` for those that have orders resting: they go first.
    """

    watch: Watch
    liquidator: Contract
    order_book: Contract
    most: int = MOST
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="liquidate", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account."""
        return self.watch.read(chain, block)

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Liquidate whoever is due, the largest shortfall first."""
        short = {
            name: shortfall
            for name in snapshot.state.accounts
            if acc.get_owner(name) != 0
            and (shortfall := compute_shortfall(snapshot.state, name, snapshot.now))
        }
        worst = sorted(short, key=lambda name: (-short[name], name))[: self.most]
        calls: list[Call] = []
        for name in worst:
            because = f"equity is {short[name] // WAD} USDC below the backstop's"
            if snapshot.state.accounts[name].orders:
                calls.append(Call(self.order_book, "cancel_all", (name,), because))
            calls.append(Call(self.liquidator, "liquidate", (name,), because))
        return calls


def compute_shortfall(state: State, account: AccountId, now: Seconds) -> int:
    """
    Return how far an account's equity is below the margin that opens the backstop.

    0 if it may not be taken over at ``now``, be it for the age of the prices.
    """
    health = ch.assess(state, account, now)
    if not (margin.is_liquidatable(health) and margin.is_due(health)):
        return 0
    if not backstop.is_open(health) or health.priced_at >= now:
        return 0
    return backstop.compute_backstop_margin(health) - health.equity
