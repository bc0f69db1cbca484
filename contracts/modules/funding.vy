# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Funding
@license Apache-2.0
@notice The premium of mark over slow index, averaged over an interval, sets the rate at
        which longs pay shorts during the next one: per second, through an index in USDC
        per base unit, so that there is no lump to trade around.
@dev rate = clamp((P + clamp(1 bp - P, -5 bp, +5 bp)) * interval / 8 h, -cap, cap)
@custom:spec specs/funding.py
"""

from . import fixed_point as fp

# 1 bp, what eight hours cost at no premium.
BASE_RATE: constant(int256) = 10**18 // 10_000
# 5 bp, how far the premium is damped towards the base rate.
DAMPING: constant(int256) = 5 * 10**18 // 10_000
BASE_INTERVAL: constant(uint256) = 8 * 3600
# 0.5 %, the most that one interval may cost either side.
RATE_CAP: constant(int256) = 10**18 // 200
MIN_INTERVAL: constant(uint256) = 600
MAX_INTERVAL: constant(uint256) = 8 * 3600


# A market's funding state. `index` is what one base unit held long has paid, WAD USDC;
# `rate` what the current interval costs longs, WAD of notional; `premium` the one that
# holds since `updated_at`, WAD; `premium_time` its integral over the current interval.
struct Funding:
    index: int256
    rate: int256
    premium: int256
    premium_time: int256
    interval_started_at: uint256
    updated_at: uint256


@internal
@pure
def _compute_rate(premium: int256, interval: uint256) -> int256:
    """
    @notice Return the rate of an interval, WAD, rounded down, for an average premium.
    """
    damping: int256 = max(-DAMPING, min(DAMPING, BASE_RATE - premium))
    rate: int256 = fp._signed_mul_div_down(premium + damping, interval, BASE_INTERVAL)
    return max(-RATE_CAP, min(RATE_CAP, rate))


@internal
@pure
def _advance(
    before: Funding, interval: uint256, mark: uint256, premium: int256, now: uint256
) -> Funding:
    """
    @notice Return the funding state brought to `now`, from when `premium` holds. Time
            beyond one interval since the last update is not charged, so that no update
            moves the index by more than `RATE_CAP * mark`. Index and average round
            down; both sides share the index, so its rounding favours nobody.
    @param mark Mark that held until now, WAD USDC.
    """
    elapsed: uint256 = now - before.updated_at
    charged: uint256 = min(elapsed, interval)
    after: Funding = before
    after.index += fp._signed_mul_div_down(
        before.rate, mark * charged, fp.WAD * interval
    )
    after.premium_time += before.premium * convert(elapsed, int256)
    after.premium = premium
    after.updated_at = now
    span: uint256 = now - before.interval_started_at
    if span >= interval:
        average: int256 = fp._signed_mul_div_down(after.premium_time, 1, span)
        after.rate = self._compute_rate(average, interval)
        after.premium_time = 0
        after.interval_started_at = now
    return after
