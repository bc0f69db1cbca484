"""Laws of the basis: for how long a mid counts."""

from specs.book_basis import Hold, count_seconds
from specs.fixed_point import Seconds, Wad
from specs.outage import MAX_GAP
from tests.proofs.proof import Mutant


def a_mid_told_twice_counts_as_one(
    since: Seconds, again: Seconds, until: Seconds, end: Seconds, time: Seconds
) -> bool:
    """
    A mid that is observed once more counts no second twice, and none the less.

    Serves: I29.

    pre: 0 < since <= again <= until and again <= end and 0 < time
    post: __return__
    """
    mid = Wad(1)
    whole = count_seconds(Hold(mid, since, until), end, time)
    first = count_seconds(Hold(mid, since, until), again, time)
    return whole == first + count_seconds(Hold(mid, again, until), end, time)


def a_mid_counts_nothing_once_it_has_run_out(
    since: Seconds, until: Seconds, end: Seconds, time: Seconds
) -> bool:
    """
    Beyond the second in which its book no longer vouches for it, waiting adds nothing.

    Serves: I29.

    pre: 0 < since <= until <= end and 0 < time
    post: __return__
    """
    hold = Hold(Wad(1), since, until)
    return count_seconds(hold, end, time) == count_seconds(hold, until, time)


def no_mid_counts_longer_than_prices_stand(
    since: Seconds, until: Seconds, end: Seconds, time: Seconds
) -> bool:
    """
    Between two updates no mid counts for more than a minute, which bounds the integral.

    Serves: I29.

    pre: 0 < since <= until and since <= end and 0 < time
    post: __return__
    """
    return 0 <= count_seconds(Hold(Wad(1), since, until), end, time) <= MAX_GAP


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/book_basis.py", old, new),)


MUTANTS = {
    "a_mid_told_twice_counts_as_one": _mutant(
        "max(0, end - max(hold.since, time))", "max(0, end - time)"
    ),
    "a_mid_counts_nothing_once_it_has_run_out": _mutant(
        "min(following, hold.until, time + MAX_GAP)", "min(following, time + MAX_GAP)"
    ),
    "no_mid_counts_longer_than_prices_stand": _mutant(
        "min(following, hold.until, time + MAX_GAP)", "min(following, hold.until)"
    ),
}
