# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Spot side
@license Apache-2.0
@notice One side of a spot trade: whether its pool can fund what it lacks, and the
        exchange of an asset for USDC.
@dev Pools are taken in memory, with their interest booked; the root saves them.
@custom:spec specs/spot_side.py
"""

from . import accounts
from . import fixed_point as fp
from . import money_market
from . import pool_limits
from . import settlement
from . import state

uses: money_market
uses: pool_limits
uses: settlement
uses: state


@internal
@view
def _lacking(
    account: uint256, asset: uint256, lend_index: uint256, amount: uint256
) -> uint256:
    """
    @notice Return how much of `amount` an account does not hold.
    """
    held: uint256 = money_market._held(state.balances[account][asset], lend_index)
    if held >= amount:
        return 0
    return amount - held


@internal
def _fund(account: uint256, asset: uint256, pool: money_market.Pool, amount: uint256):
    """
    @notice Refuse what the pool can't fund of what an account lacks of `amount`, and
            move its throttle on. No cash leaves, for somebody lends what the account
            owes afterwards.
    """
    lacking: uint256 = self._lacking(account, asset, pool.lend_index, amount)
    if lacking == 0:
        return
    after: money_market.Pool = pool
    after.borrows += fp._mul_div_up(lacking, fp.RAY, pool.borrow_index)
    pool_limits._require_borrowing(asset, pool.borrows, after)
    after.lends += convert(
        fp._mul_div_down(lacking, fp.RAY, pool.lend_index), int256
    )
    pool_limits._check_utilisation(
        asset,
        money_market._utilisation(asset, pool),
        money_market._utilisation(asset, after),
    )


@internal
def _exchange(
    account: uint256,
    asset: uint256,
    is_buy: bool,
    amount: uint256,
    price: uint256,
    fee: uint256,
    pool: money_market.Pool,
    usdc: money_market.Pool,
) -> (money_market.Pool, money_market.Pool):
    """
    @notice Return the pools of `asset` and of USDC after one side exchanged `amount` at
            `price` and paid its fee: what it owes is repaid first, what it lacks is
            borrowed. It pays rounded up and gets rounded down.
    """
    asset_after: money_market.Pool = empty(money_market.Pool)
    usdc_after: money_market.Pool = empty(money_market.Pool)
    if is_buy:
        asset_after = money_market._credit(account, asset, pool, amount)
        usdc_after = money_market._debit(
            account, accounts.USDC, usdc, fp._mul_div_up(amount, price, fp.WAD)
        )
    else:
        asset_after = money_market._debit(account, asset, pool, amount)
        usdc_after = money_market._credit(
            account, accounts.USDC, usdc, fp._mul_div_down(amount, price, fp.WAD)
        )
    return asset_after, settlement._charge(account, usdc_after, fee)
