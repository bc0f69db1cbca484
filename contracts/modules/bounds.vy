# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Bounds
@license Apache-2.0
@notice The hard-coded bounds of every parameter, and the words that hold them.
@custom:spec specs/bounds.py
"""

from ..interfaces import IClearinghouse
from . import errors
from . import fixed_point as fp
from . import funding
from . import interest_rate

MAX_LISTED: constant(uint256) = 32
MAX_DECIMALS: constant(uint256) = 18
MAX_FEE: constant(uint256) = 10_000
MAX_RESERVE_SHARE: constant(uint256) = 500_000
MAX_FACTOR: constant(uint256) = 10**12 - 1
MIN_BASE_MMF: constant(uint256) = 1_000
MAX_USDC: constant(uint256) = 10**27
USDC_UNIT: constant(uint256) = 10**12
MAX_CAP: constant(uint256) = 10**30
MIN_OUTFLOW_SHARE: constant(uint256) = 500
MIN_LOT_EXPONENT: constant(uint256) = 12
MAX_LOT_EXPONENT: constant(uint256) = 18
MAX_OPEN_INTEREST: constant(uint256) = 2**60
MAX_POSITION: constant(uint256) = 2**56
MAX_MIN_LOTS: constant(uint256) = 2**32 - 1
MAX_REFERENCE: constant(uint256) = 10**9
SCALE_ONE: constant(uint256) = 10_000
MAX_SCALE: constant(uint256) = 5 * SCALE_ONE
ROLES: constant(uint256) = 7
RAMP_PER_DAY: constant(uint256) = 50_000
# A market's limits when it is listed: none, and one lot in the tick set.
UNLIMITED: constant(uint256) = (
    (MAX_OPEN_INTEREST << 192) | (MAX_POSITION << 128) | (1 << 96) | (SCALE_ONE << 8)
)
# The scales of a market's margin when it is listed: 1.
CALM: constant(uint256) = (SCALE_ONE << 16) | SCALE_ONE
# The highest sum of a curve's rates that still is at most `MAX_RATE`.
_MAX_RATE: constant(uint256) = interest_rate.MAX_RATE // 10**9


@internal
@pure
def _pack_curve(curve: IClearinghouse.Curve) -> uint256:
    """
    @notice Return a curve's part of its word; refuse one out of bounds.
    """
    assert 0 < curve.optimal and curve.optimal < fp.PPM, errors.OUT_OF_BOUNDS
    assert max(curve.base, max(curve.slope_low, curve.slope_high)) <= _MAX_RATE and (
        curve.base + curve.slope_low + curve.slope_high <= _MAX_RATE
    ), errors.OUT_OF_BOUNDS
    assert curve.reserve_share <= MAX_RESERVE_SHARE, errors.OUT_OF_BOUNDS
    return (
        curve.base
        | (curve.slope_low << 40)
        | (curve.slope_high << 80)
        | (curve.optimal << 120)
        | (curve.reserve_share << 144)
    )


@internal
@pure
def _pack_caps(supply_cap: uint256, borrow_cap: uint256) -> uint256:
    """
    @notice Return the caps' part of a curve's word; refuse them out of bounds.
    """
    return (self._to_units(supply_cap, fp.WAD, MAX_CAP) << 176) | (
        self._to_units(borrow_cap, fp.WAD, MAX_CAP) << 216
    )


@internal
@pure
def _pack_haircut(haircut: IClearinghouse.Haircut) -> uint256:
    """
    @notice Return the haircut's part of a quote word; refuse one out of bounds.
    """
    assert (
        haircut.weight <= fp.PPM and haircut.factor <= MAX_FACTOR
    ), errors.OUT_OF_BOUNDS
    return haircut.factor | (haircut.weight << 40)


@internal
@pure
def _pack_risk(
    requirement: IClearinghouse.Requirement, fees: IClearinghouse.Fees
) -> uint256:
    """
    @notice Return margin and fees of a risk word; refuse them out of bounds.
    """
    assert (
        MIN_BASE_MMF <= requirement.base_mmf
        and requirement.base_mmf <= requirement.base_imf
        and requirement.base_imf <= fp.PPM
    ), errors.OUT_OF_BOUNDS
    assert (
        requirement.mmf_factor <= requirement.imf_factor
        and requirement.imf_factor <= MAX_FACTOR
    ), errors.OUT_OF_BOUNDS
    assert max(fees.maker, fees.taker) <= MAX_FEE, errors.OUT_OF_BOUNDS
    return (
        requirement.base_imf
        | (requirement.base_mmf << 24)
        | (requirement.imf_factor << 48)
        | (requirement.mmf_factor << 88)
        | (fees.maker << 128)
        | (fees.taker << 152)
    )


@internal
@pure
def _pack_guards(
    max_utilisation: uint256,
    threshold: uint256,
    throttle_share: uint256,
    outflow_share: uint256,
    outflow_floor: uint256,
) -> uint256:
    """
    @notice Return the parameters' part of a word of guards; refuse them out of bounds.
    """
    assert (
        threshold <= max_utilisation
        and max_utilisation <= fp.BPS
        and throttle_share <= fp.BPS
        and outflow_share <= fp.BPS
    ), errors.OUT_OF_BOUNDS
    least: uint256 = self._to_units(outflow_floor, fp.WAD, MAX_USDC)
    assert outflow_share == 0 or (
        outflow_share >= MIN_OUTFLOW_SHARE and least > 0
    ), errors.OUT_OF_BOUNDS
    return (
        least
        | (outflow_share << 32)
        | (throttle_share << 48)
        | (threshold << 64)
        | (max_utilisation << 80)
    )


@internal
@pure
def _pack_market(underlying: uint256, lot_exponent: uint256, interval: uint256) -> uint256:
    """
    @notice Return what a market's risk word holds besides margin and fees; refuse it
            out of bounds.
    """
    assert (
        MIN_LOT_EXPONENT <= lot_exponent and lot_exponent <= MAX_LOT_EXPONENT
    ), errors.OUT_OF_BOUNDS
    assert (
        funding.MIN_INTERVAL <= interval and interval <= funding.MAX_INTERVAL
    ), errors.OUT_OF_BOUNDS
    return (
        (underlying << 176) | (lot_exponent << 184) | (interval << 192) | (1 << 224)
    )


@internal
@pure
def _pack_limits(limits: IClearinghouse.Limits) -> uint256:
    """
    @notice Return the word of a market's limits; refuse them out of bounds.
    """
    assert (
        limits.max_open_interest <= MAX_OPEN_INTEREST
        and limits.max_position <= MAX_POSITION
        and 1 <= limits.min_lots
        and limits.min_lots <= MAX_MIN_LOTS
        and limits.open_interest_factor <= MAX_FACTOR
        and limits.reference <= MAX_REFERENCE
        and SCALE_ONE <= limits.max_scale
        and limits.max_scale <= MAX_SCALE
    ), errors.OUT_OF_BOUNDS
    return (
        (limits.max_open_interest << 192)
        | (limits.max_position << 128)
        | (limits.min_lots << 96)
        | (limits.open_interest_factor << 56)
        | (limits.reference << 24)
        | (limits.max_scale << 8)
    )


@internal
@pure
def _pack_cull(cull: IClearinghouse.Cull) -> uint256:
    """
    @notice Return the word of a market's forced realisation; refuse it out of bounds.
    """
    return (
        (self._to_units(cull.credit_cap, USDC_UNIT, MAX_USDC) << 192)
        | (self._to_units(cull.account_threshold, USDC_UNIT, MAX_USDC) << 128)
        | (self._to_units(cull.system_threshold, USDC_UNIT, MAX_USDC) << 64)
    )


@internal
@pure
def _to_units(amount: uint256, unit: uint256, highest: uint256) -> uint256:
    """
    @notice Return an amount in units; refuse one above the highest, or with a part of
            a unit.
    """
    assert amount <= highest and amount % unit == 0, errors.OUT_OF_BOUNDS
    return amount // unit
