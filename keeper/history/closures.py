"""
Who was deleveraged, how much, and why so much: computed anew from events alone.

An epoch says what it closes of all positions of a side and what these have together.
Whoever comes next has the share of his size, and of what the divisions before have
left: so the events of an epoch, in their order, leave no choice to anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from keeper.chain.interface import Event
from keeper.history.books import expect, require

Key = tuple[int, int]
"""A market, and the number of one of its epochs, from 1 on."""


@dataclass(frozen=True)
class Closure:
    """What an epoch closed of one account."""

    account: int
    size: int
    """Lots that it had, without their sign."""
    closed: int


@dataclass
class Closures:
    """One epoch: what it is to close, and what it has closed so far."""

    account: int
    """Of whom it was closed against the others."""
    is_long: bool
    """Whether they are long."""
    lots: int
    open_interest: int
    price: int
    carry: int = 0
    of: list[Closure] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Return what it has yet to close."""
        return self.lots - sum(each.closed for each in self.of)

    @property
    def unmet(self) -> int:
        """Return the lots of all whom it has yet to meet."""
        return self.open_interest - sum(each.size for each in self.of)


def list_closures(events: Iterable[Event]) -> Mapping[Key, Closures]:
    """
    Return all that epochs have closed; raise `Inconsistent` where an event is not what
    those before it make it.
    """
    found: dict[Key, Closures] = {}
    for event in events:
        told = event.arguments
        if event.name == "Deleveraged":
            before = sum(market == told["market"] for market, _ in found)
            expect(event, epoch=before + 1)
            found[told["market"], told["epoch"]] = open_epoch(event)
        elif event.name == "DeleverageApplied":
            key = told["market"], told["epoch"]
            require(key in found, event, "there is no such epoch")
            close(found[key], event)
    return found


def open_epoch(event: Event) -> Closures:
    """Return an epoch that has met nobody."""
    told = event.arguments
    require(0 < told["lots"] <= told["open_interest"], event, "it is more than all")
    names = ("account", "is_long", "lots", "open_interest", "price")
    return Closures(**{name: told[name] for name in names})


def close(epoch: Closures, event: Event) -> None:
    """Note what an epoch closed of the position that came next."""
    told = event.arguments
    size, rest = divmod(
        told["closed"] * epoch.open_interest + told["carry"] - epoch.carry, epoch.lots
    )
    require(rest == 0 and 0 < size <= epoch.unmet, event, "no size has that share")
    require(told["carry"] < epoch.open_interest, event, "it carries a lot")
    is_new = all(each.account != told["account"] for each in epoch.of)
    require(is_new, event, "the epoch has met it before")
    epoch.of.append(Closure(told["account"], size, told["closed"]))
    epoch.carry = told["carry"]
    if epoch.unmet == 0:
        require(epoch.left == 0, event, f"{epoch.left} lots are left")
