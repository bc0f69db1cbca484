"""
Which mutants were refuted when ``proofs.json`` was last written: a digest of each
proof's.

A run that tries the mutants of some proofs alone believes the others' only if they are
the very same. A digest is written by a whole run in which all holds: its mutants were
refuted in that run, or had this digest already.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

COMMITTED = Path(__file__).parent / "mutants.json"
_LENGTH = 12


class Faulted(Protocol):
    """What has mutants."""

    identity: str
    mutants: tuple[Any, ...]


def digest_of(mutants: Sequence[Any]) -> str:
    """Return a digest of mutants: where each is, and what becomes what."""
    text = "\n".join(map(repr, mutants))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


@cache
def known() -> Mapping[str, str]:
    """Return the digests that are written down."""
    return read(COMMITTED)


def read(path: Path) -> dict[str, str]:
    """Return the digests of a file; none if it is missing or spoilt."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def write(proofs: Iterable[Faulted], path: Path = COMMITTED) -> int:
    """Write the digests of all proofs; return how many have changed or gone."""
    old = read(path)
    new = {p.identity: digest_of(p.mutants) for p in proofs if p.mutants}
    path.write_text(json.dumps(new, indent=1, sort_keys=True) + "\n")
    return sum(old.get(name) != new.get(name) for name in {*old, *new})
