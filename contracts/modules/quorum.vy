# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Quorum
@license Apache-2.0
@notice Who publishes prices, with which weight, and which reports make a version.
@dev Any two quorums share a publisher: the threshold is more than half. Every report
     of a version is later than every report of the version before, so each publisher's
     times rise strictly, what is superseded is dead, and no publisher has a word that
     a publication must write. A publisher that leaves and returns can replay nothing.

     word of the quorum: version 64 | published_at 32 | reported_at 32
                         | threshold 8 | publishers 8
@custom:spec specs/quorum.py
"""

from ..interfaces import IPriceOracle
from . import errors
from . import packing

MAX_PUBLISHERS: constant(uint256) = 16
MAX_WEIGHT: constant(uint256) = 10_000
DEFAULT_WEIGHT: constant(uint256) = 100

MAX_AGE: constant(uint256) = 5  # seconds
MAX_SPAN: constant(uint256) = 2  # seconds

# Threshold and count in the word, so that a publication reads and writes one.
_word: uint256

# Weight of each publisher; 0 = none.
weight_of: public(HashMap[address, uint256])


@internal
def _found(threshold: uint256, founders: DynArray[address, 16]):
    """
    @notice Enrol the first publishers, all with the same weight.
    """
    for founder: address in founders:
        assert founder != empty(address), errors.OUT_OF_BOUNDS
        assert self.weight_of[founder] == 0, errors.ALREADY_LISTED
        self.weight_of[founder] = DEFAULT_WEIGHT
    self._check_majority(threshold, len(founders))
    self._word = self._pack(0, 0, 0, threshold, len(founders))


@internal
def _set_weight(publisher: address, weight: uint256):
    """
    @notice Enrol a publisher, change its weight, or let it go with a weight of 0.
    """
    assert publisher != empty(address), errors.OUT_OF_BOUNDS
    assert weight <= MAX_WEIGHT, errors.OUT_OF_BOUNDS

    state: IPriceOracle.Quorum = self._read()
    if self.weight_of[publisher] != 0:
        state.publishers -= 1
    if weight != 0:
        state.publishers += 1
    self._check_majority(state.threshold, state.publishers)

    self.weight_of[publisher] = weight
    self._word = packing._set(self._word, 0, 8, state.publishers)


@internal
def _set_threshold(threshold: uint256):
    """
    @notice Set how many reports a version needs.
    """
    self._check_majority(threshold, self._read().publishers)
    self._word = packing._set(self._word, 8, 8, threshold)


@internal
@view
def _check_version(state: IPriceOracle.Quorum, reports: uint256):
    """
    @notice Refuse a second version in one block, and fewer reports than the quorum.
    """
    assert state.published_at != block.timestamp, errors.ALREADY_PUBLISHED
    assert reports >= state.threshold, errors.TOO_FEW_REPORTS


@internal
@view
def _check_time(time: uint256, reported_at: uint256):
    """
    @notice Refuse a report from the future, too old, or not later than the last
            version's newest, `reported_at`.
    """
    assert time <= block.timestamp, errors.REPORT_FROM_FUTURE
    assert block.timestamp - time <= MAX_AGE, errors.REPORT_TOO_OLD
    assert time > reported_at, errors.REPORT_NOT_LATER


@internal
@pure
def _check_span(oldest: uint256, newest: uint256):
    """
    @notice Refuse reports that are not of about the same time.
    """
    assert newest - oldest <= MAX_SPAN, errors.REPORTS_TOO_FAR_APART


@internal
def _advance(state: IPriceOracle.Quorum, newest: uint256) -> uint256:
    """
    @notice Begin the next version.
    @param newest Time of its newest report.
    @return Its number.
    """
    self._word = self._pack(
        state.version + 1,
        block.timestamp,
        newest,
        state.threshold,
        state.publishers,
    )
    return state.version + 1


@internal
@view
def _read() -> IPriceOracle.Quorum:
    """
    @notice Return all that the quorum remembers but for the weights.
    """
    word: uint256 = self._word
    return IPriceOracle.Quorum(
        version=packing._get(word, 80, 64),
        published_at=packing._get(word, 48, 32),
        reported_at=packing._get(word, 16, 32),
        threshold=packing._get(word, 8, 8),
        publishers=packing._get(word, 0, 8),
    )


@internal
@pure
def _pack(
    version: uint256,
    published_at: uint256,
    reported_at: uint256,
    threshold: uint256,
    publishers: uint256,
) -> uint256:
    """
    @notice Return the quorum's word; versions and times fit for ever.
    """
    return (
        version << 80 | published_at << 48 | reported_at << 16 | threshold << 8
    ) | publishers


@internal
@pure
def _check_majority(threshold: uint256, publishers: uint256):
    """
    @notice Refuse a threshold that two disjoint groups of publishers could reach, or
            that all of them together could not.
    """
    assert publishers <= MAX_PUBLISHERS, errors.OUT_OF_BOUNDS
    assert threshold <= publishers, errors.OUT_OF_BOUNDS
    assert 2 * threshold > publishers, errors.OUT_OF_BOUNDS
