"""
Governing through the timelock: what is announced, and done once it has waited.

The timelock makes any call that its proposer scheduled; what loosens waits a second
time, in the Clearinghouse, which `announcement` is for.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from keeper.chain.codec import codec_of
from keeper.chain.interface import Chain, Contract, LocalChain


@dataclass(frozen=True)
class Order:
    """A call that a governor makes."""

    contract: Contract
    method: str
    arguments: tuple[Any, ...]

    @property
    def calldata(self) -> bytes:
        """Return the call as the contract receives it."""
        found = codec_of(self.contract.name).method(self.method, self.arguments)
        return found.encode(self.arguments)

    @property
    def words(self) -> tuple[str, bytes]:
        """Return the call as the timelock names it."""
        return self.contract.address, self.calldata


def announcement(order: Order) -> Order:
    """Return the call with which a governor announces a setter's call."""
    return Order(order.contract, "queue", (keccak(order.calldata),))


def give(chain: Chain, governor: str, orders: Sequence[Order]) -> None:
    """Make calls as the governor oneself."""
    for order in orders:
        chain.send(governor, order.contract, order.method, *order.arguments)


def enact(
    chain: Chain, proposer: str, timelock: Contract, orders: Sequence[Order]
) -> None:
    """Schedule calls, let the timelock's delay pass, and have all of them made."""
    for order in orders:
        chain.send(proposer, timelock, "schedule", *order.words)
    pass_time(chain, chain.call(timelock, "DELAY"))
    for order in orders:
        chain.send(proposer, timelock, "execute", *order.words)


def pass_time(chain: Chain, seconds: int) -> None:
    """Let so many seconds pass: at once if the chain allows, else by waiting."""
    if isinstance(chain, LocalChain):
        chain.advance_to(chain.block().timestamp + seconds)
    else:
        time.sleep(seconds + 1)
