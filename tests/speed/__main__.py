"""
Measure how fast the tools are, against the size of what they work on.

Walks of the contracts beside the specification, the random machine, replays, proofs,
and the compiled engine alone. Rates are by seconds of a processor; beside them are
those of the clock and what else the machine had to do. Ctrl-C ends it, and what has
been measured until then is written.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from keeper.signals import interruptible
from tests.speed import engine, machine, proofs, replays, walks
from tests.speed.measuring import Job, Series, describe_machine, to_json
from tests.speed.plot import plot
from tests.speed.proofs import ProofError
from tests.speed.replays import ReplayError
from tests.speed.show import show
from tests.stateful.bulk import Differs

PARTS = {
    "walks": walks.plan,
    "machine": machine.plan,
    "replay": replays.plan,
    "proofs": proofs.plan,
    "engine": engine.plan,
}


def main(arguments: Sequence[str] | None = None, console: Console | None = None) -> int:
    """Do what the command line asks for."""
    options = parse(arguments)
    console = console or Console(width=None if sys.stdout.isatty() else 120)
    parts = [options.only] if options.only else list(PARTS)
    told = describe_machine()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        jobs = list(chain(*(PARTS[p](options.seed, options.quick) for p in parts)))
        found, is_complete = measure(jobs, console)
        committed = proofs.sum_committed() if "proofs" in parts else []
        show(found, console)
        data = {
            "seed": options.seed,
            "is_quick": options.quick,
            "is_complete": is_complete,
            "machine": told,
            "series": [to_json(series) for series in found],
            "proofs.json": committed,
        }
        paths = options.output / "speed.json", options.output / "speed.svg"
        paths[0].write_text(json.dumps(data, indent=1) + "\n")
        paths[1].write_text(plot(found, committed))
    except OSError as error:
        print(f"{options.output}: {error.strerror or error}", file=sys.stderr)
        return 2
    except (Differs, ProofError, ReplayError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    console.print(f"written: {paths[0]}, {paths[1]}", highlight=False)
    if not is_complete:
        console.print("stopped: these are the figures until then")
        return 130
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = argparse.ArgumentParser(
        prog="ape run speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    parser.add_argument("--seed", type=int, default=0, help="0 if none is named")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a few small sizes, to see that all of it works; no figures to quote",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("report"),
        help="folder for speed.json and speed.svg; report if none is named",
    )
    return parser.parse_args(arguments)


def measure(jobs: Sequence[Job], console: Console) -> tuple[list[Series], bool]:
    """Return the series that have points, and whether all was measured."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    shown = console.is_terminal
    bar = Progress(*columns, console=console, transient=True, disable=not shown)
    try:
        with interruptible(), bar:
            task = bar.add_task("", total=len(jobs))
            for job in jobs:
                series = job.series
                name = f"{series.part}: {series.name}, {series.size}"
                bar.update(task, description=name)
                job.run(series.points.append)
                bar.advance(task)
                if not shown:
                    size = f"{series.points[-1].size:,}"
                    console.print(f"measured {name}: {size}", highlight=False)
    except KeyboardInterrupt:
        return having_points(jobs), False
    return having_points(jobs), True


def having_points(jobs: Sequence[Job]) -> list[Series]:
    """Return the series of which anything was measured, each once."""
    found = {id(job.series): job.series for job in jobs}
    return [series for series in found.values() if series.points]


if __name__ == "__main__":
    sys.exit(main())
