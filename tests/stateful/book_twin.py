"""The book and the Clearinghouse on a chain, beside the specification of both."""

from dataclasses import replace

from keeper import mirror_book
from keeper.mirror_ticks import Mismatch
from specs.authority import ORDER_VENUE
from tests.helpers import worlds
from tests.helpers.deployers import address_of, deploy_world, fields
from tests.stateful.book_walk import BOOKS, INSTRUMENTS
from tests.stateful.bulk import Courier
from tests.stateful.twin import Twin

HOLD = 300
"""Seconds for which the oracle may take a mid that it was told for the market's."""


class BookTwin(Twin):
    """A deployment with a book, on which actions are sent as transactions."""

    def __init__(self, made):
        super().__init__(made)
        address = made.contracts["OrderBook"].address
        self.book = int(address, 16)
        self.scope = replace(self.scope, venues=(*self.scope.venues, self.book))
        self.book_reader = mirror_book.reader_of(made.chain, address)

    def send(self, world, action):
        # An address is what `place` of the twin returns.
        if action.name == "place":
            action = replace(action, name="place_order")
        return super().send(world, action)

    def place_order(self, world, action):
        placement, max_fills = action.arguments
        terms = fields(placement)
        self.made.send(action.caller, "OrderBook", "place", terms, max_fills)

    def convert_on_book(self, world, action):
        self.made.send(action.caller, "OrderBook", "convert", *action.arguments)

    def cancel(self, world, action):
        (orders,) = action.arguments
        self.made.send(action.caller, "OrderBook", "cancel", list(orders))

    def cancel_all(self, world, action):
        self.made.send(action.caller, "OrderBook", "cancel_all", *action.arguments)

    def place(self, number):
        return address_of(self.book) if number == worlds.BOOK else super().place(number)

    def name(self, address):
        return worlds.BOOK if address == self.book else super().name(address)

    def read(self, world):
        """Return `world` as the contracts' storage has it, the book's as well."""
        found = super().read(world)
        state = mirror_book.read_book(self.book_reader, worlds.GOVERNOR, INSTRUMENTS)
        for market, told in state.mids.items():
            prices = self.made.contracts["MockPrices"]
            heard = self.made.chain.call(prices, "mids", market)
            if tuple(heard) != (told.price, told.time + HOLD):
                raise Mismatch(f"the oracle has {heard} of market {market}: {told}")
        return replace(found, book=replace(state, address=worlds.BOOK))


def open_book_twin(*source_root):
    """Return contracts to walk on, every book listed and empty."""
    made = deploy_world(*source_root)
    list_books(made)
    return BookTwin(Courier(**vars(made)))


def list_books(made):
    """Enrol the order book, and list every instrument that has one."""
    book = made.contracts["OrderBook"].address
    made.govern("set_venue", address_of(worlds.BOOK), 0)
    made.govern("set_venue", book, ORDER_VENUE)
    for instrument, listing in BOOKS.items():
        terms = list(fields(listing))
        terms[1] = len(str(listing.lot)) - 1
        made.send(worlds.GOVERNOR, "OrderBook", "list_instrument", instrument, *terms)
