"""
What has been walked, remembered on disk.

One line for each finished batch of walks, written at once: a kill in the middle leaves
a torn last line, which is no line. The file's name has a hash of all that is walked
on, so that nothing counts any more once code has changed.
"""

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass

WALKED_ON = ("contracts", "keeper", "specs", "tests/helpers", "tests/stateful")
"""What a walk depends on, but for the pinned packages."""


@dataclass(frozen=True)
class Batch:
    """Walks of successive seeds that found nothing."""

    first: int
    transactions: int
    seconds: float
    """Time of the processor that they took."""
    met: dict[str, int]


class Record:
    """The finished batches by their first seed, and the file that has them."""

    def __init__(self, path):
        self.path, self.batches = path, {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                batch = Batch(**json.loads(line))
            except ValueError:
                continue
            self.batches[batch.first] = batch

    def add(self, batch):
        """Remember a batch."""
        # It begins with the line's end: one that was torn must not swallow it.
        line = f"\n{json.dumps(asdict(batch))}\n".encode()
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(file, line)
        finally:
            os.close(file)
        self.batches[batch.first] = batch


def total(batches):
    """Return transactions, processor seconds and what was met, over batches."""
    met = Counter()
    for batch in batches:
        met.update(batch.met)
    transactions = sum(batch.transactions for batch in batches)
    return transactions, sum(batch.seconds for batch in batches), met
