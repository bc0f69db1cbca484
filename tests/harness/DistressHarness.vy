# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Distress, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/distress.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import distress



@external
@pure
def flag(word: uint256, now: uint256) -> uint256:
    return distress._flag(word, now)


@external
@pure
def slice_now(word: uint256, now: uint256) -> uint256:
    return distress._slice(word, now)


@external
@pure
def was_due(word: uint256, priced_at: uint256, now: uint256) -> bool:
    return distress._was_due(word, priced_at, now)


@external
@pure
def is_going_on(word: uint256, now: uint256) -> bool:
    return distress._is_going_on(word, now)
