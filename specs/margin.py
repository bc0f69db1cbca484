"""
Margin.

What an account is worth as collateral and how much of that its exposure binds, by
the requirements of each asset and market. Collateral rounds down; exposure, debt and
margin round up.

Counterpart of ``contracts/modules/margin.vy``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from specs.errors import BelowInitialMargin, PricesDiverge, StalePrice
from specs.fixed_point import WAD, Seconds, Wad, mul_div_down, mul_div_up
from specs.open_orders import (
    OpenOrders,
    compute_ask_debt,
    compute_bid_cost,
    compute_bid_loss,
    compute_counted,
)
from specs.requirements import (
    Haircut,
    Requirement,
    compute_initial_margin,
    compute_maintenance_margin,
    limit_leverage,
)

MAX_PRICE_AGE: Final = Seconds(60)
"""A price older than this is stale."""

REDUCE_ONLY_AGE: Final = Seconds(30)
"""At a mark older than this a perpetual's positions only shrink."""

MAX_DIVERGENCE_PERCENT: Final = 2
"""Fast and slow price further apart than this: new risk waits."""

PRICE_UNIT: Final = Wad(10**6)
"""Prices are stored in multiples of this, rounded down."""


@dataclass(frozen=True)
class Quote:
    """The prices of one asset or market, WAD USDC for 1.0."""

    slow: Wad
    """Slow index of an asset; mark of a market."""
    fast: Wad
    """Fast index of an asset; for a market the mark at the fast index."""
    time: Seconds


@dataclass(frozen=True)
class Collateral:
    """A positive balance of an asset other than USDC."""

    held: Wad
    quote: Quote
    haircut: Haircut


@dataclass(frozen=True)
class Debt:
    """A negative balance of an asset other than USDC."""

    asset: int
    owed: Wad
    quote: Quote
    requirement: Requirement


@dataclass(frozen=True)
class Exposure:
    """A perpetual position as margin sees it: its worth at two prices, its size."""

    value: int
    """uPnL and unsettled funding at mark, WAD USDC, rounded down."""
    worst_value: int
    """The same at the worse of mark and fast index."""
    credit: Wad
    """What a gain at the worse price counts for when risk is taken."""
    interest: int
    """Interest on what it gained or lost, not settled yet."""
    notional: Wad
    """Size at mark, rounded up; 0 for an unsettled claim."""
    worst_notional: Wad
    """The same of the largest size that resting orders could leave."""
    quote: Quote
    requirement: Requirement
    is_behind: bool = False
    """Whether epochs are before it that its worth and its size do not show."""


@dataclass(frozen=True)
class SpotOrders:
    """Resting orders in a spot asset, and what there is of it."""

    asset: int
    held: Wad
    owed: Wad
    orders: OpenOrders
    quote: Quote
    haircut: Haircut
    requirement: Requirement


@dataclass(frozen=True)
class Portfolio:
    """All that margin needs of an account."""

    usdc: int
    """USDC held, or owed if negative."""
    usdc_requirement: Requirement
    collaterals: tuple[Collateral, ...]
    debts: tuple[Debt, ...]
    exposures: tuple[Exposure, ...]
    """Of every market with a position, a claim or resting orders."""
    orders: tuple[SpotOrders, ...] = ()
    max_leverage: int = 0
    """The account's own limit; 0 for none."""


@dataclass(frozen=True)
class Health:
    """What the rules ask of an account. All amounts are WAD USDC."""

    initial_equity: int
    """Net equity at conservative prices, unrealised gains as far as they are backed."""
    initial_margin: int
    equity: int
    """Net equity at slow prices and marks, stale ones included."""
    maintenance_margin: int
    exposure: int
    value: int
    """Equity with every weight 1: what would be left if all were closed."""
    stale_loss: int
    """How much of the shortfall stale exposures and borrows make."""
    stale_margin: int
    priced_at: Seconds
    """The latest time of a price that is not stale."""
    is_stale: bool
    """
    Whether the price of a position, a debt or an order that adds risk is stale, or
    more epochs are before a position than are foreseen.
    """
    is_diverging: bool
    """Whether fast and slow price of a fresh leg are too far apart."""


def quantise(price: int) -> Wad:
    """Return ``price`` in whole price units, rounded down."""
    return Wad(price - price % PRICE_UNIT)


def is_stale(quote: Quote, now: Seconds) -> bool:
    """Return whether ``quote`` is too old to trade at."""
    return now - quote.time > MAX_PRICE_AGE


def is_restricted(quote: Quote, now: Seconds) -> bool:
    """Return whether both sides of a fill at ``quote`` have to reduce."""
    return now - quote.time > REDUCE_ONLY_AGE


def is_diverging(quote: Quote) -> bool:
    """Return whether fast and slow price are more than 2 % apart."""
    return 100 * abs(quote.fast - quote.slow) > MAX_DIVERGENCE_PERCENT * quote.slow


def get_low(quote: Quote) -> Wad:
    """Return the lower of fast and slow price."""
    return Wad(min(quote.slow, quote.fast))


def get_high(quote: Quote) -> Wad:
    """Return the higher of fast and slow price."""
    return Wad(max(quote.slow, quote.fast))


def compute_collateral_value(collateral: Collateral, price: Wad) -> Wad:
    """Return what a collateral counts for at ``price``, rounded down twice."""
    return compute_counted(collateral.held, price, collateral.haircut)


def compute_net_usdc(portfolio: Portfolio) -> int:
    """Return USDC with unrealised PnL, unsettled funding and interest on both."""
    return portfolio.usdc + sum([e.value + e.interest for e in portfolio.exposures])


def compute_conservative_usdc(portfolio: Portfolio) -> int:
    """Return the same at the worse prices, gains as far as they count."""
    return portfolio.usdc + sum(
        [min(0, e.worst_value) + e.credit + e.interest for e in portfolio.exposures]
    )


def compute_equity(portfolio: Portfolio) -> int:
    """Return net equity at slow prices and marks."""
    equity = compute_net_usdc(portfolio)
    equity += sum(
        compute_collateral_value(c, c.quote.slow) for c in portfolio.collaterals
    )
    return equity - sum(mul_div_up(d.owed, d.quote.slow, WAD) for d in portfolio.debts)


def compute_value(portfolio: Portfolio) -> int:
    """Return net equity at slow prices and marks with every weight 1."""
    value = compute_net_usdc(portfolio)
    value += sum(mul_div_down(c.held, c.quote.slow, WAD) for c in portfolio.collaterals)
    return value - sum(mul_div_up(d.owed, d.quote.slow, WAD) for d in portfolio.debts)


def get_notionals(portfolio: Portfolio) -> Iterable[tuple[Requirement, Wad, Quote]]:
    """
    Return every leg that binds margin but USDC debt, at slow price and mark.

    An unsettled claim is none: it is worth the same whatever the price.
    """
    for exposure in portfolio.exposures:
        if exposure.notional > 0:
            yield exposure.requirement, exposure.notional, exposure.quote
    for debt in portfolio.debts:
        notional = mul_div_up(debt.owed, debt.quote.slow, WAD)
        yield debt.requirement, Wad(notional), debt.quote


def get_added_quotes(portfolio: Portfolio) -> Iterable[Quote]:
    """
    Return the prices of what resting orders could add to. An account that sells no
    more than it holds of an asset adds nothing.
    """
    for exposure in portfolio.exposures:
        if exposure.worst_notional > exposure.notional:
            yield exposure.quote
    for resting in portfolio.orders:
        if resting.orders.bids > 0 or resting.orders.asks > resting.held:
            yield resting.quote


def compute_usdc_debt(portfolio: Portfolio) -> Wad:
    """
    Return the USDC that balance and unrealised PnL leave owed: the same after
    a loss is realised as before.
    """
    return Wad(max(0, -compute_net_usdc(portfolio)))


def compute_initial_equity(portfolio: Portfolio, now: Seconds) -> int:
    """
    Return net equity at conservative prices.

    Collateral at the lower, debts at the higher of fast and slow; a stale
    collateral counts 0; unrealised gains count as far as they are backed. What spot
    bids would lose to a haircut is lost.
    """
    equity = compute_conservative_usdc(portfolio)
    equity += sum(
        compute_collateral_value(c, get_low(c.quote))
        for c in portfolio.collaterals
        if not is_stale(c.quote, now)
    )
    equity -= sum(
        compute_bid_loss(
            o.orders.bids,
            o.held,
            o.owed,
            Wad(0 if is_stale(o.quote, now) else get_low(o.quote)),
            get_high(o.quote),
            o.haircut,
        )
        for o in portfolio.orders
    )
    return equity - sum(
        mul_div_up(d.owed, get_high(d.quote), WAD) for d in portfolio.debts
    )


def compute_total_initial_margin(portfolio: Portfolio) -> int:
    """
    Return the initial margin of every leg, debts at their higher price, as large as
    resting orders could leave it.
    """
    bids = sum(
        compute_bid_cost(o.orders.bids, get_high(o.quote)) for o in portfolio.orders
    )
    debt = Wad(max(0, bids - compute_conservative_usdc(portfolio)))
    legs = [(portfolio.usdc_requirement, debt)]
    legs += [(e.requirement, e.worst_notional) for e in portfolio.exposures]
    ordered = {orders.asset for orders in portfolio.orders}
    legs += [
        (
            d.requirement,
            Wad(mul_div_up(d.owed, get_high(d.quote), WAD)),
        )
        for d in portfolio.debts
        if d.asset not in ordered
    ]
    legs += [
        (
            o.requirement,
            compute_ask_debt(o.orders.asks, o.held, o.owed, get_high(o.quote)),
        )
        for o in portfolio.orders
    ]
    return sum(
        [
            compute_initial_margin(limit_leverage(r, portfolio.max_leverage), notional)
            for r, notional in legs
        ]
    )


def compute_total_maintenance_margin(portfolio: Portfolio) -> int:
    """Return the maintenance margin of every leg."""
    legs = [(portfolio.usdc_requirement, compute_usdc_debt(portfolio))]
    legs += [(r, notional) for r, notional, _ in get_notionals(portfolio)]
    return sum([compute_maintenance_margin(r, notional) for r, notional in legs])


def assess(portfolio: Portfolio, now: Seconds) -> Health:
    """Return the health of ``portfolio`` at ``now``."""
    usdc_debt = compute_usdc_debt(portfolio)
    legs = tuple(get_notionals(portfolio))
    stale_legs = tuple(leg for leg in legs if is_stale(leg[2], now))
    quotes = [leg[2] for leg in legs] + [c.quote for c in portfolio.collaterals]
    added = tuple(get_added_quotes(portfolio))
    quotes += added
    fresh = [quote for quote in quotes if not is_stale(quote, now)]
    stale_loss = sum(
        max(0, -e.value)
        for e in portfolio.exposures
        if e.notional > 0 and is_stale(e.quote, now)
    ) + sum(
        mul_div_up(d.owed, d.quote.slow, WAD)
        for d in portfolio.debts
        if is_stale(d.quote, now)
    )
    return Health(
        initial_equity=compute_initial_equity(portfolio, now),
        initial_margin=compute_total_initial_margin(portfolio),
        equity=compute_equity(portfolio),
        maintenance_margin=compute_total_maintenance_margin(portfolio),
        exposure=usdc_debt + sum([n for _, n, _ in legs]),
        value=compute_value(portfolio),
        stale_loss=stale_loss,
        stale_margin=sum(compute_maintenance_margin(r, n) for r, n, _ in stale_legs),
        priced_at=max((quote.time for quote in fresh), default=Seconds(0)),
        is_stale=(
            len(stale_legs) > 0
            or any(is_stale(quote, now) for quote in added)
            or any(exposure.is_behind for exposure in portfolio.exposures)
        ),
        is_diverging=any(is_diverging(quote) for quote in fresh),
    )


def is_liquidatable(health: Health) -> bool:
    """Return whether the account is below its maintenance margin."""
    return health.exposure > 0 and health.equity < health.maintenance_margin


def is_due(health: Health) -> bool:
    """Return whether it is below even with its stale exposures and borrows let go."""
    equity = health.equity + health.stale_loss
    margin = health.maintenance_margin - health.stale_margin
    return health.exposure > 0 and equity < margin


def is_due_now(health: Health) -> bool:
    """Return whether a liquidation may start, as far as the account's health goes."""
    return is_liquidatable(health) and is_due(health)


def require_initial_margin(health: Health) -> None:
    """
    Refuse unless the account may take the risk that it now has.

    An account without exposure is free: it may always withdraw what it has. A debt
    in an asset that never had a price is worth nothing yet, but is stale.
    """
    if health.exposure == 0 and health.initial_margin == 0 and not health.is_stale:
        return
    if health.is_stale:
        raise StalePrice
    if health.is_diverging:
        raise PricesDiverge
    if health.initial_equity < health.initial_margin:
        raise BelowInitialMargin


def require_conservative_margin(health: Health) -> None:
    """
    Refuse unless the account has initial margin at the worse of slow and fast prices,
    however far these are apart: for providers, who are needed most just then.
    """
    require_initial_margin(replace(health, is_diverging=False))


def is_improved(before: Health, after: Health) -> bool:
    """
    Return whether exposure fell and equity over margin did not.

    The rule for an account below its initial margin: it may reduce, but not sell
    its value to a friend. Cross-multiplied, so that nothing is divided.
    """
    return (
        after.exposure < before.exposure
        and after.equity * before.maintenance_margin
        >= before.equity * after.maintenance_margin
    )
