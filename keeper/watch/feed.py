"""
Follows the chain: which accounts events name, and what the storage says of these.

Events tell who changed, the storage what somebody has. Words are only read as of the
block up to which events were read, so an account whose last event was read has the
words that it has on the chain, and ``stale`` are those of whom this is not so yet. Each
step is written before the next one begins: whoever is killed goes on with what is
stale.

A block may be replaced. The newest blocks are remembered by their hashes, with whom
their events named; where the chain has another hash now, these are stale again, and
events are read from the last common block on. A chain that has no block in common with
what is remembered is read from the beginning.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from keeper.errors import UserError
from keeper.watch.columns import Columns, pack_row
from keeper.watch.layout import FIRST, Key, Layout
from keeper.watch.naming import UNTOLD, named_by
from keeper.watch.sheet import Sheet
from keeper.watch.source import Header, Place, Source, Told
from keeper.watch.store import Change, Seen, Store
from specs.accounts import AccountId
from specs.packing import POSITION

PAGE: Final = 2_000
"""Blocks whose events are asked for at once."""

CHUNK: Final = 250
"""Accounts that are read, and written, at once."""

DEPTH: Final = 64
"""Blocks that may be replaced without everything being read again."""

ATTEMPTS: Final = 3

ENTRY: Final = np.uint64(2 ** POSITION["entry"].width - 1)

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""

_log = logging.getLogger("keeper")


class Moved(Exception):
    """A block was replaced while it was being read."""


class Feed:
    """All accounts of a contract, as of the block in `at`."""

    def __init__(
        self,
        source: Source,
        layout: Layout,
        first_block: int,
        path: Path | None = None,
        progress: Progress = lambda what, done, total: None,
        page: int = PAGE,
        depth: int = DEPTH,
    ) -> None:
        """Go on with what is in the file at ``path``; ask the chain nothing yet."""
        self.source = source
        self.layout = layout
        self.at: Header | None = None
        self.columns = Columns(layout)
        self.sheet = Sheet(layout)
        self._first = first_block
        self._progress = progress
        self._page = page
        self._depth = depth
        self._store = Store(path, source.identity, layout)
        found = self._store.load()
        self._next = first_block if found.next_block is None else found.next_block
        self.columns.put(found.names, found.rows)
        self._stale = set(found.stale)
        self._seen = list(found.seen)
        self._visited: dict[int, list[int]] = defaultdict(list)
        """Prices that each market's cursor has been at since the sheet was read."""

    def sync(self) -> Header:
        """Come to the newest block and return it; raise `UserError` if none lasts."""
        for _ in range(ATTEMPTS):
            head = self.source.head()
            try:
                if head != self.at or self._stale:
                    self._unwind(head)
                    self._read_events(head)
                    self._read_accounts(head)
                    self._read_sheet(head)
                    self._require(head)
            except Moved:
                self.at = None
                continue
            self.at = head
            return head
        raise UserError(
            f"the newest block was replaced {ATTEMPTS} times while it was being read: "
            "is the node in sync?"
        )

    def suspect(self, names: Iterable[AccountId]) -> None:
        """Have accounts read again at the next `sync`, whatever events say."""
        doubted = set(names)
        self._store.write(Change(stale=doubted))
        self._stale |= doubted

    def suspect_shared(self) -> None:
        """Have all that accounts share read again at the next `sync`."""
        self.sheet.forget()
        self.at = None

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    # Blocks that were replaced

    def _unwind(self, head: Header) -> None:
        """Go back to the last block that is still there."""
        gone: list[Seen] = []
        while self._seen and not self._is_there(self._seen[-1], head):
            gone.append(self._seen.pop())
        if not gone:
            return
        stale = {name for block in gone for name in block.names}
        if self._seen:
            self._next = self._seen[-1].number + 1
            _log.warning(
                "blocks from %d on were replaced: %d accounts are read again",
                self._next,
                len(stale),
            )
        else:
            stale |= set(self.columns.names)
            self._next = self._first
            _log.warning(
                "the chain has no block in common with what is remembered: all events "
                "and %d accounts are read again",
                len(stale),
            )
        self._store.write(Change(self._next, {}, stale, (), [b.number for b in gone]))
        self._stale |= stale
        self.sheet.forget()

    def _is_there(self, block: Seen, head: Header) -> bool:
        if block.number >= head.number:
            return (block.number, block.hash) == (head.number, head.hash)
        found = self.source.header(block.number)
        return found is not None and found.hash == block.hash

    def _require(self, head: Header) -> None:
        """Raise `Moved` unless a block is still there."""
        if self.source.header(head.number) != head:
            raise Moved

    # Events

    def _read_events(self, head: Header) -> None:
        """Note whom the events up to a block name."""
        start = self._next
        while self._next <= head.number:
            last = self._next + self._page - 1
            # Within the depth only the head's own hash says what was read.
            if last >= head.number - self._depth:
                last = head.number
            told = self.source.events(self._next, last)
            self._note(told, head, last)
            self._progress("events", last + 1 - start, head.number + 1 - start)

    def _note(self, told: Iterable[Told], head: Header, last: int) -> None:
        """Write down whom events name, and which blocks these were in."""
        blocks: dict[tuple[int, bytes], set[AccountId]] = defaultdict(set)
        for each in told:
            blocks[each.number, each.hash] |= named_by(each.event)
            if each.event.name == "CursorMoved":
                said = each.event.arguments
                self._visited[said["market"]].append(said["price"])
        if last == head.number:
            blocks[head.number, head.hash] |= set()
        recent = [
            Seen(number, digest, frozenset(names))
            for (number, digest), names in sorted(blocks.items())
            if number >= head.number - self._depth
        ]
        if len({block.number for block in recent}) < len(recent):
            raise Moved
        stale = {name for names in blocks.values() for name in names}
        # The newest of those beyond the depth stays: something must be in common.
        old = [b.number for b in self._seen if b.number < head.number - self._depth]
        dropped = old[:-1]
        self._store.write(Change(last + 1, {}, stale, recent, dropped))
        self._next = last + 1
        self._stale |= stale
        self._seen = [b for b in self._seen if b.number not in dropped] + recent

    # Words

    def _read_accounts(self, head: Header) -> None:
        """Read the words of whoever is stale, some at a time."""
        names = sorted(self._stale.union(UNTOLD))
        for start in range(0, len(names), CHUNK):
            chunk = names[start : start + CHUNK]
            rows = {
                name: pack_row(self.layout, row)
                for name, row in self.read(chunk, head.number).items()
            }
            self._store.write(Change(rows=rows))
            self.columns.put(list(rows), list(rows.values()))
            self._stale -= rows.keys()
            self._progress("accounts", min(start + CHUNK, len(names)), len(names))

    def read(
        self, names: Iterable[AccountId], number: int
    ) -> Mapping[AccountId, dict[Key, int]]:
        """Return what the chain has of accounts as of a block, without what is zero."""
        known = {name: list(FIRST) for name in names}
        rows = self._ask(known, number)
        more = {
            name: self.layout.listed(name, row.get(("headers", None), 0))
            for name, row in rows.items()
        }
        for name, row in self._ask(more, number).items():
            rows[name] |= row
        return rows

    def _ask(
        self, wanted: Mapping[AccountId, Iterable[Key]], number: int
    ) -> dict[AccountId, dict[Key, int]]:
        pairs = [(name, key) for name, keys in wanted.items() for key in keys]
        found = self.source.words([place_of(*pair) for pair in pairs], number)
        rows: dict[AccountId, dict[Key, int]] = {name: {} for name in wanted}
        for (name, key), word in zip(pairs, found, strict=True):
            if word:
                rows[name][key] = word
        return rows

    def _read_sheet(self, head: Header) -> None:
        """Read what accounts share, and the ticks that a cursor may have crossed."""
        markets = self.layout.markets
        for market in markets:
            self._visited[market].append(self.sheet.cursor(market))
        self._fetch(self.sheet.fixed(), head)
        self._fetch(self.sheet.epochs(), head)
        for market in markets:
            path = [*self._visited[market], self.sheet.cursor(market)]
            if min(path) < max(path):
                self.sheet.forget_ticks(market, min(path), max(path))
        self._fetch(self.sheet.missing_ticks(self.occupied()), head)
        self._visited.clear()

    def _fetch(self, places: list[Place], head: Header) -> None:
        if not places:
            return
        found = self.source.words(places, head.number)
        self.sheet.words.update(zip(places, found, strict=True))

    def occupied(self) -> Mapping[int, list[int]]:
        """Return the ticks of each market at which somebody is."""
        found: dict[int, list[int]] = {}
        for market in self.layout.markets:
            entries = np.unique(self.columns.column("positions", market)[:, 0] & ENTRY)
            found[market] = [int(entry) - 1 for entry in entries if entry]
        return found


def place_of(account: AccountId, key: Key) -> Place:
    """Return where a word of an account is."""
    name, number = key
    return (name, account) if number is None else (name, account, number)
