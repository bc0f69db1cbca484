"""The table on the terminal, and ``proofs.json``."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.proofs.proof import Result

_LAYERS = {1: "laws", 2: "bytecode", 3: "steps"}


def write(results: Sequence[Result], path: Path) -> None:
    """Write the results as JSON."""
    lines = [result.as_json() for result in results]
    path.write_text(json.dumps(lines, indent=1) + "\n")


def show(results: Sequence[Result], console: Console) -> None:
    """Print one row for each proof, and the details of those that failed."""
    table = Table(title_justify="left", header_style="bold", show_lines=True)
    table.add_column("layer")
    table.add_column("proof and what it states", overflow="fold", ratio=3)
    table.add_column("verdict")
    table.add_column("killed", justify="right")
    table.add_column("s", justify="right")
    table.add_column("witness", overflow="fold", ratio=2)
    for result in results:
        colour = "green" if result.is_proved else "red"
        table.add_row(
            f"{result.layer} {_LAYERS[result.layer]}\n{result.tool}",
            f"[bold]{result.id}[/]\n{result.statement}",
            f"[{colour}]{result.verdict}[/]",
            str(result.mutants_killed),
            f"{result.seconds:.1f}",
            _shorten(result.witness),
        )
    console.print(table)
    for result in results:
        if not result.is_proved:
            console.print(
                f"{result.id}: {result.verdict}: {result.detail}", markup=False
            )


def _shorten(witness: str) -> str:
    """Return a witness in a line or two; all of it is in the JSON."""
    return witness if len(witness) <= 90 else witness[:89] + "\N{HORIZONTAL ELLIPSIS}"
