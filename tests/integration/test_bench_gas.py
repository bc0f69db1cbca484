"""
The figures of `bench.json`, measured once more, act by act, without anvil.

Ape's test provider runs the same story under the same rules and counts the same gas.
"""

import pytest

from keeper.bench.acts import ACTS
from keeper.bench.operations import OPERATIONS
from tests.helpers import benches


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name.replace(" ", "-"))
def test_gas_is_what_bench_json_says(act):
    rows = {row["operation"]: row["gas"] for row in benches.kept()}
    expected = {name: gas for name, gas in rows.items() if name in act.rows}
    message = benches.complaint(benches.measure(act), expected)
    if message:
        pytest.fail(message, pytrace=False)


def test_every_row_is_measured_in_one_act():
    names = [name for act in ACTS for name in act.rows]
    assert sorted(names) == sorted(operation.name for operation in OPERATIONS)
