"""
Spot side.

One side of a spot trade: whether its pool can fund what it lacks, and the exchange of
an asset for USDC.

Counterpart of ``contracts/modules/spot_side.vy``.
"""

from dataclasses import replace

from specs import errors
from specs.accounts import USDC, AccountId
from specs.fixed_point import RAY, WAD, Seconds, Wad, mul_div_down, mul_div_up
from specs.pool_limits import check_utilisation, require_borrow_cap
from specs.settlement import charge, compute_fee
from specs.state import State, credit, debit, get_held


def fund_side(
    state: State,
    now: Seconds,
    asset: int,
    account: AccountId,
    is_buy: bool,
    amount: Wad,
    price: Wad,
    fee: int,
) -> State:
    """
    Return ``state`` with the throttle of the pool that a side may have to borrow from
    moved on; refuse what that pool can't fund. What the other side gets is lent.
    """
    if not is_buy:
        return fund(state, now, account, asset, amount)
    cost = Wad(mul_div_up(amount, price, WAD))
    return fund(state, now, account, USDC, Wad(cost + compute_fee(cost, fee)))


def exchange(
    state: State,
    asset: int,
    account: AccountId,
    is_buy: bool,
    amount: Wad,
    price: Wad,
    fee: int,
) -> State:
    """
    Return ``state`` with ``amount`` of an asset exchanged for USDC by one side, and its
    fee of so many ppm paid: what it owes is repaid first, what it lacks is borrowed. It
    pays rounded up and gets rounded down.
    """
    cost = Wad(mul_div_up(amount, price, WAD))
    due = compute_fee(cost, fee)
    if is_buy:
        state = credit(state, account, asset, amount)
        state = debit(state, account, USDC, cost)
    else:
        state = debit(state, account, asset, amount)
        proceeds = Wad(mul_div_down(amount, price, WAD))
        state = credit(state, account, USDC, proceeds)
    return charge(state, account, due)


def fund(
    state: State, now: Seconds, account: AccountId, asset: int, amount: Wad
) -> State:
    """
    Return ``state`` with the throttle of an accrued pool moved on, if it can fund what
    an account lacks of ``amount`` in a trade: no cash leaves, for somebody lends what
    the account owes afterwards. Refuse a debt in a paused pool, one above the pool's
    cap, and what raises utilisation further than the throttle admits.
    """
    pool = state.assets[asset].pool
    lacking = max(0, amount - get_held(state, account, asset))
    if lacking == 0:
        return state
    if pool.is_paused:
        raise errors.Paused
    owed = mul_div_up(lacking, RAY, pool.borrow_index)
    require_borrow_cap(pool, replace(pool, borrows=pool.borrows + owed))
    lent = mul_div_down(lacking, RAY, pool.lend_index)
    after = replace(pool, lends=pool.lends + lent)
    return check_utilisation(state, now, asset, pool, after)
