"""
What a keeper job is: read at one block, decide without side effects.

A job keeps nothing between two rounds: all that it decides on is in the snapshot, so
a keeper that was killed goes on where the chain stands, and two keepers side by side
only race.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from keeper.chain.interface import Block, Chain, Contract
from specs import errors

Snapshot = TypeVar("Snapshot")

KNOWN: Final = frozenset(
    kind.reason
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.Revert) and kind.reason
)
"""Every reason for which the specification refuses something."""


@dataclass(frozen=True)
class Call:
    """A transaction that a job wants sent, and why."""

    contract: Contract
    method: str
    arguments: tuple[Any, ...]
    because: str
    expected: frozenset[str] = KNOWN
    """Refusals that mean no more than that somebody else, or the market, was faster."""

    def __str__(self) -> str:
        """Return the call as one would write it, long arguments shortened."""
        shown = ", ".join(_shorten(repr(item)) for item in self.arguments)
        return f"{self.contract.name}.{self.method}({shown})"


class Job(Protocol[Snapshot]):
    """One of the keeper's duties."""

    @property
    def name(self) -> str:
        """Return the job's name, the contract's verb."""
        ...

    @property
    def interval(self) -> int:
        """Return the seconds between two rounds."""
        ...

    @property
    def passes(self) -> int:
        """
        Return how often a round at most reads and decides: more than once if what it
        sends may leave more of the same to be done.
        """
        ...

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Return all that the decision depends on, read at `block`."""
        ...

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Return what to send; the same snapshot always gives the same calls."""
        ...


def _shorten(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
