"""
Steps of one contract that are one proof: what is claimed of each of its functions.

They share a compilation of what is deployed. A mutant of one of them has to be refuted
by the claim about that very one; one that is the family's, by any of them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from tests.proofs.lifter.entries import Cut
from tests.proofs.proof import Mutant, Refuted, Undecided, in_child, mutated
from tests.proofs.transition import Step


@dataclass(frozen=True)
class Family:
    """Claims about several functions, of which each has a witness."""

    identity: str
    statement: str
    steps: tuple[Step, ...]
    shared: tuple[Mutant, ...] = ()
    """Mutants of what several of them do."""
    serves: tuple[str, ...] = ()
    layer: int = 3
    tool: str = "lifter"

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        """All mutants: the family's, then each step's."""
        return (*self.shared, *(m for step in self.steps for m in step.mutants))

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """What any of them has answered instead of run."""
        return tuple(cut for step in self.steps for cut in step.cuts)

    def check(self, root: Path) -> str:
        """Return a state and input for which one call succeeds, if all claims hold."""
        first, *others = self.steps
        # Its witness is the family's, and looked for where that was written down.
        return _check((replace(first, identity=self.identity), *others), root)

    def refute(self, mutant: Mutant) -> str:
        """Return the counterexample to the claim about a mutant, of whose it is."""
        owners = tuple(s for s in self.steps if mutant in s.mutants)
        with mutated(mutant) as root:
            try:
                in_child(lambda: _check(owners or self.steps, root))
            except Refuted as refusal:
                return str(refusal)
        raise Undecided("survived")

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return the state and input that were found."""
        return found


def _check(steps: tuple[Step, ...], root: Path) -> str:
    found = [step.check(root) for step in steps]
    return found[0] if all(found) else ""
