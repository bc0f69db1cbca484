"""
Interest pending on positions inside the tick set, for all of a market at once.

What a lot at a tick has seen of interest is computed once for each tick at which
somebody is, in integers; what a position saw when it was last touched is subtracted
modulo 2**128, in integers too. Only the difference, which is small, becomes a float.
"""

import numpy as np

from keeper.watch import floats, market
from keeper.watch.columns import Columns, Limbs
from keeper.watch.floats import Floats, Places
from keeper.watch.market import Shared
from specs import grid
from specs.packing import POSITION
from specs.virtual_pnl import PRICE_UNIT

_ENTRY = np.uint64(2 ** POSITION["entry"].width - 1)

Halves = tuple[Limbs, Limbs]


def compute_pending(
    columns: Columns,
    shared: Shared,
    number: int,
    rows: Places,
    lots: Floats,
) -> tuple[Floats, Floats, Floats]:
    """
    Return what positions have earned and what they owe, wei, and the magnitudes that
    went into it; nothing outside the tick set.
    """
    zeros = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
    earned, owed, gross = zeros
    entries = columns.column("positions", number)[rows, 0] & _ENTRY
    inside = np.flatnonzero(entries)
    if len(inside) == 0:
        return zeros
    ticks, places = np.unique(entries[inside] - np.uint64(1), return_inverse=True)
    is_long = lots[inside] > 0
    table = [int(tick) for tick in ticks]
    lend, borrow = read_table(shared, number, table)
    seen = columns.column("snapshots", number)[rows[inside]]
    side = np.where(is_long, 0, len(table)) + places
    listed = shared.state.markets[number]
    size = np.abs(lots[inside]) * float(market.size_unit(listed))
    pending_lend = size * grown(lend, side, (seen[:, 3], seen[:, 2]))
    pending_borrow = size * grown(borrow, side, (seen[:, 1], seen[:, 0]))

    # What is owed since interest was booked: on the loss at the cursor.
    cursor = float(listed.cursor // PRICE_UNIT)
    entry = np.array([float(grid.get_price(tick)) for tick in table])[places]
    loss = np.maximum(0, np.where(is_long, entry - cursor, cursor - entry))
    fall = float(shared.usdc_fall)
    pending_borrow += size * loss * fall
    lend_rate, borrow_rate = market.interest_rates(shared)
    earned[inside] = pending_lend * lend_rate
    owed[inside] = pending_borrow * borrow_rate
    gross[inside] = np.abs(earned[inside]) + np.abs(owed[inside])
    gross[inside] += size * (entry + cursor) * fall * borrow_rate
    return zeros


def read_table(shared: Shared, number: int, ticks: list[int]) -> tuple[Halves, Halves]:
    """Return the growth of each tick, for longs and then for shorts."""
    growth, words = shared.growths[number], shared.ticks[number]
    found = [
        growth.at(tick, words[tick], is_long)
        for is_long in (True, False)
        for tick in ticks
    ]
    lend = floats.limbs_of([lend for lend, _ in found])
    return lend, floats.limbs_of([borrow for _, borrow in found])


def grown(table: Halves, places: Places, seen: Halves) -> Floats:
    """Return by how much growth has grown since it was seen, signed."""
    now = table[0][places], table[1][places]
    return floats.signed(*floats.difference(now, seen))
