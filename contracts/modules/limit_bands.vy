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
def _middle(bid: uint256, ask: uint256, last: uint256, oracle: uint256) -> uint256:
    """
    @notice Return where a market is: the median of best bid, best ask and last price,
            for each of which the oracle's stands in if there is none.
    @param bid In ticks, as the others; 0 for none.
    """
    low: uint256 = bid
    high: uint256 = ask
    middle: uint256 = last
    if bid == 0:
        low = oracle
    if ask == 0:
        high = oracle
    if last == 0:
        middle = oracle
    return max(min(low, high), min(max(low, high), middle))


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
