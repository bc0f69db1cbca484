"""
What is deployed runs the functions of which there are equalities as these say.

An equality is shown of a small contract that has the function. Here the same function
is run in the contract that is deployed, from its own entry: what comes of it has to be
the same terms, path by path. No solver is asked.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.proofs import equalities
from tests.proofs.bytecode import compiled, constructor_of, deployed, range_of
from tests.proofs.catalogue import listed
from tests.proofs.equality import Equality
from tests.proofs.exposed import ROOT, Exposed
from tests.proofs.exposing import expose
from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.entries import Cut
from tests.proofs.lifter.frame import Path as Trace
from tests.proofs.lifter.frame import Write
from tests.proofs.lifter.machine import Machine
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, constant, is_constant, node, variable
from tests.proofs.proof import PROJECT, Mutant, Refuted, mutated

_CONSTRUCTORS = {
    # A governor, one report of one publisher, who is listed behind.
    "PriceOracle": b"".join(n.to_bytes(32, "big") for n in (1, 1, 96, 1, 4)),
}

_RENAMED = re.compile(r"import (\w+) as (\w+)$", re.MULTILINE)

Places = Mapping[int, tuple[str, int]]
"""By slot, the variable that is there, and where in it."""


class Code(NamedTuple):
    """Code, and where its functions and its variables are."""

    runtime: bytes
    output: dict[str, Any]
    places: Places


class Shape(NamedTuple):
    """What is left of a path when its slots have names."""

    succeeds: bool
    reason: str
    conditions: tuple[tuple[int, bool], ...]
    words: tuple[int, ...]
    writes: tuple[tuple[int, ...], ...]
    transient: tuple[tuple[int, ...], ...]
    cuttings: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Deployed:
    """
    The functions of a deployed contract are those of which equalities were shown.

    A mutant is a fault of the module that the equality would be about and that is not
    deployed.
    """

    contract: str
    layer: int = 2
    tool: str = "lifter"
    cuts: tuple[Cut, ...] = (ROOT,)

    @property
    def identity(self) -> str:
        """Return the contract's name."""
        return f"bytecode.deployed.{self.contract}"

    @property
    def statement(self) -> str:
        """Return the claim in words."""
        return (
            f"Each internal function of {self.contract}.vy of which there is an "
            "equality is, path by path, the code of which that was shown."
        )

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        """Return a fault of the first of the functions."""
        return next(iter(_found_in(self.contract).values())).mutants[:1]

    def check(self, root: Path) -> str:
        """Return what was compared, if all of it is the same."""
        found = _found_in(self.contract)
        count = 0
        for subject, proof in found.items():
            count += self._compare(subject, proof, root)
        return f"{len(found)} functions, {count} paths"

    def refute(self, mutant: Mutant) -> str:
        """Return how the function with the fault differs from what is deployed."""
        with mutated(mutant) as root:
            subject, proof = next(iter(_found_in(self.contract).items()))
            try:
                self._compare(subject, proof, root)
            except Refuted as refusal:
                return str(refusal)
        return ""

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return what was compared."""
        return found

    def _compare(self, subject: str, proof: Equality, root: Path) -> int:
        """Return how many paths a function has, in either contract."""
        ours, theirs = _deployed(self.contract), _shown(proof, root)
        one, other = (
            [shape for case in _cases(proof) for shape in _run(code, proof, case)]
            for code in (ours, theirs)
        )
        if one != other:
            changed = [a != b for a, b in zip(one, other, strict=False)]
            at = [*changed, True].index(True)
            raise Refuted(f"{subject}: path {at} of {len(one)} is another")
        return len(one)


def _equalities() -> Iterator[Equality]:
    yield from (proof for proof in listed(equalities) if isinstance(proof, Equality))


def _found_in(contract: str) -> dict[str, Equality]:
    """Return the functions of a contract of which there are equalities."""
    entries = compiled(_path(contract), PROJECT)["entries"]
    return {p.subject: p for p in _equalities() if p.subject in entries}


def _path(contract: str) -> Path:
    return PROJECT / "contracts" / f"{contract}.vy"


@cache
def _deployed(contract: str) -> Code:
    output = compiled(_path(contract), PROJECT)
    code = _code(output, _CONSTRUCTORS.get(contract) or constructor_of(output))
    modules = {own: name for name, own in _RENAMED.findall(_path(contract).read_text())}
    places = {}
    for slot, (name, index) in code.places.items():
        module, _, rest = name.partition(".")
        places[slot] = f"{modules.get(module, module)}.{rest}", index
    return code._replace(places=places)


def _shown(proof: Equality, root: Path) -> Code:
    """Return the contract of which an equality was shown."""
    if isinstance(proof, Exposed):
        return _code(expose(*proof.function.split("."), root))
    return _harness(root / proof.contract, root)


@cache
def _harness(path: Path, root: Path) -> Code:
    return _code(compiled(path, root))


def _code(output: dict[str, Any], arguments: bytes = b"") -> Code:
    runtime = deployed(output, arguments)[2]
    layout = output["layout"].get("storage_layout", {})
    return Code(runtime, output, dict(_places(layout)))


def _places(
    layout: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[int, tuple[str, int]]]:
    for name, at in layout.items():
        if "slot" not in at:
            yield from _places(at, f"{name}.")
            continue
        for index in range(at["n_slots"]):
            yield at["slot"] + index, (f"{prefix}{name}", index)


def _cases(proof: Equality) -> tuple[Mapping[str, int], ...]:
    return proof.cases if isinstance(proof, Exposed) else ({},)


def _run(code: Code, proof: Equality, known: Mapping[str, int]) -> list[Shape]:
    """Return the paths of a function, some arguments known."""
    entries = code.output["entries"]
    given = getattr(proof, "cuts", ())
    cuts = {
        cut.function: (entries[cut.function], cut)
        for cut in (ROOT, *given)
        if cut.function in entries and cut.function != proof.subject
    }
    start = entries[proof.subject]
    names = [f"argument {i}" for i in range(len(start.arguments))]
    if isinstance(proof, Exposed):
        names = proof._names(len(names) + len(proof.reads))[: len(names)]
    words = [
        constant(known[name]) if name in known else variable(name, *range_of(kind))
        for name, kind in zip(names, start.arguments, strict=True)
    ]
    machine = Machine(code.runtime, cuts=cuts)
    named = partial(_named, places=code.places, seen={})
    return [_shape(trace, named) for trace in machine.enter(start, words)]


def _shape(trace: Trace, named: Callable[[Term], Term]) -> Shape:
    def numbers(words: Iterable[Term]) -> tuple[int, ...]:
        return tuple(named(word).serial for word in words)

    def numbers_of(writes: Iterable[Write]) -> tuple[tuple[int, ...], ...]:
        # As what would be read there: a place is named as a part of that.
        return tuple(numbers((initial(at), word)) for at, word in writes)

    if trace.events or trace.asked:
        raise Unsupported("an event, or a call of another contract")
    return Shape(
        trace.succeeds,
        "" if trace.succeeds else trace.reason,
        tuple((named(term).serial, truth) for term, truth in trace.conditions),
        numbers(trace.words) if trace.succeeds else (),
        numbers_of(trace.writes),
        numbers_of(trace.transient),
        tuple((cut.function, numbers(cut.arguments)) for cut in trace.cuttings),
    )


def _named(term: Term, places: Places, seen: dict[int, Term]) -> Term:
    """Return a term with variables' names in place of their slots."""
    if term.serial not in seen:
        again = partial(_named, places=places, seen=seen)
        parts = term.arguments
        if term.operation in ("initial", "keccak"):
            first, *rest = parts
            place = _place(first, places, again)
            parts = (place, *map(again, rest))
        else:
            parts = tuple(again(p) if isinstance(p, Term) else p for p in parts)
        seen[term.serial] = node(term.operation, *parts)
    return seen[term.serial]


def _place(term: Term, places: Places, named: Callable[[Term], Term]) -> Term:
    if is_constant(term) and term.arguments[0] in places:
        return node("place", *places[term.arguments[0]])
    return named(term)


PROOFS = tuple(
    Deployed(contract)
    for contract in (
        "AccountCode",
        "BookLens",
        "Clearinghouse",
        "DeleverageCode",
        "ForcedCode",
        "GovernanceCode",
        "Lens",
        "LiquidationCode",
        "Liquidator",
        "MakerCode",
        "MarginCode",
        "OrderBook",
        "OrderCode",
        "PriceOracle",
        "QuoteDesk",
        "SettleCode",
        "SliceCode",
        "SpotCode",
        "Timelock",
        "TradeCode",
    )
)
