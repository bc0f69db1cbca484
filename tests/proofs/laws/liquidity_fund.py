"""Laws of the liquidity fund."""

from specs.liquidity_fund import Fund, compute_rest, compute_surplus, pay
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


def a_rest_is_what_gains_leave_of_the_fund(
    balance: int, winners: int, losers: int
) -> bool:
    """
    All that earns, the rest among it, is what fund and losers make, or more: the rest
    is nothing where gains exceed both, else exactly what is left.

    Serves: I5, I24.

    pre: 0 <= winners and 0 <= losers
    post: __return__
    """
    rest = compute_rest(balance, winners, losers)
    return rest >= 0 and winners + rest == max(winners, balance + losers)


def only_what_a_fund_has_is_a_surplus(balance: int) -> bool:
    """
    What winners were paid ahead is no cash, and what losers paid is.

    Serves: I2.

    post: __return__
    """
    surplus = compute_surplus(balance)
    return surplus >= 0 and surplus in (0, balance) and surplus >= balance


def a_gain_in_two_parts_is_paid_no_more(
    balance: int, cap: int, one: int, other: int
) -> bool:
    """
    Whoever realises a gain in two parts gets what it is worth at once.

    Serves: I8, I25.

    pre: 0 <= cap and -cap <= balance and 0 <= one and 0 <= other
    post: __return__
    """
    between, first = pay(Fund(balance, cap), one)
    after, second = pay(between, other)
    return (after, first + second) == pay(Fund(balance, cap), one + other)


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
    "a_rest_is_what_gains_leave_of_the_fund": _mutant(
        "max(0, balance - winners + losers)", "max(0, balance - winners)"
    ),
    "only_what_a_fund_has_is_a_surplus": _mutant(
        "Wad(max(0, balance))\n", "Wad(abs(balance))\n"
    ),
    "a_gain_in_two_parts_is_paid_no_more": _mutant(
        "replace(fund, balance=fund.balance - paid), paid", "fund, paid"
    ),
}
