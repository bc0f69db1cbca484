"""
`python -m tests.mutation`: try the mutants of the sample, and write `score.json`.

    --list      how many mutants there are, by file and operator
    --all       every mutant instead of the sample
    --group G   of modules, bodies or specs only
    --only W    those only whose id has this in it; with several, any of them
    --retry     survivors again that are not argued, and nothing else
    --afresh    whatever verdict there is, and nothing else
    --report    write and print what is known, and try nothing
    --check     fail unless score.json is complete, that of the sources, and good enough
    --again N   try N of the sample again, and fail if a verdict is another one
    --jobs N    processes
    --effort X  times the seconds that each kind of killer may take; more for survivors
    --limit N   stop after so many

Whatever is finished is remembered under `.cache/mutation/`, and goes on from there. Of
what score.json has, mutants in files that have changed since are tried, and no others.
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from tests.mutation import faults, score
from tests.mutation.catalogue import GROUPS, SEED, Stratum, collect, of_group, strata
from tests.mutation.crew import Draw, try_all
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.operators import OPERATORS, Mutant
from tests.mutation.record import CACHE, EQUIVALENT, SURVIVED, Record

console, progress = Console(), Console(stderr=True)


def main() -> int:
    """Do what the arguments ask for; return the exit status."""
    parser = argparse.ArgumentParser(prog="tests.mutation")
    for name in ("list", "all", "retry", "afresh", "report", "check"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--group", choices=GROUPS, action="append")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--again", type=int, default=0)
    parser.add_argument("--effort", type=float, default=1)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    groups = options.group or list(GROUPS)
    if options.list:
        print_list(groups)
        return 0
    if options.check:
        found = faults.find()
        if found.reasons:
            print(found, file=sys.stderr)
        return bool(found.reasons)
    record = Record()
    record.adopt(score.read_results())
    if options.report:
        print_report(report(record, options.all))
        return 0
    if options.again:
        return try_again(record, options.again, options.jobs)
    chosen = [s for group in groups for s in strata(group, options.all)]
    if options.only:
        chosen = [only(s, options.only) for s in chosen]
    before = {}
    if options.retry or options.afresh:
        known = [m for s in chosen for m in s.mutants if m.id in record.results]
        again = [m for m in known if options.afresh or is_open(record, m)]
        chosen = [Stratum([mutant], 1) for mutant in again]
        before = {mutant.id: record.results.pop(mutant.id) for mutant in again}
    run(Draw(chosen, record), options)
    # Those to which it did not come are as they were.
    record.results = before | record.results
    print_report(report(record, options.all))
    return 0


def report(record: Record, everything: bool) -> dict:
    """Write the table of the sample; return it, or that of all mutants."""
    written = score.write(record)
    return score.table(record, everything=True) if everything else written


def is_open(record: Record, mutant: Mutant) -> bool:
    """Tell whether a mutant survived, and nobody argues that it is no fault."""
    return record.verdict(mutant) == SURVIVED and mutant.id not in EQUIVALENTS


def only(stratum: Stratum, words: list[str]) -> Stratum:
    """Return the part of a stratum whose ids have one of these words in them."""
    found = [m for m in stratum.mutants if any(word in m.id for word in words)]
    return Stratum(found, len(found))


def run(draw: Draw, options: argparse.Namespace) -> None:
    """Try what is to be tried, and show how it goes."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    begun, found = time.monotonic(), Counter()
    with Progress(*columns, console=progress, disable=not progress.is_terminal) as bar:
        done, total = draw.progress()
        task = bar.add_task("mutants", completed=done, total=total)
        for result in try_all(draw, options.jobs, options.effort):
            found[result.verdict] += 1
            line = (
                f"{result.verdict:10} {result.seconds:6.1f} s  {result.id}  {result.by}"
            )
            if result.verdict == SURVIVED or not progress.is_terminal:
                bar.console.print(line, highlight=False, soft_wrap=True, markup=False)
            done, total = draw.progress()
            bar.update(task, completed=done, total=total)
            if options.limit and found.total() >= options.limit:
                break
    seconds = time.monotonic() - begun
    progress.print(f"{dict(found)} in {seconds:.0f} s")


def try_again(record: Record, number: int, jobs: int) -> int:
    """Try some of what has a verdict again; fail if one is another one now."""
    known = [m for m in collect() if record.verdict(m) not in (None, EQUIVALENT)]
    rng = random.Random(SEED)
    chosen = rng.sample(known, min(number, len(known)))
    before = {mutant.id: record.verdict(mutant) for mutant in chosen}
    path = CACHE / "again.jsonl"
    path.unlink(missing_ok=True)
    draw = Draw([Stratum([mutant], 1) for mutant in chosen], Record(path))
    changed = 0
    for result in try_all(draw, jobs):
        if result.verdict != before[result.id]:
            changed += 1
            console.print(f"{result.id}: {before[result.id]}, now {result.verdict}")
    console.print(f"{len(chosen)} tried again, {changed} changed")
    return bool(changed)


def print_list(groups) -> None:
    """Print how many mutants there are, and how many of them the sample has."""
    table = Table("file", *OPERATORS, "all", "sample")
    for group in groups:
        sizes = Counter()
        for stratum in strata(group):
            sizes[stratum.mutants[0].path] += stratum.quota
        counts = Counter((m.path, m.operator) for m in of_group(group))
        for path in sorted({path for path, _ in counts}):
            row = [counts[path, operator] for operator in OPERATORS]
            table.add_row(path, *map(str, (*row, sum(row), sizes[path])))
        row = [
            sum(counts[key] for key in counts if key[1] == name) for name in OPERATORS
        ]
        total = (*row, sum(row), sizes.total())
        table.add_row(f"[bold]{group}", *map(str, total), end_section=True)
    console.print(table)


def print_report(found: dict) -> None:
    """Print a line, then the scores and the survivors."""
    verdicts = "killed", "survived", "equivalent", "stillborn"
    total = {v: sum(row[v] for row in found["summary"].values()) for v in verdicts}
    console.print(", ".join(f"{number:,} {v}" for v, number in total.items()))
    for group, summary in found["summary"].items():
        title = f"{group}: {summary['tried']} of {summary['sample']}"
        table = Table("operator", *verdicts, "score", title=title)
        rows = {**summary["by_operator"], "all": summary}
        for name, row in rows.items():
            share = "" if row["score"] is None else f"{row['score']:.1%}"
            table.add_row(name, *(str(row[v]) for v in verdicts), share)
        console.print(table)
    for entry in found["mutants"]:
        if entry["verdict"] == SURVIVED:
            place = f"{entry['path']}:{entry['line']}"
            text = f"survived {place} {entry['old']!r} -> {entry['new']!r}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
