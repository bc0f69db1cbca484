"""
Layer 2 of prices: how they follow each other, marks, books' bases, outages.

Words count prices in units, the specification in wei. Decay over time is an argument.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import z3

from specs import (
    bands,
    book_basis,
    mark_price,
    packing,
    price_index,
    slow_price,
    volatility,
)
from specs.book_basis import Hold
from specs.fixed_point import PPM, WAD
from specs.packing import Field, get_field
from specs.price_index import UNIT
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.ranges import Interval as Range
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.lifter.reference import within
from tests.proofs.shared import Shared

PRICES = 2**80
NOW = 2**32

ASSET = {
    "slow": Field(176, 80, unit=UNIT),
    "fast": Field(96, 80, unit=UNIT),
    "time": Field(64, 32),
    "max_step": Field(50, 14),
    "spot_tolerance": Field(32, 18),
}
MARKET = {
    "mark": Field(176, 80, unit=UNIT),
    "mean_mark": Field(96, 80, unit=UNIT),
    "time": Field(64, 32),
    "asset": Field(56, 8),
    "period": Field(40, 16),
    "bound": Field(24, 16),
    "tolerance": Field(0, 24),
}
BOOK = {
    "mid": Field(176, 80, unit=UNIT),
    "mid_since": Field(144, 32),
    "mid_until": Field(112, 32),
    "integral": Field(0, 112, is_signed=True, unit=UNIT),
}


def exactly(function: Callable[..., Any], *arguments: Any, decay: Any = 0) -> Any:
    """Call a function of the specification, whose fractions may be symbolic."""
    modules = (bands, book_basis, mark_price, price_index, slow_price, volatility)
    with ExitStack() as stack:
        for module in modules:
            if hasattr(module, "Fraction"):
                stack.enter_context(patch.object(module, "Fraction", Ratio))
            if hasattr(module, "compute_decay_down"):
                stack.enter_context(
                    patch.object(module, "compute_decay_down", lambda *_: decay)
                )
        return function(*arguments)


def in_units(function: Callable[..., Any], *arguments: Any, decay: Any = 0) -> Any:
    """
    Call a function with prices in units, which it then takes for the smallest ones.

    It rounds multiples of a unit to such multiples, so it is all the same.
    """
    with patch.object(book_basis, "UNIT", 1), patch.object(price_index, "UNIT", 1):
        return exactly(function, *arguments, decay=decay)


def units(price: int) -> int:
    """Return a price of whole units in units."""
    return price // UNIT


# Slow price, volatility


def follow(slow: int, fast: int, max_step: int, seconds: int) -> int:
    """Do as the specification, in units."""
    arguments = slow * UNIT, fast * UNIT, max_step, seconds
    return units(exactly(slow_price.compute_slow, *arguments))


def follow_up(
    variance: int, before: int, fast: int, seconds: int, remainder: int
) -> int:
    """Return the variance that the specification has, of prices in any unit."""
    return exactly(
        volatility.compute_variance_up,
        variance,
        before,
        fast,
        seconds,
        decay=remainder,
    )


FOLLOWING = (
    same(
        "slow_price._follow",
        follow,
        ("min(fast, slow + step)", "slow + step"),
        ("slow - min(step, slow)", "slow - step"),
        ("max_step * seconds, fp.PPM)", "max_step, fp.PPM) * seconds"),
        fits=lambda slow, fast, max_step, seconds: within(
            (slow, 0, PRICES), (fast, 0, PRICES), (max_step, 0, PPM), (seconds, 0, NOW)
        ),
    ),
    same(
        "volatility._follow_up",
        follow_up,
        ("fp._mul_div_up(distance, fp.WAD, before)", "distance * fp.WAD // before"),
        fits=lambda variance, before, fast, seconds, remainder: within(
            (variance, 0, 2**64),
            (before, 0, PRICES),
            (fast, 0, PRICES),
            (seconds, 0, NOW),
            (remainder, 0, WAD),
        ),
    ),
)

# Index


def check_price(price: int) -> tuple[()]:
    """Refuse as the specification does."""
    price_index.check_price(price)
    return ()


INDEX = (
    same(
        "price_index._to_units_down",
        lambda price: units(exactly(price_index.quantise_down, price)),
        ("    return price // UNIT", "    return price // UNIT + 1"),
    ),
    same(
        "price_index._check_price",
        check_price,
        ("assert units <= MAX_PRICE", "assert units < MAX_PRICE"),
        ("    assert units != 0, errors.PRICE_OUT_OF_RANGE\n", ""),
    ),
)

# Marks


def approach(mean: int, sample: int, remainder: int) -> int:
    """Do as the specification with what is left of a mean, in units."""
    elapsed = period = 0
    arguments = mean, sample, elapsed, period
    return in_units(mark_price.approach, *arguments, decay=remainder)


def compute_premium(mark: int, slow: int) -> int:
    """Do as the specification with a mark and a slow price in any unit."""
    return exactly(mark_price.compute_premium, mark, slow)


def limit(distance: int, slow: int, bound: int) -> int:
    """Return what is nearest within the bound, in units."""
    return units(exactly(book_basis.limit, distance * UNIT, slow * UNIT, bound))


def integrate(word: int, slow: int, bound: int, time: int, now: int) -> int:
    """Return what is stored, and what the mid that holds adds to it, in units."""
    book = packing.unpack(word, BOOK)
    hold = Hold(units(book["mid"]), book["mid_since"], book["mid_until"])
    more = in_units(book_basis.compute_integral, (hold,), now, slow, bound, time)
    return units(book["integral"]) + more


def is_limited(distance: Any, slow: Any, bound: Any) -> z3.BoolRef:
    """Return that numbers are such as `book_basis._within` is proved for."""
    sizes = (distance >= -PRICES, distance <= PRICES, slow <= PRICES, bound <= PPM)
    return z3.And(slow >= 0, bound >= 0, *sizes)


def size_limit(distance: Range, slow: Range, bound: Range) -> Range:
    """Return between what a limited distance is: it is cut off, or comes nearer 0."""
    return min(distance[0], 0), max(distance[1], 0)


WITHIN = Shared(
    "book_basis._within",
    book_basis.limit,
    "bytecode.book_basis.within",
    is_limited,
    size_limit,
    signed=(0,),
    is_signed=True,
)
"""What is nearest within the bound, in whichever unit all prices are."""

MARKS = (
    same(
        "mark_price._approach",
        approach,
        ("return mean + (sample", "return mean - (sample"),
        ("way // convert(fp.WAD, int256)", "way // convert(fp.RAY, int256)"),
        fits=lambda mean, sample, remainder: within(
            (mean, -PRICES, PRICES), (sample, -PRICES, PRICES), (remainder, 0, WAD)
        ),
    ),
    same(
        "mark_price._premium",
        compute_premium,
        ("    if slow == 0:\n        return 0\n", ""),
        ("convert(mark, int256) - convert(slow, int256)", "convert(mark, int256)"),
        fits=lambda mark, slow: within((mark, 0, PRICES), (slow, 0, PRICES)),
    ),
    same(
        "book_basis._within",
        limit,
        ("min(max(distance, -limit), limit)", "max(distance, -limit)"),
        ("(slow, bound, fp.PPM)", "(slow, bound, fp.BPS)"),
        fits=lambda distance, slow, bound: within(
            (distance, -PRICES, PRICES), (slow, 0, PRICES), (bound, 0, PPM)
        ),
    ),
    same(
        "book_basis._integrate",
        integrate,
        ("    end = min(end, block.timestamp)\n", ""),
        fits=lambda word, slow, bound, time, now: within(
            (slow, 0, PRICES), (bound, 0, 50_000), (time, 0, NOW)
        ),
        reads={"now": (TIME,)},
        shares=(WITHIN,),
    ),
)

# Views of the oracle

ASSET_WORD = {"word": ("slow_price._words", "asset")}
MARKET_WORD = {"word": ("mark_price._words", "market")}
RUN_WORD = {"run": ("outage._words", "asset")}


def get_run(asset: int, time: int, word: int) -> tuple[int, int]:
    """Return the run of updates that wait, if the last of them is later."""
    if word % NOW <= time:
        return 0, 0
    return word // NOW, word % NOW


def get_feed(asset: int, word: int, variance: int) -> tuple[int, ...]:
    """Return prices, time and variance of an asset."""
    found = packing.unpack(word, ASSET)
    return found["slow"], found["fast"], found["time"], variance


def get_mark(market: int, word: int, slow: int) -> tuple[int, int, int]:
    """Return a market's mark, with its premium over a slow price in a word."""
    found = packing.unpack(word, MARKET)
    if found["time"] == 0:
        return 0, 0, 0
    prices = units(found["mark"]), units(get_field(slow, ASSET["slow"]))
    return found["mark"], compute_premium(*prices), found["time"]


def get_band(market: int, word: int) -> tuple[int, int]:
    """Return the band of a perpetual from its word."""
    found = packing.unpack(word, MARKET)
    marks = Ratio(found["mark"]), Ratio(found["mean_mark"])
    return exactly(bands.compute_perp_band, *marks, found["tolerance"])


def get_spot_band(asset: int, word: int) -> tuple[int, int]:
    """Return the band of an asset from its word."""
    found = packing.unpack(word, ASSET)
    band = Ratio(found["slow"]), found["spot_tolerance"]
    return exactly(bands.compute_band, *band)


def get_asset(asset: int, word: int, run: int) -> tuple[int, ...]:
    """Return all that is stored of an asset."""
    found = packing.unpack(word, ASSET)
    waiting = get_run(asset, found["time"], run)
    limits = found["max_step"], found["spot_tolerance"]
    return found["slow"], found["fast"], found["time"], *waiting, *limits


def get_market(market: int, word: int, mids: int, book: int) -> tuple[int, ...]:
    """Return all that is stored of a market."""
    fields = (*packing.unpack(word, MARKET).values(),)
    return *fields, *packing.unpack(mids, BOOK).values(), book


VIEWS = (
    same(
        "outage._run",
        get_run,
        ("if self._updated_at(word) <= time:", "if self._updated_at(word) < time:"),
        ("return word & (2**32 - 1)", "return word & (2**31 - 1)"),
        reads={"word": ("outage._words", "asset")},
    ),
    same(
        "price_views.feed",
        get_feed,
        (
            "slow_price._slow(word) * price_index.UNIT,\n        slow",
            "0,\n        slow",
        ),
        reads={**ASSET_WORD, "variance": ("volatility._variances", "asset")},
    ),
    same(
        "price_views.mark",
        get_mark,
        ("    if time == 0:\n        return 0, 0, 0\n", ""),
        reads={
            **MARKET_WORD,
            "slow": ("slow_price._words", "word.56.8"),
        },
    ),
    same(
        "price_views.band",
        get_band,
        (
            "mark_price._mean_mark(word) * price_index.UNIT,\n        mark_price._t",
            "mark_price._mark(word) * price_index.UNIT,\n        mark_price._t",
        ),
        fits=lambda market, word: get_field(word, MARKET["tolerance"]) <= PPM,
        reads=MARKET_WORD,
    ),
    same(
        "price_views.spot_band",
        get_spot_band,
        (
            "slow_price._slow(word) * price_index.UNIT, slow_price",
            "slow_price._fast(word) * price_index.UNIT, slow_price",
        ),
        reads=ASSET_WORD,
    ),
    same(
        "price_views.asset_of",
        get_asset,
        ("        resumed_at=resumed_at,", "        resumed_at=updated_at,"),
        reads={**ASSET_WORD, **RUN_WORD},
    ),
    same(
        "price_views.market_of",
        get_market,
        ("mid_until=book_basis._mid_until", "mid_until=book_basis._mid_since"),
        reads={
            **MARKET_WORD,
            "mids": ("book_basis._words", "market"),
            "book": ("book_basis.book_of", "market"),
        },
    ),
)

PROOFS = (*FOLLOWING, *INDEX, *MARKS, *VIEWS)
