# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Volatility, exposed
@license Apache-2.0
@notice Lets a test call the pure function of `modules/volatility.vy`, with the decay
        that the oracle gives it.
@dev Never deployed outside of tests.
"""

from contracts.modules import decay
from contracts.modules import volatility

initializes: volatility


@external
@pure
def follow_up(
    variance: uint256, before: uint256, fast: uint256, seconds: uint256
) -> uint256:
    return volatility._follow_up(
        variance,
        before,
        fast,
        seconds,
        decay._decay_down(seconds, volatility.PERIOD),
    )
