# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Open orders, exposed
@license Apache-2.0
@notice Lets a test call the pure functions of `modules/open_orders.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import open_orders
from contracts.modules import state

initializes: state
initializes: open_orders[state := state]


@external
@pure
def worst_lots(held: int256, word: uint256) -> uint256:
    return open_orders._worst_lots(held, word)


@external
@pure
def bid_cost(bids: uint256, high: uint256) -> uint256:
    return open_orders._bid_cost(bids, high)


# A loss at a weight of 0.95, whatever the size.
@external
@pure
def bid_loss(
    bids: uint256, held: uint256, owed: uint256, low: uint256, high: uint256
) -> uint256:
    return open_orders._bid_loss(bids, held, owed, low, high, 950_000, 0)


@external
@pure
def ask_debt(asks: uint256, held: uint256, owed: uint256, high: uint256) -> uint256:
    return open_orders._ask_debt(asks, held, owed, high)


# At a weight that is the same for any size.
@external
@pure
def counted(held: uint256, price: uint256, weight: uint256) -> uint256:
    return open_orders._counted(held, price, weight, 0)
