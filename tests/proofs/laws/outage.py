"""Laws of outages: when prices count again."""

from itertools import pairwise

from specs.outage import GRACE, MAX_GAP, get_run, is_counting
from tests.proofs.proof import Mutant


def no_price_counts_soon_after_an_outage(first: int, second: int, third: int) -> bool:
    """
    The first update after a gap never counts; the next one does 30 s after it, if no
    gap is between them.

    Serves: I31.

    pre: 0 <= first <= second <= third
    post: __return__
    """
    gaps = [second - first > MAX_GAP, third - second > MAX_GAP]
    counts = is_counting((first, second, third))
    if gaps[1]:
        return not counts
    if gaps[0]:
        return counts == (third - second >= GRACE)
    return counts


def a_run_has_no_gap(first: int, second: int, third: int, fourth: int) -> bool:
    """
    A run ends with the last update, has no gap, and begins with one or at first.

    Serves: I31.

    pre: 0 <= first <= second <= third <= fourth
    post: __return__
    """
    times = (first, second, third, fourth)
    run = get_run(times)
    start = 4 - len(run)
    is_whole = all(b - a <= MAX_GAP for a, b in pairwise(run))
    begins = start == 0 or times[start] - times[start - 1] > MAX_GAP
    return run == times[start:] and len(run) > 0 and is_whole and begins


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/outage.py", old, new),)


MUTANTS = {
    "no_price_counts_soon_after_an_outage": _mutant(
        "or run[-1] - run[0] >= GRACE", "or len(run) > 1"
    ),
    "a_run_has_no_gap": _mutant("times[max(gaps, default=0) :]", "times[1:]"),
}
