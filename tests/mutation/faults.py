"""Whether the committed table is complete, that of the sources, and good enough."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.mutation.catalogue import GROUPS, ROOT
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.record import SCORE, SURVIVED, Record, Result
from tests.mutation.score import (
    count,
    judged,
    read_results,
    read_summary,
    sample,
    table,
)

LEAST = 0.95
"""Of the modules' sample that something has to notice."""
NAMED = 3
"""Files that are told by their names."""
START, EACH = 95, 15
"""
Seconds of a processor, measured: to compile what has changed and walk without a mutant;
for a mutant, of which most take less than ten and survivors thirty-five.
"""


class Faults(NamedTuple):
    """Why the table does not do, and what is to be done about it."""

    reasons: list[str]
    remedies: list[str]

    def __str__(self) -> str:
        name = SCORE.relative_to(ROOT)
        return f"{name}: {'; '.join(self.reasons)}. {'; '.join(self.remedies)}."


def find(path: Path = SCORE) -> Faults:
    """Return what is wrong with the committed table for the sources as they are."""
    results, record = read_results(path), Record(Path("/nonexistent"))
    record.adopt(results)
    found = Faults([], [])
    missing = sum(_look(group, record, found) for group in GROUPS)
    stale = [result for result in results if result.id not in record.results]
    if stale:
        found.reasons.insert(0, _tell(stale))
    if stale or missing:
        remedy = "make mutants brings it up to date"
        if missing:
            minutes = (START + missing * EACH) / 60
            remedy += f", {missing} to try, some {minutes:.0f} min of one processor"
        found.remedies.insert(0, f"{remedy}: commit it")
    elif table(record)["summary"] != read_summary(path):
        found.reasons.append("its summary is of other results or arguments")
        found.remedies.append("make mutants ARGS=--report writes it again: commit it")
    _look_at_arguments(results, found)
    return found


def _look(group: str, record: Record, found: Faults) -> int:
    """Note what is wrong with a group; return how many of its sample are missing."""
    drawn = sample(group, record)
    missing = sum(result is None for _, result in drawn)
    if missing:
        found.reasons.append(f"incomplete: {missing} of {len(drawn)} of {group}")
        return missing
    score = count(judged(result) for _, result in drawn if result)["score"]
    if group == "modules" and (score or 0) < LEAST:
        found.reasons.append(f"{group}: score {score} is below {LEAST}")
        found.remedies.append(
            "write a test that notices a survivor, then make mutants ARGS=--retry"
        )
    return 0


def _tell(stale: Iterable[Result]) -> str:
    """Say which files have changed since their mutants were tried."""
    files = Counter(result.id.split(":")[0] for result in stale)
    names = ", ".join(sorted(files)[:NAMED])
    rest = len(files) - NAMED
    return f"stale: {files.total()} of {names}{f' and {rest} more' * (rest > 0)}"


def _look_at_arguments(results: Iterable[Result], found: Faults) -> None:
    """Note arguments for what is no survivor of the sample."""
    verdicts = {result.id: result.verdict for result in results}
    unneeded = [name for name in EQUIVALENTS if verdicts.get(name) != SURVIVED]
    if unneeded:
        found.reasons.append(f"argued without need: {', '.join(unneeded)}")
        found.remedies.append("take that out of the arguments")
