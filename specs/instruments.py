"""
Instruments.

What may be traded: a market's number stands for its perpetual, ``SPOT`` plus an asset's
for that asset against USDC. In storage an instrument has a code below 64.

Counterpart of ``contracts/modules/instruments.vy``.
"""

from typing import Final

SPOT: Final = 2**128
"""Instruments from here on are spot assets; below, markets."""

MAX_LISTED: Final = 32
"""Markets and assets are numbered below this."""


def is_spot(instrument: int) -> bool:
    """Return whether an instrument is a spot asset."""
    return instrument >= SPOT


def get_asset(instrument: int) -> int:
    """Return the asset that a spot instrument trades."""
    return instrument - SPOT


def get_code(instrument: int) -> int:
    """Return the number under which an instrument is stored, below 64."""
    return instrument - SPOT + MAX_LISTED if is_spot(instrument) else instrument


def get_instrument(code: int) -> int:
    """Return the instrument that is stored under a code."""
    return code if code < MAX_LISTED else SPOT + code - MAX_LISTED
