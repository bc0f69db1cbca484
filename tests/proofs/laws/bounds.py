"""Laws of bounds: what is promised of every parameter that is let through."""

from collections.abc import Callable
from typing import Any

from specs.bounds import (
    require,
    require_cull,
    require_curve,
    require_fees,
    require_guards,
    require_haircut,
    require_limits,
    require_market,
    require_multiple,
    require_requirement,
)
from specs.errors import OutOfBounds
from specs.fixed_point import PPM, WAD
from specs.guards import Guards, compute_outflow
from specs.interest_rate import MAX_RATE, Curve, compute_rate
from specs.perpetual import MAX_LOTS
from specs.requirements import Haircut, Requirement, Scales, scale
from specs.settlement import compute_fee
from specs.state import Cull, Fees, Limits
from tests.proofs.proof import Mutant


def is_let(check: Callable[..., None], *given: Any) -> bool:
    """Tell whether a check lets something through."""
    try:
        check(*given)
    except OutOfBounds:
        return False
    return True


def what_is_not_within_is_refused(is_within: bool) -> bool:
    """
    Nothing else is asked of what is within.

    Serves: I43.

    post: __return__
    """
    return is_let(require, is_within) == is_within


def no_curve_asks_for_more_than_the_highest_rate(
    curve: Curve, utilisation: int
) -> bool:
    """
    At no utilisation is a rate above the highest, on a curve that is let through.

    Serves: I6.

    pre: 0 <= curve.base and 0 <= curve.slope_low and 0 <= curve.slope_high
    pre: 0 <= utilisation <= WAD
    post: __return__
    """
    if not is_let(require_curve, curve):
        return True
    rate = compute_rate(curve, utilisation)
    return 0 <= rate <= MAX_RATE and 2 * curve.reserve_share <= WAD


def no_collateral_counts_for_more_than_it_is(weight: int, factor: int) -> bool:
    """
    A weight is at most one and grows no smaller than a factor below one makes it.

    Serves: I15.

    pre: 0 <= weight and 0 <= factor
    post: __return__
    """
    within = weight * 10**12 <= WAD and factor < 10**12
    return is_let(require_haircut, Haircut(weight, factor)) == within


def margins_that_are_let_through_are_in_order(
    base_imf: int, base_mmf: int, imf_factor: int, mmf_factor: int, imf: int, mmf: int
) -> bool:
    """
    Initial margin is at least maintenance margin, which is positive, scaled or not.

    Serves: I12.

    pre: 0 <= base_imf and 0 <= base_mmf and 0 <= imf_factor and 0 <= mmf_factor
    pre: 10_000 <= mmf <= imf
    post: __return__
    """
    requirement = Requirement(base_imf, base_mmf, imf_factor, mmf_factor)
    if not is_let(require_requirement, requirement):
        return True
    scaled = scale(requirement, Scales(imf, mmf))
    return (
        0 < base_mmf <= scaled.base_mmf <= scaled.base_imf
        and scaled.mmf_factor <= scaled.imf_factor
        and base_imf <= PPM
    )


def no_fee_is_above_a_hundredth(maker: int, taker: int, notional: int) -> bool:
    """
    Neither side of a fill pays more than 1 % of it, and a wei of rounding.

    Serves: I28.

    pre: 0 <= maker and 0 <= taker and 0 <= notional
    post: __return__
    """
    if not is_let(require_fees, Fees(maker, taker)):
        return True
    fees = compute_fee(notional, maker), compute_fee(notional, taker)
    return 100 * max(fees) <= notional + 99


def an_amount_is_whole_and_not_too_high(amount: int, highest: int) -> bool:
    """
    Exactly the whole amounts up to the highest are let through.

    Serves: I43.

    pre: 0 <= amount
    post: __return__
    """
    within = amount <= highest and amount == amount // WAD * WAD
    return is_let(require_multiple, amount, WAD, highest) == within


def something_can_always_leave(
    threshold: int,
    highest: int,
    throttle: int,
    share: int,
    floor: int,
    average: int,
) -> bool:
    """
    Under a limit of the outflow that is let through some of what there is may leave.

    Serves: I41, I44.

    pre: 0 <= threshold and 0 <= highest and 0 <= throttle and 0 <= floor
    pre: 0 < share and 0 <= average
    post: __return__
    """
    guards = Guards(average, 0, 0, 0, highest, threshold, throttle, share, floor)
    if not is_let(require_guards, guards):
        return True
    missing = compute_outflow(guards)
    is_ordered = threshold <= highest <= 10_000 and throttle <= 10_000
    return is_ordered and missing > 0 and 20 * (missing + 1) > average


def a_lot_can_be_counted(exponent: int, interval: int) -> bool:
    """
    A lot has a whole number of the parts that gains are counted in.

    Serves: I3, I21.

    pre: 0 <= exponent and 0 <= interval
    post: __return__
    """
    within = 12 <= exponent <= 18 and 600 <= interval <= 28_800
    return is_let(require_market, exponent, interval) == within


def limits_are_within_what_is_stored(
    interest: int, position: int, least: int, factor: int, reference: int, most: int
) -> bool:
    """
    No market's sizes exceed their fields, and no scale is below one or above five.

    Serves: I12, I19.

    pre: 0 <= interest and 0 <= position and 0 <= least and 0 <= factor
    pre: 0 <= reference and 0 <= most
    post: __return__
    """
    limits = Limits(interest, position, least, factor, reference, most)
    within = (
        interest <= 2**60
        and position <= MAX_LOTS
        and 1 <= least < 2**32
        and factor < 10**12
        and reference <= 10**9
        and 10_000 <= most <= 50_000
    )
    return is_let(require_limits, limits) == within


def thresholds_are_whole(cap: int, account: int, system: int) -> bool:
    """
    Credit cap and thresholds are stored without a loss.

    Serves: I16, I43.

    pre: 0 <= cap and 0 <= account and 0 <= system
    post: __return__
    """
    given = (cap, account, system)
    within = all(each % 10**12 == 0 and each <= 10**27 for each in given)
    return is_let(require_cull, Cull(cap, account, system)) == within


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/bounds.py", old, new),)


MUTANTS = {
    "what_is_not_within_is_refused": _mutant("if not is_within:", "if is_within:"),
    "no_curve_asks_for_more_than_the_highest_rate": _mutant(
        "curve.base + curve.slope_low + curve.slope_high <= MAX_RATE",
        "curve.base + curve.slope_low <= MAX_RATE",
    ),
    "no_collateral_counts_for_more_than_it_is": _mutant(
        "haircut.weight <= MAX_WEIGHT and", "haircut.weight < MAX_WEIGHT and"
    ),
    "margins_that_are_let_through_are_in_order": _mutant(
        "requirement.mmf_factor <= requirement.imf_factor <= MAX_FACTOR",
        "requirement.imf_factor <= MAX_FACTOR",
    ),
    "no_fee_is_above_a_hundredth": _mutant(
        "max(fees.maker, fees.taker) <= MAX_FEE", "fees.maker <= MAX_FEE"
    ),
    "an_amount_is_whole_and_not_too_high": _mutant(
        "amount <= highest and amount", "amount < highest and amount"
    ),
    "something_can_always_leave": _mutant(
        "guards.outflow_share >= MIN_OUTFLOW_SHARE and guards.outflow_floor > 0",
        "guards.outflow_share >= MIN_OUTFLOW_SHARE",
    ),
    "a_lot_can_be_counted": _mutant(
        "MIN_INTERVAL <= interval <= MAX_INTERVAL", "MIN_INTERVAL <= interval"
    ),
    "limits_are_within_what_is_stored": _mutant(
        "1 <= limits.min_lots <= MAX_MIN_LOTS", "limits.min_lots <= MAX_MIN_LOTS"
    ),
    "thresholds_are_whole": _mutant(
        "require_multiple(amount, USDC_UNIT, MAX_USDC)",
        "require_multiple(amount, 1, MAX_USDC)",
    ),
}
