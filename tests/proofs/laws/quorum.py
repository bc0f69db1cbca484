"""Laws of the quorum: nobody short of a majority publishes, and nothing old counts."""

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
from specs.quorum import (
    MAX_AGE,
    MAX_SPAN,
    Quorum,
    advance,
    check_majority,
    check_report,
    check_version,
    found,
    set_weight,
)
from specs.signatures import NOBODY
from tests.proofs.proof import Mutant

NAMES = [f"publisher {number}" for number in range(20)]


def two_quorums_share_a_publisher(threshold: int, count: int) -> bool:
    """
    A threshold is let through exactly if it is more than half, can be reached, and
    there are 16 publishers at most.

    Serves: I31.

    pre: 0 <= count <= 18
    post: __return__
    """
    try:
        check_majority(threshold, NAMES[:count])
    except OutOfBounds:
        return count > 16 or 2 * threshold <= count or threshold > count
    return 2 * threshold > count >= threshold and count <= 16


def a_version_has_a_quorum_of_reports(
    published_at: int, now: int, threshold: int, reports: int
) -> bool:
    """
    There is one version in a block, of no fewer reports than the threshold.

    Serves: I31, I32.

    pre: 0 <= published_at <= now and 0 < threshold and 0 <= reports
    post: __return__
    """
    quorum = Quorum(1, published_at, 0, threshold, {})
    try:
        check_version(quorum, now, reports)
    except AlreadyPublished:
        return published_at == now
    except TooFewReports:
        return reports < threshold
    return published_at < now and reports >= threshold


def a_report_is_new_and_of_now(reported_at: int, time: int, now: int) -> bool:
    """
    A report is at most five seconds old, not of the future, and later than the whole
    version before.

    Serves: I31, I32.

    pre: 0 <= reported_at and 0 <= time and 0 <= now
    post: __return__
    """
    quorum = Quorum(1, 0, reported_at, 1, {"a": 1})
    try:
        check_report(quorum, now, time, "a", ())
    except ReportFromFuture:
        return time > now
    except ReportTooOld:
        return time < now - MAX_AGE
    except ReportNotLater:
        return time <= reported_at
    return reported_at < time <= now <= time + MAX_AGE


def nobody_reports_twice_or_uninvited(is_publisher: bool, has_signed: bool) -> bool:
    """
    A version counts each publisher once, and nobody else.

    Serves: I31.

    post: __return__
    """
    quorum = Quorum(1, 0, 0, 1, {"a": 1})
    signer = "a" if is_publisher else "b"
    try:
        check_report(quorum, 5, 5, signer, (signer,) if has_signed else ())
    except NotPublisher:
        return not is_publisher
    except DuplicatePublisher:
        return has_signed
    return is_publisher and not has_signed


def reports_of_one_version_are_of_one_moment(
    first: int, second: int, third: int, now: int
) -> bool:
    """
    They are no more than two seconds apart; whatever comes next is later than the last.

    Serves: I31, I32.

    pre: 0 <= first and 0 <= second and 0 <= third and 0 <= now
    post: __return__
    """
    times = (first, second, third)
    try:
        after = advance(Quorum(4, 0, 0, 1, {}), now, times)
    except ReportsTooFarApart:
        return max(times) - min(times) > MAX_SPAN
    return max(times) - min(times) <= MAX_SPAN and (
        after.version,
        after.published_at,
        after.reported_at,
    ) == (5, now, max(times))


def founders_are_known_and_different(first: int, second: int) -> bool:
    """
    Nobody founds a quorum twice, or without a name.

    Serves: I31.

    pre: 0 <= first < 3 and 0 <= second < 3
    post: __return__
    """
    names = [NOBODY, "a", "b"]
    try:
        quorum = found(2, [names[first], names[second]])
    except OutOfBounds:
        return first == 0 or second == 0
    except AlreadyListed:
        return first == second
    is_open = first > 0 and second > 0 and first != second
    return is_open and len(quorum.weights) == 2


def a_weight_of_nothing_is_no_publisher(weight: int, is_new: bool) -> bool:
    """
    A publisher has a weight, of a hundredfold at most, or is none; nobody goes whom the
    threshold needs.

    Serves: I31.

    pre: 0 <= weight
    post: __return__
    """
    quorum = Quorum(1, 0, 0, 3, {"a": 1, "b": 1, "c": 1})
    try:
        after = set_weight(quorum, "d" if is_new else "c", weight)
    except OutOfBounds:
        return weight > 10_000 or (weight == 0 and not is_new)
    count = 4 if is_new and weight > 0 else 3
    return len(after.weights) == count and 0 < min(after.weights.values()) <= 10_000


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/quorum.py", old, new),)


MUTANTS = {
    "two_quorums_share_a_publisher": _mutant(
        "count // 2 < threshold", "(count - 1) // 2 < threshold"
    ),
    "a_version_has_a_quorum_of_reports": _mutant(
        "if reports < quorum.threshold:", "if reports + 1 < quorum.threshold:"
    ),
    "a_report_is_new_and_of_now": _mutant(
        "if time <= quorum.reported_at:", "if time < quorum.reported_at:"
    ),
    "nobody_reports_twice_or_uninvited": _mutant(
        "    if signer in others:\n        raise DuplicatePublisher\n", ""
    ),
    "reports_of_one_version_are_of_one_moment": _mutant(
        "reported_at=max(times)", "reported_at=min(times)"
    ),
    "founders_are_known_and_different": _mutant(
        "        if founder in weights:\n            raise AlreadyListed\n", ""
    ),
    "a_weight_of_nothing_is_no_publisher": _mutant(
        "    if weight == 0:\n        del", "    if weight == 1:\n        del"
    ),
}
