"""
How long proofs take: a seeded sample of them, in one process and in two.

What is measured are claims on the sources as they are. Mutants, which take more time
than that, are spared, as `make prove` does in most of its runs. What `proofs.json` says
of all of them is put beside it.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.helpers.crowd import map_unordered
from tests.proofs import invariants
from tests.proofs.proof import PROJECT, Result, judge
from tests.proofs.running import everything
from tests.speed.measuring import Clock, Job, Keep, Series

COUNTS, QUICK_COUNTS = (4, 8, 16, 32), (1, 2)
PROCESSES = 1, 2
LONGEST, QUICK_LONGEST = 20.0, 0.6
"""Seconds that a proof took when last written down, of those that may be drawn."""


class ProofError(Exception):
    """A proof that is measured does not hold."""


def plan(seed: int, quick: bool) -> Iterator[Job]:
    """Yield what is to be measured."""
    for processes in PROCESSES:
        name = f"{processes} process{'es' if processes > 1 else ''}"
        series = Series("proofs", name, "proofs")
        for count in QUICK_COUNTS if quick else COUNTS:
            longest = QUICK_LONGEST if quick else LONGEST
            yield Job(series, Proving(seed, count, processes, longest))


@dataclass(frozen=True)
class Proving:
    """A sample of proofs, judged by some processes."""

    seed: int
    count: int
    processes: int
    longest: float

    def __call__(self, keep: Keep) -> None:
        """Judge them; raise `ProofError` unless all hold."""
        names = draw(self.seed, self.count, self.longest)
        compile_for(names)
        clock = Clock()
        results = list(map_unordered(judge_claim, names, self.processes))
        failed = [result.id for result in results if not result.is_proved]
        if failed:
            raise ProofError(", ".join(failed))
        keep(clock.read(self.count, {"proofs": len(results)}, self.processes))


COMPILED: set[str] = set()
"""Proofs that were judged before, so that what they are about is compiled."""


def compile_for(names: list[str]) -> None:
    """
    Have everything compiled that proofs are about, and kept on disk.

    The first proof about a contract would else take a minute longer than all others.
    """
    for name in names:
        if name not in COMPILED and everything()[name].layer > 1:
            judge_claim(name)
            COMPILED.add(name)


def judge_claim(identity: str) -> Result:
    """Judge one proof without its mutants, wherever this runs."""
    return judge(everything()[identity], spares_mutants=True)


def draw(seed: int, count: int, longest: float) -> list[str]:
    """Return the names of some proofs; larger samples of a seed have smaller ones."""
    known = {entry["id"] for entry in read_single() if entry["seconds"] <= longest}
    names = sorted(known & everything().keys())
    Random(seed).shuffle(names)
    return names[:count]


def read_single() -> list[dict]:
    """Return the entries of `proofs.json` that stand for one proof each."""
    entries = json.loads((PROJECT / "proofs.json").read_text())
    return [
        entry
        for entry in entries
        if entry["id"] not in invariants.NUMBERS and entry["layer"] < invariants.TESTS
    ]


def sum_committed() -> list[dict]:
    """
    Return the seconds of all proofs by layer and tool, as they were written down.

    `sums` has those of the quickest one, two, three of them, and so on. They are
    seconds by the clock, of runs that may have been disturbed, mutants included where
    it was their turn.
    """
    found = defaultdict(list)
    for entry in read_single():
        found[entry["layer"], entry["tool"]].append(entry["seconds"])
    return [
        {
            "layer": layer,
            "tool": tool,
            "proofs": len(seconds),
            "seconds": round(sum(seconds), 1),
            "median": sorted(seconds)[len(seconds) // 2],
            "longest": max(seconds),
            "sums": accumulate(sorted(seconds)),
        }
        for (layer, tool), seconds in sorted(found.items())
    ]


def accumulate(seconds: list[float]) -> list[float]:
    """Return the sums of the first one, two, three, and so on."""
    sums, total = [], 0.0
    for each in seconds:
        total += each
        sums.append(round(total, 2))
    return sums
