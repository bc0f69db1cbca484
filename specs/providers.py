"""
Providers.

Accounts that have pledged to take over what is liquidated, in the order in which they
did, and how much of it each may still take: so much notional in a minute of the clock,
so much in an hour.

Counterpart of ``contracts/modules/providers.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from specs.accounts import AccountId
from specs.errors import NotPledged, TooManyProviders
from specs.fixed_point import Seconds, Wad
from specs.packing import Field, Word

MAX_PROVIDERS: Final = 8

MINUTE: Final = 60
HOUR: Final = 3600

CAPACITY: Final[Word] = {"per_hour": Field(128, 128), "per_minute": Field(0, 128)}
"""The first word of a provider. No field is 0: neither is the word."""

USAGE: Final[Word] = {
    "used_at": Field(224, 32),
    "minute_used": Field(112, 112),
    "hour_used": Field(0, 112),
}
"""The second word of a provider."""


@dataclass(frozen=True)
class Provider:
    """A pledged account: how much notional it takes over in a minute and an hour."""

    per_minute: Wad
    per_hour: Wad
    used_at: Seconds = Seconds(0)
    """When it last took something over."""
    minute_used: Wad = Wad(0)
    hour_used: Wad = Wad(0)


Providers = Mapping[AccountId, Provider]


def pledge(
    providers: Providers, account: AccountId, per_minute: Wad, per_hour: Wad
) -> Providers:
    """
    Return the providers with ``account`` last, or with its capacities set anew.

    What it has taken over in the current minute and hour stays counted.
    """
    old = providers.get(account)
    if old is None and len(providers) == MAX_PROVIDERS:
        raise TooManyProviders
    new = replace(
        old or Provider(Wad(0), Wad(0)), per_minute=per_minute, per_hour=per_hour
    )
    return {**providers, account: new}


def unpledge(providers: Providers, account: AccountId) -> Providers:
    """Return the providers without ``account``; the last moves to its place."""
    if account not in providers:
        raise NotPledged
    order = list(providers)
    order[order.index(account)] = order[-1]
    return {name: providers[name] for name in order[:-1]}


def compute_remaining(provider: Provider, now: Seconds) -> Wad:
    """Return what a provider may still take over now."""
    minute, hour = get_used(provider, now)
    return Wad(max(0, min(provider.per_minute - minute, provider.per_hour - hour)))


def use_capacity(provider: Provider, amount: Wad, now: Seconds) -> Provider:
    """Return ``provider`` after it took ``amount`` over."""
    minute, hour = get_used(provider, now)
    return replace(
        provider,
        used_at=now,
        minute_used=Wad(minute + amount),
        hour_used=Wad(hour + amount),
    )


def get_used(provider: Provider, now: Seconds) -> tuple[Wad, Wad]:
    """Return what a provider has taken over in this minute and in this hour."""
    minute = provider.used_at // MINUTE == now // MINUTE
    hour = provider.used_at // HOUR == now // HOUR
    return (
        provider.minute_used if minute else Wad(0),
        provider.hour_used if hour else Wad(0),
    )
