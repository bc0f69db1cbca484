"""
Copies of the project to put mutants into.

A worker has a copy of its own: tests run as they are on sources that differ, and nobody
else ever sees a mutant.
"""

import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutation.catalogue import ROOT
from tests.mutation.operators import Mutant
from tests.mutation.record import CACHE

_LEFT_OUT = {"node_modules", "report", "__pycache__"}


def copy_project(name: str) -> Path:
    """Bring the copy of this name up to date, and return it."""
    copy = CACHE / "trees" / name
    wanted = set()
    for path in _files(ROOT):
        place = copy / path.relative_to(ROOT)
        wanted.add(place)
        if not place.exists() or not filecmp.cmp(path, place, shallow=False):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
    for place in set(_files(copy)) - wanted:
        place.unlink()
    _lend_artifacts(copy)
    return copy


def _lend_artifacts(copy: Path) -> None:
    """Spare a new copy the compilation of what is as it was, for tests and proofs."""
    for name in ("artifacts", "compiled"):
        place, own = copy / ".cache" / name, ROOT / ".cache" / name
        if own.exists() and not place.exists():
            shutil.copytree(own, place, copy_function=os.link)


def _files(root: Path) -> Iterator[Path]:
    for entry in sorted(root.iterdir()):
        if entry.name.startswith(".") or entry.name in _LEFT_OUT:
            continue
        if entry.is_dir():
            yield from _files(entry)
        elif entry.is_file() and not entry.is_symlink():
            yield entry


@contextmanager
def mutated(mutant: Mutant, root: Path) -> Iterator[None]:
    """Put a mutant into a copy."""
    path = root / mutant.path
    healthy, times = path.read_text(), path.stat()
    path.write_text(mutant.apply(healthy))
    try:
        yield
    finally:
        path.write_text(healthy)
        # What was remembered of the healthy file by its time is so again.
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
