"""Laws of slices: what one may cost at most, and how much it closes."""

from specs.fixed_point import WAD
from specs.slices import compute_fee, compute_fee_rate, compute_limit, compute_most
from tests.proofs.proof import Mutant


def a_slice_costs_three_quarters_of_its_ratio(
    mark: int, ratio: int, is_buy: bool
) -> bool:
    """
    What limit and fee take of a notional is at most three quarters of the ratio.

    Serves: I34.

    pre: 0 < mark and 0 <= ratio <= WAD
    post: __return__
    """
    apart = abs(compute_limit(mark, ratio, is_buy) - mark)
    return 4 * (apart * WAD + mark * compute_fee_rate(ratio)) <= 3 * mark * ratio


def a_limit_is_on_the_accounts_far_side_of_mark(mark: int, ratio: int) -> bool:
    """
    Nobody is made to sell above mark or to buy below it, nor at less than half of it.

    Serves: I34.

    pre: 0 <= mark and 0 <= ratio
    post: __return__
    """
    lowest, highest = (
        compute_limit(mark, ratio, False),
        compute_limit(mark, ratio, True),
    )
    return mark <= 2 * lowest and lowest <= mark <= highest


def a_slice_closes_no_more_than_there_is(held: int, parts: int, least: int) -> bool:
    """
    It closes something if there is something, and its share, or all, or the least.

    Serves: I34.

    pre: 0 < held and 0 < parts <= 65536 and 0 <= least
    post: __return__
    """
    most = compute_most(held, parts, least)
    return 0 < most <= held and held * parts <= 65536 * most


def a_fee_is_a_hundredth_at_most(notional: int, ratio: int) -> bool:
    """
    The fee of a slice is at most a quarter of its ratio, and 1 % of what was filled.

    Serves: I34.

    pre: 0 <= notional and 0 <= ratio
    post: __return__
    """
    rate = compute_fee_rate(ratio)
    fee = compute_fee(notional, rate)
    is_small = 4 * fee * WAD <= notional * ratio and 100 * fee <= notional
    return is_small and fee * WAD <= notional * rate < (fee + 1) * WAD


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/slices.py", old, new),)


MUTANTS = {
    "a_slice_costs_three_quarters_of_its_ratio": _mutant(
        "return Wad(mul_div_up(mark, WAD - apart, WAD))",
        "return Wad(mul_div_down(mark, WAD - apart, WAD))",
    ),
    "a_limit_is_on_the_accounts_far_side_of_mark": _mutant(
        "apart = min(ratio // 2, MAX_APART)", "apart = ratio // 2"
    ),
    "a_slice_closes_no_more_than_there_is": _mutant(
        "mul_div_up(held, parts, PARTS)", "held * parts // PARTS"
    ),
    "a_fee_is_a_hundredth_at_most": (
        *_mutant("min(MAX_FEE, ratio // 4)", "min(MAX_FEE, ratio // 3)"),
        *_mutant(
            "mul_div_down(notional, rate, WAD)", "mul_div_up(notional, rate, WAD)"
        ),
    ),
}
