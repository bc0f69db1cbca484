"""
What the client answers with.

Sizes and amounts are in whole units, prices and values in USDC, times in seconds since
1970.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from specs.accounts import AccountId


class Shown:
    """A result that shows itself as people write it."""

    def __repr__(self) -> str:
        """Return one line."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]
        words = (f"{name}={_write(value)}" for name, value in values.items())
        return f"{type(self).__name__}({', '.join(words)})"


@dataclass(frozen=True, repr=False)
class Balance(Shown):
    """What an account holds and owes of an asset, interest until now included."""

    lent: Decimal
    idle: Decimal
    owed: Decimal

    @property
    def held(self) -> Decimal:
        """Return what is lent and what lies idle."""
        return self.lent + self.idle


@dataclass(frozen=True, repr=False)
class Position(Shown):
    """A position: above 0 long, below 0 short."""

    size: Decimal
    notional: Decimal
    """At mark."""
    unrealised: Decimal
    """Gain or loss at mark, unsettled funding included."""
    earned: Decimal
    """Interest on gains that a settlement now would pay."""
    owed: Decimal
    """Interest on losses that it would charge."""


@dataclass(frozen=True, repr=False)
class Provided(Shown):
    """What came of a pledge."""

    taken: Decimal
    """Notional taken over, at mark."""
    earned: Decimal
    """By how much what it got was worth more than what it gave, at mark."""
    times: int
    remaining: Decimal
    """What it may take over now, by its capacities."""


@dataclass(frozen=True, repr=False)
class Health(Shown):
    """What the rules ask of an account, and what it has."""

    equity: Decimal
    maintenance_margin: Decimal
    initial_equity: Decimal
    """Equity at cautious prices, of which new risk must leave the initial margin."""
    initial_margin: Decimal
    exposure: Decimal
    """The notional of all positions and debts."""
    is_stale: bool
    """Whether a price that matters is too old: risk can only be reduced."""
    is_diverging: bool
    """Whether a fast price is far from its slow one: risk waits."""

    @property
    def free(self) -> Decimal:
        """Return what new risk may bind; below 0 only what reduces is done."""
        return self.initial_equity - self.initial_margin

    @property
    def is_liquidatable(self) -> bool:
        """Return whether equity is below maintenance margin."""
        return self.equity < self.maintenance_margin


@dataclass(frozen=True, repr=False)
class Order(Shown):
    """An order that rests on the book."""

    id: int
    account: AccountId
    instrument: str
    is_buy: bool
    size: Decimal
    """What is left of it."""
    price: Decimal
    is_reduce_only: bool
    expiry: int
    """The last second in which it may be filled; 0 for none."""


@dataclass(frozen=True, repr=False)
class Fill(Shown):
    """What an order took of a resting one, at that one's price."""

    order: int
    """The id of the resting one."""
    size: Decimal
    price: Decimal


@dataclass(frozen=True, repr=False)
class Placed(Shown):
    """What became of an order."""

    instrument: str
    is_buy: bool
    fills: Sequence[Fill]
    order: int | None
    """The id of what rests; none if nothing does."""
    reason: str | None
    """Why what is neither filled nor rests is neither; none if there is nothing."""
    time: int

    @property
    def filled(self) -> Decimal:
        """Return the size that was filled."""
        return sum((fill.size for fill in self.fills), Decimal(0))

    @property
    def price(self) -> Decimal | None:
        """Return the mean price of what was filled; none if nothing was."""
        worth = sum((fill.size * fill.price for fill in self.fills), Decimal(0))
        return worth / self.filled if self.fills else None

    def __str__(self) -> str:
        """Return one line."""
        side = "bought" if self.is_buy else "sold"
        parts = [f"{side} {self.filled:f} {self.instrument}"] if self.filled else []
        if self.price is not None:
            parts.append(f"at {self.price:f}")
        if self.order is not None:
            parts.append(f"order {self.order} rests")
        if self.reason:
            parts.append(f"the rest expired: {self.reason}")
        return ", ".join(parts) or "nothing"


@dataclass(frozen=True, repr=False)
class Request(Shown):
    """Quotes that are asked for."""

    account: AccountId
    instrument: str
    size: Decimal
    side: str
    """``buy``, ``sell`` or ``either``."""
    limit: Decimal | None
    """The worst price accepted; none for any."""
    is_immediate: bool
    """Whether the first answer that suits fills."""
    expiry: int
    counterparty: AccountId
    """The only account that may answer; 0 for anyone."""


@dataclass(frozen=True, repr=False)
class Level(Shown):
    """A price of the book, and the size that rests at it."""

    price: Decimal
    size: Decimal
    firm: Decimal
    """What of it stays until it is cancelled."""


@dataclass(frozen=True, repr=False)
class Depth(Shown):
    """The best prices of both sides, best first."""

    bids: Sequence[Level]
    asks: Sequence[Level]

    def __str__(self) -> str:
        """Return a ladder: asks above bids, the best ones in the middle."""
        sides = (("ask", reversed(self.asks)), ("bid", iter(self.bids)))
        return "\n".join(
            f"{side} {level.price:>16f} {level.size:>16f}"
            for side, levels in sides
            for level in levels
        )


@dataclass(frozen=True, repr=False)
class Top(Shown):
    """The best price of both sides; none where a side is empty."""

    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    """The price of the last fill."""


def _write(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)
