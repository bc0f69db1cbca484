# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title ForcedCode
@license Apache-2.0
@notice What the order book clears for an account that did not ask for it: its
        collateral is converted; a code body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nobody is a venue.
@custom:spec specs/forced_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import conversion
from .modules import deleveraging
from .modules import errors
from .modules import health
from .modules import instruments
from .modules import makers
from .modules import margin
from .modules import money_market
from .modules import positions
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: conversion[state := state]
initializes: health
initializes: deleveraging[state := state]
initializes: makers[
    deleveraging := deleveraging, money_market := money_market, state := state
]
initializes: positions[state := state]

ORDER_VENUE: constant(uint256) = 4


@deploy
def __init__(maker_code: address, trade_code: address, margin_code: address):
    """
    @notice Fix the bodies that fill resting orders, trade and compute margins.
    """
    makers.__init__(maker_code)
    positions.__init__(trade_code)
    health.__init__(margin_code)


# The order book


@external
def clear_conversion(
    asset: uint256,
    account: uint256,
    makings: DynArray[IClearinghouse.Making, makers.MAX_MAKINGS],
) -> (DynArray[uint256, makers.MAX_MAKINGS], String[32]):
    """
    @notice Sell an account's collateral to resting orders, in their order, for the USDC
            that it owes above what it may, without a fee. A maker who can't be filled
            is passed over; the first whose price is too low for a conversion ends the
            list.
    @dev What was sold is judged in the end, as a sale at the lowest of the prices. See
         `SpotCode.convert`.
    @return As of `clear`.
    """
    self._require_venue()
    accounts._require_user(account)
    makers._require_asset(asset)
    quote: margin.Quote = margin._quote(state.quote[asset])
    assert not margin._is_stale(quote), errors.STALE_PRICE
    assert not margin._is_diverging(quote), errors.PRICES_DIVERGE
    money_market._require_open(accounts.USDC)
    money_market._require_open(asset)
    asked: uint256 = 0
    for making: IClearinghouse.Making in makings:
        makers._require_size(instruments.SPOT + asset, making, 0)
        assert accounts._owner(account) != accounts._owner(
            making.account
        ), errors.SAME_OWNER
        asked += making.size

    money_market._accrue(asset)
    money_market._accrue(accounts.USDC)
    before: IClearinghouse.Health = health._assess(account)
    assert not margin._is_liquidatable(before), errors.NOT_CONVERTIBLE
    assert asset == conversion._best_collateral(account), errors.WRONG_COLLATERAL
    assert asked <= makers._held(account, asset), errors.INSUFFICIENT_BALANCE
    usdc: money_market.Pool = money_market._load(accounts.USDC)
    debt: uint256 = conversion._compute_net_debt(
        state.balances[account][accounts.USDC], usdc.borrow_index
    )

    reference: uint256 = conversion._compute_reference(quote)
    least: uint256 = conversion._compute_least_price(reference)
    filled: DynArray[uint256, makers.MAX_MAKINGS] = []
    stop: String[32] = ""
    sold: uint256 = 0
    lowest: uint256 = max_value(uint256)
    for making: IClearinghouse.Making in makings:
        if making.price < least:
            stop = errors.PRICE_OUT_OF_BAND
        size: uint256 = 0
        if len(stop) == 0:
            size = makers._wanted(instruments.SPOT + asset, making, True)
        if size != 0 and not makers._make(
            method_id(
                "sell_unlocked(uint256,uint256,uint256,uint256,uint256)",
                output_type=bytes4,
            ),
            asset,
            making,
            account,
            size,
        ):
            size = 0
        if size != 0:
            sold += size
            lowest = min(lowest, making.price)
        filled.append(size)
    if sold != 0:
        above_cap: uint256 = conversion._compute_cap_excess(
            state.curve[accounts.USDC], money_market._borrowed(usdc), lowest < reference
        )
        assert (
            self._excess(account, debt, before, above_cap) != 0
        ), errors.NOT_CONVERTIBLE
        after: IClearinghouse.Health = health._assess(account)
        assert sold <= conversion._compute_most(
            self._excess(account, debt, after, above_cap), lowest
        ), errors.AMOUNT_TOO_LARGE
        assert conversion._is_no_worse(before, after), errors.NOT_CONVERTIBLE
    return filled, stop


# In the order in which the above use them


@internal
@view
def _require_venue():
    """
    @notice Refuse anyone but an order book.
    """
    assert state.venues[msg.sender] & ORDER_VENUE != 0, errors.NOT_VENUE


@internal
@view
def _excess(
    account: uint256, debt: uint256, found: IClearinghouse.Health, above_cap: uint256
) -> uint256:
    """
    @notice Return how much of `debt` has to be paid by conversion, at the limit of the
            account's equity in `found`.
    """
    return conversion._compute_excess(
        debt,
        conversion._compute_limit(state.headers[account], found.equity),
        above_cap,
    )
