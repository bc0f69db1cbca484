# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Tradables
@license Apache-2.0
@notice What is known of an instrument on the book: whether it can be traded and at
        which prices, what stands in the way, and how much of it an account can close.
@custom:spec specs/makers.py
"""

from . import accounts
from . import deleveraging
from . import errors
from . import instruments
from . import margin
from . import money_market
from . import perpetual
from . import state

uses: deleveraging
uses: money_market
uses: state

# The bit of a market's risk word that says that fills may only reduce.
_PAUSED: constant(uint256) = 1 << 232


@internal
@view
def _require_listed(instrument: uint256):
    """
    @notice Refuse an instrument that nobody can trade.
    """
    if not instruments._is_spot(instrument):
        assert state.market_risk[instrument] != 0, errors.UNKNOWN_MARKET
        return
    self._require_asset(instruments._asset(instrument))


@internal
@view
def _require_asset(asset: uint256):
    """
    @notice Refuse an asset that nobody can trade.
    """
    assert asset != accounts.USDC, errors.UNKNOWN_ASSET
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET


@internal
@view
def _quote_word(instrument: uint256) -> uint256:
    """
    @notice Return the word that has an instrument's prices.
    """
    if instruments._is_spot(instrument):
        return state.quote[instruments._asset(instrument)]
    return state.market_quote[instrument]


@internal
@view
def _obstacle(instrument: uint256, quote: margin.Quote) -> String[32]:
    """
    @notice Return why only what reduces both sides may be filled now, or nothing.
    """
    if not instruments._is_spot(instrument):
        if state.market_risk[instrument] & _PAUSED != 0:
            return errors.PAUSED
        if margin._is_restricted(quote):
            return errors.REDUCE_ONLY
    if margin._is_diverging(quote):
        return errors.PRICES_DIVERGE
    return ""


@internal
@view
def _held(account: uint256, asset: uint256) -> uint256:
    """
    @notice Return what an account holds of an asset, at the stored lend index.
    """
    return money_market._held(
        state.balances[account][asset], state.pool_index[asset] >> 144
    )


@internal
@view
def _reducible(account: uint256, instrument: uint256, is_buy: bool) -> uint256:
    """
    @notice Return how much of an instrument an account may buy or sell to close, repay
            or sell what it has.
    """
    if not instruments._is_spot(instrument):
        lots: int256 = deleveraging._effective_lots(instrument, account)
        if (lots < 0) != is_buy:
            return 0
        return convert(abs(lots), uint256)
    asset: uint256 = instruments._asset(instrument)
    if not is_buy:
        return self._held(account, asset)
    word: uint256 = state.balances[account][asset]
    if money_market._scaled(word) >= 0:
        return 0
    return money_market._debt(word, money_market._borrow_index(asset))


@internal
@view
def _unit(instrument: uint256) -> uint256:
    """
    @notice Return how much base, WAD, is one of what an instrument's sizes count.
    """
    if instruments._is_spot(instrument):
        return 1
    return perpetual._lot(state.market_risk[instrument])
