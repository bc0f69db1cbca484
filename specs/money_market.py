"""
Money market.

One pool for each asset. A balance is one signed scaled number: positive is a lend,
worth ``scaled * lend_index`` rounded down; negative is a borrow, owing
``-scaled * borrow_index`` rounded up; and, apart, an idle amount that earns nothing
and is never lent out.

    cash     = custody - idle = lends - borrows + fund (USDC only) + slack, slack >= 0
    accrue:    the borrow index grows by rate * dt; what borrowers then owe more is
               paid to lenders, to unrealised gains and to the reserve

The reserve is a lender like others: its scaled lend is inside ``lends``. So is what
winners have earned on unrealised gains, rounded up at every accrual, and what losers
owe on theirs is inside ``borrows``, rounded down: each total may be off what all
accounts have by a unit for every accrual and touch, to the pool's good. So a total of
borrows may run out before the last debt does, and then stays at nothing.

Counterpart of ``contracts/modules/money_market.vy``.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs.errors import InsufficientBalance, InsufficientCash
from specs.fixed_point import RAY, WAD, Ray, Seconds, Wad, mul_div_down, mul_div_up
from specs.guards import OPEN, Guards
from specs.interest_rate import Curve, compute_rate, compute_utilisation
from specs.weights import WEIGHT_ONE, compute_weight

MAX_INDEX: Final = Ray(2**112 - 1)
"""What an index word stores; growth beyond it stops instead of reverting."""

MIN_INDEX: Final = Ray(RAY // 8)
"""Bad debt that would leave a lend index below it halts the pool instead."""

MAX_ACCRUAL: Final = Seconds(365 * 86_400)
"""The longest time that one accrual counts."""


@dataclass(frozen=True)
class Pool:
    """All that the money market remembers of one asset."""

    lend_index: Ray
    borrow_index: Ray
    accrued_at: Seconds
    lends: int
    """
    Scaled total of all lends, the reserve's included, and of what winners have earned;
    negative if bad debt has left winners to bear more than is lent.
    """
    borrows: int
    """Scaled total of all borrows, and of what losers owe."""
    cash: Wad
    """Tokens that are there and may leave; idle balances are not among them."""
    reserve: int
    """Scaled lend of the reserve."""
    idle: Wad
    """Tokens held for accounts that do not lend them."""
    is_halted: bool
    """Whether bad debt too large to be shared has stopped the pool."""
    curve: Curve
    is_paused: bool = False
    """Whether the guardian has stopped borrows."""
    supply_cap: Wad = Wad(0)
    """No deposit takes what is lent and idle above it; 0 for none."""
    borrow_cap: Wad = Wad(0)
    """No borrow takes the borrows above it; 0 for none."""
    guards: Guards = OPEN


@dataclass(frozen=True)
class Virtuals:
    """What earns and owes USDC interest without being lent or borrowed, WAD USDC."""

    surplus: Wad = Wad(0)
    """The positive part of all liquidity funds' sum."""
    winners: Wad = Wad(0)
    """W: unrealised gains inside the tick sets."""
    losers: Wad = Wad(0)
    """V: unrealised losses inside the tick sets."""
    rest: Wad = Wad(0)
    """Z: what each fund has beyond W - V of its market, at least 0, summed up."""


NONE: Final = Virtuals()


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


def get_lent(pool: Pool) -> Wad:
    """Return all that is lent, rounded down; at least 0."""
    return Wad(mul_div_down(max(0, pool.lends), pool.lend_index, RAY))


def get_supplied(pool: Pool) -> Wad:
    """Return all that accounts have brought in, lent or idle, rounded down."""
    return Wad(get_lent(pool) + pool.idle)


def get_borrowed(pool: Pool) -> Wad:
    """Return all that is borrowed, rounded up."""
    return Wad(mul_div_up(pool.borrows, pool.borrow_index, RAY))


def get_utilisation(pool: Pool, surplus: Wad) -> Wad:
    """
    Return the share of a pool's lends that is not there as cash, rounded down.

    ``surplus`` is the positive part of the liquidity funds' sum: it is physical
    cash that no lend stands for, so it counts as lent.
    """
    return compute_utilisation(pool.cash, Wad(get_lent(pool) + surplus))


def compute_borrow_index(pool: Pool, surplus: Wad, now: Seconds) -> Ray:
    """
    Return the borrow index that an accrual at ``now`` would write, rounded down.

    The curve reads physical cash only: a price that moves W and V moves no rate. An
    index that would not fit its word keeps its value.
    """
    elapsed = min(now - pool.accrued_at, MAX_ACCRUAL)
    rate = compute_rate(pool.curve, get_utilisation(pool, surplus))
    grown = pool.borrow_index + mul_div_down(pool.borrow_index, rate * elapsed, RAY)
    return Ray(grown) if grown <= MAX_INDEX else pool.borrow_index


def compute_cushion(winners: Wad, borrow_index: Ray) -> Wad:
    """
    Return what an accrual keeps back so that rounding never pays more than came in.

    Winners' interest rounds up to a scaled unit, and its weight by a part of
    ``WEIGHT_ONE``; a scaled unit is worth no more than the borrow index says.
    """
    unit = mul_div_up(borrow_index, 1, RAY)
    return Wad((winners // WEIGHT_ONE + 2) * unit + 1)


def accrue(pool: Pool, virtuals: Virtuals, now: Seconds) -> Pool:
    """
    Return ``pool`` with the interest of the time since its last accrual booked.

    Borrowers and losers (``V``) owe; lenders, winners (``W``) and the funds' rest
    (``Z``) share what they owe, pro rata. The lend side is derived from the interest
    that was booked, never from a rate of its own, and the reserve gets what is left:
    its share, what Z earned, and what rounding left over.
    """
    if now == pool.accrued_at:
        return pool

    borrow_index = compute_borrow_index(pool, virtuals.surplus, now)
    fall = compute_weight(pool.borrow_index) - compute_weight(borrow_index)
    owed = mul_div_down(virtuals.losers, fall, WEIGHT_ONE)
    interest = mul_div_down(pool.borrows, borrow_index - pool.borrow_index, RAY)
    interest += mul_div_down(owed, borrow_index, RAY)

    kept = mul_div_up(interest, pool.curve.reserve_share, WAD)
    if virtuals.winners > 0:
        kept += compute_cushion(virtuals.winners, borrow_index)
    shared = max(0, interest - kept)
    virtual = mul_div_up(virtuals.winners + virtuals.rest, RAY, pool.lend_index)
    sharing = pool.lends + virtual
    growth = mul_div_down(shared, RAY, sharing) if sharing > 0 else 0
    growth = min(growth, MAX_INDEX - pool.lend_index)
    lend_index = Ray(pool.lend_index + growth)

    fall = compute_weight(pool.lend_index) - compute_weight(lend_index)
    earned = mul_div_up(virtuals.winners, fall, WEIGHT_ONE)
    paid = mul_div_up(pool.lends, growth, RAY) + mul_div_up(earned, lend_index, RAY)
    if paid > interest:  # dust alone, where a lend index is above the borrow index
        lend_index, earned, paid = pool.lend_index, 0, 0
    minted = mul_div_down(interest - paid, RAY, lend_index)
    return replace(
        pool,
        lend_index=lend_index,
        borrow_index=borrow_index,
        accrued_at=now,
        lends=pool.lends + earned + minted,
        borrows=pool.borrows + owed,
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
                replace(pool, borrows=max(0, pool.borrows - burned)),
                replace(balance, scaled=balance.scaled + burned),
            )
        pool = replace(pool, borrows=max(0, pool.borrows + balance.scaled))
        balance = replace(balance, scaled=0)
        amount = Wad(amount - debt)

    minted = mul_div_down(amount, RAY, pool.lend_index)
    return (
        replace(pool, lends=pool.lends + minted),
        replace(balance, scaled=balance.scaled + minted),
    )


def lay_idle(pool: Pool, balance: Balance, amount: Wad) -> tuple[Pool, Balance]:
    """Return pool and balance with ``amount`` of the pool's cash laid idle for it."""
    return (
        replace(pool, cash=Wad(pool.cash - amount), idle=Wad(pool.idle + amount)),
        replace(balance, idle=Wad(balance.idle + amount)),
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
    if used > 0:
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


def write_off(
    pool: Pool, balance: Balance, winners: Wad, staying: Wad = Wad(0)
) -> tuple[Pool, Balance, WriteOff]:
    """
    Return pool and balance with a debt cancelled at the cost of reserve and lenders.

    The reserve pays first, in whole scaled units rounded up; the lend index then
    falls by the rest, rounded up, so that lenders and unrealised gains (``winners``)
    bear it alike. A rest above half of what both have, or that takes the index below
    ``MIN_INDEX``, halts the pool instead and leaves the debt where it is. Of the debt
    ``staying`` is left as it is, rounded down to a scaled unit.
    """
    kept = 0
    if staying > 0:
        kept = min(-balance.scaled, mul_div_down(staying, RAY, pool.borrow_index))
    cancelled = -balance.scaled - kept
    debt = Wad(mul_div_up(cancelled, pool.borrow_index, RAY))
    burned = min(pool.reserve, mul_div_up(debt, RAY, pool.lend_index))
    paid = min(debt, mul_div_down(burned, pool.lend_index, RAY))
    rest = debt - paid
    lends = pool.lends - burned
    halted = replace(pool, is_halted=True), balance, WriteOff(Wad(0), Wad(0))
    fall = 0
    if rest > 0:
        sharing = lends + mul_div_down(winners, RAY, pool.lend_index)
        if 2 * rest > lends * pool.lend_index // RAY + winners or sharing <= 0:
            return halted
        more = compute_cushion(winners, pool.borrow_index) if winners > 0 else 0
        fall = mul_div_up(rest + more, RAY, sharing)
    lend_index = Ray(pool.lend_index - fall)
    if lend_index < MIN_INDEX:
        return halted
    risen = compute_weight(lend_index) - compute_weight(pool.lend_index)
    lost = mul_div_down(winners, risen, WEIGHT_ONE)
    pool = replace(
        pool,
        lend_index=lend_index,
        lends=lends - lost,
        borrows=max(0, pool.borrows - cancelled),
        reserve=pool.reserve - burned,
    )
    return pool, replace(balance, scaled=-kept), WriteOff(Wad(paid), Wad(rest))
