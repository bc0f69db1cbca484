"""The specification alone keeps every invariant, and walks come to all there is."""

from specs.errors import Revert
from specs.world import take
from tests.stateful.machine import ProtocolMachine
from tests.stateful.reached import SITUATIONS
from tests.stateful.walk import wander

TestSpecification = ProtocolMachine.TestCase


def test_walks_come_to_every_situation():
    missing = dict(SITUATIONS)

    def step(world, action):
        try:
            after = take(world, action)
        except Revert:
            return world
        for name in [
            name for name, is_met in missing.items() if is_met(world, after, action)
        ]:
            del missing[name]
        return after

    for seed in range(300):
        wander(seed, 150, step)
        if not missing:
            return
    assert not missing, sorted(missing)
