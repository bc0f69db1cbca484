"""
Where events and words come from: a node, asked about one block at a time.

A block is known by its number and its hash: a number whose hash has changed is another
block, and all that was read of the old one is in doubt.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from keeper.artifacts import artifact
from keeper.chain.codec import decode_events
from keeper.chain.interface import Contract, Event
from keeper.errors import UserError
from keeper.mirror import slot_of, slots_of

BATCH: Final = 500
"""Words that are asked for at once."""

Place = tuple[Any, ...]
"""A variable of the contract by its name, and the keys under it."""


@dataclass(frozen=True)
class Header:
    """A block, as far as it matters here."""

    number: int
    hash: bytes
    timestamp: int


@dataclass(frozen=True)
class Told:
    """An event, and the block that it is in."""

    number: int
    hash: bytes
    event: Event


class Source(Protocol):
    """One contract on a chain."""

    @property
    def identity(self) -> str:
        """Return which contract on which chain it is."""
        ...

    def head(self) -> Header:
        """Return the newest block."""
        ...

    def header(self, number: int) -> Header | None:
        """Return the block that has a number now; None if there is none."""
        ...

    def events(self, first: int, last: int) -> Sequence[Told]:
        """Return the contract's events from block ``first`` to block ``last``."""
        ...

    def words(self, places: Sequence[Place], number: int) -> Sequence[int]:
        """Return words of the contract's storage as of a block."""
        ...


class NodeSource:
    """A contract on a node that web3 speaks to; words are asked for in batches."""

    def __init__(self, web3: Any, contract: Contract, batch: int = BATCH) -> None:
        """Ask nothing yet."""
        self._web3 = web3
        self._contract = contract
        self._batch = batch
        layout = artifact(contract.name).layout["storage_layout"]
        self._slots = slots_of(layout)

    @property
    def identity(self) -> str:
        """Return which contract on which chain it is."""
        return f"{_asked(lambda: self._web3.eth.chain_id)} {self._contract.address}"

    def head(self) -> Header:
        """Return the newest block."""
        return header_of(_asked(lambda: self._web3.eth.get_block("latest")))

    def header(self, number: int) -> Header | None:
        """Return the block that has a number now; None if there is none."""
        from web3.exceptions import BlockNotFound

        try:
            return header_of(_asked(lambda: self._web3.eth.get_block(number)))
        except BlockNotFound:
            return None

    def events(self, first: int, last: int) -> Sequence[Told]:
        """Return the contract's events; half of the blocks at a time if asked to."""
        from web3.exceptions import Web3RPCError

        bounds = {"fromBlock": first, "toBlock": last}
        query = {"address": self._contract.address, **bounds}
        try:
            found = _asked(lambda: self._web3.eth.get_logs(query))
        except Web3RPCError as error:
            if first == last:
                raise UserError(f"the node says: {_line(error)}") from None
            middle = (first + last) // 2
            return [*self.events(first, middle), *self.events(middle + 1, last)]
        return [told for log in found for told in self._told(log)]

    def words(self, places: Sequence[Place], number: int) -> Sequence[int]:
        """Return words of the contract's storage as of a block."""
        slots = [slot_at(self._slots, place) for place in places]
        found: list[int] = []
        for start in range(0, len(slots), self._batch):
            found += self._ask_all(slots[start : start + self._batch], number)
        return found

    def _told(self, log: Any) -> Sequence[Told]:
        address, topics = self._contract.address, [bytes(t) for t in log["topics"]]
        names = {address: self._contract.name}
        events = decode_events([(address, topics, bytes(log["data"]))], names)
        number, digest = int(log["blockNumber"]), bytes(log["blockHash"])
        return [Told(number, digest, event) for event in events]

    def _ask_all(self, slots: Sequence[int], number: int) -> list[int]:
        """Return words asked for at once, without what web3 makes of each question."""
        address, at = self._contract.address, hex(number)
        method = "eth_getStorageAt"
        requests = [(method, [address, hex(slot), at]) for slot in slots]
        request = self._web3.provider.make_batch_request
        answers = _asked(lambda: request(requests))
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise UserError(
                f"the node answers no batch of {len(requests)} requests: {answers}"[
                    :200
                ]
            )
        ordered = sorted(answers, key=lambda answer: int(answer["id"]))
        return [int(result_of(answer), 16) for answer in ordered]


def can_batch(web3: Any) -> bool:
    """Return whether many questions can be asked at once; not of a chain in Ape."""
    return hasattr(web3.provider, "make_batch_request")


def header_of(block: Any) -> Header:
    """Return a block as web3 has it."""
    number, digest = int(block["number"]), bytes(block["hash"])
    return Header(number, digest, int(block["timestamp"]))


def result_of(answer: Any) -> Any:
    """Return what a node answered; raise `UserError` if that is a refusal."""
    if "result" not in answer:
        said = answer.get("error", answer)
        text = said.get("message", said) if isinstance(said, dict) else said
        raise UserError(f"the node says: {text}"[:200])
    return answer["result"]


def slot_at(slots: Mapping[str, int], place: Place) -> int:
    """Return the slot of a place; an account's own is computed once for all of it."""
    name, *keys = place
    slot = slots[name]
    for key in keys:
        slot = slot_of(slot, key)
    return slot


def _asked(question: Callable[[], Any]) -> Any:
    """Return a node's answer; raise `UserError` if it can't be reached."""
    from requests.exceptions import RequestException
    from web3.exceptions import ProviderConnectionError

    try:
        return question()
    except (RequestException, ProviderConnectionError, OSError) as error:
        raise UserError(
            f"cannot reach the node: {_line(error)}; start it or choose another "
            "--network"
        ) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
