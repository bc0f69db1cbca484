"""Check every proof; end with 1 unless all of them are proved."""

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.proofs import report
from tests.proofs.catalogue import collect
from tests.proofs.proof import Proof, Result, judge


def main() -> int:
    """Run the proofs that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of the names of proofs to run")
    parser.add_argument("--list", action="store_true", help="name the proofs and stop")
    parser.add_argument("--layer", type=int, choices=(1, 2, 3), help="run one layer")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument(
        "--json", type=Path, default=Path("proofs.json"), metavar="FILE"
    )
    options = parser.parse_args()

    chosen = [
        proof
        for proof in collect()
        if (options.layer in (None, proof.layer))
        and (not options.only or any(part in proof.identity for part in options.only))
    ]
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    if options.list:
        for proof in chosen:
            print(f"{proof.layer}  {proof.identity}: {proof.statement}")
        return 0
    if not chosen:
        print("no such proof", file=sys.stderr)
        return 1

    start = time.monotonic()
    results = run(chosen, options.jobs, Console(stderr=True))
    report.show(results, console)
    report.write(results, options.json)
    proved = sum(result.is_proved for result in results)
    killed = sum(result.mutants_killed for result in results)
    console.print(
        f"{proved} of {len(results)} proved, {killed} mutants killed, "
        f"{time.monotonic() - start:.0f} s, written to {options.json}"
    )
    return 0 if proved == len(results) else 1


def run(proofs: list[Proof], jobs: int, progress: Console) -> list[Result]:
    """Judge proofs in parallel, saying so as each of them ends."""
    _proofs[:] = proofs
    results: dict[str, Result] = {}
    # Forked, so that workers find the proofs, CrossHair and the compiler as they are.
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        # The steps, last in the list, take longest: begin with them.
        for result in pool.imap_unordered(_judge, reversed(range(len(proofs)))):
            results[result.id] = result
            progress.print(
                f"[{len(results):3}/{len(proofs)}] {result.id}: {result.verdict} "
                f"({result.seconds:.1f} s)",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    return [results[proof.identity] for proof in proofs]


_proofs: list[Proof] = []


def _judge(index: int) -> Result:
    return judge(_proofs[index])


if __name__ == "__main__":
    sys.exit(main())
