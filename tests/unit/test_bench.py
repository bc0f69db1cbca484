"""The table of gas and its file, and what is said where anvil is missing."""

import json
import shutil
import socket

import pytest
from click.testing import CliRunner
from rich.console import Console

from keeper.bench import command, floor, gas_plot, node, sizes, table
from keeper.bench.operations import OPERATIONS
from keeper.bench.story import crossings_of, require
from keeper.bench.table import Row, is_above, json_of, rows_of, show, summary_of, write
from keeper.chain.interface import Block, Event, Receipt
from keeper.errors import UserError
from scripts.bench import cli
from tests.helpers import benches

GAS = {operation.name: 50_000 + n for n, operation in enumerate(OPERATIONS)}
FLOORS = {
    name: dict.fromkeys(floor.PARTS, 0) | {"transaction": 21_000 + n, "reads": 2_100}
    for n, name in enumerate(GAS)
}
ROWS = rows_of(GAS, FLOORS)
KEYS = tuple(Row.__annotations__)
OLD_KEYS = "operation", "gas", "best_peer", "peer_gas", "target", "floor"


@pytest.fixture
def without_anvil(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return tmp_path


def row(**changes):
    return dict.fromkeys(KEYS) | {"operation": "some", "gas": 100} | changes


def test_each_operation_has_a_row_in_its_order():
    assert [row["operation"] for row in ROWS] == [op.name for op in OPERATIONS]
    assert all(tuple(row) == KEYS for row in ROWS)
    assert [row["gas"] for row in ROWS] == list(GAS.values())


def test_keys_are_only_added():
    assert KEYS[: len(OLD_KEYS)] == OLD_KEYS


def test_a_ratio_is_of_the_gas_to_the_peers():
    with_peer = next(op for op in OPERATIONS if op.peer_gas is not None)
    without = next(op for op in OPERATIONS if op.peer_gas is None)
    peer_gas = with_peer.peer_gas
    assert table.row_of(with_peer, 3 * peer_gas // 2)["ratio"] == pytest.approx(
        1.5, abs=0.001
    )
    assert table.row_of(without, 100)["ratio"] is None


def test_a_floor_is_the_sum_of_its_parts():
    assert [row["floor"] for row in ROWS] == [23_100 + n for n in range(len(GAS))]
    assert [row["floor_parts"] for row in ROWS] == list(FLOORS.values())


def test_names_differ():
    assert len(GAS) == len(OPERATIONS)


def test_the_operations_of_the_design_are_there():
    assert set(GAS) >= {
        "deposit",
        "withdraw",
        "borrow_1",
        "borrow_3",
        "repay",
        "health_per_asset",
        "fill_out",
        "fill_in",
        "liquidate_out",
        "liquidate_in",
        "realise_out",
        "realise_in",
        "tick",
        "tick_per_market",
        "tick_per_crossing",
    }


@pytest.mark.parametrize("name", ["deposit", "withdraw", "borrow", "repay"])
def test_growth_with_what_is_held_is_there(name):
    plain = {"deposit": 0, "withdraw": 0, "borrow": None, "repay": 1}[name]
    for count in (0, 1, 3, 8):
        assert (name if count == plain else f"{name}_{count}") in GAS


def test_crossings_are_read_off_the_events():
    block = Block(1, 1)
    events = [
        Event(name, "0x", {"crossed": crossed})
        for name, crossed in (("CursorMoved", 0), ("Accrued", 7), ("CursorMoved", 3))
    ]
    assert crossings_of(Receipt(None, block, None, events)) == [0, 3]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_peer_has_a_name_and_a_figure(operation):
    assert (operation.best_peer is None) == (operation.peer_gas is None)


def test_what_was_not_measured_is_named():
    less = {name: gas for name, gas in GAS.items() if name != "tick"}
    with pytest.raises(ValueError, match=r"round: tick$"):
        rows_of(less, FLOORS)


def test_a_floor_that_was_not_computed_is_named():
    less = {name: parts for name, parts in FLOORS.items() if name != "tick"}
    with pytest.raises(ValueError, match=r"round: tick$"):
        rows_of(GAS, less)


def test_what_has_no_row_is_named():
    with pytest.raises(ValueError, match=r"round: teleport$"):
        rows_of(GAS | {"teleport": 1}, FLOORS)


def test_the_file_is_the_rows(tmp_path):
    path = tmp_path / "bench.json"
    write(json_of(ROWS), path)
    assert json.loads(path.read_text()) == ROWS
    assert path.read_text().endswith("]\n")
    assert [found.name for found in tmp_path.iterdir()] == ["bench.json"]


def test_a_file_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "bench.json"
    with pytest.raises(UserError, match=r"bench\.json: cannot be written: "):
        write(json_of(ROWS), path)


def test_the_sizes_are_beside_the_figures(tmp_path):
    path = command.sizes_beside(tmp_path / "bench.json")
    assert path == tmp_path / "bench-sizes.json"


@pytest.mark.parametrize(
    ("target", "expected"), [(99, True), (100, False), (101, False), (None, False)]
)
def test_above_a_target(target, expected):
    assert is_above(100, target) is expected


def test_the_summary_leaves_out_what_is_not_known():
    rows = [row(target=99, peer_gas=100), row(target=100), row(peer_gas=200)]
    expected = "1 of 2 within target, 1 of 1 within the peer's gas"
    assert summary_of(rows) == expected


def test_the_summary_names_targets_that_no_tuning_reaches():
    rows = [
        row(operation="a", target=99, floor=100),
        row(operation="b", target=100, floor=100),
        row(operation="c", floor=100),
    ]
    last = summary_of(rows).splitlines()[-1]
    assert last == "targets below the present layout's floor: a"


def test_the_table_shows_every_figure():
    console = Console(width=80)
    with console.capture() as capture:
        show(ROWS, console)
    text = capture.get()
    for operation in OPERATIONS:
        lines = [line for line in text.splitlines() if line.split()]
        line = next(line for line in lines if line.split()[0] == operation.name)
        assert f"{GAS[operation.name]:,}" in line
        if operation.peer_gas is not None:
            assert f"{operation.best_peer}" in line
            assert f"{operation.peer_gas:,}" in line
            assert f"{GAS[operation.name] / operation.peer_gas:.2f}" in line
        assert f"{sum(FLOORS[operation.name].values()):,}" in line
    assert " ".join(summary_of(ROWS).split()) in " ".join(text.split())
    assert "…" not in text


def test_an_empty_cell_for_what_is_not_known():
    assert table.text_of(None) == ""


def test_anvil_is_started_under_the_conditions_of_the_measurement():
    words = node.command("anvil", 4242)
    pairs = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
    assert words[0] == "anvil"
    assert pairs == {
        "--port": "4242",
        "--chain-id": "31337",
        "--hardfork": "prague",
        "--timestamp": "1700000000",
        "--block-base-fee-per-gas": "0",
        "--gas-price": "0",
    }


def test_nobody_listens_to_the_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", node.find_port()))


def test_a_story_gone_wrong_is_no_figure():
    require(True, "nothing")
    with pytest.raises(RuntimeError, match="went wrong: 3 of 4 accounts settled"):
        require(False, "3 of 4 accounts settled")


def test_without_anvil_the_command_that_installs_it(without_anvil):
    with (
        pytest.raises(UserError, match="`make anvil` installs it"),
        node.running_anvil(without_anvil),
    ):
        pass


def test_without_anvil_one_line_and_status_2(without_anvil, monkeypatch, tmp_path):
    def run(output, console, **options):
        command.run(output, console, root=without_anvil, **options)

    monkeypatch.setattr("scripts.bench.run", run)
    output = tmp_path / "bench.json"
    result = CliRunner().invoke(cli, ["--output", str(output)])
    assert result.exit_code == 2
    assert result.output == "anvil is missing: `make anvil` installs it\n"
    assert not output.exists()


def test_an_anvil_that_does_not_start(monkeypatch, tmp_path):
    monkeypatch.setattr(node, "find_anvil", lambda root: shutil.which("false"))
    with (
        pytest.raises(UserError, match="anvil does not answer at http"),
        node.running_anvil(tmp_path),
    ):
        pass


def test_sizes_are_those_of_every_deployable_but_the_mocks():
    names = [size["contract"] for size in sizes.sizes()]
    assert "TradeCode" in names
    assert "OrderBook" in names
    assert not any(name.startswith("Mock") for name in names)
    assert all(size["bytes"] + size["left"] == 24_576 for size in sizes.sizes())


def test_the_largest_contract_is_printed_first():
    console = Console(width=80)
    with console.capture() as capture:
        sizes.show([sizes.size_of("A", 1), sizes.size_of("B", 24_000)], console)
    rows = [line.split() for line in capture.get().splitlines()[-2:]]
    assert rows == [["B", "24,000", "576"], ["A", "1", "24,575"]]


def test_every_figure_with_a_peer_or_a_target_has_a_bar():
    svg = gas_plot.plot(ROWS)
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
    for operation in OPERATIONS:
        is_compared = (operation.peer_gas, operation.target) != (None, None)
        named = f">{gas_plot.name_of(table.row_of(operation, 1))}<"
        assert (named in svg) is is_compared


def test_what_grows_is_a_row():
    lines = [line for growth in gas_plot.GROWTH for line in growth.lines]
    assert {line.slope for line in lines} <= set(GAS)
    assert {line.base for line in lines} <= {*GAS, None}


def test_a_peers_line_is_of_one_peer():
    base, slope = row(best_peer="A", peer_gas=100), row(best_peer="A", peer_gas=5)
    assert gas_plot.peer_line(base, slope)[:3] == [100, 105, 110]
    assert gas_plot.peer_line(None, slope)[:3] == [0, 5, 10]
    assert gas_plot.peer_line(base | {"best_peer": "B"}, slope) == []
    assert gas_plot.peer_line(base, row()) == []


def test_the_files_rows_are_those_of_the_operations():
    rows = benches.kept()
    expected = [
        table.row_of(op, row["gas"]) for op, row in zip(OPERATIONS, rows, strict=True)
    ]
    unmeasured = {"floor", "floor_parts"}
    for row_, known in zip(rows, expected, strict=True):
        assert tuple(row_) == KEYS
        assert {key: row_[key] for key in KEYS if key not in unmeasured} == {
            key: known[key] for key in KEYS if key not in unmeasured
        }


def test_the_files_floors_are_below_the_figures():
    for kept in benches.kept():
        assert tuple(kept["floor_parts"]) == floor.PARTS
        assert kept["floor"] == sum(kept["floor_parts"].values())
        assert kept["floor"] <= kept["gas"]


def test_the_sizes_are_those_that_were_kept():
    found = {size["contract"]: size["bytes"] for size in sizes.sizes()}
    rows = {size["contract"]: size["bytes"] for size in benches.kept(benches.SIZES)}
    message = benches.complaint(found, rows, benches.SIZES)
    if message:
        pytest.fail(message, pytrace=False)


def test_a_figure_that_moved_is_told_in_two_lines():
    assert benches.complaint({"a": 10, "b": 7}, {"b": 7, "a": 10}) == ""
    message = benches.complaint(
        {"a": 1_010, "b": 7, "c": 1}, {"a": 1_000, "b": 7, "d": 2}
    )
    first, second = message.splitlines()
    assert first == "bench.json: a 1,000 -> 1,010 (+10), c 0 -> 1 (+1), d 2 -> 0 (-2)"
    assert "`make bench`" in second


def test_many_figures_that_moved_are_counted():
    found = {str(number): number + 1 for number in range(9)}
    message = benches.complaint(found, {str(number): 0 for number in range(9)})
    assert message.splitlines()[0].endswith(" 5 0 -> 6 (+6) and 3 more")
