"""
A claim about one call of a contract, from any state: a step of an induction.

The storage before the call is unknown, each word and each mapping a symbol of its own.
What other contracts answer is unknown too. So what is shown of a call holds in every
state that there can be, reachable or not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import z3
from eth_utils.crypto import keccak

from specs.margin import Health
from tests.proofs.bytecode import (
    argument,
    compiled,
    constructor_of,
    deployed,
    signature_of,
    verdicts,
)
from tests.proofs.lifter.bits import Bits
from tests.proofs.lifter.entries import Cut
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.joins import joined
from tests.proofs.lifter.machine import Call, Machine, Unsupported
from tests.proofs.lifter.machine import Path as Trace
from tests.proofs.lifter.solver import NotProved, prove
from tests.proofs.lifter.storage import entry, initial, locate, same
from tests.proofs.lifter.terms import Term, answer, build, constant, variable
from tests.proofs.proof import PROJECT, Mutant
from tests.proofs.witness import Search

Theory = type[Bits] | type[Integers]
Layout = dict[str, int]

_ASSESS = int.from_bytes(keccak(text="assess_unlocked(uint256)")[:4], "big")
_HEALTH_WORDS = len(fields(Health))


class Transition:
    """One path of a call, with the words before and after it."""

    def __init__(
        self,
        trace: Trace,
        lifted: Bits | Integers,
        layout: Layout,
    ):
        """Read ``trace`` as ``lifted`` does, with slots named as in ``layout``."""
        self.trace, self.lifted = trace, lifted
        self._layout = layout
        self.given = [fact(lifted) for fact in trace.facts]
        self.rewritten: list[tuple[Any, Any]] = []
        self.taken: list[z3.BoolRef] = []

    @property
    def hypotheses(self) -> list[z3.BoolRef]:
        """All that is known on the path."""
        return [*self.lifted.hypotheses, *_parts(self.given), *self.taken]

    def assume(self, *facts: z3.BoolRef) -> None:
        """Take facts of the state before the call for granted: invariants."""
        self.taken += facts

    @property
    def succeeds(self) -> bool:
        """Tell whether the call returns."""
        return self.trace.succeeds

    @property
    def reason(self) -> str:
        """The text of a refusal."""
        return self.trace.reason

    def word(self, term: Term) -> Any:
        """Return the formula of a word."""
        return self.lifted.value(term)

    def result(self, index: int = 0) -> Any:
        """Return a word that the call returned."""
        return self.word(self.trace.words[index])

    def before(self, name: str, *keys: Term) -> Any:
        """Return a storage word as it was, of a mapping if keys are given."""
        return self.word(initial(self._at(name, keys)))

    def after(self, name: str, *keys: Term) -> Any:
        """Return a storage word as it is left."""
        return self.word(self.trace.finally_at(self._at(name, keys)))

    def halves(self, name: str, *keys: Term) -> tuple[Any, Any]:
        """Return the upper 128 bits of a word, signed, before and after."""
        location = self._at(name, keys)
        words = initial(location), self.trace.finally_at(location)
        before, after = (
            self.lifted.value(build("sar", constant(128), word), True) for word in words
        )
        return before, after

    def holds(self, goal: z3.BoolRef, claim: str) -> None:
        """Raise unless ``goal`` is true whenever the path is taken."""
        wanted = z3.substitute(goal, *self.rewritten) if self.rewritten else goal
        prove(self.hypotheses, wanted, claim, self.lifted.doubts)

    def equal(self, one: Any, other: Any, claim: str) -> None:
        """Raise unless two numbers are equal; claims of one are of the other now."""
        prove(self.hypotheses, one == other, claim, self.lifted.doubts)
        self.rewritten.append((one, other))

    def does_its_duties(self) -> None:
        """Raise unless what was cut was called as its answer needs it."""
        conditions = self.lifted.conditions
        for duty in self.trace.duties:
            known = [
                *conditions[: duty.conditions],
                *_parts(self.given[: duty.facts]),
            ]
            for need in duty.needs:
                goal = need(self.lifted)
                prove(
                    [*known, *self.lifted.bounds, *self.taken],
                    goal,
                    f"what {duty.function} needs",
                    self.lifted.doubts,
                )

    @property
    def slots(self) -> Layout:
        """Where each variable is."""
        return self._layout

    def at(self, name: str, *keys: Term) -> Term:
        """Return where a variable, or an entry of a mapping, is."""
        return self._at(name, keys)

    def writes_within(self, *allowed: Term) -> None:
        """Raise unless every write goes to one of these locations."""
        for location, _ in self.trace.writes:
            if any(location is place for place in allowed):
                continue
            is_allowed = [self.lifted.truth(same(location, p)) for p in allowed]
            self.holds(
                z3.Or(*is_allowed) if is_allowed else z3.BoolVal(False),
                f"nothing else is written: {location!r}",
            )

    def last_write(self, *names: str) -> int:
        """Return how many writes there are up to the last one to these, 0 if none."""
        slots = {self._layout[name] for name in names}
        places = [_root(location) in slots for location, _ in self.trace.writes]
        return max((i + 1 for i, found in enumerate(places) if found), default=0)

    def writes_only(self, *names: str) -> None:
        """Raise unless every write goes to one of these variables or mappings."""
        slots = {self._layout[name] for name in names}
        for location, _ in self.trace.writes:
            if _root(location) not in slots:
                self.holds(z3.BoolVal(False), f"nothing but {names} is written")

    def _at(self, name: str, keys: tuple[Term, ...]) -> Term:
        return entry(constant(self._layout[name]), *keys)


class _Assumed(Transition):
    """A path of which nothing is shown: what a claim takes for granted of it."""

    def holds(self, goal: z3.BoolRef, claim: str) -> None:
        """Show nothing."""

    def equal(self, one: Any, other: Any, claim: str) -> None:
        """Show nothing."""


def assumed(step: Transition, claim: Callable[..., None], *words: Any) -> Transition:
    """Return a path with all that a claim assumes of it: a witness has to meet that."""
    lifted = type(step.lifted)(step.trace.conditions)
    found = _Assumed(step.trace, lifted, step.slots)
    claim(found, *words)
    return found if found.taken else step


@dataclass(frozen=True)
class Step:
    """A claim that ``holds`` of every path of one call, from any state."""

    identity: str
    statement: str
    contract: str
    function: str
    arguments: tuple[str, ...]
    holds: Callable[..., None]
    mutants: tuple[Mutant, ...]
    constructor: bytes = b""
    cases: tuple[Mapping[str, int], ...] = ({},)
    """Known values of some arguments; the claim is shown for each of them."""
    theories: tuple[Theory, ...] = (Bits,)
    """Ways to read a path, tried in turn; only the last one's counterexample counts."""
    example: Callable[..., list[z3.BoolRef]] | None = None
    """More conditions that a witness may meet, where the solver needs some help."""
    kinds: tuple[str, ...] = ()
    """The types of the words of calldata, where the signature has a growing one."""
    cuts: tuple[Cut, ...] = ()
    """Internal functions that are answered instead of run."""
    keeps_refusals: bool = True
    """Whether the claim is about refusals as well."""
    is_within: bool = False
    """Whether calls of the same transaction may have come before."""
    serves: tuple[str, ...] = ()
    """The invariants that it is a part of."""
    joins: bool = False
    """Whether paths that do the same are looked at as one; events are lost."""
    also_in: tuple[str, ...] = ()
    """Other contracts with the same function; mutants are made of the first alone."""
    layer: int = 3
    tool: str = "lifter"

    def check(self, root: Path) -> str:
        """Return a state and input for which the call succeeds, if the claim holds."""
        search = Search(self.identity, root)
        others = self.also_in if root == PROJECT else ()
        for contract in (self.contract, *others):
            output = compiled(root / contract, root)
            layout = slots_of(output["layout"].get("storage_layout", {}))
            with verdicts(), naming(layout):
                for known in self.cases:
                    words, traces = self._run(output, layout, known)
                    for trace in joined(traces) if self.joins else traces:
                        if trace.succeeds:
                            self._look_for_witness(search, trace, layout, words)
                        self._prove(trace, layout, words)
        return search.found

    def _run(
        self, output: dict[str, Any], layout: Layout, known: Mapping[str, int]
    ) -> tuple[list[Term], list[Trace]]:
        """Return the arguments, and all paths of an external or internal function."""
        entries = output["entries"]
        constructor = self.constructor or constructor_of(output)
        _, _, code = deployed(output, constructor)
        cuts = {cut.function: (entries[cut.function], cut) for cut in self.cuts}
        machine = Machine(
            code,
            _answer,
            cuts=cuts,
            slots=layout,
            keeps_refusals=self.keeps_refusals,
            is_within=self.is_within,
        )
        inner = entries[self.function] if "." in self.function else None
        outer = None if inner else signature_of(output, self.function)
        kinds = self.kinds or (inner.arguments if inner else outer.arguments)
        words = [
            constant(known[name]) if name in known else argument(name, kind)
            for name, kind in zip(self.arguments, kinds, strict=True)
        ]
        if inner:
            return words, machine.enter(inner, words)
        return words, machine.run(outer.selector, words)

    def _prove(self, trace: Trace, layout: Layout, words: list[Term]) -> None:
        *first, last = self.theories
        for theory in first:
            try:
                self._show(trace, theory, layout, words)
            except NotProved:
                continue
            return
        self._show(trace, last, layout, words)

    def _show(
        self, trace: Trace, theory: Theory, layout: Layout, words: list[Term]
    ) -> None:
        transition = Transition(trace, theory(trace.conditions), layout)
        self.holds(transition, *words)
        if trace.succeeds:
            transition.does_its_duties()

    def _look_for_witness(
        self, search: Search, trace: Trace, layout: Layout, words: list[Term]
    ) -> None:
        def facts() -> list[z3.BoolRef]:
            lifted = self.theories[-1](trace.conditions)
            start = Transition(trace, lifted, layout)
            transition = assumed(start, self.holds, *words)
            helping = self.example(transition, *words) if self.example else []
            doubts = transition.lifted.doubts
            return [*transition.hypotheses, *doubts, *helping]

        search.among(facts, rename=lambda name: named(name, layout))

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return the state and input that were found."""
        return found


@contextmanager
def naming(layout: Layout) -> Iterator[None]:
    """Have a counterexample name variables and not their slots."""
    try:
        yield
    except NotProved as failure:
        failure.args = (named(str(failure), layout),)
        raise


def named(text: str, layout: Layout) -> str:
    """Return a text with the names of variables for ``slot3/1``."""
    names = {slot: name for name, slot in layout.items()}

    def name(found: re.Match[str]) -> str:
        return names.get(int(found[1]), found[0])

    return re.sub(r"\bslot(\d+)(?:/\d+)?\b(?!\+)", name, text)


def _parts(facts: list[z3.BoolRef]) -> list[z3.BoolRef]:
    """Return the facts one by one: a question needs few of them."""
    return [part for f in facts for part in (f.children() if z3.is_and(f) else [f])]


def slots_of(layout: dict[str, Any]) -> dict[str, int]:
    """
    Return the slot of every variable, whatever module it stands in.

    Of two of the same name neither is found: a claim would be about one of them.
    """
    pairs = list(_slots_in(layout))
    names = [name for name, _ in pairs]
    return {name: slot for name, slot in pairs if names.count(name) == 1}


def _slots_in(layout: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for name, at in layout.items():
        if "slot" in at:
            yield name, at["slot"]
        else:
            yield from _slots_in(at)


def _answer(call: Call) -> tuple[Term, list[Term]]:
    """
    Let another contract answer a call with any word.

    The same question has the same answer until something else is called that may
    change it. Of what is called by delegation only the health of an account may be
    asked: a view, which writes nothing, and whose every word may be anything.
    """
    if call.is_delegated:
        if call.selector != _ASSESS:
            raise Unsupported("a delegated call of what may write")
        return (
            variable(f"answered_{call.number}", 0, 1),
            [
                variable(f"health_{call.number}_{i}", 0, 2**256 - 1)
                for i in range(_HEALTH_WORDS)
            ],
        )
    name = f"answer_{call.selector:08x}"
    if call.writers or not call.is_static:
        name += f"_after_{call.writers}"
    asked = [call.target, *call.arguments]
    return (
        variable(f"answered_{call.number}", 0, 1),
        [answer(name, 0, 2**256 - 1, *asked)],
    )


def _root(location: Term) -> int:
    """Return the slot of the variable that a location belongs to."""
    base, offset = locate(location)
    if base is None:
        return offset
    while base.operation == "keccak":
        base = base.arguments[0]
    return int(base.arguments[0])
