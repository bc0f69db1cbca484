# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Grid
@license Apache-2.0
@notice Entry ticks for interest on unrealised PnL: 512 between two powers of two,
        evenly spaced, so that neighbours are 10 to 20 basis points apart.
@dev Prices are in units of 10**6 wei; those of ticks are below 2**66.
@custom:spec specs/grid.py
"""

MAX_TICK: constant(uint256) = 57 * 512 - 1


@internal
@pure
def _price(tick: uint256) -> uint256:
    """
    @notice Return the price of a tick.
    @param tick At most `MAX_TICK`.
    """
    return (512 | (tick & 511)) << (tick >> 9)


@internal
@pure
def _down(price: uint256) -> uint256:
    """
    @notice Return the highest tick whose price is at most `price`; 0 if none is.
    """
    if price < 512:
        return 0
    octave: uint256 = unsafe_sub(self._top_bit(price), 9)
    # The mantissa has its top bit at 512, which is one octave: hence one less.
    tick: uint256 = unsafe_add(unsafe_sub(octave, 1) << 9, price >> octave)
    return min(tick, MAX_TICK)


@internal
@pure
def _up(price: uint256) -> uint256:
    """
    @notice Return the lowest tick whose price is at least `price`; the last if none is.
    """
    tick: uint256 = self._down(price)
    if tick == MAX_TICK or self._price(tick) >= price:
        return tick
    return unsafe_add(tick, 1)


@internal
@pure
def _top_bit(word: uint256) -> uint256:
    """
    @notice Return the place of the highest bit set in `word`; 0 if none is.
    """
    rest: uint256 = word
    place: uint256 = 0
    if rest >> 128 != 0:
        rest = rest >> 128
        place = 128
    if rest >> 64 != 0:
        rest = rest >> 64
        place = place | 64
    if rest >> 32 != 0:
        rest = rest >> 32
        place = place | 32
    if rest >> 16 != 0:
        rest = rest >> 16
        place = place | 16
    if rest >> 8 != 0:
        rest = rest >> 8
        place = place | 8
    if rest >> 4 != 0:
        rest = rest >> 4
        place = place | 4
    if rest >> 2 != 0:
        rest = rest >> 2
        place = place | 2
    return place | (rest >> 1)


@internal
@pure
def _low_bit(word: uint256) -> uint256:
    """
    @notice Return the place of the lowest bit set in `word`; 0 if none is.
    """
    return self._top_bit(word & unsafe_sub(0, word))
