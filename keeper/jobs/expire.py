"""
Cancel orders whose last second is over.

They can't be filled any more, but they bind their makers' margin and cost whoever meets
them a visit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain, Contract
from keeper.errors import UserError
from keeper.job import Call
from keeper.mirror_book import read_book, reader_of
from keeper.mirror_ticks import Mismatch
from specs.book_state import Order, OrderId
from specs.fixed_point import Seconds
from specs.matching import has_expired
from specs.state import NOBODY

INTERVAL: Final = 60  # seconds
BATCH: Final = 32
"""Orders in one call, as many as the contract takes."""
ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Snapshot:
    """What rests, and the time."""

    now: Seconds
    orders: Mapping[OrderId, Order]


@dataclass(frozen=True)
class Expire:
    """Send ``cancel`` for orders that have expired, those longest ago first."""

    order_book: Contract
    instruments: Sequence[int]
    batch: int = BATCH
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="expire", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """
        Return what rests as of one block.

        Words are read one by one, of the newest block: if there is a newer one at the
        end, everything is read again. Raise `UserError` if that does not help.
        """
        for _ in range(ATTEMPTS):
            reader = reader_of(chain, self.order_book.address)
            try:
                state = read_book(reader, NOBODY, self.instruments)
            except Mismatch:
                # Two words of two blocks: what is torn will not be so again.
                state = None
            latest = chain.block()
            if state is not None and latest.number == block.number:
                return Snapshot(Seconds(block.timestamp), state.orders)
            block = latest
        raise UserError(f"no block lasted for one reading in {ATTEMPTS} attempts")

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Cancel what has expired."""
        gone = sorted(
            (order.expiry, name)
            for name, order in snapshot.orders.items()
            if has_expired(order, snapshot.now)
        )
        because = f"{len(gone)} orders have expired"
        return [
            Call(self.order_book, "cancel", (names,), because)
            for start in range(0, len(gone), self.batch)
            for names in ([name for _, name in gone[start : start + self.batch]],)
        ]
