"""A market's requirements, raised by its scales: each field rounded up by itself."""

from random import Random

import pytest

from specs.requirements import MAX_FACTOR, Requirement, Scales, scale
from tests.helpers.modules import deploy_module

AROUND = """
@external
@pure
def scale(risk: uint256, mark: uint256) -> uint256:
    return requirements._scale(risk, mark)
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return deploy_module(tmp_path_factory.mktemp("scale"), "requirements", AROUND)


def pack(requirement):
    return (
        requirement.base_imf
        | requirement.base_mmf << 24
        | requirement.imf_factor << 48
        | requirement.mmf_factor << 88
    )


@pytest.mark.parametrize("seed", range(100))
def test_each_field_is_raised_and_rounded_up(module, seed):
    rng = Random(seed)
    requirement = Requirement(
        base_imf=rng.randrange(10**6),
        base_mmf=rng.randrange(10**6),
        imf_factor=rng.choice((0, 1, rng.randrange(10**9), MAX_FACTOR)),
        mmf_factor=rng.choice((0, 1, rng.randrange(10**9), MAX_FACTOR)),
    )
    scales = Scales(
        imf=rng.randrange(10_000, 60_000),
        mmf=rng.randrange(10_000, 60_000),
        open_interest_imf=rng.choice((0, rng.randrange(10**6))),
    )
    mark = scales.imf | scales.mmf << 16 | scales.open_interest_imf << 32
    assert module.scale(pack(requirement), mark) == pack(scale(requirement, scales))
