"""What was reviewed is what is there: selectors, layouts, sizes and the ABI."""

import pytest

from keeper.artifacts import artifact
from tests.helpers import snapshots


@pytest.mark.parametrize("name", snapshots.STATIC)
def test_a_snapshot_is_up_to_date(name):
    message = snapshots.complaint(name, snapshots.STATIC[name]())
    if message:
        pytest.fail(message, pytrace=False)


@pytest.mark.parametrize("name", snapshots.STATIC)
def test_a_change_is_told_in_one_line(name):
    message = snapshots.complaint(name, snapshots.STATIC[name]() + "\n")
    assert f"tests/snapshots/{name}" in message
    assert "`make snapshot`" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", snapshots.DEPLOYABLES)
def test_a_deployable_is_below_the_limit(name):
    assert artifact(name).runtime_size < snapshots.LIMIT


def test_snapshots_are_headed_by_the_compiler_of_the_pragma():
    for name in (*snapshots.STATIC, snapshots.GAS):
        text = (snapshots.FOLDER / name).read_text()
        assert text.startswith((snapshots.head("")[:-3], "["))
