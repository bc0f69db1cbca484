# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Book basis
@license Apache-2.0
@notice What each market's book says of its basis: the integral over time of its impact
        mid less the slow price, each mid weighted by how long it held.
@dev Between two updates the slow price stands still, so a mid's basis does too. The
     bound around the slow price holds for every mid before it counts: one absurd mid
     weighs no more than one at the bound. No book and an empty one count as a basis of
     0. Averages round towards 0, the bound inwards.

     A mid holds until the next one, and no longer than its book vouches for it: the
     orders that make it may expire. A book that has said nothing for `MAX_HOLD` is no
     book, and `MAX_GAP` after an update nobody knows the price that a mid should be
     held against. So an integral is below 2**80 * 5 % * 60 s < 2**82 in size.

     Prices are in units of 10**6 wei.
     word of a book: mid 80 | mid_since 32 | mid_until 32 | integral 112, signed
@custom:spec specs/book_basis.py
"""

from . import errors
from . import fixed_point as fp
from . import outage
from . import packing

MAX_HOLD: constant(uint256) = 300  # seconds

_words: HashMap[uint256, uint256]

# Who may report the mid of each market; the zero address for nobody.
book_of: public(HashMap[uint256, address])


@internal
def _observe(
    market: uint256,
    mid: uint256,
    until: uint256,
    slow: uint256,
    bound: uint256,
    time: uint256,
) -> uint256:
    """
    @notice Take note that `mid` holds from now on, and return until when at most.
    @param mid In units, 0 for an empty book.
    @param until Block timestamp from which on the book can't say so any more, not
           before now; if it is later than in `MAX_HOLD`, that counts.
    @param slow Price that has held since the market's last update, in units.
    @param bound Of the basis, ppm of `slow`.
    @param time Of the last update, 0 for none: nothing counts before the first.
    """
    assert mid >> 80 == 0, errors.PRICE_OUT_OF_RANGE
    assert until >= block.timestamp, errors.OUT_OF_BOUNDS
    end: uint256 = min(until, block.timestamp + MAX_HOLD)
    integral: int256 = 0
    if time != 0:
        integral = self._integrate(self._words[market], slow, bound, time)
    self._words[market] = (mid << 176 | block.timestamp << 144) | (
        end << 112 | packing._fit_signed(integral, 112)
    )
    return end


@internal
def _take_average(
    market: uint256, slow: uint256, bound: uint256, time: uint256
) -> int256:
    """
    @notice Return the average basis since `time`, which is not now, in units, rounded
            towards 0, and begin the next average.
    """
    word: uint256 = self._words[market]
    if word == 0:
        return 0

    integral: int256 = self._integrate(word, slow, bound, time)
    if self._integral(word) != 0:
        self._words[market] = word >> 112 << 112
    return integral // convert(block.timestamp - time, int256)


@internal
@view
def _integrate(word: uint256, slow: uint256, bound: uint256, time: uint256) -> int256:
    """
    @notice Return the integral of the basis from `time` to now, in units times seconds:
            what is stored and what the mid that holds, or held last, adds.
    """
    integral: int256 = self._integral(word)
    mid: uint256 = self._mid(word)
    begin: uint256 = max(self._mid_since(word), time)
    end: uint256 = min(self._mid_until(word), time + outage.MAX_GAP)
    end = min(end, block.timestamp)
    if mid != 0 and begin < end:
        held: int256 = convert(end - begin, int256)
        distance: int256 = convert(mid, int256) - convert(slow, int256)
        integral += held * self._within(distance, slow, bound)
    return integral


@internal
@pure
def _within(distance: int256, slow: uint256, bound: uint256) -> int256:
    """
    @notice Return what is nearest to `distance` within `bound` ppm of `slow`, rounded
            down, of 0.
    """
    limit: int256 = convert(fp._mul_div_down(slow, bound, fp.PPM), int256)
    return min(max(distance, -limit), limit)


@internal
@view
def _read(market: uint256) -> uint256:
    """
    @notice Return the word of the book of `market`, for the accessors below.
    """
    return self._words[market]


@internal
@pure
def _mid(word: uint256) -> uint256:
    """
    @notice Return the mid of the last observation in units, 0 for an empty book.
    """
    return word >> 176


@internal
@pure
def _mid_since(word: uint256) -> uint256:
    """
    @notice Return the block timestamp since which the mid holds.
    """
    return packing._get(word, 144, 32)


@internal
@pure
def _mid_until(word: uint256) -> uint256:
    """
    @notice Return the block timestamp from which on the mid holds no more.
    """
    return packing._get(word, 112, 32)


@internal
@pure
def _integral(word: uint256) -> int256:
    """
    @notice Return the integral of the basis since the last update without the mid that
            holds, in units times seconds.
    """
    return packing._get_signed(word, 0, 112)
