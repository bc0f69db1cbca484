# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Deleveraging, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/deleveraging.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import deleveraging
from contracts.modules import state

initializes: state
initializes: deleveraging[state := state]


@external
@pure
def compute_price(
    mark: uint256,
    is_selling: bool,
    discount: uint256,
    loss: uint256,
    notional: uint256,
    bound: uint256,
) -> uint256:
    return deleveraging._compute_price(
        mark, is_selling, discount, loss, notional, bound
    )


@external
@pure
def limit_to_index(price: uint256, mark: uint256, index: uint256) -> uint256:
    return deleveraging._limit_to_index(price, mark, index)
