# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Makers
@license Apache-2.0
@notice Resting orders that are to be filled: what of them may be asked for, and the
        try, of which nothing happened if it is refused; and who takes from them.
@dev Tried by delegation, past the lock, which the body that tries holds.
@custom:spec specs/makers.py
"""

from ..interfaces import IClearinghouse
from . import errors
from . import fixed_point as fp
from . import instruments
from . import perpetual
from . import state
from . import tradables

uses: state
uses: tradables

MAX_AMOUNT: constant(uint256) = 10**30
MAX_MAKINGS: constant(uint256) = 16
# Gas that there has to be before a maker's side is tried, so that it is never refused
# for want of gas: more than that of an account with all that one may have.
MAKER_GAS: constant(uint256) = 4_000_000
# Bytes of calldata of a maker's side.
_MAKER_CALL: constant(uint256) = 4 + 5 * 32

MAKER_CODE: immutable(address)


@deploy
def __init__(maker_code: address):
    """
    @notice Fix the body that fills resting orders.
    """
    MAKER_CODE = maker_code


@internal
@view
def _require_size(instrument: uint256, making: IClearinghouse.Making, mark: uint256):
    """
    @notice Refuse a size that no fill may have.
    """
    assert making.size != 0, errors.ZERO_AMOUNT
    if instruments._is_spot(instrument):
        assert making.size <= MAX_AMOUNT, errors.AMOUNT_TOO_LARGE
        assert (
            fp._mul_div_up(making.size, making.price, fp.WAD) <= MAX_AMOUNT
        ), errors.AMOUNT_TOO_LARGE
        return
    assert making.size <= perpetual.MAX_LOTS, errors.AMOUNT_TOO_LARGE
    lots: int256 = convert(making.size, int256)
    lot: uint256 = perpetual._lot(state.market_risk[instrument])
    assert (
        perpetual._compute_notional(lots, lot, max(making.price, mark)) <= MAX_AMOUNT
    ), errors.AMOUNT_TOO_LARGE


@internal
@view
def _wanted(
    instrument: uint256, making: IClearinghouse.Making, is_buy: bool
) -> uint256:
    """
    @notice Return how much of a resting order its maker's wish to reduce lets be
            filled.
    """
    if not making.is_reduce_only:
        return making.size
    return min(making.size, tradables._reducible(making.account, instrument, is_buy))


@internal
def _fill(
    instrument: uint256, making: IClearinghouse.Making, is_buy: bool, size: uint256
) -> bool:
    """
    @notice Try to fill a resting order that buys or sells; return whether it was.
    """
    side: uint256 = convert(is_buy, uint256)
    if instruments._is_spot(instrument):
        return self._make(
            method_id(
                "make_spot_unlocked(uint256,uint256,bool,uint256,uint256)",
                output_type=bytes4,
            ),
            instruments._asset(instrument),
            making,
            side,
            size,
        )
    return self._make(
        method_id(
            "make_perp_unlocked(uint256,uint256,bool,uint256,uint256)",
            output_type=bytes4,
        ),
        instrument,
        making,
        side,
        size,
    )


@internal
def _make(
    method: bytes4,
    number: uint256,
    making: IClearinghouse.Making,
    side: uint256,
    size: uint256,
) -> bool:
    """
    @notice Try to fill a resting order; return whether it was. Nobody's order is passed
            over because whoever calls gave too little gas.
    @param number Market or asset.
    @param side 1 if the order buys, 0 if it sells; or the account that sells to it.
    """
    assert msg.gas >= MAKER_GAS, errors.NOT_ENOUGH_GAS
    data: Bytes[_MAKER_CALL] = concat(
        method, abi_encode(number, making.account, side, size, making.price)
    )
    return raw_call(
        MAKER_CODE, data, is_delegate_call=True, revert_on_failure=False
    )


@internal
def _take(
    market: uint256, taker: uint256, is_buy: bool, lots: uint256, price: uint256
):
    """
    @notice Have a taker trade what makers at one price have given, and pay for it. Why
            it is refused is passed on.
    """
    raw_call(
        MAKER_CODE,
        abi_encode(
            market,
            taker,
            is_buy,
            lots,
            price,
            method_id=method_id(
                "take_perp_unlocked(uint256,uint256,bool,uint256,uint256)"
            ),
        ),
        is_delegate_call=True,
    )
