# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Decay
@license Apache-2.0
@notice What is left of an exponential mean after some time: exp(-seconds/period).
@dev The sum of x**k / k! is taken at 36 decimals; all its terms are positive, so each
     loses less than one unit and the sum less than 200 of them, one part in 5 * 10**33.
     The result is the true one rounded down to a WAD: tests/unit/test_decay.py checks
     it at every second of the shortest and the longest period.
@custom:spec specs/decay.py
"""

from . import fixed_point as fp

_SCALE: constant(uint256) = 10**36
_MAX_TERMS: constant(uint256) = 200

# exp(-42) is less than one WAD's unit.
_MAX_PERIODS: constant(uint256) = 42


@internal
@pure
def _decay_down(seconds: uint256, period: uint256) -> uint256:
    """
    @notice Return exp(-seconds/period) in WAD, rounded down: between 0 and 1, and
            falling with time.
    @param period Positive.
    """
    if seconds >= _MAX_PERIODS * period:
        return 0

    term: uint256 = _SCALE
    growth: uint256 = _SCALE
    for k: uint256 in range(1, _MAX_TERMS):
        term = term * seconds // (k * period)
        if term == 0:
            break
        growth += term
    return fp.WAD * _SCALE // growth
