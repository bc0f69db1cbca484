"""
Which accounts there are.

No contract keeps a list of them. Whoever opened them knows them; everybody else reads
the clearinghouse's events, a page of blocks at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from keeper.chain.interface import Block, Chain, Contract, Event
from specs.accounts import BACKSTOP_FUND, AccountId

PAGE: Final = 2_000
"""Blocks that are asked for at once; public nodes allow no more."""

NAMING: Final[dict[str, Sequence[str]]] = {
    "Deposit": ("account",),
    "Transfer": ("giver", "taker"),
    "Borrow": ("account",),
    "SpotFill": ("buyer", "seller"),
    "Converted": ("account", "buyer"),
    "PerpFill": ("buyer", "seller"),
    "OrdersReserved": ("account",),
    "OrderFill": ("account",),
    "PositionTaken": ("account", "provider"),
    "DebtTaken": ("account", "provider"),
    "CollateralTaken": ("account", "provider"),
    "DebtLeft": ("account", "provider"),
    "SliceClosed": ("account", "reward"),
}
"""
The events after which an account may have something, and the arguments naming it; one
that is 0 names nobody.
"""


class Accounts(Protocol):
    """Something that knows accounts."""

    def known(self, chain: Chain, block: Block) -> Sequence[AccountId]:
        """Return every account that had anything up to ``block``, ascending."""
        ...


@dataclass(frozen=True)
class Given:
    """Accounts that are known beforehand."""

    accounts: Sequence[AccountId]

    def known(self, chain: Chain, block: Block) -> Sequence[AccountId]:
        """Return them."""
        return self.accounts


class LogReader(Protocol):
    """A chain that can be asked for events of the past."""

    def events(self, contract: Contract, first: int, last: int) -> Sequence[Event]:
        """Return a contract's events from block ``first`` to block ``last``."""
        ...


@dataclass
class FromEvents:
    """
    Accounts that the clearinghouse's events have named.

    What was read is remembered, so that each block is read once; a keeper that starts
    anew reads all of them again.
    """

    reader: LogReader
    clearinghouse: Contract
    next_block: int
    page: int = PAGE
    _found: set[AccountId] = field(default_factory=set, repr=False)

    def known(self, chain: Chain, block: Block) -> Sequence[AccountId]:
        """Read on to ``block`` and return every account found so far."""
        while self.next_block <= block.number:
            last = min(self.next_block + self.page - 1, block.number)
            events = self.reader.events(self.clearinghouse, self.next_block, last)
            self._found.update(account for e in events for account in named_by(e))
            self.next_block = last + 1
        return sorted({*self._found, BACKSTOP_FUND})


def named_by(event: Event) -> Sequence[AccountId]:
    """Return the accounts that an event names."""
    named = (event.arguments[argument] for argument in NAMING.get(event.name, ()))
    return [AccountId(account) for account in named if account != 0]
