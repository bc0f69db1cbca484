"""A chain that can be followed, with a story on it."""

from contextlib import contextmanager
from functools import cache

import pytest

from keeper.quick import quick_records
from keeper.watch.feed import Feed
from keeper.watch.layout import Layout
from specs.world import take
from tests.helpers import deployers, worlds
from tests.helpers.recorded import Recorded, RecordedSource
from tests.stateful.twin import Twin

LAYOUT = Layout(worlds.ASSETS, worlds.MARKETS)


class Recording:
    """Contracts on a recorded chain beside a world that says what is published when."""

    def __init__(self, twin):
        self.twin, self.chain = twin, twin.made.chain
        self.contract = twin.made.contracts["Clearinghouse"]
        self.source = RecordedSource(self.chain, self.contract)
        self.world = worlds.open_world()
        self.worlds = {}

    def play(self, *actions):
        for action in actions:
            self.world = take(self.world, action)
            assert self.twin.send(self.world, action) is None, action
        self.worlds[self.chain.block().number] = self.world

    def revert(self, snapshot):
        """Return to a block, from which the chain goes on differently."""
        self.chain.revert(snapshot)
        self.world = self.worlds[snapshot.block.number]

    def follow(self, path=None, **options):
        """Return a feed of this chain."""
        return Feed(self.source, LAYOUT, 1, path, **options)


@cache
def get_twin():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deployers, "RevmChain", Recorded)
        return Twin(deployers.deploy_world())


@contextmanager
def open_recorded(actions):
    """Yield contracts on which these actions were played, and undo it."""
    twin = get_twin()
    twin.rewind()
    scene = Recording(twin)
    with quick_records():
        scene.play(*actions)
    yield scene
