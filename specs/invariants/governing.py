"""Governance and what may leave: I43, I44."""

from typing import Final

from specs import accounts as acc
from specs import bounds, delays, guards
from specs import clearinghouse as ch
from specs.fixed_point import BPS
from specs.instruments import is_spot
from specs.requirements import Requirement
from specs.state import Asset, Market, State
from specs.world import GOVERNANCE, Action, World, get_lots, get_named

ENDLESS: Final = 2**256

WAITS: Final = frozenset(
    {"list_asset", "list_market", "set_governor", "withdraw_reserve"}
)
"""What loosens, whatever is there."""


def loosening_waits(before: World, after: World, action: Action) -> bool:
    """
    I43: under a delay nothing is loosened that was not announced as long before, and
    weights rise by the ramp only; of what is paused no debt and no position grows.
    """
    if action.name not in GOVERNANCE:
        return not has_grown(before, after, action)
    old, new = before.clearing, after.clearing
    if action.name in WAITS or is_loosened(old, new):
        change = action.name, *action.arguments
        if change in new.queued or not has_waited(old, change, after.now):
            return False
    return all(
        new.assets[asset].haircut.weight <= listed.haircut.weight
        or is_ramped(before, after, asset, action)
        for asset, listed in old.assets.items()
    )


def has_waited(state: State, change: tuple[object, ...], now: int) -> bool:
    """Return whether a change was announced in time, if it had to be."""
    if state.delay == 0:
        return True
    ready = state.queued.get(change, ENDLESS) + state.delay
    return ready <= now <= ready + delays.WINDOW


def is_ramped(before: World, after: World, asset: int, action: Action) -> bool:
    """Return whether a weight rose as it may, for time that is used up with it."""
    old, new = before.clearing.assets[asset], after.clearing.assets[asset]
    if action.name != "ramp_weight":
        return before.clearing.delay == 0
    begun = max(old.ramped_at, after.now - 86_400)
    risen = new.haircut.weight - old.haircut.weight
    return (
        old.pool.supply_cap > 0
        and new.haircut.weight <= old.target_weight
        and begun < new.ramped_at <= after.now
        and risen * 86_400 <= bounds.RAMP_PER_DAY * (new.ramped_at - begun)
    )


def is_loosened(old: State, new: State) -> bool:
    """Return whether any parameter moved to where more risk can be taken or made."""
    if new.delay < old.delay or new.guardian != old.guardian != 0:
        return True
    given = [
        roles & ~old.venues.get(venue, 0) & bounds.ROLES
        for venue, roles in new.venues.items()
    ]
    if any(given):
        return True
    assets = [
        (measure_asset(old.assets[asset]), measure_asset(listed))
        for asset, listed in new.assets.items()
        if asset in old.assets
    ]
    markets = [
        (measure_market(old.markets[market]), measure_market(listed))
        for market, listed in new.markets.items()
        if market in old.markets
    ]
    return any(
        higher > lower
        for was, became in assets + markets
        for lower, higher in zip(was, became, strict=True)
    )


def measure_asset(listed: Asset) -> tuple[int, ...]:
    """Return an asset's parameters, each the higher the looser."""
    pool, curve, limits = listed.pool, listed.pool.curve, listed.pool.guards
    has_limit = limits.outflow_share > 0
    return (
        listed.target_weight,
        -listed.haircut.factor,
        *measure_requirement(listed.requirement),
        listed.fees.maker,
        listed.fees.taker,
        pool.supply_cap or ENDLESS,
        pool.borrow_cap or ENDLESS,
        limits.max_utilisation,
        limits.threshold,
        limits.throttle_share,
        limits.outflow_share if has_limit else ENDLESS,
        limits.outflow_floor if has_limit else ENDLESS,
        -curve.base,
        -curve.base - curve.slope_low,
        -curve.base - curve.slope_low - curve.slope_high,
        curve.optimal,
        curve.reserve_share,
        not pool.is_halted,
    )


def measure_market(listed: Market) -> tuple[int, ...]:
    """Return a market's parameters, each the higher the looser."""
    limits, cull = listed.limits, listed.cull
    return (
        *measure_requirement(listed.requirement),
        listed.fees.maker,
        listed.fees.taker,
        listed.fund.cap,
        limits.max_open_interest,
        limits.max_position,
        -limits.min_lots,
        -limits.open_interest_factor,
        limits.reference or ENDLESS,
        -limits.max_scale,
        cull.credit_cap,
        cull.account_threshold or ENDLESS,
        cull.system_threshold or ENDLESS,
    )


def measure_requirement(requirement: Requirement) -> tuple[int, ...]:
    """Return a requirement, the less the higher."""
    return (
        -requirement.base_imf,
        -requirement.base_mmf,
        -requirement.imf_factor,
        -requirement.mmf_factor,
    )


TAKES_FROM_POOLS: Final = frozenset(
    {
        "borrow",
        "withdraw",
        "batch",
        "fill_spot",
        "convert",
        "convert_on_book",
        "place",
        "reduce",
    }
)
"""What may leave an account with a larger debt that it chose."""


def has_grown(before: World, after: World, action: Action) -> bool:
    """Return whether an action made something grow that is paused."""
    if action.name == "fill_perp":
        market, *parties = action.arguments[:3]
        return before.clearing.markets[market].is_paused and any(
            abs(get_lots(after, name, market)) > abs(get_lots(before, name, market))
            for name in parties
        )
    names = get_named(before, action)
    instrument = None
    if action.name == "place":
        instrument = action.arguments[0].instrument
    if action.name == "reduce":
        account, instrument, _ = action.arguments
        # Its debt grows by what buying another one back costs, whoever wants that.
        names -= {account}
    if instrument is not None and not is_spot(instrument):
        return before.clearing.markets[instrument].is_paused and any(
            abs(get_lots(after, name, instrument))
            > abs(get_lots(before, name, instrument))
            for name in names
        )
    if action.name not in TAKES_FROM_POOLS:
        return False
    return any(
        listed.pool.is_paused and get_scaled(after, name, asset) < min(0, had)
        for asset, listed in before.clearing.assets.items()
        for name in names
        for had in (get_scaled(before, name, asset),)
    )


def get_scaled(world: World, name: acc.AccountId, asset: int) -> int:
    """Return an account's scaled balance."""
    return acc.get_balance(ch.get_account(world.clearing, name), asset).scaled


def get_leaving(action: Action) -> frozenset[int]:
    """Return the assets of which an action takes tokens out of the vault."""
    if action.name in ("withdraw", "borrow"):
        return frozenset(action.arguments[1:2])
    if action.name == "withdraw_reserve":
        return frozenset(action.arguments[:1])
    if action.name == "batch":
        kinds = ch.WITHDRAW, ch.BORROW
        return frozenset(s.asset for s in action.arguments[1] if s.kind in kinds)
    return frozenset()


def outflow_is_limited(before: World, after: World, action: Action) -> bool:
    """
    I44: a withdrawal leaves the vault with no less of an asset than the average of what
    it held, without what may be missing of it; the average moves by the time since it
    was moved last, with a withdrawal or with what comes in, and with nothing else.
    """
    for asset, listed in before.clearing.assets.items():
        old, pool = listed.pool, after.clearing.assets[asset].pool
        if asset not in get_leaving(action):
            has_come = pool.cash + pool.idle > old.cash + old.idle
            is_moved = pool.guards.average != old.guards.average
            if is_moved and not (has_come and is_followed(before, after, asset)):
                return False
            continue
        if old.guards.outflow_share == 0:
            continue
        average = pool.guards.average
        if action.name != "batch" and not is_followed(before, after, asset):
            return False
        missing = max(
            average * pool.guards.outflow_share, pool.guards.outflow_floor * BPS
        )
        if (pool.cash + pool.idle - average) * BPS < -missing:
            return False
    return True


def is_followed(before: World, after: World, asset: int) -> bool:
    """Return whether a pool's average moved by the time, rounded up to a unit."""
    pool = before.clearing.assets[asset].pool
    old, held = pool.guards.average, pool.cash + pool.idle
    new = after.clearing.assets[asset].pool.guards.average
    elapsed = min(after.now - pool.guards.averaged_at, guards.WINDOW)
    exact = old * guards.WINDOW + (held - old) * elapsed
    return 0 <= new * guards.WINDOW - exact < (guards.AVERAGE_UNIT + 1) * guards.WINDOW
