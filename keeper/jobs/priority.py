"""Who comes first in a liquidation, and what the contracts say of it."""

import logging
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from keeper.chain.interface import Chain, Contract, Refused
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import AccountId
from specs.clearinghouse import State
from specs.fixed_point import WAD, Seconds
from specs.margin import Health

INTERVAL: Final = 10  # seconds
MOST: Final = 20
"""Accounts in one round: the worst ones; prices may have moved before the rest."""

_log = logging.getLogger("keeper")


def compute_shortfall(health: Health) -> int:
    """Return maintenance margin less equity, WAD USDC; negative above the margin."""
    return health.maintenance_margin - health.equity


def rank(
    state: State, now: Seconds, is_due: Callable[[AccountId, Health], bool]
) -> dict[AccountId, int]:
    """
    Return the shortfalls of users' accounts that are due, the largest first and of
    equal ones that of the lowest number.
    """
    short = {
        name: compute_shortfall(health)
        for name in state.accounts
        if acc.get_owner(name) != 0
        and is_due(name, health := ch.assess(state, name, now))
    }
    order = sorted(short, key=lambda name: (-short[name], name))
    return {name: short[name] for name in order}


def pick(
    ranked: Mapping[AccountId, int], most: int, agrees: Callable[[AccountId], bool]
) -> dict[AccountId, int]:
    """
    Return the first ``most`` accounts that the contracts agree on.

    Whoever they do not agree on takes nobody's place, or a few accounts with which
    nothing can be done would keep all others waiting.
    """
    return dict(islice(((n, s) for n, s in ranked.items() if agrees(n)), most))


def ask(chain: Chain, contract: Contract, method: str, *arguments: Any) -> bool:
    """
    Return what a view says; no if it cannot say it, for an account whose view fails
    must not keep the keeper from others.
    """
    try:
        return bool(chain.call(contract, method, *arguments))
    except Refused as error:
        _log.warning("%s of %s: %s", method, arguments, error)
        return False


def say(shortfall: int) -> str:
    """Return a shortfall as the reason for a call."""
    if shortfall < 0:
        return f"equity is {-shortfall // WAD} USDC above maintenance margin only"
    return f"equity is {shortfall // WAD} USDC below maintenance margin"
