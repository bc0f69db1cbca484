"""
Layer 2 of the order book: listings, bands of limits, slots of orders.

What the specification keeps as lists of orders, the contract has in words, of which the
fields are said here.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from specs import bands, errors, instruments, limit_bands, listings, matching, packing
from specs.bands import Band
from specs.fixed_point import WAD, mul_div_down
from specs.listings import Listing, Placement
from specs.packing import Field, get_field
from specs.price_index import UNIT
from tests.proofs.equalities.desk import refuses
from tests.proofs.exposed import same
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.lifter.reference import within

PRICES = 2**100
AROUND = bands.compute_band

LISTING = {
    "max_spread": Field(112, 20),
    "impact": Field(80, 32, unit=WAD),
    "min_lots": Field(48, 32),
    "lot_exponent": Field(40, 8),
    "tick": Field(0, 40, unit=UNIT),
}
TOP = {
    "bid": Field(232, 24),
    "ask": Field(208, 24),
    "last": Field(184, 24),
    "mid": Field(120, 64),
    "told_at": Field(88, 32),
    "volume": Field(32, 56),
    "traded_at": Field(0, 32),
}
ORDER = {
    "lots": Field(184, 72),
    "generation": Field(144, 40),
    "next": Field(104, 40),
    "previous": Field(64, 40),
    "expiry": Field(32, 32),
    "number": Field(8, 24),
    "code": Field(2, 6),
    "is_buy": Field(1, 1),
    "is_reduce_only": Field(0, 1),
}
TOPS = {"top": ("price_levels.tops", "code")}


def band(price: int, tolerance: int) -> Band:
    """Return a band of the specification, whose fractions may be symbolic."""
    with patch.object(bands, "Fraction", Ratio):
        return AROUND(Ratio(price), tolerance)


# Listings


def require_placement(*words: Any) -> int:
    """Refuse as the specification does; no price is a multiple of no tick."""
    found = packing.unpack(words[0], LISTING)
    tick = found["tick"] if found["tick"] != 0 else 2**256
    listing = Listing(tick, 0, found["min_lots"], found["impact"], found["max_spread"])
    return listings.require_placement(listing, Placement(*words[1:10]), *words[10:])


def get_code(instrument: int) -> int:
    """Return the code of an instrument that may be listed, else one of none."""
    last = instruments.SPOT + instruments.MAX_LISTED
    if instrument < instruments.MAX_LISTED or within(
        (instrument, instruments.SPOT, last - 1)
    ):
        return instruments.get_code(instrument)
    return 2 * instruments.MAX_LISTED


def get_word(code: int, word: int) -> int:
    """Return the word of what is listed."""
    if word == 0:
        raise errors.UnknownInstrument
    return word


LISTINGS = (
    same(
        "listings._check",
        require_placement,
        ("placement.lots >= self._min_lots(listing)", "placement.lots >= 1"),
        ("number != 0 and number <= MAX_NUMBER", "number <= MAX_NUMBER"),
        ("placement.expiry == 0 or ", ""),
    ),
    same(
        "listings._check_size",
        refuses(listings.require_size),
        ("assert lots <= perpetual.MAX_LOTS", "assert lots < perpetual.MAX_LOTS"),
        ("assert max_fills <= MAX_VISITS", "assert max_fills < MAX_VISITS"),
    ),
    same(
        "listings._code",
        get_code,
        ("min(instruments._code(instrument), _CODES)", "instruments._code(instrument)"),
    ),
    same(
        "listings._read",
        get_word,
        ("    assert word != 0, errors.UNKNOWN_INSTRUMENT\n", ""),
        reads={"word": ("listings.words", "code")},
    ),
    same(
        "listings._impact",
        lambda word: get_field(word, LISTING["impact"]),
        ("_get(word, 80, 32)", "_get(word, 80, 31)"),
    ),
    same(
        "listings._max_spread",
        lambda word: get_field(word, LISTING["max_spread"]),
        ("_get(word, 112, 20)", "_get(word, 112, 24)"),
    ),
    same(
        "listings._to_lots_down",
        lambda size, scale: mul_div_down(size, 1, scale),
        ("    return size // scale", "    return (size + 1) // scale"),
    ),
    same(
        "listings._to_lots_up",
        lambda size, scale: -(-size // scale),
        ("_mul_div_up(size, 1, scale)", "_mul_div_down(size, 1, scale)"),
        fits=lambda size, scale: within((size, 0, 2**200), (scale, 1, 2**200)),
    ),
)

# Bands of limits


def get_middle(bid: int, ask: int, last: int, oracle: int) -> int:
    """Return the median that the specification takes; 0 for none."""
    return sorted((bid or oracle, ask or oracle, last or oracle))[1]


def check_limit(price: int, middle: int, low: int, high: int) -> None:
    """Refuse a price that the limits around a middle do not have."""
    limits = band(min(max(middle, low), high), bands.LIMIT_TOLERANCE)
    if not bands.is_within(price, limits):
        raise errors.PriceOutOfBand


def is_too_good(is_buy: int, price: int, low: int, high: int) -> bool:
    """Do as the specification with the side and the price of a placement."""
    placed = SimpleNamespace(is_buy=is_buy, price=price)
    return limit_bands.is_too_good(placed, (low, high))


def narrow(low: int, high: int, best: int, tick: int) -> Band:
    """Do as the specification with a best price."""
    order = SimpleNamespace(number=best)
    book = SimpleNamespace(listing=SimpleNamespace(tick=tick))
    state = SimpleNamespace(orders={1: order}, books={0: book})
    placed = SimpleNamespace(instrument=0)
    with (
        patch.object(limit_bands, "get_others", lambda *_: (1,)),
        patch.object(limit_bands.bands, "compute_band", band),
    ):
        return limit_bands.narrow(state, placed, (low, high))


def crosses(code: int, is_buy: int, number: int, top: int) -> bool:
    """Return whether the best order on the other side is within a limit."""
    best = get_field(top, TOP["ask" if is_buy else "bid"])
    return best != 0 and meets(is_buy, number, best)


def meets(is_buy: int, number: int, other: int) -> bool:
    """Do as the specification with prices."""
    placed, resting = SimpleNamespace(is_buy=is_buy), SimpleNamespace(number=other)
    return matching.meets(placed, number, resting)


LIMITS = (
    same(
        "limit_bands._middle",
        get_middle,
        ("min(max(low, high), middle)", "min(high, middle)"),
        ("    if last == 0:\n        middle = oracle\n", ""),
    ),
    same(
        "limit_bands._check",
        refuses(check_limit),
        ("min(max(middle, low), high)", "max(middle, low)"),
        ("assert least <= price and", "assert least < price and"),
        fits=lambda price, middle, low, high: within(
            (middle, 0, PRICES), (low, 0, PRICES), (high, 0, PRICES)
        ),
    ),
    same(
        "limit_bands._is_too_good",
        is_too_good,
        ("        return price > high\n", "        return price >= high\n"),
    ),
    same(
        "limit_bands._narrow",
        narrow,
        ("max(low, near_low)", "near_low"),
        fits=lambda low, high, best, tick: within((best, 0, 2**24), (tick, 0, 2**64)),
    ),
    same(
        "matching._meets",
        meets,
        ("return other >= number", "return other > number"),
    ),
    same(
        "matching._crosses",
        crosses,
        ("_best(code, not is_buy)", "_best(code, is_buy)"),
        ("best != 0 and self", "self"),
        reads=TOPS,
    ),
)

# Slots of orders


def find(id: int, word: int) -> int:
    """Return the word of an order that is not gone."""
    found = packing.unpack(word, ORDER)
    if found["lots"] == 0 or found["generation"] != id // 2**40:
        return 0
    return word


def has_expired(word: int, now: int) -> bool:
    """Do as the specification with an order's word."""
    order = SimpleNamespace(expiry=get_field(word, ORDER["expiry"]))
    return matching.has_expired(order, now)


def read(name: str) -> Callable[[int], int]:
    """Return the function that reads a field of an order."""
    return lambda word: get_field(word, ORDER[name])


SLOTS = (
    same(
        "order_slots._find",
        find,
        ("self._generation(word) != id >> 40", "self._generation(word) > id >> 40"),
        ("word >> _LOTS == 0 or ", ""),
        reads={"word": ("order_slots.words", "id.0.40")},
    ),
    same(
        "order_slots._account",
        lambda order, account: account,
        ("return self.accounts[order &", "return self.accounts[order >> 1 &"),
        reads={"account": ("order_slots.accounts", "order.0.32")},
    ),
    same(
        "order_slots._used",
        lambda account, word: word % 2**32,
        ("self.makers[account] & _LOW_32", "self.makers[account] & _LOW_40"),
        reads={"word": ("order_slots.makers", "account")},
    ),
    same(
        "order_slots._maker",
        lambda account, word: word // 2**32,
        ("self.makers[account] >> 32", "self.makers[account] >> 31"),
        reads={"word": ("order_slots.makers", "account")},
    ),
    same(
        "order_slots._id",
        lambda order, word: get_field(word, ORDER["generation"]) * 2**40 + order,
        (
            "self._generation(word) << 40 | order",
            "self._generation(word) << 41 | order",
        ),
        given={"order": (0, 2**40 - 1)},
    ),
    same(
        "order_slots._has_expired",
        has_expired,
        ("expiry != 0 and expiry < now", "expiry != 0 and expiry <= now"),
    ),
    *(
        same(
            f"order_slots._{name}",
            read(name),
            (old, new),
        )
        for name, old, new in (
            ("lots", "    return word >> _LOTS\n", "    return word >> _NEXT\n"),
            ("next", "(word >> _NEXT) & _LOW_40", "word >> _NEXT"),
            ("previous", "(word >> _PREVIOUS) & _LOW_40", "word >> _PREVIOUS"),
            ("number", "(word >> _NUMBER) & _LOW_24", "word >> _NUMBER"),
            ("code", "(word >> _CODE) & _LOW_6", "word >> _CODE"),
            ("is_buy", "return word & 2 != 0", "return word & 4 != 0"),
            ("is_reduce_only", "return word & 1 != 0", "return word & 4 != 0"),
        )
    ),
    same(
        "order_slots._is_firm",
        lambda word: get_field(word, ORDER["expiry"]) == 0,
        ("return self._expiry(word) == 0", "return self._expiry(word) != 0"),
    ),
)

PROOFS = (*LISTINGS, *LIMITS, *SLOTS)
