"""
Numbers of people and of contracts, converted exactly.

Whoever asks for something that is not a whole number of steps is told the nearest
ones, unless rounding was asked for. A float is refused: 0.1 is none of them.
"""

from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor
from typing import Final

from keeper.errors import UserError

Number = Decimal | str | int
"""A quantity: ``Decimal("0.1")``, ``"0.1"`` or ``1``."""

WAD_DECIMALS: Final = 18

_EXACT: Final = Context(prec=160)


class Rounding(StrEnum):
    """What becomes of a number between two steps."""

    EXACT = "exact"
    """It is refused."""
    DOWN = "down"
    UP = "up"
    NEAREST = "nearest"
    """The even one of two that are as near."""


def parse(number: Number, what: str) -> Decimal:
    """Return a finite number that is not below 0; ``what`` names it if it is not."""
    if isinstance(number, bool | float):
        raise UserError(f"{what}: {number!r} is not exact; write it as '{number}'")
    try:
        found = Decimal(number)
    except (InvalidOperation, TypeError, ValueError):
        raise UserError(f"{what}: {number!r} is no number; write '0.1'") from None
    if not found.is_finite() or found < 0:
        raise UserError(f"{what}: {number} is not a number from 0 on")
    return found


def count(number: Number, step: Decimal, what: str, rounding: str = "exact") -> int:
    """Return how many steps a number is; raise `UserError` if it is between two."""
    steps = Fraction(parse(number, what)) / Fraction(step)
    below, above = floor(steps), ceil(steps)
    try:
        chosen = Rounding(rounding)
    except ValueError:
        known = ", ".join(Rounding)
        raise UserError(f"rounding: no {rounding!r}; there are {known}") from None
    if chosen == Rounding.EXACT and below != above:
        good = " or ".join(plain(step * each) for each in (below, above) if each)
        raise UserError(
            f"{what}: {number} is no multiple of {plain(step)}; take {good}"
        )
    chosen_steps = {Rounding.DOWN: below, Rounding.UP: above}
    return chosen_steps.get(chosen, round(steps))


def to_decimal(units: int, decimals: int = WAD_DECIMALS) -> Decimal:
    """Return so many units of ``10**-decimals`` as a number."""
    found = Decimal(units).scaleb(-decimals, _EXACT).normalize(_EXACT)
    return found.quantize(Decimal(1), context=_EXACT) if _is_large(found) else found


def plain(number: Decimal) -> str:
    """Return a number as people write it: no exponent, no zeros at the end."""
    return f"{number.normalize(_EXACT):f}"


def _is_large(number: Decimal) -> bool:
    """Return whether a number would be written with an exponent above 0."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent > 0
