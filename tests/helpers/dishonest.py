"""Transitions of the specification that go wrong, to see that walks find them."""

from dataclasses import replace

from specs import clearinghouse as ch
from specs import errors, state


def deposit(before, now, caller, account, asset, tokens):
    """Deposit, and leave one unit more with the reserve than there is."""
    after = ch.deposit(before, now, caller, account, asset, tokens)
    pool = after.assets[asset].pool
    return state.with_pool(after, asset, replace(pool, reserve=pool.reserve + 1))


def refuse(*arguments):
    """Refuse what the contract takes."""
    raise errors.PoolHalted


def fail(*arguments):
    """Fail in a way that is no refusal."""
    raise ZeroDivisionError("of nothing")
