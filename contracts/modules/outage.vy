# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Outage
@license Apache-2.0
@notice After an outage prices wait: nobody is liquidated, and nobody withdraws, at the
        first price that comes back.
@dev An asset's update that follows its last one by more than `MAX_GAP` begins a run of
     updates, another such gap a new one. What was reported before the first gap stands,
     with its time, until an update comes `GRACE` after the one that began its run: so
     never without two. An asset's first price needs no grace.

     Within `MAX_GAP` of an update that counted nothing can be waiting, so as long as
     updates go on the word here is not even read; and since it is older than they are,
     it need not be cleared.

     word of an asset: resumed_at 32 | updated_at 32
@custom:spec specs/outage.py
"""

MAX_GAP: constant(uint256) = 60  # seconds between two updates that are no outage
GRACE: constant(uint256) = 30  # seconds for which updates have to go on

_words: HashMap[uint256, uint256]


@internal
def _admit(asset: uint256, time: uint256) -> uint256:
    """
    @notice Return the seconds since the last update of `asset`, if one counts now; 0 if
            it has to wait, and take note of it.
    @param time Of the last update that counted, not now; 0 for none.
    """
    seconds: uint256 = block.timestamp - time
    if time == 0 or seconds <= MAX_GAP:
        return seconds

    word: uint256 = self._words[asset]
    seconds = block.timestamp - self._updated_at(word)
    resumed_at: uint256 = word >> 32
    if seconds > MAX_GAP:
        resumed_at = block.timestamp
    elif block.timestamp - resumed_at >= GRACE:
        return seconds
    self._words[asset] = resumed_at << 32 | block.timestamp
    return 0


@internal
@view
def _run(asset: uint256, time: uint256) -> (uint256, uint256):
    """
    @notice Return the block timestamps of the first and the last update that wait,
            zeros if none does.
    @param time Of the last update that counted.
    """
    word: uint256 = self._words[asset]
    if self._updated_at(word) <= time:
        return 0, 0
    return word >> 32, self._updated_at(word)


@internal
@pure
def _updated_at(word: uint256) -> uint256:
    """
    @notice Return the block timestamp of the last update that had to wait.
    """
    return word & (2**32 - 1)
