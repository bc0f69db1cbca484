# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Bankruptcy
@license Apache-2.0
@notice Whether an account has nothing but a debt, and who pays it then.
@dev Works on pools whose interest is booked: a takeover accrues them when it opens.
@custom:spec specs/bankruptcy.py
"""

from ..interfaces import IClearinghouse
from . import accounts
from . import backstop
from . import fixed_point as fp
from . import margin
from . import money_market
from . import perpetual
from . import state

uses: money_market
uses: state

_ENTRIES: constant(uint256) = 8


@internal
@view
def _price(asset: uint256) -> uint256:
    """
    @notice Return the slow price of an asset; USDC's is 1.
    """
    if asset == accounts.USDC:
        return fp.WAD
    return (state.quote[asset] >> 176) * margin.PRICE_UNIT


@internal
@view
def _held(account: uint256, asset: uint256) -> uint256:
    """
    @notice Return what the account holds of an accrued asset.
    """
    return money_market._held(
        state.balances[account][asset], state.pool_index[asset] >> 144
    )


@internal
@view
def _owed(account: uint256, asset: uint256) -> uint256:
    """
    @notice Return what the account owes of an accrued asset.
    """
    return money_market._debt(
        state.balances[account][asset],
        (state.pool_index[asset] >> 32) & money_market.MAX_INDEX,
    )


@internal
@view
def _is_bankrupt(account: uint256) -> bool:
    """
    @notice Return whether the account has nothing but a USDC debt, and claims for less;
            collateral worth no more than dust does not count, so nobody can hold a
            write-off up with a donation.
    """
    header: uint256 = state.headers[account]
    is_flat: bool = False
    claims: uint256 = 0
    is_flat, claims = self._claims(account)
    if not is_flat or self._owed(account, accounts.USDC) <= claims:
        return False
    worth: uint256 = self._held(account, accounts.USDC)
    entries: uint256 = accounts._assets(header)
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        asset: uint256 = (entries & 255) - 1
        if money_market._scaled(state.balances[account][asset]) < 0:
            return False
        worth += fp._mul_div_down(
            self._held(account, asset), self._price(asset), fp.WAD
        )
        entries >>= 8
    return worth <= backstop.DUST


@internal
@view
def _claims(account: uint256) -> (bool, uint256):
    """
    @notice Return whether an account has no open position, and what the markets' funds
            still owe it for positions that it closed.
    """
    claims: uint256 = 0
    entries: uint256 = accounts._markets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        word: uint256 = state.positions[account][(entries & 255) - 1]
        if perpetual._lots(word) != 0:
            return False, 0
        claims += convert(-perpetual._basis(word), uint256)
        entries >>= 8
    return True, claims


@internal
@view
def _deficit(account: uint256, claims: uint256) -> uint256:
    """
    @notice Return what a bankrupt account owes beyond its claims, rounded up so that
            what is left of its debt is worth no more than these.
    """
    index: uint256 = (
        state.pool_index[accounts.USDC] >> 32
    ) & money_market.MAX_INDEX
    units: uint256 = convert(
        -money_market._scaled(state.balances[account][accounts.USDC]), uint256
    )
    staying: uint256 = fp._mul_div_down(claims, fp.RAY, index)
    return fp._mul_div_up(units - staying, index, fp.RAY)


@internal
def _use_idle(account: uint256):
    """
    @notice Repay an account's USDC debt with its idle USDC, whatever its settings say:
            what it has pays what it owes before anybody else does.
    """
    used: uint256 = min(
        money_market._idle(state.balances[account][accounts.USDC]),
        self._owed(account, accounts.USDC),
    )
    if used == 0:
        return
    pool: money_market.Pool = money_market._load(accounts.USDC)
    money_market._save(
        accounts.USDC,
        money_market._lend_idle(account, accounts.USDC, pool, used),
    )
    log IClearinghouse.IdleUsed(
        account=account, amount=used, time=block.timestamp
    )


@internal
def _write_off(account: uint256) -> bool:
    """
    @notice Pay a bankrupt account's debt, but for what its claims will: the backstop
            fund first, then the reserve, then the lenders, or the pool halts. Return
            whether anything was paid or the pool has halted now.
    """
    claims: uint256 = self._claims(account)[1]
    deficit: uint256 = self._deficit(account, claims)
    was_halted: bool = money_market._is_halted(accounts.USDC)
    pool: money_market.Pool = money_market._load(accounts.USDC)
    fund_paid: uint256 = min(
        deficit, self._held(accounts.BACKSTOP_FUND, accounts.USDC)
    )
    pool = money_market._debit(accounts.BACKSTOP_FUND, accounts.USDC, pool, fund_paid)
    pool = money_market._pay_debt(account, accounts.USDC, pool, fund_paid)
    reserve_paid: uint256 = 0
    socialised: uint256 = 0
    if fund_paid < deficit:
        pool, reserve_paid, socialised = money_market._write_off(
            account, pool, claims
        )
    money_market._save(accounts.USDC, pool)
    is_halted: bool = money_market._is_halted(accounts.USDC)
    log IClearinghouse.BadDebt(
        account=account,
        fund_paid=fund_paid,
        reserve_paid=reserve_paid,
        socialised=socialised,
        lend_index=pool.lend_index,
        is_halted=is_halted,
        time=block.timestamp,
    )
    return fund_paid + reserve_paid + socialised > 0 or is_halted != was_halted
