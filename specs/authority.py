"""
Authority.

Who may call what, and the amounts that one call may name.

Counterpart of the checks at the head of every external function.
"""

from typing import Final

from specs import accounts as acc
from specs import errors, margin
from specs.accounts import AccountId, Address
from specs.fixed_point import Seconds, Wad
from specs.state import State, assess, compute_scale, get_asset

MAX_AMOUNT: Final = Wad(10**30)
"""The largest amount that one call may name: 10**12 tokens."""

EVERYTHING: Final = 2**256 - 1
"""An amount of tokens that stands for all there is."""

TRADE_VENUE: Final = 1

LIQUIDATION_VENUE: Final = 2

ORDER_VENUE: Final = 4

RELEASE_VENUE: Final = 8
"""What is left to an order book that lost its role: to take back what rests there."""


def require_amount(amount: int) -> None:
    """Refuse an amount of nothing, or of more than one call may name."""
    if amount == 0:
        raise errors.ZeroAmount
    if amount > MAX_AMOUNT:
        raise errors.AmountTooLarge


def require_token_amount(state: State, asset: int, tokens: int) -> None:
    """Refuse an unknown asset, no tokens, or more than one call may name."""
    scale = compute_scale(get_asset(state, asset))
    require_amount(tokens * scale)


def require_governor(state: State, caller: Address) -> None:
    """Refuse anyone but the governor."""
    if caller != state.governor:
        raise errors.NotGovernor


def require_venue(state: State, caller: Address, role: int) -> None:
    """Refuse anyone but a venue with that role."""
    if state.venues.get(caller, 0) & role == 0:
        raise errors.NotVenue


def require_open(state: State, asset: int) -> None:
    """Refuse what takes from a pool that bad debt has halted."""
    if state.assets[asset].pool.is_halted:
        raise errors.PoolHalted


def require_authorised(
    state: State, account: AccountId, caller: Address, right: int
) -> None:
    """Refuse unless ``caller`` owns the account or was given the right."""
    acc.require_authorised(state.operators, account, caller, right)


def require_initial_margin(state: State, account: AccountId, now: Seconds) -> None:
    """Refuse unless the account may take the risk that it now has."""
    margin.require_initial_margin(assess(state, account, now))
