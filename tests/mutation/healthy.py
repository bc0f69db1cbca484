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
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path

from tests.mutation import child, imports, killers
from tests.mutation.operators import Mutant
from tests.mutation.shelf import Shelf

FILES = (
    "tests/unit/test_*.py",
    "tests/incidents/test_*.py",
    "tests/stateful/test_oracle_contract.py",
)
_NO_JUDGES = ("test_mutation", "test_bench", "test_snapshots")
"""
Begin the names of tests that look for no mutants: those of this tool, and those that
keep figures of the code, which notice whatever changes it.
"""
LIMIT = 200
"""Processor seconds in which a test file has to pass."""
PROOF = 15
"""Processor seconds that a proof may take."""
_COMPILED = ("contracts", "tests/harness")
_DEPENDS = ("specs", "keeper", *_COMPILED)
_WALKS = ("tests/stateful/test_orders.py", "tests/stateful/book_twin.py")
_PROOFS = "tests/proofs"
_HEALTHY_WALKS = 60


class Healthy:
    """What is known of the project as it is."""

    def __init__(self, root: Path, cache: Path, codes: dict, shelf: Shelf):
        self.root, self.cache, self.codes = root, cache, codes
        self.shelf = shelf
        self.base = _hash(root, [root / part for part in _DEPENDS])
        self.closures: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        self.texts = {
            str(path.relative_to(root)): path.read_text()
            for pattern in FILES
            for path in sorted(root.glob(pattern))
            if not path.name.startswith(_NO_JUDGES)
        }

    def tests_of(self, harnesses: list[str], mutant: Mutant) -> Iterator[str]:
        """Yield the files that call one of these harnesses, the nearest first."""
        for name in self._ranked([*harnesses, *_words(mutant)], mutant):
            text = self._closure(name)
            is_caller = any(f'"{each}"' in text for each in harnesses)
            if is_caller and self._may_deploy(name, harnesses):
                yield name

    def tests_for(self, contracts: list[str], mutant: Mutant) -> Iterator[str]:
        """Yield the files that may deploy one of these contracts, the nearest first."""
        for name in self._ranked([*_words(mutant), *contracts], mutant):
            if self._may_deploy(name, contracts):
                yield name

    def tests_of_specification(self, mutant: Mutant) -> Iterator[str]:
        """Yield files that name or run a part of the specification, nearest first."""
        stem = Path(mutant.path).stem

        def reach(name: str) -> int:
            return imports.nearness(self.root, self._closure(name), stem)

        yield from self._ranked(_words(mutant), mutant, reach)

    def test(self, name: str) -> str:
        """Return the first test that fails in a file; note what the file deploys."""
        self.shelf.asked.clear()
        failed = killers.test([name])
        if not failed:
            place = self._place("deployed", name)
            _remember(place, lambda: sorted(self.shelf.asked))
        return failed

    def _may_deploy(self, name: str, contracts: list[str]) -> bool:
        """Tell whether a test deploys one of these, as far as is known."""
        known = self._place("deployed", name)
        return not known.exists() or bool(
            set(contracts) & set(json.loads(known.read_text()))
        )

    def passes(self, name: str) -> bool:
        """Tell whether a test file passes without a mutant, in time."""
        work = partial(self._is_silent, partial(self.test, name), LIMIT)
        return _remember(self._place("passes", name), work)

    def _is_silent(self, work: Callable[[], str], limit: float) -> bool:
        """Tell whether something finds nothing without the mutant, in time."""
        with self.shelf.hidden():
            return child.run(work, limit).text == ""

    def _place(self, kind: str, name: str) -> Path:
        """Return where something is kept of a test."""
        if name not in self.digests:
            text = self._closure(name)
            self.digests[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
        stem = Path(name).stem
        return self.cache / f"{kind}-{stem}-{self.digests[name]}-{self.base}.json"

    def _ranked(
        self, words: list[str], mutant: Mutant, more: Callable[[str], int] = lambda _: 0
    ) -> list[str]:
        stems = [_snake(word) for word in (Path(mutant.path).stem, *words)]

        def nearness(name: str) -> int:
            found = sum(
                re.search(rf"\b_?{word}\b", self.texts[name]) is not None
                for word in words
            )
            is_named = any(stem in Path(name).stem for stem in stems)
            return found + 3 * is_named + more(name)

        near = {name: nearness(name) for name in self.texts}
        return sorted((n for n in near if near[n]), key=lambda n: (-near[n], n))

    def _closure(self, name: str) -> str:
        """Return the text of a test with that of the helpers that it imports."""
        if name not in self.closures:
            self.closures[name] = _closure(self.root, name)
        return self.closures[name]

    @cached_property
    def proven(self) -> str:
        """Return a hash of what proofs depend on."""
        return _hash(self.root, [self.root / part for part in (*_DEPENDS, _PROOFS)])

    def proofs_of(self, mutant: Mutant) -> Iterator[str]:
        """
        Yield the proofs that have mutants in the same file, those first that are named
        after the mutant's function.
        """
        known = self.cache / f"proofs-{self.proven}.json"
        proofs = _remember(known, _proofs)
        found = [name for name, paths in proofs.items() if mutant.path in paths]
        function = mutant.scope.strip("_")
        return iter(sorted(found, key=lambda name: name.split(".")[-1] != function))

    def holds(self, proof: str) -> bool:
        """Tell whether a proof succeeds without a mutant, in little time."""
        prove = partial(killers.prove, proof, self.root)
        work = partial(self._is_silent, prove, PROOF)
        digest = hashlib.sha256(proof.encode()).hexdigest()[:16]
        return _remember(self.cache / f"proof-{digest}-{self.proven}.json", work)


def _closure(root: Path, *names: str) -> str:
    """Return the text of files with that of all of `tests` that they import."""
    found, todo = {}, [root / name for name in names]
    while todo:
        path = todo.pop()
        if path not in found:
            found[path] = path.read_text()
            todo += _imported(root, found[path])
    return "".join(found[path] for path in sorted(found))


def _imported(root: Path, text: str) -> Iterator[Path]:
    """Yield the files of `tests` that a source imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            for each in names:
                path = root / f"{each.replace('.', '/')}.py"
                if each.startswith("tests.") and path.exists():
                    yield path


def _snake(name: str) -> str:
    """Return a contract's name as files of tests have it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _words(mutant: Mutant) -> list[str]:
    return [word for word in (Path(mutant.path).stem, mutant.scope.lstrip("_")) if word]


def learn(root: Path, cache: Path) -> Healthy:
    """Compile all, and walk a little; all that only once."""
    cache.mkdir(parents=True, exist_ok=True)
    base = _hash(root, [root / part for part in _DEPENDS])
    compiled = _hash(root, [root / part for part in _COMPILED])
    shelf = Shelf(cache / f"artifacts-{compiled}", root / ".cache" / "mutant")
    names = [
        path.stem
        for folder in ("contracts", "contracts/mocks", "tests/harness")
        for path in sorted((root / folder).glob("*.vy"))
    ]
    codes = _codes(names, cache, compiled, shelf)
    shelf.clear()
    shelf.install()
    walked = hashlib.sha256(_closure(root, *_WALKS).encode()).hexdigest()[:16]
    for kind in killers.WALKS:
        known = cache / f"walk-{kind}-{walked}-{base}.json"
        if _remember(known, partial(_walk, kind)):
            raise SystemExit(f"walk {kind} fails without a mutant")
    return Healthy(root, cache, codes, shelf)


def _proofs() -> dict:
    """Return the files in which each proof has mutants."""
    listed = child.run(lambda: json.dumps(killers.list_proofs()), LIMIT)
    return json.loads(_need(listed))


def _codes(names: list[str], cache: Path, base: str, shelf: Shelf) -> dict:
    """Return where the runtime of each contract begins, and a hash of its code."""

    def work(name: str) -> str:
        from tests.mutation.compiler import compile_healthy

        return compile_healthy(name, shelf)

    def look(name: str) -> str:
        known = cache / f"code-{name}-{base}.json"
        return _remember(known, lambda: _need(child.run(partial(work, name), 90)))

    return {name: look(name) for name in names}


def _need(answer: child.Answer) -> str:
    if answer.text is None:
        raise RuntimeError(answer.error)
    return answer.text


def _walk(kind: str) -> str:
    walk = partial(killers.walk, [kind], 0, _HEALTHY_WALKS)
    answer = child.run(walk, 300)
    return answer.error or answer.text


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
