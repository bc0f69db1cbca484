"""Many proofs judged at once, and what became of them remembered."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from tests.helpers.crowd import map_unordered
from tests.helpers.sources import fingerprint
from tests.proofs import catalogue, walks
from tests.proofs.proof import PROJECT, Proof, Result, are_written_down, judge

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

SHARE = 6
"""Of so many proofs one has its mutants tried in a run that changes nothing."""

LAST = 4
"""The layer of what is tested; it has no entry of its own that could be as it is."""

FOLDER = PROJECT / ".cache" / "proofs"


@cache
def everything() -> Mapping[str, Proof]:
    """Return all proofs by their names, and the invariants that walks assert."""
    found: list[Proof] = [*walks.collect(), *catalogue.collect()]
    return {proof.identity: proof for proof in found}


def judge_named(identity: str) -> Result:
    """Judge one proof with all of its mutants, wherever this runs."""
    return judge(everything()[identity])


def judge_spared(identity: str) -> Result:
    """Judge one proof, and its mutants if it is its turn."""
    return judge(everything()[identity], not is_its_turn(identity))


@cache
def _sources() -> str:
    return fingerprint(SOURCES)


def is_its_turn(identity: str) -> bool:
    """Tell whether this state of the sources is one at which its mutants are tried."""
    return _is_drawn(identity, SHARE)


def drawn(names: Sequence[str], share: int) -> list[str]:
    """
    Return one proof in ``share`` of them, other ones as sources change, and each that
    `proofs.json` does not have as it is.
    """
    proofs = everything()
    return [
        name
        for name in names
        if _is_drawn(f"proof {name}", share)
        or (proofs[name].layer < LAST and not are_written_down(proofs[name]))
    ]


def _is_drawn(name: str, share: int) -> bool:
    digest = hashlib.sha256(f"{_sources()} {name}".encode()).hexdigest()
    return int(digest, 16) % share == 0


def judge_all(
    names: Sequence[str],
    jobs: int,
    scheduler: str | None = None,
    judging: Callable[[str], Result] = judge_named,
) -> Iterator[Result]:
    """Yield each proof's result as it comes, begun with those that take longest."""
    took = seconds_before()
    ordered = sorted(names, key=lambda name: -took.get(name, 1e9))
    return map_unordered(judging, ordered, jobs, scheduler)


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

    def __init__(self, path: Path | None = None, is_spared: bool = False):
        """Remember in a file; by default one of the sources as they are."""
        name = f"{fingerprint(SOURCES)}{'.spared' * is_spared}.jsonl"
        self.path = path or FOLDER / name

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
