"""
Requirements.

How much of an asset counts, and how much margin an exposure binds: both worsen with
the square root of size, as it is harder to sell.

    weight(x) = min(w, 1.1 / (1 + p * sqrt(x)))      x = quantity held; w alone if p = 0
    IMF(N)    = max(base_imf, imf_factor * sqrt(N))  N = notional in USDC
    MMF(N)    = max(base_mmf, mmf_factor * sqrt(N))

A market's volatility multiplies both (``dynamic_margin``), its open interest and an
account's own limit of leverage set a least IMF.

Weights and fractions are stored in parts per million, factors per square root of a
whole unit in 1e-12. Weights round down; fractions and margins round up.

Counterpart of ``contracts/modules/requirements.vy``.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs.fixed_point import PPM, WAD, Wad, mul_div_down, mul_div_up, sqrt_down

WEIGHT_CAP: Final = 11 * WAD // 10

MAX_FACTOR: Final = 10**12 - 1
"""Below 1 for each square root of a unit, in 1e-12."""

SCALE_ONE: Final = 10_000
"""A scale of 1, in 1e-4."""


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


@dataclass(frozen=True)
class Scales:
    """What a market's volatility and open interest add to its requirement."""

    imf: int = 10_000
    """Multiplies initial margin, 1e-4."""
    mmf: int = 10_000
    """Multiplies maintenance margin, 1e-4; never above ``imf``."""
    open_interest_imf: int = 0
    """The least initial margin fraction, parts per million."""


CALM: Final = Scales()


def scale(requirement: Requirement, scales: Scales) -> Requirement:
    """
    Return a requirement raised by a market's scales, each parameter rounded up; a
    factor is clamped to what its field holds.
    """
    base_imf = max(requirement.base_imf, scales.open_interest_imf)
    return Requirement(
        base_imf=mul_div_up(base_imf, scales.imf, SCALE_ONE),
        base_mmf=mul_div_up(requirement.base_mmf, scales.mmf, SCALE_ONE),
        imf_factor=min(
            mul_div_up(requirement.imf_factor, scales.imf, SCALE_ONE), MAX_FACTOR
        ),
        mmf_factor=min(
            mul_div_up(requirement.mmf_factor, scales.mmf, SCALE_ONE), MAX_FACTOR
        ),
    )


def limit_leverage(requirement: Requirement, max_leverage: int) -> Requirement:
    """
    Return a requirement with initial margin of at least ``1 / max_leverage``; 0 for
    no limit.
    """
    if max_leverage == 0:
        return requirement
    least = mul_div_up(1, PPM, max_leverage)
    return replace(requirement, base_imf=max(requirement.base_imf, least))


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
