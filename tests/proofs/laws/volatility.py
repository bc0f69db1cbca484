"""Laws of volatility: what one price can do to it."""

from specs.volatility import MAX_RETURN, compute_return_up
from tests.proofs.proof import Mutant


def a_return_is_rounded_up_and_clamped(before: int, fast: int) -> bool:
    """
    No price counts as less of a return than it is, up to 5 %, nor as more.

    Serves: I12.

    pre: 0 < before and 0 <= fast
    post: __return__
    """
    size = compute_return_up(before, fast)
    exact = abs(fast - before) * 10**18
    is_exact = (size - 1) * before < exact <= size * before
    return 0 <= size <= MAX_RETURN and (is_exact or size == MAX_RETURN)


MUTANTS = {
    "a_return_is_rounded_up_and_clamped": (
        Mutant(
            "specs/volatility.py",
            "mul_div_up(abs(fast - before), WAD, before), MAX_RETURN",
            "abs(fast - before) * WAD // before, MAX_RETURN",
        ),
    ),
}
