"""
Price views.

What is stored of prices and marks, in WAD, for whoever trades or watches. Nothing here
refuses: what is not listed or has no price is zero. The age of a price is for its user
to judge; while prices wait after an outage, all of it is what it was before.

Counterpart of ``contracts/modules/price_views.vy``.
"""

from typing import Final

from specs.bands import Band, compute_band, compute_perp_band
from specs.fixed_point import Seconds, Wad
from specs.mark_price import Markets, compute_premium
from specs.price_index import NEVER, NO_PRICE
from specs.slow_price import Assets
from specs.volatility import NO_VARIANCE, Variances

NO_BAND: Final = (NO_PRICE, NO_PRICE)


def get_feed(
    assets: Assets, variances: Variances, asset: int
) -> tuple[Wad, Wad, Seconds, int]:
    """
    Return slow and fast price, the time of the last update, and the variance of the
    fast price's returns, 1e-18 per second.
    """
    if asset not in assets:
        return NO_PRICE, NO_PRICE, NEVER, NO_VARIANCE
    found = assets[asset]
    variance = variances.get(asset, NO_VARIANCE)
    return found.slow, found.fast, found.time, variance


def get_mark(assets: Assets, markets: Markets, market: int) -> tuple[Wad, int, Seconds]:
    """Return mark, its premium over the slow price, and the time of the update."""
    if market not in markets or markets[market].time == NEVER:
        return NO_PRICE, 0, NEVER
    found = markets[market]
    premium = compute_premium(found.mark, assets[found.asset].slow)
    return found.mark, premium, found.time


def get_band(markets: Markets, market: int) -> Band:
    """Return the prices at which a perpetual may be filled."""
    if market not in markets:
        return NO_BAND
    found = markets[market]
    return compute_perp_band(found.mark, found.mean_mark, found.tolerance)


def get_spot_band(assets: Assets, asset: int) -> Band:
    """Return the prices at which an asset may be filled."""
    if asset not in assets:
        return NO_BAND
    return compute_band(assets[asset].slow, assets[asset].spot_tolerance)
