# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Volatility
@license Apache-2.0
@notice How much an asset moves: an exponential mean of the variance per second of the
        returns of its fast price.
@dev r = fast'/fast - 1, its size rounded up and clamped; sample = r**2 / dt;
     v' = v * exp(-dt/T) + sample * (1 - exp(-dt/T)), rounded up once, in 1e-18 per
     second. The clamp keeps one print from counting for days. A mean is never above
     both its old value and its sample, and a sample at most 25 * 10**14, MAX_RETURN in
     one second: so a variance fits 64 bits.
@custom:spec specs/volatility.py
"""

from . import fixed_point as fp

PERIOD: constant(uint256) = 3600  # seconds
MAX_RETURN: constant(uint256) = 5 * 10**16  # WAD

# By asset, in 1e-18 per second. A word of its own: that of the prices is full.
_variances: HashMap[uint256, uint256]


@internal
def _update(
    asset: uint256, before: uint256, fast: uint256, seconds: uint256, remainder: uint256
) -> uint256:
    """
    @notice Let the variance of `asset` follow a new fast price, and return it; the
            arguments are those of `_follow_up`.
    """
    variance: uint256 = self._follow_up(
        self._variances[asset], before, fast, seconds, remainder
    )
    self._variances[asset] = variance
    return variance


@internal
@pure
def _follow_up(
    variance: uint256,
    before: uint256,
    fast: uint256,
    seconds: uint256,
    remainder: uint256,
) -> uint256:
    """
    @notice Return the variance once `fast` follows `before`, in one unit, `seconds`
            later, rounded up; unchanged by a first price, and at the same time.
    @param remainder exp(-seconds/PERIOD) in WAD.
    """
    if before == 0 or seconds == 0:
        return variance

    distance: uint256 = max(fast, before) - min(fast, before)
    size: uint256 = min(fp._mul_div_up(distance, fp.WAD, before), MAX_RETURN)
    kept: uint256 = variance * remainder * (fp.WAD * seconds)
    return fp._mul_div_up(
        kept + size**2 * (fp.WAD - remainder), 1, fp.WAD * fp.WAD * seconds
    )


@internal
@view
def _read(asset: uint256) -> uint256:
    """
    @notice Return the variance of `asset`, 0 if it has had one price at most.
    """
    return self._variances[asset]
