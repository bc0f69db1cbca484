"""
Every executable invariant, checked on what the chain stores.

After every transaction storage is read back into the specification's terms, and what
must hold of each step is asked of the world before and after it; after every tick,
what must hold of each state.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from specs.invariants import STATE_INVARIANTS, TRANSITION_INVARIANTS
from specs.world import Action, World, with_ghosts


@dataclass
class Tally:
    """How often an invariant was checked, and how often it did not hold."""

    checked: int = 0
    violated: int = 0


@dataclass
class Checker:
    """Counts checks; remembers the first invariant that did not hold."""

    tally: dict[str, Tally] = field(default_factory=dict)
    first_violated: str | None = None

    def __post_init__(self) -> None:
        """List every invariant, in the order of their numbers."""
        codes = {*STATE_INVARIANTS, *TRANSITION_INVARIANTS}
        for code in sorted(codes, key=lambda code: int(code[1:])):
            self.tally.setdefault(code, Tally())

    def check_state(self, world: World, but: Set[str] = frozenset()) -> None:
        """Check what holds at any moment, but for some."""
        asked = {code: h for code, h in STATE_INVARIANTS.items() if code not in but}
        self._check(asked, world)

    def check_step(self, before: World, after: World, action: Action) -> World:
        """Check what holds of any step; return ``after`` with its ghosts counted."""
        after = with_ghosts(before, after, action)
        self._check(TRANSITION_INVARIANTS, before, after, action)
        return after

    def _check(
        self, invariants: Mapping[str, Callable[..., bool]], *arguments: Any
    ) -> None:
        for code, holds in invariants.items():
            tally = self.tally[code]
            tally.checked += 1
            if not holds(*arguments):
                tally.violated += 1
                self.first_violated = self.first_violated or code
