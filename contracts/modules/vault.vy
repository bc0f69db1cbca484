# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Vault
@license Apache-2.0
@notice What the Lens looks at: the Clearinghouse, whose words are read by number.
@dev Nothing is written; an asset or a market that is not listed is refused.
@custom:spec specs/clearinghouse.py
"""

from ..interfaces import IClearinghouse
from . import errors


interface Clearinghouse:
    def delay() -> uint256: view
    def queued(change: bytes32) -> uint256: view
    def token(asset: uint256) -> uint256: view
    def curve(asset: uint256) -> uint256: view
    def risk(asset: uint256) -> uint256: view
    def market_risk(market: uint256) -> uint256: view
    def pool_index(asset: uint256) -> uint256: view
    def pool_total(asset: uint256) -> uint256: view
    def pool_cash(asset: uint256) -> uint256: view
    def pool_idle(asset: uint256) -> uint256: view
    def guards(asset: uint256) -> uint256: view
    def quote(asset: uint256) -> uint256: view
    def funds() -> uint256: view
    def market_quote(market: uint256) -> uint256: view
    def market_funding(market: uint256) -> uint256: view
    def market_premium(market: uint256) -> uint256: view
    def market_fund(market: uint256) -> uint256: view
    def market_size(market: uint256) -> uint256: view
    def market_winners(market: uint256) -> uint256: view
    def market_growth(market: uint256) -> uint256: view
    def market_cursor(market: uint256) -> uint256: view
    def market_limits(market: uint256) -> uint256: view
    def market_cull(market: uint256) -> uint256: view
    def tick_growth(market: uint256, tick: uint256) -> uint256: view
    def tick_size(market: uint256, tick: uint256) -> uint256: view
    def tick_map(market: uint256, word: uint256) -> uint256: view
    def headers(account: uint256) -> uint256: view
    def balances(account: uint256, asset: uint256) -> uint256: view
    def positions(account: uint256, market: uint256) -> uint256: view
    def position_of(account: uint256, market: uint256) -> uint256: view
    def snapshots(account: uint256, market: uint256) -> uint256: view
    def assess(account: uint256) -> IClearinghouse.Health: view
    def is_authorised(account: uint256, actor: address, right: uint256) -> bool: view


CLEARINGHOUSE: public(immutable(Clearinghouse))


@deploy
def __init__(clearinghouse: Clearinghouse):
    """
    @notice Fix what is looked at.
    """
    CLEARINGHOUSE = clearinghouse


@internal
@view
def _require_rest():
    """
    @notice Refuse while the Clearinghouse is at work: of its locked views the cheapest
            is asked, whatever it answers.
    """
    answer: bool = staticcall CLEARINGHOUSE.is_authorised(0, empty(address), 0)


@internal
@view
def _token(asset: uint256) -> uint256:
    """
    @notice Return the token word of a listed asset.
    """
    word: uint256 = staticcall CLEARINGHOUSE.token(asset)
    assert word != 0, errors.UNKNOWN_ASSET
    return word


@internal
@view
def _risk(market: uint256) -> uint256:
    """
    @notice Return the risk word of a listed market.
    """
    word: uint256 = staticcall CLEARINGHOUSE.market_risk(market)
    assert word != 0, errors.UNKNOWN_MARKET
    return word
