"""
Binding.

An account that stands behind a pledge is bound by its owner: nothing leaves the vault
or goes to another account from it, until an hour after notice was given. It may trade,
lend, repay and take in as ever, and a liquidation venue may have it take over.

Counterpart of ``contracts/AccountCode.vy``.
"""

from dataclasses import replace
from typing import Final

from specs import accounts as acc
from specs import errors
from specs.accounts import AccountId, Address
from specs.fixed_point import Seconds
from specs.state import State, get_account, with_account

NOTICE: Final = Seconds(3600)
"""How long an account stays bound after its owner gave notice."""


def bind(state: State, now: Seconds, caller: Address, account: AccountId) -> State:
    """Bind the caller's account until notice is given; a notice is taken back."""
    if caller != acc.get_owner(account):
        raise errors.NotAuthorised
    return release(state, account, acc.UNTIL_NOTICE)


def give_notice(
    state: State, now: Seconds, caller: Address, account: AccountId
) -> State:
    """Release the caller's account ``NOTICE`` from now."""
    if caller != acc.get_owner(account):
        raise errors.NotAuthorised
    if get_account(state, account).release_at != acc.UNTIL_NOTICE:
        raise errors.NotBound
    return release(state, account, Seconds(now + NOTICE))


def release(state: State, account: AccountId, time: Seconds) -> State:
    """Return ``state`` with an account bound until ``time``."""
    changed = replace(get_account(state, account), release_at=time)
    return with_account(state, account, changed)


def require_bound(state: State, account: AccountId, now: Seconds) -> None:
    """Refuse an account that is not bound."""
    if not acc.is_bound(get_account(state, account), now):
        raise errors.NotBound


def require_free(state: State, account: AccountId, now: Seconds) -> None:
    """Refuse to let anything leave an account that is bound."""
    if acc.is_bound(get_account(state, account), now):
        raise errors.Bound
