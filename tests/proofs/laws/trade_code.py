"""Laws of fills of perpetuals."""

from types import SimpleNamespace

from specs.errors import OpenInterestLimitReached
from specs.state import Limits
from specs.trade_code import require_open_interest_limit
from tests.proofs.proof import Mutant


def a_limit_of_open_interest_refuses_growth_alone(
    before: int, after: int, limit: int
) -> bool:
    """
    A fill is refused exactly if open interest grows and is above the limit.

    Serves: I28, I41.

    pre: 0 <= before and 0 <= after and 0 <= limit
    post: __return__
    """
    old = SimpleNamespace(open_interest=before)
    new = SimpleNamespace(open_interest=after, limits=Limits(limit))
    try:
        require_open_interest_limit(old, new)
    except OpenInterestLimitReached:
        return before < after and limit < after
    return after <= before or after <= limit


MUTANTS = {
    "a_limit_of_open_interest_refuses_growth_alone": (
        Mutant(
            "specs/trade_code.py",
            "if grown and after.open_interest > after.limits.max_open_interest:",
            "if after.open_interest > after.limits.max_open_interest:",
        ),
    ),
}
