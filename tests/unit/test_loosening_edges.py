"""Guards whose outflow has the least limit that there is: their floor counts."""

import pytest

from tests.helpers.modules import deploy_module

AROUND = """
@external
@pure
def loosens(old: uint256, new: uint256) -> bool:
    return loosening._is_looser_guards(old, new)
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return deploy_module(tmp_path_factory.mktemp("loosening"), "loosening", AROUND)


@pytest.mark.parametrize("share", [0, 1, 2, 2**15, 2**16 - 1])
@pytest.mark.parametrize("floor", [0, 1, 2**31, 2**32 - 2])
def test_a_higher_floor_loosens_a_limit_of_any_size(module, share, floor):
    old = share << 32 | floor
    assert module.loosens(old, old + 1) == (share != 0)
    assert not module.loosens(old + 1, old)
    assert not module.loosens(old, old)
