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
def _check(price: uint256, middle: uint256, low: uint256, high: uint256):
    """
    @notice Refuse a price for an order that may rest more than 25 % from where the
            market is, which is taken to be within the oracle's band.
    @param middle Where the book says that it is.
    """
    least: uint256 = 0
    most: uint256 = 0
    least, most = bands._around(
        min(max(middle, low), high), bands.LIMIT_TOLERANCE
    )
    assert least <= price and price <= most, errors.PRICE_OUT_OF_BAND


@internal
@pure
def _is_too_good(is_buy: bool, price: uint256, low: uint256, high: uint256) -> bool:
    """
    @notice Return whether nobody could fill an order at a price, for the oracle's band
            forbids it.
    """
    if is_buy:
        return price > high
    return price < low


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
