"""Laws of governance: a weight does not rise at once."""

from types import SimpleNamespace

from specs import governance
from specs.requirements import Haircut
from tests.proofs.proof import Mutant


def a_weight_falls_at_once_and_rises_later(
    weight: int, target: int, aim: int, delay: int, ramped_at: int, now: int
) -> bool:
    """
    Under a delay no new aim raises what counts now; time to rise counts from the aim.

    Serves: I43.

    pre: 0 <= weight <= target and 0 <= aim and 0 < delay and 0 <= ramped_at <= now
    post: __return__
    """
    kept = governance.replace
    governance.replace = lambda old, **new: SimpleNamespace(**{**vars(old), **new})
    listed = SimpleNamespace(
        haircut=Haircut(weight, 0), target_weight=target, ramped_at=ramped_at
    )
    after = governance.with_haircut(listed, Haircut(aim, 0), delay, now)
    governance.replace = kept
    return (
        after.haircut.weight <= min(weight, aim)
        and after.target_weight == aim
        and after.ramped_at == (now if aim > target else ramped_at)
    )


MUTANTS = {
    "a_weight_falls_at_once_and_rises_later": (
        Mutant(
            "specs/governance.py",
            "weight = min(listed.haircut.weight, haircut.weight) if delay",
            "weight = haircut.weight if delay",
        ),
    ),
}
