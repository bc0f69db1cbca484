"""Laws of guards: they refuse what makes things worse, and nothing else."""

from specs.errors import BorrowCapReached, SupplyCapReached
from specs.guards import (
    require_borrow_cap,
    require_supply_cap,
)
from tests.proofs.proof import Mutant


def a_supply_cap_refuses_growth_alone(before: int, after: int, cap: int) -> bool:
    """
    Lends are refused if, and only if, they grow and are above a cap.

    Serves: I4.

    pre: 0 <= before and 0 <= after and 0 <= cap
    post: __return__
    """
    try:
        require_supply_cap(before, after, cap)
    except SupplyCapReached:
        return before < after and 0 < cap < after
    return after <= before or cap == 0 or after <= cap


def a_borrow_cap_refuses_growth_alone(before: int, after: int, cap: int) -> bool:
    """
    Borrows are refused if, and only if, they grow and are above a cap.

    Serves: I4.

    pre: 0 <= before and 0 <= after and 0 <= cap
    post: __return__
    """
    try:
        require_borrow_cap(before, after, cap)
    except BorrowCapReached:
        return before < after and 0 < cap < after
    return after <= before or cap == 0 or after <= cap


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/guards.py", old, new),)


MUTANTS = {
    "a_supply_cap_refuses_growth_alone": _mutant(
        "0 < cap < lends_after and lends_before < lends_after", "0 < cap < lends_after"
    ),
    "a_borrow_cap_refuses_growth_alone": _mutant(
        "if 0 < cap < borrows_after and", "if cap < borrows_after and"
    ),
}
