# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Reports
@license Apache-2.0
@notice What a publisher signs: prices of some assets at a time, as typed data.
@custom:spec specs/reports.py
"""

from ..interfaces import IPriceOracle
from . import errors
from . import price_index
from . import slow_price

uses: slow_price

_REPORT_TYPE: constant(bytes32) = keccak256(
    "Report(uint256 time,uint256[] assets,uint256[] prices)"
)


@internal
@view
def _check_content(report: IPriceOracle.Report):
    """
    @notice Refuse a report with an asset that is unknown or named twice, or with a
            price that can't be.
    """
    assert len(report.assets) == len(report.prices), errors.LENGTH_MISMATCH
    named: uint256 = 0
    for i: uint256 in range(len(report.assets), bound=16):
        asset: uint256 = report.assets[i]
        assert slow_price._is_listed(asset), errors.UNKNOWN_ASSET
        assert named & (1 << asset) == 0, errors.DUPLICATE_ASSET
        price_index._check_price(report.prices[i])
        named |= 1 << asset


@internal
@pure
def _hash(report: IPriceOracle.Report) -> bytes32:
    """
    @notice Return the hash of a report as typed data: a list stands as the hash of its
            words, without its length.
    """
    assets: Bytes[544] = abi_encode(report.assets, ensure_tuple=False)
    prices: Bytes[544] = abi_encode(report.prices, ensure_tuple=False)
    return keccak256(
        abi_encode(
            _REPORT_TYPE,
            report.time,
            keccak256(slice(assets, 32, len(assets) - 32)),
            keccak256(slice(prices, 32, len(prices) - 32)),
        )
    )


@internal
@pure
def _quotes_of(
    asset: uint256,
    guess: uint256,
    reports: DynArray[IPriceOracle.Report, 16],
    weights: DynArray[uint256, 16],
) -> (DynArray[uint256, 16], DynArray[uint256, 16]):
    """
    @notice Return the prices that reports give for `asset`, and their weights.
    @param guess Where `asset` stands in most of the reports.
    @param weights Of the reports' publishers.
    """
    prices: DynArray[uint256, 16] = []
    matching: DynArray[uint256, 16] = []
    for i: uint256 in range(len(reports), bound=16):
        place: uint256 = self._find(reports[i].assets, asset, guess)
        if place < len(reports[i].assets):
            prices.append(reports[i].prices[place])
            matching.append(weights[i])
    return prices, matching


@internal
@pure
def _find(assets: DynArray[uint256, 16], asset: uint256, guess: uint256) -> uint256:
    """
    @notice Return where `asset` stands in a list, or the list's length; publishers
            mostly use one order, so look at `guess` first.
    """
    if guess < len(assets) and assets[guess] == asset:
        return guess
    for i: uint256 in range(len(assets), bound=16):
        if assets[i] == asset:
            return i
    return len(assets)
