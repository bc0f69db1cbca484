# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title GovernanceCode
@license Apache-2.0
@notice Every parameter, in a bounded setter that only the governor calls; a code body
        behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which the governor is nobody.
@custom:spec specs/governance.py
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import errors
from .modules import fixed_point as fp
from .modules import governance
from .modules import money_market
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]


@external
def list_asset(
    asset: uint256,
    token: IERC20,
    curve: IClearinghouse.Curve,
    haircut: IClearinghouse.Haircut,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice List a token that has no number under a free one; USDC is number 0.
    """
    self._require_governor()
    decimals: uint256 = convert(
        staticcall IERC20Detailed(token.address).decimals(), uint256
    )
    assert (
        asset < governance.MAX_LISTED and decimals <= governance.MAX_DECIMALS
    ), errors.OUT_OF_BOUNDS
    assert state.token[asset] == 0, errors.ALREADY_LISTED
    # Two numbers of one token would count the same custody twice.
    for other: uint256 in range(governance.MAX_LISTED):
        assert state.token[other] & (2**160 - 1) != convert(
            token.address, uint256
        ), errors.ALREADY_LISTED
    state.curve[asset] = governance._pack_curve(curve)
    state.quote[asset] = governance._pack_haircut(haircut)
    state.risk[asset] = governance._pack_risk(requirement, fees)
    state.token[asset] = (
        convert(token.address, uint256) | (decimals << 160) | (1 << 168)
    )
    state.pool_index[asset] = (fp.RAY << 144) | (fp.RAY << 32) | block.timestamp
    log IClearinghouse.AssetListed(
        asset=asset, token=token.address, decimals=decimals, time=block.timestamp
    )
    log IClearinghouse.CurveSet(asset=asset, curve=curve, time=block.timestamp)
    self._log_asset_risk(asset, haircut, requirement, fees)


@external
def list_market(
    market: uint256,
    underlying: uint256,
    lot_exponent: uint256,
    interval: uint256,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
    cap: uint256,
):
    """
    @notice List a perpetual market on a listed asset's index under a free number.
    @param lot_exponent A lot is 10**exponent WAD base units.
    @param interval Funding interval in seconds.
    @param cap How far the market's winners may be paid ahead of its losers, WAD USDC.
    """
    self._require_governor()
    assert market < governance.MAX_LISTED, errors.OUT_OF_BOUNDS
    assert lot_exponent <= governance.MAX_LOT_EXPONENT, errors.OUT_OF_BOUNDS
    assert state.market_risk[market] == 0, errors.ALREADY_LISTED
    assert (
        underlying != accounts.USDC and state.token[underlying] != 0
    ), errors.UNKNOWN_ASSET
    state.market_risk[market] = governance._pack_market(
        underlying, lot_exponent, interval
    ) | governance._pack_risk(requirement, fees)
    state.market_funding[market] = (block.timestamp << 32) | block.timestamp
    log IClearinghouse.MarketListed(
        market=market,
        underlying=underlying,
        lot=10**lot_exponent,
        interval=interval,
        time=block.timestamp,
    )
    log IClearinghouse.MarketRiskSet(
        market=market, requirement=requirement, fees=fees, time=block.timestamp
    )
    self._set_cap(market, cap)


@external
def set_curve(asset: uint256, curve: IClearinghouse.Curve):
    """
    @notice Set a pool's rate curve, with interest until now booked at the old one.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    word: uint256 = governance._pack_curve(curve)
    money_market._save(asset, money_market._load_accrued(asset))
    state.curve[asset] = word | ((state.curve[asset] >> 168) << 168)
    log IClearinghouse.CurveSet(asset=asset, curve=curve, time=block.timestamp)


@external
def set_asset_risk(
    asset: uint256,
    haircut: IClearinghouse.Haircut,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice Set how an asset counts as collateral and as debt, and its trading fees.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    state.quote[asset] = (
        (state.quote[asset] >> 64) << 64
    ) | governance._pack_haircut(haircut)
    state.risk[asset] = governance._pack_risk(requirement, fees)
    self._log_asset_risk(asset, haircut, requirement, fees)


@external
def set_market_risk(
    market: uint256,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice Set the margin that a market's positions bind, and its trading fees.
    """
    self._require_governor()
    word: uint256 = state.market_risk[market]
    assert word != 0, errors.UNKNOWN_MARKET
    state.market_risk[market] = ((word >> 176) << 176) | governance._pack_risk(
        requirement, fees
    )
    log IClearinghouse.MarketRiskSet(
        market=market, requirement=requirement, fees=fees, time=block.timestamp
    )


@external
def set_fund_cap(market: uint256, cap: uint256):
    """
    @notice Set how far a market's winners may be paid ahead of its losers.
    @param cap WAD USDC.
    """
    self._require_governor()
    assert state.market_risk[market] != 0, errors.UNKNOWN_MARKET
    self._set_cap(market, cap)


@external
def set_venue(venue: address, roles: uint256):
    """
    @notice Give a contract exactly `roles`: 1 to fill, 2 to liquidate, 4 is kept for
            the order book.
    """
    self._require_governor()
    assert roles <= governance.ROLES, errors.OUT_OF_BOUNDS
    state.venues[venue] = roles
    log IClearinghouse.VenueSet(venue=venue, roles=roles, time=block.timestamp)


@external
def set_governor(governor: address):
    """
    @notice Hand the governor's powers to another address.
    """
    self._require_governor()
    assert governor != empty(address), errors.OUT_OF_BOUNDS
    state.governor = governor
    log IClearinghouse.GovernorSet(governor=governor, time=block.timestamp)


@external
def __default__():
    """
    @notice Refuse what no code body has.
    """
    raise errors.UNKNOWN_SELECTOR


@internal
@view
def _require_governor():
    """
    @notice Refuse anyone but the governor.
    """
    assert msg.sender == state.governor, errors.NOT_GOVERNOR


@internal
def _set_cap(market: uint256, cap: uint256):
    """
    @notice Store a market's fund cap.
    """
    assert cap <= governance.MAX_FUND_CAP, errors.OUT_OF_BOUNDS
    state.market_fund[market] = ((state.market_fund[market] >> 128) << 128) | cap
    log IClearinghouse.FundCapSet(market=market, cap=cap, time=block.timestamp)


@internal
def _log_asset_risk(
    asset: uint256,
    haircut: IClearinghouse.Haircut,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice Log how an asset counts now.
    """
    log IClearinghouse.AssetRiskSet(
        asset=asset,
        haircut=haircut,
        requirement=requirement,
        fees=fees,
        time=block.timestamp,
    )
