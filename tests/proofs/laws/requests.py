"""Laws of requests: what fills is what was asked for, and within the limit."""

from specs import errors, requests
from specs.accounts import AccountId, Address
from specs.errors import (
    CrossedQuote,
    OutOfBounds,
    PriceOutOfRange,
    QuotesDoNotCross,
    RequestExpired,
    SizeTooLarge,
    SizeTooSmall,
    TooManyRequests,
    UnknownRequest,
)
from specs.fixed_point import Seconds, Wad
from specs.quotes import ANYONE, TwoSided, get_side
from specs.requests import (
    BUY,
    EITHER,
    LONGEST,
    MAX_LIMIT,
    MAX_OPEN,
    SELL,
    Request,
    Requests,
)
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


def a_request_with_a_limit_says_its_side(
    side: int, limit: int, is_immediate: bool
) -> bool:
    """
    What fills by itself has a limit, and who has not said a side has none.

    Serves: I46.

    pre: 0 <= side <= EITHER and 0 <= limit
    post: __return__
    """
    request = Request(ASKER, 0, 1, side, limit, is_immediate, NOW, ANYONE, Address(1))
    try:
        requests.check_limit(request)
    except PriceOutOfRange:
        is_bare, is_blind = is_immediate and limit == 0, side == EITHER and limit > 0
        return is_bare or is_blind or limit > MAX_LIMIT
    return (limit > 0 or not is_immediate) and (side != EITHER or limit == 0)


def a_request_is_open_for_a_day_at_most(expiry: int, now: int) -> bool:
    """
    A request ends between now and a day from now, and is open to its last second.

    Serves: I46.

    pre: 0 <= expiry and 0 <= now
    post: __return__
    """
    request = Request(ASKER, 0, 1, BUY, Wad(1), True, expiry, ANYONE, Address(1))
    standing = Requests({1: request}, 1)
    try:
        requests.check_expiry(request, now)
    except RequestExpired:
        return expiry < now
    except OutOfBounds:
        return expiry > now + LONGEST
    return requests.get_open(standing, 1, expiry) == request and now <= expiry


def a_request_that_is_over_or_unknown_is_not_open(
    expiry: int, now: int, number: int
) -> bool:
    """
    Nothing fills a request after its last second, or one that does not stand.

    Serves: I46.

    pre: 0 <= expiry and 0 <= now and 0 < number < 5
    post: __return__
    """
    request = Request(ASKER, 0, 1, BUY, Wad(1), True, expiry, ANYONE, Address(1))
    try:
        found = requests.get_open(Requests({2: request}, 2), number, now)
    except UnknownRequest:
        return number != 2
    except RequestExpired:
        return number == 2 and expiry < now
    return found == request and number == 2 and now <= expiry


def nobody_has_a_seventeenth_request(standing: int, size: int, side: int) -> bool:
    """
    An account has at most sixteen requests; a new one has the next number.

    Serves: I46.

    pre: 14 <= standing <= 17 and 0 <= size <= 2**100 and 0 <= side <= 3
    post: __return__
    """
    old = Request(ASKER, 0, 1, BUY, Wad(1), True, NOW, ANYONE, Address(1))
    held = Requests(dict.fromkeys(range(1, standing + 1), old), standing)
    asked_for = Request(ASKER, 0, size, side, Wad(0), False, NOW, ANYONE, Address(1))
    try:
        after, number = requests.open_request(held, asked_for, NOW)
    except TooManyRequests:
        return standing >= MAX_OPEN
    except (errors.ZeroAmount, SizeTooLarge, OutOfBounds):
        return size == 0 or size >= 2**100 or side > EITHER
    return (
        number == after.count == standing + 1
        and requests.count_of(after, ASKER) == standing + 1 <= MAX_OPEN
        and after.standing[number] == asked_for
    )


def a_request_for_either_side_takes_what_is_quoted(
    side: int, bid: int, ask: int
) -> bool:
    """
    The side that is looked at is the request's, and else one that is quoted.

    Serves: I46.

    pre: 0 <= side <= EITHER and 0 <= bid and 0 <= ask and 0 < bid + ask
    post: __return__
    """
    request = Request(ASKER, 0, 1, side, Wad(0), False, NOW, ANYONE, Address(1))
    is_buying = requests.is_buying(request, offered(bid, ask, 1, 1))
    if side != EITHER:
        return is_buying == (side == BUY)
    return (ask if is_buying else bid) > 0


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
    "a_request_with_a_limit_says_its_side": (
        Mutant(
            "specs/requests.py",
            "if request.is_immediate and request.limit == 0:",
            "if request.side == EITHER and request.limit == 0:",
        ),
    ),
    "a_request_is_open_for_a_day_at_most": (
        Mutant(
            "specs/requests.py",
            "if request.expiry > now + LONGEST:",
            "if request.expiry >= now + LONGEST:",
        ),
    ),
    "a_request_that_is_over_or_unknown_is_not_open": (
        Mutant(
            "specs/requests.py",
            "get_standing(requests, number)\n    if request.expiry < now:",
            "get_standing(requests, number)\n    if request.expiry > now:",
        ),
        Mutant(
            "specs/requests.py",
            "        raise UnknownRequest\n    return requests.standing[number]",
            "        number = 2\n    return requests.standing[number]",
        ),
    ),
    "nobody_has_a_seventeenth_request": (
        Mutant(
            "specs/requests.py",
            "count_of(requests, request.account) >= MAX_OPEN",
            "count_of(requests, request.account) > MAX_OPEN",
        ),
        Mutant(
            "specs/requests.py",
            "sum(each.account == account for each in",
            "sum(each.account != account for each in",
        ),
    ),
    "a_request_for_either_side_takes_what_is_quoted": (
        Mutant(
            "specs/requests.py",
            "request.side == EITHER and quote.ask != 0)",
            "request.side == EITHER and quote.bid != 0)",
        ),
    ),
}
