"""
What is listed on a local chain, and with which parameters.

They are samples read off public market data (margins, weights) and off nothing in
particular (curves, fees, caps, guards, limits); a deployment that holds money needs its
own. Fractions and fees are in parts per million, guards' shares in basis points,
factors in 1e-12 per square root of a whole unit, rates in RAY per second, caps in WAD,
limits of sizes in lots.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

from specs.accounts import USDC
from specs.clearinghouse import Fees
from specs.fixed_point import RAY, WAD, Lots, Ray, Seconds, Wad
from specs.instruments import SPOT
from specs.interest_rate import SECONDS_PER_YEAR, Curve
from specs.packing import CURVE
from specs.requirements import SCALE_ONE, Haircut, Requirement
from specs.state import Cull, Limits

MAX_SYMBOL: Final = 16  # characters


@dataclass(frozen=True)
class PoolLimits:
    """How much of an asset may be lent, borrowed and taken out, and how fast."""

    supply_cap: Wad
    borrow_cap: Wad
    outflow_floor: Wad
    """What may leave within a day of however little there is."""
    max_utilisation: int = 9_500
    threshold: int = 8_000
    """From this utilisation on it may rise by a share of the room left a minute."""
    throttle_share: int = 2_000
    outflow_share: int = 2_500
    """What may leave within a day."""


@dataclass(frozen=True)
class AssetListing:
    """An asset: its token, its pool and how it counts as collateral and as debt."""

    number: int
    symbol: str
    name: str
    decimals: int
    curve: Curve
    haircut: Haircut
    requirement: Requirement
    fees: Fees
    limits: PoolLimits
    max_step: int = 0
    """Of the slow price, ppm per second; 0 for USDC, which the oracle does not list."""
    spot_tolerance: int = 50_000
    """Of spot fills around the slow price, ppm."""


@dataclass(frozen=True)
class MarketListing:
    """A perpetual market on the index of an asset."""

    number: int
    symbol: str
    underlying: int
    lot_exponent: int
    """A lot is ten to this power, in WAD base units."""
    requirement: Requirement
    fees: Fees
    interval: Seconds
    fund_cap: Wad
    limits: Limits
    cull: Cull
    bound: int
    """Of the mark around the slow price, ppm."""
    period: int = 300
    """Of the mean of the basis, seconds."""
    tolerance: int = 30_000
    """Of fills around the mark, ppm."""

    @property
    def lot(self) -> Wad:
        """Return the base units in a lot."""
        return Wad(10**self.lot_exponent)


@dataclass(frozen=True)
class BookListing:
    """How an instrument is traded on the order book."""

    instrument: int
    lot_exponent: int
    """A lot is ten to this power, in WAD base units; of a perpetual, its market's."""
    tick: Wad
    """A multiple of 1e-12 USDC."""
    min_lots: int
    """The smallest order that may rest."""
    impact: Wad
    """The notional whose price on each side makes the mid, in whole USDC."""
    max_spread: int
    """Between the two, ppm; a wider book has no mid."""


def percent(value: float) -> int:
    """Return a percentage in parts per million."""
    return round(value * 10_000)


def yearly(value: float) -> Ray:
    """Return a rate per year as a rate per second that a curve can store."""
    unit = CURVE["base"].unit
    return Ray(round(value * RAY) // SECONDS_PER_YEAR // unit * unit)


def curve(low: float, high: float, optimal: int = 80) -> Curve:
    """Return a curve with these slopes a year, bent at ``optimal`` percent."""
    return Curve(
        base=Ray(0),
        slope_low=yearly(low),
        slope_high=yearly(high),
        optimal=Wad(optimal * WAD // 100),
        reserve_share=Wad(WAD // 10),
    )


def pool_limits(supply: int, borrow: int, floor: int) -> PoolLimits:
    """Return these caps and outflow floor, in whole tokens, with the usual guards."""
    return PoolLimits(Wad(supply * WAD), Wad(borrow * WAD), Wad(floor * WAD))


def market_limits(
    open_interest: int, position: int, factor: int, yearly_sigma: float, scale: float
) -> Limits:
    """
    Return the limits of a market, sizes in lots.

    Margin is not scaled up to ``yearly_sigma``, percent a year, and by ``scale`` at
    most. Interest ticks take positions of a hundred lots and more.
    """
    per_second = yearly_sigma / 100 / sqrt(SECONDS_PER_YEAR)
    return Limits(
        max_open_interest=Lots(open_interest),
        max_position=Lots(position),
        min_lots=Lots(100),
        open_interest_factor=factor,
        reference=round(per_second * 10**9),
        max_scale=round(scale * SCALE_ONE),
    )


def cull(credit: int, account: int, system: int) -> Cull:
    """Return a credit cap and both thresholds of realisation, in whole USDC."""
    return Cull(Wad(credit * WAD), Wad(account * WAD), Wad(system * WAD))


def compute_pledge(capital: Wad) -> tuple[Wad, Wad, Wad, Wad]:
    """
    Return what a provider with so much capital pledges: what it takes over in a minute
    and in an hour, its largest position, and what it may lose in an hour.
    """
    return Wad(5 * capital), Wad(20 * capital), Wad(20 * capital), Wad(capital // 2)


SPOT_FEES: Final = Fees(maker=100, taker=300)
PERP_FEES: Final = Fees(maker=100, taker=350)

ASSETS: Final = (
    AssetListing(
        number=USDC,
        symbol="USDC",
        name="USD Coin",
        decimals=6,
        curve=curve(0.05, 0.75),
        haircut=Haircut(weight=percent(100), factor=0),
        requirement=Requirement(percent(10), percent(3), 0, 0),
        fees=Fees(0, 0),
        limits=pool_limits(500_000_000, 400_000_000, 100_000),
    ),
    AssetListing(
        number=1,
        symbol="BTC",
        name="Bitcoin",
        decimals=8,
        curve=curve(0.03, 1.5, 70),
        haircut=Haircut(weight=percent(95), factor=2 * 10**9),
        requirement=Requirement(percent(15), percent(8), 0, 0),
        fees=SPOT_FEES,
        limits=pool_limits(20_000, 8_000, 5),
        max_step=2_500,
    ),
    AssetListing(
        number=2,
        symbol="ETH",
        name="Ether",
        decimals=18,
        curve=curve(0.03, 1.5, 70),
        haircut=Haircut(weight=percent(90), factor=4 * 10**8),
        requirement=Requirement(percent(20), percent(10), 0, 0),
        fees=SPOT_FEES,
        limits=pool_limits(300_000, 120_000, 80),
        max_step=2_500,
    ),
    AssetListing(
        number=3,
        symbol="SOL",
        name="Solana",
        decimals=9,
        curve=curve(0.06, 2.0, 70),
        haircut=Haircut(weight=percent(85), factor=4 * 10**8),
        requirement=Requirement(percent(25), percent(12), 0, 0),
        fees=SPOT_FEES,
        limits=pool_limits(5_000_000, 2_000_000, 5_000),
        max_step=5_000,
    ),
    AssetListing(
        number=4,
        symbol="USDT",
        name="Tether",
        decimals=6,
        curve=curve(0.05, 0.75),
        haircut=Haircut(weight=percent(95), factor=0),
        requirement=Requirement(percent(12), percent(5), 0, 0),
        fees=SPOT_FEES,
        limits=pool_limits(100_000_000, 60_000_000, 100_000),
        max_step=5_000,
    ),
)

MARKETS: Final = (
    MarketListing(
        number=0,
        symbol="BTC-PERP",
        underlying=1,
        lot_exponent=13,
        requirement=Requirement(13_330, 6_670, 24_940_000, 14_960_000),
        fees=PERP_FEES,
        interval=Seconds(3600),
        fund_cap=Wad(50_000 * WAD),
        limits=market_limits(5 * 10**8, 10**8, 4_000_000, 100, 2.0),
        cull=cull(50_000, 100_000, 2_000_000),
        bound=3_335,
    ),
    MarketListing(
        number=1,
        symbol="ETH-PERP",
        underlying=2,
        lot_exponent=14,
        requirement=Requirement(16_000, 8_000, 36_000_000, 21_600_000),
        fees=PERP_FEES,
        interval=Seconds(3600),
        fund_cap=Wad(50_000 * WAD),
        limits=market_limits(75 * 10**7, 15 * 10**7, 6_000_000, 120, 2.0),
        cull=cull(50_000, 100_000, 2_000_000),
        bound=4_000,
    ),
    MarketListing(
        number=2,
        symbol="SOL-PERP",
        underlying=3,
        lot_exponent=16,
        requirement=Requirement(20_000, 12_500, 127_500_000, 76_500_000),
        fees=PERP_FEES,
        interval=Seconds(600),
        fund_cap=Wad(20_000 * WAD),
        limits=market_limits(5 * 10**8, 10**8, 20_000_000, 160, 2.5),
        cull=cull(20_000, 40_000, 500_000),
        bound=20_000,
    ),
)


def book_pair(number: int, exponent: int, tick: int, least: int) -> BookListing:
    """Return how an asset is traded for USDC; ``tick`` is in millionths of a USDC."""
    return BookListing(
        instrument=SPOT + number,
        lot_exponent=exponent,
        tick=Wad(tick * WAD // 10**6),
        min_lots=least,
        impact=Wad(10_000 * WAD),
        max_spread=percent(1),
    )


def book_market(market: int, tick: int, least: int, impact: int) -> BookListing:
    """Return how a perpetual is traded, whose mid is made of ``impact`` USDC."""
    return BookListing(
        instrument=market,
        lot_exponent=MARKETS[market].lot_exponent,
        tick=Wad(tick * WAD // 10**6),
        min_lots=least,
        impact=Wad(impact * WAD),
        max_spread=percent(1),
    )


BOOKS: Final = (
    book_market(0, tick=500_000, least=20, impact=10_000),
    book_market(1, tick=50_000, least=50, impact=10_000),
    book_market(2, tick=1_000, least=50, impact=5_000),
    book_pair(1, exponent=13, tick=500_000, least=20),
    book_pair(2, exponent=14, tick=50_000, least=50),
    book_pair(3, exponent=16, tick=1_000, least=50),
    book_pair(4, exponent=16, tick=100, least=500),
)
"""What is traded on the order book."""

FUND_SEED: Final = Wad(50_000 * WAD)
"""USDC that the backstop fund starts with."""

PUBLISHERS: Final = 3
THRESHOLD: Final = 2


def find_asset(symbol: str) -> AssetListing:
    """Return the asset called ``symbol``; raise ``KeyError`` if none is."""
    return {listing.symbol: listing for listing in ASSETS}[symbol]
