# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Requests
@license Apache-2.0
@notice What an account asks makers to quote, and which quotes answer it. One that is
        immediate fills with the first answer that suits; any other announces its
        answers, and whoever may trade for the account accepts one.
@dev A request is filled in full and once: a part of it could be a crumb that uses it
     up. Ids are never used again, so that what is left of a closed one need not be
     cleared, but for the word that says that it stands.
@custom:spec specs/requests.py
"""

from ..interfaces import IQuoteDesk
from . import errors
from . import instruments
from . import quotes

BUY: constant(uint256) = 0
SELL: constant(uint256) = 1
EITHER: constant(uint256) = 2
# Seconds that a request may be open: one that was forgotten does no harm for ever.
LONGEST: constant(uint256) = 86_400
# Requests that an account may have, with those that have expired and still stand.
MAX_OPEN: constant(uint256) = 16
_LOW_100: constant(uint256) = 2**100 - 1
_LOW_40: constant(uint256) = 2**40 - 1

# How many requests there have ever been; the last one's id.
request_count: public(uint256)
# How many requests of an account stand.
standing: public(HashMap[uint256, uint256])
# size 100 @156 | limit 100 @56 | expiry 40 @16 | instrument's code 6 @10 | side 2 @8 |
# is_immediate 1 @0. By id; zero once it is filled or cancelled, and only then: no size
# is zero.
terms: HashMap[uint256, uint256]
# By id: whose it is, who may answer, and who asked, if not the account's owner.
owners: HashMap[uint256, uint256]
counterparties: HashMap[uint256, uint256]
askers: HashMap[uint256, address]


@internal
def _open(asked: IQuoteDesk.Request, now: uint256) -> uint256:
    """
    @notice Remember a request and return its id.
    """
    quotes._check_instrument(asked.instrument)
    assert asked.size != 0, errors.ZERO_AMOUNT
    assert asked.size <= _LOW_100, errors.SIZE_TOO_LARGE
    assert asked.side <= EITHER, errors.OUT_OF_BOUNDS
    assert asked.side != EITHER or not asked.is_immediate, errors.OUT_OF_BOUNDS
    self._check_limit(asked)
    self._check_expiry(asked.expiry, now)
    assert asked.counterparty != asked.account, errors.SAME_ACCOUNT
    open: uint256 = self.standing[asked.account]
    assert open < MAX_OPEN, errors.TOO_MANY_REQUESTS

    id: uint256 = self.request_count + 1
    self.request_count = id
    self.standing[asked.account] = open + 1
    self.owners[id] = asked.account
    if asked.counterparty != 0:
        self.counterparties[id] = asked.counterparty
    self._set(id, asked)
    return id


@internal
def _refresh(id: uint256, asked: IQuoteDesk.Request, now: uint256):
    """
    @notice Remember a request's limit, expiry and asker, which have changed.
    """
    self._check_limit(asked)
    self._check_expiry(asked.expiry, now)
    self._set(id, asked)


@internal
def _close(id: uint256, account: uint256):
    """
    @notice Forget a request, which stands, of `account`.
    """
    self.terms[id] = 0
    self.standing[account] -= 1


@internal
@view
def _standing(id: uint256) -> IQuoteDesk.Request:
    """
    @notice Return a request that was neither filled nor cancelled.
    """
    word: uint256 = self.terms[id]
    assert word != 0, errors.UNKNOWN_REQUEST
    account: uint256 = self.owners[id]
    asker: address = self.askers[id]
    if asker == empty(address):
        asker = convert(account >> 96, address)
    return IQuoteDesk.Request(
        account=account,
        instrument=instruments._instrument((word >> 10) & 63),
        size=word >> 156,
        side=(word >> 8) & 3,
        limit=(word >> 56) & _LOW_100,
        is_immediate=word & 1 != 0,
        expiry=(word >> 16) & _LOW_40,
        counterparty=self.counterparties[id],
        asker=asker,
    )


@internal
@view
def _get_open(id: uint256, now: uint256) -> IQuoteDesk.Request:
    """
    @notice Return a request that may be filled at the time `now`.
    """
    asked: IQuoteDesk.Request = self._standing(id)
    assert asked.expiry >= now, errors.REQUEST_EXPIRED
    return asked


@internal
@pure
def _is_buying(asked: IQuoteDesk.Request, quote: IQuoteDesk.TwoSided) -> bool:
    """
    @notice Return the side at which an answer is looked at: the request's, or, if it is
            for either, the one that is quoted, the ask if both are.
    """
    if asked.side == EITHER:
        return quote.ask != 0
    return asked.side == BUY


@internal
@pure
def _answer(
    asked: IQuoteDesk.Request,
    id: uint256,
    quote: IQuoteDesk.TwoSided,
    is_buy: bool,
    now: uint256,
) -> IQuoteDesk.Quote:
    """
    @notice Return the side of `quote` that fills a request whose account buys if
            `is_buy`: all of it, at a price within its limit.
    """
    assert quote.request == id, errors.WRONG_REQUEST
    if asked.side != EITHER:
        assert is_buy == (asked.side == BUY), errors.WRONG_SIDE
    assert quote.instrument == asked.instrument, errors.WRONG_INSTRUMENT
    if asked.counterparty != 0:
        assert asked.counterparty == quote.account, errors.WRONG_COUNTERPARTY
    side: IQuoteDesk.Quote = quotes._side(quote, not is_buy)
    quotes._take(side, asked.account, asked.size, now)
    if asked.limit != 0:
        if is_buy:
            assert side.price <= asked.limit, errors.QUOTES_DO_NOT_CROSS
        else:
            assert side.price >= asked.limit, errors.QUOTES_DO_NOT_CROSS
    return side


@internal
@pure
def _check_limit(asked: IQuoteDesk.Request):
    """
    @notice Refuse a limit that does not fit, an immediate request without one, and one
            for whoever has not said on which side it is.
    """
    assert asked.limit <= _LOW_100, errors.PRICE_OUT_OF_RANGE
    assert asked.limit != 0 or not asked.is_immediate, errors.PRICE_OUT_OF_RANGE
    assert asked.limit == 0 or asked.side != EITHER, errors.PRICE_OUT_OF_RANGE


@internal
@pure
def _check_expiry(expiry: uint256, now: uint256):
    """
    @notice Refuse a request that is over, or open for too long.
    """
    assert expiry >= now, errors.REQUEST_EXPIRED
    assert expiry <= now + LONGEST, errors.OUT_OF_BOUNDS


@internal
def _set(id: uint256, asked: IQuoteDesk.Request):
    """
    @notice Write a request's terms, which were checked to fit, and who asked.
    """
    self.terms[id] = (
        asked.size << 156
        | asked.limit << 56
        | asked.expiry << 16
        | instruments._code(asked.instrument) << 10
        | asked.side << 8
        | convert(asked.is_immediate, uint256)
    )
    if asked.asker == convert(asked.account >> 96, address):
        if self.askers[id] != empty(address):
            self.askers[id] = empty(address)
    else:
        self.askers[id] = asked.asker
