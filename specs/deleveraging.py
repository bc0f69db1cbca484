"""
Auto-deleveraging.

What nobody takes over of an account is closed against the positions of the other
side, all of them pro rata, by epoch. An epoch is one event: it has a size ``q``, the
open interest ``OI`` that it reduces, a price and the funding index at that time. Each
position of its side is reduced when it is next touched:

    closed = floor((T + size) * q / OI) - floor(T * q / OI)

where ``T`` is the sum of the sizes that the epoch has met before. So the closed lots
add up to ``q`` exactly once all have been touched, each is within a lot of its share,
and no order of touches makes it otherwise. It is what ``closed, carry = divmod(size * q
+ carry, OI)`` counts, with which the contracts do it. Epochs are applied to a position
in their order, those of the other side left out, from the one on that came after it was
opened.

Until then an inventory holds what was closed and is not yet met: it bought what the
deleveraged account sold and sells it on to whoever is touched, at what these pay and
get, to the wei. It realises nothing. With what is left of a market's epochs of longs
and of shorts,

    inventory = left of shorts - left of longs                            lots
    OI of an epoch = open interest - max(left of longs, left of shorts)   either side

Counterpart of ``contracts/modules/deleveraging.vy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from specs import perpetual
from specs.fixed_point import PPM, WAD, Lots, Wad, mul_div_down, mul_div_up
from specs.perpetual import Position

MAX_EPOCHS: Final = 8
"""How many epochs one touch applies, and a health check foresees."""

PRICE_UNIT: Final = Wad(10**6)
"""Prices of epochs are multiples of this, rounded towards mark."""

INDEX_BOUND: Final = 50_000
"""The most that a market's mark may be from its slow index, ppm."""


@dataclass(frozen=True)
class Epoch:
    """One event that reduces all positions of one side of a market."""

    is_long: bool
    """Whether it reduces longs."""
    lots: Lots
    """How much it closes of all of them."""
    open_interest: Lots
    """How much they had, after all epochs before."""
    price: Wad
    funding_index: int
    met: Lots = Lots(0)
    """The sum of the sizes that it has reduced so far, as they were before."""


def compute_closed(epoch: Epoch, size: Lots) -> Lots:
    """Return how much an epoch closes of a position that it meets next."""
    return Lots(compute_left(epoch) - compute_left(meet(epoch, size)))


def compute_left(epoch: Epoch) -> Lots:
    """Return what an epoch has yet to close."""
    return Lots(epoch.lots - epoch.met * epoch.lots // epoch.open_interest)


def compute_carry(epoch: Epoch) -> int:
    """Return the fraction of a lot, of ``open_interest`` parts, not yet closed."""
    return epoch.met * epoch.lots % epoch.open_interest


def meet(epoch: Epoch, size: Lots) -> Epoch:
    """Return an epoch after it met a position of its side."""
    return replace(epoch, met=Lots(epoch.met + abs(size)))


def reduces(epoch: Epoch, lots: Lots) -> bool:
    """Return whether an epoch is one of the position's side."""
    return lots > 0 if epoch.is_long else lots < 0


def get_left(epochs: Sequence[Epoch], is_long: bool) -> Lots:
    """Return what a market's epochs have yet to close of one side."""
    return Lots(sum(compute_left(e) for e in epochs if e.is_long == is_long))


def compute_effective_interest(epochs: Sequence[Epoch], open_interest: Lots) -> Lots:
    """Return what either side has once all epochs have met it."""
    left = max(get_left(epochs, is_long=True), get_left(epochs, is_long=False))
    return Lots(open_interest - left)


def compute_closing_price(epoch: Epoch, funding_index: int) -> Wad:
    """
    Return the price at which to close now as at the epoch's price and funding then;
    0 if funding has moved further than that.
    """
    return Wad(max(0, epoch.price + funding_index - epoch.funding_index))


def compute_effective_position(
    position: Position, epochs: Sequence[Epoch], lot: Wad, funding_index: int
) -> Position:
    """
    Return a position as the next touch would leave it, its gains not paid yet.

    Its entry tick and pending interest stay those of the stored size, which is what
    earns and owes until the touch.
    """
    for epoch in epochs[position.epoch :][:MAX_EPOCHS]:
        if position.lots == 0:
            break
        position = replace(position, epoch=position.epoch + 1)
        if reduces(epoch, position.lots):
            closed = compute_closed(epoch, position.lots)
            lots = Lots(-closed if position.lots > 0 else closed)
            price = compute_closing_price(epoch, funding_index)
            position = perpetual.trade(
                position, lots, lot, price, funding_index
            ).position
    return position


def is_open(equity: int, maintenance_margin: int, value: int) -> bool:
    """
    Return whether an account may be deleveraged: below a quarter of its maintenance
    margin, or worth less than nothing.
    """
    return 4 * equity <= maintenance_margin or value < 0


def compute_price(
    mark: Wad, is_selling: bool, discount: Wad, loss: Wad, notional: Wad, bound: Wad
) -> Wad:
    """
    Return the price at which the account closes against the other side.

    While it is worth something, at mark less (plus, to buy) the takeover's discount.
    What it owes beyond that and the backstop fund, ``loss``, it gets from the other
    side, by a price on the far side of mark. Never further from mark than ``bound``,
    WAD of it; rounded towards mark.
    """
    if loss > 0:
        shift = min(mul_div_down(loss, WAD, notional), bound)
        is_above = is_selling
    else:
        shift = min(discount, bound)
        is_above = not is_selling
    units = mark // PRICE_UNIT
    if is_above:
        return Wad(mul_div_down(units, WAD + shift, WAD) * PRICE_UNIT)
    return Wad(mul_div_up(units, WAD - shift, WAD) * PRICE_UNIT)


def limit_to_index(price: Wad, mark: Wad, index: Wad) -> Wad:
    """
    Return a price as far from the slow index as the oracle ever lets a mark be, or mark
    where that is beyond; rounded inwards.
    """
    units = index // PRICE_UNIT
    high = mul_div_down(units, PPM + INDEX_BOUND, PPM) * PRICE_UNIT
    low = mul_div_up(units, PPM - INDEX_BOUND, PPM) * PRICE_UNIT
    return Wad(max(min(mark, low), min(max(mark, high), price)))
