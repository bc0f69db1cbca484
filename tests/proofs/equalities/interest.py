"""Layer 2 of accruals: quotients and weights are the same unknown functions."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from specs import money_market, packing
from specs.fixed_point import RAY, WAD
from specs.money_market import MIN_INDEX, Virtuals
from specs.packing import get_field
from tests.proofs.equalities.pools import (
    AMOUNTS,
    INDICES,
    is_pool,
    list_pool,
    make_pool,
)
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within
from tests.proofs.shared import DIVISIONS, WEIGHT


def book(*words: int) -> tuple[int, ...]:
    """Return the pool after an accrual that sets the borrow index."""
    *pool, grown, curve, virtuals, rest = words
    winners = get_field(virtuals, packing.VIRTUALS["winners"])
    losers = get_field(virtuals, packing.VIRTUALS["losers"])
    before = replace(make_pool(tuple(pool), curve), accrued_at=-1)

    def index(*arguments: Any) -> int:
        return grown

    with patch.object(money_market, "compute_borrow_index", index):
        after = money_market.accrue(
            before, Virtuals(0, winners, losers, rest), before.accrued_at + 1
        )
    return list_pool(replace(after, accrued_at=pool[2]))


def is_booked(*words: int) -> bool:
    """Tell whether the pool can be stored, and the borrow index does not fall."""
    lend_index, old_index, grown, curve, _, rest = words[0], words[1], *words[7:]
    share = get_field(curve, packing.CURVE["reserve_share"])
    return (
        is_pool(*words)
        and within(
            (lend_index, MIN_INDEX, INDICES),
            (grown, RAY, INDICES),
            (share, 0, WAD),
            (rest, 0, AMOUNTS),
        )
        and old_index <= grown
    )


ACCRUALS = (
    same(
        "money_market._book",
        book,
        (
            "interest += fp._mul_div_down(owed, borrow_index, fp.RAY)",
            "interest += fp._mul_div_up(owed, borrow_index, fp.RAY)",
        ),
        fits=is_booked,
        shares=(*DIVISIONS, WEIGHT),
        is_bounded=True,
        is_one_sided=True,
    ),
)

PROOFS = ACCRUALS
