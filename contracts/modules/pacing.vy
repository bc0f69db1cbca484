# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Pacing
@license Apache-2.0
@notice How much of a leg a liquidation closes at a time, and when a book has failed it.
        A slice is a tenth of what is held, worth 1,000 USDC at least; one is due a
        second, and a call executes all that are due. Three failures in a row, at least
        ten seconds apart, open the backstop.
@dev word of a leg: sliced at 32 @64 | failed at 32 @32 | failures 32 @0
@custom:spec specs/pacing.py
"""

from . import fixed_point as fp

# Slices in the whole of what is held, and the most that one call executes.
SLICES: constant(uint256) = 10
# Seconds without a slice after which a liquidation begins anew, with one.
PAUSE: constant(uint256) = 60
# What a call closes at least, and what it may close however little was traded, WAD USDC.
LEAST: constant(uint256) = 1_000 * 10**18
FLOOR: constant(uint256) = 100_000 * 10**18
# What it may close of what was traded lately.
VOLUME_PERCENT: constant(uint256) = 20
# Failures that open the backstop, and the least time between two that count.
FAILURES: constant(uint256) = 3
APART: constant(uint256) = 10
# Seconds for which a failure counts, and a failed book leaves the backstop open.
FAILURE_LIFE: constant(uint256) = 60
_LOW_32: constant(uint256) = 2**32 - 1

# Account, instrument: what is remembered of a leg's slices.
pace: public(HashMap[uint256, HashMap[uint256, uint256]])
# Account: when the book failed it.
failed_at: public(HashMap[uint256, uint256])


@internal
@pure
def _compute_due(word: uint256, now: uint256) -> uint256:
    """
    @notice Return how many slices are due.
    """
    sliced_at: uint256 = word >> 64
    if sliced_at == 0 or now > sliced_at + PAUSE:
        return 1
    return min(SLICES, now - sliced_at)


@internal
@pure
def _compute_size(
    held: uint256, due: uint256, unit: uint256, volume: uint256, most: uint256
) -> uint256:
    """
    @notice Return how much of `held` a call closes: the slices that are due, rounded
            up, no less than the least and no more than the cap on a call and `most`.
    @param unit What one of what is counted is worth, WAD USDC, not 0.
    """
    least: uint256 = fp._mul_div_up(LEAST, 1, unit)
    cap: uint256 = max(
        max(FLOOR // unit, fp._mul_div_down(volume, VOLUME_PERCENT, 100)), 1
    )
    wanted: uint256 = max(fp._mul_div_up(held, due, SLICES), least)
    return min(min(wanted, cap), min(most, held))


@internal
@pure
def _note(
    word: uint256, asked: uint256, filled: uint256, is_exhausted: bool, now: uint256
) -> uint256:
    """
    @notice Return the word after a slice that filled so much of what it asked for, and
            of which nothing within the limit is left if it `is_exhausted`.
    """
    if 2 * filled >= asked:
        return now * 2**64
    failed_at: uint256 = (word >> 32) & _LOW_32
    is_first: bool = failed_at == 0 or now > failed_at + FAILURE_LIFE
    kept: uint256 = now * 2**64
    if not is_first:
        kept += word & (2**64 - 1)
    if not is_exhausted:
        return kept
    if is_first:
        return kept + now * 2**32 + 1
    if now < failed_at + APART:
        return kept
    return now * 2**64 + now * 2**32 + ((word & _LOW_32) + 1)


@internal
@pure
def _has_failed(word: uint256) -> bool:
    """
    @notice Return whether the book has failed a leg often enough.
    """
    return word & _LOW_32 >= FAILURES


@internal
@pure
def _is_open(failed_at: uint256, now: uint256) -> bool:
    """
    @notice Return whether a failed book opens the backstop to an account.
    """
    return failed_at != 0 and now <= failed_at + FAILURE_LIFE
