"""
Walk millions of random transactions on the contracts beside the specification.

Finished walks are remembered in .cache/deep until code changes, and a second start
goes on where the first was stopped or killed. Ends with 1 at the first difference.
"""

import argparse
import sys
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from tests.deep.crew import WALKS, get_twin, walk_all, walk_one
from tests.deep.paths import PATHS
from tests.deep.record import WALKED_ON, Record, total
from tests.helpers.crowd import add_options, positive
from tests.helpers.sources import ROOT, fingerprint
from tests.stateful.bulk import Differs


def main(arguments=None):
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.deep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--transactions", type=positive, default=10_000_000, metavar="N"
    )
    parser.add_argument(
        "--path",
        choices=PATHS,
        default="protocol",
        help="what is walked on: all but the book, or the book",
    )
    add_options(parser)
    parser.add_argument("--seed", type=int, default=0, help="of the first walk")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".cache" / "deep",
        help="where finished walks are remembered",
    )
    parser.add_argument(
        "--replay",
        type=int,
        metavar="SEED",
        help="take one walk with a comparison after every action, and stop",
    )
    options = parser.parse_args(arguments)
    try:
        if options.replay is not None:
            return replay(options.path, options.replay)
        return walk(options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except OSError as error:
        print(error, file=sys.stderr)
        return 2


def replay(path, seed):
    """Take one walk slowly; say what differs."""
    try:
        met = walk_one(path, seed, interval=1)
    except Differs as differs:
        print(differs, file=sys.stderr)
        return 1
    print(f"seed {seed}: {met.total()} actions without a difference")
    return 0


def walk(options):
    """Walk until enough transactions are remembered, and print figures."""
    name = f"{fingerprint(WALKED_ON)}-{options.path}-{options.seed}.jsonl"
    record = Record(options.folder / name)
    get_twin(options.path)  # compiled before the processes part
    done = Done(record, options)
    found = remember(done, options)
    if found:
        return report_difference(options.path, *found)
    report(done.batches(), PATHS[options.path].reached)
    return 0


def remember(done, options):
    """Walk what is missing; return the seed and the text of a difference, if any."""
    with Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        task = progress.add_task("transactions", total=options.transactions)
        progress.update(task, completed=done.transactions)
        for found in walk_all(
            options.path, done.wanted(), options.jobs, options.scheduler
        ):
            if isinstance(found, tuple):
                return found
            done.record.add(found)
            progress.update(task, completed=done.transactions)
    return None


class Done:
    """
    The batches that are asked for: as many of the first as have enough transactions.

    The last ones are walked at once, so that some that are not needed may be
    remembered too; they do not count, and the figures do not depend on kills.
    """

    def __init__(self, record, options):
        self.record, self.seed = record, options.seed
        self.target = options.transactions

    def batches(self):
        """Return those that are remembered and needed, in the order of their seeds."""
        found, transactions = [], 0
        for first in count(self.seed, WALKS):
            batch = self.record.batches.get(first)
            if batch is None or transactions >= self.target:
                return found
            found.append(batch)
            transactions += batch.transactions

    @property
    def transactions(self):
        return min(self.target, sum(b.transactions for b in self.batches()))

    def wanted(self):
        """Yield the seeds of batches that are missing, as long as any is."""
        for first in count(self.seed, WALKS):
            if first in self.record.batches:
                continue
            if self.transactions >= self.target:
                return
            yield first


def report_difference(path, seed, text):
    """Say what differs, and how to see it again."""
    print(text, file=sys.stderr)
    again = f"python -m tests.deep --path {path} --replay {seed}"
    print(f"again: {again}", file=sys.stderr)
    return 1


def report(batches, reached):
    """Print the figures."""
    transactions, seconds, met = total(batches)
    print(
        f"{transactions:,} transactions in {WALKS * len(batches):,} walks, none "
        f"differs; {transactions / seconds:,.0f} a second and core"
    )
    refusals = {name for name in met if not name.endswith(": taken")}
    print(f"{len(met)} outcomes, {len(refusals)} of them refusals; most seldom:")
    for name in sorted(met, key=lambda name: met[name])[:10]:
        print(f"  {name}: {met[name]:,}")
    missing = sorted(reached - met.keys())
    if missing:
        print(f"not met: {', '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
