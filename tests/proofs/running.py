"""Many proofs judged at once, and what became of them remembered."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from tests.helpers.crowd import map_unordered
from tests.helpers.sources import fingerprint
from tests.proofs import catalogue, walks
from tests.proofs.proof import PROJECT, Proof, Result, judge

SOURCES = (
    "contracts",
    "specs",
    "tests/harness",
    "tests/helpers",
    "tests/mutants",
    "tests/proofs",
    "tests/stateful",
)
"""What a verdict depends on, but for the pinned packages."""

FOLDER = PROJECT / ".cache" / "proofs"


@cache
def everything() -> Mapping[str, Proof]:
    """Return all proofs by their names, and the invariants that walks assert."""
    found: list[Proof] = [*walks.collect(), *catalogue.collect()]
    return {proof.identity: proof for proof in found}


def judge_named(identity: str) -> Result:
    """Judge one proof, wherever this runs."""
    return judge(everything()[identity])


def judge_all(
    names: Sequence[str], jobs: int, scheduler: str | None = None
) -> Iterator[Result]:
    """Yield each proof's result as it comes, begun with those that take longest."""
    took = seconds_before()
    ordered = sorted(names, key=lambda name: -took.get(name, 1e9))
    return map_unordered(judge_named, ordered, jobs, scheduler)


def seconds_before(path: Path = PROJECT / "proofs.json") -> dict[str, float]:
    """Return how long each proof took when last written down."""
    try:
        return {entry["id"]: entry["seconds"] for entry in json.loads(path.read_text())}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


class Memory:
    """
    Results on disk, one line each, for as long as nothing that they are about changes.

    A line is written at once: a kill leaves a torn last line, which is no line.
    """

    def __init__(self, path: Path | None = None):
        """Remember in a file; by default one of the sources as they are."""
        self.path = path or FOLDER / f"{fingerprint(SOURCES)}.jsonl"

    def add(self, result: Result) -> None:
        """Remember a result."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            # It begins with the line's end: one that was torn must not swallow it.
            file.write(f"\n{json.dumps(asdict(result))}\n")

    def proved(self) -> dict[str, Result]:
        """Return what was proved; what was not is tried again."""
        found = {}
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            try:
                result = Result(**json.loads(line))
            except (ValueError, TypeError):
                continue
            if result.is_proved:
                found[result.id] = result
        return found
