# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Tick set, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/tick_set.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import state
from contracts.modules import tick_set

initializes: state
initializes: tick_set[state := state]
exports: (
    state.market_cursor,
    state.market_growth,
    state.market_size,
    state.market_winners,
    state.tick_growth,
    state.tick_map,
    state.tick_size,
)


@external
def set_open_interest(market: uint256, lots: uint256):
    word: uint256 = state.market_size[market]
    state.market_size[market] = word >> 64 << 64 | lots


@external
def set_growth(market: uint256, tick: uint256, word: uint256, sums: uint256):
    state.tick_growth[market][tick] = word
    state.market_growth[market] = sums


@external
def change(market: uint256, tick: uint256, is_long: bool, lots: int256):
    tick_set._change(market, tick, is_long, lots)


@external
def book(market: uint256, lend_weight: uint256, borrow_weight: uint256):
    tick_set._book(market, lend_weight, borrow_weight)


@external
def cross(market: uint256, target: uint256, limit: uint256) -> (uint256, uint256):
    return tick_set._cross(market, target, limit)


@external
@view
def earned(
    market: uint256,
    tick: uint256,
    is_long: bool,
    lend_weight: uint256,
    borrow_weight: uint256,
) -> (uint256, uint256):
    return tick_set._earned(market, tick, is_long, lend_weight, borrow_weight)


@external
@pure
def difference(later: uint256, earlier: uint256) -> int256:
    return tick_set._difference(later, earlier)


@external
@view
def gains(market: uint256, exponent: uint256) -> (uint256, uint256):
    return tick_set._gains(market, exponent)


@external
@view
def cursor(market: uint256) -> uint256:
    return tick_set._cursor(market)
