"""
What is remembered between two runs, in a file that survives being killed.

SQLite: what belongs together is written in one transaction, or not at all. A file has
one keeper; it belongs to one contract and to one layout, and begins anew for another.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keeper.errors import UserError
from keeper.watch.layout import Layout
from specs.accounts import AccountId

FORM: Final = 1
"""Of the file; one of another form is begun anew."""

ID: Final = 32
"""Bytes of an account's number."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS accounts (id BLOB PRIMARY KEY, words BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stale (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash BLOB, names BLOB);
"""


@dataclass(frozen=True)
class Seen:
    """A block whose events were read, and whom they name."""

    number: int
    hash: bytes
    names: frozenset[AccountId] = frozenset()


@dataclass(frozen=True)
class Change:
    """What is written at once."""

    next_block: int | None = None
    rows: Mapping[AccountId, bytes] = field(default_factory=dict)
    """Of accounts that are stale no more."""
    stale: Iterable[AccountId] = ()
    """Accounts whose words have to be read."""
    seen: Sequence[Seen] = ()
    """Newest blocks; earlier words about the same number are replaced."""
    dropped: Iterable[int] = ()
    """Numbers of blocks that are no more, or so old that nobody asks."""


@dataclass(frozen=True)
class Remembered:
    """What a file holds."""

    next_block: int | None
    """The first one whose events were not read; None if nothing was."""
    names: Sequence[AccountId]
    rows: Sequence[bytes]
    stale: frozenset[AccountId]
    seen: Sequence[Seen]
    """In their order."""


class Store:
    """A file, or memory if it has no path."""

    def __init__(self, path: Path | None, identity: str, layout: Layout) -> None:
        """
        Open a file, and empty it if it is of another contract, layout or form.

        Raise `UserError` if it can't be used.
        """
        self.path = path
        kind = json.dumps([FORM, identity, layout.keys])
        try:
            self._file = sqlite3.connect(path or ":memory:", timeout=1)
            self._file.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            with self._file:
                # Another keeper is told here that somebody has the file.
                self._file.execute("BEGIN EXCLUSIVE")
                for statement in TABLES.strip().split("\n"):
                    self._file.execute(statement)
                if self._fact("kind") != kind:
                    for table in ("facts", "accounts", "stale", "blocks"):
                        self._file.execute(f"DELETE FROM {table}")
                    self._file.execute("INSERT INTO facts VALUES ('kind', ?)", (kind,))
        except sqlite3.OperationalError as error:
            is_used = "locked" in str(error)
            cause = "another keeper uses it" if is_used else str(error)
            remedy = "name another file with --mirror"
            raise UserError(f"{path}: {cause}; {remedy}") from None
        except sqlite3.DatabaseError as error:
            remedy = "remove it, or name another one with --mirror"
            raise UserError(f"{path}: {error}; {remedy}") from None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def load(self) -> Remembered:
        """Return all that was written."""
        next_block = self._fact("next_block")
        held = self._file.execute("SELECT id, words FROM accounts").fetchall()
        stale = self._file.execute("SELECT id FROM stale").fetchall()
        seen = self._file.execute("SELECT * FROM blocks ORDER BY number").fetchall()
        return Remembered(
            next_block=int(next_block) if next_block is not None else None,
            names=[_to_name(name) for name, _ in held],
            rows=[words for _, words in held],
            stale=frozenset(_to_name(name) for (name,) in stale),
            seen=[
                Seen(number, digest, frozenset(_to_names(names)))
                for number, digest, names in seen
            ],
        )

    def write(self, change: Change) -> None:
        """Write a change, all of it or nothing."""
        with self._file as file:
            file.executemany(
                "DELETE FROM blocks WHERE number = ?", [(n,) for n in change.dropped]
            )
            file.executemany(
                "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)",
                [(s.number, s.hash, _from_names(s.names)) for s in change.seen],
            )
            file.executemany(
                "INSERT OR REPLACE INTO accounts VALUES (?, ?)",
                [(_from_name(name), row) for name, row in change.rows.items()],
            )
            file.executemany(
                "DELETE FROM stale WHERE id = ?",
                [(_from_name(name),) for name in change.rows],
            )
            file.executemany(
                "INSERT OR IGNORE INTO stale VALUES (?)",
                [(_from_name(name),) for name in change.stale],
            )
            if change.next_block is not None:
                file.execute(
                    "INSERT OR REPLACE INTO facts VALUES ('next_block', ?)",
                    (str(change.next_block),),
                )

    def _fact(self, name: str) -> str | None:
        query = "SELECT value FROM facts WHERE name = ?"
        found = self._file.execute(query, (name,)).fetchone()
        return str(found[0]) if found else None


def _from_name(name: AccountId) -> bytes:
    return name.to_bytes(ID, "big")


def _to_name(data: bytes) -> AccountId:
    return AccountId(int.from_bytes(data, "big"))


def _from_names(names: Iterable[AccountId]) -> bytes:
    return b"".join([_from_name(name) for name in sorted(names)])


def _to_names(data: bytes) -> list[AccountId]:
    return [_to_name(data[at : at + ID]) for at in range(0, len(data), ID)]
