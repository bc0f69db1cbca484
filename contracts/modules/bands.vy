# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Bands
@license Apache-2.0
@notice The prices at which a trade may be filled, now.
@dev Bands round inwards, lower limits up and upper ones down. One that is empty has
     its low above its high, and so lets nothing through.
@custom:spec specs/bands.py
"""

from . import fixed_point as fp

# Of a perpetual's fills around the mean mark, ppm.
MEAN_TOLERANCE: constant(uint256) = 100_000
# Of orders that may rest around where the market is, ppm.
LIMIT_TOLERANCE: constant(uint256) = 250_000
# Of a taker's fills around the best price that it finds, ppm.
TAKER_TOLERANCE: constant(uint256) = 30_000


@internal
@pure
def _around(price: uint256, tolerance: uint256) -> (uint256, uint256):
    """
    @notice Return `price` less and plus `tolerance` ppm of it, rounded inwards.
    @param price In wei.
    """
    return (
        fp._mul_div_up(price, fp.PPM - tolerance, fp.PPM),
        fp._mul_div_down(price, fp.PPM + tolerance, fp.PPM),
    )


@internal
@pure
def _perp_band(
    mark: uint256, mean_mark: uint256, tolerance: uint256
) -> (uint256, uint256):
    """
    @notice Return what is within 10 % of the mean mark and `tolerance` of the mark.
    @dev The mark is the slow price plus the mean basis, so that a price within
         `tolerance` of it has a premium within `tolerance` (times one plus the mean
         premium) of the mean premium.
    """
    low: uint256 = 0
    high: uint256 = 0
    low, high = self._around(mark, tolerance)
    mean_low: uint256 = 0
    mean_high: uint256 = 0
    mean_low, mean_high = self._around(mean_mark, MEAN_TOLERANCE)
    return max(low, mean_low), min(high, mean_high)
