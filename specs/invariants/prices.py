"""Prices: I29 to I32."""

from collections.abc import Mapping
from contextlib import suppress

from specs import (
    errors,
    margin,
)
from specs.fixed_point import BPS, Seconds
from specs.invariants.parts import MAX_BASIS_BPS, get_healths, get_portfolios
from specs.margin import Health, Quote
from specs.world import Action, World, get_lots, get_named


def marks_are_bounded(world: World) -> bool:
    """I29: no mark is further from its slow index than the bound."""
    for market, mark in world.mark_prices.items():
        index = world.asset_prices.get(world.clearing.markets[market].underlying)
        if index is None or index.time != mark.time:
            continue
        if abs(mark.mark - index.slow) * BPS > index.slow * MAX_BASIS_BPS:
            return False
    return True


def stale_prices_give_nothing(world: World) -> bool:
    """
    I30: with a stale exposure or borrow no new risk is accepted, and what stale
    ones make of a shortfall does not make an account due.
    """
    for name, health in get_healths(world, world.now).items():
        portfolio = get_portfolios(world, world.now)[name]
        legs = margin.get_notionals(portfolio)
        ages = [world.now - quote.time for _, _, quote in legs]
        is_old = any(age > margin.MAX_PRICE_AGE for age in ages)
        if is_old and is_accepted(health):
            return False
        is_all_old = all(age > margin.MAX_PRICE_AGE for age in ages)
        is_owing = portfolio.usdc < 0
        if is_all_old and not is_owing and health.equity > 0 and margin.is_due(health):
            return False
    return True


def is_accepted(health: Health) -> bool:
    """Return whether new risk would be accepted."""
    with suppress(errors.Revert):
        margin.require_initial_margin(health)
        return True
    return False


def get_quotes(world: World) -> Mapping[tuple[str, int], Quote]:
    """Return all stored quotes."""
    clearing = world.clearing
    assets = {("asset", n): clearing.assets[n].quote for n in clearing.assets}
    markets = {("market", n): clearing.markets[n].quote for n in clearing.markets}
    return {**assets, **markets}


def prices_are_positive(world: World) -> bool:
    """I31: what was published is positive and not of the future."""
    return all(
        (quote.time == 0 and quote.slow == quote.fast == 0)
        or (0 < quote.time <= world.now and quote.slow > 0 and quote.fast > 0)
        for quote in get_quotes(world).values()
    )


def old_marks_open_nothing(before: World, after: World, action: Action) -> bool:
    """
    I31: at a mark older than 30 s no side of a fill has a position that grew or
    changed sides.
    """
    if action.name not in ("fill_perp", "place", "reduce"):
        return True
    if action.name == "fill_perp":
        market = action.arguments[0]
    elif action.name == "reduce":
        market = action.arguments[1]
    else:
        market = action.arguments[0].instrument
    listed = before.clearing.markets.get(market)
    return (
        listed is None
        or before.now - listed.quote.time <= 30
        or all(
            has_shrunk(get_lots(before, name, market), get_lots(after, name, market))
            for name in get_named(before, action)
        )
    )


def has_shrunk(lots: int, after: int) -> bool:
    """Return whether a position is none, what it was, or nearer to none."""
    return min(0, lots) <= after <= max(0, lots)


def one_price_holds(before: World, after: World, action: Action) -> bool:
    """
    I32: only a tick changes a stored price, to the oracle's present one, which is
    newer; afterwards nothing that it was asked for is older than the oracle's.
    """
    told = get_told(after)
    asked = get_asked(action)
    old, new = get_quotes(before), get_quotes(after)
    for name, quote in new.items():
        if quote != old.get(name, quote):
            if name not in asked or quote.time <= old[name].time:
                return False
            if name not in told or (quote.slow, quote.fast, quote.time) != told[name]:
                return False
        if name in asked and name in told and quote.time < told[name][2]:
            return False
    return True


def get_asked(action: Action) -> frozenset[tuple[str, int]]:
    """Return the assets and markets whose prices an action takes over."""
    if action.name != "tick":
        return frozenset()
    assets, markets, _ = action.arguments
    return frozenset(
        [("asset", asset) for asset in assets]
        + [("market", market) for market in markets]
    )


def get_told(world: World) -> Mapping[tuple[str, int], tuple[int, int, Seconds]]:
    """Return what the oracle says: slow, fast and time; a mark's fast one follows."""
    told = {
        ("asset", asset): (price.slow, price.fast, price.time)
        for asset, price in world.asset_prices.items()
    }
    for market, price in world.mark_prices.items():
        index = world.asset_prices[world.clearing.markets[market].underlying]
        if index.slow > 0:
            fast = margin.quantise(price.mark * index.fast // index.slow)
            told["market", market] = (margin.quantise(price.mark), fast, price.time)
    return told
