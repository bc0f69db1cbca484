"""Laws of the clock: what a threshold lets anyone do."""

from specs.settle_code import is_reached
from tests.proofs.proof import Mutant


def a_threshold_of_nothing_is_never_reached(
    amount: int, more: int, threshold: int
) -> bool:
    """
    An amount reaches a threshold from it on, and none where there is none.

    Serves: I14.

    pre: 0 <= amount and 0 <= more and 0 <= threshold
    post: __return__
    """
    reached = is_reached(amount, threshold)
    if threshold == 0:
        return not reached
    is_monotone = is_reached(amount + more, threshold) or not reached
    return reached == (amount >= threshold) and is_monotone


MUTANTS = {
    "a_threshold_of_nothing_is_never_reached": (
        Mutant(
            "specs/settle_code.py",
            "return 0 < threshold <= amount",
            "return threshold <= amount",
        ),
    ),
}
