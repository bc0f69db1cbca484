"""
A claim about several calls in a row, from any state: the first one's end is the next's
beginning.

The calls are of internal functions of one contract, in one second: no interest comes
between them. What other accounts do between them is not part of the claim. Of a call
that is *answered* instead of run is known what proofs have shown of it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.proofs.bytecode import (
    argument,
    compiled,
    constructor_of,
    deployed,
    verdicts,
)
from tests.proofs.lifter.entries import Asked, Cut
from tests.proofs.lifter.frame import Path as Trace
from tests.proofs.lifter.frame import Write
from tests.proofs.lifter.machine import Machine, Unsupported
from tests.proofs.lifter.solver import NotProved
from tests.proofs.lifter.storage import initial, is_forgotten, read
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.transition import (
    Theory,
    Transition,
    assumed,
    named,
    naming,
    slots_of,
)
from tests.proofs.witness import Search


class Done(NamedTuple):
    """A call that has returned: its words, its answer, and all writes by then."""

    given: list[Term]
    returned: list[Term]
    writes: list[Write]

    def left(self, place: Term) -> Term:
        """Return what storage held at a location when it returned."""
        return read(self.writes, place, initial(place))


class Stage(NamedTuple):
    """One call: its words are unknown of these names, or what calls before returned."""

    function: str
    words: Callable[[Callable[[str], Term], list[Done]], list[Term]]
    is_answered: bool = False
    """Whether what it does is what its cut says, and its code is not run."""


@dataclass(frozen=True)
class Chain:
    """A claim that ``holds`` of every path through all calls, from any state."""

    identity: str
    statement: str
    contract: str
    stages: tuple[Stage, ...]
    holds: Callable[..., None]
    """Given the path, and each call that was done."""
    mutants: tuple[Mutant, ...]
    theories: tuple[Theory, ...]
    """Ways to read a path, tried in turn; only the last one's counterexample counts."""
    cuts: tuple[Cut, ...] = ()
    serves: tuple[str, ...] = ()
    layer: int = 3
    tool: str = "lifter"

    def check(self, root: Path) -> str:
        """Return a state and input for which all calls succeed, if the claim holds."""
        output = compiled(root / self.contract, root)
        layout = slots_of(output["layout"].get("storage_layout", {}))
        _, _, code = deployed(output, constructor_of(output))
        search = Search(self.identity, root)
        with verdicts(), naming(layout):
            for trace, done in self._paths(output, code, layout):
                lifted = self.theories[-1](trace.conditions)
                step = Transition(trace, lifted, layout)
                start = partial(assumed, step, self.holds, *done)
                search.among(
                    partial(_facts, start), rename=partial(named, layout=layout)
                )
                self._prove(trace, layout, done)
        return search.found

    def _prove(self, trace: Trace, layout: dict[str, int], done: list[Done]) -> None:
        *first, last = self.theories
        for theory in first:
            with suppress(NotProved):
                self._show(trace, theory, layout, done)
                return
        self._show(trace, last, layout, done)

    def _show(
        self, trace: Trace, theory: Theory, layout: dict[str, int], done: list[Done]
    ) -> None:
        step = Transition(trace, theory(trace.conditions), layout)
        self.holds(step, *done)
        step.does_its_duties()

    def _paths(
        self, output: dict[str, Any], code: bytes, layout: dict[str, int]
    ) -> Sequence[tuple[Trace, list[Done]]]:
        entries = output["entries"]
        cuts = {cut.function: (entries[cut.function], cut) for cut in self.cuts}
        start = Trace(True, [], [], [], [])
        found: list[tuple[Trace, list[Done]]] = [(start, [])]
        for number, stage in enumerate(self.stages, 1):
            longer = []
            for before, done in found:
                words = stage.words(lambda name: argument(name, "uint256"), done)
                tag = f"{number}:"
                if stage.is_answered:
                    _, cut = cuts[stage.function]
                    ways = [_answered(cut, tag, words, before, layout)]
                else:
                    machine = Machine(
                        code,
                        None,
                        cuts=cuts,
                        slots=layout,
                        keeps_refusals=False,
                        tag=tag,
                    )
                    entry = entries[stage.function]
                    ways = [
                        (after, after.words)
                        for after in machine.enter(entry, words, before.writes)
                    ]
                for after, returned in ways:
                    now = Done(words, returned, after.writes)
                    longer.append((_join(before, after), [*done, now]))
            found = longer
            if len(found) > 2_000:
                raise Unsupported(f"{len(found)} paths")
        return found

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return the state and input that were found."""
        return found


def _facts(start: Callable[[], Transition]) -> list[Any]:
    """Return all that is known of the words of a path that a claim is about."""
    step = start()
    return [*step.hypotheses, *step.lifted.doubts]


def _answered(
    cut: Cut, tag: str, words: list[Term], before: Trace, layout: dict[str, int]
) -> tuple[Trace, list[Term]]:
    """Return the one way through a call of which is known what its cut says."""
    earlier = Done([], [], before.writes)
    answer = cut.answer(Asked(f"{tag}{cut.function}", words, earlier.left, layout))
    if not cut.rests_on or answer.needs or answer.forgets:
        raise Unsupported(f"nothing shows what {cut.function} does in a chain")
    writes = [*before.writes, *answer.writes]
    after = Trace(True, [], [], writes, [], list(answer.facts))
    return after, list(answer.results)


def _join(before: Trace, after: Trace) -> Trace:
    """Return one path out of two, whose writes go on from the first one's."""
    if before.duties or after.duties:
        raise Unsupported("a call that is cut under a condition, in a chain")
    if any(is_forgotten(place) for place, _ in after.writes):
        raise Unsupported("a call that may write anything, in a chain")
    return Trace(
        True,
        [*before.conditions, *after.conditions],
        after.data,
        after.writes,
        [],
        [*before.facts, *after.facts],
    )
