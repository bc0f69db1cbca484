"""
Layer 2 of quotes, requests, nonces, quorums, delays: who may do what, and when.

Structs come word by word.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from specs import delays, errors, fills, instruments, packing, quorum, quotes, requests
from specs.packing import Field
from specs.quotes import Quote, TwoSided
from specs.requests import Request
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.reference import within

NOW = {"now": (TIME,)}


class Interval:
    """A range that asks once whether a number is in it."""

    def __init__(self, *bounds: int):
        """Take what a range takes."""
        self.numbers = range(*bounds)

    def __contains__(self, number: Any) -> bool:
        return within((number, self.numbers.start, self.numbers.stop - 1))


@contextmanager
def intervals() -> Iterator[None]:
    """Let quotes look into ranges of symbolic numbers."""
    with patch.object(quotes, "range", Interval, create=True):
        yield


def refuses(function: Callable[..., Any]) -> Callable[..., tuple[()]]:
    """Return a function that refuses as another does, and returns nothing."""

    @wraps(function)
    def check(*words: Any) -> tuple[()]:
        function(*words)
        return ()

    return check


def fields_of(quote: Quote) -> tuple[Any, ...]:
    """Return the words of a quote."""
    return tuple(vars(quote).values())


# Quotes


def check(*words: Any) -> None:
    """Check the quote in the first nine words."""
    with intervals():
        quotes.check(Quote(*words[:9]), words[9])


def check_instrument(instrument: int) -> None:
    """Refuse as the specification does."""
    with intervals():
        quotes.check_instrument(instrument)


def cross(*words: Any) -> int:
    """Cross two quotes."""
    with intervals():
        return quotes.cross(Quote(*words[:9]), Quote(*words[9:18]), words[18])


def take(*words: Any) -> None:
    """Take of a quote."""
    with intervals():
        quotes.take(Quote(*words[:9]), *words[9:])


def convert(*words: Any) -> None:
    """Convert by a quote."""
    with intervals():
        quotes.convert(Quote(*words[:9]), *words[9:])


QUOTES = (
    same(
        "quotes._side",
        lambda *words: fields_of(quotes.get_side(TwoSided(*words[:10]), words[10])),
        ("assert quote.bid < quote.ask", "assert quote.bid <= quote.ask"),
        ("price=quote.bid if is_buy", "price=quote.ask if is_buy"),
    ),
    same(
        "quotes._check_instrument",
        refuses(check_instrument),
        ("assert instrument < MAX_LISTED", "assert instrument <= MAX_LISTED"),
        ("        assert asset != USDC, errors.UNKNOWN_ASSET\n", ""),
    ),
    same(
        "quotes._check",
        refuses(check),
        ("assert quote.expiry >= now", "assert quote.expiry > now"),
        ("    self._check_instrument(quote.instrument)\n", ""),
    ),
    same(
        "quotes._check_parties",
        refuses(
            lambda *words: quotes.check_parties(Quote(*words[:9]), words[9]),
        ),
        ("assert quote.account != account", "assert quote.account != quote.nonce"),
        ("    if quote.counterparty != 0:\n", "    if quote.counterparty > 1:\n"),
    ),
    same(
        "quotes._cross",
        cross,
        ("assert maker.price >= taker.price", "assert maker.price > taker.price"),
        ("max(maker.min_size, taker.min_size)", "maker.min_size"),
    ),
    same(
        "quotes._take",
        refuses(take),
        ("assert size >= maker.min_size", "assert size > maker.min_size"),
        ("assert size <= maker.size", "assert size < maker.size"),
    ),
    same(
        "quotes._convert",
        refuses(convert),
        ("    assert maker.is_buy, errors.SAME_SIDE\n", ""),
        ("assert maker.instrument >= SPOT", "assert maker.instrument < SPOT"),
    ),
)

# Requests

TERMS = {
    "size": Field(156, 100),
    "limit": Field(56, 100),
    "expiry": Field(16, 40),
    "code": Field(10, 6),
    "side": Field(8, 2),
    "is_immediate": Field(0, 1),
}
REQUEST = {
    "terms": ("requests.terms", "id"),
    "account": ("requests.owners", "id"),
    "counterparty": ("requests.counterparties", "id"),
    "asker": ("requests.askers", "id"),
}


def get_standing(
    id: int, terms: int, account: int, counterparty: int, asker: int
) -> tuple[Any, ...]:
    """Return the fields of a request from the words that it is kept in."""
    if terms == 0:
        raise errors.UnknownRequest
    found = packing.unpack(terms, TERMS)
    return (
        account,
        instruments.get_instrument(found["code"]),
        found["size"],
        found["side"],
        found["limit"],
        found["is_immediate"],
        found["expiry"],
        counterparty,
        asker if asker != 0 else account // 2**96,
    )


def get_open(id: int, now: int, *words: Any) -> tuple[Any, ...]:
    """Return the fields of a request that may be filled."""
    request = Request(*get_standing(id, *words))
    standing = requests.Requests(SimpleNamespace(get=None))
    with patch.object(requests, "get_standing", lambda *_: request):
        return tuple(vars(requests.get_open(standing, id, now)).values())


def answer(*words: Any) -> tuple[Any, ...]:
    """Return the side of a quote that answers a request, which has one of three."""
    request, number, quote = Request(*words[:9]), words[9], TwoSided(*words[10:20])
    with intervals():
        return fields_of(requests.answer(request, number, quote, *words[20:]))


REQUESTS = (
    same(
        "requests._standing",
        get_standing,
        ("    if asker == empty(address):\n", "    if False:\n"),
        ("side=(word >> 8) & 3", "side=(word >> 8) & 1"),
        reads=REQUEST,
    ),
    same(
        "requests._get_open",
        get_open,
        ("assert asked.expiry >= now", "assert asked.expiry > now"),
        reads=REQUEST,
    ),
    same(
        "requests._is_buying",
        lambda *w: requests.is_buying(Request(*w[:9]), TwoSided(*w[9:])),
        ("    return asked.side == BUY", "    return asked.side != SELL"),
        ("        return quote.ask != 0", "        return quote.bid != 0"),
    ),
    same(
        "requests._answer",
        answer,
        ("is_buy == (asked.side == BUY)", "is_buy != (asked.side == BUY)"),
        given={"words[3]": (0, requests.EITHER)},
    ),
    same(
        "requests._check_limit",
        refuses(lambda *words: requests.check_limit(Request(*words))),
        ("asked.limit != 0 or not asked.is_immediate", "asked.limit != 0"),
    ),
    same(
        "requests._check_expiry",
        refuses(
            lambda expiry, now: requests.check_expiry(
                SimpleNamespace(expiry=expiry), now
            )
        ),
        ("assert expiry <= now + LONGEST", "assert expiry < now + LONGEST"),
        fits=lambda expiry, now: within((now, 0, 2**255)),
    ),
)

# Nonces, delays, parties


def check_unused(account: int, nonce: int, word: int) -> None:
    """Refuse a nonce whose bit is set."""
    if (word >> (nonce % 256)) % 2 == 1:
        raise errors.NonceUsed


def require_ready(queued_at: int, delay: int, now: int) -> None:
    """Refuse as the specification does; 0 is never."""
    delays.require_ready(None if queued_at == 0 else queued_at, delay, now)


CHECKS = (
    same(
        "nonces._check_unused",
        refuses(check_unused),
        ("used & (1 << (nonce & 255)) == 0", "used & (1 << (nonce & 127)) == 0"),
        reads={"word": ("nonces.nonce_words", "account", "nonce.8.248")},
    ),
    same(
        "delays._require_ready",
        refuses(require_ready),
        ("assert ready_at <= block.timestamp", "assert ready_at < block.timestamp"),
        ("ready_at + WINDOW", "ready_at"),
        fits=lambda queued_at, delay, now: within(
            (queued_at, 0, 2**64), (delay, 0, delays.MAX_DELAY)
        ),
        reads=NOW,
    ),
    same(
        "fills._require_parties",
        refuses(fills.require_parties),
        ("    assert buyer != seller, errors.SAME_ACCOUNT\n", ""),
        ("    accounts._require_user(seller)\n", ""),
    ),
)

# Quorum

QUORUM = {
    "version": Field(80, 64),
    "published_at": Field(48, 32),
    "reported_at": Field(16, 32),
    "threshold": Field(8, 8),
    "publishers": Field(0, 8),
}


class Crowd:
    """Some publishers, of which only the number is known."""

    def __init__(self, count: Any):
        """Take their number."""
        self.count = count


def check_majority(threshold: int, publishers: int) -> None:
    """Refuse as the specification does, which counts publishers."""
    with patch.object(quorum, "len", lambda crowd: crowd.count, create=True):
        quorum.check_majority(threshold, Crowd(publishers))


def check_version(*words: Any) -> None:
    """Refuse as the specification does."""
    state, reports, now = quorum.Quorum(*words[:4], {}), *words[5:]
    quorum.check_version(state, now, reports)


def check_time(time: int, reported_at: int, now: int) -> None:
    """Refuse a report by its time alone."""
    known = SimpleNamespace(reported_at=reported_at, weights=["signer"])
    quorum.check_report(known, now, time, "signer", ())


def check_span(oldest: int, newest: int) -> None:
    """Refuse as the specification does, given the first and the last of the times."""
    with patch.object(quorum, "replace", lambda *_, **__: None):
        state = SimpleNamespace(version=0)
        quorum.advance(state, 0, (oldest, newest))


QUORUMS = (
    same(
        "quorum._check_majority",
        refuses(check_majority),
        ("assert 2 * threshold > publishers", "assert 2 * threshold >= publishers"),
        ("assert threshold <= publishers", "assert threshold < publishers"),
    ),
    same(
        "quorum._check_version",
        refuses(check_version),
        ("assert reports >= state.threshold", "assert reports > state.threshold"),
        reads=NOW,
    ),
    same(
        "quorum._check_time",
        refuses(check_time),
        ("block.timestamp - time <= MAX_AGE", "block.timestamp - time < MAX_AGE"),
        ("assert time > reported_at", "assert time >= reported_at"),
        reads=NOW,
    ),
    same(
        "quorum._check_span",
        refuses(check_span),
        ("assert newest - oldest <= MAX_SPAN", "assert newest - oldest < MAX_SPAN"),
        fits=lambda oldest, newest: oldest <= newest,
    ),
    same(
        "quorum._pack",
        lambda *words: packing.pack(dict(zip(QUORUM, words, strict=True)), QUORUM),
        ("published_at << 48", "published_at << 47"),
        given={
            f"words[{i}]": (0, 2**field.width - 1)
            for i, field in enumerate(QUORUM.values())
        },
    ),
    same(
        "quorum._read",
        lambda word: tuple(packing.unpack(word, QUORUM).values()),
        (
            "reported_at=packing._get(word, 16, 32)",
            "reported_at=packing._get(word, 0, 32)",
        ),
        reads={"word": ("quorum._word",)},
    ),
)

PROOFS = (*QUOTES, *REQUESTS, *CHECKS, *QUORUMS)
