"""
Timelock.

A governor that announces what it is going to do: one proposer, one delay. A call is
scheduled, waits, and is then executed by whoever likes, once; until then the proposer
may cancel it. A call scheduled twice is one call, which waits from the second time on.

Counterpart of ``contracts/Timelock.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from specs import delays, errors
from specs.accounts import Address
from specs.fixed_point import Seconds

Call = tuple[Address, bytes]
"""A target and its calldata."""


@dataclass(frozen=True)
class State:
    """Who proposes, how long a call waits, and when each was scheduled."""

    proposer: Address
    delay: Seconds
    scheduled: Mapping[Call, Seconds] = field(default_factory=dict)


def open_timelock(proposer: Address, delay: Seconds) -> State:
    """Return a timelock in which nothing is scheduled."""
    if proposer == 0 or delay > delays.MAX_DELAY:
        raise errors.OutOfBounds
    return State(proposer, delay)


def schedule(
    state: State, now: Seconds, caller: Address, target: Address, data: bytes
) -> State:
    """Announce a call; the delay begins anew if it was announced before."""
    require_proposer(state, caller)
    return replace(state, scheduled={**state.scheduled, (target, data): now})


def cancel(
    state: State, now: Seconds, caller: Address, target: Address, data: bytes
) -> State:
    """Take the announcement of a call back."""
    require_proposer(state, caller)
    if (target, data) not in state.scheduled:
        raise errors.NotQueued
    return without(state, (target, data))


def execute(
    state: State, now: Seconds, caller: Address, target: Address, data: bytes
) -> State:
    """Make a call that has waited, once; the call must succeed."""
    scheduled_at = state.scheduled.get((target, data))
    delays.require_ready(scheduled_at, state.delay, now)
    return without(state, (target, data))


def require_proposer(state: State, caller: Address) -> None:
    """Refuse anyone but the proposer."""
    if caller != state.proposer:
        raise errors.NotProposer


def without(state: State, call: Call) -> State:
    """Return ``state`` with a call not scheduled."""
    scheduled = {each: at for each, at in state.scheduled.items() if each != call}
    return replace(state, scheduled=scheduled)
