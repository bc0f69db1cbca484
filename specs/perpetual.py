"""
Perpetual positions.

A position is a size in lots and a basis: what its size has cost, less the funding
index at which it was bought, so that one number holds both. With ``FI`` the funding
index in USDC per base unit,

    value(P)       = floor(size * (P - FI)) - basis        uPnL and unsettled funding
    trade d at p:    basis += ceil(d * (p - FI))           both ways
    close a share:   r = what the closed share gained at the fill price
    pay r:           basis += paid

so the values of all accounts add up to what the liquidity fund holds, less dust.

Counterpart of ``contracts/modules/perpetual.vy``.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs.fixed_point import (
    WAD,
    Lots,
    Wad,
    mul_div_up,
    signed_mul_div_down,
    signed_mul_div_up,
)

MAX_LOTS: Final = Lots(2**56)
"""The largest position, either way."""


@dataclass(frozen=True)
class Position:
    """What an account has in one market."""

    lots: Lots = Lots(0)
    basis: int = 0
    """WAD USDC; with no lots, minus the unsettled claim."""
    entry: int | None = None
    """The entry tick, for interest only; none outside the tick set."""
    pending_lend: int = 0
    """Interest earned on gains since the last touch, see ``virtual_pnl``."""
    pending_borrow: int = 0
    """Interest owed on losses since the last touch."""
    epoch: int = 0
    """How many of its market's epochs it has met or came after; 0 without lots."""


FLAT: Final = Position()


@dataclass(frozen=True)
class Trade:
    """
    A position after a trade, and the gain that its closed share made.

    The gain is still inside the position's value until it is settled.
    """

    position: Position
    gain: int


def compute_value(position: Position, lot: Wad, price: Wad, funding_index: int) -> int:
    """Return uPnL and unsettled funding at ``price``, rounded down."""
    size = position.lots * lot
    return _times(size, price - funding_index, rounds_up=False) - position.basis


def compute_cost(lots: Lots, lot: Wad, price: Wad, funding_index: int) -> int:
    """Return what ``lots`` cost at ``price``, funding folded in, rounded up."""
    return _times(lots * lot, price - funding_index, rounds_up=True)


def compute_notional(lots: Lots, lot: Wad, price: Wad) -> Wad:
    """Return the value of a size at ``price``, without its sign, rounded up."""
    return Wad(mul_div_up(abs(lots) * lot, price, WAD))


def trade(
    position: Position, lots: Lots, lot: Wad, price: Wad, funding_index: int
) -> Trade:
    """
    Return ``position`` with ``lots`` (signed) traded at ``price``.

    What is closed realises its share of the basis at the fill price; what remains
    or is opened keeps its own. The basis grows by the whole trade's cost, rounded up
    once, so that the two sides of a fill leave at most one unit with the fund.
    """
    opening = compute_opening(position.lots, lots)
    closing = abs(lots - opening)
    cost = compute_cost(lots, lot, price, funding_index)
    opening_cost = compute_cost(opening, lot, price, funding_index)
    share = (
        signed_mul_div_up(position.basis, closing, abs(position.lots)) if closing else 0
    )
    return Trade(
        replace(position, lots=Lots(position.lots + lots), basis=position.basis + cost),
        gain=opening_cost - cost - share,
    )


def compute_opening(held: Lots, lots: Lots) -> Lots:
    """Return the part of a trade that does not close what is held."""
    if held * lots >= 0:
        return lots
    if abs(lots) <= abs(held):
        return Lots(0)
    return Lots(held + lots)


def is_reduction(held: Lots, lots: Lots) -> bool:
    """Return whether the trade only shrinks what is held."""
    return held * lots < 0 and abs(lots) <= abs(held)


def settle(position: Position, paid: int) -> Position:
    """Return ``position`` after ``paid`` of its value went to the account."""
    return replace(position, basis=position.basis + paid)


def _times(size: int, price: int, *, rounds_up: bool) -> int:
    """Return ``size * price / WAD`` for a signed size and a signed price."""
    sign = 1 if price >= 0 else -1
    if rounds_up:
        return signed_mul_div_up(size * sign, abs(price), WAD)
    return signed_mul_div_down(size * sign, abs(price), WAD)
