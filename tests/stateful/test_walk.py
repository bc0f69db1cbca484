"""Seeded walks: every invariant, every refusal, and the contracts, at high speed."""

from collections import Counter

import pytest

from specs import invariants
from specs.errors import Revert
from specs.world import take
from tests.helpers.deployers import deploy_world
from tests.stateful.reached import REACHED
from tests.stateful.twin import Twin, differences
from tests.stateful.walk import wander


def attempt(world, action):
    """Return the world after an action, and the reason if it is refused."""
    try:
        return take(world, action), None
    except Revert as revert:
        return world, revert.reason


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
    met = Counter()

    def step(world, action):
        after, refusal = attempt(world, action)
        met[f"{action.name}: {refusal or 'taken'}"] += 1
        return after

    for seed in range(300):
        wander(seed, 150, step)
    missing = REACHED - met.keys()
    assert not missing, sorted(missing)


def test_walks_of_the_contracts_are_those_of_the_specification():
    twin, count = Twin(deploy_world()), 0

    def step(world, action):
        nonlocal count
        after, refusal = attempt(world, action)
        assert twin.send(after, action) == refusal, action
        count += 1
        if count % 10 == 0:
            assert differences(after, twin.read(after)) == [], action
        return after

    for seed in range(60):
        twin.rewind()
        world = wander(seed, 100, step)
        assert differences(world, twin.read(world)) == [], seed
