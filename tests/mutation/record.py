"""
What became of mutants, remembered on disk.

One line for each finished mutant, written at once: a kill in the middle leaves a torn
last line, which is no line. A result counts for the file in which the mutant is as long
as its code is the same, so nothing is tried twice.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation.catalogue import ROOT, code_hash
from tests.mutation.operators import Mutant

CACHE = ROOT / ".cache" / "mutation"
RESULTS = CACHE / "results.jsonl"
SCORE = Path(__file__).parent / "score.json"

KILLED, SURVIVED = "killed", "survived"
EQUIVALENT, STILLBORN = "equivalent", "stillborn"
SKIPPED = (EQUIVALENT, STILLBORN)
"""Verdicts of the compiler: no mutants after all, others take their places."""


@dataclass(frozen=True)
class Result:
    """What became of a mutant."""

    id: str
    code: str
    """Hash of the code of its file."""
    verdict: str
    by: str
    """What noticed it, or why it does not count."""
    seconds: float
    """Of the processor."""


class Record:
    """Results by id, those whose files have changed since left out."""

    def __init__(self, path: Path = RESULTS):
        self.path, self.results = path, {}
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                self._keep(Result(**json.loads(line)))
            except (ValueError, TypeError):
                continue

    def _keep(self, result: Result) -> None:
        path = result.id.split(":")[0]
        if (ROOT / path).exists() and code_hash(path) == result.code:
            self.results[result.id] = result

    def adopt(self, results: Iterable[Result]) -> None:
        """Know of results, of the committed table, that are not known yet."""
        known = dict(self.results)
        for result in results:
            if result.id not in known:
                self._keep(result)

    def add(self, result: Result) -> None:
        """Remember a result."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # It begins with the line's end: one that was torn must not swallow it.
        line = f"\n{json.dumps(asdict(result))}\n".encode()
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(file, line)
        finally:
            os.close(file)
        self.results[result.id] = result

    def verdict(self, mutant: Mutant) -> str | None:
        """Return what became of a mutant, None if it was not tried."""
        found = self.results.get(mutant.id)
        return found and found.verdict
