# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Price levels, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/price_levels.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import price_levels

initializes: price_levels


@external
@pure
def decay(top: uint256, now: uint256) -> uint256:
    return price_levels._decay(top, now)
