# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Positions
@license Apache-2.0
@notice Trades and settlement of positions, for a code body that has no room for what
        does them: the trade body does, on the storage of whoever asks.
@dev Asked by delegation, past the lock, which the body that asks holds. The USDC pool
     is saved before and loaded again after. Why the trade body refuses is passed on.
@custom:spec specs/settlement.py
"""

from . import accounts
from . import perpetual
from . import state

uses: state

MAX_BATCH: constant(uint256) = 128
_ENTRIES: constant(uint256) = 8

TRADE_CODE: immutable(address)


@deploy
def __init__(trade_code: address):
    """
    @notice Fix the body that trades.
    """
    TRADE_CODE = trade_code


@internal
def _trade(market: uint256, account: uint256, lots: int256, price: uint256):
    """
    @notice Trade `lots` (signed) by one side at `price`.
    """
    raw_call(
        TRADE_CODE,
        abi_encode(
            market,
            account,
            lots,
            price,
            method_id=method_id("trade_unlocked(uint256,uint256,int256,uint256)"),
        ),
        is_delegate_call=True,
    )


@internal
def _touch_all(account: uint256):
    """
    @notice Have every position of an account meet the epochs before it.
    """
    entries: uint256 = accounts._markets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        market: uint256 = (entries & 255) - 1
        self._touch(market, account, state.market_risk[market])
        entries >>= 8


@internal
def _touch(market: uint256, account: uint256, risk: uint256):
    """
    @notice Have a position meet the epochs of auto-deleveraging before it, if it is
            behind; `risk` is the market's word.
    """
    if risk >> perpetual.EPOCHS == 0 or not perpetual._is_behind(
        state.positions[account][market], risk
    ):
        return
    raw_call(
        TRADE_CODE,
        abi_encode(
            market, account, method_id=method_id("touch_unlocked(uint256,uint256)")
        ),
        is_delegate_call=True,
    )


@internal
def _realise(market: uint256, batch: DynArray[uint256, MAX_BATCH]):
    """
    @notice Settle positions in a market, whose mark is fresh, at it.
    """
    raw_call(
        TRADE_CODE,
        abi_encode(
            market, batch, method_id=method_id("realise_unlocked(uint256,uint256[])")
        ),
        is_delegate_call=True,
    )
