# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Listings
@license Apache-2.0
@notice How each instrument is traded on the book, and which orders for it there can be.
@dev Prices on the book are numbers of ticks, sizes are lots.
     word of a listing: max_spread 20 @112 | impact 32 @80 | min_lots 32 @48
                        | lot_exponent 8 @40 | tick 40 @0
     with the tick in units of 10**6 wei and the impact in whole USDC.
@custom:spec specs/listings.py
"""

from ..interfaces import IOrderBook
from . import errors
from . import fixed_point as fp
from . import instruments
from . import packing
from . import perpetual
from . import price_index

# The highest price, in ticks.
MAX_NUMBER: constant(uint256) = 2**24 - 1
# Resting orders that one call visits at most.
MAX_VISITS: constant(uint256) = 32
# What `packing` fits into an order's word.
MAX_EXPIRY: constant(uint256) = 2**32 - 1
# Exponents of the size of a lot.
MIN_EXPONENT: constant(uint256) = 12
MAX_EXPONENT: constant(uint256) = 30

# What becomes of what is not filled at once.
LIMIT: constant(uint256) = 0
IOC: constant(uint256) = 1
FOK: constant(uint256) = 2
POST_ONLY: constant(uint256) = 3
# Which of two orders of one owner goes when they meet.
CANCEL_NEWEST: constant(uint256) = 0
CANCEL_OLDEST: constant(uint256) = 1

# Instruments have codes below this.
_CODES: constant(uint256) = 2 * instruments.MAX_LISTED

# By code; 0 if it is not listed.
words: HashMap[uint256, uint256]


@internal
def _list(instrument: uint256, terms: IOrderBook.Listing):
    """
    @notice List an instrument for good; refuse what can't be stored or makes no sense.
    """
    code: uint256 = self._code(instrument)
    assert code < _CODES, errors.OUT_OF_BOUNDS
    assert code != instruments.MAX_LISTED, errors.UNKNOWN_ASSET
    tick: uint256 = price_index._to_units_down(terms.tick)
    impact: uint256 = terms.impact // fp.WAD
    # One refusal for all: each takes its room in the code.
    assert (
        tick * price_index.UNIT == terms.tick
        and tick != 0
        and tick >> 40 == 0
        and MIN_EXPONENT <= terms.lot_exponent
        and terms.lot_exponent <= MAX_EXPONENT
        and terms.min_lots != 0
        and terms.min_lots >> 32 == 0
        and impact * fp.WAD == terms.impact
        and impact != 0
        and impact >> 32 == 0
        and terms.max_spread != 0
        and terms.max_spread >> 20 == 0
    ), errors.OUT_OF_BOUNDS
    assert self.words[code] == 0, errors.ALREADY_LISTED

    self.words[code] = (
        (terms.max_spread << 112)
        | (impact << 80)
        | (terms.min_lots << 48)
        | (terms.lot_exponent << 40)
        | tick
    )


@internal
@pure
def _check(
    listing: uint256,
    placement: IOrderBook.Placement,
    max_fills: uint256,
    now: uint256,
) -> uint256:
    """
    @notice Refuse an order that can't be; return its price in ticks.
    """
    self._check_size(placement.lots, max_fills)
    assert (
        placement.lots >= self._min_lots(listing) or placement.is_reduce_only
    ), errors.SIZE_TOO_SMALL
    tick: uint256 = self._tick(listing)
    # A tick is not 0, and so many of them are no more than the price.
    number: uint256 = unsafe_div(placement.price, tick)
    assert unsafe_mul(number, tick) == placement.price, errors.NOT_ON_TICK
    assert number != 0 and number <= MAX_NUMBER, errors.PRICE_OUT_OF_RANGE
    assert (
        placement.kind <= POST_ONLY
        and placement.self_trade <= CANCEL_OLDEST
        and placement.expiry <= MAX_EXPIRY
    ), errors.OUT_OF_BOUNDS
    assert placement.expiry == 0 or placement.expiry >= now, errors.ORDER_EXPIRED
    return number


@internal
@pure
def _check_size(lots: uint256, max_fills: uint256):
    """
    @notice Refuse to fill so much, or to visit so many.
    """
    assert lots != 0, errors.ZERO_AMOUNT
    assert lots <= perpetual.MAX_LOTS, errors.AMOUNT_TOO_LARGE
    assert max_fills <= MAX_VISITS, errors.OUT_OF_BOUNDS


@internal
@pure
def _code(instrument: uint256) -> uint256:
    """
    @notice Return the code of an instrument; `_CODES`, which is never listed, if there
            can be none.
    """
    if instrument < instruments.MAX_LISTED:
        return instrument
    if instrument < instruments.SPOT:
        return _CODES
    return min(instruments._code(instrument), _CODES)


@internal
@view
def _read(code: uint256) -> uint256:
    """
    @notice Return the word of a listing, for the accessors below; refuse what is not
            listed.
    """
    word: uint256 = self.words[code]
    assert word != 0, errors.UNKNOWN_INSTRUMENT
    return word


@internal
@pure
def _tick(word: uint256) -> uint256:
    """
    @notice Return the price of one tick, WAD USDC.
    """
    return packing._get(word, 0, 40) * price_index.UNIT


@internal
@pure
def _exponent(word: uint256) -> uint256:
    """
    @notice Return the exponent of the base units in a lot.
    """
    return packing._get(word, 40, 8)


@internal
@pure
def _min_lots(word: uint256) -> uint256:
    """
    @notice Return the smallest order that may rest.
    """
    return packing._get(word, 48, 32)


@internal
@pure
def _impact(word: uint256) -> uint256:
    """
    @notice Return the notional whose price on each side makes the mid, WAD USDC.
    """
    return packing._get(word, 80, 32) * fp.WAD


@internal
@pure
def _max_spread(word: uint256) -> uint256:
    """
    @notice Return what both sides may be apart, ppm of the mid.
    """
    return packing._get(word, 112, 20)


@internal
@pure
def _scale(code: uint256, word: uint256) -> uint256:
    """
    @notice Return what a lot is to the Clearinghouse: one, or its WAD of a spot asset.
    """
    if code < instruments.MAX_LISTED:
        return 1
    return 10 ** self._exponent(word)


@internal
@pure
def _to_lots_down(size: uint256, scale: uint256) -> uint256:
    """
    @notice Return the whole lots in a size of the Clearinghouse.
    """
    return size // scale


@internal
@pure
def _to_lots_up(size: uint256, scale: uint256) -> uint256:
    """
    @notice Return a size of the Clearinghouse in lots, a part of one as a whole one.
    """
    return fp._mul_div_up(size, 1, scale)
