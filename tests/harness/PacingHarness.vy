# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Pacing, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/pacing.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import pacing

initializes: pacing


@external
@pure
def compute_due(word: uint256, now: uint256) -> uint256:
    return pacing._compute_due(word, now)


@external
@pure
def compute_size(
    held: uint256, due: uint256, unit: uint256, volume: uint256, most: uint256
) -> uint256:
    return pacing._compute_size(held, due, unit, volume, most)


@external
@pure
def note(
    word: uint256, asked: uint256, filled: uint256, is_exhausted: bool, now: uint256
) -> uint256:
    return pacing._note(word, asked, filled, is_exhausted, now)


@external
@pure
def has_failed(word: uint256) -> bool:
    return pacing._has_failed(word)


@external
@pure
def is_open(failed_at: uint256, now: uint256) -> bool:
    return pacing._is_open(failed_at, now)
