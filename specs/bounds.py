"""
Bounds.

What every parameter must be within, whoever sets it and however long it was announced.

Counterpart of ``contracts/modules/bounds.vy``.
"""

from typing import Final

from specs import errors
from specs.fixed_point import BPS, PPM, WAD, Lots, Seconds, Wad
from specs.funding import MAX_INTERVAL, MIN_INTERVAL
from specs.guards import Guards
from specs.interest_rate import MAX_RATE, Curve
from specs.perpetual import MAX_LOTS
from specs.requirements import MAX_FACTOR, SCALE_ONE, Haircut, Requirement
from specs.state import Cull, Fees, Limits

MAX_LISTED: Final = 32
"""How many assets, and how many markets, there may be."""

MAX_DECIMALS: Final = 18

MAX_FEE: Final = 10_000
"""1 %, parts per million."""

MAX_RESERVE_SHARE: Final = Wad(WAD // 2)

MAX_WEIGHT: Final = PPM

MIN_BASE_MMF: Final = 1_000
"""0.1 %: no exposure is free of margin."""

MAX_USDC: Final = Wad(10**9 * WAD)
"""The largest fund cap, credit cap and threshold."""

USDC_UNIT: Final = Wad(10**12)
"""What credit cap and thresholds are multiples of."""

MAX_CAP: Final = Wad(10**12 * WAD)
"""The largest supply and borrow cap, whole tokens of WAD."""

MIN_OUTFLOW_SHARE: Final = 500
"""5 % of an asset can leave within a window, whatever limit is set."""

MIN_LOT_EXPONENT: Final = 12
MAX_LOT_EXPONENT: Final = 18
"""A lot is 10**exponent WAD base units, at most one base unit."""

MAX_OPEN_INTEREST: Final = Lots(2**60)

MAX_MIN_LOTS: Final = Lots(2**32 - 1)

MAX_REFERENCE: Final = 10**9
"""100 % in a second, in 1e-9 for the root of a second."""

MAX_SCALE: Final = 5 * SCALE_ONE

ROLES: Final = 7
"""Every role that a venue may have; the third is kept for the order book."""

RAMP_PER_DAY: Final = 50_000
"""5 %: how much of an asset's weight comes back to life in a day, parts per million."""


def require(is_within: bool) -> None:
    """Refuse what is out of bounds."""
    if not is_within:
        raise errors.OutOfBounds


def require_curve(curve: Curve) -> None:
    """Refuse a curve whose highest rate or reserve share is out of bounds."""
    require(0 < curve.optimal < WAD)
    require(curve.base + curve.slope_low + curve.slope_high <= MAX_RATE)
    require(curve.reserve_share <= MAX_RESERVE_SHARE)


def require_haircut(haircut: Haircut) -> None:
    """Refuse a weight above 1 or a factor of 1 or more."""
    require(haircut.weight <= MAX_WEIGHT and haircut.factor <= MAX_FACTOR)


def require_requirement(requirement: Requirement) -> None:
    """Refuse unless initial margin is at least maintenance margin at every size."""
    require(MIN_BASE_MMF <= requirement.base_mmf <= requirement.base_imf <= PPM)
    require(requirement.mmf_factor <= requirement.imf_factor <= MAX_FACTOR)


def require_fees(fees: Fees) -> None:
    """Refuse fees above 1 %."""
    require(max(fees.maker, fees.taker) <= MAX_FEE)


def require_multiple(amount: Wad, unit: int, highest: Wad) -> None:
    """Refuse an amount above the highest, or with a part of a unit."""
    require(amount <= highest and amount % unit == 0)


def require_guards(guards: Guards) -> None:
    """
    Refuse shares above 1, a threshold above the maximum, and a limit of the outflow
    under which assets could not leave.
    """
    require(guards.threshold <= guards.max_utilisation <= BPS)
    require(guards.throttle_share <= BPS)
    require(guards.outflow_share <= BPS)
    require_multiple(guards.outflow_floor, WAD, MAX_USDC)
    if guards.outflow_share > 0:
        require(guards.outflow_share >= MIN_OUTFLOW_SHARE and guards.outflow_floor > 0)


def require_market(lot_exponent: int, interval: Seconds) -> None:
    """Refuse a lot that entry ticks can't count, or an odd funding interval."""
    require(MIN_LOT_EXPONENT <= lot_exponent <= MAX_LOT_EXPONENT)
    require(MIN_INTERVAL <= interval <= MAX_INTERVAL)


def require_limits(limits: Limits) -> None:
    """Refuse sizes beyond what is stored, and scales below 1 or too high."""
    require(limits.max_open_interest <= MAX_OPEN_INTEREST)
    require(limits.max_position <= MAX_LOTS)
    require(1 <= limits.min_lots <= MAX_MIN_LOTS)
    require(limits.open_interest_factor <= MAX_FACTOR)
    require(limits.reference <= MAX_REFERENCE)
    require(SCALE_ONE <= limits.max_scale <= MAX_SCALE)


def require_cull(cull: Cull) -> None:
    """Refuse amounts above the highest."""
    for amount in (cull.credit_cap, cull.account_threshold, cull.system_threshold):
        require_multiple(amount, USDC_UNIT, MAX_USDC)
