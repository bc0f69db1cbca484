"""
What takes hours: `make prove-deep`, for the night.

After the ordinary run: the proofs of bytecode on the code of every generator; every
question to z3 asked of cvc5 too; random walks of millions; every mutant of contracts
and specification, of which the sample has to be noticed. One table; anything but what
is expected is a failure.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.helpers.crowd import map_unordered, positive
from tests.proofs import generators, running, second
from tests.proofs.proof import PROJECT

PARTS = ("proofs", "generators", "solver", "walks", "mutants")
TRANSACTIONS = 10_000_000
WRITTEN = running.FOLDER / "deep.json"
QUESTIONS = running.FOLDER / "questions"
"""Where those go on which the solvers differ."""


@dataclass
class Part:
    """What came of one part."""

    name: str
    what: str
    found: str = ""
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the deep run to a parser."""
    parser.add_argument("--deep", action="store_true", help="all that takes hours, too")
    parser.add_argument(
        "--part",
        action="append",
        choices=PARTS,
        help="of the deep run; may be repeated (default all)",
    )
    parser.add_argument(
        "--transactions",
        type=positive,
        default=TRANSACTIONS,
        metavar="N",
        help="of the deep run's walks, on each path (default ten million)",
    )


def prove(
    options: argparse.Namespace, chosen: list[str], ordinary: Callable[[], int]
) -> int:
    """Do the parts that are asked for, print a table and end with 1 if any failed."""
    parts = []
    work: dict[str, Callable[[], Iterable[Part]]] = {
        "proofs": lambda: [_ordinary(ordinary)],
        "generators": lambda: _generators(options, chosen),
        "solver": lambda: [_solver(options, chosen)],
        "walks": lambda: [_walks(options, path) for path in ("protocol", "book")],
        "mutants": lambda: [_mutants(options)],
    }
    for name in PARTS:
        if name in (options.part or PARTS):
            parts += work[name]()
    show(parts)
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(json.dumps([asdict(part) for part in parts], indent=1) + "\n")
    return 1 if any(part.failures for part in parts) else 0


def show(parts: Sequence[Part]) -> None:
    """Print a row for each part, and what failed."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    table = Table(title_justify="left", header_style="bold")
    table.add_column("part")
    table.add_column("what", overflow="fold", ratio=2)
    table.add_column("found", overflow="fold", ratio=3)
    table.add_column("s", justify="right")
    for part in parts:
        colour = "red" if part.failures else "green"
        found = f"[{colour}]{part.found}[/]"
        table.add_row(part.name, part.what, found, f"{part.seconds:.0f}")
    console.print(table)
    for part in parts:
        for failure in part.failures:
            console.print(f"{part.name}: {failure}", markup=False, soft_wrap=True)


# Parts


def _ordinary(ordinary: Callable[[], int]) -> Part:
    begun = time.monotonic()
    status = ordinary()
    part = Part("proofs", "each proof with its mutants, and proofs.json")
    part.found = "as committed" if status == 0 else "see above"
    part.failures = [] if status == 0 else ["the ordinary run failed"]
    part.seconds = time.monotonic() - begun
    return part


def _generators(options: argparse.Namespace, chosen: Sequence[str]) -> list[Part]:
    proofs = [running.everything()[name] for name in chosen]
    parts = {
        name: Part("generators", f"layers 2 and 3 on the code of {name}")
        for name in generators.GENERATORS
    }
    counts: dict[str, Counter] = {name: Counter() for name in parts}
    tasks = generators.tasks(proofs)
    for result in _spread(check_generated, tasks, options):
        part = parts[result.generator]
        counts[result.generator][result.verdict] += 1
        part.seconds += result.seconds
        if result.verdict not in ("proved", "listed"):
            text = f"{result.identity} on {result.generator}: {result.verdict}"
            part.failures.append(f"{text}: {result.detail}")
    for name, part in parts.items():
        part.found = _tell(counts[name])
    return list(parts.values())


def check_generated(task: tuple[str, str]) -> generators.Generated:
    """Check a proof on the code of a generator, both by name."""
    name, generator = task
    return generators.check(running.everything()[name], generator)


def _solver(options: argparse.Namespace, chosen: Sequence[str]) -> Part:
    part = Part("solver", "every question to z3 asked of cvc5")
    counts: Counter = Counter()
    unknown = 0
    names = [name for name in chosen if _asks_z3(name)]
    for opinion in _spread(ask_again, names, options):
        counts.update(opinion.counts)
        unknown += opinion.unknown_proofs
        part.seconds += opinion.seconds
        if opinion.failure:
            part.failures.append(f"{opinion.identity}: {opinion.failure}")
        for at, text in enumerate(opinion.disagreements):
            path = QUESTIONS / f"{opinion.identity}.{at}.smt2"
            path.parent.mkdir(parents=True, exist_ok=True)
            said, _, question = text.partition("\n")
            path.write_text(question)
            part.failures.append(f"{opinion.identity}: {said} {path}")
    part.found = f"{len(names)} proofs; {_tell(counts)}; of what z3 refuted {unknown}"
    part.found += " are unknown to cvc5"
    return part


def _asks_z3(name: str) -> bool:
    proof = running.everything()[name]
    return proof.layer in (2, 3) or proof.tool == "z3"


def ask_again(name: str) -> second.Opinion:
    """Ask cvc5 what z3 was asked for a proof, by name."""
    return second.ask_again(running.everything()[name])


def _walks(options: argparse.Namespace, path: str) -> Part:
    arguments = ["--path", path, "--transactions", str(options.transactions)]
    part = _command("walks", "tests.deep", [*arguments, *_crew(options)])
    part.what = f"random walks ({path}), contracts beside the specification"
    return part


def _mutants(options: argparse.Namespace) -> Part:
    crew = ["--jobs", str(options.jobs)]
    part = _command("mutants", "tests.mutation", ["--all", *crew])
    if not part.failures:
        part = _command("mutants", "tests.mutation", ["--check"], part)
    part.what = "every mutant of contracts and specification"
    return part


def _command(
    name: str, module: str, arguments: Sequence[str], before: Part | None = None
) -> Part:
    """Run a command of the project, after another one; its progress is shown."""
    begun = time.monotonic()
    words = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.splitlines()
    part = before or Part(name, module)
    part.found = part.found or (lines[0] if lines else "it said nothing")
    if done.returncode:
        text = " ".join(words[1:])
        part.failures += [f"{text} ended with {done.returncode}", *lines[-20:]]
    part.seconds += time.monotonic() - begun
    return part


def _crew(options: argparse.Namespace) -> list[str]:
    words = ["--jobs", str(options.jobs)]
    return words + (["--scheduler", options.scheduler] if options.scheduler else [])


def _spread(
    work: Callable[[Any], Any], items: Sequence[Any], options: argparse.Namespace
) -> Iterable[Any]:
    """Yield results as they come, saying how many there are."""
    progress = Console(stderr=True)
    results = map_unordered(work, items, options.jobs, options.scheduler)
    for done, result in enumerate(results, 1):
        text = f"[{done:3}/{len(items)}] {result.identity} ({result.seconds:.1f} s)"
        progress.print(text, markup=False, highlight=False, soft_wrap=True)
        yield result


def _tell(counts: Counter) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
