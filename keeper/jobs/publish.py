"""Relay the publishers' signed reports to the oracle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain, Contract
from keeper.job import Call
from keeper.prices import PriceSource
from keeper.publishers import Panel
from specs import quorum
from specs.errors import Revert
from specs.fixed_point import Seconds, Wad
from specs.price_oracle import Report, compute_report_digest
from specs.quorum import Quorum

INTERVAL: Final = 10  # seconds


@dataclass(frozen=True)
class Snapshot:
    """The quorum's rules and state, the time of the reports, and the prices then."""

    now: Seconds
    chain_id: int
    quorum: Quorum
    prices: Mapping[str, int]


def block_time(block: Block) -> int:
    """Return a block's own time: that of a chain which runs as it is told."""
    return block.timestamp


@dataclass(frozen=True)
class Publish:
    """
    Send ``publish`` with every report that the oracle would accept.

    ``assets`` gives the oracle's numbers of the symbols that the source knows.
    ``clock`` says at which time the publishers report, for the newest block.
    """

    oracle: Contract
    source: PriceSource
    panel: Panel
    assets: Mapping[str, int]
    clock: Callable[[Block], int] = block_time
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="publish", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read the quorum, then ask the source."""
        version, published_at, reported_at, threshold, _ = chain.call(
            self.oracle, "quorum", block=block.number
        )
        weights = {
            address: chain.call(self.oracle, "weight_of", address, block=block.number)
            for address in self.panel.addresses
        }
        enrolled = {address: weight for address, weight in weights.items() if weight}
        state = Quorum(version, published_at, reported_at, threshold, enrolled)
        now = Seconds(self.clock(block))
        prices = self.source.price_at(now)
        return Snapshot(now, chain.chain_id, state, prices)

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Relay the reports in time, if they are enough for a new version."""
        reports, signatures = self._sign(snapshot)
        try:
            quorum.check_version(snapshot.quorum, snapshot.now, len(reports))
        except Revert:
            return []
        arguments = ([astuple(report) for report in reports], signatures)
        because = (
            f"{len(reports)} of {len(self.panel.signers)} publishers report, "
            f"{snapshot.quorum.threshold} are enough"
        )
        return [Call(self.oracle, "publish", arguments, because)]

    def _sign(self, snapshot: Snapshot) -> tuple[list[Report], list[bytes]]:
        """Return the acceptable reports with their signatures."""
        known = {
            symbol: price
            for symbol, price in snapshot.prices.items()
            if symbol in self.assets
        }
        said = self.panel.reports(known, snapshot.now)
        newest = max((report.time for report in said), default=0)
        reports: list[Report] = []
        signatures: list[bytes] = []
        for entry in said:
            signer = self.panel.addresses[entry.publisher]
            time = Seconds(entry.time)
            if newest - time > quorum.MAX_SPAN:
                continue
            if not is_acceptable(snapshot.quorum, snapshot.now, time, signer):
                continue
            report = Report(
                time,
                tuple(self.assets[symbol] for symbol in entry.prices),
                tuple(Wad(price) for price in entry.prices.values()),
            )
            digest = compute_report_digest(
                snapshot.chain_id, self.oracle.address, report
            )
            reports.append(report)
            signatures.append(self.panel.sign(entry, digest))
        return reports, signatures


def is_acceptable(state: Quorum, now: Seconds, time: Seconds, signer: str) -> bool:
    """Return whether the oracle would take a report of ``time`` by ``signer``."""
    try:
        quorum.check_report(state, now, time, signer, ())
    except Revert:
        return False
    return True
