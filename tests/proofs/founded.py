"""Whether whatever a proof takes for granted of a callee is itself among the proofs."""

from collections.abc import Iterator, Sequence

from tests.proofs.equality import Equality
from tests.proofs.exposed import Exposed
from tests.proofs.proof import Proof
from tests.proofs.sequence import Chain
from tests.proofs.steps.family import Family
from tests.proofs.transition import Step


def unfounded(proofs: Sequence[Proof]) -> list[str]:
    """Return each cut for which no proof shows what it says."""
    return [*_unfounded_steps(proofs), *_unfounded_equalities(proofs)]


def _unfounded_steps(proofs: Sequence[Proof]) -> list[str]:
    """Return each cut of a step for which none shows it in the same contract."""
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


def _unfounded_equalities(proofs: Sequence[Proof]) -> list[str]:
    """
    Return each cut of an equality for which none is of the function that is cut.

    One that names no proof leaves every word open, which a test looks at, as it does
    whether a shared function is the one that its proof is about.
    """
    shown = {
        (proof.identity, proof.subject)
        for proof in proofs
        if isinstance(proof, Equality)
    }
    return [
        f"{proof.identity}: {cut.function}"
        for proof in proofs
        if isinstance(proof, Exposed)
        for cut in proof.cuts
        if cut.rests_on
        and not any((name, cut.function) in shown for name in cut.rests_on)
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
