"""How what is said of a venue's call, or of a function on its way, becomes a step."""

from tests.proofs.lifter.entries import Cut
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.proof import Mutant
from tests.proofs.steps.venues import Claim, if_it_succeeds
from tests.proofs.transition import Step


def step_of(
    group: str,
    contract: str,
    function: str,
    arguments: str,
    claim: Claim,
    *cuts: Cut,
    mutants: tuple[Mutant, ...] = (),
    is_within: bool = True,
) -> Step:
    """
    Return the claim about a call that returns: refusals are others' claims.

    Unless told otherwise, calls of the same transaction may have come before.
    """
    return Step(
        f"step.{group}.{function}",
        "",
        contract,
        function,
        tuple(arguments.split()),
        if_it_succeeds(claim),
        mutants,
        theories=(Linear, Integers),
        cuts=cuts,
        keeps_refusals=False,
        is_within=is_within,
    )
