"""Laws of the backstop: who bears a discount, and who takes how much."""

from specs.backstop import (
    compute_account_price,
    compute_allocation,
    compute_provider_price,
    compute_unfunded,
)
from specs.fixed_point import WAD
from tests.proofs.proof import Mutant


def a_provider_never_fills_worse_than_mark(mark: int, discount: int) -> bool:
    """
    Account, provider and mark stand in this order, so the fund's third is no loss.

    Serves: I34, I36.

    pre: 0 < mark and 0 <= discount < WAD
    post: __return__
    """
    sold = compute_account_price(mark, discount, True)
    taken = compute_provider_price(mark, discount, True)
    bought = compute_account_price(mark, discount, False)
    given = compute_provider_price(mark, discount, False)
    return sold <= taken <= mark <= given <= bought


def providers_take_all_that_they_can_and_no_more(
    total: int, first: int, second: int, third: int
) -> bool:
    """
    Three providers take the whole if they reach, none of them more than it has.

    Serves: I36.

    pre: 0 <= total and 0 <= first and 0 <= second and 0 < third
    post: __return__
    """
    reach, left = first + second + third, total
    is_within = True
    for capacity in (first, second, third):
        part = compute_allocation(total, capacity, reach, left)
        is_within = is_within and 0 <= part <= capacity and part <= left
        left -= part
    return is_within and (left == 0 or total > reach)


def what_providers_leave_the_fund_can_pay(deficit: int, fund: int) -> bool:
    """
    The share of a deficit that is left to the fund is no more than it has.

    Serves: I35, I39.

    pre: 0 <= deficit and 0 <= fund
    post: __return__
    """
    unfunded = compute_unfunded(deficit, fund)
    return 0 <= unfunded <= WAD and (WAD - unfunded) * deficit <= fund * WAD


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/backstop.py", old, new),)


MUTANTS = {
    "what_providers_leave_the_fund_can_pay": _mutant(
        "mul_div_up(deficit - fund, WAD, deficit)",
        "mul_div_down(deficit - fund, WAD, deficit)",
    ),
    "a_provider_never_fills_worse_than_mark": _mutant(
        "part = mul_div_down(2, discount, 3)", "part = mul_div_up(4, discount, 3)"
    ),
    "providers_take_all_that_they_can_and_no_more": _mutant(
        "share = mul_div_up(total, capacity, capacities)",
        "share = mul_div_down(total, capacity, capacities)",
    ),
}
