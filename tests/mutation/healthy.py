"""
What is known of the project without a mutant.

A test file is run here before it looks for mutants, and which contracts it deploys is
noted; one that fails here looks for nothing. So it is with walks and proofs. It is all
remembered by a hash of what it depends on.
"""

import ast
import hashlib
import json
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from keeper import artifacts
from keeper.artifacts import Artifact
from tests.mutation import child, killers
from tests.mutation.operators import Mutant

FILES = (
    "tests/unit/test_*.py",
    "tests/incidents/test_*.py",
    "tests/stateful/test_oracle_contract.py",
)
LIMIT = 200
"""Processor seconds in which a test file has to pass."""
PROOF = 15
"""Processor seconds that a proof may take."""
_DEPENDS = ("contracts", "specs", "keeper", "tests/helpers", "tests/harness")
_PROOFS = "tests/proofs"
_HEALTHY_WALKS = 60


def hash_of(found: Artifact) -> str:
    """Return a hash of a contract's code, but for the note of its sources."""
    suffix = int.from_bytes(found.bytecode[-2:])
    digest = hashlib.sha256(found.runtime)
    digest.update(found.bytecode[: len(found.bytecode) - suffix])
    return digest.hexdigest()[:16]


class Healthy:
    """What is known of the project as it is."""

    def __init__(self, root: Path, cache: Path, codes: dict, proofs: dict):
        self.root, self.cache, self.codes, self.proofs = root, cache, codes, proofs
        self.base = _hash(root, [root / part for part in _DEPENDS])
        self.proven = _hash(root, [root / part for part in (*_DEPENDS, _PROOFS)])
        self.closures: dict[str, str] = {}
        self.texts = {
            str(path.relative_to(root)): path.read_text()
            for pattern in FILES
            for path in sorted(root.glob(pattern))
        }

    def tests_of(self, harnesses: list[str], mutant: Mutant) -> Iterator[str]:
        """Yield the files that call one of these harnesses, the nearest first."""
        words = [*harnesses, *_words(mutant)]
        for name in self._ranked(words, mutant):
            text = self._closure(name)
            named = {each for each in harnesses if f'"{each}"' in text}
            if named and named & self._deployed(name):
                yield name

    def tests_for(self, contracts: list[str], mutant: Mutant) -> Iterator[str]:
        """Yield the files that deploy one of these contracts, the nearest first."""
        words = [*_words(mutant), *contracts]
        for name in self._ranked(words, mutant):
            if set(contracts) & self._deployed(name):
                yield name

    def tests_of_specification(self, mutant: Mutant) -> Iterator[str]:
        """Yield files that name a part of the specification, the nearest first."""
        for name in self._ranked(_words(mutant), mutant):
            if self._test(name)["passed"]:
                yield name

    def _ranked(self, words: list[str], mutant: Mutant) -> list[str]:
        module = Path(mutant.path).stem

        def nearness(name: str) -> int:
            found = sum(
                re.search(rf"\b_?{word}\b", self.texts[name]) is not None
                for word in words
            )
            return found + 3 * (module in Path(name).stem)

        near = {name: nearness(name) for name in self.texts}
        return sorted((n for n in near if near[n]), key=lambda n: (-near[n], n))

    def _closure(self, name: str) -> str:
        """Return the text of a test with that of the helpers that it imports."""
        if name not in self.closures:
            self.closures[name] = self._read(name)
        return self.closures[name]

    def _read(self, name: str) -> str:
        found, todo = {}, [self.root / name]
        while todo:
            path = todo.pop()
            if path not in found:
                found[path] = path.read_text()
                todo += self._imported(found[path])
        return "".join(found.values())

    def _imported(self, text: str) -> Iterator[Path]:
        """Yield the helpers that a source imports."""
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
                for each in names:
                    path = self.root / f"{each.replace('.', '/')}.py"
                    if each.startswith("tests.helpers.") and path.exists():
                        yield path

    def _deployed(self, name: str) -> set[str]:
        """Return the contracts that a test deploys; none if it does not pass."""
        found = self._test(name)
        return set(found["names"]) if found["passed"] else set()

    def _test(self, name: str) -> dict:
        digest = _hash(self.root, [self.root / name])
        known = self.cache / f"{Path(name).stem}-{digest}-{self.base}.json"
        return _remember(known, lambda: _test(name))

    def proofs_of(self, mutant: Mutant) -> Iterator[str]:
        """Yield the quick proofs that have mutants in the same file."""
        for name, paths in self.proofs.items():
            digest = hashlib.sha256(name.encode()).hexdigest()[:16]
            known = self.cache / f"proof-{digest}-{self.proven}.json"
            if mutant.path in paths and _remember(known, partial(self._holds, name)):
                yield name

    def _holds(self, proof: str) -> bool:
        return child.run(lambda: killers.prove(proof, self.root), PROOF).text == ""


def _words(mutant: Mutant) -> list[str]:
    return [word for word in (Path(mutant.path).stem, mutant.scope.lstrip("_")) if word]


def learn(root: Path, cache: Path) -> Healthy:
    """Compile all, walk a little, and list the proofs; all that only once."""
    from tests.mutation.trial import compiled

    cache.mkdir(parents=True, exist_ok=True)
    base = _hash(root, [root / part for part in _DEPENDS])
    names = [
        path.stem
        for folder in ("contracts", "tests/harness")
        for path in sorted((root / folder).glob("*.vy"))
    ]
    codes = _remember(cache / f"codes-{base}.json", lambda: _codes(names, compiled))
    for kind in killers.WALKS:
        known = cache / f"walk-{kind}-{base}.json"
        if _remember(known, partial(_walk, kind)):
            raise SystemExit(f"walk {kind} fails without a mutant")
    listed = _hash(root, [root / _PROOFS])
    proofs = _remember(cache / f"proofs-{listed}-{base}.json", _proofs)
    return Healthy(root, cache, codes, proofs)


def _proofs() -> dict:
    """Return the files in which each proof has mutants; none if they are not listed."""
    answer = child.run(lambda: json.dumps(killers.list_proofs()), 60)
    return json.loads(answer.text) if answer.text else {}


def _codes(names, compiled) -> dict:
    found = {}
    for name in names:
        answer = child.run(partial(compiled, name), 60)
        found[name] = answer.text.split()[1]
    return found


def _walk(kind: str) -> str:
    from tests.mutation.trial import fresh

    walk = partial(killers.walk, [kind], _HEALTHY_WALKS)
    answer = child.run(partial(fresh, walk), 300)
    return answer.error or answer.text


def _test(name: str) -> dict:
    def work() -> str:
        deployed = set()
        original = artifacts._artifact

        def noted(contract, source_root):
            deployed.add(contract)
            return original(contract, source_root)

        noted.cache_clear = original.cache_clear
        artifacts._artifact = noted
        failed = killers.test([name])
        return json.dumps([failed, sorted(deployed)])

    from tests.mutation.trial import fresh

    answer = child.run(partial(fresh, work), LIMIT)
    failed, deployed = json.loads(answer.text) if answer.text else (answer.error, [])
    return {
        "passed": not failed,
        "failed": failed,
        "names": deployed,
        "seconds": round(answer.seconds, 1),
    }


def _remember(path: Path, work):
    if path.exists():
        return json.loads(path.read_text())
    found = work()
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(json.dumps(found))
    draft.replace(path)
    return found


def _hash(root: Path, places: list[Path]) -> str:
    digest = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".vy", ".vyi"):
                digest.update(str(path.relative_to(root)).encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
