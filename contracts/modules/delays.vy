# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Delays
@license Apache-2.0
@notice How long what was announced has to wait, and how long it stays good.
@custom:spec specs/delays.py
"""

from . import errors

MAX_DELAY: constant(uint256) = 30 * 86_400
WINDOW: constant(uint256) = 14 * 86_400


@internal
@view
def _require_ready(queued_at: uint256, delay: uint256):
    """
    @notice Refuse unless something announced at `queued_at`, 0 for never, has waited
            for `delay` seconds, and has not been ready for longer than the window.
    @param delay At most `MAX_DELAY`.
    """
    assert queued_at != 0, errors.NOT_QUEUED
    ready_at: uint256 = queued_at + delay
    assert ready_at <= block.timestamp, errors.NOT_READY
    assert block.timestamp <= ready_at + WINDOW, errors.CHANGE_EXPIRED
