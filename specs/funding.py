"""
Funding.

The premium of mark over slow index, averaged over an interval, sets the rate at
which longs pay shorts during the next one: per second, through an index in USDC per
base unit, so that there is no lump to trade around.

    rate = clamp((P + clamp(1 bp - P, -5 bp, +5 bp)) * interval / 8 h, -cap, cap)

Counterpart of ``contracts/modules/funding.vy``.
"""

from dataclasses import dataclass
from typing import Final

from specs.fixed_point import WAD, Seconds, Wad

BASE_RATE: Final = Wad(WAD // 10_000)
"""1 bp, what eight hours cost at no premium."""

DAMPING: Final = Wad(5 * WAD // 10_000)
"""5 bp, how far the premium is damped towards the base rate."""

BASE_INTERVAL: Final = Seconds(8 * 3600)

RATE_CAP: Final = Wad(WAD // 200)
"""0.5 %, the most that one interval may cost either side."""

MIN_INTERVAL: Final = Seconds(600)
MAX_INTERVAL: Final = Seconds(8 * 3600)


@dataclass(frozen=True)
class Funding:
    """A market's funding state."""

    index: int
    """Cumulative funding of one base unit held long, WAD USDC."""
    rate: int
    """What the current interval costs longs, WAD of notional."""
    premium: int
    """The premium that holds since the last update, WAD."""
    premium_time: int
    """Integral of the premium over the current interval, WAD seconds."""
    interval_started_at: Seconds
    updated_at: Seconds


def compute_rate(premium: int, interval: Seconds) -> int:
    """Return the rate of an interval, rounded down, for an average premium."""
    damping = max(-DAMPING, min(DAMPING, BASE_RATE - premium))
    rate = (premium + damping) * interval // BASE_INTERVAL
    return max(-RATE_CAP, min(RATE_CAP, rate))


def advance(
    funding: Funding, interval: Seconds, mark: Wad, premium: int, now: Seconds
) -> Funding:
    """
    Return ``funding`` brought to ``now``, from when ``premium`` holds.

    ``mark`` is the one that held until now. Time beyond one interval since the last
    update is not charged, so that no single update moves the index by more than
    ``RATE_CAP * mark``. Index and average round down; both sides share the index,
    so its rounding favours nobody.
    """
    elapsed = now - funding.updated_at
    charged = min(elapsed, interval)
    index = funding.index + funding.rate * mark * charged // (WAD * interval)
    premium_time = funding.premium_time + funding.premium * elapsed
    span = now - funding.interval_started_at
    if span < interval:
        return Funding(
            index,
            funding.rate,
            premium,
            premium_time,
            funding.interval_started_at,
            now,
        )
    rate = compute_rate(premium_time // span, interval)
    return Funding(index, rate, premium, 0, now, now)
