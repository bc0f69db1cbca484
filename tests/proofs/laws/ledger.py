"""Laws of what comes and goes: neither a round trip nor a part at a time earns."""

from dataclasses import replace

from specs.errors import InsufficientBalance, InsufficientCash
from specs.fixed_point import RAY, WAD
from specs.interest_rate import Curve
from specs.money_market import (
    Balance,
    Pool,
    compute_lent,
    credit,
    debit,
    lay_idle,
    lend_idle,
    pay_out,
    receive,
    unlend,
)
from tests.proofs.proof import Mutant


def pool_of(lend_index: int, borrow_index: int, total: int, cash: int) -> Pool:
    """Return a pool with as much lent as borrowed, in scaled units."""
    curve = Curve(0, 0, 0, WAD // 2, 0)
    return Pool(lend_index, borrow_index, 0, total, total, cash, 0, 0, False, curve)


def a_deposit_taken_out_again_earns_nothing(
    lend_index: int, borrow_index: int, own: int, amount: int
) -> bool:
    """
    Whoever brings an amount and takes it away again has no more than before.

    Serves: I2, I8.

    pre: RAY <= lend_index and RAY <= borrow_index and 0 <= amount
    post: __return__
    """
    before = pool_of(lend_index, borrow_index, abs(own), 0)
    _, after = debit(*credit(before, Balance(own), amount), amount)
    return after.scaled <= own


def a_borrow_repaid_earns_nothing(
    lend_index: int, borrow_index: int, own: int, amount: int
) -> bool:
    """
    Whoever takes an amount and brings it back has no more than before.

    Serves: I2, I8.

    pre: RAY <= lend_index and RAY <= borrow_index and 0 <= amount
    post: __return__
    """
    before = pool_of(lend_index, borrow_index, abs(own), 0)
    _, after = credit(*debit(before, Balance(own), amount), amount)
    return after.scaled <= own


def a_deposit_in_two_parts_earns_nothing(
    lend_index: int, own: int, one: int, other: int
) -> bool:
    """
    Two deposits instead of one leave nobody with more.

    Serves: I2, I8.

    pre: RAY <= lend_index and 0 <= own and 0 <= one and 0 <= other
    post: __return__
    """
    pool = pool_of(lend_index, RAY, own, 0)
    _, after = credit(*credit(pool, Balance(own), one), other)
    _, whole = credit(pool, Balance(own), one + other)
    return after.scaled <= whole.scaled


def a_repayment_in_two_parts_earns_nothing(
    borrow_index: int, own: int, one: int, other: int
) -> bool:
    """
    Two repayments instead of one, the last of which may be a deposit in part, leave
    nobody with more.

    Serves: I2, I8.

    pre: RAY <= borrow_index and own < 0 and 0 <= one and 0 <= other
    post: __return__
    """
    pool = pool_of(RAY, borrow_index, -own, 0)
    _, after = credit(*credit(pool, Balance(own), one), other)
    _, whole = credit(pool, Balance(own), one + other)
    return after.scaled <= whole.scaled


def a_withdrawal_in_two_parts_earns_nothing(
    lend_index: int, borrow_index: int, own: int, one: int, other: int
) -> bool:
    """
    Two withdrawals or borrows instead of one leave nobody with more.

    Serves: I2, I8.

    pre: RAY <= lend_index and RAY <= borrow_index and 0 <= one and 0 <= other
    post: __return__
    """
    pool = pool_of(lend_index, borrow_index, abs(own), 0)
    _, after = debit(*debit(pool, Balance(own), one), other)
    _, whole = debit(pool, Balance(own), one + other)
    return after.scaled <= whole.scaled


def only_cash_is_paid_out(cash: int, amount: int) -> bool:
    """
    A payment is refused exactly if there is less cash; what comes in is cash.

    Serves: I1, I4.

    pre: 0 <= cash and 0 <= amount
    post: __return__
    """
    pool = pool_of(RAY, RAY, 0, cash)
    try:
        after = pay_out(pool, amount)
    except InsufficientCash:
        return amount > cash
    return after.cash == cash - amount >= 0 and receive(after, amount) == pool


def idle_tokens_stay_what_they_are(cash: int, idle: int, own: int, amount: int) -> bool:
    """
    What is laid idle leaves the cash and is the account's, to the wei.

    Serves: I1, I4.

    post: __return__
    """
    pool = replace(pool_of(RAY, RAY, 0, cash), idle=idle)
    after, balance = lay_idle(pool, Balance(5, own), amount)
    return (
        after.cash + after.idle == cash + idle
        and after.idle - idle == amount == balance.idle - own
        and balance.scaled == 5
    )


def to_lend_and_unlend_earns_nothing(
    index: int, idle: int, own: int, amount: int
) -> bool:
    """
    Idle tokens that are lent and taken back leave no more of either; nobody lends or
    takes back more than he has, and there are as many tokens as before.

    Serves: I1, I4, I8.

    pre: RAY <= index and 0 <= idle and 0 <= own and 0 <= amount
    post: __return__
    """
    pool = replace(pool_of(index, RAY, own, amount), idle=idle)
    try:
        between, lent = lend_idle(pool, Balance(own, idle), amount)
    except InsufficientBalance:
        return amount > idle
    try:
        after, back = unlend(between, lent, amount)
    except InsufficientBalance:
        return amount > compute_lent(lent, index)
    tokens = [each.cash + each.idle for each in (pool, between, after)]
    is_kept = tokens == [amount + idle] * 3
    return is_kept and amount <= back.idle == idle and back.scaled <= own


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/money_market.py", old, new),)


_DEPOSIT = """\
    minted = mul_div_down(amount, RAY, pool.lend_index)
    return (
"""

MUTANTS = {
    "a_deposit_taken_out_again_earns_nothing": _mutant(
        "burned = mul_div_down(amount, RAY, pool.borrow_index)",
        "burned = mul_div_up(amount, RAY, pool.borrow_index) + 1",
    ),
    "a_borrow_repaid_earns_nothing": _mutant(
        "minted = mul_div_up(amount, RAY, pool.borrow_index)",
        "minted = mul_div_down(amount, RAY, pool.borrow_index)",
    ),
    "a_deposit_in_two_parts_earns_nothing": _mutant(
        _DEPOSIT, _DEPOSIT.replace("down(", "up(")
    ),
    "a_repayment_in_two_parts_earns_nothing": _mutant(
        "burned = mul_div_down(amount, RAY, pool.borrow_index)",
        "burned = mul_div_up(amount, RAY, pool.borrow_index)",
    ),
    "a_withdrawal_in_two_parts_earns_nothing": _mutant(
        "burned = mul_div_up(amount, RAY, pool.lend_index)",
        "burned = mul_div_down(amount, RAY, pool.lend_index)",
    ),
    "only_cash_is_paid_out": (
        *_mutant("if amount > pool.cash:", "if amount > pool.cash + 1:"),
        *_mutant(
            "    return replace(pool, cash=Wad(pool.cash + amount))",
            "    return replace(pool, cash=Wad(pool.cash + amount + 1))",
        ),
    ),
    "idle_tokens_stay_what_they_are": _mutant(
        "replace(pool, cash=Wad(pool.cash - amount), idle=Wad(pool.idle + amount))",
        "replace(pool, cash=Wad(pool.cash), idle=Wad(pool.idle + amount))",
    ),
    "to_lend_and_unlend_earns_nothing": (
        *_mutant("if amount > balance.idle:", "if amount > balance.idle + 1:"),
        *_mutant(
            "        replace(balance, idle=Wad(idle + amount)),\n",
            "        replace(balance, idle=Wad(idle + amount + 1)),\n",
        ),
    ),
}
