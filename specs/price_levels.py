"""
Price levels.

What rests at each price of an instrument.

Counterpart of ``contracts/modules/price_levels.vy``, which keeps what is summed here.
"""

from collections.abc import Sequence

from specs.book_state import OrderId, State
from specs.fixed_point import Wad
from specs.impact import MAX_LEVELS, Level
from specs.listings import NEVER


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
