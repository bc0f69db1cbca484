"""Each deliberate mistake in the specification breaks the invariant that it should."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specs import book_basis, invariants
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.settle_code import AssetPrice, MarkPrice
from specs.world import take
from tests.helpers.worlds import start_at
from tests.mutants.book_catalogue import BOOK_MUTANTS
from tests.mutants.catalogue import SPEC_MUTANTS
from tests.mutants.surgery import mutated
from tests.stateful import book_walk
from tests.stateful.walk import wander

SEEDS, STEPS = 800, 100
FOUND = Path(__file__).parent / "seeds.json"
"""
The seed at which each mutant was met when last looked for, tried first: walks change,
and then it is looked for again. ``python -m tests.mutants.seeds`` writes them.
"""


class Violated(Exception):
    """The invariant that was looked at does not hold."""


def find_violation(number, path=wander, hint=None):
    """
    Return a seed whose walk along a path breaks an invariant, or None: the hint, or the
    first one.
    """
    state = invariants.STATE_INVARIANTS.get(number, lambda world: True)
    change = invariants.TRANSITION_INVARIANTS.get(number, lambda *transition: True)

    def step(world, action):
        try:
            after = take(world, action)
        except Revert:
            return world
        if not (state(after) and change(world, after, action)):
            raise Violated
        return after

    for seed in range(SEEDS) if hint is None else (hint, *range(SEEDS)):
        try:
            path(seed, STEPS, step)
        except Violated:
            return seed
    return None


def name_of(mutant):
    """Return what a mutant is known by."""
    return " | ".join((mutant.number, mutant.place, mutant.old, mutant.new))


def search(mutant, path, hint=None):
    """Return a seed whose walk meets the mutant, or None."""
    with mutated(mutant.place, mutant.old, mutant.new):
        return find_violation(mutant.number, path, hint)


@pytest.fixture(scope="module")
def hints():
    return json.loads(FOUND.read_text())


@pytest.mark.parametrize("mutant", SPEC_MUTANTS, ids=lambda mutant: mutant.number)
def test_mutant_breaks_its_invariant(mutant, hints):
    assert search(mutant, wander, hints.get(name_of(mutant))) is not None


@pytest.mark.parametrize("mutant", BOOK_MUTANTS, ids=lambda mutant: mutant.place)
def test_mutant_of_the_book_breaks_its_invariant(mutant, hints):
    hint = hints.get(name_of(mutant))
    assert search(mutant, book_walk.wander, hint) is not None


def test_unbounded_mark_breaks_its_invariant():
    def bounded():
        slow = 100 * WAD
        mark = slow + book_basis.limit(20 * WAD, slow, 50_000)
        return replace(
            start_at("a market at work"),
            asset_prices={1: AssetPrice(slow, slow, 1)},
            mark_prices={0: MarkPrice(mark, 0, 1)},
        )

    assert invariants.marks_are_bounded(bounded())
    with mutated("book_basis.limit", "sorted((-most, distance, most))[1]", "distance"):
        assert not invariants.marks_are_bounded(bounded())


def test_every_invariant_has_a_mutant():
    executable = {*invariants.STATE_INVARIANTS, *invariants.TRANSITION_INVARIANTS}
    mutants = {mutant.number for mutant in (*SPEC_MUTANTS, *BOOK_MUTANTS)}
    assert mutants | {"I29"} == executable
