"""Laws of margin."""

from specs.errors import BelowInitialMargin, PricesDiverge, StalePrice
from specs.fixed_point import WAD
from specs.margin import (
    Collateral,
    Exposure,
    Haircut,
    Health,
    Portfolio,
    Quote,
    SpotOrders,
    assess,
    compute_collateral_value,
    get_added_quotes,
    get_high,
    get_low,
    is_diverging,
    is_due,
    is_due_now,
    is_improved,
    is_liquidatable,
    is_restricted,
    is_stale,
    quantise,
    require_initial_margin,
)
from specs.open_orders import OpenOrders
from specs.requirements import Requirement
from tests.proofs.proof import Mutant


def health_of(exposure: int, equity: int, margin: int) -> Health:
    """Return a health of which only what a reduction is judged by matters."""
    return Health(0, 0, equity, margin, exposure, 0, 0, 0, 0, False, False)


def improvements_add_up(
    exposure: int,
    equity: int,
    margin: int,
    next_exposure: int,
    next_equity: int,
    next_margin: int,
    last_exposure: int,
    last_equity: int,
    last_margin: int,
) -> bool:
    """
    Two reductions that are allowed one by one are allowed together.

    Serves: I11, I34.

    pre: 0 < margin and 0 < next_margin and 0 <= last_margin
    post: __return__
    """
    first = health_of(exposure, equity, margin)
    second = health_of(next_exposure, next_equity, next_margin)
    last = health_of(last_exposure, last_equity, last_margin)
    if is_improved(first, second) and is_improved(second, last):
        return is_improved(first, last)
    return True


def a_higher_price_never_lowers_collateral(
    held: int, weight: int, price: int, higher: int
) -> bool:
    """
    Collateral counts for no less at a higher price, and never for more than it is.

    Serves: I10, I15.

    pre: 0 <= held and 0 <= weight <= 10**6 and 0 <= price <= higher
    post: __return__
    """
    collateral = Collateral(held, Quote(0, 0, 0), Haircut(weight, 0))
    value = compute_collateral_value(collateral, price)
    return (
        value <= compute_collateral_value(collateral, higher)
        and value * WAD <= held * price
    )


def a_stored_price_is_rounded_down(price: int) -> bool:
    """
    A price is stored in whole units, less than one below itself.

    Serves: I31.

    pre: 0 <= price
    post: __return__
    """
    stored = quantise(price)
    return stored % 10**6 == 0 and stored <= price < stored + 10**6


def an_old_price_never_gets_fresh(time: int, now: int, later: int) -> bool:
    """
    A price older than a minute is stale, older than half of one good for reductions
    alone, and neither is ever less so later.

    Serves: I30, I31.

    pre: 0 <= time and now <= later
    post: __return__
    """
    quote = Quote(1, 1, time)
    stale, restricted = is_stale(quote, now), is_restricted(quote, now)
    is_later = is_stale(quote, later) >= stale and (
        is_restricted(quote, later) >= restricted
    )
    age = now - time
    return stale == (age > 60) and restricted == (age > 30) and is_later


def prices_diverge_beyond_a_fiftieth(slow: int, fast: int) -> bool:
    """
    Fast and slow price diverge exactly if they are more than 2 % of the slow one apart;
    the lower and the higher of them are on their sides of both.

    Serves: I16, I30.

    pre: 0 <= slow and 0 <= fast
    post: __return__
    """
    quote = Quote(slow, fast, 0)
    is_apart = 50 * (fast - slow) > slow or 50 * (slow - fast) > slow
    low, high = get_low(quote), get_high(quote)
    is_between = low <= slow <= high and low <= fast <= high
    return is_diverging(quote) == is_apart and is_between and high in (slow, fast)


def whoever_is_due_is_below_maintenance(
    equity: int, margin: int, exposure: int, stale_loss: int, stale_margin: int
) -> bool:
    """
    Nobody is liquidated above maintenance margin or without exposure, nor for what
    stale prices alone make of a shortfall.

    Serves: I30, I33.

    pre: 0 <= exposure and 0 <= stale_loss and 0 <= stale_margin <= margin
    post: __return__
    """
    health = Health(
        *(0, 0, equity, margin, exposure, 0, stale_loss, stale_margin, 0, False, False)
    )
    below = exposure > 0 and equity < margin
    rest = equity + stale_loss < margin - stale_margin
    return (
        is_liquidatable(health) == below
        and is_due(health) == (exposure > 0 and rest)
        and is_due_now(health) == (below and rest)
    )


def risk_is_taken_with_initial_margin(
    equity: int, margin: int, exposure: int, is_old: bool, is_apart: bool
) -> bool:
    """
    Whoever has exposure is let through exactly with initial margin at prices that are
    fresh and near each other; whoever has none always.

    Serves: I11, I30.

    pre: 0 <= margin and 0 <= exposure
    post: __return__
    """
    health = Health(equity, margin, 0, 0, exposure, 0, 0, 0, 0, is_old, is_apart)
    is_free = exposure == 0 and margin == 0 and not is_old
    try:
        require_initial_margin(health)
    except StalePrice:
        return is_old
    except PricesDiverge:
        return is_apart and not is_free and not is_old
    except BelowInitialMargin:
        return equity < margin and not is_free
    return is_free or (equity >= margin and not is_old and not is_apart)


def who_owes_nothing_has_no_exposure(
    usdc: int, held: int, price: int, time: int, now: int
) -> bool:
    """
    Whoever has collateral alone has no exposure and binds no margin, and no price is
    too old for it: whatever else its health is, nothing refuses it.

    Serves: I11.

    pre: 0 <= usdc and 0 <= held and 0 <= price and 0 <= time <= now
    post: __return__
    """
    rule, quote = Requirement(0, 0, 0, 0), Quote(price, 2 * price, time)
    collateral = Collateral(held, quote, Haircut(0, 0))
    health = assess(Portfolio(usdc, rule, (collateral,), (), ()), now)
    return health.exposure == 0 and health.initial_margin == 0 and not health.is_stale


def a_stale_price_adds_no_risk(
    notional: int, worst: int, asks: int, held: int, time: int, now: int
) -> bool:
    """
    At a stale price of what resting orders could add to nobody takes a risk.

    Serves: I17, I30.

    pre: 0 <= notional <= worst and 0 <= asks and 0 <= held and 0 <= time <= now
    post: __return__
    """
    rule, quote = Requirement(0, 0, 0, 0), Quote(WAD, WAD, time)
    exposure = Exposure(0, 0, 0, 0, notional, worst, quote, rule)
    resting = SpotOrders(2, held, 0, OpenOrders(0, asks), quote, Haircut(0, 0), rule)
    portfolio = Portfolio(0, rule, (), (), (exposure,), (resting,))
    added = list(get_added_quotes(portfolio))
    count = (worst > notional) + (asks > held)
    return added == [quote] * count


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/margin.py", old, new),)


MUTANTS = {
    "improvements_add_up": _mutant(
        ">= before.equity * after.maintenance_margin",
        ">= before.equity * after.maintenance_margin - 1",
    ),
    "a_higher_price_never_lowers_collateral": (
        Mutant(
            "specs/open_orders.py",
            "return Wad(mul_div_down(value, compute_weight(haircut, held), WAD))",
            "return Wad(mul_div_up(value, compute_weight(haircut, held), WAD) + 1)",
        ),
    ),
    "a_stored_price_is_rounded_down": _mutant(
        "return Wad(price - price % PRICE_UNIT)",
        "return Wad(price + price % PRICE_UNIT)",
    ),
    "an_old_price_never_gets_fresh": (
        *_mutant("quote.time > MAX_PRICE_AGE", "quote.time >= MAX_PRICE_AGE"),
        *_mutant("quote.time > REDUCE_ONLY_AGE", "quote.time > MAX_PRICE_AGE"),
    ),
    "prices_diverge_beyond_a_fiftieth": (
        *_mutant(
            "100 * abs(quote.fast - quote.slow)", "100 * (quote.fast - quote.slow)"
        ),
        *_mutant("return Wad(min(quote.slow, quote.fast))", "return Wad(quote.fast)"),
        *_mutant("return Wad(max(quote.slow, quote.fast))", "return Wad(quote.fast)"),
    ),
    "whoever_is_due_is_below_maintenance": (
        *_mutant(
            "health.exposure > 0 and health.equity < health.maintenance_margin",
            "health.equity < health.maintenance_margin",
        ),
        *_mutant(
            "equity = health.equity + health.stale_loss", "equity = health.equity"
        ),
        *_mutant(
            "return is_liquidatable(health) and is_due(health)",
            "return is_liquidatable(health)",
        ),
    ),
    "risk_is_taken_with_initial_margin": _mutant(
        "    if health.is_diverging:\n        raise PricesDiverge\n", ""
    ),
    "who_owes_nothing_has_no_exposure": (
        *_mutant(
            "return Wad(max(0, -compute_net_usdc(portfolio)))",
            "return Wad(max(0, compute_net_usdc(portfolio)))",
        ),
        *_mutant(
            "any(is_stale(quote, now) for quote in added)",
            "any(is_stale(quote, now) for quote in quotes)",
        ),
    ),
    "a_stale_price_adds_no_risk": _mutant(
        "resting.orders.asks > resting.held", "resting.orders.asks > 0"
    ),
}
