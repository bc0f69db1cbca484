# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Requirements
@license Apache-2.0
@notice How much of an asset counts, and how much margin an exposure binds: both worsen
        with the square root of size, as it is harder to sell.
@dev weight(x) = min(w, 1.1 / (1 + p * sqrt(x))), x the quantity held; w alone if p = 0
     fraction(N) = max(base, factor * sqrt(N)), N the notional in USDC
     Weights and fractions are stored in parts per million, factors per square root of a
     whole unit in 1e-12. Weights round down; fractions and margins round up.
@custom:spec specs/requirements.py
"""

from . import fixed_point as fp

WEIGHT_CAP: constant(uint256) = 11 * 10**18 // 10
# From parts per million to WAD.
_PPM_UNIT: constant(uint256) = 10**12
# From a factor times a square root of WAD, 10**(12 + 9), to WAD.
_ROOT_UNIT: constant(uint256) = 1000
# The largest factor, below 1 for each square root of a unit.
MAX_FACTOR: constant(uint256) = 10**12 - 1
# A scale of 1.
_SCALE_ONE: constant(uint256) = 10_000
_LOW_16: constant(uint256) = 2**16 - 1
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_40: constant(uint256) = 2**40 - 1


@internal
@pure
def _sqrt_up(x: uint256) -> uint256:
    """
    @notice Return the square root of `x`, rounded up.
    """
    if x == 0:
        return 0
    return fp._sqrt_down(x - 1) + 1


@internal
@pure
def _compute_weight(weight: uint256, factor: uint256, held: uint256) -> uint256:
    """
    @notice Return the share of an asset's value that counts, WAD, rounded down.
    @param weight Parts per million.
    @param factor In 1e-12 per square root of a token; 0 makes the weight constant.
    @param held Quantity held, WAD.
    """
    cap: uint256 = weight * _PPM_UNIT
    if factor == 0:
        return cap
    slope: uint256 = fp._mul_div_up(factor, self._sqrt_up(held), _ROOT_UNIT)
    return min(cap, fp._mul_div_down(WEIGHT_CAP, fp.WAD, fp.WAD + slope))


@internal
@pure
def _compute_fraction(base: uint256, factor: uint256, notional: uint256) -> uint256:
    """
    @notice Return the margin fraction of `notional`, WAD, rounded up.
    @param base Parts per million.
    @param factor In 1e-12 per square root of a USDC.
    """
    slope: uint256 = fp._mul_div_up(factor, self._sqrt_up(notional), _ROOT_UNIT)
    return max(base * _PPM_UNIT, slope)


@internal
@pure
def _compute_margin(base: uint256, factor: uint256, notional: uint256) -> uint256:
    """
    @notice Return the margin that `notional` binds, WAD USDC, rounded up: the initial
            one for the initial base and factor, the maintenance one for the others.
    """
    fraction: uint256 = self._compute_fraction(base, factor, notional)
    return fp._mul_div_up(fraction, notional, fp.WAD)


@internal
@pure
def _scale(risk: uint256, mark: uint256) -> uint256:
    """
    @notice Return the margin fields of a market's `risk` word, raised by the scales and
            the open interest's fraction in its `mark` word, each rounded up; a factor
            is clamped to what its field holds.
    """
    imf: uint256 = mark & _LOW_16
    mmf: uint256 = (mark >> 16) & _LOW_16
    base_imf: uint256 = max(risk & _LOW_24, (mark >> 32) & _LOW_24)
    base_mmf: uint256 = (risk >> 24) & _LOW_24
    # Fields of 24 and of 16 bits: nothing overflows.
    return (
        unsafe_add(unsafe_mul(base_imf, imf), _SCALE_ONE - 1) // _SCALE_ONE
        | (unsafe_add(unsafe_mul(base_mmf, mmf), _SCALE_ONE - 1) // _SCALE_ONE << 24)
        | (self._scale_factor((risk >> 48) & _LOW_40, imf) << 48)
        | (self._scale_factor((risk >> 88) & _LOW_40, mmf) << 88)
    )


@internal
@pure
def _scale_factor(factor: uint256, scale: uint256) -> uint256:
    """
    @notice Return a factor times `scale`, rounded up, at most the largest one.
    """
    return min((factor * scale + (_SCALE_ONE - 1)) // _SCALE_ONE, MAX_FACTOR)


@internal
@pure
def _leverage_imf(max_leverage: uint256) -> uint256:
    """
    @notice Return the initial margin fraction that an account's own limit of leverage
            asks for, parts per million, rounded up; 0 for none.
    """
    if max_leverage == 0:
        return 0
    return fp._mul_div_up(1, fp.PPM, max_leverage)
