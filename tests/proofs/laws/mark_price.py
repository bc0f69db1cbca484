"""Laws of marks: which markets there can be."""

from specs.errors import AlreadyListed, OutOfBounds
from specs.mark_price import Market, list_market
from tests.proofs.proof import Mutant


def a_market_is_listed_once_within_its_bounds(
    market: int, period: int, bound: int, tolerance: int
) -> bool:
    """
    No mean is slower than five minutes, no mark further than 5 % from its slow price.

    Serves: I29.

    pre: 0 <= market and 0 <= period and 0 <= bound and 0 <= tolerance
    post: __return__
    """
    is_near = 1 <= bound <= 50_000 and 1 <= tolerance <= 100_000
    within = market <= 31 and 60 <= period <= 300 and is_near
    old = {5: Market(1, 60, 1, 1)}
    try:
        after = list_market(old, market, 1, period, bound, tolerance)
    except OutOfBounds:
        return not within
    except AlreadyListed:
        return market == 5 and within
    return within and after[market] == Market(1, period, bound, tolerance)


MUTANTS = {
    "a_market_is_listed_once_within_its_bounds": (
        Mutant(
            "specs/mark_price.py",
            "if not 1 <= bound <= MAX_BOUND:",
            "if not 0 <= bound <= MAX_BOUND:",
        ),
    ),
}
