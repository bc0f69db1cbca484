"""
Backstop.

When an account's equity is below half of its maintenance margin or so, pledged
providers take its positions over, at a discount that leaves the account better off:

    opens       equity < max(MM / 2, MM - 6 % of exposure)
    discount    d = clamp(equity / exposure, 0, MM / exposure / 4)
    fraction    the smallest c, in 1/65536, for which
                equity - c*N*d >= IM((1 - c) * N);  all of it if equity < N*d
    prices      the account fills at mark*(1 -/+ d), the provider at mark*(1 -/+ 2d/3),
                and d/3 goes to the backstop fund
    spot        the provider takes debt x and collateral worth x*(1 + d)

Providers share pro rata to what is left of their capacities.

Counterpart of ``contracts/modules/backstop.vy``.
"""

from typing import Final

from specs.fixed_point import WAD, Wad, mul_div_down, mul_div_up
from specs.margin import Health
from specs.requirements import Requirement, compute_initial_margin

PARTS: Final = 2**16
"""Fractions are counted in parts of this."""

DUST: Final = Wad(WAD // 100)
"""Collateral worth no more than this does not keep an account from being bankrupt."""


def compute_backstop_margin(health: Health) -> int:
    """Return the margin below which the backstop opens, rounded down."""
    less = mul_div_up(health.exposure, 6, 100)
    return max(health.maintenance_margin // 2, health.maintenance_margin - less)


def is_open(health: Health) -> bool:
    """Return whether the account is below the margin that opens the backstop."""
    return health.equity < compute_backstop_margin(health)


def compute_unfunded(deficit: Wad, fund: Wad) -> Wad:
    """Return the share of a deficit that the backstop fund can't pay, rounded up."""
    if deficit <= fund:
        return Wad(0)
    return Wad(mul_div_up(deficit - fund, WAD, deficit))


def compute_discount(health: Health) -> Wad:
    """
    Return the discount of a takeover, WAD of notional, rounded down.

    At most equity over exposure, so that whatever part of an account is taken over,
    equity over margin does not fall.
    """
    if health.equity <= 0:
        return Wad(0)
    worth = mul_div_down(health.equity, WAD, health.exposure)
    cap = mul_div_down(health.maintenance_margin, WAD, 4 * health.exposure)
    return Wad(min(worth, cap))


def compute_ratio(health: Health) -> Wad:
    """Return equity over maintenance margin, WAD, rounded down; 0 without equity."""
    if health.equity <= 0:
        return Wad(0)
    return Wad(mul_div_down(health.equity, WAD, health.maintenance_margin))


def compute_fraction(
    equity: int, discount: Wad, legs: tuple[tuple[Requirement, Wad], ...]
) -> int:
    """Return the smallest share, in parts, whose takeover restores initial margin."""
    exposure = sum(notional for _, notional in legs)
    if equity < mul_div_up(exposure, discount, WAD):
        return PARTS
    failing, healing = 0, PARTS
    for _ in range(16):
        parts = (failing + healing) // 2
        if heals(equity, discount, legs, parts):
            healing = parts
        else:
            failing = parts
    return healing


def heals(
    equity: int,
    discount: Wad,
    legs: tuple[tuple[Requirement, Wad], ...],
    parts: int,
) -> bool:
    """Return whether initial margin is met once ``parts`` of every leg are gone."""
    exposure = sum(notional for _, notional in legs)
    cost = mul_div_up(exposure * parts, discount, PARTS * WAD)
    margin = sum(
        compute_initial_margin(
            requirement, Wad(mul_div_up(notional, PARTS - parts, PARTS))
        )
        for requirement, notional in legs
    )
    return equity - cost >= margin


def compute_account_price(mark: Wad, discount: Wad, is_selling: bool) -> Wad:
    """Return the price at which the account fills, rounded against it."""
    if is_selling:
        return Wad(mul_div_down(mark, WAD - discount, WAD))
    return Wad(mul_div_up(mark, WAD + discount, WAD))


def compute_provider_price(mark: Wad, discount: Wad, is_buying: bool) -> Wad:
    """Return the price at which the provider fills, rounded against it."""
    part = mul_div_down(2, discount, 3)
    if is_buying:
        return Wad(mul_div_up(mark, WAD - part, WAD))
    return Wad(mul_div_down(mark, WAD + part, WAD))


def compute_allocation(total: Wad, capacity: Wad, capacities: Wad, left: Wad) -> Wad:
    """
    Return a provider's part of ``total``: pro rata, rounded up, within what is left.

    Rounded up, the last provider in the list gets what the others leave, so that
    the whole is allocated whenever the capacities reach.
    """
    share = mul_div_up(total, capacity, capacities)
    return Wad(min(share, capacity, left))


def compute_portion(allocation: Wad, left: Wad) -> Wad:
    """Return an allocation as a share of the exposure left, WAD, rounded up."""
    return Wad(min(WAD, mul_div_up(allocation, WAD, left)))
