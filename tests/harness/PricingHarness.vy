# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Pricing, exposed
@license Apache-2.0
@notice Lets a test call the pure functions of the oracle's modules.
@dev Never deployed outside of tests.
"""

from contracts.modules import bands
from contracts.modules import decay
from contracts.modules import price_index
from contracts.modules import slow_price

initializes: slow_price


@external
@pure
def median_down(prices: DynArray[uint256, 16]) -> uint256:
    return price_index._median_down(prices)


@external
@pure
def combine_down(
    prices: DynArray[uint256, 16], weights: DynArray[uint256, 16]
) -> uint256:
    return price_index._combine_down(prices, weights, 0)


@external
@pure
def follow(slow: uint256, fast: uint256, max_step: uint256, seconds: uint256) -> uint256:
    return slow_price._follow(slow, fast, max_step, seconds)


@external
@pure
def decay_down(seconds: uint256, period: uint256) -> uint256:
    return decay._decay_down(seconds, period)


@external
@pure
def around(price: uint256, tolerance: uint256) -> (uint256, uint256):
    return bands._around(price, tolerance)


@external
@pure
def perp_band(
    mark: uint256, mean_mark: uint256, tolerance: uint256
) -> (uint256, uint256):
    return bands._perp_band(mark, mean_mark, tolerance)
