# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Funding, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/funding.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import funding


@external
@pure
def compute_rate(premium: int256, interval: uint256) -> int256:
    return funding._compute_rate(premium, interval)


@external
@pure
def advance(
    before: funding.Funding,
    interval: uint256,
    mark: uint256,
    premium: int256,
    now: uint256,
) -> funding.Funding:
    return funding._advance(before, interval, mark, premium, now)
