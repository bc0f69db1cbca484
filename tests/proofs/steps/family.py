"""
Steps of one contract that are one proof: what is claimed of each of its functions.

They share a compilation, and mutants: each mutant has to be refuted by one of them.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.proofs.proof import Mutant
from tests.proofs.transition import Step


@dataclass(frozen=True)
class Family:
    """Claims about several functions, of which each has a witness."""

    identity: str
    statement: str
    steps: tuple[Step, ...]
    mutants: tuple[Mutant, ...]
    serves: tuple[str, ...] = ()
    layer: int = 3
    tool: str = "lifter"

    def check(self, root: Path) -> str:
        """Return a state and input for which one call succeeds, if all claims hold."""
        found = [step.check(root) for step in self.steps]
        return found[0] if all(found) else ""

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return the state and input that were found."""
        return found
