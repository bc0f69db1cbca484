"""
The words of all accounts, one array for all, a column for each word of an account.

A word is four limbs of 64 bits, the lowest first, so that nothing is lost; a row on
disk is the same bytes one column after the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from keeper.watch.layout import Key, Layout
from specs.accounts import AccountId

WORD: Final = 32
LIMBS: Final = 4

Limbs = NDArray[np.uint64]
Row = Mapping[Key, int]
"""The words of an account that are not zero."""


class Columns:
    """Words of accounts, by row and column."""

    def __init__(self, layout: Layout, capacity: int = 1024) -> None:
        """Begin with nobody, and room for so many."""
        self.layout = layout
        self.names: list[AccountId] = []
        self.rows: dict[AccountId, int] = {}
        shape = len(layout.keys), capacity, LIMBS
        self._words: Limbs = np.zeros(shape, dtype="<u8")

    def __len__(self) -> int:
        """Return how many accounts there are."""
        return len(self.names)

    def column(self, name: str, number: int | None = None) -> Limbs:
        """Return a column: of each account the four limbs of its word."""
        return self._words[self.layout.places[name, number], : len(self)]

    def word(self, account: AccountId, name: str, number: int | None = None) -> int:
        """Return one word; 0 of an account that is not there."""
        place, row = self.layout.places.get((name, number)), self.rows.get(account)
        if place is None or row is None:
            return 0
        return int.from_bytes(self._words[place, row].tobytes(), "little")

    def row(self, account: AccountId) -> tuple[int, ...]:
        """Return all words of an account, in the order of the columns."""
        data = self.packed(account)
        return tuple(
            int.from_bytes(data[at : at + WORD], "little")
            for at in range(0, len(data), WORD)
        )

    def packed(self, account: AccountId) -> bytes:
        """Return the same as `pack_row` has it."""
        return self._words[:, self.rows[account]].tobytes()

    def put(self, names: Sequence[AccountId], data: Sequence[bytes]) -> None:
        """Set the rows of accounts, each given as `pack_row` has it."""
        if not names:
            return
        for name in names:
            if name not in self.rows:
                self.rows[name] = len(self.names)
                self.names.append(name)
        self._grow(len(self.names))
        shape = len(names), len(self.layout.keys), LIMBS
        found = np.frombuffer(b"".join(data), dtype="<u8").reshape(shape)
        at = np.array([self.rows[name] for name in names])
        self._words[:, at] = found.transpose(1, 0, 2)

    def _grow(self, size: int) -> None:
        """Make room for so many rows, for twice as many if there is too little."""
        width, capacity, _ = self._words.shape
        if size > capacity:
            more = np.zeros((width, max(size, 2 * capacity) - capacity, LIMBS), "<u8")
            self._words = np.concatenate([self._words, more], axis=1)


def pack_row(layout: Layout, row: Row) -> bytes:
    """Return the bytes of a row."""
    return b"".join([row.get(key, 0).to_bytes(WORD, "little") for key in layout.keys])


def pack_rows(layout: Layout, rows: Iterable[Row]) -> list[bytes]:
    """Return the bytes of several rows."""
    return [pack_row(layout, row) for row in rows]
