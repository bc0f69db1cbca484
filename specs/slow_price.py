"""
Slow price.

Each asset's two prices: the fast one is the index as published, the slow one follows it
by a limited step a second, so that a spike of a few seconds moves nobody's margin far.
The seconds are those since the last update, whether it counted or not (``outage.py``):
what an outage lasted gives no room for a step.

Counterpart of ``contracts/modules/slow_price.vy``.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from specs.errors import AlreadyListed, OutOfBounds, TooManyMarkets, UnknownAsset
from specs.fixed_point import PPM, Seconds, Wad
from specs.outage import get_run, is_counting
from specs.price_index import NEVER, NO_PRICE, quantise_down

MAX_ASSET: Final = 31
MAX_STEP: Final = 10_000
MAX_SPOT_TOLERANCE: Final = 200_000
MAX_MARKETS: Final = 4


@dataclass(frozen=True)
class Asset:
    """
    An asset's prices, all zero until the first is published.

    ``max_step`` in ppm per second, ``spot_tolerance`` in ppm, ``markets`` ascending.
    ``time`` is that of the last update that counted, ``waiting`` has those since.
    """

    max_step: int
    spot_tolerance: int
    slow: Wad = NO_PRICE
    fast: Wad = NO_PRICE
    time: Seconds = NEVER
    waiting: tuple[Seconds, ...] = ()
    markets: tuple[int, ...] = ()


Assets = dict[int, Asset]


def list_asset(
    assets: Assets, asset: int, max_step: int, spot_tolerance: int
) -> Assets:
    """List an asset without a price. 0 is USDC, whose price is 1 by definition."""
    if not 1 <= asset <= MAX_ASSET:
        raise OutOfBounds
    if not 1 <= max_step <= MAX_STEP:
        raise OutOfBounds
    if not 1 <= spot_tolerance <= MAX_SPOT_TOLERANCE:
        raise OutOfBounds
    if asset in assets:
        raise AlreadyListed
    return {**assets, asset: Asset(max_step, spot_tolerance)}


def attach(assets: Assets, asset: int, market: int) -> Assets:
    """Have ``market`` follow the slow price of ``asset``."""
    if asset not in assets:
        raise UnknownAsset
    markets = tuple(sorted((*assets[asset].markets, market)))
    if len(markets) > MAX_MARKETS:
        raise TooManyMarkets
    return {**assets, asset: replace(assets[asset], markets=markets)}


def get_updates(asset: Asset) -> tuple[Seconds, ...]:
    """Return the times of the last update that counted and of those since."""
    return (asset.time, *asset.waiting)


def must_wait(asset: Asset, now: Seconds) -> bool:
    """Return whether an update does not count yet, for an outage before it."""
    return asset.time != NEVER and not is_counting((*get_updates(asset), now))


def get_waiting_run(asset: Asset) -> tuple[Seconds, Seconds]:
    """Return the first and the last time of the updates that wait, if there are any."""
    if not asset.waiting:
        return NEVER, NEVER
    run = get_run(get_updates(asset))
    return run[0], run[-1]


def wait(asset: Asset, now: Seconds) -> Asset:
    """Take note of an update that does not count yet."""
    return replace(asset, waiting=(*asset.waiting, now))


def update(asset: Asset, now: Seconds, fast: Wad) -> Asset:
    """Take over a new fast price and let the slow one follow; the first one jumps."""
    slow = fast
    if asset.time != NEVER:
        elapsed = Seconds(now - get_updates(asset)[-1])
        slow = compute_slow(asset.slow, fast, asset.max_step, elapsed)
    return replace(asset, slow=slow, fast=fast, time=now, waiting=())


def compute_slow(slow: Wad, fast: Wad, max_step: int, elapsed: Seconds) -> Wad:
    """
    Return the price nearest to ``fast`` within a step from ``slow``.

    The step is ``max_step`` ppm of ``slow`` for each second, rounded down to whole
    units, and none at the same time.
    """
    step = quantise_down(slow * Fraction(max_step * elapsed, PPM))
    return Wad(sorted((slow - step, fast, slow + step))[1])
