"""
Delays.

How long what was announced has to wait, and how long it stays good. Who could be hurt
by a change has that time to leave, and nothing that everybody has forgotten happens.

Counterpart of ``contracts/modules/delays.vy``.
"""

from typing import Final

from specs import errors
from specs.fixed_point import Seconds

MAX_DELAY: Final = Seconds(30 * 86_400)
"""The longest delay that can be asked for."""

WINDOW: Final = Seconds(14 * 86_400)
"""How long what is ready can be done."""


def require_ready(queued_at: Seconds | None, delay: Seconds, now: Seconds) -> None:
    """
    Refuse unless something announced at ``queued_at`` has waited for ``delay``, and
    has not been ready for longer than the window.
    """
    if queued_at is None:
        raise errors.NotQueued
    if now < queued_at + delay:
        raise errors.NotReady
    if now > queued_at + delay + WINDOW:
        raise errors.ChangeExpired
