"""
Seeded walks of the contracts beside the specification, at high speed.

Every action goes to both, and both have to take it or refuse it for the same reason.
The whole storage is compared at intervals and at the end. Where something differs the
walk is taken again with a comparison after every action, which finds the first that
went wrong.
"""

from collections import Counter
from dataclasses import is_dataclass

from keeper.mirror import Mismatch
from specs.accounts import NEW
from specs.errors import Revert
from specs.world import take
from tests.helpers.deployers import Deployment, address_of, deploy_world
from tests.stateful.twin import Twin, differences
from tests.stateful.walk import wander

STEPS = 500
"""Actions in a walk, those of its start not counted."""

INTERVAL = 300
"""
Actions from one comparison of the storage to the next: a walk, with its start a little
longer than `STEPS`, is compared in its middle and at its end.
"""


class Differs(Exception):
    """Contract and specification are not equal after an action of a walk."""

    def __init__(self, seed, step, action, found):
        super().__init__(seed, step, action, found)
        self.seed, self.step, self.action, self.found = seed, step, action, found

    def __str__(self):
        where = f"seed {self.seed}, step {self.step}, {self.action}"
        return "\n  ".join((where, *self.found))


class Courier(Deployment):
    """A deployment that never waits for a receipt."""

    def send(self, caller, name, method, *arguments):
        contract = self.contracts[name]
        self.chain.post(address_of(caller), contract, method, *arguments)


def open_twin(*source_root):
    """Return contracts to walk on."""
    return Twin(Courier(**vars(deploy_world(*source_root))))


def attempt(world, action):
    """Return the world after an action, and the reason if it is refused."""
    try:
        return take(world, action), None
    except Revert as revert:
        return world, revert.reason


def walk_beside(twin, seed, steps=STEPS, interval=INTERVAL, path=wander):
    """
    Walk on the contracts and in the specification; return what was met, counted.

    Raise `Differs` for the first action after which they differ.
    """
    try:
        return Pair(twin, seed, interval, path).walk(steps)
    except Differs as late:
        if interval > 1:
            Pair(twin, seed, 1, path).walk(steps)
            late.found.append("not found again by comparing after every action")
        raise


class Pair:
    """One walk of both, along a path that the seed chooses."""

    def __init__(self, twin, seed, interval, path=wander):
        self.twin, self.seed, self.interval, self.path = twin, seed, interval, path
        self.step, self.action, self.met = 0, None, Counter()

    def walk(self, steps):
        self.twin.rewind()
        try:
            world = self.path(self.seed, steps, self.take)
            self.expect(differing(world, self.twin))
        except Differs:
            raise
        except Exception as error:
            # Such as an error of the specification that is no refusal.
            self.expect([f"{type(error).__name__}: {error}"], error)
        return self.met

    def take(self, world, action):
        """Take an action in both; return the next world."""
        self.step, self.action = self.step + 1, action
        after, refusal = attempt(world, action)
        answer = self.twin.send(after, action)
        if answer != refusal:
            told = f"specification: {refusal or 'taken'}"
            self.expect([f"{told}, contract: {answer or 'taken'}"])
        if self.step % self.interval == 0:
            self.expect(differing(after, self.twin))
        self.met[f"{action.name}: {refusal or 'taken'}"] += 1
        return after

    def expect(self, found, cause=None):
        """Go on if nothing was found."""
        if found:
            raise Differs(self.seed, self.step, self.action, found) from cause


def count_transactions(met):
    """Return how many transactions a walk had: time that passes is none."""
    return met.total() - met["wait: taken"]


def differing(world, twin):
    """Return the fields in which a world and the storage differ, as text."""
    try:
        found = twin.read(world)
    except Mismatch as mismatch:
        return [str(mismatch)]
    # Fields are looked for only if there is something to find, for that takes time.
    differ = differences(world, found)
    return differ and (list(leaves("", world, found)) or differ)


def leaves(path, expected, told):
    """Yield the innermost fields in which two records differ."""
    if is_dataclass(expected) and type(told) is type(expected):
        for name in vars(expected):
            place = f"{path}.{name}" if path else name
            yield from leaves(place, getattr(expected, name), getattr(told, name))
    elif isinstance(expected, dict) and isinstance(told, dict):
        for key in expected.keys() | told.keys():
            yield from leaves(f"{path}[{key}]", expected.get(key), told.get(key))
    elif expected != told and (expected, told) != (NEW, None):
        yield f"{path}: {expected} != {told}"
