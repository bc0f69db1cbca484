"""
Lemma of an accrual: all that is shared is paid, and the reserve pays none of it.

The argument is that of the derivation in the docstring, one inequality a line.
"""

from typing import Any

from specs.fixed_point import RAY, mul_div_up
from specs.weights import WEIGHT_ONE, compute_weight
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.lemmas.accruals import (
    ACCRUAL,
    accrue,
    books_interest,
    fall_of,
    growth_of,
    interest_of,
    is_accrual,
    sample,
    shared_of,
    shows_shares,
)
from tests.proofs.proof import Mutant

_MARKET = "specs/money_market.py"


def what_is_shared_is_paid(argument: Argument, after: Any, *numbers: Any) -> None:
    """
    Show that lenders and winners are due no more than was booked.

    What lenders get is ``S*g - v*g``, winners ``W*g/L`` and for roundings
    ``(W/ONE + 1)*L'/RAY``; all is shared or kept back for it, as long as the lend index
    is worth no more than the borrow index, rounded up to a whole.
    """
    lend, _, later, lends, _, winners, _, rest, *_, reserve = numbers
    growth, shared = growth_of(numbers), shared_of(numbers)
    index, unit = lend + growth, mul_div_up(later, 1, RAY)
    books_interest(argument, numbers)
    argument.show(reserve, after.reserve, claim="the reserve does not shrink")
    argument.show(lend, after.lend_index, claim="the lend index does not fall")
    if not argument.supposes(index, unit * RAY):
        return
    argument.show(0, growth)
    share = shows_shares(argument, growth, numbers)
    virtual = mul_div_up(winners + rest, RAY, lend)
    gains = argument.show(winners * RAY, virtual * lend)
    first, last = compute_weight(lend), compute_weight(index)
    one = WEIGHT_ONE * RAY
    before = argument.show(first * lend, one)
    behind = argument.show(one, last * index + index)
    fall = argument.show(
        (first - last) * lend * index,
        one * growth + lend * index,
        Times(before, index),
        Times(behind, lend),
    )
    earned = mul_div_up(winners, first - last, WEIGHT_ONE)
    weighed = argument.show(
        earned * WEIGHT_ONE, winners * (first - last) + WEIGHT_ONE - 1
    )
    lent, won = mul_div_up(lends, growth, RAY), mul_div_up(earned, index, RAY)
    lent_most = argument.show(lent * RAY, lends * growth + RAY - 1)
    won_most = argument.show(won * RAY, earned * index + RAY - 1)
    argument.show(
        lent,
        shared,
        Times(argument.show(0, virtual), growth),
        Times(share, 1),
        over=RAY,
    )
    if winners > 0 and shared > 0:
        whole = winners // WEIGHT_ONE
        part = argument.show(winners + WEIGHT_ONE - 1, (whole + 2) * WEIGHT_ONE - 2)
        argument.show(
            (lent + won) * RAY * WEIGHT_ONE,
            shared * RAY * WEIGHT_ONE
            + ((whole + 2) * WEIGHT_ONE - 2) * unit * RAY
            + 2 * (RAY - 1) * WEIGHT_ONE,
            Times(won_most, WEIGHT_ONE, lend),
            Times(weighed, index, lend),
            Times(fall, winners),
            Times(lent_most, WEIGHT_ONE, lend),
            Times(share, WEIGHT_ONE, lend),
            Times(gains, growth, WEIGHT_ONE),
            Times(part, index, lend),
            Times(Fact(index, unit * RAY), (whole + 2) * WEIGHT_ONE - 2, lend),
            over=lend,
        )
        argument.show(
            lent + won, shared + (whole + 2) * unit + 1, over=RAY * WEIGHT_ONE
        )
    else:
        if winners > 0:
            sharing = lends + virtual
            stays = (
                argument.show(growth, 0, Times(share, 1), over=sharing)
                if sharing > 0
                else argument.show(growth, 0)
            )
            same = argument.show(first, last, Times(stays, last + 1), over=lend)
            nothing = Times(same, winners)
        else:
            nothing = Times(Fact(winners, 0), fall_of(argument, lend, index).most)
        earned_none = argument.show(earned, 0, nothing, over=WEIGHT_ONE)
        argument.show(won, 0, Times(earned_none, index), over=RAY)
    argument.show(lent + won, interest_of(numbers))
    argument.show(index, after.lend_index, claim="the index rises by what is shared")


PROOFS = (
    Lemma(
        "specs.money_market",
        "what_is_shared_is_paid",
        "The reserve never pays for an accrual. Lenders and winners get all that is "
        "shared, and it is no more than what was booked, as long as the lend index is "
        "at most the borrow index, rounded up to a whole.",
        ACCRUAL,
        is_accrual,
        accrue,
        what_is_shared_is_paid,
        sample,
        (
            Mutant(
                _MARKET,
                "kept += compute_cushion(virtuals.winners, borrow_index)",
                "kept += 0",
            ),
            Mutant(
                _MARKET,
                "sharing = pool.lends + virtual",
                "sharing = pool.lends",
            ),
        ),
        serves=("I5", "I6", "I9"),
    ),
)
