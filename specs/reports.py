"""
Reports.

What a publisher signs: prices of some assets at a time, as typed data. A report names
only listed assets, none twice, at prices that can be stored.

Counterpart of ``contracts/modules/reports.vy``.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from specs.errors import DuplicateAsset, LengthMismatch, UnknownAsset
from specs.fixed_point import Seconds, Wad
from specs.price_index import check_price
from specs.signatures import (
    compute_digest,
    compute_domain_separator,
    compute_list_hash,
    compute_struct_hash,
)

DOMAIN_NAME: Final = "Rucksack PriceOracle"
DOMAIN_VERSION: Final = "1"
REPORT_TYPE: Final = "Report(uint256 time,uint256[] assets,uint256[] prices)"


@dataclass(frozen=True)
class Report:
    """What one publisher saw at ``time``: a price in WAD for each asset."""

    time: Seconds
    assets: tuple[int, ...]
    prices: tuple[Wad, ...]


def compute_report_digest(chain_id: int, oracle: str, report: Report) -> bytes:
    """Return what a publisher signs, for the oracle at the address ``oracle``."""
    domain = compute_domain_separator(DOMAIN_NAME, DOMAIN_VERSION, chain_id, oracle)
    struct = compute_struct_hash(
        REPORT_TYPE,
        report.time,
        compute_list_hash(report.assets),
        compute_list_hash(report.prices),
    )
    return compute_digest(domain, struct)


def check_content(listed: Container[int], report: Report) -> None:
    """Refuse assets that are unknown or named twice, and prices that can't be."""
    if len(report.assets) != len(report.prices):
        raise LengthMismatch
    for position, asset in enumerate(report.assets):
        if asset not in listed:
            raise UnknownAsset
        if asset in report.assets[:position]:
            raise DuplicateAsset
        check_price(report.prices[position])


def get_named_assets(reports: Iterable[Report]) -> set[int]:
    """Return every asset that a report names."""
    return {asset for report in reports for asset in report.assets}


def get_quotes(
    asset: int, reports: Sequence[Report], weights: Sequence[int]
) -> tuple[list[Wad], list[int]]:
    """Return the prices that reports give for ``asset``, and their weights."""
    quotes = [
        (dict(zip(report.assets, report.prices, strict=True))[asset], weight)
        for report, weight in zip(reports, weights, strict=True)
        if asset in report.assets
    ]
    return [price for price, _ in quotes], [weight for _, weight in quotes]
