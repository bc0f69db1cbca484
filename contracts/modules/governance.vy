# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Governance
@license Apache-2.0
@notice The hard-coded bounds of every parameter, and the words that hold them.
@custom:spec specs/governance.py
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
MAX_FUND_CAP: constant(uint256) = 10**27
MAX_LOT_EXPONENT: constant(uint256) = 18
ROLES: constant(uint256) = 7
# The highest sum of a curve's rates that still is at most `MAX_RATE`.
_MAX_RATE: constant(uint256) = interest_rate.MAX_RATE // 10**9


@internal
@pure
def _pack_curve(curve: IClearinghouse.Curve) -> uint256:
    """
    @notice Return the word of a curve; refuse one out of bounds.
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
def _pack_market(underlying: uint256, lot_exponent: uint256, interval: uint256) -> uint256:
    """
    @notice Return what a market's risk word holds besides margin and fees; refuse it
            out of bounds.
    """
    assert lot_exponent <= MAX_LOT_EXPONENT, errors.OUT_OF_BOUNDS
    assert (
        funding.MIN_INTERVAL <= interval and interval <= funding.MAX_INTERVAL
    ), errors.OUT_OF_BOUNDS
    return (
        (underlying << 176) | (lot_exponent << 184) | (interval << 192) | (1 << 224)
    )
