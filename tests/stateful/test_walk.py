"""Seeded walks: every invariant, every refusal, and the contracts, at high speed."""

from collections import Counter
from functools import cache
from itertools import count

import pytest

from keeper.quick import quick_records
from specs import invariants
from tests.stateful.bulk import (
    STEPS,
    attempt,
    count_transactions,
    open_twin,
    walk_beside,
)
from tests.stateful.reached import REACHED
from tests.stateful.walk import wander

TRANSACTIONS, PARTS = 300_000, 20
"""How many go to contracts and specification, in parts for several processes."""


@pytest.mark.parametrize("seed", range(40))
def test_walk_keeps_every_invariant(seed):
    def step(world, action):
        after, refusal = attempt(world, action)
        if refusal is None:
            assert invariants.find_violated_transitions(world, after, action) == []
            assert invariants.find_violated_states(after) == []
        return after

    wander(seed, 80, step)


def test_walks_meet_every_transition_and_refusal():
    missing = set(REACHED)

    def step(world, action):
        after, refusal = attempt(world, action)
        missing.discard(f"{action.name}: {refusal or 'taken'}")
        return after

    with quick_records():
        for seed in range(600):
            if missing:
                wander(seed, STEPS, step)
    assert not missing, sorted(missing)


@cache
def get_twin():
    return open_twin()


@pytest.mark.parametrize("part", range(PARTS))
def test_walks_of_the_contracts_are_those_of_the_specification(part):
    met, seeds = Counter(), count(1000 * part)
    with quick_records():
        while count_transactions(met) < TRANSACTIONS // PARTS:
            met += walk_beside(get_twin(), next(seeds))
