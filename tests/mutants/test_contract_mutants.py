"""Each deliberate mistake in a contract breaks its equality with the specification."""

import shutil
from typing import NamedTuple

import pytest

from keeper.artifacts import CONTRACTS
from specs.errors import Revert
from specs.world import take
from tests.helpers.deployers import deploy_world
from tests.stateful.twin import Twin, differences
from tests.stateful.walk import wander


class Mutant(NamedTuple):
    path: str
    old: str
    new: str


# Mistakes in what few contracts import, for compilation is what takes time here.
MUTANTS = [
    Mutant(
        "modules/ledger.vy",
        "pool.cash += taken * scale",
        "pool.cash += (taken - 1) * scale",
    ),
    Mutant(
        "SettleCode.vy",
        "assert not margin._is_stale",
        "assert True or margin._is_stale",
    ),
    Mutant(
        "SettleCode.vy",
        "weights._compute_weight(lend_index)",
        "weights._compute_weight(borrow_index)",
    ),
    Mutant(
        "Liquidator.vy",
        "if self._owner(provider) != self._owner(account):",
        "if provider != account:",
    ),
    Mutant(
        "Liquidator.vy",
        "shared, capacities[i], reach, due",
        "shared, capacities[i], reach, shared",
    ),
    Mutant(
        "modules/providers.vy",
        "packing._fit(minute + amount, 112) << 112",
        "packing._fit(amount, 112) << 112",
    ),
]


class Differs(Exception):
    """Contract and specification are not equal."""


def is_caught(source_root, seeds):
    """Return whether a walk shows that the contracts there differ."""
    twin = Twin(deploy_world(source_root))

    def step(world, action):
        try:
            after, refusal = take(world, action), None
        except Revert as revert:
            after, refusal = world, revert.reason
        if twin.send(after, action) != refusal:
            raise Differs
        return after

    for seed in range(seeds):
        twin.rewind()
        try:
            world = wander(seed, 100, step)
        except Differs:
            return True
        if differences(world, twin.read(world)):
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.new)
def test_mutant_differs_from_the_specification(mutant, tmp_path):
    root = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, root)
    source = (root / mutant.path).read_text()
    assert source.count(mutant.old) == 1
    (root / mutant.path).write_text(source.replace(mutant.old, mutant.new))
    assert is_caught(root, seeds=2_000)
