"""
Providers.

Accounts that have pledged to take over what is liquidated, in the order in which they
did; how much of it each may still take: so much notional in a minute of the clock, so
much in an hour, and no more in an hour in which it has lost too much; how large its
positions may get by it; and what came of it.

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

CAPS: Final[Word] = {"max_loss": Field(128, 128), "max_position": Field(0, 128)}
"""The third word of a provider."""

OPENING: Final[Word] = {"equity": Field(0, 256, is_signed=True)}
"""The fourth word of a provider."""

RESULTS: Final[Word] = {
    "taken": Field(144, 112),
    "earned": Field(32, 112),
    "count": Field(0, 32),
}
"""The fifth word of a provider."""

WORDS: Final[Mapping[str, Word]] = {
    "capacity": CAPACITY,
    "usage": USAGE,
    "caps": CAPS,
    "_equity": OPENING,
    "_results": RESULTS,
}
"""By the names that they have in the contract."""


@dataclass(frozen=True)
class Pledge:
    """What a provider is ready for, WAD USDC."""

    per_minute: Wad
    per_hour: Wad
    """Notional that it takes over in a minute and in an hour of the clock."""
    max_position: Wad
    """The notional of its position in a market that takeovers may lead to."""
    max_loss: Wad
    """What it may have lost in an hour of the clock and still take over."""


@dataclass(frozen=True)
class Results:
    """What came of a pledge, since the account became a provider."""

    taken: Wad = Wad(0)
    """Notional taken over."""
    earned: Wad = Wad(0)
    """What it got for less than it was worth at mark, less what it paid."""
    count: int = 0
    """How often it took something over."""


@dataclass(frozen=True)
class Provider:
    """A pledged account, and what it has taken over."""

    pledge: Pledge
    used_at: Seconds = Seconds(0)
    """When it last took something over."""
    minute_used: Wad = Wad(0)
    hour_used: Wad = Wad(0)
    equity: int = 0
    """What it had before it first took something over in that hour, WAD USDC."""
    results: Results = Results()


Providers = Mapping[AccountId, Provider]


def pledge(providers: Providers, account: AccountId, pledged: Pledge) -> Providers:
    """
    Return the providers with ``account`` last, or with its pledge made anew.

    What it has taken over stays counted.
    """
    old = providers.get(account)
    if old is None and len(providers) == MAX_PROVIDERS:
        raise TooManyProviders
    new = replace(old, pledge=pledged) if old else Provider(pledged)
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
    pledged = provider.pledge
    return Wad(max(0, min(pledged.per_minute - minute, pledged.per_hour - hour)))


def has_lost(provider: Provider, equity: int, now: Seconds) -> bool:
    """
    Return whether a provider with ``equity`` has lost more than it allowed since it
    first took something over in this hour.
    """
    lost = provider.equity - equity
    return is_same_hour(provider, now) and lost > provider.pledge.max_loss


def use_capacity(
    provider: Provider, amount: Wad, earned: Wad, equity: int, now: Seconds
) -> Provider:
    """
    Return ``provider`` after it took ``amount`` over and ``earned`` by it; it had
    ``equity`` before.
    """
    minute, hour = get_used(provider, now)
    results = provider.results
    return replace(
        provider,
        used_at=now,
        minute_used=Wad(minute + amount),
        hour_used=Wad(hour + amount),
        equity=provider.equity if is_same_hour(provider, now) else equity,
        results=Results(
            taken=Wad(results.taken + amount),
            earned=Wad(results.earned + earned),
            count=results.count + 1,
        ),
    )


def get_used(provider: Provider, now: Seconds) -> tuple[Wad, Wad]:
    """Return what a provider has taken over in this minute and in this hour."""
    minute = provider.used_at // MINUTE == now // MINUTE
    return (
        provider.minute_used if minute else Wad(0),
        provider.hour_used if is_same_hour(provider, now) else Wad(0),
    )


def is_same_hour(provider: Provider, now: Seconds) -> bool:
    """Return whether a provider took something over in this hour."""
    return provider.used_at // HOUR == now // HOUR
