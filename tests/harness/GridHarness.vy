# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Grid, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/grid.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import grid


@external
@pure
def price(tick: uint256) -> uint256:
    return grid._price(tick)


@external
@pure
def prices(first: uint256) -> DynArray[uint256, 512]:
    found: DynArray[uint256, 512] = []
    for i: uint256 in range(512):
        found.append(grid._price(first + i))
    return found


@external
@pure
def down(price: uint256) -> uint256:
    return grid._down(price)


@external
@pure
def up(price: uint256) -> uint256:
    return grid._up(price)


@external
@pure
def top_bit(word: uint256) -> uint256:
    return grid._top_bit(word)


@external
@pure
def low_bit(word: uint256) -> uint256:
    return grid._low_bit(word)
