"""Ladders: orders on both sides of a middle that follow it, as makers keep them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from keeper.chain.interface import Refused
from keeper.client.account import Account
from keeper.client.results import Order
from keeper.client.units import Rounding, count, to_decimal
from specs.fixed_point import PPM, WAD

STEP: Final = 200
"""Between the prices of a ladder, ppm."""

SLACK: Final = 100
"""A ladder stays where it is until the middle has moved by so much, ppm."""


@dataclass
class Ladder:
    """Orders for one instrument, and what became of them."""

    name: str
    worths: Sequence[int]
    """Of each order of a side, the best one first; whole USDC."""
    spread: int
    """Of the best orders from the middle, ppm."""
    middle: int = 0
    """Around which it was placed last, WAD USDC; 0 if it has yet to be."""
    sizes: dict[int, Decimal] = field(default_factory=dict)
    """What should rest of each order, by id."""

    def is_due(self, middle: int, resting: Sequence[Order]) -> bool:
        """Return whether it is not around a middle, or not what was placed."""
        if abs(middle - self.middle) * PPM > SLACK * self.middle:
            return True
        there = {each.id: each.size for each in resting if each.instrument == self.name}
        return there != self.sizes

    def place(self, account: Account, middle: int) -> None:
        """Place it around a middle, WAD USDC, the best prices first."""
        # What is refused on the way is placed again next time.
        self.middle, self.sizes = 0, {}
        listed = account.link.listings.instrument(self.name)
        for place, worth in enumerate(self.worths):
            lots = listed.to_lots(to_decimal(worth * WAD * WAD // middle), "down")
            size = listed.to_size(lots)
            for is_ask in (False, True):
                price = compute_price(middle, self.spread + place * STEP, is_ask=is_ask)
                rounding = Rounding.UP if is_ask else Rounding.DOWN
                limit = to_decimal(listed.to_wad(to_decimal(price), rounding))
                trade = account.sell if is_ask else account.buy
                placed = trade(self.name, size, limit)
                if placed.order is not None:
                    self.sizes[placed.order] = size - placed.filled
        self.middle = middle


def keep(account: Account, wanted: Mapping[str, int], ladders: Sequence[Ladder]) -> int:
    """
    Place anew, of an account's ladders, those that are due; return how many were.

    ``wanted`` has the middle of each by name, WAD USDC. One that is refused keeps no
    other from being placed; then the last refusal is raised in the end.
    """
    resting = account.orders()
    due = [each for each in ladders if each.is_due(wanted[each.name], resting)]
    names = {each.name for each in due}
    gone = [order for order in resting if order.instrument in names]
    if gone:
        account.cancel(*gone)
    late: Refused | None = None
    for ladder in due:
        try:
            ladder.place(account, wanted[ladder.name])
        except Refused as error:
            late = error
    if late:
        raise late
    return len(due)


def compute_price(middle: int, distance: int, *, is_ask: bool) -> int:
    """Return the price so many ppm from a middle, both WAD, rounded away from it."""
    if is_ask:
        return -(-middle * (PPM + distance) // PPM)
    return middle * (PPM - distance) // PPM


def to_middle(price: Decimal) -> int:
    """Return a price as a middle, WAD USDC."""
    return count(price, to_decimal(1), "middle", Rounding.NEAREST)
