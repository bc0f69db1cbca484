"""The history of a deployment, read from a node."""

from collections.abc import Iterator
from typing import Final

from keeper.chain.interface import Contract, Event
from keeper.discovery import LogReader

PAGE: Final = 1_000
"""Blocks that are asked for at once."""


def read(
    reader: LogReader, contract: Contract, first: int, last: int, page: int = PAGE
) -> Iterator[Event]:
    """Yield a contract's events from block ``first`` to ``last``, a page at a time."""
    for start in range(first, last + 1, page):
        yield from reader.events(contract, start, min(start + page - 1, last))
