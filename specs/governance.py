"""
Governance.

What the governor may set, and the bounds that hold for everybody. An accrual comes
before every change that would otherwise reprice the past.

Counterpart of ``contracts/modules/governance.vy``.
"""

from dataclasses import replace
from typing import Final

from specs import clearinghouse as ch
from specs import errors, money_market
from specs.accounts import USDC, Address
from specs.clearinghouse import Asset, Fees, Market, State
from specs.fixed_point import PPM, WAD, Seconds, Wad
from specs.funding import MAX_INTERVAL, MIN_INTERVAL, Funding
from specs.interest_rate import MAX_RATE, Curve
from specs.liquidity_fund import Fund
from specs.margin import Quote
from specs.requirements import Haircut, Requirement

MAX_LISTED: Final = 32
"""How many assets, and how many markets, there may be."""

MAX_FEE: Final = 10_000
"""1 %, parts per million."""

MAX_RESERVE_SHARE: Final = Wad(WAD // 2)

MAX_FACTOR: Final = 10**12 - 1
"""Below 1 for each square root of a unit, in 1e-12."""

MAX_WEIGHT: Final = PPM

MIN_BASE_MMF: Final = 1_000
"""0.1 %: no exposure is free of margin."""

MAX_FUND_CAP: Final = Wad(10**9 * WAD)

MAX_LOT_EXPONENT: Final = 18
"""A lot is 10**exponent WAD base units, at most one base unit."""

ROLES: Final = 7
"""Every role that a venue may have; the third is kept for the order book."""


def list_asset(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    decimals: int,
    curve: Curve,
    haircut: Haircut,
    requirement: Requirement,
    fees: Fees,
) -> State:
    """List an asset under a free number; the first is USDC, number 0."""
    ch.require_governor(state, caller)
    if asset >= MAX_LISTED or decimals > 18:
        raise errors.OutOfBounds
    if asset in state.assets:
        raise errors.AlreadyListed
    require_curve(curve)
    require_haircut(haircut)
    require_requirement(requirement)
    require_fees(fees)
    listed = Asset(
        decimals=decimals,
        pool=money_market.open_pool(curve, now),
        quote=Quote(Wad(0), Wad(0), Seconds(0)),
        haircut=haircut,
        requirement=requirement,
        fees=fees,
        custody=0,
    )
    return replace(state, assets={**state.assets, asset: listed})


def list_market(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    underlying: int,
    lot_exponent: int,
    interval: Seconds,
    requirement: Requirement,
    fees: Fees,
    cap: Wad,
) -> State:
    """List a perpetual market on a listed asset's index under a free number."""
    ch.require_governor(state, caller)
    if market >= MAX_LISTED or lot_exponent > MAX_LOT_EXPONENT:
        raise errors.OutOfBounds
    if market in state.markets:
        raise errors.AlreadyListed
    if underlying == USDC or underlying not in state.assets:
        raise errors.UnknownAsset
    if not MIN_INTERVAL <= interval <= MAX_INTERVAL or cap > MAX_FUND_CAP:
        raise errors.OutOfBounds
    require_requirement(requirement)
    require_fees(fees)
    listed = Market(
        underlying=underlying,
        lot=Wad(10**lot_exponent),
        quote=Quote(Wad(0), Wad(0), Seconds(0)),
        requirement=requirement,
        fees=fees,
        interval=interval,
        funding=Funding(0, 0, 0, 0, now, now),
        fund=Fund(0, cap),
    )
    return ch.with_market(state, market, listed)


def set_curve(
    state: State, now: Seconds, caller: Address, asset: int, curve: Curve
) -> State:
    """Set a pool's rate curve, with the interest until now booked at the old one."""
    ch.require_governor(state, caller)
    ch.get_asset(state, asset)
    require_curve(curve)
    state = ch.accrue(state, asset, now)
    return ch.with_pool(state, asset, replace(state.assets[asset].pool, curve=curve))


def set_asset_risk(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    haircut: Haircut,
    requirement: Requirement,
    fees: Fees,
) -> State:
    """Set how an asset counts as collateral and as debt, and its trading fees."""
    ch.require_governor(state, caller)
    listed = ch.get_asset(state, asset)
    require_haircut(haircut)
    require_requirement(requirement)
    require_fees(fees)
    changed = replace(listed, haircut=haircut, requirement=requirement, fees=fees)
    return replace(state, assets={**state.assets, asset: changed})


def set_market_risk(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    requirement: Requirement,
    fees: Fees,
) -> State:
    """Set the margin that a market's positions bind, and its trading fees."""
    ch.require_governor(state, caller)
    listed = ch.get_market(state, market)
    require_requirement(requirement)
    require_fees(fees)
    changed = replace(listed, requirement=requirement, fees=fees)
    return ch.with_market(state, market, changed)


def set_fund_cap(
    state: State, now: Seconds, caller: Address, market: int, cap: Wad
) -> State:
    """
    Set how far a market's winners may be paid ahead of its losers.

    A fund that is below minus the new cap pays no gain until losses have filled it.
    """
    ch.require_governor(state, caller)
    listed = ch.get_market(state, market)
    if cap > MAX_FUND_CAP:
        raise errors.OutOfBounds
    fund = replace(listed.fund, cap=cap)
    return ch.with_market(state, market, replace(listed, fund=fund))


def set_venue(
    state: State, now: Seconds, caller: Address, venue: Address, roles: int
) -> State:
    """Give a contract exactly ``roles``."""
    ch.require_governor(state, caller)
    if roles > ROLES:
        raise errors.OutOfBounds
    venues = {**state.venues, venue: roles}
    if roles == 0:
        del venues[venue]
    return replace(state, venues=venues)


def set_governor(
    state: State, now: Seconds, caller: Address, governor: Address
) -> State:
    """Hand the governor's powers to another address, which must not be zero."""
    ch.require_governor(state, caller)
    if governor == 0:
        raise errors.OutOfBounds
    return replace(state, governor=governor)


def require_curve(curve: Curve) -> None:
    """Refuse a curve whose highest rate or reserve share is out of bounds."""
    if not 0 < curve.optimal < WAD:
        raise errors.OutOfBounds
    if curve.base + curve.slope_low + curve.slope_high > MAX_RATE:
        raise errors.OutOfBounds
    if curve.reserve_share > MAX_RESERVE_SHARE:
        raise errors.OutOfBounds


def require_haircut(haircut: Haircut) -> None:
    """Refuse a weight above 1 or a factor of 1 or more."""
    if haircut.weight > MAX_WEIGHT or haircut.factor > MAX_FACTOR:
        raise errors.OutOfBounds


def require_requirement(requirement: Requirement) -> None:
    """Refuse unless initial margin is at least maintenance margin at every size."""
    if not MIN_BASE_MMF <= requirement.base_mmf <= requirement.base_imf <= PPM:
        raise errors.OutOfBounds
    if not requirement.mmf_factor <= requirement.imf_factor <= MAX_FACTOR:
        raise errors.OutOfBounds


def require_fees(fees: Fees) -> None:
    """Refuse fees above 1 %."""
    if max(fees.maker, fees.taker) > MAX_FEE:
        raise errors.OutOfBounds
