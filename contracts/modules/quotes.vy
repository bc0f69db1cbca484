# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Quotes
@license Apache-2.0
@notice What a quote says, when two of them or one and a taker may fill, how much, and
        what exactly is signed.
@dev Nothing here is stored. Refusals come in the order in which the functions state
     them: first each quote by itself, then the pair.
@custom:spec specs/quotes.py
"""

from ..interfaces import IQuoteDesk
from . import errors

# Instruments from here on are spot assets; below, markets.
SPOT: constant(uint256) = 2**128
# Markets and assets are numbered below this.
MAX_LISTED: constant(uint256) = 32
# The settlement asset: prices are in it, so that there is no trade in it.
USDC: constant(uint256) = 0

# The desk's name and the version of its messages in the EIP-712 domain.
NAME_HASH: constant(bytes32) = keccak256("Rucksack QuoteDesk")
VERSION_HASH: constant(bytes32) = keccak256("1")
_QUOTE_TYPE: constant(bytes32) = keccak256(
    "Quote(uint256 account,uint256 instrument,bool is_buy,uint256 size,uint256 min_size,uint256 price,uint256 nonce,uint256 expiry,uint256 counterparty)"
)
_TWO_SIDED_TYPE: constant(bytes32) = keccak256(
    "TwoSided(uint256 account,uint256 instrument,uint256 bid,uint256 ask,uint256 size,uint256 min_size,uint256 nonce,uint256 expiry,uint256 counterparty,uint256 request)"
)


@internal
@pure
def _struct_hash(quote: IQuoteDesk.Quote) -> bytes32:
    """
    @notice Return the EIP-712 hash of a quote; with the domain it is what is signed.
    """
    return keccak256(abi_encode(_QUOTE_TYPE, quote))


@internal
@pure
def _two_sided_hash(quote: IQuoteDesk.TwoSided) -> bytes32:
    """
    @notice Return the EIP-712 hash of a two-sided quote.
    """
    return keccak256(abi_encode(_TWO_SIDED_TYPE, quote))


@internal
@pure
def _side(quote: IQuoteDesk.TwoSided, is_buy: bool) -> IQuoteDesk.Quote:
    """
    @notice Return the bid of a two-sided quote, its maker's if `is_buy`, or the ask.
    """
    if quote.bid != 0 and quote.ask != 0:
        assert quote.bid < quote.ask, errors.CROSSED_QUOTE
    return IQuoteDesk.Quote(
        account=quote.account,
        instrument=quote.instrument,
        is_buy=is_buy,
        size=quote.size,
        min_size=quote.min_size,
        price=quote.bid if is_buy else quote.ask,
        nonce=quote.nonce,
        expiry=quote.expiry,
        counterparty=quote.counterparty,
    )


@internal
@pure
def _check_instrument(instrument: uint256):
    """
    @notice Refuse what can't be a market or an asset that is traded.
    """
    if instrument < SPOT:
        assert instrument < MAX_LISTED, errors.UNKNOWN_MARKET
    else:
        asset: uint256 = instrument - SPOT
        assert asset != USDC, errors.UNKNOWN_ASSET
        assert asset < MAX_LISTED, errors.UNKNOWN_ASSET


@internal
@pure
def _check(quote: IQuoteDesk.Quote, now: uint256):
    """
    @notice Refuse a quote that nobody could fill at the time `now`.
    """
    assert quote.size != 0, errors.ZERO_AMOUNT
    assert quote.price != 0, errors.PRICE_OUT_OF_RANGE
    assert quote.expiry >= now, errors.QUOTE_EXPIRED
    self._check_instrument(quote.instrument)


@internal
@pure
def _check_parties(quote: IQuoteDesk.Quote, account: uint256):
    """
    @notice Refuse a fill of `quote` with `account` where it is not meant for it.
    """
    assert quote.account != account, errors.SAME_ACCOUNT
    if quote.counterparty != 0:
        assert quote.counterparty == account, errors.WRONG_COUNTERPARTY


@internal
@pure
def _cross(
    maker: IQuoteDesk.Quote, taker: IQuoteDesk.Quote, now: uint256
) -> uint256:
    """
    @notice Return the size that two quotes fill, in the unit of their size: the smaller
            of both, if it is enough for both.
    """
    self._check(maker, now)
    self._check(taker, now)
    assert maker.instrument == taker.instrument, errors.WRONG_INSTRUMENT
    assert maker.is_buy != taker.is_buy, errors.SAME_SIDE
    self._check_parties(maker, taker.account)
    self._check_parties(taker, maker.account)
    if maker.is_buy:
        assert maker.price >= taker.price, errors.QUOTES_DO_NOT_CROSS
    else:
        assert maker.price <= taker.price, errors.QUOTES_DO_NOT_CROSS
    size: uint256 = min(maker.size, taker.size)
    assert size >= max(maker.min_size, taker.min_size), errors.SIZE_TOO_SMALL
    return size


@internal
@pure
def _take(maker: IQuoteDesk.Quote, account: uint256, size: uint256, now: uint256):
    """
    @notice Refuse what `account` may not take of the quote.
    """
    self._check(maker, now)
    self._check_parties(maker, account)
    assert size != 0, errors.ZERO_AMOUNT
    assert size >= maker.min_size, errors.SIZE_TOO_SMALL
    assert size <= maker.size, errors.SIZE_TOO_LARGE


@internal
@pure
def _convert(maker: IQuoteDesk.Quote, account: uint256, amount: uint256, now: uint256):
    """
    @notice Refuse collateral of `account` that the quote does not buy.
    """
    self._take(maker, account, amount, now)
    assert maker.instrument >= SPOT, errors.WRONG_INSTRUMENT
    assert maker.is_buy, errors.SAME_SIDE
