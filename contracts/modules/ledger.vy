# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Ledger
@license Apache-2.0
@notice What a deposit, a withdrawal, a borrow, a repayment, a lend or its return does
        to the books, as a call of its own or as a step of a batch.
@dev Whoever calls has checked that the caller may do it, judges margin afterwards,
     where risk rises, and moves the tokens last of all.
@custom:spec specs/clearinghouse.py
"""

from ..interfaces import IClearinghouse
from . import accounts
from . import custody
from . import errors
from . import fixed_point as fp
from . import money_market
from . import pool_limits
from . import state

uses: accounts
uses: custody
uses: money_market
uses: pool_limits
uses: state


@internal
def _deposit(
    token: uint256, account: uint256, asset: uint256, tokens: uint256, payer: address
) -> bool:
    """
    @notice Book `tokens` that come in, as the account's settings say; return whether
            the payer may trade for the account. A stranger may only add to what it
            holds or owes, and only if it is not left below its maintenance margin,
            which is the caller's to check; anyone may add USDC to the backstop fund.
    """
    amount: uint256 = custody._to_wad(token, tokens)
    money_market._require_open(asset)
    before: uint256 = state.balances[account][asset]
    is_own: bool = accounts._is_authorised(account, payer, accounts.TRADE)
    if not is_own and not (
        account == accounts.BACKSTOP_FUND and asset == accounts.USDC
    ):
        accounts._require_user(account)
        assert before != 0, errors.ASSET_NOT_ENABLED

    pool: money_market.Pool = money_market._load_accrued(asset)
    supplied: uint256 = pool_limits._supplied(asset, pool)
    pool_limits._note_inflow(asset, pool.cash, amount)
    pool.cash += amount
    pool = money_market._credit(account, asset, pool, amount)
    assert state.balances[account][asset] != before, errors.ZERO_AMOUNT
    pool_limits._require_supply_cap(asset, supplied, pool)
    money_market._save(asset, pool)
    log IClearinghouse.Deposit(
        account=account,
        asset=asset,
        payer=payer,
        amount=amount,
        time=block.timestamp,
    )
    return is_own


@internal
def _repay(
    token: uint256, account: uint256, asset: uint256, tokens: uint256, payer: address
) -> uint256:
    """
    @notice Book up to `tokens` that come in for what the account owes; return how many.
    @dev No more is taken than the debt rounded up to whole token units; what that is
         above the debt is lent.
    """
    scale: uint256 = custody._scale(token)
    assert tokens != 0, errors.ZERO_AMOUNT
    pool: money_market.Pool = money_market._load_accrued(asset)
    before: uint256 = state.balances[account][asset]
    debt: uint256 = money_market._debt(before, pool.borrow_index)
    assert debt != 0, errors.NO_DEBT
    taken: uint256 = min(tokens, fp._mul_div_up(debt, 1, scale))
    pool_limits._note_inflow(asset, pool.cash, taken * scale)
    pool.cash += taken * scale
    pool = money_market._pay_debt(account, asset, pool, taken * scale)
    assert state.balances[account][asset] != before, errors.ZERO_AMOUNT
    money_market._save(asset, pool)
    log IClearinghouse.Repay(
        account=account,
        asset=asset,
        payer=payer,
        amount=taken * scale,
        time=block.timestamp,
    )
    return taken


@internal
def _withdraw(
    token: uint256, account: uint256, asset: uint256, tokens: uint256, receiver: address
) -> (uint256, money_market.Pool):
    """
    @notice Book what the account holds and takes out; return how many tokens, and the
            pool before.
    @param tokens Amount in token units, or the largest number for all whole units.
    """
    scale: uint256 = custody._scale(token)
    money_market._require_open(asset)
    pool: money_market.Pool = money_market._load_accrued(asset)
    held: uint256 = money_market._held(
        state.balances[account][asset], pool.lend_index
    )
    sent: uint256 = tokens
    if tokens == max_value(uint256):
        sent = held // scale
    amount: uint256 = custody._to_wad(token, sent)
    assert amount <= held, errors.INSUFFICIENT_BALANCE
    self._take_out(account, asset, pool, amount)
    log IClearinghouse.Withdraw(
        account=account,
        asset=asset,
        receiver=receiver,
        amount=amount,
        time=block.timestamp,
    )
    return sent, pool


@internal
def _borrow(
    token: uint256, account: uint256, asset: uint256, tokens: uint256, receiver: address
) -> money_market.Pool:
    """
    @notice Book tokens that leave, borrowed as far as the account does not hold them;
            return the pool before.
    """
    amount: uint256 = custody._to_wad(token, tokens)
    money_market._require_open(asset)
    pool: money_market.Pool = money_market._load_accrued(asset)
    self._take_out(account, asset, pool, amount)
    log IClearinghouse.Borrow(
        account=account,
        asset=asset,
        receiver=receiver,
        amount=amount,
        time=block.timestamp,
    )
    return pool


@internal
def _take_out(
    account: uint256, asset: uint256, pool: money_market.Pool, amount: uint256
):
    """
    @notice Debit `amount`, which the pool must have as cash, within its borrow cap and
            its outflow window; no debt of a paused asset may grow.
    """
    borrows: uint256 = pool.borrows
    held: int256 = money_market._scaled(state.balances[account][asset])
    changed: money_market.Pool = money_market._pay_out(
        money_market._debit(account, asset, pool, amount), amount
    )
    if money_market._scaled(state.balances[account][asset]) < min(held, 0):
        pool_limits._require_borrowing(asset, borrows, changed)
    money_market._save(asset, changed)
    pool_limits._check_outflow(asset, changed.cash, amount)


@internal
def _lend(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Lend `amount` (WAD) of the account's idle balance.
    """
    custody._require_amount(asset, amount)
    pool: money_market.Pool = money_market._load_accrued(asset)
    pool = money_market._lend_idle(account, asset, pool, amount)
    money_market._save(asset, pool)
    log IClearinghouse.Lend(
        account=account, asset=asset, amount=amount, time=block.timestamp
    )


@internal
def _unlend(account: uint256, asset: uint256, amount: uint256) -> money_market.Pool:
    """
    @notice Take `amount` (WAD) of the account's lend back to lie idle; return the pool
            before.
    """
    custody._require_amount(asset, amount)
    money_market._require_open(asset)
    pool: money_market.Pool = money_market._load_accrued(asset)
    money_market._save(asset, money_market._unlend(account, asset, pool, amount))
    log IClearinghouse.Unlend(
        account=account, asset=asset, amount=amount, time=block.timestamp
    )
    return pool
