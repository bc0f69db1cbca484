"""
Pools and markets of a chain that is made up: a real deployment's words, kept in step.

Between two blocks USDC's indices grow by a thousandth, prices move, and with them
marks,
cursors and the growth of the ticks that these cross, as the contract does it; so that
positions have earned and owe what their entries make of it.
"""

from collections.abc import Mapping
from typing import Final

from keeper.mirror import Reader
from keeper.parameters import MARKETS, MarketListing
from keeper.watch.layout import Layout
from keeper.watch.sheet import TICKS, Sheet
from keeper.watch.source import Place
from specs import grid, packing, tick_set
from specs import state as words
from specs.accounts import USDC
from specs.fixed_point import Ray
from specs.packing import GROWTH
from specs.tick_set import Size
from specs.virtual_pnl import PRICE_UNIT
from specs.weights import compute_weight

HALF: Final = 2**128
GROWN: Final = 1000
"""One part in so many is what USDC's indices grow in a block."""


class Board:
    """The words that accounts share."""

    def __init__(self, reader: Reader, layout: Layout) -> None:
        """Read them of a deployment in which nobody has anything."""
        self.words: dict[Place, int] = {
            place: reader.word(*place) for place in Sheet(layout).fixed()
        }
        self._sizes: Mapping[int, Mapping[int, Size]] = {}

    def word(self, place: Place) -> int:
        """Return a word; 0 if nothing was written."""
        return self.words.get(place, 0)

    def field(self, name: str, key: int, field: str) -> int:
        """Return a field of a word of an asset or a market."""
        layout = {**words.BY_ASSET, **words.BY_MARKET}[name]
        return packing.get_field(self.words[name, key], layout[field])

    def update(self, name: str, key: int, **fields: int) -> None:
        """Write some fields of a word of an asset or a market."""
        layout = {**words.BY_ASSET, **words.BY_MARKET}[name]
        found = packing.unpack(self.words[name, key], layout)
        self.words[name, key] = packing.pack({**found, **fields}, layout)

    def enter(
        self, idle: Mapping[int, int], sizes: Mapping[int, Mapping[int, Size]]
    ) -> None:
        """Say what accounts have: idle, by asset; positions, by market and tick."""
        self._sizes = sizes
        for asset, amount in idle.items():
            self.update("pool_idle", asset, idle=amount)

    def accrue(self) -> None:
        """Let USDC's indices grow, and book the growth at the cursors."""
        for name in ("lend_index", "borrow_index"):
            grown = self.field("pool_index", USDC, name) * (GROWN + 1) // GROWN
            self.update("pool_index", USDC, **{name: grown})
        for market in MARKETS:
            self._book(market.number)

    def _book(self, market: int) -> None:
        """Book the growth at a cursor until the weights are those of the indices."""
        price = self.field("market_cursor", market, "price") // PRICE_UNIT
        for side in ("lend", "borrow"):
            index = Ray(self.field("pool_index", USDC, f"{side}_index"))
            weight = compute_weight(index)
            fall = self.field("market_cursor", market, f"{side}_weight") - weight
            grown = self.field("market_growth", market, side) + price * fall
            self.update("market_growth", market, **{side: grown % HALF})
            self.update("market_cursor", market, **{f"{side}_weight": weight})

    def set_prices(self, prices: Mapping[int, int], now: int) -> None:
        """Write prices, marks and cursors, and what follows from these."""
        for asset, price in prices.items():
            self.update("quote", asset, slow=price, fast=price, time=now)
        for market in MARKETS:
            price = prices[market.underlying]
            price -= price % PRICE_UNIT
            mark = {"slow": price, "fast": price, "time": now}
            self.update("market_quote", market.number, **mark)
            self._cross(market, price // PRICE_UNIT)
            self.update("market_cursor", market.number, price=price)
            self._add_up(market.number, price // PRICE_UNIT)

    def _cross(self, market: MarketListing, target: int) -> None:
        """Turn the growth of the ticks with a size between a cursor and its target."""
        number = market.number
        start = self.field("market_cursor", number, "price") // PRICE_UNIT
        low, high = sorted((start, target))
        for tick in self._sizes.get(number, ()):
            price = grid.get_price(tick)
            if not low <= price < high:
                continue
            other = packing.unpack(self.word((TICKS, number, tick)), GROWTH)
            turned = {
                side: (
                    self.field("market_growth", number, side)
                    + price * self.field("market_cursor", number, f"{side}_weight")
                    - other[side]
                )
                % HALF
                for side in ("lend", "borrow")
            }
            self.words[TICKS, number, tick] = packing.pack(turned, GROWTH)

    def _add_up(self, market: int, cursor: int) -> None:
        """Write the sums over winners and losers."""
        won, lost = tick_set.compute_sums(dict(self._sizes.get(market, {})), cursor)
        winners = {"winners_lots": won.lots, "winners_cost": won.cost}
        losers = {"losers_lots": lost.lots, "losers_cost": lost.cost}
        self.update("market_winners", market, **winners)
        self.update("market_size", market, **losers)
