"""
Money market.

One pool for each asset. A balance is one signed scaled number: positive is a lend,
worth ``scaled * lend_index`` rounded down; negative is a borrow, owing
``-scaled * borrow_index`` rounded up; and, apart, an idle amount that earns nothing
and is never lent out.

    cash     = custody - idle = lends - borrows + fund (USDC only) + slack, slack >= 0
    accrue:    the borrow index grows by rate * dt; what borrowers then owe more is
               paid to lenders, to the liquidity funds' surplus and to the reserve

The reserve is a lender like others: its scaled lend is inside ``lends``.

Counterpart of ``contracts/modules/money_market.vy``.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs.errors import InsufficientBalance, InsufficientCash
from specs.fixed_point import RAY, WAD, Ray, Seconds, Wad, mul_div_down, mul_div_up
from specs.interest_rate import Curve, compute_rate, compute_utilisation

MAX_INDEX: Final = Ray(2**112 - 1)
"""What an index word stores; growth beyond it stops instead of reverting."""

MAX_ACCRUAL: Final = Seconds(365 * 86_400)
"""The longest time that one accrual counts."""


@dataclass(frozen=True)
class Pool:
    """All that the money market remembers of one asset."""

    lend_index: Ray
    borrow_index: Ray
    accrued_at: Seconds
    lends: int
    """Scaled total of all lends, the reserve's included."""
    borrows: int
    """Scaled total of all borrows."""
    cash: Wad
    """Tokens that are there and may leave; idle balances are not among them."""
    reserve: int
    """Scaled lend of the reserve."""
    idle: Wad
    """Tokens held for accounts that do not lend them."""
    is_halted: bool
    """Whether bad debt too large to be shared has stopped the pool."""
    curve: Curve


@dataclass(frozen=True)
class Balance:
    """What an account has of one asset."""

    scaled: int = 0
    idle: Wad = Wad(0)


EMPTY: Final = Balance()


def open_pool(curve: Curve, now: Seconds) -> Pool:
    """Return a pool that nobody has used."""
    return Pool(Ray(RAY), Ray(RAY), now, 0, 0, Wad(0), 0, Wad(0), False, curve)


def compute_lent(balance: Balance, lend_index: Ray) -> Wad:
    """Return what a balance has lent, rounded down; 0 for a borrower."""
    if balance.scaled <= 0:
        return Wad(0)
    return Wad(mul_div_down(balance.scaled, lend_index, RAY))


def compute_debt(balance: Balance, borrow_index: Ray) -> Wad:
    """Return what a balance owes, rounded up; 0 for a lender."""
    if balance.scaled >= 0:
        return Wad(0)
    return Wad(mul_div_up(-balance.scaled, borrow_index, RAY))


def compute_held(balance: Balance, lend_index: Ray) -> Wad:
    """Return what a balance holds, lent and idle, rounded down."""
    return Wad(balance.idle + compute_lent(balance, lend_index))


def compute_borrow_index(pool: Pool, surplus: Wad, now: Seconds) -> Ray:
    """
    Return the borrow index that an accrual at ``now`` would write, rounded down.

    ``surplus`` is the positive part of the liquidity funds' sum: it is physical
    cash that no lend stands for, so the curve counts it as lent. An index that
    would not fit its word keeps its value.
    """
    elapsed = min(now - pool.accrued_at, MAX_ACCRUAL)
    lends = Wad(mul_div_down(pool.lends, pool.lend_index, RAY) + surplus)
    rate = compute_rate(pool.curve, compute_utilisation(pool.cash, lends))
    grown = pool.borrow_index + mul_div_down(pool.borrow_index, rate * elapsed, RAY)
    return Ray(grown) if grown <= MAX_INDEX else pool.borrow_index


def accrue(pool: Pool, surplus: Wad, virtual_lend: Wad, now: Seconds) -> Pool:
    """
    Return ``pool`` with the interest of the time since its last accrual booked.

    The lend side is derived from the interest that borrowers were booked, never
    from a rate of its own. ``virtual_lend`` (Z) is the funds' surplus, market by
    market: it earns as a lend does, for the reserve. Interest rounds down where
    it is paid out and the remainder stays with the pool as slack.
    """
    if now == pool.accrued_at:
        return pool

    borrow_index = compute_borrow_index(pool, surplus, now)
    interest = mul_div_down(pool.borrows, borrow_index - pool.borrow_index, RAY)
    kept = mul_div_up(interest, pool.curve.reserve_share, WAD)
    virtual = mul_div_down(virtual_lend, RAY, pool.lend_index)
    sharing = pool.lends + virtual
    growth = mul_div_down(interest - kept, RAY, sharing) if sharing > 0 else 0
    growth = min(growth, MAX_INDEX - pool.lend_index)
    lend_index = Ray(pool.lend_index + growth)
    earned = kept + mul_div_down(virtual, growth, RAY)
    minted = mul_div_down(earned, RAY, lend_index)
    return replace(
        pool,
        lend_index=lend_index,
        borrow_index=borrow_index,
        accrued_at=now,
        lends=pool.lends + minted,
        reserve=pool.reserve + minted,
    )


def credit(pool: Pool, balance: Balance, amount: Wad) -> tuple[Pool, Balance]:
    """
    Return pool and balance with ``amount`` added: it repays first, then lends.

    Debt removed and lend issued both round down. Cash is not touched: the caller
    says whether tokens came.
    """
    if balance.scaled < 0:
        debt = compute_debt(balance, pool.borrow_index)
        if amount < debt:
            burned = mul_div_down(amount, RAY, pool.borrow_index)
            return (
                replace(pool, borrows=pool.borrows - burned),
                replace(balance, scaled=balance.scaled + burned),
            )
        pool = replace(pool, borrows=pool.borrows + balance.scaled)
        balance = replace(balance, scaled=0)
        amount = Wad(amount - debt)

    minted = mul_div_down(amount, RAY, pool.lend_index)
    return (
        replace(pool, lends=pool.lends + minted),
        replace(balance, scaled=balance.scaled + minted),
    )


def credit_idle(pool: Pool, balance: Balance, amount: Wad) -> tuple[Pool, Balance]:
    """
    Return pool and balance with ``amount`` repaid first and the rest left idle.

    The rest leaves the pool's cash, which the caller has raised by ``amount``.
    """
    debt = compute_debt(balance, pool.borrow_index)
    repaid = min(amount, debt)
    pool, balance = credit(pool, balance, Wad(repaid))
    rest = Wad(amount - repaid)
    return (
        replace(pool, cash=Wad(pool.cash - rest), idle=Wad(pool.idle + rest)),
        replace(balance, idle=Wad(balance.idle + rest)),
    )


def credit_reserve(pool: Pool, amount: Wad) -> Pool:
    """Return ``pool`` with ``amount`` lent by the reserve, rounded down."""
    minted = mul_div_down(amount, RAY, pool.lend_index)
    return replace(pool, lends=pool.lends + minted, reserve=pool.reserve + minted)


def debit(pool: Pool, balance: Balance, amount: Wad) -> tuple[Pool, Balance]:
    """
    Return pool and balance with ``amount`` taken: idle first, then lend, then debt.

    Lend removed and debt issued both round up. Idle tokens that are used become
    the pool's cash; the caller says whether tokens leave.
    """
    used = min(balance.idle, amount)
    pool = replace(pool, cash=Wad(pool.cash + used), idle=Wad(pool.idle - used))
    balance = replace(balance, idle=Wad(balance.idle - used))
    amount = Wad(amount - used)

    if balance.scaled > 0:
        lent = compute_lent(balance, pool.lend_index)
        if amount < lent:
            burned = mul_div_up(amount, RAY, pool.lend_index)
            return (
                replace(pool, lends=pool.lends - burned),
                replace(balance, scaled=balance.scaled - burned),
            )
        pool = replace(pool, lends=pool.lends - balance.scaled)
        balance = replace(balance, scaled=0)
        amount = Wad(amount - lent)

    minted = mul_div_up(amount, RAY, pool.borrow_index)
    return (
        replace(pool, borrows=pool.borrows + minted),
        replace(balance, scaled=balance.scaled - minted),
    )


def receive(pool: Pool, amount: Wad) -> Pool:
    """Return ``pool`` with ``amount`` of tokens come in."""
    return replace(pool, cash=Wad(pool.cash + amount))


def pay_out(pool: Pool, amount: Wad) -> Pool:
    """Return ``pool`` with ``amount`` of tokens gone, which it must have as cash."""
    if amount > pool.cash:
        raise InsufficientCash
    return replace(pool, cash=Wad(pool.cash - amount))


def lend_idle(pool: Pool, balance: Balance, amount: Wad) -> tuple[Pool, Balance]:
    """Return pool and balance with ``amount`` of idle tokens lent."""
    if amount > balance.idle:
        raise InsufficientBalance
    balance = replace(balance, idle=Wad(balance.idle - amount))
    pool = replace(pool, idle=Wad(pool.idle - amount))
    return credit(receive(pool, amount), balance, amount)


def unlend(pool: Pool, balance: Balance, amount: Wad) -> tuple[Pool, Balance]:
    """Return pool and balance with ``amount`` of the lend taken back to lie idle."""
    if amount > compute_lent(balance, pool.lend_index):
        raise InsufficientBalance
    idle = balance.idle
    pool, balance = debit(pool, replace(balance, idle=Wad(0)), amount)
    pool = pay_out(pool, amount)
    return (
        replace(pool, idle=Wad(pool.idle + amount)),
        replace(balance, idle=Wad(idle + amount)),
    )


@dataclass(frozen=True)
class WriteOff:
    """Who paid a debt that its account could not."""

    reserve_paid: Wad
    socialised: Wad


def write_off(pool: Pool, balance: Balance) -> tuple[Pool, Balance, WriteOff]:
    """
    Return pool and balance with a debt cancelled at the cost of reserve and lenders.

    The reserve pays first, in whole scaled units rounded up; the lend index then
    falls by the rest, rounded up. A rest above half of all lends halts the pool
    instead and leaves the debt where it is.
    """
    debt = compute_debt(balance, pool.borrow_index)
    burned = min(pool.reserve, mul_div_up(debt, RAY, pool.lend_index))
    paid = min(debt, mul_div_down(burned, pool.lend_index, RAY))
    rest = debt - paid
    lends = pool.lends - burned
    if 2 * rest > mul_div_down(lends, pool.lend_index, RAY):
        return replace(pool, is_halted=True), balance, WriteOff(Wad(0), Wad(0))

    fall = mul_div_up(rest, RAY, lends) if rest > 0 else 0
    pool = replace(
        pool,
        lend_index=Ray(pool.lend_index - fall),
        lends=lends,
        borrows=pool.borrows + balance.scaled,
        reserve=pool.reserve - burned,
    )
    return pool, replace(balance, scaled=0), WriteOff(Wad(paid), Wad(rest))
