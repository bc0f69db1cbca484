# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Mark price
@license Apache-2.0
@notice Each perpetual market's mark: the slow price of its asset plus an exponential
        mean of the basis, of which every update adds the average since the last one.
@dev The mean's memory is the mark less the slow price of the last update: both are
     stored anyway, so it keeps to the bound too. Means round towards 0 and never leave
     the range between their old value and their sample; the bound rounds inwards.

     Prices are in units of 10**6 wei.
     word of a market: mark 80 | mean_mark 80 | time 32 | asset 8 | period 16
                       | bound 16 | tolerance 24
@custom:spec specs/mark_price.py
"""

from . import book_basis
from . import decay
from . import errors
from . import fixed_point as fp
from . import packing

uses: book_basis

MAX_MARKET: constant(uint256) = 31
MIN_PERIOD: constant(uint256) = 60  # seconds
MAX_PERIOD: constant(uint256) = 300  # seconds
MAX_BOUND: constant(uint256) = 50_000  # ppm
MAX_TOLERANCE: constant(uint256) = 100_000  # ppm

# Period of the mean mark, for the bands; in seconds.
_MEAN_PERIOD: constant(uint256) = 300

_words: HashMap[uint256, uint256]

# Decays found in this transaction, by time and period: markets share them.
_decays: transient(HashMap[uint256, uint256])


@internal
def _list(
    market: uint256, asset: uint256, period: uint256, bound: uint256, tolerance: uint256
):
    """
    @notice List a market on the slow price of `asset`, without a mark.
    @param period Of the basis' mean, in seconds.
    @param bound Of the mark around the slow price, ppm.
    @param tolerance Of fills around the mark, ppm.
    """
    assert market <= MAX_MARKET, errors.OUT_OF_BOUNDS
    assert period >= MIN_PERIOD, errors.OUT_OF_BOUNDS
    assert period <= MAX_PERIOD, errors.OUT_OF_BOUNDS
    assert bound != 0, errors.OUT_OF_BOUNDS
    assert bound <= MAX_BOUND, errors.OUT_OF_BOUNDS
    assert tolerance != 0, errors.OUT_OF_BOUNDS
    assert tolerance <= MAX_TOLERANCE, errors.OUT_OF_BOUNDS
    assert self._words[market] == 0, errors.ALREADY_LISTED
    self._words[market] = (asset << 56 | period << 40) | (bound << 24 | tolerance)


@internal
def _update(market: uint256, before: uint256, slow: uint256) -> (uint256, uint256):
    """
    @notice Let the mark follow a new slow price.
    @param before Slow price that has held since the last update, in units.
    @param slow The new one.
    @return Mark and mean mark, in units.
    """
    word: uint256 = self._words[market]
    mark: uint256 = slow
    mean: uint256 = slow
    if self._time(word) != 0:
        time: uint256 = self._time(word)
        seconds: uint256 = block.timestamp - time
        basis: int256 = self._approach(
            convert(self._mark(word), int256) - convert(before, int256),
            book_basis._take_average(market, before, self._bound(word), time),
            self._decay_down(seconds, self._period(word)),
        )
        basis = book_basis._within(basis, slow, self._bound(word))
        mark = convert(convert(slow, int256) + basis, uint256)
        mean = convert(
            self._approach(
                convert(self._mean_mark(word), int256),
                convert(mark, int256),
                self._decay_down(seconds, _MEAN_PERIOD),
            ),
            uint256,
        )

    self._words[market] = (mark << 176 | mean << 96 | block.timestamp << 64) | (
        word & (2**64 - 1)
    )
    return mark, mean


@internal
def _decay_down(seconds: uint256, period: uint256) -> uint256:
    """
    @notice Return what is left of a mean in WAD, rounded down, found once in a
            transaction. A pure function is as good from a transaction's memory.
    """
    place: uint256 = seconds << 16 | period
    found: uint256 = self._decays[place]
    if found == 0:
        found = decay._decay_down(seconds, period)
        self._decays[place] = found
    return found


@internal
@pure
def _approach(mean: int256, sample: int256, remainder: uint256) -> int256:
    """
    @notice Return `mean` moved towards `sample` by 1 - `remainder` of the way, the way
            rounded towards 0.
    @param remainder WAD, at most 1.
    """
    way: int256 = convert(fp.WAD - remainder, int256)
    return mean + (sample - mean) * way // convert(fp.WAD, int256)


@internal
@pure
def _premium(mark: uint256, slow: uint256) -> int256:
    """
    @notice Return (mark - slow)/slow in WAD, rounded towards 0; 0 without a price.
    """
    if slow == 0:
        return 0
    distance: int256 = convert(mark, int256) - convert(slow, int256)
    return distance * convert(fp.WAD, int256) // convert(slow, int256)


@internal
@view
def _read(market: uint256) -> uint256:
    """
    @notice Return the word of `market`, for the accessors below; 0 if not listed.
    """
    return self._words[market]


@internal
@pure
def _mark(word: uint256) -> uint256:
    """
    @notice Return the mark in units.
    """
    return word >> 176


@internal
@pure
def _mean_mark(word: uint256) -> uint256:
    """
    @notice Return the mean mark in units.
    """
    return packing._get(word, 96, 80)


@internal
@pure
def _time(word: uint256) -> uint256:
    """
    @notice Return the block timestamp of the last update, 0 for none.
    """
    return packing._get(word, 64, 32)


@internal
@pure
def _asset(word: uint256) -> uint256:
    """
    @notice Return the asset under the market.
    """
    return packing._get(word, 56, 8)


@internal
@pure
def _period(word: uint256) -> uint256:
    """
    @notice Return the period of the basis' mean in seconds.
    """
    return packing._get(word, 40, 16)


@internal
@pure
def _bound(word: uint256) -> uint256:
    """
    @notice Return the bound of the mark around the slow price, ppm.
    """
    return packing._get(word, 24, 16)


@internal
@pure
def _tolerance(word: uint256) -> uint256:
    """
    @notice Return the tolerance of fills around the mark, ppm.
    """
    return packing._get(word, 0, 24)
