# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Tick set
@license Apache-2.0
@notice A market's positions by entry tick, and what interest their gains and losses
        have seen, without a loop over them.
@dev Prices are in units of 10**6 wei, weights in 2**-60 as in `weights`. P is the
     cursor, the market's price for interest, e the price of a tick. Interest that
     accrues while P > e is above the tick, that while P <= e below it. With w the
     weight of an index, and A the sum of P times each fall of w since ever,
         A + e * w
     is the growth of (P - e), but for a constant: what one lot long from e has gained
     in interest. A tick keeps the part of it that accrued on the side on which the
     cursor is not, so only a crossing changes it; the rest is on the other side.
     Growth is modulo 2**128, and only differences of it mean something: what is left
     at a tick where nobody is does not matter to who comes next. A difference is
     signed, and below 2**127 while the falls of w do not add up to more than 2**61.

     The gains of winners and the losses of losers are both P * lots + cost, with signed
     sums over the positions that win and those that lose; at P = e longs are said to
     lose and shorts to win.
@custom:spec specs/tick_set.py
"""

from . import grid
from . import packing
from . import state

uses: state

_LOW_64: constant(uint256) = 2**64 - 1
_LOW_128: constant(uint256) = 2**128 - 1

# Where the bits of the words of `tick_map` are.
_SUMMARY: constant(uint256) = 256

# No tick.
_NONE: constant(uint256) = max_value(uint256)

# Lots are of 10**12 base units at least, so that gains are whole: 10**12 base units
# times a price unit are one wei.
_MIN_EXPONENT: constant(uint256) = 12


@internal
def _change(market: uint256, tick: uint256, is_long: bool, lots: int256):
    """
    @notice Add to the positions at a tick, or take away from them.
    @param is_long Whether it is longs that come or go.
    @param lots Signed as the position is: what takes away has the other sign.
    """
    before: uint256 = state.tick_size[market][tick]
    longs: int256 = convert(before >> 64, int256)
    shorts: int256 = convert(before & _LOW_64, int256)
    if is_long:
        longs += lots
    else:
        shorts -= lots
    after: uint256 = packing._fit(convert(longs, uint256), 64) << 64
    after |= packing._fit(convert(shorts, uint256), 64)
    state.tick_size[market][tick] = after
    if (before == 0) != (after == 0):
        self._toggle(market, tick)

    price: uint256 = grid._price(tick)
    cost: int256 = lots * convert(price, int256)
    if (self._cursor(market) > price) == is_long:
        state.market_winners[market] = self._add(
            state.market_winners[market], lots, -cost
        )
    else:
        state.market_size[market] = self._add(state.market_size[market], -lots, cost)


@internal
def _toggle(market: uint256, tick: uint256):
    """
    @notice Change the bit of a tick, and that of its word if it is the only one.
    """
    index: uint256 = tick >> 8
    before: uint256 = state.tick_map[market][index]
    after: uint256 = before ^ (1 << (tick & 255))
    state.tick_map[market][index] = after
    if before == 0 or after == 0:
        state.tick_map[market][_SUMMARY] ^= 1 << index


@internal
def _book(market: uint256, lend_weight: uint256, borrow_weight: uint256):
    """
    @notice Book the growth at the cursor until the weights are these.
    """
    cursor: uint256 = state.market_cursor[market]
    weights: uint256 = packing._fit(lend_weight, 64) << 112
    weights |= packing._fit(borrow_weight, 64) << 48
    moved: uint256 = (cursor >> 176 << 176) | weights
    if moved != cursor:
        lend: uint256 = 0
        borrow: uint256 = 0
        lend, borrow = self._sums(market, cursor, lend_weight, borrow_weight)
        state.market_growth[market] = self._pair(lend, borrow)
        state.market_cursor[market] = moved


@internal
def _cross(market: uint256, target: uint256, limit: uint256) -> (uint256, uint256):
    """
    @notice Move the cursor to `target` or, if more than `limit` ticks with a size are
            on the way, as far as it comes by crossing so many: up to the first that is
            left, down to the last that was crossed.
    @dev Growth must be booked. What is crossed has a price from the lower of cursor and
         target to below the higher, since a tick's own price is below it.
    @param target Not above the last tick's price.
    @return The cursor, and how many ticks were crossed.
    """
    cursor: uint256 = state.market_cursor[market]
    reached: uint256 = cursor >> 176
    is_up: bool = target > reached
    low: uint256 = grid._up(min(reached, target))
    end: uint256 = grid._up(max(reached, target))
    growth: uint256 = state.market_growth[market]
    lend_sum: uint256 = growth >> 128
    borrow_sum: uint256 = growth & _LOW_128
    lend_weight: uint256 = (cursor >> 112) & _LOW_64
    borrow_weight: uint256 = (cursor >> 48) & _LOW_64

    crossed: uint256 = 0
    lots: uint256 = 0
    cost: uint256 = 0
    tick: uint256 = self._next(market, low, end, is_up)
    price: uint256 = reached
    reached = target
    for i: uint256 in range(grid.MAX_TICK + 1):
        if tick == _NONE:
            break
        if crossed == limit:
            reached = price
            if is_up:
                reached = grid._price(tick)
            break

        price = grid._price(tick)
        before: uint256 = state.tick_growth[market][tick]
        lend: uint256 = unsafe_add(lend_sum, unsafe_mul(price, lend_weight))
        borrow: uint256 = unsafe_add(borrow_sum, unsafe_mul(price, borrow_weight))
        state.tick_growth[market][tick] = self._pair(
            unsafe_sub(lend, before >> 128), unsafe_sub(borrow, before)
        )

        # Longs that lost win and shorts that won lose, or the other way round: either
        # adds the same to both sums. Sizes are below 2**65, prices below 2**66 and
        # ticks fewer than 2**15, so that nothing overflows.
        size: uint256 = state.tick_size[market][tick]
        size = unsafe_add(size >> 64, size & _LOW_64)
        lots = unsafe_add(lots, size)
        cost = unsafe_add(cost, unsafe_mul(size, price))
        crossed = unsafe_add(crossed, 1)
        if is_up:
            low = unsafe_add(tick, 1)
        else:
            end = tick
        tick = self._next(market, low, end, is_up)

    state.market_cursor[market] = (reached << 176) | (cursor & (2**176 - 1))
    if crossed != 0:
        more: int256 = convert(lots, int256)
        less: int256 = -convert(cost, int256)
        if not is_up:
            more = -more
            less = -less
        state.market_winners[market] = self._add(
            state.market_winners[market], more, less
        )
        state.market_size[market] = self._add(state.market_size[market], more, less)
    return reached, crossed


@internal
@view
def _next(market: uint256, low: uint256, end: uint256, is_up: bool) -> uint256:
    """
    @notice Return the tick with a size that comes first on the way through the ticks
            from `low` to below `end`, upwards or downwards.
    """
    if low >= end:
        return _NONE
    start: uint256 = low
    if not is_up:
        start = unsafe_sub(end, 1)
    index: uint256 = start >> 8
    bits: uint256 = state.tick_map[market][index]
    bits = self._ahead(bits, start & 255, is_up)
    if bits == 0:
        # Most ways are within one word: no need to read another.
        if low >> 8 == unsafe_sub(end, 1) >> 8:
            return _NONE
        words: uint256 = self._ahead(state.tick_map[market][_SUMMARY], index, is_up)
        # Of the word at hand nothing is ahead.
        words &= ~(1 << index)
        if words == 0:
            return _NONE
        index = self._first(words, is_up)
        bits = state.tick_map[market][index]
    tick: uint256 = (index << 8) | self._first(bits, is_up)
    if tick < low or tick >= end:
        return _NONE
    return tick


@internal
@pure
def _ahead(bits: uint256, place: uint256, is_up: bool) -> uint256:
    """
    @notice Return the bits from `place` on, upwards or downwards.
    """
    if is_up:
        return bits >> place << place
    beyond: uint256 = unsafe_sub(255, place)
    return bits << beyond >> beyond


@internal
@pure
def _first(bits: uint256, is_up: bool) -> uint256:
    """
    @notice Return the place of the bit that comes first, upwards or downwards.
    """
    if is_up:
        return grid._low_bit(bits)
    return grid._top_bit(bits)


@internal
@view
def _earned(
    market: uint256,
    tick: uint256,
    is_long: bool,
    lend_weight: uint256,
    borrow_weight: uint256,
) -> (uint256, uint256):
    """
    @notice Return what one lot at `tick` has seen of interest on its gains and on its
            losses, until the weights are these; modulo 2**128, and but for a constant.
    """
    cursor: uint256 = state.market_cursor[market]
    price: uint256 = grid._price(tick)
    lend: uint256 = 0
    borrow: uint256 = 0
    lend, borrow = self._sums(market, cursor, lend_weight, borrow_weight)
    lend = unsafe_add(lend, unsafe_mul(price, lend_weight))
    borrow = unsafe_add(borrow, unsafe_mul(price, borrow_weight))

    # Of one of the two the part above the tick is meant, of the other that below.
    other: uint256 = state.tick_growth[market][tick]
    is_above: bool = cursor >> 176 > price
    if is_above == is_long:
        lend = unsafe_sub(lend, other >> 128)
        borrow = other
    else:
        lend = other >> 128
        borrow = unsafe_sub(borrow, other)
    if is_long:
        borrow = unsafe_sub(0, borrow)
    else:
        lend = unsafe_sub(0, lend)
    return lend & _LOW_128, borrow & _LOW_128


@internal
@pure
def _difference(later: uint256, earlier: uint256) -> int256:
    """
    @notice Return by how much growth has grown, signed.
    """
    grown: uint256 = unsafe_sub(later, earlier) << 128
    return convert(convert(grown, bytes32), int256) >> 128


@internal
@view
def _gains(market: uint256, exponent: uint256) -> (uint256, uint256):
    """
    @notice Return what winners have gained and losers have lost at the cursor, since
            their entries; WAD USDC, exact.
    @param exponent Of the market's lot.
    """
    price: int256 = convert(self._cursor(market), int256)
    scale: uint256 = 10 ** (exponent - _MIN_EXPONENT)
    winners: uint256 = state.market_winners[market]
    losers: uint256 = state.market_size[market]
    gains: int256 = price * self._lots(winners) + self._cost(winners)
    losses: int256 = price * self._lots(losers) + self._cost(losers)
    return convert(gains, uint256) * scale, convert(losses, uint256) * scale


@internal
@view
def _cursor(market: uint256) -> uint256:
    """
    @notice Return the market's price for interest.
    """
    return state.market_cursor[market] >> 176


@internal
@view
def _sums(
    market: uint256, cursor: uint256, lend_weight: uint256, borrow_weight: uint256
) -> (uint256, uint256):
    """
    @notice Return A for lenders and borrowers until the weights are these; modulo
            2**256, of which 2**128 means something.
    """
    growth: uint256 = state.market_growth[market]
    price: uint256 = cursor >> 176
    lend_fall: uint256 = unsafe_sub((cursor >> 112) & _LOW_64, lend_weight)
    borrow_fall: uint256 = unsafe_sub((cursor >> 48) & _LOW_64, borrow_weight)
    return unsafe_add(growth >> 128, unsafe_mul(price, lend_fall)), unsafe_add(
        growth, unsafe_mul(price, borrow_fall)
    )


@internal
@pure
def _pair(lend: uint256, borrow: uint256) -> uint256:
    """
    @notice Return a word of growth.
    """
    return (lend << 128) | (borrow & _LOW_128)


@internal
@pure
def _lots(word: uint256) -> int256:
    """
    @notice Return the lots of a sum over winners or losers.
    """
    return convert(convert(word << 128, bytes32), int256) >> 192


@internal
@pure
def _cost(word: uint256) -> int256:
    """
    @notice Return the cost of a sum over winners or losers, in price units times lots.
    """
    return convert(convert(word, bytes32), int256) >> 128


@internal
@pure
def _add(word: uint256, lots: int256, cost: int256) -> uint256:
    """
    @notice Return a sum over winners or losers with more in it; its low bits stay.
    """
    return (
        (packing._fit_signed(self._cost(word) + cost, 128) << 128)
        | (packing._fit_signed(self._lots(word) + lots, 64) << 64)
        | (word & _LOW_64)
    )
