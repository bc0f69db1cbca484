# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Packing, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/packing.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import packing


@external
@pure
def get(word: uint256, offset: uint256, width: uint256) -> uint256:
    return packing._get(word, offset, width)


@external
@pure
def get_signed(word: uint256, offset: uint256, width: uint256) -> int256:
    return packing._get_signed(word, offset, width)


@external
@pure
def fit(amount: uint256, width: uint256) -> uint256:
    return packing._fit(amount, width)


@external
@pure
def fit_signed(amount: int256, width: uint256) -> uint256:
    return packing._fit_signed(amount, width)


@external
@pure
def set(word: uint256, offset: uint256, width: uint256, amount: uint256) -> uint256:
    return packing._set(word, offset, width, amount)


@external
@pure
def insert(entries: uint256, number: uint256) -> (uint256, bool):
    return packing._insert(entries, number)


@external
@pure
def remove(entries: uint256, number: uint256) -> uint256:
    return packing._remove(entries, number)
