"""Laws of requests: what fills is what was asked for, and within the limit."""

from specs import requests
from specs.accounts import AccountId, Address
from specs.errors import CrossedQuote, QuotesDoNotCross, SizeTooLarge, SizeTooSmall
from specs.fixed_point import Seconds, Wad
from specs.quotes import ANYONE, TwoSided, get_side
from specs.requests import BUY, SELL, Request
from tests.proofs.proof import Mutant

ASKER, MAKER = AccountId(1 << 96), AccountId(2 << 96)
NOW = Seconds(1)


def asked(size: int, side: int, limit: int) -> Request:
    """Return an immediate request of one account."""
    terms = ASKER, 0, size, side, Wad(limit), True, NOW, ANYONE, Address(1)
    return Request(*terms)


def offered(bid: int, ask: int, size: int, least: int) -> TwoSided:
    """Return another account's answer to it."""
    prices = Wad(bid), Wad(ask)
    return TwoSided(MAKER, 0, *prices, size, least, 0, NOW, ANYONE, 1)


def what_fills_is_within_the_limit(
    is_buy: bool, limit: int, bid: int, ask: int
) -> bool:
    """
    Whoever asked pays no more, and gets no less, than the limit; and what is refused
    for its price is beyond it.

    Serves: I46.

    pre: 0 < limit and 0 < bid < ask
    post: __return__
    """
    request = asked(1, BUY if is_buy else SELL, limit)
    try:
        side = requests.answer(request, 1, offered(bid, ask, 1, 1), is_buy, NOW)
    except QuotesDoNotCross:
        return limit < ask if is_buy else bid < limit
    return side.price <= limit if is_buy else side.price >= limit


def a_request_is_filled_in_full(size: int, offer: int, least: int) -> bool:
    """
    An answer is accepted exactly if all of the request is within its sizes.

    Serves: I46.

    pre: 0 < size and 0 < offer and 0 <= least
    post: __return__
    """
    quote = offered(1, 2, offer, least)
    try:
        requests.answer(asked(size, BUY, 2), 1, quote, True, NOW)
    except SizeTooSmall:
        return size < least
    except SizeTooLarge:
        return offer < size
    return least <= size <= offer


def a_maker_buys_below_where_it_sells(bid: int, ask: int) -> bool:
    """
    Of a quote with two sides that is not refused the bid is below the ask.

    Serves: I46.

    pre: 0 < bid and 0 < ask
    post: __return__
    """
    quote = offered(bid, ask, 1, 1)
    try:
        sides = get_side(quote, True), get_side(quote, False)
    except CrossedQuote:
        return bid >= ask
    return sides[0].price < sides[1].price


MUTANTS = {
    "what_fills_is_within_the_limit": (
        Mutant(
            "specs/requests.py",
            "side.price > request.limit if is_buy",
            "side.price > request.limit + 1 if is_buy",
        ),
        Mutant(
            "specs/requests.py",
            "else side.price < request.limit",
            "else side.price <= request.limit",
        ),
    ),
    "a_request_is_filled_in_full": (
        Mutant(
            "specs/requests.py",
            "request.account, request.size, now",
            "request.account, quote.size, now",
        ),
    ),
    "a_maker_buys_below_where_it_sells": (
        Mutant("specs/quotes.py", "quote.bid >= quote.ask", "quote.bid > quote.ask"),
    ),
}
