# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Virtual PnL
@license Apache-2.0
@notice Interest on what positions have gained or lost and not realised: what one of
        them has pending, what its gain counts for, and how it moves between entry
        ticks.
@dev The specification sums over positions at every accrual; here `tick_set` keeps
     growth by entry tick, and a position the part of it that it has been paid. Both
     give the same integers. Nothing here loops.
@custom:spec specs/virtual_pnl.py
"""

from . import fixed_point as fp
from . import grid
from . import packing
from . import perpetual
from . import state
from . import tick_set
from . import weights

uses: state
uses: tick_set

_LOW_112: constant(uint256) = 2**112 - 1
_LOW_128: constant(uint256) = 2**128 - 1
_PRICE_UNIT: constant(int256) = 10**6
# Bits of a scaled unit's parts in which interest is counted.
_WEIGHT_BITS: constant(uint256) = 60
_CAP_UNIT: constant(uint256) = 10**12


@internal
@pure
def _exponent(risk: uint256) -> uint256:
    """
    @notice Return the exponent of the lot in a market's risk word.
    """
    return (risk >> 184) & 255


@internal
@pure
def _clamp(mark: uint256) -> uint256:
    """
    @notice Return the mark in a market's quote word, in price units, within the grid's
            range.
    """
    return min(mark >> 176, grid._price(grid.MAX_TICK))


@internal
@view
def _is_at_mark(market: uint256) -> bool:
    """
    @notice Return whether a market's cursor is where its mark is.
    """
    return tick_set._cursor(market) == self._clamp(state.market_quote[market])


@internal
@view
def _pending(
    account: uint256,
    market: uint256,
    word: uint256,
    exponent: uint256,
    lend_index: uint256,
    borrow_index: uint256,
) -> (int256, uint256):
    """
    @notice Return the scaled interest that a position inside the tick set has earned,
            rounded down, and owes, rounded up, until the indices are these.
    """
    lots: int256 = perpetual._lots(word)
    lend: uint256 = 0
    borrow: uint256 = 0
    lend, borrow = tick_set._earned(
        market,
        perpetual._entry(word) - 1,
        lots > 0,
        weights._compute_weight(lend_index),
        weights._compute_weight(borrow_index),
    )
    seen: uint256 = state.snapshots[account][market]
    size: int256 = abs(lots) * convert(
        10 ** (exponent - tick_set._MIN_EXPONENT), int256
    )
    earned: int256 = tick_set._difference(lend, seen >> 128) * size
    owed: int256 = tick_set._difference(borrow, seen) * size
    return earned >> _WEIGHT_BITS, convert(-((-owed) >> _WEIGHT_BITS), uint256)


@internal
@pure
def _worth(
    lend: int256, borrow: uint256, lend_index: uint256, borrow_index: uint256
) -> int256:
    """
    @notice Return what scaled interest is worth, WAD USDC: earned rounded down, owed
            rounded up.
    """
    earned: int256 = fp._signed_mul_div_down(lend, lend_index, fp.RAY)
    return earned - convert(fp._mul_div_up(borrow, borrow_index, fp.RAY), int256)


@internal
@view
def _interest(
    account: uint256,
    market: uint256,
    word: uint256,
    exponent: uint256,
    lend_index: uint256,
    borrow_index: uint256,
) -> int256:
    """
    @notice Return what a position's pending interest is worth, WAD USDC.
    """
    lend: int256 = 0
    borrow: uint256 = 0
    lend, borrow = self._pending(
        account, market, word, exponent, lend_index, borrow_index
    )
    return self._worth(lend, borrow, lend_index, borrow_index)


@internal
@view
def _credit(
    market: uint256,
    word: uint256,
    exponent: uint256,
    mark: uint256,
    price: uint256,
    worst_value: int256,
) -> int256:
    """
    @notice Return what a gain counts for when risk is taken, WAD USDC, rounded down:
            nothing while the cursor is not at mark; else the gain since the entry tick
            at `price`, at most `worst_value`, as far as the fund and the market's
            credit cap back all gains.
    """
    if tick_set._cursor(market) != self._clamp(mark):
        return 0
    units: uint256 = min(
        price // convert(_PRICE_UNIT, uint256), grid._price(grid.MAX_TICK)
    )
    distance: int256 = convert(units, int256) - convert(
        grid._price(perpetual._entry(word) - 1), int256
    )
    gain: int256 = perpetual._lots(word) * distance * convert(
        10 ** (exponent - tick_set._MIN_EXPONENT), int256
    )
    if gain <= 0:
        return 0
    gain = min(gain, worst_value)
    winners: uint256 = 0
    losers: uint256 = 0
    winners, losers = tick_set._gains(market, exponent)
    fund: int256 = packing._get_signed(state.market_fund[market], 144, 112)
    backing: uint256 = (state.market_cull[market] >> 192) * _CAP_UNIT + convert(
        max(fund, 0), uint256
    )
    if winners <= backing:
        return gain
    return convert(
        fp._mul_div_down(convert(gain, uint256), backing, winners), int256
    )


@internal
@pure
def _compute_entry(
    lots: int256, basis: int256, exponent: uint256, funding_index: int256
) -> uint256:
    """
    @notice Return the tick of the price at which a position is worth nothing, unsettled
            funding included, rounded against it.
    """
    size: uint256 = convert(abs(lots), uint256) * 10**exponent
    if lots > 0:
        price: int256 = funding_index + fp._signed_mul_div_up(basis, fp.WAD, size)
        units: int256 = fp._signed_mul_div_up(price, 1, convert(_PRICE_UNIT, uint256))
        return grid._up(convert(max(units, 0), uint256))
    price: int256 = funding_index + fp._signed_mul_div_down(-basis, fp.WAD, size)
    units: int256 = fp._signed_mul_div_down(price, 1, convert(_PRICE_UNIT, uint256))
    return grid._down(convert(max(units, 0), uint256))


@internal
def _move(
    account: uint256,
    market: uint256,
    held: int256,
    entry: uint256,
    lots: int256,
    new_entry: uint256,
    lend_index: uint256,
    borrow_index: uint256,
):
    """
    @notice Move a position, its interest settled, from one entry tick and size to
            another; an entry is a tick plus one, 0 is outside.
    """
    if entry != 0 and entry == new_entry and (held > 0) == (lots > 0):
        if lots != held:
            tick_set._change(market, entry - 1, held > 0, lots - held)
    else:
        if entry != 0:
            tick_set._change(market, entry - 1, held > 0, -held)
        if new_entry != 0:
            tick_set._change(market, new_entry - 1, lots > 0, lots)
    if new_entry == 0:
        return
    lend: uint256 = 0
    borrow: uint256 = 0
    lend, borrow = tick_set._earned(
        market,
        new_entry - 1,
        lots > 0,
        weights._compute_weight(lend_index),
        weights._compute_weight(borrow_index),
    )
    state.snapshots[account][market] = (lend << 128) | borrow
