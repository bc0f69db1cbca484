"""
The claim that one function of a module equals one of the specification.

The machine begins at the internal function itself, in a contract that has it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import isqrt
from pathlib import Path
from typing import Any
from unittest.mock import patch

import z3

from specs import fixed_point
from tests.proofs.bytecode import (
    deployed,
    range_of,
    signature_of,
    verdicts,
)
from tests.proofs.equality import Answer as Specified
from tests.proofs.equality import Equality, assume
from tests.proofs.exposing import expose
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.frame import Path as Trace
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.leaves import symbol
from tests.proofs.lifter.machine import Machine
from tests.proofs.lifter.ranges import conclude, find_sure, is_contradiction
from tests.proofs.lifter.reference import Outcome, Symbolic, formula_of
from tests.proofs.lifter.solver import follows, prove
from tests.proofs.lifter.storage import entry, initial
from tests.proofs.lifter.terms import Term, answer, build, constant, variable
from tests.proofs.proof import Mutant
from tests.proofs.shared import Called, Shared, calls_on, sizes_of, unknown
from tests.proofs.transition import slots_of
from tests.proofs.witness import Search

TIME = "timestamp"
"""What a function reads that is in no storage: the time."""

Words = dict[str, Term]


@dataclass(frozen=True)
class Exposed(Equality):
    """
    A function of a module equals one of the specification, as `module._function`.

    The machine begins at the function itself, with arguments of their types, for no
    others are ever passed.
    """

    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """
    What the reference gets after the arguments, by its names for it: the variable that
    is read, and the arguments or numbers that are its keys, or fields of another word
    that is read, as `name.offset.width`.
    """
    cases: tuple[Mapping[str, int], ...] = ({},)
    """Known values of some arguments; the claim is shown for each of them."""
    cuts: tuple[Cut, ...] = ()
    """What is answered instead of run, as other proofs have shown it."""
    given: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """What arguments are at least and at most, whoever calls it."""
    shares: tuple[Shared, ...] = ()
    """Those of the cuts that the specification is answered as well."""
    is_one_sided: bool = False
    """Whether nothing is said of what it refuses without a reason."""
    lifting: type[Integers] = Integers
    """How its words are read as numbers."""
    _calls: list[Called] = field(default_factory=list, init=False, repr=False)
    """The calls of unknown functions on the path that is looked at."""

    @property
    def identity(self) -> str:
        """Return the function's name with that of its module."""
        return f"bytecode.{self.function.replace('._', '.')}"

    @property
    def statement(self) -> str:
        """Return the claim in words."""
        if self.is_one_sided:
            return (
                "The bytecode returns what is specified or nothing, within the "
                "protocol's bounds; what it refuses without a reason is not compared."
            )
        return super().statement

    def check(self, root: Path) -> str:
        """Return an input on which both succeed, if both always agree."""
        module, function = self.function.split(".")
        output = expose(module, function, root)
        layout = output["layout"].get("storage_layout", {})
        slots = {**slots_of(layout), **_slots_by_module(layout)}
        entries = output["entries"]
        cuts = {
            cut.function: (entries[cut.function], cut)
            for cut in (ROOT, *self.cuts)
            if cut.function in entries and cut.function != self.function
        }
        machine = Machine(deployed(output)[2], cuts=cuts)
        search = Search(self.identity, root)
        with verdicts(), unknown(self.shares):
            for known in self.cases:
                if function.startswith("_"):
                    start = entries[self.function]
                    kinds, results = list(start.arguments), list(start.results)
                    run = partial(machine.enter, start)
                else:
                    selector, kinds, results = signature_of(output, function)
                    run = partial(machine.run, selector)
                words = self._words(kinds, slots, known)
                seen: set[Any] = set()
                for trace in run(list(words.values())[: len(kinds)]):
                    if self.shares and not self.is_one_sided:
                        self._do_duties(trace, words, kinds, seen)
                    self._agree(trace, words, kinds, results, search)
        return search.found

    def _words(
        self, kinds: list[str], slots: Mapping[str, int], known: Mapping[str, int]
    ) -> Words:
        """Return what the reference gets: the arguments, then what is read."""
        names = self._names(len(kinds) + len(self.reads))
        found: Words = {}
        for name, kind in zip(names, kinds, strict=False):
            if name in known:
                found[name] = constant(known[name])
            else:
                found[name] = variable(name, *self.given.get(name, range_of(kind)))
        for name, (where, *keys) in self.reads.items():
            if where == TIME:
                found[name] = variable("timestamp", 0, 2**32 - 1)
            else:
                at = [_key(key, found) for key in keys]
                found[name] = initial(entry(constant(slots[where]), *at))
        if len(found) != len(names):
            raise ValueError(f"{self.function}: {names} for {list(found)}")
        return found

    def _names(self, count: int) -> list[str]:
        """Return names for all that the reference gets, if it names not all itself."""
        names: list[str] = []
        parameters = inspect.signature(self.reference).parameters.values()
        for parameter in parameters:
            if parameter.kind is parameter.VAR_POSITIONAL:
                rest = range(count - len(parameters) + 1)
                names += [f"{parameter.name}[{i}]" for i in rest]
            else:
                names.append(parameter.name)
        return names

    def _agree(
        self,
        trace: Trace,
        words: Words,
        kinds: list[str],
        results: list[str],
        search: Search,
    ) -> None:
        lifted = self.lifting(trace.conditions, list(words.values()))
        lifted.bounds += [fact(lifted) for fact in trace.facts]
        for cut in trace.cuttings:
            if cut.function == ROOT.function:
                found, square = map(lifted.value, (*cut.results, *cut.arguments))
                lifted.bounds += _known_of_root(found, square)
                lifted.doubts.append(_is_root(found, square))

        self._calls[:] = calls_on(trace, lifted, self.shares)

        def root(square: Any) -> Any:
            if not isinstance(square, Symbolic):
                return isqrt(square)
            found = symbol(_SQUARE_ROOT, [square.formula], z3.IntSort())
            lifted.bounds += _known_of_root(found, square.formula)
            lifted.doubts.append(_is_root(found, square.formula))
            return Symbolic(found)

        is_bare = not trace.succeeds and not trace.reason
        if is_bare and self.is_one_sided:
            return
        kinds = kinds + ["uint256"] * (len(words) - len(kinds))
        if is_bare and self._is_impossible(lifted, words, kinds):
            return
        with patch.object(fixed_point, "isqrt", root):
            for given, answer in self._answers(lifted, list(words), kinds, words):
                self._compare(trace, lifted, given, answer, results)
                if trace.succeeds and answer.reason is None:
                    _look_for_witness(search, trace, lifted, given)

    def _is_impossible(self, lifted: Integers, words: Words, kinds: list[str]) -> bool:
        """Tell whether sizes alone keep an input that fits from the path."""

        def reference(*values: Any) -> tuple[()]:
            assume(self.fits(*values))
            return ()

        path = replace(self, reference=reference, fits=_anything, is_exact=False)
        within = path._answers(lifted, list(words), kinds, words)
        return all(
            is_contradiction(given)
            or (self.shares and follows(given, z3.BoolVal(False)))
            for given, _ in within
        )

    def _known(self, lifted: Integers, outcome: Outcome) -> list[z3.BoolRef]:
        """Return what is known, with how large the results of unknown functions are."""
        if not self.shares or self.is_one_sided:
            return outcome.conditions
        calls = [*self._calls, *outcome.run.calls]
        return [*outcome.conditions, *sizes_of(outcome.conditions, calls)]

    def _do_duties(
        self, trace: Trace, words: Words, kinds: list[str], seen: set[Any]
    ) -> None:
        """Raise unless what is cut returns wherever the input fits."""

        def reference(*values: Any) -> tuple[()]:
            assume(self.fits(*values))
            return ()

        path = replace(self, reference=reference, fits=_anything, is_exact=False)
        kinds = kinds + ["uint256"] * (len(words) - len(kinds))
        for index, duty in enumerate(trace.duties):
            before = trace.conditions[: duty.conditions]
            key = index, *((term.serial, truth) for term, truth in before)
            if key in seen:
                continue
            seen.add(key)
            lifted = self.lifting(before, list(words.values()))
            cut_before = replace(trace, cuttings=trace.cuttings[:index])
            path._calls[:] = calls_on(cut_before, lifted, self.shares)
            needs = [need(lifted) for need in duty.needs]
            for given, _ in path._answers(lifted, list(words), kinds, words):
                claim = f"{self.function}: what {duty.function} needs"
                conclude(given, z3.And(*needs), claim, lifted.doubts)

    def _compare(
        self,
        trace: Trace,
        lifted: Integers,
        given: list[z3.BoolRef],
        answer: Specified,
        results: list[str],
    ) -> None:
        """Compare, with fields of words joined where these are shown to be apart."""
        if trace.succeeds and answer.reason is None:
            for word in trace.words:
                lifted.value(word)
        reason = None if trace.succeeds else trace.reason
        if self.shares and reason != answer.reason:
            if reason != "" or not answer.may_overflow:
                claim = f"{self.function}: {reason!r} for {answer.reason!r}"
                prove(given, z3.BoolVal(False), claim, lifted.doubts)
            return
        if self.shares and reason is None:
            pairs = zip(trace.words, answer.values, results, strict=True)
            equal = [
                lifted.value(word, is_signed=kind.startswith("int"))
                == formula_of(value)
                for word, value, kind in pairs
            ]
            claim = f"{self.function}: values"
            prove([*lifted.bounds, *given], z3.And(*equal), claim, lifted.doubts)
            return
        if lifted.joins:
            given = [*given, *find_sure(given, lifted.joins)]
        super()._compare(trace, lifted, given, answer, results)


def _look_for_witness(
    search: Search, trace: Trace, lifted: Integers, given: list[z3.BoolRef]
) -> None:
    """Look for an input that takes a path, first of all among small squares."""
    squares = [lifted.value(cut.arguments[0]) for cut in trace.cuttings]
    small = [z3.And(square >= 0, square <= 1) for square in squares]
    search.among(lambda: [*given, *lifted.doubts], (small, ()) if small else ((),))


def _anything(*values: Any) -> bool:
    return True


_SQUARE_ROOT = "square_root"


def _answer_root(asked: Asked) -> Answer:
    return Answer([answer(_SQUARE_ROOT, 0, 2**128 - 1, *asked.arguments)])


def _is_root(root: z3.ArithRef, square: z3.ArithRef) -> z3.BoolRef:
    return z3.And(root * root <= square, square < (root + 1) * (root + 1))


def _known_of_root(root: z3.ArithRef, square: z3.ArithRef) -> list[z3.BoolRef]:
    """Return how large a root is at most."""
    sizes = range(16, 129, 16)
    return [root >= 0] + [z3.Implies(square < 4**i, root < 2**i) for i in sizes]


ROOT = Cut("fixed_point._sqrt_down", _answer_root, ())
"""
A square root, the same unknown function in the contract and in the specification: what
is equal for any such function is equal for this one.
"""


def same(
    function: str,
    reference: Callable[..., Any],
    *mutants: tuple[str, str],
    fits: Callable[..., bool] | None = None,
    reads: Mapping[str, tuple[str, ...]] | None = None,
    cases: tuple[Mapping[str, int], ...] = ({},),
    elsewhere: tuple[Mutant, ...] = (),
    cuts: tuple[Cut, ...] = (),
    given: Mapping[str, tuple[int, int]] | None = None,
    shares: tuple[Shared, ...] = (),
    is_one_sided: bool = False,
    is_bounded: bool = False,
    lifting: type[Integers] = Integers,
) -> Exposed:
    """
    Return the claim about ``module._function``; mutants are (old, new).

    Without ``fits`` it answers any input as the specification does; ``elsewhere`` are
    faults of other files than the module.
    """
    module = f"contracts/modules/{function.partition('.')[0]}.vy"
    faults = tuple(Mutant(module, old, new) for old, new in mutants)
    return Exposed(
        "",
        function,
        reference,
        fits or _anything,
        (*faults, *elsewhere),
        fits is None,
        reads=reads or {},
        cases=cases,
        cuts=(*cuts, *(each.cut for each in shares)),
        given=given or {},
        shares=shares,
        is_one_sided=is_one_sided,
        is_bounded=is_bounded,
        lifting=lifting,
    )


def _key(text: str, known: Words) -> Term:
    if text in known:
        return known[text]
    if text.isdigit():
        return constant(int(text))
    name, offset, width = text.split(".")
    part = build("shr", constant(int(offset)), known[name])
    return build("and", part, constant(2 ** int(width) - 1))


def _slots_by_module(layout: Mapping[str, Any]) -> dict[str, int]:
    """Return the slot of every variable of a module, named ``module.variable``."""
    return {
        f"{module}.{name}": slot
        for module, variables in layout.items()
        if "slot" not in variables
        for name, slot in slots_of(variables).items()
    }
