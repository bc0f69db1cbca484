# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Price levels
@license Apache-2.0
@notice What rests at each price of each instrument, the best prices on both sides, and
        an index that finds the next price with orders in constant time.
@dev Prices are numbers of ticks, 1 to 2**24 - 1. Bids are below asks, so that one level
     serves either side, and one index both: three layers of 256 bits, of which a bit of
     a lower layer's word stands for whether that word has any. Only when a best price
     is left without orders is the next one looked for.

     Words of levels stay as they are when their last order goes, but for the sizes:
     rewriting one costs less than writing a new one.
     word of an instrument: bid 24 @232 | ask 24 @208 | last 24 @184 | mid 64 @120
                            | told_at 32 @88 | volume 56 @32 | traded_at 32 @0
     word of a level: lots 88 @168 | firm lots 88 @80 | head 40 @40 | tail 40 @0
     Firm are the lots of orders that stay until they are cancelled; no more than all,
     so that adding is checked by the highest field. The mid is in units of 10**6 wei.
     The volume is that of the last minutes, as of the last fill: it shares a word with
     that fill's price, so that to count it takes no slot of its own.
@custom:spec specs/price_levels.py
"""

from . import grid
from . import packing

_LOW_24: constant(uint256) = 2**24 - 1
_LOW_32: constant(uint256) = 2**32 - 1
_LOW_40: constant(uint256) = 2**40 - 1
_LOW_56: constant(uint256) = 2**56 - 1
_LOW_88: constant(uint256) = 2**88 - 1
# Seconds in which a volume decays to nothing.
_DECAY: constant(uint256) = 300

# Where the bits of an instrument's word are, and of a level's.
_BID: constant(uint256) = 232
_ASK: constant(uint256) = 208
_LAST: constant(uint256) = 184
_TOLD_AT: constant(uint256) = 88
_VOLUME: constant(uint256) = 32
_LOTS: constant(uint256) = 168
_FIRM: constant(uint256) = 80
_HEAD: constant(uint256) = 40

# By the instrument's code.
tops: HashMap[uint256, uint256]
# By `code << 24 | price`.
levels: HashMap[uint256, uint256]
# By `code << 18 | layer << 16 | word`, layer 0 having one word, 1 having 256, and 2 one
# for each 256 prices.
index: HashMap[uint256, uint256]


@internal
def _append(
    code: uint256,
    is_buy: bool,
    number: uint256,
    order: uint256,
    lots: uint256,
    is_firm: bool,
) -> uint256:
    """
    @notice Add an order behind those that rest at a price, and return the one before
            it, 0 for none.
    """
    level: uint256 = self.levels[code << 24 | number]
    previous: uint256 = 0
    head: uint256 = order
    if level >> _LOTS == 0:
        self._mark(code, number)
        best: uint256 = self._best(code, is_buy)
        if best == 0 or (number > best) == is_buy:
            self._set_best(code, is_buy, number)
    else:
        previous = level & _LOW_40
        head = self._head(level)
    more: uint256 = lots << _LOTS
    if is_firm:
        more |= lots << _FIRM
    self.levels[code << 24 | number] = (
        ((level >> _FIRM << _FIRM) + more) | (head << _HEAD) | order
    )
    return previous


@internal
def _write(code: uint256, is_buy: bool, number: uint256, level: uint256):
    """
    @notice Write what is left of a level; one without orders is no price any more.
    """
    self.levels[code << 24 | number] = level
    if level >> _LOTS != 0:
        return
    self._unmark(code, number)
    if self._best(code, is_buy) == number:
        self._set_best(code, is_buy, self._next(code, number, not is_buy))


@internal
def _note_fills(code: uint256, number: uint256, lots: uint256, now: uint256):
    """
    @notice Note the price of an instrument's last fill, and add to its volume, which
            stays where its field ends.
    @param lots Of takers who came by themselves; 0 for those who were made to.
    """
    top: uint256 = self.tops[code]
    top = (top & ~(_LOW_24 << _LAST)) | (number << _LAST)
    if lots != 0:
        volume: uint256 = min(self._decay(top, now) + lots, _LOW_56)
        top = (top >> _TOLD_AT << _TOLD_AT) | (volume << _VOLUME) | now
    self.tops[code] = top


@internal
def _tell(code: uint256, mid: uint256, now: uint256):
    """
    @notice Note which mid was told, in units, and when.
    """
    rest: uint256 = self.tops[code] & ~((2**96 - 1) << _TOLD_AT)
    self.tops[code] = rest | (packing._fit(mid, 64) << 120) | (now << _TOLD_AT)


@internal
@view
def _next(code: uint256, number: uint256, is_up: bool) -> uint256:
    """
    @notice Return the price with orders next to a price, above or below; 0 for none.
    """
    word: uint256 = number >> 8
    bits: uint256 = self._beyond(
        self.index[code << 18 | 2 << 16 | word], number & 255, is_up
    )
    if bits == 0:
        part: uint256 = word >> 8
        bits = self._beyond(
            self.index[code << 18 | 1 << 16 | part], word & 255, is_up
        )
        if bits == 0:
            bits = self._beyond(self.index[code << 18], part, is_up)
            if bits == 0:
                return 0
            part = self._first(bits, is_up)
            bits = self.index[code << 18 | 1 << 16 | part]
        word = part << 8 | self._first(bits, is_up)
        bits = self.index[code << 18 | 2 << 16 | word]
    return word << 8 | self._first(bits, is_up)


@internal
@view
def _best(code: uint256, is_buy: bool) -> uint256:
    """
    @notice Return the best price of bids or asks; 0 for none.
    """
    if is_buy:
        return self.tops[code] >> _BID
    return (self.tops[code] >> _ASK) & _LOW_24


@internal
@view
def _last(code: uint256) -> uint256:
    """
    @notice Return the price of the last fill; 0 if there was none.
    """
    return (self.tops[code] >> _LAST) & _LOW_24


@internal
@view
def _told(code: uint256) -> (uint256, uint256):
    """
    @notice Return the mid that was told, in units, and when; zeros for none.
    """
    top: uint256 = self.tops[code]
    return packing._get(top, 120, 64), packing._get(top, _TOLD_AT, 32)


@internal
@view
def _volume(code: uint256, now: uint256) -> uint256:
    """
    @notice Return what is left of an instrument's volume, in lots.
    """
    return self._decay(self.tops[code], now)


@internal
@view
def _read(code: uint256, number: uint256) -> uint256:
    """
    @notice Return the word of a level, for the functions below.
    """
    return self.levels[code << 24 | number]


@internal
@pure
def _less(level: uint256, lots: uint256, is_firm: bool) -> uint256:
    """
    @notice Return a level with so many lots fewer.
    """
    fewer: uint256 = lots << _LOTS
    if is_firm:
        fewer |= lots << _FIRM
    return level - fewer


@internal
@pure
def _with_head(level: uint256, order: uint256) -> uint256:
    """
    @notice Return a level with another order first.
    """
    return packing._set(level, _HEAD, 40, order)


@internal
@pure
def _with_tail(level: uint256, order: uint256) -> uint256:
    """
    @notice Return a level with another order last.
    """
    return packing._set(level, 0, 40, order)


@internal
@pure
def _is_empty(level: uint256) -> bool:
    """
    @notice Return whether nothing rests at a level.
    """
    return level >> _LOTS == 0


@internal
@pure
def _firm(level: uint256) -> uint256:
    """
    @notice Return the lots at a level that stay until they are cancelled.
    """
    return (level >> _FIRM) & _LOW_88


@internal
@pure
def _head(level: uint256) -> uint256:
    """
    @notice Return the first order at a level at which something rests.
    """
    return (level >> _HEAD) & _LOW_40


@internal
@pure
def _tail(level: uint256) -> uint256:
    """
    @notice Return the last order at a level at which something rests.
    """
    return level & _LOW_40


@internal
@pure
def _decay(top: uint256, now: uint256) -> uint256:
    """
    @notice Return what is left of the volume in an instrument's word: it decays to
            nothing in a straight line, rounded down.
    """
    age: uint256 = now - (top & _LOW_32)
    if age >= _DECAY:
        return 0
    volume: uint256 = (top >> _VOLUME) & _LOW_56
    return volume * (_DECAY - age) // _DECAY


@internal
def _set_best(code: uint256, is_buy: bool, number: uint256):
    """
    @notice Set the best price of bids or asks.
    """
    place: uint256 = _ASK
    if is_buy:
        place = _BID
    self.tops[code] = packing._set(self.tops[code], place, 24, number)


@internal
def _mark(code: uint256, number: uint256):
    """
    @notice Set the bit of a price, and that of each word that had none.
    """
    key: uint256 = code << 18 | 2 << 16 | number >> 8
    bits: uint256 = self.index[key]
    self.index[key] = bits | (1 << (number & 255))
    if bits != 0:
        return
    key = code << 18 | 1 << 16 | number >> 16
    bits = self.index[key]
    self.index[key] = bits | (1 << ((number >> 8) & 255))
    if bits == 0:
        self.index[code << 18] |= 1 << (number >> 16)


@internal
def _unmark(code: uint256, number: uint256):
    """
    @notice Clear the bit of a price, and that of each word that has none left.
    """
    key: uint256 = code << 18 | 2 << 16 | number >> 8
    bits: uint256 = self.index[key] ^ (1 << (number & 255))
    self.index[key] = bits
    if bits != 0:
        return
    key = code << 18 | 1 << 16 | number >> 16
    bits = self.index[key] ^ (1 << ((number >> 8) & 255))
    self.index[key] = bits
    if bits == 0:
        self.index[code << 18] ^= 1 << (number >> 16)


@internal
@pure
def _beyond(bits: uint256, place: uint256, is_up: bool) -> uint256:
    """
    @notice Return the bits above a place, or those below it.
    """
    if is_up:
        above: uint256 = unsafe_add(place, 1)
        return bits >> above << above
    return bits & ((1 << place) - 1)


@internal
@pure
def _first(bits: uint256, is_up: bool) -> uint256:
    """
    @notice Return the place of the bit that comes first, upwards or downwards.
    """
    if is_up:
        return grid._low_bit(bits)
    return grid._top_bit(bits)
