"""Laws of the backstop: who bears a discount, and who takes how much."""

from specs.backstop import (
    compute_account_price,
    compute_allocation,
    compute_backstop_margin,
    compute_discount,
    compute_portion,
    compute_provider_price,
    compute_ratio,
    compute_unfunded,
    is_open,
)
from specs.fixed_point import WAD
from specs.margin import Health, is_liquidatable
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


def health_of(exposure: int, equity: int, margin: int) -> Health:
    """Return a health of which only what the backstop looks at matters."""
    return Health(0, 0, equity, margin, exposure, 0, 0, 0, 0, False, False)


def the_backstop_opens_below_maintenance(
    exposure: int, equity: int, margin: int
) -> bool:
    """
    Its margin is between half of maintenance margin and all of it; whoever is below it
    is liquidatable.

    Serves: I33, I35.

    pre: 0 < exposure and 0 <= margin
    post: __return__
    """
    health = health_of(exposure, equity, margin)
    opens_at = compute_backstop_margin(health)
    is_between = margin - 1 <= 2 * opens_at and opens_at <= margin
    return is_between and (is_liquidatable(health) or not is_open(health))


def a_discount_is_paid_from_equity(exposure: int, equity: int, margin: int) -> bool:
    """
    The discount on all that an account has is at most its equity, and at most a quarter
    of its maintenance margin; an account without equity gives none.

    Serves: I34.

    pre: 0 < exposure and 0 <= margin
    post: __return__
    """
    discount = compute_discount(health_of(exposure, equity, margin))
    cost = discount * exposure
    is_paid = cost <= max(0, equity) * WAD and 4 * cost <= margin * WAD
    return discount >= 0 and is_paid


def a_ratio_is_no_better_than_it_is(equity: int, margin: int) -> bool:
    """
    Equity over maintenance margin rounds down, and is none without equity.

    Serves: I34.

    pre: 0 < margin
    post: __return__
    """
    ratio = compute_ratio(health_of(1, equity, margin))
    if equity <= 0:
        return ratio == 0
    return ratio * margin <= equity * WAD < (ratio + 1) * margin


def a_portion_hands_over_what_was_allocated(allocation: int, left: int) -> bool:
    """
    A provider gets his allocation, rounded up, and never more than there is.

    Serves: I34, I36.

    pre: 0 <= allocation and 0 < left
    post: __return__
    """
    portion = compute_portion(allocation, left)
    if allocation >= left:
        return portion == WAD
    return (portion - 1) * left < allocation * WAD <= portion * left


def no_account_fills_at_a_better_price_than_its_discount(
    mark: int, discount: int
) -> bool:
    """
    What is sold brings no more, and what is bought costs no less, than mark with the
    discount; and no more than a wei is rounded away.

    Serves: I34.

    pre: 0 < mark and 0 <= discount <= WAD
    post: __return__
    """
    sold = compute_account_price(mark, discount, True)
    bought = compute_account_price(mark, discount, False)
    exact_low, exact_high = mark * (WAD - discount), mark * (WAD + discount)
    return (
        sold * WAD <= exact_low < (sold + 1) * WAD
        and (bought - 1) * WAD < exact_high <= bought * WAD
    )


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
    "the_backstop_opens_below_maintenance": (
        *_mutant(
            "return max(health.maintenance_margin // 2, health",
            "return max(health.maintenance_margin // 3, health",
        ),
        *_mutant(
            "return health.equity < compute_backstop_margin(health)",
            "return health.equity <= compute_backstop_margin(health)",
        ),
    ),
    "a_discount_is_paid_from_equity": _mutant(
        "return Wad(min(worth, cap))", "return Wad(max(worth, cap))"
    ),
    "a_ratio_is_no_better_than_it_is": _mutant(
        "mul_div_down(health.equity, WAD, health.maintenance_margin))",
        "mul_div_up(health.equity, WAD, health.maintenance_margin))",
    ),
    "a_portion_hands_over_what_was_allocated": _mutant(
        "mul_div_up(allocation, WAD, left)", "mul_div_down(allocation, WAD, left)"
    ),
    "no_account_fills_at_a_better_price_than_its_discount": _mutant(
        "return Wad(mul_div_down(mark, WAD - discount, WAD))",
        "return Wad(mul_div_up(mark, WAD - discount, WAD))",
    ),
}
