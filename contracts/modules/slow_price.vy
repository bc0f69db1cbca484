# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Slow price
@license Apache-2.0
@notice Each asset's two prices: the fast one is the index as published, the slow one
        follows it by a limited step a second, so that a spike of a few seconds moves
        nobody's margin far.
@dev Prices are stored in units of 10**6 wei. The step is rounded down, so the slow
     price never moves faster than allowed; that of an asset below 4e-10 USDC would not
     move at all in one second. The seconds are those since the last update, whether it
     counted or not (`outage.vy`): what an outage lasted gives no room for a step.

     word of an asset: slow 80 | fast 80 | time 32 | max_step 14 | spot_tolerance 18
                       | markets 32 (a list of packing.vy, of four)
@custom:spec specs/slow_price.py
"""

from . import errors
from . import fixed_point as fp
from . import packing

MAX_ASSET: constant(uint256) = 31
MAX_STEP: constant(uint256) = 10_000  # ppm per second
MAX_SPOT_TOLERANCE: constant(uint256) = 200_000  # ppm
_MAX_MARKETS: constant(uint256) = 4

_words: HashMap[uint256, uint256]


@internal
def _list(asset: uint256, max_step: uint256, spot_tolerance: uint256):
    """
    @notice List an asset without a price. 0 is USDC, whose price is 1 by definition.
    @param max_step Of the slow price, ppm per second.
    @param spot_tolerance Of fills around the slow price, ppm.
    """
    assert asset != 0, errors.OUT_OF_BOUNDS
    assert asset <= MAX_ASSET, errors.OUT_OF_BOUNDS
    assert max_step != 0, errors.OUT_OF_BOUNDS
    assert max_step <= MAX_STEP, errors.OUT_OF_BOUNDS
    assert spot_tolerance != 0, errors.OUT_OF_BOUNDS
    assert spot_tolerance <= MAX_SPOT_TOLERANCE, errors.OUT_OF_BOUNDS
    assert self._words[asset] == 0, errors.ALREADY_LISTED
    self._words[asset] = max_step << 50 | spot_tolerance << 32


@internal
def _attach(asset: uint256, market: uint256):
    """
    @notice Have `market` follow the slow price of `asset`.
    """
    word: uint256 = self._words[asset]
    assert word != 0, errors.UNKNOWN_ASSET
    markets: uint256 = packing._insert(self._markets(word), market)[0]
    assert markets >> (8 * _MAX_MARKETS) == 0, errors.TOO_MANY_MARKETS
    self._words[asset] = packing._set(word, 0, 32, markets)


@internal
def _update(
    asset: uint256, fast: uint256, seconds: uint256
) -> (uint256, uint256, uint256):
    """
    @notice Take over a new fast price and let the slow one follow; the first one jumps.
    @param fast In units.
    @param seconds For which the slow price may step.
    @return Slow price before and after, in units, and the list of the markets on it.
    """
    word: uint256 = self._words[asset]
    before: uint256 = self._slow(word)
    after: uint256 = fast
    if self._time(word) != 0:
        after = self._follow(before, fast, self._max_step(word), seconds)

    self._words[asset] = (after << 176 | fast << 96 | block.timestamp << 64) | (
        word & (2**64 - 1)
    )
    return before, after, self._markets(word)


@internal
@pure
def _follow(
    slow: uint256, fast: uint256, max_step: uint256, seconds: uint256
) -> uint256:
    """
    @notice Return the price nearest to `fast` within a step from `slow` that is
            `max_step` ppm of it for each second, rounded down; all in units.
    """
    step: uint256 = fp._mul_div_down(slow, max_step * seconds, fp.PPM)
    if fast > slow:
        return min(fast, slow + step)
    return max(fast, slow - min(step, slow))


@internal
@view
def _is_listed(asset: uint256) -> bool:
    """
    @notice Return whether `asset` is listed.
    """
    return self._words[asset] != 0


@internal
@view
def _read(asset: uint256) -> uint256:
    """
    @notice Return the word of `asset`, for the accessors below; 0 if not listed.
    """
    return self._words[asset]


@internal
@pure
def _slow(word: uint256) -> uint256:
    """
    @notice Return the slow price in units.
    """
    return word >> 176


@internal
@pure
def _fast(word: uint256) -> uint256:
    """
    @notice Return the fast price in units.
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
def _max_step(word: uint256) -> uint256:
    """
    @notice Return the greatest step of the slow price, ppm per second.
    """
    return packing._get(word, 50, 14)


@internal
@pure
def _spot_tolerance(word: uint256) -> uint256:
    """
    @notice Return the tolerance of spot fills around the slow price, ppm.
    """
    return packing._get(word, 32, 18)


@internal
@pure
def _markets(word: uint256) -> uint256:
    """
    @notice Return the list of the markets on this asset.
    """
    return word & (2**32 - 1)
