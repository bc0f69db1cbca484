"""Every proof that there is: found where it stands, so that none is forgotten."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from tests.proofs import equalities, lemmas, steps
from tests.proofs.gate import Law, count_posts
from tests.proofs.proof import PROJECT, Proof


def collect() -> list[Proof]:
    """Return all proofs, in the order of the layers."""
    found = [*_laws(), *listed(lemmas), *listed(equalities), *listed(steps)]
    names = [proof.identity for proof in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two proofs of one name: {', '.join(sorted(twice))}")
    return found


def listed(package: ModuleType) -> Iterator[Proof]:
    """Yield what the modules of a package list as their ``PROOFS``."""
    for entry in sorted(pkgutil.iter_modules(package.__path__), key=lambda e: e.name):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        yield from getattr(module, "PROOFS", ())


def _laws() -> Iterator[Law]:
    """Yield each function with conditions, of the specification and of ``laws/``."""
    for path in sorted((PROJECT / "specs").glob("[!_]*.py")):
        module = importlib.import_module(f"specs.{path.stem}")
        companion = PROJECT / "tests" / "proofs" / "laws" / path.name
        mutants = {}
        if companion.exists():
            laws = importlib.import_module(f"tests.proofs.laws.{path.stem}")
            mutants = laws.MUTANTS
            yield from _stated_in(laws, mutants)
        yield from _stated_in(module, mutants)


def _stated_in(module: ModuleType, mutants: dict) -> Iterator[Law]:
    for name, function in vars(module).items():
        if not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        if count_posts(function):
            first = (inspect.getdoc(function) or "").split("\n\n")[0]
            statement = " ".join(first.split())
            yield Law(module.__name__, name, statement, mutants.get(name, ()))
