"""
A panel of three publishers of whom two of three have to sign.

Two are always on time and right, to within a little noise. The third, another one
each time, is sometimes silent, late, or wrong. What they say depends on the seed and
the time alone, so the panel keeps no state and a replay can be repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from keeper.signing import Signer, sign_digest

QUORUM: Final = 2
GRAIN: Final = 10**6  # wei; prices are published as multiples of it

_PPM: Final = 10**6
_NOISE: Final = 50  # ppm, of an honest report
_ERROR: Final = (20_000, 50_000)  # ppm, of a wrong one
_DELAY: Final = (3, 9)  # seconds, of a late one

# What the third publisher does, in percent of rounds; otherwise it is honest.
SILENT: Final = 20
LATE: Final = 10
WRONG: Final = 10


@dataclass(frozen=True)
class Report:
    """
    What one publisher says, before it is signed.

    `publisher` is the publisher's place in the panel, `time` is in seconds, `prices`
    are WAD USDC by asset, multiples of `GRAIN`.
    """

    publisher: int
    time: int
    prices: Mapping[str, int]


@dataclass(frozen=True)
class Panel:
    """The publishers' keys, and the seed of their failings."""

    signers: Sequence[Signer]
    seed: int = 0

    @property
    def addresses(self) -> list[str]:
        """Return the publishers' addresses in their order."""
        return [str(signer.address) for signer in self.signers]

    def reports(self, prices: Mapping[str, int], now: int) -> Sequence[Report]:
        """
        Return what the publishers say at `now`, when the market says `prices`.

        At least `QUORUM` of the reports are of `now` and right; a late one is older,
        a wrong one is 2 to 5 % off.
        """
        random = Random(f"{self.seed}/{now}")
        weak = random.randrange(len(self.signers))
        fate = random.randrange(100)
        reports = []
        for publisher in range(len(self.signers)):
            time, error = now, 0
            if publisher == weak:
                if fate < SILENT:
                    continue
                if fate < SILENT + LATE:
                    time = now - random.randint(*_DELAY)
                elif fate < SILENT + LATE + WRONG:
                    error = random.choice((-1, 1)) * random.randint(*_ERROR)
            said = {
                asset: _off(price, error + random.randint(-_NOISE, _NOISE))
                for asset, price in prices.items()
            }
            reports.append(Report(publisher, time, said))
        return reports

    def sign(self, report: Report, digest: bytes) -> bytes:
        """Return the publisher's signature of `digest`, which stands for `report`."""
        return sign_digest(self.signers[report.publisher], digest)


def _off(price: int, ppm: int) -> int:
    """Return a price that is so many ppm off, rounded down to the grain."""
    return price * (_PPM + ppm) // _PPM // GRAIN * GRAIN
