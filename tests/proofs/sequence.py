"""
A claim about several calls in a row, from any state: the first one's end is the next's
beginning.

The calls are of internal functions of one contract, in one second: no interest comes
between them. What other accounts do between them is not part of the claim.
"""

from collections.abc import Callable, Sequence
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
from tests.proofs.lifter.entries import Cut
from tests.proofs.lifter.frame import Path as Trace
from tests.proofs.lifter.machine import Machine, Unsupported
from tests.proofs.lifter.storage import is_forgotten
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


class Stage(NamedTuple):
    """One call: its words are unknown of these names, or what calls before returned."""

    function: str
    words: Callable[[Callable[[str], Term], list[list[Term]]], list[Term]]


@dataclass(frozen=True)
class Chain:
    """A claim that ``holds`` of every path through all calls, from any state."""

    identity: str
    statement: str
    contract: str
    stages: tuple[Stage, ...]
    holds: Callable[[Transition, list[list[Term]], list[list[Term]]], None]
    mutants: tuple[Mutant, ...]
    theory: Theory
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
            for trace, given, returned in self._paths(output, code, layout):
                lifted = self.theory(trace.conditions)
                step = Transition(trace, lifted, layout)
                start = partial(assumed, step, self.holds, given, returned)
                search.among(
                    partial(_facts, start), rename=partial(named, layout=layout)
                )
                self.holds(step, given, returned)
                step.does_its_duties()
        return search.found

    def _paths(
        self, output: dict[str, Any], code: bytes, layout: dict[str, int]
    ) -> Sequence[tuple[Trace, list[list[Term]], list[list[Term]]]]:
        entries = output["entries"]
        cuts = {cut.function: (entries[cut.function], cut) for cut in self.cuts}
        start = Trace(True, [], [], [], [])
        found: list[tuple[Trace, list[list[Term]], list[list[Term]]]] = [
            (start, [], [])
        ]
        for number, stage in enumerate(self.stages, 1):
            entry = entries[stage.function]
            longer = []
            for before, given, returned in found:
                words = stage.words(lambda name: argument(name, "uint256"), returned)
                machine = Machine(
                    code,
                    None,
                    cuts=cuts,
                    slots=layout,
                    keeps_refusals=False,
                    tag=f"{number}:",
                )
                for after in machine.enter(entry, words, before.writes):
                    joined = _join(before, after)
                    longer.append((joined, [*given, words], [*returned, after.words]))
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
