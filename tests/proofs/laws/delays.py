"""Laws of delays."""

from specs.delays import WINDOW, require_ready
from specs.errors import ChangeExpired, NotQueued, NotReady
from tests.proofs.proof import Mutant


def what_was_announced_waits_and_expires(queued_at: int, delay: int, now: int) -> bool:
    """
    A change is ready exactly from its delay on, for two weeks.

    Serves: I43.

    pre: 0 <= queued_at and 0 <= delay
    post: __return__
    """
    waited = now - queued_at
    try:
        require_ready(queued_at, delay, now)
    except NotReady:
        return waited < delay
    except ChangeExpired:
        return waited > delay + WINDOW
    return delay <= waited <= delay + WINDOW


def what_was_not_announced_is_never_ready(delay: int, now: int) -> bool:
    """
    Without an announcement no time makes a change ready.

    Serves: I43.

    post: __return__
    """
    try:
        require_ready(None, delay, now)
    except NotQueued:
        return True
    return False


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/delays.py", old, new),)


MUTANTS = {
    "what_was_announced_waits_and_expires": (
        *_mutant("if now < queued_at + delay:", "if now + 1 < queued_at + delay:"),
        *_mutant("now > queued_at + delay + WINDOW", "now > queued_at + WINDOW"),
    ),
    "what_was_not_announced_is_never_ready": _mutant(
        "    if queued_at is None:\n        raise errors.NotQueued\n",
        "    if queued_at is None:\n        return\n",
    ),
}
