"""The paths that may be walked, and what each of them has to come by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.stateful import book_twin, book_walk, bulk, reached, reached_book, walk


@dataclass(frozen=True)
class Path:
    """How a seed is walked, on which contracts, and what all walks have to meet."""

    open_twin: Callable[[], Any]
    wander: Callable[..., Any]
    reached: frozenset[str]


PATHS = {
    "protocol": Path(bulk.open_twin, walk.wander, reached.REACHED),
    "book": Path(book_twin.open_book_twin, book_walk.wander, reached_book.REACHED),
}
