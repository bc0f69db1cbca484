"""Laws of pacing: how much a call closes, and when a book has failed."""

from specs.pacing import (
    APART,
    FAILURE_LIFE,
    Pace,
    compute_due,
    compute_size,
    has_failed,
    is_open,
    note,
)
from tests.proofs.proof import Mutant


def a_call_closes_no_more_than_it_may(
    held: int, due: int, unit: int, volume: int, most: int
) -> bool:
    """
    Something, within what is held, what is missing, and the larger of floor and share.

    Serves: I34.

    pre: 0 < held and 0 < due <= 10 and 0 < unit and 0 <= volume and 0 < most
    post: __return__
    """
    size = compute_size(held, due, unit, volume, most)
    cap = max(1, 100_000 * 10**18 // unit, volume // 5)
    return 0 < size <= min(held, most, cap)


def a_liquidation_closes_a_tenth_a_second(sliced_at: int, now: int) -> bool:
    """
    No more slices are due than seconds went by since the last, and one after a pause.

    Serves: I34.

    pre: 0 < sliced_at <= now
    post: __return__
    """
    due, waited = compute_due(Pace(sliced_at), now), now - sliced_at
    return 0 <= due <= 10 and (due <= waited if waited <= 60 else due == 1)


def failures_are_counted_apart(
    failed_at: int, failures: int, asked: int, filled: int, is_exhausted: bool, now: int
) -> bool:
    """
    A count rises by one at most, by a slice that fell short of what was left to fill,
    and not within ten seconds of the last; half of a slice clears it.

    Serves: I35.

    pre: 0 <= failed_at <= now and 0 < now and 0 <= failures
    pre: 0 < asked and 0 <= filled <= asked
    pre: (failed_at == 0) == (failures == 0)
    post: __return__
    """
    after = note(Pace(0, failed_at, failures), asked, filled, is_exhausted, now)
    if 2 * filled >= asked:
        return after.failures == 0
    if after.failures <= failures:
        return after.failures == failures or now - failed_at > FAILURE_LIFE
    is_apart = failures == 0 or now - failed_at >= APART
    return after.failures == failures + 1 and is_exhausted and is_apart


def a_book_fails_by_the_third_time(failures: int, failed_at: int, now: int) -> bool:
    """
    Two failures open nothing, three do, for a minute.

    Serves: I35.

    pre: 0 <= failures and 0 <= failed_at <= now
    post: __return__
    """
    has = has_failed(Pace(0, failed_at, failures))
    is_lately = failed_at > 0 and now - failed_at <= 60
    return has == (failures >= 3) and is_open(failed_at, now) == is_lately


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/pacing.py", old, new),)


MUTANTS = {
    "a_call_closes_no_more_than_it_may": _mutant("cap, most, held)", "cap, most)"),
    "a_liquidation_closes_a_tenth_a_second": _mutant(
        "min(SLICES, now - pace.sliced_at)", "min(SLICES, now - pace.sliced_at + 1)"
    ),
    "failures_are_counted_apart": _mutant(
        "if now - pace.failed_at < APART:", "if now - pace.failed_at < 0:"
    ),
    "a_book_fails_by_the_third_time": (
        *_mutant("return pace.failures >= FAILURES", "return pace.failures > 0"),
        *_mutant(
            "return failed_at > 0 and now - failed_at <= FAILURE_LIFE",
            "return now - failed_at <= FAILURE_LIFE",
        ),
    ),
}
