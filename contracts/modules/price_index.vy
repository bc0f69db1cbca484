# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Price index
@license Apache-2.0
@notice One price out of several publishers' prices: their median M, each clamped to
        M * (1 +/- 1 %), and the weighted mean of what results: the fast price.
@dev A publisher who is far off pulls the index by at most one percent times its share
     of the weight, where a quorum agrees: see `_combine_down`. Prices inside are whole
     units of 10**6 wei or wei, as said; every clamped price lies between the lowest and
     the highest, and so does the mean.
@custom:spec specs/price_index.py
"""

from . import errors
from . import fixed_point as fp

UNIT: constant(uint256) = 10**6  # wei of a stored price

# In units. A mark is at most 5 % above its index, so both fit 80 bits.
MAX_PRICE: constant(uint256) = 2**79 - 1

_CLAMP: constant(uint256) = 10_000  # ppm


@internal
@pure
def _check_price(price: uint256):
    """
    @notice Refuse a price in wei that is zero, or not to be stored, in whole units.
    """
    units: uint256 = self._to_units_down(price)
    assert units != 0, errors.PRICE_OUT_OF_RANGE
    assert units <= MAX_PRICE, errors.PRICE_OUT_OF_RANGE


@internal
@pure
def _to_units_down(price: uint256) -> uint256:
    """
    @notice Return a price in wei as whole units, rounded down.
    """
    return price // UNIT


@internal
@pure
def _combine_down(
    prices: DynArray[uint256, 16], weights: DynArray[uint256, 16], quorum: uint256
) -> uint256:
    """
    @notice Return the fast price in units, rounded down; 0 if fewer than `quorum` of
            the prices are within the clamp of their median.
    @dev Of two prices the median is their mean, which either can drag anywhere. Only
         where a quorum agrees does nobody short of a quorum choose the price.
    @param prices In wei, at least one.
    @param weights One for each price, all positive.
    """
    middle: uint256 = self._median_down(prices)
    low: uint256 = fp._mul_div_up(middle, fp.PPM - _CLAMP, fp.PPM)
    high: uint256 = fp._mul_div_down(middle, fp.PPM + _CLAMP, fp.PPM)

    agreeing: uint256 = 0
    weighted: uint256 = 0
    total: uint256 = 0
    for i: uint256 in range(len(prices), bound=16):
        clamped: uint256 = min(max(prices[i], low), high)
        if clamped == prices[i]:
            agreeing += 1
        weighted += weights[i] * clamped
        total += weights[i]
    if agreeing < quorum:
        return 0
    return weighted // (total * UNIT)


@internal
@pure
def _median_down(prices: DynArray[uint256, 16]) -> uint256:
    """
    @notice Return the middle one of the prices in wei, or the mean of the two middle
            ones, rounded down.
    """
    ascending: DynArray[uint256, 16] = []
    for price: uint256 in prices:
        ascending.append(price)
        place: uint256 = len(ascending) - 1
        for _: uint256 in range(15):
            if place == 0 or ascending[place - 1] <= price:
                break
            ascending[place] = ascending[place - 1]
            place -= 1
        ascending[place] = price

    count: uint256 = len(ascending)
    return (ascending[(count - 1) // 2] + ascending[count // 2]) // 2
