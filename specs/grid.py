"""
Grid of entry ticks.

Interest on unrealised PnL is measured from entry prices on a fixed grid: between two
powers of two there are 512 ticks, evenly spaced, so neighbours are 10 to 20 basis
points apart and the price of a tick costs two shifts. Prices are in units of 10**6
wei (``virtual_pnl.PRICE_UNIT``), so that the lowest tick is at 5.12e-10 USDC and the
highest just below 2**66 units, 7.4e7 USDC.

Counterpart of ``contracts/modules/grid.vy``.
"""

from typing import Final

STEPS: Final = 512
"""Ticks between a power of two and the next."""
OCTAVES: Final = 57
MAX_TICK: Final = OCTAVES * STEPS - 1


def get_price(tick: int) -> int:
    """
    Return the price of a tick, in price units.

    Grows with the tick; the next tick's price is higher by at most 1/512 and by more
    than 1/1024; from ``STEPS`` to below ``STEPS << OCTAVES``.
    """
    octave, step = divmod(tick, STEPS)
    return (STEPS + step) << octave


def tick_down(price: int) -> int:
    """
    Return the highest tick whose price is at most ``price``; 0 if none is.

    Grows with the price. ``get_price(tick_down(price)) <= price`` from the lowest
    tick's price on.
    """
    octave = max(price.bit_length() - STEPS.bit_length(), 0)
    if octave >= OCTAVES:
        return MAX_TICK
    return octave * STEPS + max(price >> octave, STEPS) - STEPS


def tick_up(price: int) -> int:
    """
    Return the lowest tick whose price is at least ``price``; the last if none is.

    Grows with the price. ``price <= get_price(tick_up(price))`` up to the last tick's
    price.
    """
    tick = tick_down(price)
    return min(tick + (get_price(tick) < price), MAX_TICK)
