"""A book: what rests in one instrument."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from keeper.client.link import Link
from keeper.client.listings import Instrument
from keeper.client.reading import read_level, read_order
from keeper.client.results import Depth, Level, Order, Top
from keeper.client.units import Number, to_decimal
from specs.authority import EVERYTHING
from specs.instruments import get_asset, is_spot

PAGE: Final = 64
"""Levels, or orders, that the lens returns at once."""


@dataclass(frozen=True)
class Book:
    """Prices are in USDC, sizes in whole units; nothing here sends."""

    link: Link = field(repr=False)
    instrument: Instrument

    @property
    def mark(self) -> Decimal:
        """Return the mark of a perpetual, the slow price of a spot asset."""
        number = self.instrument.number
        if is_spot(number):
            return to_decimal(self.link.look("asset", get_asset(number)).slow)
        return to_decimal(self.link.look("market", number).mark)

    def top(self) -> Top:
        """Return the best prices, and the last one at which anything was filled."""
        book, number = self.link.deployment.order_book, self.instrument.number
        words = self.link.call(book, "top", number)
        return Top(*(to_decimal(word) if word else None for word in words))

    def depth(self, levels: int = 10) -> Depth:
        """Return so many of the best prices of each side."""
        return Depth(self._side(True, levels), self._side(False, levels))

    @property
    def best(self) -> tuple[Decimal | None, Decimal | None]:
        """Return the best bid and the best ask; none where a side is empty."""
        found = self.top()
        return found.bid, found.ask

    @property
    def mid(self) -> Decimal | None:
        """Return the middle of best bid and ask; none if a side is empty."""
        bid, ask = self.best
        return None if bid is None or ask is None else (bid + ask) / 2

    @property
    def spread(self) -> Decimal | None:
        """Return what best bid and ask are apart; none if a side is empty."""
        bid, ask = self.best
        return None if bid is None or ask is None else ask - bid

    def queue(self, price: Number) -> Sequence[Order]:
        """Return the orders that rest at a price, oldest first."""
        wanted = self.instrument.to_wad(price)
        found: list[Order] = []
        while len(found) % PAGE == 0:
            words = self.instrument.number, wanted, len(found), PAGE
            page = self.link.see("queue", *words)
            if not page:
                break
            found += [read_order(self.link.listings, each) for each in page]
        return found

    def _side(self, is_buy: bool, levels: int) -> Sequence[Level]:
        """Return the best levels of a side, asked for page by page."""
        found: list[Level] = []
        step = self.instrument.price_of(-1 if is_buy else 1)
        start = EVERYTHING if is_buy else 0
        while len(found) < levels:
            most = min(PAGE, levels - len(found))
            words = self.instrument.number, is_buy, start, most
            page = self.link.see("depth", *words)
            found += [read_level(self.instrument, each) for each in page]
            if len(page) < most:
                break
            start = page[-1].price + step
        return found
