"""How many bytes of code each deployable has, and how many more it may have."""

from collections.abc import Sequence
from typing import Final, TypedDict

from rich import box
from rich.console import Console
from rich.table import Table

from keeper.artifacts import artifact, contract_names

LIMIT: Final = 24_576
"""Bytes of runtime code that EIP-170 allows; a contract has to stay below."""


class Size(TypedDict):
    """One deployable's runtime bytes, and what is left to the limit."""

    contract: str
    bytes: int
    left: int


def sizes() -> list[Size]:
    """Return the size of every deployable but the mocks, by name."""
    names = [name for name in contract_names() if not name.startswith("Mock")]
    return [size_of(name, artifact(name).runtime_size) for name in names]


def size_of(name: str, size: int) -> Size:
    """Return the row of one contract."""
    return {"contract": name, "bytes": size, "left": LIMIT - size}


def show(found: Sequence[Size], console: Console) -> None:
    """Print the sizes, the largest first."""
    table = Table(
        "contract", title="runtime code, bytes", box=box.SIMPLE, show_edge=False
    )
    for column in ("bytes", f"left to {LIMIT:,}"):
        table.add_column(column, justify="right")
    for size in sorted(found, key=lambda size: size["left"]):
        table.add_row(size["contract"], f"{size['bytes']:,}", f"{size['left']:,}")
    console.print(table)
