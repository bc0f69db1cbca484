"""Laws of the liquidity fund."""

from specs.liquidity_fund import Fund, pay
from tests.proofs.proof import Mutant


def a_loss_is_paid_in_full(balance: int, cap: int, loss: int) -> bool:
    """
    A loss goes to the fund to the last unit, however full or empty it is.

    Serves: I25, I26.

    pre: 0 <= cap and -cap <= balance and 0 <= loss
    post: __return__
    """
    fund, paid = pay(Fund(balance, cap), -loss)
    return paid == -loss and fund.balance == balance + loss


def a_gain_is_paid_as_far_as_the_fund_reaches(
    balance: int, cap: int, gain: int
) -> bool:
    """
    A payment is no more than the gain, and leaves the fund above minus its cap.

    Serves: I25.

    pre: 0 <= cap and -cap <= balance and 0 <= gain
    post: __return__
    """
    fund, paid = pay(Fund(balance, cap), gain)
    is_paid_out = paid == gain or fund.balance == -cap
    return 0 <= paid <= gain and fund.balance >= -cap and is_paid_out


def the_order_of_winners_changes_no_total(
    balance: int, cap: int, one: int, other: int
) -> bool:
    """
    Two winners together are paid the same, whoever comes first.

    Serves: I23, I25.

    pre: 0 <= cap and -cap <= balance and 0 <= one and 0 <= other
    post: __return__
    """
    first, _ = pay(Fund(balance, cap), one)
    second, _ = pay(Fund(balance, cap), other)
    return pay(first, other)[0] == pay(second, one)[0]


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/liquidity_fund.py", old, new),)


_REACH = "min(gain, max(0, fund.balance + fund.cap))"

MUTANTS = {
    "a_loss_is_paid_in_full": _mutant(
        "        return gain\n", "        return gain + 1\n"
    ),
    "a_gain_is_paid_as_far_as_the_fund_reaches": _mutant(
        _REACH, "min(gain, max(0, fund.balance + fund.cap + 1))"
    ),
    "the_order_of_winners_changes_no_total": _mutant(
        _REACH, "gain if gain <= fund.balance + fund.cap else 0"
    ),
}
