# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title MarginCode
@license Apache-2.0
@notice The health of an account, for anyone and for the other code bodies; a code
        body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which every account is empty.
@custom:spec specs/margin.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import margin
from .modules import money_market
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: tick_set[state := state]
initializes: virtual_pnl[state := state, tick_set := tick_set]
initializes: margin[
    money_market := money_market, state := state, virtual_pnl := virtual_pnl
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
@reentrant
def assess_unlocked(account: uint256) -> IClearinghouse.Health:
    """
    @notice Return the health of an account in the middle of a call.
    @dev For the body that holds the lock, which calls this one itself: the
         Clearinghouse's address passes nothing on to it.
    """
    return margin._assess(account)
