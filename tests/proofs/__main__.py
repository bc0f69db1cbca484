"""
Check every proof, and every invariant on a few walks; end with 1 unless all hold.

What came of a whole run is compared with proofs.json, which is committed: a difference
in more than `seconds` is a failure too. Then the new file is beside the old one, in
.cache/proofs, and --accept writes it in its place if nothing failed. Which mutants were
refuted is beside the proofs, in mutants.json: a run that holds writes it. And the table
of what notices faults, tests/mutation/score.json, has to be that of the sources.
"""

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.helpers.crowd import add_options, positive
from tests.mutation import faults
from tests.proofs import deep, digests, invariants, report, running, table
from tests.proofs.proof import PROJECT, Result

COMMITTED = PROJECT / "proofs.json"
MOST_LINES = 40


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for."""
    options = parse(arguments)
    try:
        if options.table:
            return table.rewrite()
        if options.deep:
            return deep.prove(options, choose(options), lambda: prove(options))
        return prove(options)
    except KeyboardInterrupt:
        print("stopped; --resume goes on from here", file=sys.stderr)
        return 130
    except OSError as error:
        print(error, file=sys.stderr)
        return 2


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.proofs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "only",
        nargs="*",
        metavar="WORD",
        help="parts of the names of proofs to check, or numbers of invariants; then "
        "nothing is compared or written",
    )
    parser.add_argument("--layer", type=int, choices=(1, 2, 3, 4), help="only this one")
    parser.add_argument("--list", action="store_true", help="name the proofs and stop")
    add_options(parser)
    parser.add_argument(
        "--share",
        type=positive,
        default=1,
        metavar="N",
        help="one proof in N, other ones as sources change, and each that is not in "
        "proofs.json as it is; their entries are compared",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="believe what earlier runs have proved of the same sources; without it a "
        "run is a run",
    )
    parser.add_argument(
        "--accept",
        action="store_true",
        help="write proofs.json though it changes; tries all mutants",
    )
    parser.add_argument(
        "--all-mutants",
        action="store_true",
        help="try the mutants of every proof. A whole run tries those of every sixth, "
        "other ones as sources change, and of each that is not in proofs.json as it "
        "is, or of which mutants.json has others; a partial run always tries all",
    )
    parser.add_argument(
        "--table",
        action="store_true",
        help="write the tables of specs/README.md from proofs.json and stop",
    )
    deep.add_options(parser)
    return parser.parse_args(arguments)


def choose(options: argparse.Namespace) -> list[str]:
    """Return the names of the proofs that are asked for."""
    return [
        name
        for name, proof in running.everything().items()
        if options.layer in (None, proof.layer)
        and (not options.only or any(_is_meant(word, name) for word in options.only))
    ]


def _is_meant(word: str, name: str) -> bool:
    """Tell whether a word picks a proof: by its name, or by an invariant's number."""
    if word in invariants.NUMBERS:
        parts = [running.everything()[name]]
        return word == name or bool(invariants.parts_of(word, parts))
    return word in name


def prove(options: argparse.Namespace) -> int:
    """Judge the proofs that are asked for, print what came of it and compare."""
    chosen = choose(options)
    if options.share > 1:
        chosen = running.drawn(chosen, options.share)
    if options.list:
        for name in chosen:
            proof = running.everything()[name]
            print(f"{proof.layer}  {name}: {proof.statement}")
        return 0
    if not chosen:
        print("no such proof", file=sys.stderr)
        return 1
    start = time.monotonic()
    results = judge_chosen(chosen, options)
    seconds = time.monotonic() - start
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    failed = [results[name] for name in chosen if not results[name].is_proved]
    is_whole = is_of_all(options)
    if is_whole:
        proofs = [
            p for p in running.everything().values() if p.layer < invariants.TESTS
        ]
        entries = invariants.entries(proofs, results)
    else:
        entries = [report.entry_of(results[name]) for name in chosen]
    report.show(entries, failed, console)
    killed = sum(results[name].mutants_killed for name in chosen)
    console.print(
        f"{len(chosen) - len(failed)} of {len(chosen)} hold, {killed} mutants killed, "
        f"{seconds:.0f} s",
        highlight=False,
    )
    is_same = not is_whole or compare(entries, bool(failed), options.accept)
    if is_whole and is_same and not failed:
        changed = digests.write(running.everything().values())
        print(f"written to {digests.COMMITTED.name}; {changed} entries changed")
    if options.share > 1:
        is_same = agree(entries)
    if (is_whole or options.share > 1) and not has_score():
        return 1
    return 0 if is_same and not failed else 1


def is_of_all(options: argparse.Namespace) -> bool:
    """Tell whether a run is of all proofs."""
    return not options.only and options.layer is None and options.share == 1


def has_score() -> bool:
    """Tell whether the table of mutants is that of the sources; else say what to do."""
    found = faults.find()
    if found.reasons:
        print(found, file=sys.stderr)
    return not found.reasons


def agree(entries: list[report.Entry], committed: Path = COMMITTED) -> bool:
    """Tell whether the entries of some proofs are as they were, but for `seconds`."""
    known = {entry["id"]: entry for entry in report.read(committed)}
    proved = [entry for entry in entries if entry["verdict"] != "tested"]
    before = [known[e["id"]] for e in proved if e["id"] in known]
    lines = list(report.changes(before, proved))
    for line in lines:
        print(f"{committed.name} would change: {line}", file=sys.stderr)
    return not lines


def judge_chosen(chosen: list[str], options: argparse.Namespace) -> dict[str, Result]:
    """Judge proofs, saying so as each of them ends."""
    tries_all = options.accept or options.all_mutants
    is_spared = (is_of_all(options) or options.share > 1) and not tries_all
    memory = running.Memory(is_spared=is_spared)
    results = memory.proved() if options.resume else {}
    missing = [name for name in chosen if name not in results]
    progress = Console(stderr=True)
    if options.resume:
        progress.print(f"{len(chosen) - len(missing)} are known", highlight=False)
    judging = running.judge_spared if is_spared else running.judge_named
    judged = running.judge_all(missing, options.jobs, options.scheduler, judging)
    for done, result in enumerate(judged, 1):
        memory.add(result)
        results[result.id] = result
        progress.print(
            f"[{done:3}/{len(missing)}] {result.id}: {result.verdict} "
            f"({result.seconds:.1f} s)",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    return results


def compare(
    entries: list[report.Entry],
    has_failed: bool,
    is_accepted: bool,
    committed: Path = COMMITTED,
    beside: Path = running.FOLDER / "proofs.json",
) -> bool:
    """Write the file, if it may be; tell whether it is as it was, but for `seconds`."""
    lines = list(report.changes(report.read(committed), entries))
    if not has_failed and (is_accepted or not lines):
        report.write(entries, committed)
        print(f"written to {committed.name}; {len(lines)} entries changed")
        return True
    if not lines:
        return True
    report.write(entries, beside)
    print(f"{committed.name} would change in {len(lines)} entries:", file=sys.stderr)
    for line in lines[:MOST_LINES]:
        print(f"  {line}", file=sys.stderr)
    if len(lines) > MOST_LINES:
        print(f"  and {len(lines) - MOST_LINES} more", file=sys.stderr)
    print(f"the new file: {beside}", file=sys.stderr)
    if not has_failed:
        print("if that is meant: make prove ARGS=--accept", file=sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main())
