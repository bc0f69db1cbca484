"""
Price levels.

What rests at each price of an instrument, at which it was filled last, and how much
was traded of late.

Counterpart of ``contracts/modules/price_levels.vy``, which keeps what is summed here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from specs.book_state import OrderId, State, Volume, World, with_book
from specs.fixed_point import Lots, Seconds, Wad, mul_div_down
from specs.impact import MAX_LEVELS, Level
from specs.listings import NEVER
from specs.perpetual import MAX_LOTS

DECAY: Final = Seconds(300)
"""In which a volume decays to nothing."""

MAX_VOLUME: Final = Lots(MAX_LOTS - 1)
"""The most that is counted."""


def note_fill(world: World, instrument: int, number: int, lots: Lots) -> World:
    """
    Return the world with a fill at a price noted, and so many lots of it as volume: all
    of a taker who came by himself, none of one who was made to.
    """
    book = replace(world.book.books[instrument], last=number)
    if lots > 0:
        volume = get_recent(book.volume, world.now) + lots
        counted = Volume(Lots(min(volume, MAX_VOLUME)), world.now)
        book = replace(book, volume=counted)
    return with_book(world, instrument, book)


def get_recent(volume: Volume, now: Seconds) -> Lots:
    """Return what is left of a volume: it decays in a straight line, rounded down."""
    left = max(0, DECAY - (now - volume.time))
    return Lots(mul_div_down(volume.lots, left, DECAY))


def get_levels(state: State, instrument: int, side: Sequence[OrderId]) -> list[Level]:
    """
    Return the best price levels of a side, and the base units at each that stay until
    they are cancelled: what may expire makes no mid.
    """
    listing = state.books[instrument].listing
    sizes: dict[int, int] = {}
    for order in side:
        resting = state.orders[order]
        if resting.number not in sizes and len(sizes) == MAX_LEVELS:
            break
        firm = resting.lots if resting.expiry == NEVER else 0
        sizes[resting.number] = sizes.get(resting.number, 0) + firm
    return [
        Level(Wad(number * listing.tick), Wad(lots * listing.lot))
        for number, lots in sizes.items()
    ]
