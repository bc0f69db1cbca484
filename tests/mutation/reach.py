"""
Which contracts have the code in which a mutant is.

The compiler leaves out of a contract what none of its entry points reaches, so a mutant
is in few of the contracts that import its module.
"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import OptimizationLevel, Settings

from tests.mutation.operators import Mutant
from tests.mutation.source import Source, read

_WORD = re.compile(r"\w+")


class Contract(NamedTuple):
    """A contract, and the functions that are compiled into it, by file and name."""

    name: str
    functions: frozenset[tuple[str, str]]
    files: frozenset[str]


def look_at(path: Path, root: Path) -> Contract:
    """Return what the compiler would compile into the contract of this file."""
    bundle = FilesystemInputBundle([root, root / "contracts"])
    settings = Settings(evm_version="cancun", optimize=OptimizationLevel.GAS)
    module = CompilerData(bundle.load_file(path), bundle, settings=settings).global_ctx
    entries = list(module.exposed_functions)
    if module.init_function is not None:
        entries.append(module.init_function)
    reached = {*entries}
    for entry in entries:
        reached.update(entry.reachable_internal_functions)
    functions = {
        (_relative(each.decl_node.module_node.resolved_path, root), each.name)
        for each in reached
        if each.decl_node is not None
    }
    files = {_relative(path, root)}
    todo = [module]
    while todo:
        for info in todo.pop().imported_modules.values():
            place = _relative(info.module_t._module.resolved_path, root)
            if place not in files:
                files.add(place)
                todo.append(info.module_t)
    return Contract(path.stem, frozenset(functions), frozenset(files))


def _relative(path: str | Path, root: Path) -> str:
    path = Path(path)
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


class Reach:
    """The contracts of a project, deployables and harnesses."""

    def __init__(self, contracts: list[Contract], sources: dict[str, Source]):
        self.contracts, self.sources = contracts, sources

    def of(self, mutant: Mutant) -> list[str]:
        """Return the names of the contracts that may have a mutant in them."""
        if mutant.scope:
            places = {(mutant.path, mutant.scope)}
        else:
            places = self._users(self._constant_at(mutant))
        if places is None:
            return [c.name for c in self.contracts if mutant.path in c.files]
        return [
            c.name
            for c in self.contracts
            if mutant.path in c.files and places & c.functions
        ]

    def _constant_at(self, mutant: Mutant) -> str:
        for statement in self.sources[mutant.path].statements:
            if statement.start <= mutant.start < statement.end:
                return statement.first
        raise ValueError(mutant.id)

    def _users(self, constant: str) -> set[tuple[str, str]] | None:
        """
        Return the functions that use a constant, or one that is made from it, of any
        module; None if something else does, such as the size of what is stored.
        """
        names, found = {constant}, set()
        while True:
            more = set()
            for path, source in self.sources.items():
                for statement in source.statements:
                    words = {token.text for token in statement.tokens}
                    if not words & names:
                        continue
                    texts = [token.text for token in statement.tokens]
                    if statement.scope:
                        found.add((path, statement.scope))
                    elif "def" in texts[:1]:
                        found.add((path, texts[1]))
                    elif statement.first.lstrip("_").isupper():
                        more.add(statement.first)
                    elif not statement.record or statement.first not in names:
                        return None
            if more <= names:
                return found
            names |= more


def survey(root: Path, cache: Path) -> Reach:
    """Return the reach of a project's contracts; what is known is kept in a folder."""
    sources = {
        str(path.relative_to(root)): read(path.read_text())
        for path in sorted(root.glob("contracts/**/*.vy"))
    }
    paths = [
        *sorted(root.glob("contracts/*.vy")),
        *sorted(root.glob("tests/harness/*.vy")),
    ]
    cache.mkdir(parents=True, exist_ok=True)
    return Reach([_recall(path, root, cache) for path in paths], sources)


def _recall(path: Path, root: Path, cache: Path) -> Contract:
    """Look at a contract, unless it is known with all its files as they are."""
    known = cache / f"{path.stem}.json"
    if known.exists():
        found = json.loads(known.read_text())
        if all(_hash(root / file) == told for file, told in found["files"].items()):
            functions = frozenset((file, name) for file, name in found["functions"])
            return Contract(path.stem, functions, frozenset(found["files"]))
    contract = look_at(path, root)
    files = {file: _hash(root / file) for file in sorted(contract.files)}
    draft = known.with_suffix(f".{os.getpid()}.draft")
    told = {"functions": sorted(contract.functions), "files": files}
    draft.write_text(json.dumps(told))
    draft.replace(known)
    return contract


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
