"""Whether whatever a proof takes for granted of a callee is itself among the proofs."""

from collections.abc import Iterator, Sequence

from tests.proofs.proof import Proof
from tests.proofs.sequence import Chain
from tests.proofs.steps.family import Family
from tests.proofs.transition import Step


def unfounded(proofs: Sequence[Proof]) -> list[str]:
    """Return each cut for which no proof shows, in the same contract, what it says."""
    steps = [step for proof in proofs for step in _steps(proof)]
    shown = {
        (step.function, contract, name)
        for step in steps
        if isinstance(step, Step)
        for contract in (step.contract, *step.also_in)
        for name in (step.identity, step.function)
    }
    return [
        f"{step.identity}: {cut.function} in {contract}"
        for step in steps
        for cut in step.cuts
        if cut.rests_on
        for contract in _contracts(step)
        if not any((cut.function, contract, name) in shown for name in cut.rests_on)
    ]


def _contracts(step: Step | Chain) -> tuple[str, ...]:
    others = step.also_in if isinstance(step, Step) else ()
    return (step.contract, *others)


def _steps(proof: Proof) -> Iterator[Step | Chain]:
    if isinstance(proof, Family):
        for step in proof.steps:
            yield from _steps(step)
    elif isinstance(proof, Step | Chain):
        yield proof
