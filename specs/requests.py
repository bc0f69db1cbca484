"""
Requests.

What an account asks makers to quote, and which quotes answer it. One that is immediate
fills with the first answer that suits; any other announces its answers, and whoever may
trade for the account accepts one. A request is filled in full and once: a part of it
could be a crumb that uses it up.

Counterpart of ``contracts/modules/requests.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from specs import quotes
from specs.accounts import AccountId, Address
from specs.errors import (
    OutOfBounds,
    PriceOutOfRange,
    QuotesDoNotCross,
    RequestExpired,
    SameAccount,
    SizeTooLarge,
    TooManyRequests,
    UnknownRequest,
    WrongCounterparty,
    WrongInstrument,
    WrongRequest,
    WrongSide,
    ZeroAmount,
)
from specs.fixed_point import Seconds, Wad
from specs.quotes import ANYONE, Quote, TwoSided

BUY: Final = 0
SELL: Final = 1
EITHER: Final = 2
"""The side that a request is for; makers need not be told which."""

MAX_SIZE: Final = 2**100 - 1
MAX_LIMIT: Final = Wad(2**100 - 1)
"""What the fields of a request hold: sizes as in quotes, prices in WAD USDC."""

LONGEST: Final = Seconds(86_400)
"""How long a request may be open: one that was forgotten does no harm for ever."""

MAX_OPEN: Final = 16
"""Requests that an account may have, with those that have expired and still stand."""


@dataclass(frozen=True)
class Request:
    """
    What is asked for ``account`` by ``asker``, who may trade for it.

    ``size`` is lots of the market or WAD of the asset, ``limit`` the worst price
    accepted, 0 for none, ``expiry`` the last second at which it may be filled,
    ``counterparty`` the only account that may answer.
    """

    account: AccountId
    instrument: int
    size: int
    side: int
    limit: Wad
    is_immediate: bool
    expiry: Seconds
    counterparty: AccountId
    asker: Address


@dataclass(frozen=True)
class Requests:
    """The requests that stand, by id, and how many there have ever been."""

    standing: Mapping[int, Request] = field(default_factory=dict)
    count: int = 0


def open_request(
    requests: Requests, request: Request, now: Seconds
) -> tuple[Requests, int]:
    """Return ``requests`` with another one, and its id; ids are never used again."""
    quotes.check_instrument(request.instrument)
    if request.size == 0:
        raise ZeroAmount
    if request.size > MAX_SIZE:
        raise SizeTooLarge
    if request.side > EITHER or (request.side == EITHER and request.is_immediate):
        raise OutOfBounds
    check_limit(request)
    check_expiry(request, now)
    if request.counterparty == request.account:
        raise SameAccount
    if count_of(requests, request.account) >= MAX_OPEN:
        raise TooManyRequests
    number = requests.count + 1
    return Requests({**requests.standing, number: request}, number), number


def check_limit(request: Request) -> None:
    """
    Refuse a limit that does not fit, an immediate request without one, and one for
    whoever has not said on which side it is.
    """
    if request.limit > MAX_LIMIT:
        raise PriceOutOfRange
    if request.is_immediate and request.limit == 0:
        raise PriceOutOfRange
    if request.side == EITHER and request.limit != 0:
        raise PriceOutOfRange


def check_expiry(request: Request, now: Seconds) -> None:
    """Refuse a request that is over, or open for too long."""
    if request.expiry < now:
        raise RequestExpired
    if request.expiry > now + LONGEST:
        raise OutOfBounds


def count_of(requests: Requests, account: AccountId) -> int:
    """Return how many requests of an account stand."""
    return sum(each.account == account for each in requests.standing.values())


def get_standing(requests: Requests, number: int) -> Request:
    """Return a request that was neither filled nor cancelled."""
    if number not in requests.standing:
        raise UnknownRequest
    return requests.standing[number]


def get_open(requests: Requests, number: int, now: Seconds) -> Request:
    """Return a request that may be filled at the time ``now``."""
    request = get_standing(requests, number)
    if request.expiry < now:
        raise RequestExpired
    return request


def refresh(
    requests: Requests,
    number: int,
    limit: Wad,
    expiry: Seconds,
    asker: Address,
    now: Seconds,
) -> Requests:
    """Return ``requests`` with another limit and expiry of one that is open."""
    request = replace(
        requests.standing[number], limit=limit, expiry=expiry, asker=asker
    )
    check_limit(request)
    check_expiry(request, now)
    return replace(requests, standing={**requests.standing, number: request})


def close(requests: Requests, number: int) -> Requests:
    """Return ``requests`` without one."""
    standing = dict(requests.standing)
    del standing[number]
    return replace(requests, standing=standing)


def is_buying(request: Request, quote: TwoSided) -> bool:
    """
    Return the side at which an answer is looked at: the request's, or, if it is for
    either, the one that is quoted, the ask if both are.
    """
    return request.side == BUY or (request.side == EITHER and quote.ask != 0)


def answer(
    request: Request, number: int, quote: TwoSided, is_buy: bool, now: Seconds
) -> Quote:
    """
    Return the side of ``quote`` that fills a request whose account buys if
    ``is_buy``: all of it, at a price within its limit.
    """
    if quote.request != number:
        raise WrongRequest
    if request.side not in (EITHER, BUY if is_buy else SELL):
        raise WrongSide
    if quote.instrument != request.instrument:
        raise WrongInstrument
    if request.counterparty not in (ANYONE, quote.account):
        raise WrongCounterparty
    side = quotes.get_side(quote, not is_buy)
    quotes.take(side, request.account, request.size, now)
    is_beyond = side.price > request.limit if is_buy else side.price < request.limit
    if request.limit != 0 and is_beyond:
        raise QuotesDoNotCross
    return side
