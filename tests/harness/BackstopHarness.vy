# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Backstop, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/backstop.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import backstop


@external
@pure
def compute_backstop_margin(maintenance_margin: int256, exposure: uint256) -> int256:
    return backstop._compute_backstop_margin(maintenance_margin, exposure)


@external
@pure
def is_open(equity: int256, maintenance_margin: int256, exposure: uint256) -> bool:
    return backstop._is_open(equity, maintenance_margin, exposure)


@external
@pure
def compute_unfunded(deficit: uint256, fund: uint256) -> uint256:
    return backstop._compute_unfunded(deficit, fund)


@external
@pure
def compute_discount(
    equity: int256, maintenance_margin: int256, exposure: uint256
) -> uint256:
    return backstop._compute_discount(equity, maintenance_margin, exposure)


@external
@pure
def compute_ratio(equity: int256, maintenance_margin: int256) -> uint256:
    return backstop._compute_ratio(equity, maintenance_margin)


@external
@pure
def compute_fraction(
    equity: int256, discount: uint256, legs: DynArray[backstop.Leg, 18]
) -> uint256:
    return backstop._compute_fraction(equity, discount, legs)


@external
@pure
def compute_account_price(
    mark: uint256, discount: uint256, is_selling: bool
) -> uint256:
    return backstop._compute_account_price(mark, discount, is_selling)


@external
@pure
def compute_provider_price(
    mark: uint256, discount: uint256, is_buying: bool
) -> uint256:
    return backstop._compute_provider_price(mark, discount, is_buying)


@external
@pure
def compute_allocation(
    total: uint256, capacity: uint256, capacities: uint256, rest: uint256
) -> uint256:
    return backstop._compute_allocation(total, capacity, capacities, rest)


@external
@pure
def compute_portion(allocation: uint256, exposure: uint256) -> uint256:
    return backstop._compute_portion(allocation, exposure)
