"""
Have accounts taken over by providers, and deleveraged, once the backstop is open.

A round comes to it after the book had its try (``keeper.jobs.reduce``): whoever is well
again then is not taken over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain, Contract, Refused
from keeper.job import Call
from keeper.jobs.priority import INTERVAL, MOST, ask, pick, rank, say
from keeper.jobs.watch import Sight
from specs import errors, margin
from specs.accounts import AccountId
from specs.clearinghouse import State
from specs.fixed_point import Seconds

EXPECTED: Final = frozenset(
    kind.reason
    for kind in (
        # Somebody else was faster, on the book or here.
        errors.NotLiquidatable,
        errors.AboveBackstopMargin,
        errors.NothingTaken,
        # The market was, or the account with an order.
        errors.PriceTooFresh,
        errors.OrdersOpen,
    )
)

CANCELLED: Final = frozenset({errors.NotAuthorised.reason})
"""It has recovered: only its owner may cancel its orders now."""


@dataclass(frozen=True)
class Snapshot:
    """Who is to be taken over, with its shortfall, the largest first."""

    state: State
    due: Mapping[AccountId, int]


@dataclass(frozen=True)
class Liquidate:
    """
    Send ``liquidate`` for accounts on which the backstop is open, and before it
    ``cancel_all`` for those that have orders resting: they go first.
    """

    watch: Sight
    liquidator: Contract
    order_book: Contract
    most: int = MOST
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="liquidate", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account, and ask the liquidator about those that seem due."""
        seen = self.watch.read(chain, block)
        due = pick(
            find_due(seen.state, seen.now),
            self.most,
            lambda name: self._can_liquidate(chain, name),
        )
        return Snapshot(seen.state, due)

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Liquidate them, the worst first."""
        calls: list[Call] = []
        for name, short in snapshot.due.items():
            if snapshot.state.accounts[name].orders:
                calls.append(
                    Call(self.order_book, "cancel_all", (name,), say(short), CANCELLED)
                )
            calls.append(
                Call(self.liquidator, "liquidate", (name,), say(short), EXPECTED)
            )
        return calls

    def _can_liquidate(self, chain: Chain, account: AccountId) -> bool:
        """
        Return whether the backstop is open, and a call that is not sent goes through:
        providers without room for the largest accounts must not keep it from others.
        """
        if not ask(chain, self.liquidator, "can_liquidate", account):
            return False
        try:
            chain.call(self.liquidator, "liquidate", account)
        except Refused as error:
            return error.reason == errors.OrdersOpen.reason
        return True


def find_due(state: State, now: Seconds) -> Mapping[AccountId, int]:
    """Return who is to be liquidated, with the shortfall, the largest first."""
    return rank(state, now, lambda _, health: margin.is_due_now(health))
