"""An order book beside the specification, and stand-ins for its surroundings."""

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain
from specs import errors, forced_code, makers, order_book, order_code
from specs.accounts import compute_account as account_of
from specs.book_state import NOTHING_TOLD, Book, Order, State, Told, Volume
from specs.errors import Revert
from specs.fixed_point import WAD, Lots, Wad
from specs.instruments import SPOT, get_asset, get_code, is_spot
from specs.listings import Listing, Placement
from specs.makers import Cleared
from specs.margin import PRICE_UNIT
from specs.price_levels import get_recent
from tests.helpers.deployers import address_of

GOVERNOR, STRANGER, OPERATOR = 0x60BE << 96, 0x57A6 << 96, 0x09E7 << 96
OWNERS = tuple(owner << 96 for owner in (0xA1, 0xA2, 0xA3, 0xA4))
MAKER, OTHER, THIRD, TAKER = (account_of(owner, 7) for owner in OWNERS)

PERP, SMALL, COIN = 0, 3, SPOT + 2
UNLISTED = 5
TICK = WAD // 10
LISTINGS = {
    PERP: Listing(TICK, 10**15, Lots(5), 100 * WAD, 20_000),
    SMALL: Listing(Wad(PRICE_UNIT), 10**18, Lots(1), WAD, 100_000),
    COIN: Listing(TICK, 10**16, Lots(5), 100 * WAD, 20_000),
}
PRICE = 100 * WAD
"""Where the bands are around."""


@dataclass(frozen=True)
class Host:
    """What the specification is told of its surroundings, and what it asked of them."""

    rights: frozenset = frozenset()
    refused: frozenset = frozenset()
    liquidatable: frozenset = frozenset()
    reducibles: Mapping[int, int] = field(default_factory=dict)
    stop: tuple = (0, None)
    markets: Mapping[int, SimpleNamespace] = field(default_factory=dict)
    assets: frozenset = frozenset()
    calls: tuple = ()

    def called(self, name, *arguments):
        """Return the same with one more call."""
        return replace(self, calls=(*self.calls, (name, *arguments)))


def require_listed(host, instrument):
    """Stand in for the Clearinghouse's refusal of what it does not trade."""
    if is_spot(instrument):
        if get_asset(instrument) not in host.assets:
            raise errors.UnknownAsset
    elif instrument not in host.markets:
        raise errors.UnknownMarket


def reserve(host, _now, _caller, instrument, account, is_buy, size):
    """Stand in for the Clearinghouse where an order comes to rest."""
    if account in host.refused:
        raise errors.BelowInitialMargin
    return host.called("Reserve", instrument, account, is_buy, size)


def release(host, _now, _caller, instrument, account, is_buy, size):
    """Stand in for the Clearinghouse where an order goes."""
    return host.called("Release", instrument, account, is_buy, size)


def clear(host, _now, _caller, instrument, taker, is_buy, makings):
    """Stand in for the Clearinghouse where orders are filled."""
    asked = [astuple(making) for making in makings]
    return fill(host.called("Clear", instrument, taker, is_buy, asked), taker, makings)


def clear_conversion(host, _now, _caller, asset, account, makings):
    """Stand in for the Clearinghouse where collateral is sold."""
    asked = [astuple(making) for making in makings]
    host = host.called("ClearConversion", asset, account, asked)
    return fill(host, account, makings)


def clear_slice(host, _now, _caller, instrument, account, makings):
    """Stand in for the Clearinghouse where an account is liquidated."""
    asked = [astuple(making) for making in makings]
    host = host.called("ClearSlice", instrument, account, asked)
    return fill(host, account, makings)


def fill(host, taker, makings):
    """Return what is filled of makers."""
    filled, stop = [], None
    for making in makings:
        if len(filled) == host.stop[0]:
            stop = host.stop[1]
        size = making.size
        if making.is_reduce_only:
            size = min(size, host.reducibles.get(making.account, 0))
        if making.account in host.refused or stop:
            size = 0
        if making.is_reduce_only:
            left = host.reducibles.get(making.account, 0) - size
            host = replace(host, reducibles={**host.reducibles, making.account: left})
        filled.append(size)
    if any(filled) and taker in host.refused:
        raise errors.BelowInitialMargin
    return host, Cleared(tuple(filled), stop)


def get_reducible(host, account, _instrument, _is_buy, _now):
    """Stand in for the Clearinghouse's answer to who would only reduce."""
    return host.reducibles.get(account, 0)


def require_authorised(host, account, caller, _right):
    """Stand in for the Clearinghouse's answer to who may trade."""
    is_owner = account >> 96 != 0 and account >> 96 == caller
    if not is_owner and (account, caller) not in host.rights:
        raise errors.NotAuthorised


def is_liquidatable(host, _now, account):
    """Stand in for the Clearinghouse's health of an account."""
    return account in host.liquidatable


@contextmanager
def stand_in():
    """Have the specification ask a `Host`."""
    with (
        patch.multiple(order_code, reserve=reserve, release=release, clear=clear),
        patch.multiple(
            forced_code, clear_conversion=clear_conversion, clear_slice=clear_slice
        ),
        patch.multiple(
            makers, require_listed=require_listed, get_reducible=get_reducible
        ),
        patch.multiple(
            order_book,
            require_authorised=require_authorised,
            is_liquidatable=is_liquidatable,
        ),
    ):
        yield


class Twin:
    """
    A book on a chain and the specification's, beside stand-ins for their surroundings.

    Whatever is done is done in both, and compared: results, refusals, what is asked of
    Clearinghouse and oracle, every word, and the book that the events alone give.
    """

    def __init__(self):
        """Open a book with a perpetual, one at tiny prices, and a spot pair."""
        self.chain = RevmChain()
        governor = address_of(GOVERNOR)
        self.host = self.chain.deploy(governor, "MockOrderHost")
        at = self.host.address
        self.book = self.chain.deploy(governor, "OrderBook", governor, at, at)
        self.state = State(GOVERNOR, int(self.book.address, 16))
        self.clearing, self.bands = Host(), {}
        self.replayed = Replay()
        self.touched = {}
        self.is_heard = True
        self.receipt = None
        for market in (PERP, SMALL):
            self.list_market(market, LISTINGS[market].lot)
        self.list_asset(get_asset(COIN))
        for instrument, listing in LISTINGS.items():
            self.list_instrument(instrument, listing)
            self.set_band(instrument, 90 * WAD, 110 * WAD)
        self.set_band(SMALL, 1, 100 * PRICE_UNIT)

    @property
    def now(self):
        """The time of the open block."""
        return self.chain.block().timestamp

    # What the stand-ins are told

    def tell(self, method, *arguments):
        """Tell the stand-in on the chain."""
        self.chain.send(address_of(GOVERNOR), self.host, method, *arguments)

    def list_market(self, market, lot):
        """Have the Clearinghouse trade a perpetual."""
        self.tell("set_lot_exponent", market, len(str(lot)) - 1)
        markets = {**self.clearing.markets, market: SimpleNamespace(lot=lot)}
        self.clearing = replace(self.clearing, markets=markets)

    def list_asset(self, asset):
        """Have the Clearinghouse trade an asset."""
        self.tell("set_token", asset)
        self.clearing = replace(self.clearing, assets=self.clearing.assets | {asset})

    def set_band(self, instrument, low, high):
        """Set an instrument's band."""
        self.tell("set_band", instrument, low, high)
        self.bands[instrument] = (low, high)

    def set_rights(self, account, operator, rights):
        """Give an operator rights over an account."""
        self.tell("set_operator", account, address_of(operator), rights)
        change = {(account, operator)}
        held = self.clearing.rights
        held = held | change if rights & 1 else held - change
        self.clearing = replace(self.clearing, rights=held)

    def set_refused(self, account, is_refused=True):
        """Have the Clearinghouse refuse an account, or not."""
        self.tell("set_refused", account, is_refused)
        held = self.clearing.refused - {account}
        held |= {account} if is_refused else set()
        self.clearing = replace(self.clearing, refused=held)

    def set_liquidatable(self, account):
        """Have an account below its maintenance margin."""
        self.tell("set_liquidatable", account, True)
        held = self.clearing.liquidatable | {account}
        self.clearing = replace(self.clearing, liquidatable=held)

    def set_reducible(self, account, size):
        """Set what an account may trade without doing more than to reduce."""
        self.tell("set_reducible", account, size)
        held = {**self.clearing.reducibles, account: size}
        self.clearing = replace(self.clearing, reducibles=held)

    def set_stop(self, after, reason):
        """Have clearings stop after so many makers, or not at all."""
        self.tell("set_stop", after, reason.reason if reason else "")
        self.clearing = replace(self.clearing, stop=(after, reason))

    def set_mood(self, mood):
        """Have the oracle listen (0), refuse (1) or use up all gas (2)."""
        self.tell("set_mood", mood)
        self.is_heard = mood == 0

    # What is asked of the book

    def list_instrument(self, instrument, listing, caller=GOVERNOR):
        """List an instrument."""

        def expected():
            book = order_book.list_instrument(
                self.state, self.clearing, caller, instrument, listing
            )
            return book, self.clearing, None

        exponent = len(str(listing.lot)) - 1
        terms = listing.tick, exponent, *astuple(listing)[2:]
        self.step(expected, caller, "list_instrument", instrument, *terms)

    def place(self, account, *, max_fills=32, caller=None, **terms):
        """Place an order: five lots of the perpetual, bought, unless it is said."""
        usual = Placement(account, PERP, True, Lots(5), Wad(PRICE))
        placement = replace(usual, **terms)
        caller = account >> 96 if caller is None else caller
        band = self.bands.get(placement.instrument, (0, 0))
        listing = LISTINGS.get(placement.instrument)
        if listing:
            number = placement.price // listing.tick
            self.touched.setdefault(placement.instrument, set()).add(number)

        def expected():
            with_all = self.state, self.clearing, self.now, caller
            book, clearing, placed = order_book.place(
                *with_all, placement, max_fills, band
            )
            reason = placed.reason.reason if placed.reason else ""
            return book, clearing, (placed.order, placed.filled, reason)

        return self.step(expected, caller, "place", astuple(placement), max_fills)

    def sell(self, account, **terms):
        """Place an order that sells."""
        return self.place(account, is_buy=False, **terms)

    def convert(self, account, instrument=COIN, lots=5, max_fills=32):
        """Have collateral sold, by a stranger; return the lots."""
        band = self.bands.get(instrument, (0, 0))

        def expected():
            with_all = self.state, self.clearing, self.now, STRANGER
            return order_book.convert(
                *with_all, account, instrument, lots, max_fills, band
            )

        arguments = account, instrument, lots, max_fills
        return self.step(expected, STRANGER, "convert", *arguments)

    def liquidate(self, account, *, max_fills=32, **terms):
        """Have five lots bought for an account unless it is said, by a stranger."""
        usual = {"instrument": PERP, "is_buy": True, "lots": 5, "price": PRICE}
        terms = {**usual, **terms}
        band = self.bands.get(terms["instrument"], (0, 0))

        def expected():
            with_all = self.state, self.clearing, self.now, STRANGER
            *after, filled, reason = order_book.liquidate(
                *with_all, account, *terms.values(), max_fills, band
            )
            return *after, (filled, reason.reason if reason else "")

        arguments = account, *terms.values(), max_fills
        return self.step(expected, STRANGER, "liquidate", *arguments)

    def rest(self, account, **terms):
        """Place an order of which all is to rest, and return its id."""
        order, filled, reason = self.place(account, **terms)
        assert (order != 0, filled, reason) == (True, 0, "")
        return order

    def cancel(self, caller, *orders):
        """Cancel orders."""
        self.change("cancel", caller, list(orders))

    def cancel_all(self, caller, account):
        """Cancel all orders of an account."""
        self.change("cancel_all", caller, account)

    def refresh(self, market):
        """Have a mid told again."""
        self.change("refresh", STRANGER, market)

    def change(self, name, caller, argument):
        """Have the book changed by one who gets no answer."""

        def expected():
            call = getattr(order_book, name)
            with_all = self.state, self.clearing, self.now, caller
            return *call(*with_all, argument), None

        self.step(expected, caller, name, argument)

    def wait(self, seconds):
        """Let time pass."""
        self.chain.advance_to(self.now + seconds)

    def step(self, expected, caller, method, *arguments):
        """Do it in both, and compare; pass a refusal on."""
        sender, asked = address_of(caller), len(self.clearing.calls)
        told = self.state.mids
        try:
            book, clearing, result = expected()
        except Revert as revert:
            refusal = revert
        else:
            refusal = None
        if refusal:
            with pytest.raises(Refused) as caught:
                self.chain.send(sender, self.book, method, *arguments)
            assert caught.value.reason == refusal.reason
            self.check()
            raise refusal
        self.receipt = self.chain.send(sender, self.book, method, *arguments)
        assert self.receipt.result == result
        self.state, self.clearing = book, clearing
        changes = [
            (market, mid)
            for market, mid in sorted(book.mids.items())
            if told.get(market) is not mid
        ]
        self.compare_calls(clearing.calls[asked:], changes)
        for event in self.receipt.events:
            self.replayed.take(event)
        self.check()
        return result

    # What is compared

    def compare_calls(self, calls, changes):
        """Compare what was asked of Clearinghouse and oracle."""
        heard = [
            (event.name, *map(plain, event.arguments.values()))
            for event in self.receipt.events
            if event.address == self.host.address
        ]
        until = self.now + 300
        told = [("Observe", market, mid.price, until) for market, mid in changes]
        assert heard == [*calls, *(told if self.is_heard else [])]

    def check(self):
        """Compare every word with the specification, and with the events."""
        for instrument, book in self.state.books.items():
            self.check_book(instrument, book)
        for order, resting in self.state.orders.items():
            assert self.view("order", order) == expected_view(self.state, resting)
        for number, account in enumerate(self.state.makers, 1):
            assert self.view("account_of", number) == account
            used = [order_book.get_slot(o) for o in self.orders_of(account)]
            word = number << 32 | sum(1 << slot for slot in used)
            assert self.view("maker_word", account) == word
        assert self.view("account_of", len(self.state.makers) + 1) == 0
        assert self.replayed.state(self.state) == self.state

    def orders_of(self, account):
        """Return an account's orders."""
        found = self.state.orders.items()
        return [order for order, resting in found if resting.account == account]

    def check_book(self, instrument, book):
        """Compare the words of one book, and its views."""
        state, code = self.state, get_code(instrument)
        orders, tick = state.orders, book.listing.tick
        bid = orders[book.bids[0]].number if book.bids else 0
        ask = orders[book.asks[0]].number if book.asks else 0
        told = state.mids.get(instrument, NOTHING_TOLD)
        word = bid << 232 | ask << 208 | book.last << 184
        word |= told.price // PRICE_UNIT << 120 | told.time << 88
        word |= book.volume.lots << 32 | book.volume.time
        assert self.view("top_word", code) == word
        prices = tuple(number * tick for number in (bid, ask, book.last))
        assert self.view("top", instrument) == prices
        volume = order_book.get_recent_volume(state, instrument, self.now)
        assert self.view("recent_volume", instrument) == volume
        sides = (*book.bids, *book.asks)
        assert self.view("listing_word", code) == word_of(book.listing)
        touched = self.touched.get(instrument, set())
        for number in touched:
            here = [order for order in sides if orders[order].number == number]
            self.check_level(code, number, here)
        numbers = {orders[order].number for order in sides}
        for key, word in index_of(numbers, touched).items():
            assert self.view("index_word", code << 18 | key) == word

    def check_level(self, code, number, here):
        """Compare the queue at one price."""
        word, orders = self.view("level_word", code, number), self.state.orders
        lots = sum(orders[order].lots for order in here)
        firm = sum(orders[o].lots for o in here if orders[o].expiry == 0)
        assert (word >> 168, word >> 80 & 2**88 - 1) == (lots, firm)
        if not here:
            return
        reference, tail, queue = word >> 40 & 2**40 - 1, word & 2**40 - 1, []
        while reference != tail and len(queue) < len(here):
            queue.append(reference)
            reference = self.view("order_word", reference) >> 104 & 2**40 - 1
        queue.append(reference)
        assert queue == [order & 2**40 - 1 for order in here]

    def view(self, method, *arguments):
        """Return what a view of the book says."""
        return self.chain.call(self.book, method, *arguments)


def plain(argument):
    """Return an event's argument, structs as tuples."""
    if isinstance(argument, (list, tuple)):
        return [tuple(each) for each in argument]
    return argument


def word_of(listing):
    """Return the word of a listing."""
    word = listing.tick // PRICE_UNIT | (len(str(listing.lot)) - 1) << 40
    word |= listing.min_lots << 48 | listing.impact // WAD << 80
    return word | listing.max_spread << 112


def expected_view(state, resting):
    """Return what the contract says of an order that rests."""
    price = resting.number * state.books[resting.instrument].listing.tick
    terms = resting.is_buy, resting.lots, price
    more = resting.is_reduce_only, resting.expiry
    return (resting.account, resting.instrument, *terms, *more)


def index_of(numbers, touched):
    """Return the words of the index in which prices are, or were."""
    words = {}
    for number in touched | {0}:
        for layer in range(3):
            words[layer << 16 | number >> 8 * (3 - layer)] = 0
    for number in numbers:
        for layer in range(3):
            bit = number >> 8 * (2 - layer) & 255
            words[layer << 16 | number >> 8 * (3 - layer)] |= 1 << bit
    return words


def names(twin):
    """Return the events of the last call that are the book's own."""
    return [e.name for e in twin.receipt.events if e.address == twin.book.address]


def event(twin, name):
    """Return what the last call's only event of a name says."""
    return twin.receipt.event(name).arguments


def events(twin, name):
    """Return what the last call's events of a name say."""
    return [e.arguments for e in twin.receipt.events if e.name == name]


def calls(twin, name):
    """Return what Clearinghouse or oracle was asked for in the last call."""
    return [tuple(arguments.values()) for arguments in events(twin, name)]


def asks(twin, *sizes, account=MAKER, **terms):
    """Let orders to sell rest at one price, and return their ids."""
    return [twin.rest(account, is_buy=False, lots=n, **terms) for n in sizes]


class Replay:
    """The book that the events alone give."""

    def __init__(self):
        """Begin with nothing."""
        self.books, self.orders, self.mids = {}, {}, {}
        self.makers, self.generations = {}, {}

    def take(self, event):
        """Take an event in, whatever it is of."""
        handler = getattr(self, f"on_{event.name}", None)
        if handler:
            handler(SimpleNamespace(**event.arguments))

    def on_InstrumentListed(self, event):  # noqa: N802
        """List an instrument."""
        lot = 10**event.lot_exponent
        terms = event.tick, lot, event.min_lots, event.impact, event.max_spread
        self.books[event.instrument] = Book(Listing(*terms))

    def on_OrderPlaced(self, event):  # noqa: N802
        """Let an order rest."""
        order, instrument = event.order, event.instrument
        book = self.books[instrument]
        number = event.price // book.listing.tick
        terms = event.is_buy, event.lots, number, event.is_reduce_only, event.expiry
        self.orders[order] = Order(event.account, instrument, *terms)
        self.makers[order & 2**32 - 1] = event.account
        slot = order >> 32 & 255
        self.generations[event.account, slot] = order >> 40
        sign = -1 if event.is_buy else 1
        name = "bids" if event.is_buy else "asks"
        side = sorted(
            (*getattr(book, name), order), key=lambda o: sign * self.orders[o].number
        )
        self.books[instrument] = replace(book, **{name: tuple(side)})

    def on_OrderFilled(self, event):  # noqa: N802
        """Fill an order."""
        order = self.orders[event.order]
        book = self.books[order.instrument]
        assert event.price == order.number * book.listing.tick
        assert event.lots == order.lots - event.remaining
        self.books[order.instrument] = replace(book, last=order.number)
        self.orders[event.order] = replace(order, lots=event.remaining)
        if event.remaining == 0:
            self.drop(event.order)

    def on_OrderTaken(self, event):  # noqa: N802
        """Count what one who came by himself has taken."""
        if event.filled:
            book = self.books[event.instrument]
            recent = get_recent(book.volume, event.timestamp) + event.filled
            volume = Volume(min(recent, 2**56 - 1), event.timestamp)
            self.books[event.instrument] = replace(book, volume=volume)

    def on_OrderCancelled(self, event):  # noqa: N802
        """Take an order off."""
        assert self.orders[event.order].lots == event.lots
        self.drop(event.order)

    def on_MidTold(self, event):  # noqa: N802
        """Note a mid."""
        assert event.until == event.timestamp + 300
        self.mids[event.market] = Told(event.mid, event.timestamp)

    def drop(self, order):
        """Forget an order."""
        gone = self.orders.pop(order)
        book = self.books[gone.instrument]
        self.books[gone.instrument] = replace(
            book,
            bids=tuple(o for o in book.bids if o != order),
            asks=tuple(o for o in book.asks if o != order),
        )

    def state(self, like):
        """Return the book, with the names that no event says."""
        makers = tuple(self.makers[n] for n in sorted(self.makers))
        return replace(
            like,
            books=self.books,
            orders=self.orders,
            makers=makers,
            generations=self.generations,
            mids=self.mids,
        )
