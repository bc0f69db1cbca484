"""Laws of quotes: what fills is what both sides signed."""

from specs.accounts import AccountId
from specs.errors import (
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
from specs.instruments import SPOT
from specs.quotes import (
    ANYONE,
    Quote,
    check,
    check_instrument,
    check_parties,
    convert,
    cross,
    take,
)
from tests.proofs.proof import Mutant

ONE, OTHER = AccountId(8 << 96), AccountId(9 << 96)


def quoted(
    is_buy: bool, size: int, least: int, price: int, account: AccountId = ONE
) -> Quote:
    """Return a quote for a market that is good for ever."""
    return Quote(account, 0, is_buy, size, least, price, 0, 2**32)


def what_two_quotes_fill_suits_both(
    size: int, least: int, other: int, other_least: int, bid: int, ask: int
) -> bool:
    """
    Two quotes fill the smaller size, no less than either's least, if the bid is no
    lower than the ask; else nothing.

    Serves: I46.

    pre: 0 < size and 0 < other and 0 <= least and 0 <= other_least
    pre: 0 < bid and 0 < ask
    post: __return__
    """
    buyer = quoted(True, size, least, bid)
    seller = quoted(False, other, other_least, ask, OTHER)
    try:
        filled = cross(seller, buyer, 1)
    except QuotesDoNotCross:
        return bid < ask
    except SizeTooSmall:
        return (
            size < other_least or other < least or size < least or other < other_least
        )
    return (
        ask <= bid
        and filled in (size, other)
        and max(least, other_least) <= filled <= min(size, other)
    )


def two_quotes_of_one_side_never_cross(is_buy: bool, other: bool, same: bool) -> bool:
    """
    A fill has two sides of one instrument.

    Serves: I46.

    post: __return__
    """
    maker = quoted(is_buy, 1, 1, 1)
    taker = Quote(OTHER, 0 if same else 1, other, 1, 1, 1, 0, 2**32)
    try:
        cross(maker, taker, 1)
    except WrongInstrument:
        return not same
    except SameSide:
        return is_buy == other
    return same and is_buy != other


def a_quote_fills_before_its_expiry(
    size: int, price: int, expiry: int, now: int
) -> bool:
    """
    A quote is good up to its last second, if it is for something at some price.

    Serves: I46.

    pre: 0 <= size and 0 <= price and 0 <= expiry and 0 <= now
    post: __return__
    """
    try:
        check(Quote(ONE, 0, True, size, 0, price, 0, expiry), now)
    except ZeroAmount:
        return size == 0
    except PriceOutOfRange:
        return price == 0
    except QuoteExpired:
        return expiry < now
    return size > 0 and price > 0 and now <= expiry


def a_quote_is_for_whom_it_names(account: int, named: int) -> bool:
    """
    Nobody fills with himself, nor a quote that is meant for another.

    Serves: I46.

    pre: 0 < account and 0 <= named
    post: __return__
    """
    quote = Quote(ONE, 0, True, 1, 1, 1, 0, 0, named)
    try:
        check_parties(quote, account)
    except SameAccount:
        return account == ONE
    except WrongCounterparty:
        return named != ANYONE and named != account
    return account != ONE and named in (ANYONE, account)


def no_instrument_is_beyond_the_lists(instrument: int) -> bool:
    """
    What is quoted is one of 32 markets or of 31 assets beside USDC.

    Serves: I46.

    pre: 0 <= instrument
    post: __return__
    """
    try:
        check_instrument(instrument)
    except UnknownMarket:
        return 32 <= instrument < SPOT
    except UnknownAsset:
        return instrument == SPOT or instrument >= SPOT + 32
    return instrument < 32 or SPOT < instrument < SPOT + 32


def what_is_taken_is_within_a_quotes_sizes(offer: int, least: int, size: int) -> bool:
    """
    A taker takes what was asked for exactly if the quote is for so much.

    Serves: I46.

    pre: 0 < offer and 0 <= least and 0 <= size
    post: __return__
    """
    try:
        taken = take(quoted(True, offer, least, 1), OTHER, size, 1)
    except ZeroAmount:
        return size == 0
    except SizeTooSmall:
        return size < least
    except SizeTooLarge:
        return size > offer
    return taken == size and least <= size <= offer and size > 0


def a_conversion_sells_collateral(is_spot: bool, is_buy: bool, amount: int) -> bool:
    """
    A conversion fills bids for a spot asset and nothing else.

    Serves: I26, I46.

    pre: 0 < amount <= 100
    post: __return__
    """
    instrument = SPOT + 1 if is_spot else 1
    maker = Quote(ONE, instrument, is_buy, 100, 1, 1, 0, 2**32)
    try:
        sold = convert(maker, OTHER, amount, 1)
    except WrongInstrument:
        return not is_spot
    except SameSide:
        return not is_buy
    return sold == amount and is_spot and is_buy


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/quotes.py", old, new),)


MUTANTS = {
    "what_two_quotes_fill_suits_both": _mutant(
        "if size < maker.min_size or size < taker.min_size:",
        "if size < maker.min_size:",
    ),
    "two_quotes_of_one_side_never_cross": _mutant(
        "    if maker.instrument != taker.instrument:\n        raise WrongInstrument\n",
        "",
    ),
    "a_quote_fills_before_its_expiry": _mutant(
        "if quote.expiry < now:", "if quote.expiry <= now:"
    ),
    "a_quote_is_for_whom_it_names": _mutant(
        "if quote.account == account:", "if quote.counterparty == account == 0:"
    ),
    "no_instrument_is_beyond_the_lists": _mutant(
        "if instrument < SPOT and instrument not in range(MAX_LISTED):",
        "if instrument < SPOT and instrument not in range(MAX_LISTED + 1):",
    ),
    "what_is_taken_is_within_a_quotes_sizes": _mutant(
        "if size > maker.size:", "if size > maker.size + 1:"
    ),
    "a_conversion_sells_collateral": _mutant(
        "    if not maker.is_buy:\n        raise SameSide\n", ""
    ),
}
