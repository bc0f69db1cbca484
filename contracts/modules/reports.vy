# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Reports
@license Apache-2.0
@notice What a publisher signs: prices of some assets at a time, as typed data. A report
        names only listed assets, none twice, at prices that can be stored.
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
def _quote(asset: uint256, price: uint256, weight: uint256) -> uint256:
    """
    @notice Return a checked price and what it counts in one word, for the accessors
            below: price 128 | weight 16 | asset 8.
    @param price In wei.
    """
    return price << 24 | weight << 8 | asset


@internal
@pure
def _asset(quote: uint256) -> uint256:
    """
    @notice Return the asset that is quoted.
    """
    return quote & 255


@internal
@pure
def _weight(quote: uint256) -> uint256:
    """
    @notice Return the weight of the publisher.
    """
    return (quote >> 8) & 65535


@internal
@pure
def _price(quote: uint256) -> uint256:
    """
    @notice Return the price in wei.
    """
    return quote >> 24
