# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title MarginCode
@license Apache-2.0
@notice The health of an account, for anyone and for the other code bodies, what of it
        is to be converted, and whether a flag is due; a code body behind the
        Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which every account is empty.
@custom:spec specs/margin.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import conversion
from .modules import deleveraging
from .modules import distress
from .modules import margin
from .modules import money_market
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: conversion[state := state]
initializes: tick_set[state := state]
initializes: virtual_pnl[state := state, tick_set := tick_set]
initializes: deleveraging[state := state]
initializes: margin[
    deleveraging := deleveraging,
    money_market := money_market,
    state := state,
    virtual_pnl := virtual_pnl,
]


@external
@view
def assess(account: uint256) -> IClearinghouse.Health:
    """
    @notice Return the health of an account now.
    """
    return margin._assess(account)


@external
@view
def conversion_of(account: uint256) -> (uint256, uint256):
    """
    @notice Return the asset of an account that is to be converted, and an amount (WAD)
            that no sale of it exceeds; USDC and 0 if there is none.
    @dev By what is booked, but for the interest of the pools of USDC and that asset: for
         an announcement. A sale for which less is needed is held to less.
    """
    usdc: money_market.Pool = money_market._load_accrued(accounts.USDC)
    found: IClearinghouse.Health = margin._assess(account)
    excess: uint256 = conversion._compute_excess(
        conversion._compute_net_debt(
            state.balances[account][accounts.USDC], usdc.borrow_index
        ),
        conversion._compute_limit(state.headers[account], found.equity),
        conversion._compute_cap_excess(
            state.curve[accounts.USDC], money_market._borrowed(usdc), False
        ),
    )
    asset: uint256 = conversion._best_collateral(account)
    if excess == 0 or asset == accounts.USDC or margin._is_liquidatable(found):
        return accounts.USDC, 0
    held: uint256 = money_market._held(
        state.balances[account][asset], money_market._load_accrued(asset).lend_index
    )
    reference: uint256 = conversion._compute_reference(
        margin._quote(state.quote[asset])
    )
    return asset, min(held, conversion._compute_bound(excess, reference))


@external
@view
@reentrant
def position_of(account: uint256, market: uint256) -> uint256:
    """
    @notice Return the word of a position with the lots and the basis that its next touch
            would leave, once epochs of auto-deleveraging have closed their parts.
    @dev Its entry tick is that of the stored size, which earns and owes interest until
         then, as is the number of epochs that it has met.
    """
    return deleveraging._effective(
        market,
        state.positions[account][market],
        state.market_risk[market],
        convert(convert(state.market_funding[market], bytes32), int256) >> 128,
    )


@external
@view
def can_flag(account: uint256) -> bool:
    """
    @notice Return whether `flag` would note something of `account`: it is due, and has
            no flag that counts; on interest as last accrued, which `flag` books first.
    """
    noted: uint256 = state.distress[account]
    if distress._flag(noted, block.timestamp) == noted:
        return False
    return margin._is_due_now(margin._assess(account))


@external
@view
@reentrant
def assess_unlocked(account: uint256) -> IClearinghouse.Health:
    """
    @notice Return the health of an account in the middle of a call.
    @dev For the body that holds the lock, which calls this one itself: the
         Clearinghouse's address passes nothing on to it.
    """
    return margin._assess(account)
