"""
Quotes.

What a quote says, when two of them or one and a taker may fill, how much, and what
exactly is signed (EIP-712). Refusals come in the order in which the functions state
them: first each quote by itself, then the pair.

Counterpart of ``contracts/modules/quotes.vy``.
"""

from dataclasses import astuple, dataclass
from typing import Final

from specs.accounts import USDC, AccountId
from specs.errors import (
    CrossedQuote,
    PriceOutOfRange,
    QuoteExpired,
    QuotesDoNotCross,
    SameAccount,
    SameSide,
    SizeTooLarge,
    SizeTooSmall,
    UnknownAsset,
    UnknownMarket,
    WrongCounterparty,
    WrongInstrument,
    ZeroAmount,
)
from specs.fixed_point import Seconds, Wad
from specs.instruments import MAX_LISTED as MAX_LISTED
from specs.instruments import SPOT as SPOT
from specs.signatures import (
    compute_digest,
    compute_domain_separator,
    compute_struct_hash,
)

ANYONE: Final = AccountId(0)
"""The counterparty of a quote that is meant for nobody in particular."""

NAME: Final = "Rucksack QuoteDesk"
VERSION: Final = "1"
QUOTE_TYPE: Final = (
    "Quote(uint256 account,uint256 instrument,bool is_buy,uint256 size,"
    "uint256 min_size,uint256 price,uint256 nonce,uint256 expiry,uint256 counterparty)"
)
TWO_SIDED_TYPE: Final = (
    "TwoSided(uint256 account,uint256 instrument,uint256 bid,uint256 ask,uint256 size,"
    "uint256 min_size,uint256 nonce,uint256 expiry,uint256 counterparty,"
    "uint256 request)"
)


@dataclass(frozen=True)
class Quote:
    """
    What an account's owner or operator signs.

    ``instrument`` is a market's number for a perpetual, ``SPOT`` plus the asset's for
    a spot trade. Sizes are lots of the market or WAD of the asset, ``price`` is the
    worst one accepted, in USDC, ``expiry`` the last second at which it may be filled.
    """

    account: AccountId
    instrument: int
    is_buy: bool
    size: int
    min_size: int
    price: Wad
    nonce: int
    expiry: Seconds
    counterparty: AccountId = ANYONE


@dataclass(frozen=True)
class TwoSided:
    """
    A bid and an ask under one signature, of which one fills.

    Like two quotes that share a nonce. A price of 0 is that of a side that is not
    quoted. ``request`` is the only request that it may answer; 0 if it is none's
    answer and anyone may take it.
    """

    account: AccountId
    instrument: int
    bid: Wad
    ask: Wad
    size: int
    min_size: int
    nonce: int
    expiry: Seconds
    counterparty: AccountId = ANYONE
    request: int = 0


def get_side(quote: TwoSided, is_buy: bool) -> Quote:
    """Return the bid of a two-sided quote, its maker's if ``is_buy``, or the ask."""
    if quote.bid != 0 and quote.ask != 0 and quote.bid >= quote.ask:
        raise CrossedQuote
    return Quote(
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


def check_instrument(instrument: int) -> None:
    """Refuse what can't be a market or an asset that is traded."""
    if instrument < SPOT and instrument not in range(MAX_LISTED):
        raise UnknownMarket
    if instrument >= SPOT and (
        instrument == SPOT + USDC or instrument not in range(SPOT, SPOT + MAX_LISTED)
    ):
        raise UnknownAsset


def check(quote: Quote, now: Seconds) -> None:
    """Refuse a quote that nobody could fill at the time ``now``."""
    if quote.size == 0:
        raise ZeroAmount
    if quote.price == 0:
        raise PriceOutOfRange
    if quote.expiry < now:
        raise QuoteExpired
    check_instrument(quote.instrument)


def check_parties(quote: Quote, account: AccountId) -> None:
    """Refuse a fill of ``quote`` with ``account`` where it is not meant for it."""
    if quote.account == account:
        raise SameAccount
    if quote.counterparty not in (ANYONE, account):
        raise WrongCounterparty


def cross(maker: Quote, taker: Quote, now: Seconds) -> int:
    """
    Return the size that two quotes fill, in the unit of their size.

    It is the smaller of both, and must be enough for both.
    """
    check(maker, now)
    check(taker, now)
    if maker.instrument != taker.instrument:
        raise WrongInstrument
    if maker.is_buy == taker.is_buy:
        raise SameSide
    check_parties(maker, taker.account)
    check_parties(taker, maker.account)
    bid, ask = (maker, taker) if maker.is_buy else (taker, maker)
    if bid.price < ask.price:
        raise QuotesDoNotCross
    size = min(maker.size, taker.size)
    if size < maker.min_size or size < taker.min_size:
        raise SizeTooSmall
    return size


def take(maker: Quote, account: AccountId, size: int, now: Seconds) -> int:
    """Return ``size``, if ``account`` may take as much of the quote."""
    check(maker, now)
    check_parties(maker, account)
    if size == 0:
        raise ZeroAmount
    if size < maker.min_size:
        raise SizeTooSmall
    if size > maker.size:
        raise SizeTooLarge
    return size


def convert(maker: Quote, account: AccountId, amount: int, now: Seconds) -> int:
    """Return ``amount``, if the quote buys as much collateral of ``account``."""
    take(maker, account, amount, now)
    if maker.instrument < SPOT:
        raise WrongInstrument
    if not maker.is_buy:
        raise SameSide
    return amount


def compute_domain(chain_id: int, desk: str) -> bytes:
    """Return the EIP-712 domain of the desk at ``desk``, an address in hex."""
    return compute_domain_separator(NAME, VERSION, chain_id, desk)


def compute_quote_digest(domain: bytes, quote: Quote) -> bytes:
    """Return what is signed for ``quote`` in ``domain``."""
    return compute_digest(domain, compute_struct_hash(QUOTE_TYPE, *astuple(quote)))


def compute_two_sided_digest(domain: bytes, quote: TwoSided) -> bytes:
    """Return what is signed for a two-sided ``quote`` in ``domain``."""
    return compute_digest(domain, compute_struct_hash(TWO_SIDED_TYPE, *astuple(quote)))
