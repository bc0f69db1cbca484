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
    """A contract on a node that speaks JSON-RPC; words are asked in batches."""

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
        return f"{self._ask('eth_chainId', [])} {self._contract.address}"

    def head(self) -> Header:
        """Return the newest block."""
        found = self._block("latest")
        assert found is not None
        return found

    def header(self, number: int) -> Header | None:
        """Return the block that has a number now; None if there is none."""
        return self._block(hex(number))

    def events(self, first: int, last: int) -> Sequence[Told]:
        """Return the contract's events; half of the blocks at a time if asked to."""
        bounds = {"fromBlock": hex(first), "toBlock": hex(last)}
        query = {"address": self._contract.address, **bounds}
        try:
            found = self._ask("eth_getLogs", [query])
        except TooMuch as error:
            if first == last:
                raise UserError(str(error)) from None
            middle = (first + last) // 2
            return [*self.events(first, middle), *self.events(middle + 1, last)]
        return [told for log in found for told in self._told(log)]

    def words(self, places: Sequence[Place], number: int) -> Sequence[int]:
        """Return words of the contract's storage as of a block."""
        address, at = self._contract.address, hex(number)
        slots = [hex(slot_at(self._slots, place)) for place in places]
        found: list[int] = []
        for start in range(0, len(slots), self._batch):
            asked = slots[start : start + self._batch]
            answers = self._ask_all(
                [("eth_getStorageAt", [address, slot, at]) for slot in asked]
            )
            found += [int(answer, 16) for answer in answers]
        return found

    def _told(self, log: Any) -> Sequence[Told]:
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
        address, data = self._contract.address, bytes.fromhex(log["data"][2:])
        names = {address: self._contract.name}
        number, digest = (
            int(log["blockNumber"], 16),
            bytes.fromhex(log["blockHash"][2:]),
        )
        events = decode_events([(address, topics, data)], names)
        return [Told(number, digest, event) for event in events]

    def _block(self, number: str) -> Header | None:
        found = self._ask("eth_getBlockByNumber", [number, False])
        if found is None:
            return None
        digest = bytes.fromhex(found["hash"][2:])
        return Header(int(found["number"], 16), digest, int(found["timestamp"], 16))

    def _ask(self, method: str, arguments: Sequence[Any]) -> Any:
        request = self._web3.provider.make_request
        return result_of(_send(lambda: request(method, arguments)))

    def _ask_all(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        request = self._web3.provider.make_batch_request
        answers = _send(lambda: request(requests))
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise UserError(
                f"the node answers no batch of {len(requests)} requests: {answers}"[
                    :200
                ]
            )
        ordered = sorted(answers, key=lambda answer: int(answer["id"]))
        return [result_of(answer) for answer in ordered]


class TooMuch(UserError):
    """The node refused a question: it may answer a smaller one."""


def result_of(answer: Any) -> Any:
    """Return what a node answered; raise `TooMuch` if that is a refusal."""
    if "result" not in answer:
        said = answer.get("error", answer)
        text = said.get("message", said) if isinstance(said, dict) else said
        raise TooMuch(f"the node says: {text}"[:200])
    return answer["result"]


def slot_at(slots: Mapping[str, int], place: Place) -> int:
    """Return the slot of a place; an account's own is computed once for all of it."""
    name, *keys = place
    slot = slots[name]
    for key in keys:
        slot = slot_of(slot, key)
    return slot


def _send(request: Callable[[], Any]) -> Any:
    from requests.exceptions import RequestException
    from web3.exceptions import Web3Exception

    try:
        return request()
    except (RequestException, Web3Exception, OSError) as error:
        raise UserError(
            f"cannot reach the node: {' '.join(str(error).split())[:160]}; start it or "
            "choose another --network"
        ) from None
