"""Laws of funding: no premium, and no absence, moves it further than its cap."""

from specs.fixed_point import WAD
from specs.funding import (
    BASE_INTERVAL,
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


def funding_is_charged_by_the_second(
    index: int, rate: int, mark: int, first: int, second: int
) -> bool:
    """
    Two updates within an interval charge what one does, but for a unit; while longs pay
    the index does not fall, nor rise while shorts do.

    Serves: I21.

    pre: -RATE_CAP <= rate <= RATE_CAP and 0 <= mark
    pre: 0 <= first and 0 <= second and first + second < 3600
    post: __return__
    """
    before = Funding(index, rate, 0, 0, 0, 0)
    between = advance(before, 3600, mark, 0, first)
    later = advance(between, 3600, mark, 0, first + second)
    whole = advance(before, 3600, mark, 0, first + second)
    is_forward = later.index >= index if rate >= 0 else later.index <= index
    return whole.index - 1 <= later.index <= whole.index and is_forward


def a_premium_counts_by_the_time_that_it_held(
    premium: int, next_premium: int, first: int, second: int
) -> bool:
    """
    An interval's rate is that of the mean of its premiums, each by its seconds; and the
    next interval begins with none.

    Serves: I21.

    pre: 0 <= first < 3600 and 3600 <= first + second and 0 <= second
    post: __return__
    """
    before = Funding(0, 0, premium, 0, 0, 0)
    between = advance(before, 3600, 0, next_premium, first)
    after = advance(between, 3600, 0, 5, first + second)
    mean = (premium * first + next_premium * second) // (first + second)
    is_begun = (after.premium, after.premium_time) == (5, 0)
    return after.rate == compute_rate(mean, 3600) and is_begun


def no_premium_costs_a_basis_point(premium: int) -> bool:
    """
    Near mark eight hours cost 1 bp, and further away what the premium is, damped by 5.

    Serves: I21.

    pre: -(10**15) <= premium <= 10**15
    post: __return__
    """
    rate, point = compute_rate(premium, BASE_INTERVAL), WAD // 10_000
    if -4 * point <= premium <= 6 * point:
        return rate == point
    return rate == premium + (5 * point if premium < 0 else -5 * point)


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
    "funding_is_charged_by_the_second": _mutant(
        "funding.rate * mark * charged // (WAD * interval)",
        "funding.rate * mark * charged // (WAD * interval) - 1",
    ),
    "a_premium_counts_by_the_time_that_it_held": _mutant(
        "premium_time = funding.premium_time + funding.premium * elapsed",
        "premium_time = funding.premium_time + premium * elapsed",
    ),
    "no_premium_costs_a_basis_point": _mutant(
        "damping = max(-DAMPING, min(DAMPING, BASE_RATE - premium))",
        "damping = max(-DAMPING, min(DAMPING, -premium))",
    ),
}
