"""
Mark price.

Each perpetual market's mark: the slow price of its asset plus an exponential mean of
the basis, of which every update adds the average since the last one. The mark stays
within its bound around the slow price, and so does the mean's memory, the mark less the
slow price. Means round towards 0 and the bound inwards, to whole units of a stored
price.

Counterpart of ``contracts/modules/mark_price.vy``.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import trunc
from typing import Final

from specs import book_basis
from specs.book_basis import NO_BOOK, Holds, truncate
from specs.decay import compute_decay_down
from specs.errors import AlreadyListed, OutOfBounds
from specs.fixed_point import WAD, Seconds, Wad
from specs.price_index import NEVER, NO_PRICE
from specs.signatures import NOBODY

MAX_MARKET: Final = 31
MIN_PERIOD: Final = 60
MAX_PERIOD: Final = 300
MAX_BOUND: Final = 50_000
MAX_TOLERANCE: Final = 100_000

MEAN_PERIOD: Final = Seconds(300)
"""Of the mean mark, for the bands."""


@dataclass(frozen=True)
class Market:
    """
    A market's marks, zero until its asset has the next price.

    ``period`` in seconds; ``bound`` and ``tolerance`` in ppm.
    """

    asset: int
    period: Seconds
    bound: int
    tolerance: int
    book: str = NOBODY
    mark: Wad = NO_PRICE
    mean_mark: Wad = NO_PRICE
    time: Seconds = NEVER
    holds: Holds = NO_BOOK


Markets = dict[int, Market]


def list_market(
    markets: Markets,
    market: int,
    asset: int,
    period: int,
    bound: int,
    tolerance: int,
) -> Markets:
    """List a market on the slow price of ``asset``, without a mark."""
    if not 0 <= market <= MAX_MARKET:
        raise OutOfBounds
    if not MIN_PERIOD <= period <= MAX_PERIOD:
        raise OutOfBounds
    if not 1 <= bound <= MAX_BOUND:
        raise OutOfBounds
    if not 1 <= tolerance <= MAX_TOLERANCE:
        raise OutOfBounds
    if market in markets:
        raise AlreadyListed
    return {**markets, market: Market(asset, Seconds(period), bound, tolerance)}


def update(market: Market, now: Seconds, before: Wad, slow: Wad) -> Market:
    """
    Let the mark follow a slow price that was ``before`` since the last update.

    The first mark is the slow price.
    """
    if market.time == NEVER:
        holds = market.holds[-1:]
        return replace(market, mark=slow, mean_mark=slow, time=now, holds=holds)

    elapsed = Seconds(now - market.time)
    holds, sample = book_basis.take_average(
        market.holds, now, before, market.bound, market.time
    )
    basis = approach(market.mark - before, sample, elapsed, market.period)
    mark = Wad(slow + book_basis.limit(basis, slow, market.bound))
    mean = Wad(approach(market.mean_mark, mark, elapsed, MEAN_PERIOD))
    return replace(market, mark=mark, mean_mark=mean, time=now, holds=holds)


def approach(mean: int, sample: int, elapsed: Seconds, period: Seconds) -> int:
    """
    Return an exponential mean after ``elapsed`` seconds.

    It moves towards ``sample`` by alpha = 1 - exp(-elapsed/period) of the way, the
    way rounded towards 0.
    """
    alpha = 1 - Fraction(compute_decay_down(elapsed, period), WAD)
    return mean + truncate((sample - mean) * alpha)


def compute_premium(mark: Wad, slow: Wad) -> int:
    """Return (mark - slow)/slow in WAD, rounded towards 0; 0 without a price."""
    return trunc(Fraction((mark - slow) * WAD, slow)) if slow else 0
