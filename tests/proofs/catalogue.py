"""Every proof that there is: found where it stands, so that none is forgotten."""

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType

from tests.proofs.book_lemmas import BOOK_LEMMAS
from tests.proofs.equalities import EQUALITIES
from tests.proofs.gate import Law, count_posts
from tests.proofs.lemmas import LEMMAS
from tests.proofs.liquidation_equalities import LIQUIDATION_EQUALITIES
from tests.proofs.proof import PROJECT, Proof
from tests.proofs.steps import STEPS
from tests.proofs.sweeps import SWEEPS


def collect() -> list[Proof]:
    """Return all proofs, in the order of the layers."""
    equalities = [*EQUALITIES, *LIQUIDATION_EQUALITIES]
    return [*_laws(), *LEMMAS, *BOOK_LEMMAS, *SWEEPS, *equalities, *STEPS]


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
