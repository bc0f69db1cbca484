# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Distress
@license Apache-2.0
@notice When an account was found unhealthy and when a part of it was last sold. Prices
        of this block do not liquidate; but an account may be flagged, and is liquidated
        in a later block whatever block its prices are of.
@dev word of an account: flagged at 32 @32 | sliced at 32 @0; 0 for never
@custom:spec specs/distress.py
"""

# Seconds for which a flag counts.
FLAG_LIFE: constant(uint256) = 60
# Seconds after a slice in which another one may follow, above maintenance margin too.
SLICE_LIFE: constant(uint256) = 60
_LOW_32: constant(uint256) = 2**32 - 1


@internal
@pure
def _flag(word: uint256, now: uint256) -> uint256:
    """
    @notice Return the word with a flag of now; one that still counts stays, or whoever
            renewed it in every block would put off what it is for.
    """
    flagged_at: uint256 = word >> 32
    if flagged_at != 0 and now <= flagged_at + FLAG_LIFE:
        return word
    return now * 2**32 | (word & _LOW_32)


@internal
@pure
def _slice(word: uint256, now: uint256) -> uint256:
    """
    @notice Return the word with a slice of now.
    """
    return (word & ~_LOW_32) | now


@internal
@pure
def _was_due(word: uint256, priced_at: uint256, now: uint256) -> bool:
    """
    @notice Return whether what makes an account due now was there in an earlier block:
            its prices, or a flag.
    """
    flagged_at: uint256 = word >> 32
    return priced_at < now or (flagged_at < now and now <= flagged_at + FLAG_LIFE)


@internal
@pure
def _is_going_on(word: uint256, now: uint256) -> bool:
    """
    @notice Return whether an account was sold from so lately that another slice may
            come.
    """
    sliced_at: uint256 = word & _LOW_32
    return sliced_at != 0 and now <= sliced_at + SLICE_LIFE
