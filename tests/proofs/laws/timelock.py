"""Laws of the timelock."""

from specs.delays import MAX_DELAY
from specs.errors import OutOfBounds
from specs.timelock import open_timelock
from tests.proofs.proof import Mutant


def a_timelock_has_somebody_who_proposes(proposer: int, delay: int) -> bool:
    """
    It is refused exactly without a proposer, or with a delay of more than 30 days.

    Serves: I43.

    pre: 0 <= proposer and 0 <= delay
    post: __return__
    """
    try:
        state = open_timelock(proposer, delay)
    except OutOfBounds:
        return proposer == 0 or delay > MAX_DELAY
    is_kept = state.proposer == proposer and state.delay == delay
    return is_kept and proposer != 0 and delay <= MAX_DELAY


MUTANTS = {
    "a_timelock_has_somebody_who_proposes": (
        Mutant(
            "specs/timelock.py",
            "if proposer == 0 or delay > delays.MAX_DELAY:",
            "if delay > delays.MAX_DELAY:",
        ),
    ),
}
