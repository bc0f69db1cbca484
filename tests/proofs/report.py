"""The table on the terminal, and ``proofs.json``."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.proofs.proof import Result

Entry = dict[str, Any]

_COLOURS = {"proved": "green", "tested": "cyan", "open": "yellow"}
_LAYERS = {0: "none", 1: "laws", 2: "bytecode", 3: "steps", 4: "tests"}
_WIDTH = 90


def entry_of(result: Result) -> Entry:
    """Return what is printed of one result."""
    is_test = result.is_proved and result.layer == max(_LAYERS)
    return {
        "id": result.id,
        "statement": result.statement,
        "layer": result.layer,
        "tool": result.tool,
        "verdict": "tested" if is_test else result.verdict,
        "seconds": result.seconds,
        "witness": result.witness,
        "mutants_killed": result.mutants_killed,
    }


def show(entries: Sequence[Entry], failed: Sequence[Result], console: Console) -> None:
    """Print one row for each entry, and the details of what failed."""
    table = Table(title_justify="left", header_style="bold", show_lines=True)
    table.add_column("layer")
    table.add_column("what is stated", overflow="fold", ratio=3)
    table.add_column("verdict")
    table.add_column("killed", justify="right")
    table.add_column("s", justify="right")
    table.add_column("witness", overflow="fold", ratio=2)
    for entry in entries:
        colour = _COLOURS.get(entry["verdict"], "red")
        table.add_row(
            f"{entry['layer']} {_LAYERS[entry['layer']]}\n{entry['tool']}",
            f"[bold]{entry['id']}[/]\n{_plain(entry['statement'])}",
            f"[{colour}]{entry['verdict']}[/]",
            str(entry["mutants_killed"]),
            f"{entry['seconds']:.1f}",
            _plain(_shorten(entry["witness"])),
        )
    console.print(table)
    for result in failed:
        console.print(
            f"{result.id}: {result.verdict}: {result.detail}",
            markup=False,
            soft_wrap=True,
        )


def write(entries: Sequence[Entry], path: Path) -> None:
    """Write entries as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=1) + "\n")


def read(path: Path) -> list[Entry]:
    """Return the entries of a file; none if there is no such file."""
    try:
        entries: list[Entry] = json.loads(path.read_text())
    except FileNotFoundError:
        return []
    return entries


def changes(old: Sequence[Entry], new: Sequence[Entry]) -> Iterator[str]:
    """Yield a line for each entry that differs in more than ``seconds``."""
    before, after = ({entry["id"]: entry for entry in part} for part in (old, new))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"{name}: gone"
        elif name not in before:
            yield f"{name}: new, {after[name]['verdict']}"
        else:
            keys = {*before[name], *after[name]} - {"seconds"}
            differing = [
                f"{key} {_say(before[name].get(key))} -> {_say(after[name].get(key))}"
                for key in sorted(keys)
                if before[name].get(key) != after[name].get(key)
            ]
            if differing:
                yield f"{name}: {'; '.join(differing)}"
    kept = [name for name in after if name in before]
    if kept != [name for name in before if name in after]:
        yield "the order of entries"


def _say(value: Any) -> str:
    return _shorten(json.dumps(value))


def _shorten(text: str) -> str:
    """Return a witness in a line or two; all of it is in the JSON."""
    ellipsis = "\N{HORIZONTAL ELLIPSIS}"
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + ellipsis


def _plain(text: str) -> str:
    """Return text in which no bracket is taken for a style."""
    return text.replace("[", r"\[")
