"""Laws of the money market: no operation takes from those who do not take part."""

from dataclasses import replace

from specs.fixed_point import RAY, WAD
from specs.interest_rate import Curve
from specs.money_market import (
    EMPTY,
    MAX_INDEX,  # noqa: F401, a condition needs it
    Balance,
    Pool,
    compute_cushion,
    compute_debt,
    compute_held,
    compute_lent,
    credit,
    credit_reserve,
    debit,
    get_borrowed,
    get_lent,
    get_supplied,
    get_utilisation,
    pay_out,
    receive,
)
from specs.weights import WEIGHT_ONE
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
    pre: 0 <= borrows and -borrows <= own and 0 <= amount
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
    pre: 0 <= borrows and -borrows <= own and 0 <= amount
    post: __return__
    """
    before = pool_of(lend_index, borrow_index, lends, borrows, amount)
    after, _ = debit(before, Balance(own), amount)
    return compute_slack(pay_out(after, amount)) >= compute_slack(before)


def what_is_held_rounds_down(scaled: int, idle: int, index: int) -> bool:
    """
    A lend's worth rounds down, with the idle tokens beside it; a borrower holds these
    alone.

    Serves: I7, I15.

    pre: 0 <= idle and 0 < index
    post: __return__
    """
    balance = Balance(scaled, idle)
    lent, held = compute_lent(balance, index), compute_held(balance, index)
    if scaled <= 0:
        return lent == 0 and held == idle
    return lent * RAY <= scaled * index < (lent + 1) * RAY and held == lent + idle


def totals_round_for_the_pool(
    lends: int, borrows: int, idle: int, index: int, cash: int, surplus: int
) -> bool:
    """
    All that is lent rounds down and all that is borrowed up, neither below nothing; and
    the share that is not there as cash is between nothing and all.

    Serves: I4, I6, I7.

    pre: 0 <= borrows and 0 <= idle and 0 < index and 0 <= cash and 0 <= surplus
    post: __return__
    """
    pool = replace(pool_of(index, index, lends, borrows, cash), idle=idle)
    lent, borrowed = get_lent(pool), get_borrowed(pool)
    is_lent = lent * RAY <= max(0, lends) * index < (lent + 1) * RAY
    is_owed = (borrowed - 1) * RAY < borrows * index <= borrowed * RAY
    used = get_utilisation(pool, surplus)
    is_share = 0 <= used <= WAD and used * (lent + surplus) <= WAD * (
        max(0, lent + surplus - cash)
    )
    return is_lent and is_owed and is_share and get_supplied(pool) == lent + idle


def a_cushion_covers_each_weight(winners: int, more: int, index: int) -> bool:
    """
    What is kept back is a unit's worth for each whole weight that winners have, and two
    and a wei more; it grows with them.

    Serves: I5, I6.

    pre: 0 <= winners and 0 <= more and RAY <= index
    post: __return__
    """
    cushion = compute_cushion(winners, index)
    least = (winners // WEIGHT_ONE + 2) * index
    return least < cushion * RAY and cushion <= compute_cushion(winners + more, index)


def totals_move_by_what_a_balance_does(
    lends: int, borrows: int, own: int, idle: int, amount: int, is_credit: bool
) -> bool:
    """
    A credit or debit changes totals by exactly what it changes the balance, as long as
    borrows have not run out; cash by the idle tokens that it uses.

    Serves: I3, I4.

    pre: 0 <= borrows and -borrows <= own and 0 <= idle and 0 <= amount
    post: __return__
    """
    pool = pool_of(RAY + RAY // 7, 2 * RAY, lends, borrows, 9)
    pool, old = replace(pool, idle=idle), Balance(own, idle)
    after, new = credit(pool, old, amount) if is_credit else debit(pool, old, amount)
    used = old.idle - new.idle
    return (
        after.lends - lends == max(0, new.scaled) - max(0, own)
        and after.borrows - borrows == max(0, -new.scaled) - max(0, -own)
        and after.cash - pool.cash == used == pool.idle - after.idle
        and 0 <= used <= amount
    )


def borrows_run_out_at_nothing(borrows: int, own: int, amount: int) -> bool:
    """
    A repayment of more than the total says leaves it at nothing, of less exactly what
    is left.

    Serves: I3, I4.

    pre: 0 <= borrows and own < 0 and 0 <= amount
    post: __return__
    """
    pool = pool_of(RAY, 2 * RAY, 0, borrows, 0)
    after, new = credit(pool, Balance(own), amount)
    burned = max(0, -own) - max(0, -new.scaled)
    return after.borrows == max(0, borrows - burned)


def the_reserve_lends_like_others(
    lends: int, reserve: int, index: int, amount: int
) -> bool:
    """
    What the reserve is credited is in the total, and worth no more than it brought.

    Serves: I2, I3, I28.

    pre: 0 <= reserve and RAY <= index and 0 <= amount
    post: __return__
    """
    pool = replace(pool_of(index, RAY, lends, 0, 0), reserve=reserve)
    after = credit_reserve(pool, amount)
    minted = after.reserve - reserve
    is_worth = minted * index <= amount * RAY < (minted + 1) * index
    return minted == after.lends - lends and is_worth


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
    "what_is_held_rounds_down": (
        *_mutant(
            "mul_div_down(balance.scaled, lend_index, RAY)",
            "mul_div_up(balance.scaled, lend_index, RAY)",
        ),
        *_mutant(
            "balance.idle + compute_lent(balance, lend_index)",
            "balance.idle + balance.scaled",
        ),
    ),
    "totals_round_for_the_pool": (
        *_mutant("max(0, pool.lends), pool.lend_index", "pool.lends, pool.lend_index"),
        *_mutant(
            "mul_div_up(pool.borrows, pool.borrow_index, RAY)",
            "mul_div_down(pool.borrows, pool.borrow_index, RAY)",
        ),
        *_mutant("return Wad(get_lent(pool) + pool.idle)", "return get_lent(pool)"),
        *_mutant(
            "compute_utilisation(pool.cash, Wad(get_lent(pool) + surplus))",
            "compute_utilisation(Wad(0), Wad(get_lent(pool) + surplus))",
        ),
    ),
    "a_cushion_covers_each_weight": _mutant(
        "Wad((winners // WEIGHT_ONE + 2) * unit + 1)",
        "Wad((winners // WEIGHT_ONE + 2) * unit - 1)",
    ),
    "totals_move_by_what_a_balance_does": (
        *_mutant(
            "replace(pool, lends=pool.lends - balance.scaled)",
            "replace(pool, lends=pool.lends - balance.scaled + 1)",
        ),
        *_mutant("cash=Wad(pool.cash + used)", "cash=Wad(pool.cash)"),
    ),
    "borrows_run_out_at_nothing": _mutant(
        "replace(pool, borrows=max(0, pool.borrows + balance.scaled))",
        "replace(pool, borrows=abs(pool.borrows + balance.scaled))",
    ),
    "the_reserve_lends_like_others": _mutant(
        "reserve=pool.reserve + minted)\n\n\ndef debit",
        "reserve=pool.reserve + amount)\n\n\ndef debit",
    ),
}
