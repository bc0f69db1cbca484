"""Laws of funding: no premium, and no absence, moves it further than its cap."""

from specs.fixed_point import WAD
from specs.funding import (
    MAX_INTERVAL,  # noqa: F401, a condition needs it
    MIN_INTERVAL,  # noqa: F401, a condition needs it
    RATE_CAP,
    Funding,
    advance,
    compute_rate,
)
from tests.proofs.proof import Mutant


def the_rate_is_capped(premium: int, interval: int) -> bool:
    """
    Neither side is charged more than the cap in one interval.

    Serves: I21.

    pre: MIN_INTERVAL <= interval <= MAX_INTERVAL
    post: __return__
    """
    return -RATE_CAP <= compute_rate(premium, interval) <= RATE_CAP


def the_rate_never_falls_with_the_premium(less: int, more: int, interval: int) -> bool:
    """
    A higher premium never makes longs pay less.

    Serves: I21.

    pre: less <= more and MIN_INTERVAL <= interval <= MAX_INTERVAL
    post: __return__
    """
    return compute_rate(less, interval) <= compute_rate(more, interval)


def one_update_charges_at_most_the_cap(
    index: int, rate: int, mark: int, elapsed: int
) -> bool:
    """
    However late an update comes, the index moves by at most the cap on mark.

    Serves: I21.

    pre: -RATE_CAP <= rate <= RATE_CAP and 0 <= mark and 0 <= elapsed
    post: __return__
    """
    before = Funding(index, rate, 0, 0, 0, 0)
    moved = advance(before, 3600, mark, 0, elapsed).index - index
    return (abs(moved) - 1) * WAD <= RATE_CAP * mark


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/funding.py", old, new),)


MUTANTS = {
    "the_rate_is_capped": _mutant(
        "return max(-RATE_CAP, min(RATE_CAP, rate))", "return min(RATE_CAP, rate)"
    ),
    "the_rate_never_falls_with_the_premium": _mutant(
        "rate = (premium + damping)", "rate = (damping - premium)"
    ),
    "one_update_charges_at_most_the_cap": _mutant(
        "charged = min(elapsed, interval)", "charged = elapsed"
    ),
}
