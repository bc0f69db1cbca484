"""
The chain as the keeper sees it: the whole surface that an engine has to offer.

Two engines implement it: `keeper.chain.revm` runs in this process and is fast,
`keeper.chain.ape` works any network that Ape can reach, with Ape's accounts.

A `LocalChain` runs as fast as it is told. Its time stands still until `advance_to`
opens the next block; every transaction until then is in that one block, takes effect
at once, and is seen by the next read. A refused transaction leaves no trace, as on a
live chain where it is never sent. Both engines keep these rules, so the same calls
give the same blocks, timestamps and storage on both. Only addresses may differ, of
contracts deployed after their deployer has sent something else: pyrevm has no nonces
for calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from eth_account.signers.local import LocalAccount

from keeper.errors import Halt, UserError

__all__ = [
    "Block",
    "Chain",
    "Contract",
    "Event",
    "Halt",
    "LocalChain",
    "Receipt",
    "Refused",
    "UserError",
]


class Refused(Exception):
    """The contract refused the call; `reason` is its text, "" if it gave none."""

    def __init__(self, reason: str) -> None:
        """Keep the text that the contract gave."""
        super().__init__(reason or "reverted without a reason")
        self.reason = reason


@dataclass(frozen=True)
class Block:
    """A block's number and its timestamp in seconds."""

    number: int
    timestamp: int


@dataclass(frozen=True)
class Contract:
    """
    A deployed contract: which ABI, at which address (checksum form).

    `name` is the contract's name in `contracts/`; the Clearinghouse's stands for the
    union of its code bodies' ABIs.
    """

    name: str
    address: str


@dataclass(frozen=True)
class Event:
    """An event of a contract that the chain was told of, decoded."""

    name: str
    address: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Receipt:
    """
    What became of a transaction.

    `gas_used` is None where the engine does not count as the real one does, `hash`
    where there is none. `result` is the decoded return value on engines that run in
    this process, None elsewhere.
    """

    hash: str | None
    block: Block
    gas_used: int | None
    events: Sequence[Event]
    result: Any = None

    def event(self, name: str) -> Event:
        """Return the only event called `name`; raise `LookupError` otherwise."""
        found = [event for event in self.events if event.name == name]
        if len(found) != 1:
            raise LookupError(f"{len(found)} events {name}")
        return found[0]


@runtime_checkable
class Chain(Protocol):
    """A chain to read from and, with a signer, to send to."""

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        ...

    def block(self) -> Block:
        """Return the newest block; on a local chain the one that is open."""
        ...

    def at(self, name: str, address: str) -> Contract:
        """Return the contract `name` at `address`; its events are decoded from now."""
        ...

    def call(
        self, contract: Contract, method: str, *arguments: Any, block: int | None = None
    ) -> Any:
        """
        Return what a function says, as of `block` or the newest one.

        Nothing changes, and the caller is nobody (the zero address).

        Raise `Refused` if it reverts, `ValueError` if an argument is not of its type
        or if a local chain is asked for a block that is over.
        """
        ...

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction and wait for it; raise `Refused` if it reverts."""
        ...

    def deploy(self, sender: str, name: str, *arguments: Any) -> Contract:
        """Deploy the contract `name`; raise `Refused` if its constructor reverts."""
        ...

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        ...

    def code(self, address: str) -> bytes:
        """Return the code at `address`, empty if there is none."""
        ...


@runtime_checkable
class LocalChain(Chain, Protocol):
    """A chain that runs as it is told."""

    def advance_to(self, timestamp: int) -> Block:
        """
        Open a block at `timestamp`, or one second after the last if that is later.

        Return the block that is now open: what is sent next will be in it.
        """
        ...

    def unlock(self, account: LocalAccount) -> str:
        """Let the chain send for `account`, gas paid; return its address."""
        ...
