# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Slices, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/slices.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import backstop
from contracts.modules import slices


@external
@pure
def compute_end(legs: DynArray[backstop.Leg, 18]) -> uint256:
    return slices._compute_end(legs)


@external
@pure
def compute_ratio(
    equity: int256, maintenance_margin: int256, leg: backstop.Leg, borrowed: uint256
) -> uint256:
    return slices._compute_ratio(equity, maintenance_margin, leg, borrowed)


@external
@pure
def compute_limit(mark: uint256, ratio: uint256, is_buy: bool) -> uint256:
    return slices._compute_limit(mark, ratio, is_buy)


@external
@pure
def compute_fee_rate(ratio: uint256) -> uint256:
    return slices._compute_fee_rate(ratio)


@external
@pure
def compute_parts(
    equity: int256,
    cost: uint256,
    legs: DynArray[backstop.Leg, 18],
    leg: backstop.Leg,
) -> uint256:
    return slices._compute_parts(equity, cost, legs, leg)


@external
@pure
def is_improved(
    old_equity: int256, old_margin: int256, new_equity: int256, new_margin: int256
) -> bool:
    return slices._is_improved(old_equity, old_margin, new_equity, new_margin)


@external
@pure
def compute_most(held: uint256, parts: uint256, least: uint256) -> uint256:
    return slices._compute_most(held, parts, least)
