"""Laws of authority: what amounts a call may name."""

from specs.authority import MAX_AMOUNT, require_amount
from specs.errors import AmountTooLarge, ZeroAmount
from tests.proofs.proof import Mutant


def an_amount_is_neither_nothing_nor_too_much(amount: int) -> bool:
    """
    Exactly the amounts from one to the highest are let through.

    Serves: I4.

    pre: 0 <= amount
    post: __return__
    """
    try:
        require_amount(amount)
    except ZeroAmount:
        return amount == 0
    except AmountTooLarge:
        return amount > MAX_AMOUNT
    return 1 <= amount <= MAX_AMOUNT


MUTANTS = {
    "an_amount_is_neither_nothing_nor_too_much": (
        Mutant(
            "specs/authority.py", "if amount > MAX_AMOUNT:", "if amount >= MAX_AMOUNT:"
        ),
    ),
}
