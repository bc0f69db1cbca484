"""Laws of conversion: no more is sold than has to be, at no less than it must bring."""

from specs.conversion import (
    EQUITY_MULTIPLE,
    LEAST_LIMIT,
    LEAST_PRICE,
    compute_cap_excess,
    compute_excess,
    compute_least_price,
    compute_limit,
    compute_most,
    compute_reference,
    is_no_worse,
    is_sellable,
)
from specs.fixed_point import PPM, RAY, WAD
from specs.interest_rate import Curve
from specs.margin import Health, Quote
from specs.money_market import Pool
from tests.proofs.proof import Mutant

CURVE = Curve(0, 0, 0, WAD // 2, 0)


def health_of(exposure: int, equity: int, margin: int) -> Health:
    """Return a health of which only what a conversion is judged by matters."""
    return Health(0, 0, equity, margin, exposure, 0, 0, 0, 0, False, False)


def a_conversion_brings_a_debt_within_its_limit(
    debt: int, limit: int, cap_excess: int
) -> bool:
    """
    What has to be paid is no more than is owed, leaves no more than the limit, and is
    nothing within both limits.

    Serves: I26.

    pre: 0 <= debt and 0 <= limit and 0 <= cap_excess
    post: __return__
    """
    excess = compute_excess(debt, limit, cap_excess)
    is_due = debt > limit or (debt > 0 and cap_excess > 0)
    return 0 <= excess <= debt and debt - excess <= limit and (excess > 0) == is_due


def who_may_not_borrow_may_owe_nothing(equity: int, more: int) -> bool:
    """
    An account may owe nothing, or at least 30,000 and four times its equity; no more
    equity lowers what it may.

    Serves: I26.

    pre: 0 <= more
    post: __return__
    """
    limit = compute_limit(True, equity)
    return (
        compute_limit(False, equity) == 0
        and limit in (LEAST_LIMIT, EQUITY_MULTIPLE * equity)
        and limit >= max(LEAST_LIMIT, EQUITY_MULTIPLE * equity)
        and limit <= compute_limit(True, equity + more)
    )


def a_cap_is_paid_for_without_a_discount(
    borrows: int, index: int, cap: int, is_discounted: bool
) -> bool:
    """
    What a cap demands brings borrows back to it; nobody gains a discount by it.

    Serves: I26.

    pre: 0 <= borrows and RAY <= index and 0 <= cap
    post: __return__
    """
    pool = Pool(RAY, index, 0, 0, borrows, 0, 0, 0, False, CURVE, borrow_cap=cap)
    excess = compute_cap_excess(pool, is_discounted)
    if is_discounted or cap == 0:
        return excess == 0
    worth = borrows * index
    return excess >= 0 and (
        (excess + cap - 1) * RAY < worth <= (excess + cap) * RAY
        if excess > 0
        else worth <= cap * RAY
    )


def no_sale_is_cheaper_than_a_hundredth_off(slow: int, fast: int) -> bool:
    """
    The least price is at most 1 % below the higher of both prices, never more above.

    Serves: I26.

    pre: 0 <= slow and 0 <= fast
    post: __return__
    """
    reference = compute_reference(Quote(slow, fast, 0))
    least = compute_least_price(reference)
    return (
        reference in (slow, fast)
        and slow <= reference >= fast
        and reference * LEAST_PRICE <= least * PPM < reference * LEAST_PRICE + PPM
    )


def a_sale_pays_its_excess_and_no_wei_more(excess: int, price: int) -> bool:
    """
    What is sold pays the excess; one wei less of it would not.

    Serves: I26.

    pre: 0 <= excess and 0 < price
    post: __return__
    """
    most = compute_most(excess, price)
    return (most - 1) * price < excess * WAD <= most * price


def nothing_is_sold_at_a_price_in_doubt(slow: int, fast: int, age: int) -> bool:
    """
    A price is good enough if it is a minute old at most, and both are within 2 %.

    Serves: I26, I30.

    pre: 0 <= slow and 0 <= fast and 0 <= age
    post: __return__
    """
    is_good = is_sellable(Quote(slow, fast, 0), age)
    is_near = 100 * (fast - slow) <= 2 * slow and 100 * (slow - fast) <= 2 * slow
    return is_good == (age <= 60 and is_near)


def a_conversion_leaves_nobody_worse_off(
    exposure: int, equity: int, margin: int, after: int, left: int, asked: int
) -> bool:
    """
    What is allowed raises no exposure, and lowers equity only with what is to be kept.

    Serves: I10, I26.

    pre: 0 <= margin and 0 <= asked
    post: __return__
    """
    before, later = (
        health_of(exposure, equity, margin),
        health_of(after, left, asked),
    )
    if not is_no_worse(before, later):
        return True
    return after <= exposure and (
        left >= equity if after == exposure else left * margin >= equity * asked
    )


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/conversion.py", old, new),)


MUTANTS = {
    "a_conversion_brings_a_debt_within_its_limit": _mutant(
        "max(0, debt - limit, min(debt, cap_excess))",
        "max(0, debt - limit, cap_excess)",
    ),
    "who_may_not_borrow_may_owe_nothing": _mutant(
        "max(LEAST_LIMIT, EQUITY_MULTIPLE * equity)",
        "min(LEAST_LIMIT, EQUITY_MULTIPLE * equity)",
    ),
    "a_cap_is_paid_for_without_a_discount": _mutant(
        "if pool.borrow_cap == 0 or is_discounted:", "if pool.borrow_cap == 0:"
    ),
    "no_sale_is_cheaper_than_a_hundredth_off": (
        *_mutant("max(quote.slow, quote.fast)", "min(quote.slow, quote.fast)"),
        *_mutant(
            "mul_div_up(reference, LEAST_PRICE, PPM)",
            "mul_div_down(reference, LEAST_PRICE, PPM)",
        ),
    ),
    "a_sale_pays_its_excess_and_no_wei_more": _mutant(
        "mul_div_up(excess, WAD, price)", "mul_div_down(excess, WAD, price)"
    ),
    "nothing_is_sold_at_a_price_in_doubt": _mutant(
        "not margin.is_stale(quote, now) and not", "not"
    ),
    "a_conversion_leaves_nobody_worse_off": _mutant(
        "after.exposure == before.exposure and after.equity >= before.equity",
        "after.exposure == before.exposure",
    ),
}
