# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title AccountCode
@license Apache-2.0
@notice What owners and operators arrange within the vault: transfers, lending, rights
        and settings; a code body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nothing is listed and which no other contract reads.
@custom:spec specs/clearinghouse.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import custody
from .modules import errors
from .modules import health
from .modules import money_market
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: custody[money_market := money_market, state := state]
initializes: health


@deploy
def __init__(margin_code: address):
    """
    @notice Fix the body that computes margins.
    """
    health.__init__(margin_code)


@external
def transfer(giver: uint256, taker: uint256, asset: uint256, amount: uint256):
    """
    @notice Move what `giver` holds to another account of the same owner.
    @param amount WAD.
    """
    accounts._require_authorised(giver, msg.sender, accounts.WITHDRAW)
    assert accounts._owner(giver) == accounts._owner(taker), errors.WRONG_OWNER
    assert giver != taker, errors.SAME_ACCOUNT
    custody._require_amount(asset, amount)
    money_market._require_open(asset)
    pool: money_market.Pool = money_market._load_accrued(asset)
    held: uint256 = money_market._held(state.balances[giver][asset], pool.lend_index)
    assert amount <= held, errors.INSUFFICIENT_BALANCE
    pool = money_market._debit(giver, asset, pool, amount)
    pool = money_market._credit(taker, asset, pool, amount)
    money_market._save(asset, pool)
    health._require_initial_margin(giver)
    log IClearinghouse.Transfer(
        giver=giver, taker=taker, asset=asset, amount=amount, time=block.timestamp
    )


@external
def lend(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Lend `amount` (WAD) of the account's idle balance.
    """
    accounts._require_authorised(account, msg.sender, accounts.TRADE)
    custody._require_amount(asset, amount)
    pool: money_market.Pool = money_market._load_accrued(asset)
    word: uint256 = state.balances[account][asset]
    idle: uint256 = money_market._idle(word)
    assert amount <= idle, errors.INSUFFICIENT_BALANCE
    money_market._save(asset, money_market._lend_idle(account, asset, pool, amount))
    health._require_initial_margin(account)
    log IClearinghouse.Lend(
        account=account, asset=asset, amount=amount, time=block.timestamp
    )


@external
def unlend(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Take `amount` (WAD) of the account's lend back to lie idle.
    """
    accounts._require_authorised(account, msg.sender, accounts.TRADE)
    custody._require_amount(asset, amount)
    money_market._require_open(asset)
    pool: money_market.Pool = money_market._load_accrued(asset)
    money_market._save(asset, money_market._unlend(account, asset, pool, amount))
    health._require_initial_margin(account)
    log IClearinghouse.Unlend(
        account=account, asset=asset, amount=amount, time=block.timestamp
    )


@external
def set_operator(account: uint256, operator: address, rights: uint256):
    """
    @notice Give `operator` exactly `rights` over the caller's account: 1 to trade,
            2 to take assets out.
    """
    assert msg.sender == accounts._owner(account), errors.NOT_AUTHORISED
    assert rights <= accounts.RIGHTS, errors.OUT_OF_BOUNDS
    state.operators[account][operator] = rights
    log IClearinghouse.OperatorSet(
        account=account, operator=operator, rights=rights, time=block.timestamp
    )


@external
def set_auto_lend(account: uint256, enabled: bool):
    """
    @notice Choose whether later deposits of the account are lent or lie idle.
    """
    accounts._require_authorised(account, msg.sender, accounts.TRADE)
    accounts._set_auto_lending(account, enabled)
    log IClearinghouse.AutoLendSet(
        account=account, enabled=enabled, time=block.timestamp
    )
