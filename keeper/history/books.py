"""What a history is told in, and what it adds up to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from keeper.chain.interface import Event
from specs import liquidator
from specs.accounts import Address
from specs.clearinghouse import State
from specs.fixed_point import Seconds
from specs.instruments import is_spot

Told = Mapping[str, Any]
"""An event's arguments."""

DETAILS: Final = frozenset({"InterestSettled", "Realise"})
"""Events that come before the one that tells what they are details of."""

EPOCHS: Final = frozenset({"DeleverageApplied", "EpochPassed"})
"""Events of positions that meet epochs; details of an opening that is told next."""

OPENINGS: Final = frozenset({"TakeoverOpened", "SliceOpened"})
"""Events that tell of a health before what is settled and told first."""

LISTING: Final = {
    "AssetListed": ("CurveSet", "AssetRiskSet"),
    "MarketListed": ("MarketRiskSet", "FundCapSet"),
}
"""Events that are followed by others of the same call."""


class Inconsistent(Exception):
    """Events cannot be all that happened, or did not happen as they say."""


@dataclass(frozen=True)
class Books:
    """What the two contracts remember."""

    clearing: State
    liquidator: liquidator.State
    clearing_at: Seconds = Seconds(0)
    """When the Clearinghouse told something last."""
    liquidator_at: Seconds = Seconds(0)
    """When the Liquidator did."""


GENESIS: Final = Books(State(Address(0)), liquidator.State(Address(0)))
"""What there is before the first event, which names the governor."""


@dataclass(frozen=True)
class Entry:
    """An event with those that belong to it: details before, parts after."""

    event: Event
    details: Sequence[Event] = ()
    parts: Sequence[Event] = ()

    @property
    def told(self) -> Told:
        """Return the event's arguments."""
        return self.event.arguments

    @property
    def now(self) -> Seconds:
        """Return when it happened."""
        return Seconds(self.event.arguments["time"])


def group(events: Iterable[Event]) -> Iterator[Entry]:
    """Yield the entries of a history; raise `Inconsistent` if one is cut off."""
    told, details, place = tuple(events), list[Event](), 0
    while place < len(told):
        event = told[place]
        place += 1
        if is_detail(told, place - 1):
            details.append(event)
            continue
        parts = told[place : place + count_parts(event)]
        require(len(parts) == count_parts(event), event, "it is cut off")
        place += len(parts)
        yield Entry(event, tuple(details), parts)
        details = []
    for event in details:
        require(False, event, "nothing follows")


def is_detail(told: Sequence[Event], place: int) -> bool:
    """
    Return whether an event tells a detail of what follows. Positions meet epochs, and
    idle USDC is used, when a takeover or a slice is opened, which then is told next;
    but not only then.
    """
    event = told[place]
    if event.name in DETAILS:
        return True
    if event.name not in (*EPOCHS, "IdleUsed"):
        return False
    passed = (*DETAILS, *EPOCHS, "IdleUsed") if event.name in EPOCHS else ()
    place += 1
    while place < len(told) and told[place].name in passed:
        place += 1
    return any(
        following.name in OPENINGS
        and all(
            following.arguments[key] == event.arguments[key]
            for key in ("account", "time")
        )
        for following in told[place : place + 1]
    )


def count_parts(event: Event) -> int:
    """Return how many events after this one belong to it."""
    if event.name == "BatchOpened":
        return int(event.arguments["steps"])
    if event.name == "OrderFill" and event.arguments["is_maker"]:
        return int(is_spot(event.arguments["instrument"]))
    return len(LISTING.get(event.name, ()))


def require(is_consistent: bool, event: Event, complaint: str) -> None:
    """Raise `Inconsistent` with a complaint about an event, unless all is well."""
    if not is_consistent:
        raise Inconsistent(f"{event.name} {dict(event.arguments)}: {complaint}")


def expect(event: Event, **found: Any) -> None:
    """Raise `Inconsistent` unless an event tells what was found."""
    for name, value in found.items():
        require(event.arguments[name] == value, event, f"{name} should be {value}")
