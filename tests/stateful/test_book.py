"""Seeded walks on the book: invariants, outcomes, and the contract beside it all."""

from collections import Counter
from functools import cache
from itertools import count

import pytest

from keeper.quick import quick_records
from specs import invariants
from tests.stateful.book_twin import open_book_twin
from tests.stateful.book_walk import wander
from tests.stateful.bulk import STEPS, attempt, count_transactions, walk_beside
from tests.stateful.reached_book import REACHED, SITUATIONS, STAGES, noted

TRANSACTIONS, PARTS = 60_000, 6
"""How many go to contracts and specification, in parts for several processes."""


@pytest.mark.parametrize("seed", range(8))
def test_walk_on_the_book_keeps_every_invariant(seed):
    def step(world, action):
        after, refusal = attempt(world, action)
        if refusal is None:
            assert invariants.find_violated_transitions(world, after, action) == []
            assert invariants.find_violated_states(after) == []
        return after

    wander(seed, 80, step)


def test_walks_on_the_book_meet_every_outcome():
    missing, stages = set(REACHED), dict(STAGES)

    def step(world, action):
        after, refusal = attempt(world, action)
        missing.discard(f"{action.name}: {refusal or 'taken'}")
        if refusal is None:
            for name in [
                n for n, is_met in stages.items() if is_met(world, after, action)
            ]:
                del stages[name]
        return after

    with quick_records(), noted() as met:
        for seed in range(400):
            if missing or stages or SITUATIONS - met.keys():
                wander(seed, STEPS, step)
    assert not missing, sorted(missing)
    assert not stages, sorted(stages)
    assert not SITUATIONS - met.keys(), sorted(SITUATIONS - met.keys())


@cache
def get_twin():
    return open_book_twin()


@pytest.mark.parametrize("part", range(PARTS))
def test_the_book_is_as_specified(part):
    met, seeds = Counter(), count(1000 * part)
    with quick_records():
        while count_transactions(met) < TRANSACTIONS // PARTS:
            met += walk_beside(get_twin(), next(seeds), path=wander)
