"""
The quote desk.

Trades by signed quotes: two quotes that cross, or one quote and a taker, become a fill
of the clearinghouse at the maker's price and inside the oracle's bands; one quote and
collateral that has to be converted become a conversion. A quote fills once, in full or
in part; a two-sided one with one of its sides. An account may also ask for quotes, and
anyone may ask makers to buy collateral that has to be converted.

A transition returns the fill for the clearinghouse to apply: if that refuses it, the
whole call is refused and the nonces are not used. What the clearinghouse and the oracle
say is passed in as ``Surroundings``.

Counterpart of ``contracts/QuoteDesk.vy``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from specs import nonces, quotes, requests
from specs.accounts import AccountId, Address
from specs.errors import (
    AlreadyRequested,
    BadSignature,
    NotAuthorised,
    NotConvertible,
    PriceOutOfBand,
    WrongRequest,
)
from specs.fixed_point import Seconds, Wad
from specs.nonces import UNUSED, Nonces
from specs.quotes import SPOT, Quote, TwoSided
from specs.requests import Request, Requests

PAUSE: Final = Seconds(60)
"""Between two requests to convert the same account: makers need not hear it twice."""


@dataclass(frozen=True)
class State:
    """All that the desk remembers."""

    nonces: Nonces = UNUSED
    requests: Requests = field(default_factory=Requests)
    requested: Mapping[AccountId, Seconds] = field(default_factory=dict)
    """When a conversion was last asked for, of the accounts of which it ever was."""


@dataclass(frozen=True)
class Surroundings:
    """What the desk asks others: the time, who may trade, and the price bands."""

    now: Seconds
    may_trade: Callable[[AccountId, Address], bool]
    band: Callable[[int], tuple[Wad, Wad]]
    """The lowest and the highest price of an instrument; may refuse to say."""
    conversion: Callable[[AccountId], tuple[int, Wad]]
    """Which asset of an account is to be converted, and how much of it at most."""


@dataclass(frozen=True)
class Signature:
    """
    Who stands behind a signature of a quote.

    ``key`` is the address whose key made it, ``wallet`` the contract that accepts it
    when asked (EIP-1271); None where there is none.
    """

    key: Address | None = None
    wallet: Address | None = None


@dataclass(frozen=True)
class Fill:
    """
    What the clearinghouse is asked to fill.

    ``number`` is the asset's if ``is_spot``, otherwise the market's; ``size`` is WAD
    of the asset, or lots of the market.
    """

    is_spot: bool
    number: int
    buyer: AccountId
    seller: AccountId
    size: int
    price: Wad
    is_maker_buying: bool


@dataclass(frozen=True)
class Conversion:
    """What collateral the clearinghouse is asked to convert, WAD of the asset."""

    asset: int
    account: AccountId
    buyer: AccountId
    amount: Wad
    price: Wad


def cross(
    state: State,
    around: Surroundings,
    maker: Quote,
    maker_signature: Signature,
    taker: Quote,
    taker_signature: Signature,
) -> tuple[State, Fill]:
    """Fill two signed quotes with one another at the maker's price."""
    size = quotes.cross(maker, taker, around.now)
    used = nonces.use(state.nonces, maker.account, maker.nonce)
    used = nonces.use(used, taker.account, taker.nonce)
    check_signature(around, maker, maker_signature)
    check_signature(around, taker, taker_signature)
    check_band(around, maker)
    fill = compute_fill(maker, taker.account, size)
    return replace(state, nonces=used), fill


def take(
    state: State,
    around: Surroundings,
    caller: Address,
    maker: Quote,
    signature: Signature,
    account: AccountId,
    size: int,
) -> tuple[State, Fill]:
    """Fill ``size`` of a signed quote for ``account``, at its price."""
    check_may_trade(around, account, caller)
    quotes.take(maker, account, size, around.now)
    used = nonces.use(state.nonces, maker.account, maker.nonce)
    check_signature(around, maker, signature)
    check_band(around, maker)
    return replace(state, nonces=used), compute_fill(maker, account, size)


def convert(
    state: State,
    around: Surroundings,
    maker: Quote,
    signature: Signature,
    account: AccountId,
    amount: int,
) -> tuple[State, Conversion]:
    """
    Have ``amount`` of the collateral of ``account``, which owes more USDC than it may,
    sold to a signed quote at its price; anyone may relay it.
    """
    quotes.convert(maker, account, amount, around.now)
    used = nonces.use(state.nonces, maker.account, maker.nonce)
    check_signature(around, maker, signature)
    check_band(around, maker)
    asset = maker.instrument - SPOT
    sale = Conversion(asset, account, maker.account, Wad(amount), maker.price)
    return replace(state, nonces=used), sale


def take_two_sided(
    state: State,
    around: Surroundings,
    caller: Address,
    maker: TwoSided,
    signature: Signature,
    account: AccountId,
    size: int,
    is_buy: bool,
) -> tuple[State, Fill]:
    """Fill ``size`` of the ask of a signed quote if ``is_buy``, else of its bid."""
    check_may_trade(around, account, caller)
    side = get_free_side(maker, not is_buy)
    return take(state, around, caller, side, signature, account, size)


def convert_two_sided(
    state: State,
    around: Surroundings,
    maker: TwoSided,
    signature: Signature,
    account: AccountId,
    amount: int,
) -> tuple[State, Conversion]:
    """Have collateral sold to the bid of a signed quote, as ``convert`` does."""
    side = get_free_side(maker, True)
    return convert(state, around, side, signature, account, amount)


def get_free_side(maker: TwoSided, is_buy: bool) -> Quote:
    """Return a side of a quote that answers no request."""
    if maker.request != 0:
        raise WrongRequest
    return quotes.get_side(maker, is_buy)


def request(
    state: State,
    around: Surroundings,
    caller: Address,
    account: AccountId,
    instrument: int,
    size: int,
    side: int,
    limit: Wad,
    is_immediate: bool,
    expiry: Seconds,
    counterparty: AccountId,
) -> tuple[State, int]:
    """Ask for quotes for ``account``; return the id that answers have to name."""
    check_may_trade(around, account, caller)
    asked = Request(
        account,
        instrument,
        size,
        side,
        limit,
        is_immediate,
        expiry,
        counterparty,
        caller,
    )
    changed, number = requests.open_request(state.requests, asked, around.now)
    return replace(state, requests=changed), number


def refresh(
    state: State,
    around: Surroundings,
    caller: Address,
    number: int,
    limit: Wad,
    expiry: Seconds,
) -> State:
    """Change limit and expiry of a request that is open."""
    asked = requests.get_open(state.requests, number, around.now)
    check_may_trade(around, asked.account, caller)
    changed = requests.refresh(
        state.requests, number, limit, expiry, caller, around.now
    )
    return replace(state, requests=changed)


def cancel_request(
    state: State, around: Surroundings, caller: Address, number: int
) -> State:
    """Withdraw a request, be it that it has expired."""
    asked = requests.get_standing(state.requests, number)
    check_may_trade(around, asked.account, caller)
    return replace(state, requests=requests.close(state.requests, number))


def answer(
    state: State,
    around: Surroundings,
    number: int,
    maker: TwoSided,
    signature: Signature,
) -> tuple[State, Fill | None]:
    """
    Answer a request with a signed quote; anyone may relay it.

    One that is immediate is filled, if whoever asked may still trade for its account.
    Of any other the answer is announced and nothing changes: None.
    """
    asked = requests.get_open(state.requests, number, around.now)
    is_buy = requests.is_buying(asked, maker)
    if asked.is_immediate:
        check_may_trade(around, asked.account, asked.asker)
        return fill_request(state, around, number, maker, signature, is_buy)
    requests.answer(asked, number, maker, is_buy, around.now)
    nonces.use(state.nonces, maker.account, maker.nonce)
    check_signature(around, maker, signature)
    return state, None


def accept(
    state: State,
    around: Surroundings,
    caller: Address,
    number: int,
    maker: TwoSided,
    signature: Signature,
    is_buy: bool,
) -> tuple[State, Fill]:
    """Fill a request with a signed quote, whether or not it was announced."""
    asked = requests.get_open(state.requests, number, around.now)
    check_may_trade(around, asked.account, caller)
    return fill_request(state, around, number, maker, signature, is_buy)


def fill_request(
    state: State,
    around: Surroundings,
    number: int,
    maker: TwoSided,
    signature: Signature,
    is_buy: bool,
) -> tuple[State, Fill]:
    """Fill a request with a side of a signed quote, and close it."""
    asked = requests.get_standing(state.requests, number)
    side = requests.answer(asked, number, maker, is_buy, around.now)
    used = nonces.use(state.nonces, maker.account, maker.nonce)
    check_signature(around, maker, signature)
    check_band(around, side)
    closed = requests.close(state.requests, number)
    state = replace(state, nonces=used, requests=closed)
    return state, compute_fill(side, asked.account, asked.size)


def request_conversion(
    state: State, around: Surroundings, account: AccountId
) -> tuple[State, tuple[int, Wad]]:
    """
    Ask makers to buy the collateral of ``account`` that has to be converted; anyone
    may. Return which asset, and how much of it at most.

    It is an announcement: what may be sold is decided when it is.
    """
    if around.now < state.requested.get(account, -PAUSE) + PAUSE:
        raise AlreadyRequested
    asset, most = around.conversion(account)
    if most == 0:
        raise NotConvertible
    requested = {**state.requested, account: around.now}
    return replace(state, requested=requested), (asset, most)


def cancel(
    state: State, around: Surroundings, caller: Address, account: AccountId, nonce: int
) -> State:
    """Use up one nonce; refused if it is used up already."""
    check_may_trade(around, account, caller)
    return replace(state, nonces=nonces.use(state.nonces, account, nonce))


def cancel_word(
    state: State,
    around: Surroundings,
    caller: Address,
    account: AccountId,
    word: int,
    mask: int,
) -> State:
    """Use up all nonces of ``mask`` that are not used up yet."""
    check_may_trade(around, account, caller)
    used = nonces.use_word(state.nonces, account, word, mask)
    return replace(state, nonces=used)


def check_may_trade(around: Surroundings, account: AccountId, caller: Address) -> None:
    """Refuse a caller who may not trade for ``account``."""
    if not around.may_trade(account, caller):
        raise NotAuthorised


def check_signature(
    around: Surroundings, quote: Quote | TwoSided, signature: Signature
) -> None:
    """Refuse a quote that none of those who may trade for its account has signed."""
    owner = quote.account >> 96
    is_signed = signature.key is not None and around.may_trade(
        quote.account, signature.key
    )
    if not is_signed and signature.wallet != owner:
        raise BadSignature


def check_band(around: Surroundings, maker: Quote) -> None:
    """Refuse a price outside the instrument's bands."""
    low, high = around.band(maker.instrument)
    if not low <= maker.price <= high:
        raise PriceOutOfBand


def compute_fill(maker: Quote, taker: AccountId, size: int) -> Fill:
    """Return the fill of ``size`` of the quote with the account ``taker``."""
    is_spot = maker.instrument >= SPOT
    return Fill(
        is_spot=is_spot,
        number=maker.instrument - SPOT if is_spot else maker.instrument,
        buyer=maker.account if maker.is_buy else taker,
        seller=taker if maker.is_buy else maker.account,
        size=size,
        price=maker.price,
        is_maker_buying=maker.is_buy,
    )
