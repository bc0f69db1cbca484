"""
Conversion.

The last resort where an account may not borrow the USDC that a settled loss or a fee
has left it owing: its collateral is sold, best weight first, and only what is needed.
A loss is booked in full all the same; nothing is refused because it cannot be borrowed.

    limit  = 0                               if the account's settings forbid a debt
           = max(30,000 USDC, 4 * equity)    else
    excess = what it owes, less its idle USDC, above the limit; no less than what the
             pool has lent above its borrow cap, as far as the account owes as much

What only the pool's cap demands is sold without a discount: it is no fault of the
account's, and others can bring it about whenever they like.

Counterpart of ``contracts/modules/conversion.vy``.
"""

from typing import Final

from specs import margin, money_market
from specs.accounts import USDC, AccountId
from specs.fixed_point import PPM, WAD, Seconds, Wad, mul_div_down, mul_div_up
from specs.margin import Health, Quote
from specs.money_market import Pool
from specs.requirements import compute_weight
from specs.state import (
    State,
    accrue,
    assess,
    get_account,
    get_asset,
    get_held,
    get_owed,
)

LEAST_LIMIT: Final = Wad(30_000 * WAD)
"""What any account may owe that may owe at all, WAD USDC."""

EQUITY_MULTIPLE: Final = 4
"""How many times its equity an account may owe."""

LEAST_PRICE: Final = 990_000
"""
The least part of the reference price at which collateral is sold, parts per million.
"""

LEAST_YIELD: Final = 950_000
"""
The least by which selling 1.0 lowers an excess, as part of the reference price, parts
per million: it pays ``LEAST_PRICE`` and may lower the equity by the discount, the limit
by ``EQUITY_MULTIPLE`` times as much.
"""

DUST: Final = Wad(WAD)
"""
What is worth less, WAD USDC, is passed over: one wei of the best collateral, which
nobody buys, would keep all the rest from being sold.
"""


def compute_limit(may_borrow: bool, equity: int) -> Wad:
    """Return the most USDC that an account with this equity may owe."""
    return Wad(max(LEAST_LIMIT, EQUITY_MULTIPLE * equity)) if may_borrow else Wad(0)


def compute_debt_limit(state: State, account: AccountId, now: Seconds) -> Wad:
    """Return the most USDC that the account may owe, by its maintenance equity."""
    may_borrow = get_account(state, account).settings.auto_borrow_settlements
    return compute_limit(may_borrow, assess(state, account, now).equity)


def compute_net_debt(state: State, account: AccountId, now: Seconds) -> Wad:
    """Return the USDC that an account owes, less what it has lying idle."""
    owed = get_owed(state, account, USDC, now)
    return Wad(max(0, owed - get_held(state, account, USDC)))


def compute_cap_excess(pool: Pool, is_discounted: bool) -> Wad:
    """
    Return what a sale is to pay because of an accrued pool's borrow cap, rounded up:
    what the pool has lent above it, or nothing if the sale is at a discount.

    For anybody can bring the pool above its cap for a moment, and so make every debt
    in it convertible: nobody may gain by that.
    """
    if pool.borrow_cap == 0 or is_discounted:
        return Wad(0)
    return Wad(max(0, money_market.get_borrowed(pool) - pool.borrow_cap))


def compute_excess(debt: Wad, limit: Wad, cap_excess: Wad) -> Wad:
    """Return how much of a debt has to be paid by conversion."""
    return Wad(max(0, debt - limit, min(debt, cap_excess)))


def is_convertible(
    state: State, account: AccountId, is_discounted: bool, now: Seconds
) -> bool:
    """
    Return whether an account's collateral may be sold for its USDC debt, at a discount
    or without one, with the interest of the USDC pool accrued.

    Not that of an account below its maintenance margin: its liquidation comes first.
    That one has rules of who takes what at which discount, and waits for a price of an
    earlier block; a conversion would pick the best collateral out of it, at up to 1 %
    below the price, and leave the providers and the backstop fund the rest.
    """
    health = assess(state, account, now)
    excess = compute_excess(
        compute_net_debt(state, account, now),
        compute_debt_limit(state, account, now),
        compute_cap_excess(get_asset(state, USDC).pool, is_discounted),
    )
    return excess > 0 and not margin.is_liquidatable(health)


def get_best_collateral(state: State, account: AccountId, now: Seconds) -> int | None:
    """
    Return the asset of the best weight at what is held of it, of those that count as
    collateral, are worth more than dust and have a price to sell at: a fresh one that
    does not diverge; of several the one with the lowest number. None if there is none.
    """
    weights: dict[int, Wad] = {}
    for asset in get_account(state, account).balances.keys() - {USDC}:
        listed, held = get_asset(state, asset), get_held(state, account, asset)
        weight = compute_weight(listed.haircut, held)
        is_worth = mul_div_down(held, listed.quote.slow, WAD) >= DUST
        if weight > 0 and is_worth and is_sellable(listed.quote, now):
            weights[asset] = weight
    return min(weights, key=lambda asset: (-weights[asset], asset), default=None)


def is_sellable(quote: Quote, now: Seconds) -> bool:
    """Return whether a price is good enough to sell collateral near it."""
    return not margin.is_stale(quote, now) and not margin.is_diverging(quote)


def compute_reference(quote: Quote) -> Wad:
    """
    Return the price that a discount is from: the higher one, or whoever waits until the
    slow price lags behind the fast one would be paid for it.
    """
    return Wad(max(quote.slow, quote.fast))


def compute_least_price(reference: Wad) -> Wad:
    """Return the least price at which collateral is sold, rounded up."""
    return Wad(mul_div_up(reference, LEAST_PRICE, PPM))


def compute_most(excess: Wad, price: Wad) -> Wad:
    """Return the amount of an asset that pays ``excess`` at ``price``, rounded up."""
    return Wad(mul_div_up(excess, WAD, price))


def compute_bound(excess: Wad, reference: Wad) -> Wad:
    """
    Return what no sale for ``excess`` can be larger than, at whatever price: a wei
    more than what it takes at the least yield.
    """
    return Wad(mul_div_up(excess, WAD * PPM, reference * LEAST_YIELD) + 1)


def find(state: State, account: AccountId, now: Seconds) -> tuple[int, Wad]:
    """
    Return the asset of an account that is to be converted, and an amount that no sale
    of it exceeds; USDC and 0 if there is none.

    By what is booked, but for the interest of the pools of USDC and that asset: for an
    announcement. A sale for which less is needed is held to less.
    """
    pool = accrue(state, USDC, now).assets[USDC].pool
    health = assess(state, account, now)
    may_borrow = get_account(state, account).settings.auto_borrow_settlements
    excess = compute_excess(
        compute_net_debt(state, account, now),
        compute_limit(may_borrow, health.equity),
        compute_cap_excess(pool, is_discounted=False),
    )
    asset = get_best_collateral(state, account, now)
    if excess == 0 or asset is None or margin.is_liquidatable(health):
        return USDC, Wad(0)
    held = get_held(accrue(state, asset, now), account, asset)
    reference = compute_reference(get_asset(state, asset).quote)
    return asset, Wad(min(held, compute_bound(excess, reference)))


def is_no_worse(before: Health, after: Health) -> bool:
    """
    Return whether an account has improved as a reduction below initial margin must.

    A debt that unrealised gains outweigh binds no margin, so paying it lowers no
    exposure: then its equity may not have fallen.
    """
    return margin.is_improved(before, after) or (
        after.exposure == before.exposure and after.equity >= before.equity
    )
