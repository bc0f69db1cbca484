"""Laws of loosening: what need not be announced makes nothing easier."""

from specs.guards import Guards, compute_outflow
from specs.loosening import (
    is_dearer,
    is_looser_cap,
    is_looser_cull,
    is_looser_guards,
    is_looser_haircut,
    is_looser_limits,
    is_looser_requirement,
    or_endless,
)
from specs.requirements import Haircut, Requirement, Scales, scale
from specs.settlement import compute_fee
from specs.state import Cull, Fees, Limits
from tests.proofs.proof import Mutant


def is_capped(amount: int, cap: int) -> bool:
    """Tell whether a cap, 0 for none, forbids an amount."""
    return 0 < cap < amount


def a_cap_that_is_no_looser_lets_through_no_more(
    old: int, new: int, amount: int
) -> bool:
    """
    What the old cap forbids the new one does, 0 being none.

    Serves: I43.

    pre: 0 <= old < 2**255 and 0 <= new < 2**255 and 0 <= amount < 2**255
    post: __return__
    """
    is_kept = is_capped(amount, new) or not is_capped(amount, old)
    return is_looser_cap(old, new) or is_kept


def no_cap_is_looser_than_none(limit: int) -> bool:
    """
    Without a limit there is more room than with any.

    Serves: I43.

    pre: 0 < limit < 2**256
    post: __return__
    """
    return or_endless(0) > or_endless(limit) == limit and is_looser_cap(limit, 0)


def a_requirement_that_is_no_looser_asks_for_no_less(
    base: int,
    factor: int,
    new_base: int,
    new_factor: int,
    mmf: int,
    new_mmf: int,
    imf: int,
) -> bool:
    """
    Whatever a market's scales are, no parameter of its margin is lower.

    Serves: I43.

    pre: 0 <= base and 0 <= factor and 0 <= new_base and 0 <= new_factor
    pre: 0 <= mmf and 0 <= new_mmf and 0 <= imf
    post: __return__
    """
    old = Requirement(base, mmf, factor, mmf)
    new = Requirement(new_base, new_mmf, new_factor, new_mmf)
    if is_looser_requirement(old, new):
        return True
    first, second = scale(old, Scales(imf, imf)), scale(new, Scales(imf, imf))
    return (
        first.base_imf <= second.base_imf
        and first.base_mmf <= second.base_mmf
        and first.imf_factor <= second.imf_factor
        and first.mmf_factor <= second.mmf_factor
    )


def fees_that_are_no_dearer_take_no_more(
    maker: int, taker: int, new_maker: int, new_taker: int, notional: int
) -> bool:
    """
    Nobody pays more for a fill of any size without an announcement.

    Serves: I43.

    pre: 0 <= maker and 0 <= taker and 0 <= new_maker and 0 <= new_taker
    pre: 0 <= notional
    post: __return__
    """
    if is_dearer(Fees(maker, taker), Fees(new_maker, new_taker)):
        return True
    return compute_fee(notional, new_maker) <= compute_fee(
        notional, maker
    ) and compute_fee(notional, new_taker) <= compute_fee(notional, taker)


def guards_that_are_no_looser_let_no_more_leave(
    average: int, share: int, floor: int, new_share: int, new_floor: int
) -> bool:
    """
    Of any average no more may be missing than before.

    Serves: I43, I44.

    pre: 0 <= average and 0 < share <= 10_000 and 0 <= floor
    pre: 0 <= new_share and 0 <= new_floor
    post: __return__
    """
    old = Guards(average, 0, 0, 0, 9000, 8000, 100, share, floor)
    new = Guards(average, 0, 0, 0, 9000, 8000, 100, new_share, new_floor)
    if is_looser_guards(old, new):
        return True
    return new_share > 0 and compute_outflow(new) <= compute_outflow(old)


def guards_that_are_no_looser_admit_no_more(
    highest: int, start: int, part: int, new_highest: int, new_start: int, new_part: int
) -> bool:
    """
    Neither maximum nor threshold nor the share of a step is any higher.

    Serves: I43.

    pre: 0 <= highest and 0 <= start and 0 <= part
    pre: 0 <= new_highest and 0 <= new_start and 0 <= new_part
    post: __return__
    """
    old = Guards(0, 0, 0, 0, highest, start, part, 0, 0)
    new = Guards(0, 0, 0, 0, new_highest, new_start, new_part, 0, 0)
    no_more = new_highest <= highest and new_start <= start and new_part <= part
    return is_looser_guards(old, new) != no_more


def limits_that_are_no_looser_let_nothing_grow(
    interest: int, position: int, least: int, more: int, larger: int, fewer: int
) -> bool:
    """
    A market, a position and what burdens the tick set grow no larger unannounced.

    Serves: I43.

    pre: 0 <= interest and 0 <= position and 0 <= least
    pre: 0 <= more and 0 <= larger and 0 <= fewer
    post: __return__
    """
    old, new = Limits(interest, position, least), Limits(more, larger, fewer)
    no_more = more <= interest and larger <= position and fewer >= least
    return is_looser_limits(old, new) != no_more


def a_cull_that_is_no_looser_gives_no_more_credit(
    cap: int, account: int, new_cap: int, new_account: int, gain: int
) -> bool:
    """
    Gains give no more credit, and none is left unrealised that was not before.

    Serves: I16, I43.

    pre: 0 <= cap and 0 <= new_cap and 0 <= account < 2**255
    pre: 0 <= new_account < 2**255 and 0 < gain < 2**255
    post: __return__
    """
    if is_looser_cull(Cull(cap, account), Cull(new_cap, new_account)):
        return True
    was_due, is_due = 0 < account <= gain, 0 < new_account <= gain
    return new_cap <= cap and (is_due or not was_due)


def a_haircut_that_is_no_looser_counts_no_more(
    weight: int, factor: int, new_weight: int, new_factor: int
) -> bool:
    """
    Its weight is no higher, nor does it fall more slowly with size; then no size weighs
    more (`a_weight_falls_with_size`).

    Serves: I15, I43.

    pre: 0 <= weight and 0 <= factor and 0 <= new_weight and 0 <= new_factor
    post: __return__
    """
    no_more = new_weight <= weight and new_factor >= factor
    old, new = Haircut(weight, factor), Haircut(new_weight, new_factor)
    return is_looser_haircut(old, new) != no_more


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/loosening.py", old, new),)


MUTANTS = {
    "a_cap_that_is_no_looser_lets_through_no_more": _mutant(
        "return or_endless(new) > or_endless(old)", "return new > old"
    ),
    "no_cap_is_looser_than_none": _mutant("return limit or ENDLESS", "return limit"),
    "a_requirement_that_is_no_looser_asks_for_no_less": _mutant(
        "or new.imf_factor < old.imf_factor", "or new.imf_factor < 0"
    ),
    "fees_that_are_no_dearer_take_no_more": _mutant(
        "new.maker > old.maker or new.taker > old.taker",
        "new.maker + new.taker > old.maker + old.taker",
    ),
    "guards_that_are_no_looser_let_no_more_leave": _mutant(
        "or (old.outflow_share > 0 and new.outflow_floor > old.outflow_floor)",
        "or (old.outflow_share > 0 and new.outflow_floor > 2 * old.outflow_floor)",
    ),
    "guards_that_are_no_looser_admit_no_more": _mutant(
        "or new.throttle_share > old.throttle_share",
        "or new.throttle_share < old.throttle_share",
    ),
    "limits_that_are_no_looser_let_nothing_grow": _mutant(
        "or new.min_lots < old.min_lots", "or new.min_lots > old.min_lots"
    ),
    "a_cull_that_is_no_looser_gives_no_more_credit": _mutant(
        "or is_looser_cap(old.account_threshold, new.account_threshold)",
        "or new.account_threshold > old.account_threshold",
    ),
    "a_haircut_that_is_no_looser_counts_no_more": _mutant(
        "or new.factor < old.factor", "or new.factor > old.factor"
    ),
}
