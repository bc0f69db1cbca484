"""
Quorum.

Who publishes prices, with which weight, and which reports make a version. Any two
quorums share a publisher: the threshold is more than half. Every report of a version is
later than every report of the version before, so each publisher's times rise strictly
and what is superseded is dead.

Counterpart of ``contracts/modules/quorum.vy``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from specs.errors import (
    AlreadyListed,
    AlreadyPublished,
    DuplicatePublisher,
    NotPublisher,
    OutOfBounds,
    ReportFromFuture,
    ReportNotLater,
    ReportsTooFarApart,
    ReportTooOld,
    TooFewReports,
)
from specs.fixed_point import Seconds
from specs.signatures import NOBODY

MAX_PUBLISHERS: Final = 16
MAX_WEIGHT: Final = 10_000
DEFAULT_WEIGHT: Final = 100

MAX_AGE: Final = Seconds(5)
MAX_SPAN: Final = Seconds(2)


@dataclass(frozen=True)
class Quorum:
    """All that publishing remembers; ``weights`` has the publishers and no other."""

    version: int
    published_at: Seconds
    reported_at: Seconds
    threshold: int
    weights: Mapping[str, int]


def found(threshold: int, founders: Sequence[str]) -> Quorum:
    """Return a quorum of ``founders``, all with the same weight."""
    weights: dict[str, int] = {}
    for founder in founders:
        if founder == NOBODY:
            raise OutOfBounds
        if founder in weights:
            raise AlreadyListed
        weights[founder] = DEFAULT_WEIGHT
    check_majority(threshold, weights)
    return Quorum(0, Seconds(0), Seconds(0), threshold, weights)


def set_weight(quorum: Quorum, publisher: str, weight: int) -> Quorum:
    """Enrol a publisher, change its weight, or let it go with a weight of 0."""
    if publisher == NOBODY or weight > MAX_WEIGHT:
        raise OutOfBounds
    weights = {**quorum.weights, publisher: weight}
    if weight == 0:
        del weights[publisher]
    check_majority(quorum.threshold, weights)
    return replace(quorum, weights=weights)


def set_threshold(quorum: Quorum, threshold: int) -> Quorum:
    """Set how many reports a version needs."""
    check_majority(threshold, quorum.weights)
    return replace(quorum, threshold=threshold)


def check_majority(threshold: int, publishers: Collection[str]) -> None:
    """
    Refuse a threshold that is no majority or cannot be reached.

    Two disjoint groups of that size, or more publishers than one call can carry.
    """
    count = len(publishers)
    if count > MAX_PUBLISHERS or not count // 2 < threshold <= count:
        raise OutOfBounds


def check_version(quorum: Quorum, now: Seconds, reports: int) -> None:
    """Refuse a second version in one block, and fewer reports than the quorum."""
    if quorum.published_at == now:
        raise AlreadyPublished
    if reports < quorum.threshold:
        raise TooFewReports


def check_report(
    quorum: Quorum, now: Seconds, time: Seconds, signer: str, others: Collection[str]
) -> None:
    """
    Refuse a report by its time or its signer; ``others`` have signed one before it.

    Not from the future, not too old, later than the whole last version.
    """
    if time > now:
        raise ReportFromFuture
    if time < now - MAX_AGE:
        raise ReportTooOld
    if time <= quorum.reported_at:
        raise ReportNotLater
    if signer not in quorum.weights:
        raise NotPublisher
    if signer in others:
        raise DuplicatePublisher


def advance(quorum: Quorum, now: Seconds, times: Collection[Seconds]) -> Quorum:
    """Begin the next version, out of reports of about the same time."""
    if max(times) > min(times) + MAX_SPAN:
        raise ReportsTooFarApart
    return replace(
        quorum,
        version=quorum.version + 1,
        published_at=now,
        reported_at=max(times),
    )
