"""
Whom an event names: every account of which a word of storage may have changed by it.

An account is a number among an event's arguments that has one of these names. What no
event tells of is in the protocol's own accounts alone, which are read each time.
"""

from typing import Final

from keeper.chain.interface import Event
from specs.accounts import BACKSTOP_FUND, AccountId

ROLES: Final = frozenset(
    {"account", "buyer", "seller", "giver", "taker", "provider", "reward"}
)
"""Arguments that are accounts; one that is 0 is nobody."""

LISTS: Final = frozenset({"accounts"})
"""Arguments that are lists of them."""

UNTOLD: Final = (BACKSTOP_FUND,)
"""Accounts that change without being named: fees and deficits."""


def named_by(event: Event) -> set[AccountId]:
    """Return the accounts that an event names."""
    told = event.arguments
    named = {told[role] for role in ROLES & told.keys()}
    for role in LISTS & told.keys():
        named.update(told[role])
    return {AccountId(account) for account in named if account != 0}
