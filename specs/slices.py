"""
Slices.

Below its maintenance margin an account is reduced on the book, slice by slice, at a
limit and for a fee that leave it better off. Of a leg of notional ``N`` that binds
``MM_k`` of the account's maintenance margin ``MM``, with equity ``E``, let

    m      = E * MM_k / (MM * N)                      rounded down
    limit  = mark * (1 -/+ m/2)                       rounded towards mark
    fee    = min(1 %, m/4) of the fill                rounded down
    size   = no more than brings E to the initial margin of all legs, at the limit

A debt that is bought back may leave as much owed in USDC: what that binds is no part of
``MM_k``. Closing ``x`` of the leg's notional costs the account at most ``3/4 * m * x``
and frees ``MM_k/N * x`` of margin at least, since margin fractions fall with size. So

    (E - 3/4*m*x) * MM  >=  E * (MM - MM_k/N * x)      as  m * MM = E * MM_k/N

and equity over margin does not fall. The quarter that is left pays for roundings and
for the margin of the USDC debt that the loss may leave.

Counterpart of ``contracts/modules/slices.vy``.
"""

from dataclasses import dataclass
from typing import Final

from specs.accounts import AccountId
from specs.backstop import PARTS
from specs.fixed_point import WAD, Wad, mul_div_down, mul_div_up
from specs.margin import Health
from specs.requirements import (
    Requirement,
    compute_initial_margin,
    compute_maintenance_margin,
)

Legs = tuple[tuple[Requirement, Wad], ...]
"""Exposures that can be closed now, with what they bind and their notionals."""

MAX_FEE: Final = Wad(WAD // 100)
"""The highest fee, WAD of a fill."""

MAX_APART: Final = Wad(WAD // 2)
"""How far from mark a limit is at most, WAD of it."""

MIN_SLICE: Final = Wad(1_000 * WAD)
"""What a slice closes at least, WAD USDC, or all there is."""


@dataclass(frozen=True)
class Slice:
    """What may be closed of an account on the book within this transaction."""

    account: AccountId
    instrument: int
    is_buy: bool
    held: int
    """How much there is to close: lots of a market, WAD of an asset."""
    left: int
    """How much more of it may be filled."""
    limit: Wad
    fee: Wad
    """WAD of the fills' notional."""
    before: Health
    filled: int = 0
    notional: Wad = Wad(0)
    """What the fills were worth at their prices, each rounded down."""


def compute_end(legs: Legs) -> Wad:
    """Return the equity at which liquidation ends: the initial margin of all legs."""
    return Wad(sum(compute_initial_margin(*leg) for leg in legs))


def compute_ratio(
    health: Health, leg: tuple[Requirement, Wad], borrowed: Wad = Wad(0)
) -> Wad:
    """
    Return ``m``, how much of a leg's notional its share of the equity is, rounded
    down; 0 without equity, without margin and of a leg of nothing. ``borrowed`` is the
    margin that what pays for it binds.
    """
    requirement, notional = leg
    margin = max(0, compute_maintenance_margin(requirement, notional) - borrowed)
    whole = health.maintenance_margin * notional
    if health.equity <= 0 or whole == 0:
        return Wad(0)
    return Wad(mul_div_down(health.equity * margin, WAD, whole))


def compute_limit(mark: Wad, ratio: Wad, is_buy: bool) -> Wad:
    """
    Return the worst price of a slice, rounded towards ``mark``. It is no further away
    than half: where claims outweigh a debt, the equity may be many times the margin.
    """
    apart = min(ratio // 2, MAX_APART)
    if is_buy:
        return Wad(mul_div_down(mark, WAD + apart, WAD))
    return Wad(mul_div_up(mark, WAD - apart, WAD))


def compute_fee_rate(ratio: Wad) -> Wad:
    """Return the fee of a slice, WAD of its fills, rounded down."""
    return Wad(min(MAX_FEE, ratio // 4))


def compute_fee(notional: Wad, rate: Wad) -> Wad:
    """Return the fee on fills, rounded down."""
    return Wad(mul_div_down(notional, rate, WAD))


def is_improved(before: Health, after: Health) -> bool:
    """
    Return whether maintenance margin did not rise, nor equity over it fall. Exposure
    may: by what a debt costs more than it was worth, if it is bought back on credit.
    """
    return (
        after.maintenance_margin <= before.maintenance_margin
        and after.equity * before.maintenance_margin
        >= before.equity * after.maintenance_margin
    )


def compute_parts(equity: int, cost: Wad, legs: Legs, index: int) -> int:
    """
    Return the smallest share of one leg, in parts, with which the account has initial
    margin again, if it costs ``cost`` (WAD) of what is closed; all of it if none does.
    """
    failing, healing = 0, PARTS
    for _ in range(16):
        parts = (failing + healing) // 2
        if heals(equity, cost, legs, index, parts):
            healing = parts
        else:
            failing = parts
    return healing


def heals(equity: int, cost: Wad, legs: Legs, index: int, parts: int) -> bool:
    """Return whether initial margin is met once ``parts`` of one leg are gone."""
    notional = legs[index][1]
    paid = mul_div_up(notional * parts, cost, PARTS * WAD)
    margin = 0
    for i, (requirement, whole) in enumerate(legs):
        left = mul_div_up(whole, PARTS - parts, PARTS) if i == index else whole
        margin += compute_initial_margin(requirement, Wad(left))
    return equity - paid >= margin


def compute_most(held: int, parts: int, least: int) -> int:
    """
    Return how much of what is held may be closed: its share, rounded up, and no less
    than a slice's least size.
    """
    return min(held, max(mul_div_up(held, parts, PARTS), least))
