"""
Layer 2 of what fills of the book look up of an instrument, and what they may be.

An asset's words are those of its number: a spot instrument is that much above `SPOT`.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import z3

from specs import errors, instruments, listings, makers, money_market, packing
from specs.instruments import is_spot
from specs.listings import Listing
from specs.makers import Making
from specs.packing import get_field
from tests.proofs.equalities.books import LISTING, PRICES, TOP, narrow
from tests.proofs.equalities.desk import refuses
from tests.proofs.equalities.pools import unpack_balance
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import Symbolic, formula_of, within
from tests.proofs.shared import UP, Called

LARGEST_EXPONENT = 77
"""Of a power of ten that is a word."""


def entry(word: Any, *keys: Any) -> Any:
    """Return the word of a mapping under its keys, given another word of it."""
    found = word.formula.decl()(*map(formula_of, keys))
    Symbolic.run.conditions += [found >= 0, found < 2**256]
    return Symbolic(found)


def get_exponent(risk: int) -> int:
    """Return the exponent of the lot in a market's risk word."""
    return get_field(risk, packing.RISK["lot_exponent"])


# What is listed


def require_listed(instrument: int, risk: int, token: int) -> tuple[()]:
    """Refuse a market without a risk word, and an asset without a token, or USDC."""
    if not is_spot(instrument):
        if risk == 0:
            raise errors.UnknownMarket
        return ()
    asset = instruments.get_asset(instrument)
    if asset == 0 or entry(token, asset) == 0:
        raise errors.UnknownAsset
    return ()


def get_quote_word(instrument: int, market: int, asset: int) -> int:
    """Return the word that has an instrument's prices."""
    if is_spot(instrument):
        return entry(asset, instruments.get_asset(instrument))
    return market


def get_unit(instrument: int, risk: int) -> int:
    """Return how much base one of an instrument's sizes is: a unit, or a lot."""
    return 1 if is_spot(instrument) else 10 ** get_exponent(risk)


TRADABLES = (
    same(
        "tradables._require_listed",
        require_listed,
        ("assert state.market_risk[instrument] != 0", "assert instrument != 0"),
        ("    self._require_asset(instruments._asset(instrument))\n", ""),
        reads={
            "risk": ("market_risk", "instrument"),
            "token": ("token", "instrument"),
        },
    ),
    same(
        "tradables._quote_word",
        get_quote_word,
        ("state.quote[instruments._asset(instrument)]", "state.quote[instrument]"),
        ("return state.market_quote[instrument]", "return state.quote[instrument]"),
        reads={
            "market": ("market_quote", "instrument"),
            "asset": ("quote", "instrument"),
        },
    ),
    same(
        "tradables._unit",
        get_unit,
        ("        return 1\n", "        return 10**18\n"),
        fits=lambda instrument, risk: get_exponent(risk) <= LARGEST_EXPONENT,
        reads={"risk": ("market_risk", "instrument")},
    ),
    same(
        "tradables._held",
        lambda account, asset, word, index: money_market.compute_held(
            unpack_balance(word), get_field(index, packing.POOL_INDEX["lend_index"])
        ),
        ("state.pool_index[asset] >> 144", "state.pool_index[asset] >> 145"),
        reads={
            "word": ("balances", "account", "asset"),
            "index": ("pool_index", "asset"),
        },
        fits=lambda *words: True,
    ),
)

# Sizes


def get_scale(code: int, word: int) -> int:
    """Return what a lot of what is listed under a code is to the Clearinghouse."""
    lot = 10 ** get_field(word, LISTING["lot_exponent"])
    listing = Listing(0, lot, 0, 0, 0)
    return listings.get_scale(instruments.get_instrument(code), listing)


def has_scale(code: int, word: int) -> bool:
    """Tell whether a lot's size is a word."""
    return get_field(word, LISTING["lot_exponent"]) <= LARGEST_EXPONENT


def require_size(*words: int) -> None:
    """Refuse as the specification does, with the lot in a risk word."""
    instrument, account, size, price, is_reduce_only, mark, risk = words
    lot = 1 if is_spot(instrument) else 10 ** get_exponent(risk)
    quote = SimpleNamespace(slow=mark)

    class Markets:
        """A market under any number."""

        def __getitem__(self, market: int) -> SimpleNamespace:
            return SimpleNamespace(lot=lot, quote=quote)

    state = SimpleNamespace(markets=Markets())
    makers.require_size(state, instrument, Making(account, size, price, is_reduce_only))


def is_making(*words: int) -> bool:
    """Tell whether prices are any, and the lot is within its bounds."""
    _, _, _, price, _, mark, risk = words
    return within((price, 0, PRICES), (mark, 0, PRICES), (get_exponent(risk), 12, 18))


def rises(one: Called, other: Called) -> z3.BoolRef:
    """Return that of two quotients by one divisor that with the greater factor is."""
    (x, y, d), (other_x, other_y, other_d) = one.arguments, other.arguments
    alike = z3.And(x == other_x, d == other_d, d > 0, x >= 0, y <= other_y)
    return z3.Implies(alike, one.result <= other.result)


RISING = replace(UP, law=rises)

SIZES = (
    same(
        "listings._scale",
        get_scale,
        ("if code < instruments.MAX_LISTED:", "if code <= instruments.MAX_LISTED:"),
        ("        return 1\n", "        return 10\n"),
        fits=has_scale,
    ),
    same(
        "makers._require_size",
        refuses(require_size),
        ("max(making.price, mark)", "making.price"),
        ("assert making.size <= MAX_AMOUNT", "assert making.size < MAX_AMOUNT"),
        ("    assert making.size != 0, errors.ZERO_AMOUNT\n", ""),
        fits=is_making,
        reads={"words[6]": ("market_risk", "words[0]")},
        shares=(RISING,),
        is_bounded=True,
    ),
)

# Takers


def open_taker(*words: int) -> tuple[int, ...]:
    """
    Return the words of a taker: what was placed, in a band that is narrowed.

    Without an order on the other side it is narrowed to nothing, and nothing is met.
    """
    placed, (code, listing, number, low, high, is_forced, top) = words[:9], words[9:]
    account, _, is_buy, _, _, _, _, self_trade, _ = placed
    found = packing.unpack(listing, LISTING)
    best = get_field(top, TOP["ask" if is_buy else "bid"])
    band = narrow(low, high, best, found["tick"])
    return (
        account,
        code,
        is_buy,
        self_trade == listings.SelfTrade.CANCEL_NEWEST,
        is_forced,
        number,
        *band,
        found["tick"],
        get_scale(code, listing),
        found["min_lots"],
    )


TAKERS = (
    same(
        "matching._open",
        open_taker,
        (
            "price_levels._best(code, not placement",
            "price_levels._best(code, placement",
        ),
        ("low=near_low", "low=low"),
        (
            "self_trade == listings.CANCEL_NEWEST",
            "self_trade != listings.CANCEL_NEWEST",
        ),
        fits=lambda *words: has_scale(words[9], words[10]),
        reads={"words[15]": ("price_levels.tops", "words[9]")},
    ),
)

PROOFS = (*TRADABLES, *SIZES, *TAKERS)
