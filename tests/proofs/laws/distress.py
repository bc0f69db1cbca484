"""Laws of distress: what a flag does, and what it does not."""

from specs.distress import Distress, flag, is_going_on, was_due
from tests.proofs.proof import Mutant


def a_flag_is_not_put_off(
    flagged_at: int, now: int, again: int, priced_at: int
) -> bool:
    """
    Once flagged an account is due in any later block of the next minute, however often
    it is flagged again.

    Serves: I33.

    pre: 0 <= flagged_at <= now < again <= now + 60 and 0 < now
    post: __return__
    """
    first = flag(Distress(flagged_at), now)
    second = flag(first, again)
    is_late = again - first.flagged_at > 60
    return is_late or was_due(second, priced_at, again)


def a_flag_of_this_block_is_none(now: int, priced_at: int) -> bool:
    """
    Nobody flags and liquidates at a price of the same block.

    Serves: I33.

    pre: 60 < now <= priced_at
    post: __return__
    """
    return not was_due(flag(Distress(), now), priced_at, now)


def a_slice_is_followed_within_a_minute(sliced_at: int, now: int) -> bool:
    """
    What was never sold from is not going on, nor what was not in the last minute.

    Serves: I33.

    pre: 0 <= sliced_at <= now
    post: __return__
    """
    is_recent = sliced_at > 0 and now - sliced_at <= 60
    return is_going_on(Distress(0, sliced_at), now) == is_recent


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/distress.py", old, new),)


MUTANTS = {
    "a_flag_is_not_put_off": _mutant(
        "if distress.flagged_at > 0 and now - distress.flagged_at <= FLAG_LIFE:",
        "if False:",
    ),
    "a_flag_of_this_block_is_none": _mutant(
        "distress.flagged_at < now <=", "distress.flagged_at <= now <="
    ),
    "a_slice_is_followed_within_a_minute": _mutant(
        "now - distress.sliced_at <= SLICE_LIFE", "now - distress.sliced_at <= now"
    ),
}
