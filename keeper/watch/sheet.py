"""
The words that all accounts share, read anew for each block: pools, markets, epochs.

Of entry ticks only those are read at which somebody is; their growth changes when the
cursor crosses them, and is remembered until then. Sheet and columns together answer
for the contract's storage (`Pages`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from keeper.watch.columns import Columns
from keeper.watch.layout import Layout
from keeper.watch.source import Place
from specs import grid, packing
from specs import state as words
from specs.accounts import INVENTORY, AccountId
from specs.packing import CURSOR, EPOCH_STATE, RISK
from specs.virtual_pnl import PRICE_UNIT

TICKS = "tick_growth"
OF_ACCOUNTS = frozenset({*words.BY_ACCOUNT, *words.BY_ACCOUNT_AND_NUMBER})


@dataclass
class Sheet:
    """Shared words, by variable and keys."""

    layout: Layout
    words: dict[Place, int] = field(default_factory=dict)

    def fixed(self) -> list[Place]:
        """Return what there is one of for each asset, each market, and in all."""
        return [
            *((name,) for name in words.PLAIN),
            *((name, a) for name in words.BY_ASSET for a in self.layout.assets),
            *((name, m) for name in words.BY_MARKET for m in self.layout.markets),
            *(("positions", INVENTORY, m) for m in self.layout.markets),
        ]

    def epochs(self) -> list[Place]:
        """Return what is unknown of epochs, or may change: of those not all met."""
        places: list[Place] = []
        for market in self.layout.markets:
            count = packing.get_field(self.words["market_risk", market], RISK["epochs"])
            for epoch in range(1, count + 1):
                state = self.words.get(("epoch_state", market, epoch))
                if state is None:
                    places.append(("epoch_terms", market, epoch))
                if state is None or packing.get_field(state, EPOCH_STATE["left"]):
                    places.append(("epoch_state", market, epoch))
        return places

    def cursor(self, market: int) -> int:
        """Return the price of a market's cursor, WAD; 0 if nothing was read."""
        word = self.words.get(("market_cursor", market), 0)
        return packing.get_field(word, CURSOR["price"])

    def forget_ticks(self, market: int, low: int, high: int) -> None:
        """Forget the ticks that a cursor may have crossed between two prices, WAD."""
        first = grid.tick_down(low // PRICE_UNIT)
        last = grid.tick_up(-(-high // PRICE_UNIT))
        for place in [
            place
            for place in self.words
            if place[0] == TICKS and place[1] == market and first <= place[2] <= last
        ]:
            del self.words[place]

    def forget(self) -> None:
        """Forget everything, after which all is read anew."""
        self.words.clear()

    def missing_ticks(self, occupied: Mapping[int, Iterable[int]]) -> list[Place]:
        """Return the ticks at which somebody is, and that are not known."""
        return [
            place
            for market, ticks in occupied.items()
            for tick in ticks
            if (place := (TICKS, market, tick)) not in self.words
        ]


@dataclass(frozen=True)
class Pages:
    """The contract's storage as columns and sheet have it: a `keeper.mirror.Words`."""

    columns: Columns
    sheet: Sheet

    def word(self, name: str, *keys: int) -> int:
        """Return a word of a variable; raise `KeyError` for what is not kept."""
        place: Place = (name, *keys)
        if place in self.sheet.words or name not in OF_ACCOUNTS:
            return self.sheet.words[place]
        account, number = AccountId(keys[0]), keys[1] if len(keys) > 1 else None
        return self.columns.word(account, name, number)

    def words(self, names: Iterable[str], key: int) -> tuple[int, ...]:
        """Return the words that several variables have under one key."""
        return tuple([self.word(name, key) for name in names])

    def row(self, name: str, key: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Return the words that a variable has under one key and several numbers."""
        return tuple([self.word(name, key, number) for number in numbers])
