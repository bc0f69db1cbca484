"""Whether a chain's storage is what its events tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keeper import mirror
from keeper.chain.interface import Chain, Contract
from keeper.discovery import LogReader
from keeper.history.books import Books
from keeper.history.reader import read
from keeper.history.replaying import replay
from specs.accounts import NEW
from specs.clearinghouse import State


@dataclass(frozen=True)
class Audit:
    """What events tell, and where the storage says something else."""

    block: int
    """Up to which the events were read."""
    events: int
    books: Books
    differences: tuple[str, ...]


def audit(
    chain: Chain,
    reader: LogReader,
    clearinghouse: Contract,
    liquidator: Contract,
    first: int,
) -> Audit:
    """
    Return what all events since block ``first`` tell, beside the storage.

    The storage is that of the newest block: where one came meanwhile, everything is
    read again.
    """
    while True:
        last = chain.block().number
        events = [
            event
            for contract in (clearinghouse, liquidator)
            for event in read(reader, contract, first, last)
        ]
        books = replay(events)
        words = mirror.reader_of(chain, clearinghouse.name, clearinghouse.address)
        stored = mirror.read_clearing(words, scope_of(books.clearing))
        words = mirror.reader_of(chain, liquidator.name, liquidator.address)
        pledged = mirror.read_liquidator(words).providers
        if chain.block().number == last:
            break
    found = list(differing(books.clearing, stored))
    if list(books.liquidator.providers.items()) != list(pledged.items()):
        found.append("providers")
    return Audit(last, len(events), books, tuple(found))


def scope_of(state: State) -> mirror.Scope:
    """Return all that events have named, to be looked for in the storage."""
    return mirror.Scope(
        assets=tuple(state.assets),
        markets=tuple(state.markets),
        accounts=tuple(state.accounts),
        operators=tuple({operator for _, operator in state.operators}),
        venues=tuple(state.venues),
        changes={change: int.from_bytes(change[0], "big") for change in state.queued},
    )


def differing(told: State, stored: State) -> Iterator[str]:
    """Yield the names of what differs: a field of the state, or an entry of a map."""
    for name, found in vars(stored).items():
        expected: Any = getattr(told, name)
        if name == "accounts":
            expected = {key: held for key, held in expected.items() if held != NEW}
        if not isinstance(found, dict):
            if expected != found:
                yield name
            continue
        for key in expected.keys() | found.keys():
            if expected.get(key) != found.get(key):
                yield f"{name} {key}"
