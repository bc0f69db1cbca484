"""
Layer 4, in small: each executable invariant, asserted along random walks.

What `make test` and `make deep` do by the million is done here for the seeds at which
the invariant is known to be at stake: those whose walk breaks it once the specification
has one of the faults of ``tests/mutants``. On the specification as it is they keep it.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from specs.errors import Revert
from specs.invariants import STATE_INVARIANTS, TRANSITION_INVARIANTS
from specs.world import Action, World, take
from tests.mutants import surgery, test_spec_mutants
from tests.mutants.book_catalogue import BOOK_MUTANTS
from tests.mutants.catalogue import SPEC_MUTANTS
from tests.mutants.catalogue import Mutant as Fault
from tests.mutants.test_spec_mutants import FOUND, STEPS, name_of, search
from tests.proofs.proof import Refuted, Undecided
from tests.stateful import book_walk, walk

PATHS = {"protocol": walk.wander, "book": book_walk.wander}
MORE = 3
"""Seeds to walk besides, from 0 on."""

_BY_HAND = {"I29": test_spec_mutants.test_unbounded_mark_breaks_its_invariant}
"""Invariants that no walk can break: a test holds a state of their own against them."""


@dataclass(frozen=True)
class Walked:
    """An invariant that is a function, and the faults that must break it."""

    identity: str
    statement: str
    mutants: tuple[Fault, ...]
    layer: int = 4
    tool: str = "walks"

    def check(self, root: Path) -> str:
        """Raise if a walk breaks the invariant."""
        seeds = {(path, seed) for path in PATHS for seed in range(MORE)}
        hints = (
            (path_of(fault), _hints().get(name_of(fault))) for fault in self.mutants
        )
        seeds |= {(path, seed) for path, seed in hints if seed is not None}
        for path, seed in sorted(seeds):
            found = violate(self.identity, path, seed)
            if found:
                raise Refuted(found)
        return ""

    def refute(self, mutant: Fault) -> str:
        """Return where the fault is met."""
        path = path_of(mutant)
        if self.identity in _BY_HAND:
            _BY_HAND[self.identity]()
            return f"a state that no walk comes to, by {mutant.place}"
        seed = search(mutant, PATHS[path], _hints().get(name_of(mutant)))
        if seed is None:
            raise Undecided("survived")
        return f"seed {seed} of the {path}'s walk meets a fault in {mutant.place}"

    def locate(self, mutant: Fault) -> None:
        """Raise ValueError unless the fault has its one place in the specification."""
        if mutant.old or self.identity not in _BY_HAND:
            surgery.locate(mutant.place, mutant.old)

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return a walk on which the invariant is at stake."""
        return counterexamples[0] if counterexamples else ""


def collect() -> list[Walked]:
    """Return every invariant that is a function, in the order of their numbers."""
    numbers = sorted(
        {*STATE_INVARIANTS, *TRANSITION_INVARIANTS}, key=lambda n: int(n[1:])
    )
    return [
        Walked(number, statement_of(number), faults_of(number)) for number in numbers
    ]


def functions_of(number: str) -> list:
    """Return the functions that say whether an invariant holds."""
    both = STATE_INVARIANTS, TRANSITION_INVARIANTS
    return [functions[number] for functions in both if number in functions]


def statement_of(number: str) -> str:
    """Return what the docstrings of an invariant's functions say."""
    said = (" ".join((f.__doc__ or "").split()) for f in functions_of(number))
    return "; ".join(text.removeprefix(f"{number}: ").rstrip(".") for text in said)


def faults_of(number: str) -> tuple[Fault, ...]:
    """Return the deliberate mistakes that an invariant has to notice."""
    found = [
        fault for fault in (*SPEC_MUTANTS, *BOOK_MUTANTS) if fault.number == number
    ]
    if number in _BY_HAND:
        found.append(Fault(number, "book_basis.limit", "", ""))
    return tuple(found)


def path_of(fault: Fault) -> str:
    """Return the name of the walk on which a fault is looked for."""
    return "book" if fault in BOOK_MUTANTS else "protocol"


def violate(number: str, path: str, seed: int) -> str:
    """Return the step of a walk that breaks an invariant, or nothing."""
    state = STATE_INVARIANTS.get(number, lambda world: True)
    change = TRANSITION_INVARIANTS.get(number, lambda *transition: True)
    broken = []

    def step(world: World, action: Action) -> World:
        try:
            after = take(world, action)
        except Revert:
            return world
        if not (state(after) and change(world, after, action)):
            broken.append(f"{number} is broken by {action} (the {path}'s seed {seed})")
        return after

    PATHS[path](seed, STEPS, step)
    return broken[0] if broken else ""


@cache
def _hints() -> dict[str, int]:
    hints: dict[str, int] = json.loads(FOUND.read_text())
    return hints
