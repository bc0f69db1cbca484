"""Reads what the jobs need of all accounts, as the specification's state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from keeper.chain.interface import Block, Chain, Contract
from keeper.discovery import Accounts
from keeper.errors import UserError
from keeper.mirror import Scope, read_clearing, reader_of
from keeper.mirror_ticks import Mismatch
from specs.clearinghouse import State
from specs.fixed_point import Seconds

ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Snapshot:
    """The clearinghouse's state and the time."""

    now: Seconds
    state: State


class Sight(Protocol):
    """How a job sees the accounts that it is about."""

    @property
    def clearinghouse(self) -> Contract:
        """Return the contract behind which they are."""
        ...

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Return the state as of one block, with every account or those concerned."""
        ...


@dataclass(frozen=True)
class Watch:
    """Which assets, markets and accounts of a clearinghouse to read."""

    clearinghouse: Contract
    assets: Sequence[int]
    markets: Sequence[int]
    accounts: Accounts

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """
        Return the state as of one block.

        Words are read one by one, of the newest block: if there is a newer one at
        the end, everything is read again. Raise `UserError` if that does not help.
        """
        for _ in range(ATTEMPTS):
            known = self.accounts.known(chain, block)
            scope = Scope(self.assets, self.markets, known)
            reader = reader_of(chain, "Clearinghouse", self.clearinghouse.address)
            try:
                state = read_clearing(reader, scope)
            except Mismatch:
                # Two words of two blocks: what is torn will not be so again.
                state = None
            latest = chain.block()
            if state is not None and latest.number == block.number:
                return Snapshot(Seconds(block.timestamp), state)
            block = latest
        raise UserError(f"no block lasted for one reading in {ATTEMPTS} attempts")
