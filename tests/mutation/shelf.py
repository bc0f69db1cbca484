"""
Compiled contracts of a copy of the project, those of a mutant before all others.

To find an artifact, `keeper.artifacts` reads all sources that it depends on. Here it is
known which ones a mutant changes: they are compiled once, and found by their names.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keeper import artifacts
from keeper.artifacts import Artifact


class Shelf:
    """The artifacts of a project as it is, and of one mutant of it."""

    def __init__(self, healthy: Path, mutant: Path):
        self.folders = {False: healthy, True: mutant}
        self.is_hidden = False
        self.original: Callable[[str, Path], Artifact] = artifacts._artifact
        self.kept: dict[str, Artifact] = {}
        self.asked: set[str] = set()
        """The names of what was looked for."""

    def install(self) -> None:
        """Let the whole process find its artifacts here."""
        self.find.__func__.cache_clear = lambda: None
        artifacts._artifact = self.find

    def find(self, name: str, root: Path) -> Artifact:
        """Return an artifact of the project; of other folders as ever."""
        is_own = root == artifacts.CONTRACTS or (root / "harness").is_dir()
        if not is_own:
            return self.original(name, root)
        self.asked.add(name)
        changed = self._place(name, True)
        if not self.is_hidden and changed.exists():
            return _read(changed)
        if name not in self.kept:
            self.kept[name] = _read(self._place(name, False))
        return self.kept[name]

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Find no mutant, for as long as something is looked for without it."""
        self.is_hidden = True
        try:
            yield
        finally:
            self.is_hidden = False

    def put(self, found: Artifact, is_mutant: bool) -> None:
        """Keep an artifact."""
        place = self._place(found.name, is_mutant)
        place.parent.mkdir(parents=True, exist_ok=True)
        fields = dict(vars(found))
        for name in ("bytecode", "runtime"):
            fields[name] = fields[name].hex()
        place.write_text(json.dumps(fields))

    def clear(self) -> None:
        """Forget the mutant."""
        for path in self.folders[True].glob("*"):
            path.unlink()

    def _place(self, name: str, is_mutant: bool) -> Path:
        return self.folders[is_mutant] / f"{name}.json"


def _read(path: Path) -> Artifact:
    fields = json.loads(path.read_text())
    for name in ("bytecode", "runtime"):
        fields[name] = bytes.fromhex(fields[name])
    return Artifact(**fields)
