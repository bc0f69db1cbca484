# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Limit bands
@license Apache-2.0
@notice Which prices an order may rest at, and which a taker may be filled at, as far as
        the book itself says.
@custom:spec specs/limit_bands.py
"""

from . import bands
from . import errors


@internal
@pure
def _middle_down(
    bid: uint256,
    ask: uint256,
    last: uint256,
    low: uint256,
    high: uint256,
    tick: uint256,
) -> uint256:
    """
    @notice Return where a market is, in ticks: the median of best bid, best ask and
            last price, as far as they are known; the mean of two and the middle of the
            oracle's band, which counts if none is known, are rounded down.
    @param bid In ticks, as the next two; 0 for none.
    @param low Of the oracle's band, WAD.
    """
    if bid != 0 and ask != 0:
        if last == 0:
            return (bid + ask) // 2
        # A bid is below an ask.
        return min(max(bid, last), ask)
    # One of these is 0.
    best: uint256 = bid + ask
    if best != 0 and last != 0:
        return (best + last) // 2
    if best + last != 0:
        return best + last
    return (low + high) // 2 // tick


@internal
@pure
def _check(number: uint256, middle: uint256, tick: uint256):
    """
    @notice Refuse a price for an order that may rest more than 25 % from where the
            market is.
    """
    low: uint256 = 0
    high: uint256 = 0
    low, high = bands._around(middle * tick, bands.LIMIT_TOLERANCE)
    price: uint256 = number * tick
    assert low <= price and price <= high, errors.PRICE_OUT_OF_BAND


@internal
@pure
def _narrow(
    low: uint256, high: uint256, best: uint256, tick: uint256
) -> (uint256, uint256):
    """
    @notice Return the prices of a band that are within 3 % of the best one, too.
    """
    near_low: uint256 = 0
    near_high: uint256 = 0
    near_low, near_high = bands._around(best * tick, bands.TAKER_TOLERANCE)
    return max(low, near_low), min(high, near_high)
