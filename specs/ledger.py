"""
Ledger.

What a deposit, a withdrawal, a borrow, a repayment, a lend or its return does to the
books, as a call of its own or as a step of a batch. Whoever calls has checked that the
caller may do it, and judges margin afterwards where risk rises.

Counterpart of ``contracts/modules/ledger.vy``.
"""

from specs import accounts as acc
from specs import errors, money_market
from specs.accounts import AccountId
from specs.authority import (
    EVERYTHING,
    require_amount,
    require_open,
    require_token_amount,
)
from specs.fixed_point import Seconds, Wad, mul_div_up
from specs.pool_limits import (
    check_outflow,
    note_inflow,
    require_borrowing,
    require_supply_cap,
)
from specs.state import (
    State,
    accrue,
    compute_scale,
    credit,
    debit,
    get_account,
    get_asset,
    get_held,
    get_owed,
    pay_debt,
    with_custody,
    with_entry,
    with_pool,
)


def put_in(
    state: State, now: Seconds, account: AccountId, asset: int, tokens: int
) -> State:
    """
    Return ``state`` with tokens come in, credited as the account's settings say.

    Too little to change the balance by one scaled unit is refused, so that nobody
    gives something for nothing.
    """
    amount = Wad(tokens * compute_scale(state.assets[asset]))
    state = note_inflow(accrue(state, asset, now), now, asset, amount)
    before = acc.get_balance(get_account(state, account), asset)
    pool = state.assets[asset].pool
    state = with_pool(state, asset, money_market.receive(pool, amount))
    state = credit(state, account, asset, amount)
    if acc.get_balance(get_account(state, account), asset) == before:
        raise errors.ZeroAmount
    require_supply_cap(pool, state.assets[asset].pool)
    return with_custody(state, asset, tokens)


def pay_back(
    state: State, now: Seconds, account: AccountId, asset: int, tokens: int
) -> State:
    """
    Return ``state`` with up to ``tokens`` come in for what the account owes.

    No more is taken than the debt rounded up to whole token units; what that is
    above the debt is lent. Too little to burn a scaled unit is refused.
    """
    scale = compute_scale(get_asset(state, asset))
    if tokens == 0:
        raise errors.ZeroAmount
    state = accrue(state, asset, now)
    debt = get_owed(state, account, asset, now)
    if debt == 0:
        raise errors.NoDebt
    tokens = min(tokens, mul_div_up(debt, 1, scale))
    amount = Wad(tokens * scale)
    state = note_inflow(state, now, asset, amount)
    before = acc.get_balance(get_account(state, account), asset)
    pool = money_market.receive(state.assets[asset].pool, amount)
    state = pay_debt(with_pool(state, asset, pool), account, asset, amount)
    if acc.get_balance(get_account(state, account), asset) == before:
        raise errors.ZeroAmount
    return with_custody(state, asset, tokens)


def withdraw(
    state: State, now: Seconds, account: AccountId, asset: int, tokens: int
) -> State:
    """
    Return ``state`` with tokens gone that the account holds; ``EVERYTHING`` is all
    whole token units.
    """
    scale = compute_scale(get_asset(state, asset))
    require_open(state, asset)
    state = accrue(state, asset, now)
    held = get_held(state, account, asset)
    if tokens == EVERYTHING:
        tokens = held // scale
    require_token_amount(state, asset, tokens)
    if tokens * scale > held:
        raise errors.InsufficientBalance
    return take_out(state, now, account, asset, tokens)


def borrow(
    state: State, now: Seconds, account: AccountId, asset: int, tokens: int
) -> State:
    """Return ``state`` with tokens gone, borrowed as far as they are not held."""
    require_token_amount(state, asset, tokens)
    require_open(state, asset)
    return take_out(accrue(state, asset, now), now, account, asset, tokens)


def take_out(
    state: State, now: Seconds, account: AccountId, asset: int, tokens: int
) -> State:
    """
    Return ``state`` with ``tokens`` debited and gone: cash, within the pool's borrow
    cap and its outflow window, and no debt of a paused asset.

    Who receives the tokens is no part of the state: the contract refuses the vault
    and the zero address, where they would be lost.
    """
    amount = Wad(tokens * compute_scale(state.assets[asset]))
    before = state
    state = debit(state, account, asset, amount)
    pool = money_market.pay_out(state.assets[asset].pool, amount)
    state = with_pool(state, asset, pool)
    require_borrowing(before, state, asset, account)
    state = check_outflow(state, now, asset, before.assets[asset].pool)
    return with_custody(state, asset, -tokens)


def lend(
    state: State, now: Seconds, account: AccountId, asset: int, amount: Wad
) -> State:
    """Return ``state`` with ``amount`` (WAD) of the account's idle balance lent."""
    get_asset(state, asset)
    require_amount(amount)
    state = accrue(state, asset, now)
    pool = state.assets[asset].pool
    balance = acc.get_balance(get_account(state, account), asset)
    entry = money_market.lend_idle(pool, balance, amount)
    return with_entry(state, account, asset, entry)


def unlend(
    state: State, now: Seconds, account: AccountId, asset: int, amount: Wad
) -> State:
    """Return ``state`` with ``amount`` (WAD) of the lend taken back to lie idle."""
    get_asset(state, asset)
    require_amount(amount)
    require_open(state, asset)
    state = accrue(state, asset, now)
    pool = state.assets[asset].pool
    balance = acc.get_balance(get_account(state, account), asset)
    return with_entry(state, account, asset, money_market.unlend(pool, balance, amount))
