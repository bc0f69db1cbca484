"""The figures beside what they are compared with: on the terminal and in a file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from keeper.bench.operations import OPERATIONS, Operation
from keeper.errors import UserError

Row = dict[str, str | int | None]

COLUMNS: Final = ("operation", "gas", "best_peer", "peer_gas", "target", "floor")


def rows_of(gas: Mapping[str, int]) -> list[Row]:
    """
    Return a row for each operation, in their order.

    Raise `ValueError` if one was not measured, or if something else was.
    """
    names = {operation.name for operation in OPERATIONS}
    if names != set(gas):
        odd = ", ".join(sorted(names ^ set(gas)))
        raise ValueError(f"measured without a row, or the other way round: {odd}")
    return [row_of(operation, gas[operation.name]) for operation in OPERATIONS]


def row_of(operation: Operation, gas: int) -> Row:
    """Return the row of one operation."""
    return {
        "operation": operation.name,
        "gas": gas,
        "best_peer": operation.best_peer,
        "peer_gas": operation.peer_gas,
        "target": operation.target,
        "floor": operation.floor,
    }


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the rows, all or nothing; raise `UserError` if that can't be done."""
    draft = path.with_suffix(".draft")
    try:
        draft.write_text(json.dumps(rows, indent=2) + "\n")
        draft.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


def show(rows: Sequence[Row], console: Console) -> None:
    """Print a table, and what each of its rows means."""
    table = Table(
        title="gas of whole transactions, by receipt", box=box.SIMPLE, show_edge=False
    )
    for column in COLUMNS:
        is_text = column in ("operation", "best_peer")
        name = column.replace("_", " ")
        table.add_column(name, justify="left" if is_text else "right", no_wrap=True)
    for row in rows:
        style = "yellow" if is_above(row, "target") else None
        table.add_row(*(text_of(row[column]) for column in COLUMNS), style=style)
    console.print(table)
    for operation in OPERATIONS:
        console.print(
            f"{operation.name}: {operation.what}", style="dim", highlight=False
        )
    console.print(summary_of(rows), highlight=False)


def summary_of(rows: Sequence[Row]) -> str:
    """Return how many figures with a target are within it and no more than a peer's."""
    aimed = [row for row in rows if row["target"] is not None]
    parts = []
    for column, words in (
        ("target", "within target"),
        ("peer_gas", "within the peer's gas"),
    ):
        known = [row for row in aimed if row[column] is not None]
        good = sum(not is_above(row, column) for row in known)
        parts.append(f"{good} of {len(known)} {words}")
    return ", ".join(parts)


def is_above(row: Row, column: str) -> bool:
    """Return whether the gas is above a figure that there is."""
    gas, limit = row["gas"], row[column]
    return isinstance(gas, int) and isinstance(limit, int) and gas > limit


def text_of(value: str | int | None) -> str:
    """Return a cell's text."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else value
