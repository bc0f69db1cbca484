"""The figures beside what they are compared with: on the terminal and in files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict

from rich import box
from rich.console import Console
from rich.table import Table

from keeper.bench.floor import Parts
from keeper.bench.operations import OPERATIONS, Operation
from keeper.errors import UserError


class Row(TypedDict):
    """
    One operation, in gas; None is what there is not.

    ``ratio`` is of the gas to the peer's, ``floor`` the sum of its parts. Keys are
    only ever added, at the end: there are readers of the file.
    """

    operation: str
    gas: int
    best_peer: str | None
    peer_gas: int | None
    target: int | None
    floor: int | None
    ratio: float | None
    floor_parts: Parts | None


COLUMNS: Final = {
    "operation": "operation",
    "gas": "gas",
    "best_peer": "best peer",
    "peer_gas": "its gas",
    "ratio": "ratio",
    "target": "target",
    "floor": "floor",
}
"""What is printed of a row, in this order, and what is above it."""


def rows_of(gas: Mapping[str, int], floors: Mapping[str, Parts]) -> list[Row]:
    """
    Return a row for each operation, in their order.

    Raise `ValueError` if one was not measured, or if something else was.
    """
    names = {operation.name for operation in OPERATIONS}
    for measured in (gas, floors):
        if names != set(measured):
            odd = ", ".join(sorted(names ^ set(measured)))
            raise ValueError(f"measured without a row, or the other way round: {odd}")
    return [row_of(each, gas[each.name], floors[each.name]) for each in OPERATIONS]


def row_of(operation: Operation, gas: int, parts: Parts | None = None) -> Row:
    """Return the row of one operation."""
    peer = operation.peer_gas
    return {
        "operation": operation.name,
        "gas": int(gas),
        "best_peer": operation.best_peer,
        "peer_gas": peer,
        "target": operation.target,
        "floor": None if parts is None else sum(parts.values()),
        "ratio": round(gas / peer, 3) if peer else None,
        "floor_parts": parts,
    }


def json_of(rows: Sequence[Any]) -> str:
    """Return rows as the text of a file."""
    return json.dumps(rows, indent=2) + "\n"


def write(text: str, path: Path) -> None:
    """Write a file, all or nothing; raise `UserError` if that can't be done."""
    draft = path.with_suffix(".draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text)
        draft.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


def show(rows: Sequence[Row], console: Console) -> None:
    """Print a table, and what each of its rows means."""
    table = Table(
        title="gas of whole transactions, by receipt",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column, name in COLUMNS.items():
        is_text = column in ("operation", "best_peer")
        table.add_column(name, justify="left" if is_text else "right", no_wrap=True)
    for row in rows:
        style = "yellow" if is_above(row["gas"], row["target"]) else None
        table.add_row(*cells_of(row), style=style)
    console.print(table)
    for operation in OPERATIONS:
        console.print(
            f"{operation.name}: {operation.what}", style="dim", highlight=False
        )
    console.print(summary_of(rows), highlight=False)


def cells_of(row: Row) -> list[str]:
    """Return what is printed of a row, in the order of the columns."""
    values: Mapping[str, Any] = row
    return [text_of(values[column]) for column in COLUMNS]


def summary_of(rows: Sequence[Row]) -> str:
    """Return how many figures with a target are within it, and what that means."""
    aimed = [row for row in rows if row["target"] is not None]
    good = sum(not is_above(row["gas"], row["target"]) for row in aimed)
    compared = [row for row in aimed if row["peer_gas"] is not None]
    less = sum(not is_above(row["gas"], row["peer_gas"]) for row in compared)
    below = [row["operation"] for row in aimed if is_above(row["floor"], row["target"])]
    lines = [
        f"{good} of {len(aimed)} within target, "
        f"{less} of {len(compared)} within the peer's gas"
    ]
    if below:
        lines.append(f"targets below the present layout's floor: {', '.join(below)}")
    return "\n".join(lines)


def is_above(gas: int | None, limit: int | None) -> bool:
    """Return whether gas is above a figure, where there are both."""
    return gas is not None and limit is not None and gas > limit


def text_of(value: str | float | None) -> str:
    """Return a cell's text."""
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.2f}"
    return value
