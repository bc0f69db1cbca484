"""
Virtual PnL.

Interest on what positions have gained or lost and not realised. A winner's gain
counts as a lend and a loser's loss as a borrow in the USDC pool, without either being
opened; both are measured from the position's entry tick, at the market's cursor, the
price for interest.

With ``weight(index) = 2**60 / index`` (``weights``) an amount that was lent (owed)
while the index grew from ``a`` to ``b`` has earned ``amount * (weight(a) -
weight(b))`` scaled units, of 2**-60 each. So

    gain       = size * (cursor - entry)                           WAD USDC, exact
    pending_lend   += max(gain, 0) * (fall of the lend index's weight)
    pending_borrow += max(-gain, 0) * (fall of the borrow index's weight)

position by position, whenever the pool accrues: the definition, a loop over all
accounts. The contracts reach the same integers without a loop, from accumulators at
the entry ticks (``contracts/modules/tick_set.vy``). Interest rounds when it is settled
only: what is earned down, what is owed up, to a scaled unit.

Counterpart of ``contracts/modules/virtual_pnl.vy``.
"""

from dataclasses import replace
from typing import Final

from specs import grid
from specs.fixed_point import (
    RAY,
    WAD,
    Ray,
    Wad,
    mul_div_down,
    mul_div_up,
    signed_mul_div_down,
    signed_mul_div_up,
)
from specs.perpetual import Position
from specs.weights import WEIGHT_ONE

PRICE_UNIT: Final = Wad(10**6)
"""Grid prices are multiples of this."""


def clamp(price: Wad) -> Wad:
    """Return ``price`` within the grid's range."""
    return Wad(min(price, grid.get_price(grid.MAX_TICK) * PRICE_UNIT))


def get_entry_price(position: Position) -> Wad:
    """Return the price of the entry tick of a position inside the tick set."""
    assert position.entry is not None
    return Wad(grid.get_price(position.entry) * PRICE_UNIT)


def compute_gain(position: Position, lot: Wad, price: Wad) -> int:
    """
    Return what a position has gained since its entry tick, WAD USDC; 0 outside.

    Exact: prices are multiples of ``PRICE_UNIT`` and lots of at least 10**12, so the
    product is a whole number.
    """
    if position.entry is None:
        return 0
    entry_price = grid.get_price(position.entry) * PRICE_UNIT
    return position.lots * lot * (price - entry_price) // WAD


def earn(
    position: Position, lot: Wad, cursor: Wad, lend_fall: int, borrow_fall: int
) -> Position:
    """
    Return ``position`` with the interest of an accrual booked, in which the weights
    of the indices fell by so much; negative for an index that fell itself.
    """
    if lend_fall == borrow_fall == 0:
        return position
    gain = compute_gain(position, lot, cursor)
    if gain == 0:
        return position
    return replace(
        position,
        pending_lend=position.pending_lend + max(0, gain) * lend_fall,
        pending_borrow=position.pending_borrow + max(0, -gain) * borrow_fall,
    )


def compute_interest(pending_lend: int, pending_borrow: int) -> tuple[int, int]:
    """Return pending interest in scaled units: earned rounded down, owed rounded up."""
    return pending_lend // WEIGHT_ONE, -(-pending_borrow // WEIGHT_ONE)


def compute_worth(lend: int, borrow: int, lend_index: Ray, borrow_index: Ray) -> int:
    """
    Return what scaled interest is worth, WAD USDC: earned rounded down, owed up.

    After bad debt what is earned can be negative, which then rounds against the
    account as well.
    """
    return lend * lend_index // RAY - mul_div_up(borrow, borrow_index, RAY)


def compute_entry(position: Position, lot: Wad, funding_index: int) -> int:
    """
    Return the tick for a position's entry: the price at which its value, unsettled
    funding included, is nothing, rounded against it.
    """
    size = position.lots * lot
    if size > 0:
        price = funding_index + signed_mul_div_up(position.basis, WAD, size)
        return grid.tick_up(max(0, signed_mul_div_up(price, 1, PRICE_UNIT)))
    price = funding_index + signed_mul_div_down(-position.basis, WAD, -size)
    return grid.tick_down(max(0, signed_mul_div_down(price, 1, PRICE_UNIT)))


def settle(position: Position) -> Position:
    """Return ``position`` with its pending interest taken out."""
    return replace(position, pending_lend=0, pending_borrow=0)


def compute_reached(cursor: Wad, target: Wad, entries: set[Wad], limit: int) -> Wad:
    """
    Return where a cursor comes that may cross ``limit`` entry ticks on its way.

    Up, it crosses the ticks from where it is to below the target, and stops at the
    first that it may not cross; down, those below where it is to the target, and
    stops at the last that it crosses.
    """
    if target > cursor:
        ahead = sorted(price for price in entries if cursor <= price < target)
        return target if len(ahead) <= limit else ahead[limit]
    ahead = sorted(
        (price for price in entries if target <= price < cursor), reverse=True
    )
    return target if len(ahead) <= limit else ahead[limit - 1]


def compute_share(gain: Wad, backing: Wad, gains: Wad) -> Wad:
    """
    Return the part of ``gain`` that counts as credit, rounded down: all of it while
    ``backing`` covers the market's ``gains``, else its share of the backing.
    """
    if gains <= backing:
        return gain
    return Wad(mul_div_down(gain, backing, gains))
