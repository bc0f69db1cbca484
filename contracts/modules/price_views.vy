# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Price views
@license Apache-2.0
@notice What is stored of prices and marks, in WAD, for whoever trades or watches.
@dev Nothing here refuses: what is not listed or has no price is zero. The age of a
     price is for its user to judge; while prices wait after an outage, all of it is
     what it was before.
@custom:spec specs/price_views.py
"""

from ..interfaces import IPriceOracle
from . import bands
from . import book_basis
from . import mark_price
from . import outage
from . import price_index
from . import slow_price
from . import volatility

uses: book_basis
uses: mark_price
uses: outage
uses: slow_price
uses: volatility


@view
@external
def feed(asset: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice Return slow and fast price in WAD, the block timestamp of the last update,
            and the variance of the fast price's returns in 1e-18 per second; zeros if
            there was none.
    """
    word: uint256 = slow_price._read(asset)
    return (
        slow_price._slow(word) * price_index.UNIT,
        slow_price._fast(word) * price_index.UNIT,
        slow_price._time(word),
        volatility._read(asset),
    )


@view
@external
def mark(market: uint256) -> (uint256, int256, uint256):
    """
    @notice Return mark in WAD, premium over the slow price in WAD, rounded towards 0,
            and the block timestamp of the last update; zeros if there was none.
    """
    word: uint256 = mark_price._read(market)
    time: uint256 = mark_price._time(word)
    if time == 0:
        return 0, 0, 0
    slow: uint256 = slow_price._slow(slow_price._read(mark_price._asset(word)))
    current: uint256 = mark_price._mark(word)
    return current * price_index.UNIT, mark_price._premium(current, slow), time


@view
@external
def band(market: uint256) -> (uint256, uint256):
    """
    @notice Return the lowest and the highest price in WAD at which a perpetual may be
            filled, rounded inwards; zeros without a mark, low above high if no price.
    """
    word: uint256 = mark_price._read(market)
    return bands._perp_band(
        mark_price._mark(word) * price_index.UNIT,
        mark_price._mean_mark(word) * price_index.UNIT,
        mark_price._tolerance(word),
    )


@view
@external
def spot_band(asset: uint256) -> (uint256, uint256):
    """
    @notice Return the lowest and the highest price in WAD at which an asset may be
            filled, rounded inwards; zeros without a price.
    """
    word: uint256 = slow_price._read(asset)
    return bands._around(
        slow_price._slow(word) * price_index.UNIT, slow_price._spot_tolerance(word)
    )


@view
@external
def asset_of(asset: uint256) -> IPriceOracle.Asset:
    """
    @notice Return all that is stored of an asset but for its variance, which `feed`
            gives; zeros if it is not listed.
    """
    word: uint256 = slow_price._read(asset)
    time: uint256 = slow_price._time(word)
    resumed_at: uint256 = 0
    updated_at: uint256 = 0
    resumed_at, updated_at = outage._run(asset, time)
    return IPriceOracle.Asset(
        slow=slow_price._slow(word) * price_index.UNIT,
        fast=slow_price._fast(word) * price_index.UNIT,
        time=time,
        resumed_at=resumed_at,
        updated_at=updated_at,
        max_step=slow_price._max_step(word),
        spot_tolerance=slow_price._spot_tolerance(word),
    )


@view
@external
def market_of(market: uint256) -> IPriceOracle.Market:
    """
    @notice Return all that is stored of a market; zeros if it is not listed.
    """
    word: uint256 = mark_price._read(market)
    book_word: uint256 = book_basis._read(market)
    return IPriceOracle.Market(
        mark=mark_price._mark(word) * price_index.UNIT,
        mean_mark=mark_price._mean_mark(word) * price_index.UNIT,
        time=mark_price._time(word),
        asset=mark_price._asset(word),
        period=mark_price._period(word),
        bound=mark_price._bound(word),
        tolerance=mark_price._tolerance(word),
        mid=book_basis._mid(book_word) * price_index.UNIT,
        mid_since=book_basis._mid_since(book_word),
        mid_until=book_basis._mid_until(book_word),
        basis_integral=(
            book_basis._integral(book_word) * convert(price_index.UNIT, int256)
        ),
        book=book_basis.book_of[market],
    )
