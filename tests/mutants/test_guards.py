"""No guard of the list can be weakened without its test failing."""

import shutil

import pytest

from keeper.artifacts import CONTRACTS, artifact
from keeper.mirror_ticks import Mismatch
from tests.mutants.book_guards import BOOK_GUARDS
from tests.mutants.conversion_guards import CONVERSION_GUARDS
from tests.mutants.deleverage_guards import DELEVERAGE_GUARDS
from tests.mutants.desk_guards import DESK_GUARDS
from tests.mutants.flag_guards import FLAG_GUARDS
from tests.mutants.forced_guards import FORCED_GUARDS
from tests.mutants.guards import GUARDS
from tests.mutants.incident_guards import INCIDENT_GUARDS
from tests.mutants.order_guards import ORDER_GUARDS
from tests.mutants.provider_guards import PROVIDER_GUARDS
from tests.mutants.reduce_guards import REDUCE_GUARDS
from tests.mutants.slice_guards import SLICE_GUARDS

ALL = [
    *GUARDS,
    *ORDER_GUARDS,
    *CONVERSION_GUARDS,
    *DESK_GUARDS,
    *BOOK_GUARDS,
    *FORCED_GUARDS,
    *DELEVERAGE_GUARDS,
    *REDUCE_GUARDS,
    *INCIDENT_GUARDS,
    *PROVIDER_GUARDS,
    *FLAG_GUARDS,
    *SLICE_GUARDS,
]
SHARE = 16
"""One guard in so many is weakened, unless all are asked for: `make guards`."""


def pytest_generate_tests(metafunc):
    if "guard" in metafunc.fixturenames:
        step = 1 if metafunc.config.getoption("all_guards") else SHARE
        metafunc.parametrize("guard", ALL[::step], ids=lambda guard: guard.contract)


@pytest.mark.parametrize("place", range(len(ALL)))
def test_a_guard_is_where_the_list_says(place):
    guard = ALL[place]
    assert (CONTRACTS / guard.path).read_text().count(guard.old) == 1
    assert guard.old != guard.new


def test_a_test_misses_its_guard(guard, tmp_path):
    root = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, root)
    source = (root / guard.path).read_text()
    assert source.count(guard.old) == 1
    (root / guard.path).write_text(source.replace(guard.old, guard.new))
    mutant = artifact(guard.contract, root)
    with pytest.raises((AssertionError, pytest.fail.Exception, Mismatch)):
        guard.run(mutant)
