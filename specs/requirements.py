"""
Requirements.

How much of an asset counts, and how much margin an exposure binds: both worsen with
the square root of size, as it is harder to sell.

    weight(x) = min(w, 1.1 / (1 + p * sqrt(x)))      x = quantity held; w alone if p = 0
    IMF(N)    = max(base_imf, imf_factor * sqrt(N))  N = notional in USDC
    MMF(N)    = max(base_mmf, mmf_factor * sqrt(N))

Weights and fractions are stored in parts per million, factors per square root of a
whole unit in 1e-12. Weights round down; fractions and margins round up.

Counterpart of ``contracts/modules/requirements.vy``.
"""

from dataclasses import dataclass
from typing import Final

from specs.fixed_point import WAD, Wad, mul_div_down, mul_div_up, sqrt_down

WEIGHT_CAP: Final = 11 * WAD // 10


@dataclass(frozen=True)
class Haircut:
    """How much of an asset's value counts as collateral."""

    weight: int
    """Parts per million."""
    factor: int
    """p, in 1e-12 per square root of a token; 0 makes the weight constant."""


@dataclass(frozen=True)
class Requirement:
    """Margin that exposure of one kind binds."""

    base_imf: int
    base_mmf: int
    imf_factor: int
    mmf_factor: int


def sqrt_up(x: int) -> int:
    """Return the square root of ``x``, rounded up."""
    return sqrt_down(x - 1) + 1 if x > 0 else 0


def compute_weight(haircut: Haircut, held: Wad) -> Wad:
    """Return the share of an asset's value that counts, rounded down."""
    weight = haircut.weight * 10**12
    if haircut.factor == 0:
        return Wad(weight)
    slope = mul_div_up(haircut.factor, sqrt_up(held), 1000)
    return Wad(min(weight, mul_div_down(WEIGHT_CAP, WAD, WAD + slope)))


def compute_fraction(base: int, factor: int, notional: Wad) -> Wad:
    """Return the margin fraction of ``notional``, rounded up."""
    return Wad(max(base * 10**12, mul_div_up(factor, sqrt_up(notional), 1000)))


def compute_initial_margin(requirement: Requirement, notional: Wad) -> Wad:
    """Return the margin that opens ``notional``, rounded up."""
    fraction = compute_fraction(requirement.base_imf, requirement.imf_factor, notional)
    return Wad(mul_div_up(fraction, notional, WAD))


def compute_maintenance_margin(requirement: Requirement, notional: Wad) -> Wad:
    """Return the margin that keeps ``notional``, rounded up."""
    fraction = compute_fraction(requirement.base_mmf, requirement.mmf_factor, notional)
    return Wad(mul_div_up(fraction, notional, WAD))
