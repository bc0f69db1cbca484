"""The table of gas and its file, and what is said where anvil is missing."""

import json
import shutil
import socket

import pytest
from click.testing import CliRunner
from rich.console import Console

from keeper.bench import command, node, table
from keeper.bench.operations import OPERATIONS
from keeper.bench.story import crossings_of, require
from keeper.bench.table import COLUMNS, is_above, rows_of, show, summary_of, write
from keeper.chain.interface import Block, Event, Receipt
from keeper.errors import UserError
from scripts.bench import cli

GAS = {operation.name: 50_000 + n for n, operation in enumerate(OPERATIONS)}


@pytest.fixture
def without_anvil(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return tmp_path


def row(**changes):
    return dict.fromkeys(COLUMNS) | {"operation": "some", "gas": 100} | changes


def test_each_operation_has_a_row_in_its_order():
    rows = rows_of(GAS)
    assert [row["operation"] for row in rows] == [op.name for op in OPERATIONS]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert [row["gas"] for row in rows] == list(GAS.values())


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
    if operation.target is not None and operation.floor is not None:
        assert operation.floor <= operation.target


def test_what_was_not_measured_is_named():
    less = {name: gas for name, gas in GAS.items() if name != "tick"}
    with pytest.raises(ValueError, match=r"round: tick$"):
        rows_of(less)


def test_what_has_no_row_is_named():
    with pytest.raises(ValueError, match=r"round: teleport$"):
        rows_of(GAS | {"teleport": 1})


def test_the_file_is_the_rows(tmp_path):
    path = tmp_path / "bench.json"
    write(rows_of(GAS), path)
    assert json.loads(path.read_text()) == rows_of(GAS)
    assert path.read_text().endswith("]\n")
    assert [found.name for found in tmp_path.iterdir()] == ["bench.json"]


def test_a_file_that_cannot_be_written(tmp_path):
    path = tmp_path / "nowhere" / "bench.json"
    with pytest.raises(UserError, match=r"bench\.json: cannot be written: No such"):
        write(rows_of(GAS), path)


@pytest.mark.parametrize(
    ("target", "expected"), [(99, True), (100, False), (101, False), (None, False)]
)
def test_above_a_target(target, expected):
    assert is_above(row(target=target), "target") is expected


def test_the_summary_leaves_out_what_is_not_known():
    rows = [row(target=99, peer_gas=100), row(target=100), row(peer_gas=200)]
    expected = "1 of 2 within target, 1 of 1 within the peer's gas"
    assert summary_of(rows) == expected


def test_the_table_shows_every_figure():
    console = Console(width=80)
    with console.capture() as capture:
        show(rows_of(GAS), console)
    text = capture.get()
    for operation in OPERATIONS:
        lines = [line for line in text.splitlines() if line.split()]
        line = next(line for line in lines if line.split()[0] == operation.name)
        assert f"{GAS[operation.name]:,}" in line
        if operation.peer_gas is not None:
            assert f"{operation.best_peer}" in line
            assert f"{operation.peer_gas:,}" in line
    assert summary_of(rows_of(GAS)) in text
    assert "…" not in text


def test_an_empty_cell_for_what_is_not_known():
    assert table.text_of(None) == ""


def test_anvil_is_started_under_the_conditions_of_the_measurement():
    words = node.command("anvil", 4242)
    pairs = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
    assert words[0] == "anvil"
    assert pairs == {
        "--port": "4242",
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
    def run(output, console, profiled):
        command.run(output, console, root=without_anvil, profiled=profiled)

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
