"""Every mutant that there is, and the seeded sample of them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.mutation.operators import Mutant, find_mutants
from tests.mutation.source import read

ROOT = Path(__file__).resolve().parents[2]

GROUPS = {
    "modules": "contracts/modules/*.vy",
    "bodies": "contracts/*.vy",
    "specs": "specs/*.py",
}
SEED = 1
SHARES = {"modules": 60, "bodies": 100_000, "specs": 100_000}
"""
A stratum, of one file and operator, has one mutant in the sample, and one more for each
so many that it has.
"""
PARTS = {"modules": 1.0, "bodies": 0.5, "specs": 0.25}
"""Of how many of the strata, chosen by the seed, the sample has any."""


def collect(root: Path = ROOT) -> list[Mutant]:
    """Return all mutants, group by group."""
    return [mutant for group in GROUPS for mutant in of_group(group, root)]


@cache
def of_group(group: str, root: Path = ROOT) -> list[Mutant]:
    """Return the mutants of a group's files."""
    return [
        mutant
        for path in sorted(root.glob(GROUPS[group]))
        for mutant in find_mutants(str(path.relative_to(root)), path.read_text())
    ]


def group_of(path: str) -> str:
    """Return the group that a file is of."""
    if path.startswith("specs/"):
        return "specs"
    return "modules" if "/modules/" in path else "bodies"


@cache
def code_hash(path: str, root: Path = ROOT) -> str:
    """Return a hash of a file's code, which comments and docstrings leave as it is."""
    return hashlib.sha256(read((root / path).read_text()).code.encode()).hexdigest()[
        :16
    ]


class Stratum:
    """Mutants of one file and operator, in the order in which they are drawn."""

    def __init__(self, mutants: Iterable[Mutant], quota: int):
        self.mutants = sorted(mutants, key=lambda mutant: _lot(mutant.id))
        self.quota = quota

    def drawn(self, skipped: Iterable[str]) -> list[Mutant]:
        """
        Return what is in the sample, and what was to be and had to be replaced.

        `skipped` has the ids of those that are no mutants after all: they do not
        compile, or have the bytecode of the original.
        """
        skipped, found, left = set(skipped), [], self.quota
        for mutant in self.mutants:
            if not left:
                break
            found.append(mutant)
            left -= mutant.id not in skipped
        return found


def strata(group: str, everything: bool = False, root: Path = ROOT) -> list[Stratum]:
    """Return the strata of a group that are in the sample, or all of them."""
    found = defaultdict(list)
    for mutant in of_group(group, root):
        found[mutant.stratum].append(mutant)
    if everything:
        return [Stratum(mutants, len(mutants)) for mutants in found.values()]
    names = sorted(found, key=lambda stratum: _lot("".join(stratum)))
    names = names[: round(len(names) * PARTS[group])]
    share = SHARES[group]
    return [Stratum(found[name], 1 + len(found[name]) // share) for name in names]


def _lot(name: str) -> str:
    return hashlib.sha256(f"{SEED} {name}".encode()).hexdigest()
