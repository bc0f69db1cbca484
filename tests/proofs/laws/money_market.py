"""Laws of the money market: no operation takes from those who do not take part."""

from specs.fixed_point import RAY, WAD
from specs.interest_rate import Curve
from specs.money_market import (
    EMPTY,
    MAX_INDEX,  # noqa: F401, a condition needs it
    Balance,
    Pool,
    compute_debt,
    compute_lent,
    credit,
    debit,
    pay_out,
    receive,
)
from tests.proofs.proof import Mutant


def pool_of(
    lend_index: int, borrow_index: int, lends: int, borrows: int, cash: int
) -> Pool:
    """Return a pool whose rate is 1 % a second when it is used at all."""
    curve = Curve(RAY // 100, 0, 0, WAD // 2, WAD // 10)
    return Pool(lend_index, borrow_index, 0, lends, borrows, cash, 0, 0, False, curve)


def compute_slack(pool: Pool) -> int:
    """Return what is there and owed beyond what lenders own, in 1e-27 of a unit."""
    owed = pool.borrows * pool.borrow_index
    return pool.cash * RAY + owed - pool.lends * pool.lend_index


def a_deposit_is_worth_no_more_than_it_brought(index: int, amount: int) -> bool:
    """
    What a deposit can be withdrawn for at once is at most what was deposited.

    Serves: I7, I8.

    pre: RAY <= index and 0 <= amount
    post: __return__
    """
    _, balance = credit(pool_of(index, RAY, 0, 0, 0), EMPTY, amount)
    return compute_lent(balance, index) <= amount


def a_borrow_owes_no_less_than_it_took(index: int, amount: int) -> bool:
    """
    What a borrow owes at once is at least what was borrowed.

    Serves: I7, I8.

    pre: RAY <= index and 0 <= amount
    post: __return__
    """
    _, balance = debit(pool_of(RAY, index, 0, 0, 0), EMPTY, amount)
    return compute_debt(balance, index) >= amount


def a_debt_is_never_worth_nothing(index: int, scaled: int) -> bool:
    """
    Whoever has borrowed anything owes at least one unit.

    Serves: I7.

    pre: RAY <= index and scaled < 0
    post: __return__
    """
    return compute_debt(Balance(scaled), index) >= 1


def a_credit_never_lowers_the_slack(
    lend_index: int, borrow_index: int, lends: int, borrows: int, own: int, amount: int
) -> bool:
    """
    A deposit or repayment leaves the other lenders at least what was there for them.

    Serves: I1, I2.

    pre: RAY <= lend_index <= MAX_INDEX and RAY <= borrow_index <= MAX_INDEX
    pre: 0 <= lends and 0 <= borrows and -borrows <= own and 0 <= amount
    post: __return__
    """
    before = pool_of(lend_index, borrow_index, lends, borrows, 0)
    after, _ = credit(receive(before, amount), Balance(own), amount)
    return compute_slack(after) >= compute_slack(before)


def a_debit_never_lowers_the_slack(
    lend_index: int, borrow_index: int, lends: int, borrows: int, own: int, amount: int
) -> bool:
    """
    A withdrawal or borrow leaves the other lenders at least what was there for them.

    Serves: I1, I2.

    pre: RAY <= lend_index <= MAX_INDEX and RAY <= borrow_index <= MAX_INDEX
    pre: 0 <= lends and 0 <= borrows and -borrows <= own <= lends and 0 <= amount
    post: __return__
    """
    before = pool_of(lend_index, borrow_index, lends, borrows, amount)
    after, _ = debit(before, Balance(own), amount)
    return compute_slack(pay_out(after, amount)) >= compute_slack(before)


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/money_market.py", old, new),)


_DEPOSIT = """\
    minted = mul_div_down(amount, RAY, pool.lend_index)
    return (
"""

MUTANTS = {
    "a_deposit_is_worth_no_more_than_it_brought": _mutant(
        _DEPOSIT, _DEPOSIT.replace("down(amount, RAY", "up(amount + 1, RAY")
    ),
    "a_borrow_owes_no_less_than_it_took": _mutant(
        "minted = mul_div_up(amount, RAY, pool.borrow_index)",
        "minted = mul_div_down(amount, RAY, pool.borrow_index)",
    ),
    "a_debt_is_never_worth_nothing": _mutant(
        "mul_div_up(-balance.scaled, borrow_index, RAY)",
        "mul_div_down(-balance.scaled, borrow_index, 2 * RAY)",
    ),
    "a_credit_never_lowers_the_slack": _mutant(
        "burned = mul_div_down(amount, RAY, pool.borrow_index)",
        "burned = mul_div_up(amount, RAY, pool.borrow_index)",
    ),
    "a_debit_never_lowers_the_slack": _mutant(
        "burned = mul_div_up(amount, RAY, pool.lend_index)",
        "burned = mul_div_down(amount, RAY, pool.lend_index)",
    ),
}
