# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Timelock
@license Apache-2.0
@notice A governor that announces what it is going to do: a call is scheduled by the
        proposer, waits, and is then executed by whoever likes, once.
@dev It holds nothing and sends no ether. What protects users is the delay of the
     Clearinghouse itself, under any governor; this one's comes on top of it.
@custom:spec specs/timelock.py
"""

from .interfaces import ITimelock

implements: ITimelock

from .modules import delays
from .modules import errors

PROPOSER: public(immutable(address))
DELAY: public(immutable(uint256))

# When a call was scheduled, by its id; 0 if it is not.
scheduled: public(HashMap[bytes32, uint256])


@deploy
def __init__(proposer: address, delay: uint256):
    """
    @notice Fix who proposes and how long a call waits.
    @param delay Seconds, at most 30 days.
    """
    assert proposer != empty(address), errors.OUT_OF_BOUNDS
    assert delay <= delays.MAX_DELAY, errors.OUT_OF_BOUNDS
    PROPOSER = proposer
    DELAY = delay


# Anyone


@external
def execute(target: address, data: Bytes[2048]):
    """
    @notice Make a call that has waited; if it fails, all of this does.
    """
    id: bytes32 = self._id(target, data)
    delays._require_ready(self.scheduled[id], DELAY)
    self.scheduled[id] = 0
    log ITimelock.Executed(
        id=id, target=target, caller=msg.sender, time=block.timestamp
    )
    raw_call(target, data)


# Proposer


@external
def schedule(target: address, data: Bytes[2048]) -> bytes32:
    """
    @notice Announce a call; the delay begins anew if it was announced before.
    @return The call's id.
    """
    assert msg.sender == PROPOSER, errors.NOT_PROPOSER
    id: bytes32 = self._id(target, data)
    self.scheduled[id] = block.timestamp
    log ITimelock.Scheduled(
        id=id,
        target=target,
        data=data,
        ready_at=block.timestamp + DELAY,
        time=block.timestamp,
    )
    return id


@external
def cancel(id: bytes32):
    """
    @notice Take the announcement of a call back.
    """
    assert msg.sender == PROPOSER, errors.NOT_PROPOSER
    assert self.scheduled[id] != 0, errors.NOT_QUEUED
    self.scheduled[id] = 0
    log ITimelock.Cancelled(id=id, time=block.timestamp)


@internal
@pure
def _id(target: address, data: Bytes[2048]) -> bytes32:
    """
    @notice Return the id of a call.
    """
    return keccak256(abi_encode(target, data))
