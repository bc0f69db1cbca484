"""A hash of the code that a result depends on."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SUFFIXES = (".py", ".vy", ".vyi")


def fingerprint(folders: Sequence[str], root: Path = ROOT) -> str:
    """Return a hash of the pinned packages and of the code in some folders."""
    found = hashlib.sha256((root / "requirements.lock").read_bytes())
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _SUFFIXES:
                found.update(f"{path.relative_to(root)}\n".encode())
                found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
