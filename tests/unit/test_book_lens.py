"""What clients read of the book: depth, queues and orders, page by page."""

import random
from collections import defaultdict
from dataclasses import astuple, dataclass, field

import pytest

from keeper.chain.codec import codec_of
from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.order_book import Placement

GOVERNOR = "0x" + "77" * 20
TICK, EXPONENT, MIN_LOTS = 10**15, 12, 3
LISTING = TICK, EXPONENT, MIN_LOTS, 1_000 * WAD, 10_000
MIDDLE = 65_536
"""A price in ticks at which every layer of the book's index has a border."""

EVERYTHING = 2**256 - 1
MARKET, PAIR = 1, SPOT + 2


@dataclass
class Desk:
    """A book whose Clearinghouse does as it is told, and what rests on it."""

    chain: RevmChain = field(default_factory=RevmChain)
    resting: dict = field(default_factory=dict)

    def __post_init__(self):
        deploy = self.chain.deploy
        self.host = deploy(GOVERNOR, "MockOrderHost")
        host = self.host.address
        self.book = deploy(GOVERNOR, "OrderBook", GOVERNOR, host, host)
        self.lens = deploy(GOVERNOR, "BookLens", self.book.address)
        self.tell("set_lot_exponent", MARKET, EXPONENT)
        self.tell("set_token", PAIR - SPOT)
        for instrument in (MARKET, PAIR):
            self.tell("set_band", instrument, MIDDLE * TICK, MIDDLE * TICK)
            self.chain.send(
                GOVERNOR, self.book, "list_instrument", instrument, *LISTING
            )

    def tell(self, method, *arguments):
        self.chain.send(GOVERNOR, self.host, method, *arguments)

    def place(self, owner, is_buy, number, lots=5, instrument=MARKET, **terms):
        """Place an order that meets nothing; return its id."""
        account, price = owner << 96, number * TICK
        placement = Placement(account, instrument, is_buy, lots, price, **terms)
        words = astuple(placement)
        receipt = self.chain.send(f"0x{owner:040x}", self.book, "place", words, 0)
        order = receipt.result[0]
        assert order
        shown = account, instrument, is_buy, lots, price
        self.resting[order] = (
            order,
            *shown,
            placement.is_reduce_only,
            placement.expiry,
        )
        return order

    def cancel(self, order):
        owner = self.resting.pop(order)[1] >> 96
        self.chain.send(f"0x{owner:040x}", self.book, "cancel", [order])

    def see(self, method, *arguments):
        return [tuple(each) for each in self.chain.call(self.lens, method, *arguments)]

    def levels(self, is_buy, instrument=MARKET):
        """Return the levels of a side as they should be told, best first."""
        found = defaultdict(lambda: [0, 0])
        for _, _, where, side, lots, price, _, expiry in self.resting.values():
            if (where, side) == (instrument, is_buy):
                found[price][0] += lots
                found[price][1] += 0 if expiry else lots
        return [
            (price, *sizes) for price, sizes in sorted(found.items(), reverse=is_buy)
        ]

    def best_first(self, is_buy, instrument=MARKET):
        start = EVERYTHING if is_buy else 0
        return self.see("depth", instrument, is_buy, start, 64)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture(scope="module")
def crowded():
    """A book with many orders around borders of its index, some of them cancelled."""
    desk, draw = Desk(), random.Random(4)
    offsets = [0, 1, 2, 200, 255, 256, 257, 511, 512, 5_000, 9_000]
    for at in range(90):
        is_buy = draw.random() < 0.5
        offset = draw.choice(offsets)
        number = MIDDLE - 1 - offset if is_buy else MIDDLE + offset
        desk.place(
            owner=draw.randint(1, 6),
            is_buy=is_buy,
            number=number,
            lots=draw.randint(3, 90),
            instrument=PAIR if at % 5 == 0 else MARKET,
            expiry=draw.choice((0, 2**32 - 1)),
        )
        if at % 3 == 2:
            desk.cancel(draw.choice(sorted(desk.resting)))
    return desk


@pytest.mark.parametrize("instrument", [MARKET, PAIR])
@pytest.mark.parametrize("is_buy", [True, False])
def test_depth_is_what_rests_at_each_price(crowded, instrument, is_buy):
    expected = crowded.levels(is_buy, instrument)
    assert crowded.best_first(is_buy, instrument) == expected
    assert len(expected) > 2


@pytest.mark.parametrize("is_buy", [True, False])
def test_pages_of_depth_make_the_whole(crowded, is_buy):
    found, start = [], EVERYTHING if is_buy else 0
    while page := crowded.see("depth", MARKET, is_buy, start, 2):
        assert len(page) <= 2
        found += page
        start = page[-1][0] + (-TICK if is_buy else TICK)
    assert found == crowded.levels(is_buy)


@pytest.mark.parametrize("is_buy", [True, False])
def test_depth_begins_at_the_price_asked_for(crowded, is_buy):
    levels = crowded.levels(is_buy)
    for price, _, _ in levels:
        for start in (price - 1, price, price + 1, price - TICK, price + TICK):
            expected = [
                each
                for each in levels
                if (each[0] <= start if is_buy else each[0] >= start)
            ]
            assert crowded.see("depth", MARKET, is_buy, start, 64) == expected


def test_nothing_is_beyond_the_last_price(desk):
    desk.place(1, True, MIDDLE - 1)
    desk.place(1, False, MIDDLE)
    assert desk.see("depth", MARKET, False, EVERYTHING, 5) == []
    assert desk.see("depth", MARKET, False, 2**24 * TICK, 5) == []
    assert desk.see("depth", MARKET, True, 0, 5) == []
    assert desk.see("depth", MARKET, True, TICK - 1, 5) == []


def test_an_empty_side_has_no_levels(desk):
    assert desk.best_first(True) == desk.best_first(False) == []
    desk.place(1, True, MIDDLE)
    assert desk.best_first(False) == []
    assert desk.best_first(True) == [(MIDDLE * TICK, 5, 5)]


def test_an_answer_has_64_levels_at_most(desk):
    for number in range(65):
        desk.place(1 + number // 32, True, MIDDLE - number)
    assert desk.best_first(True) == desk.levels(True)[:64]
    assert len(desk.see("depth", MARKET, True, EVERYTHING, 0)) == 0
    for method, *words in (("depth", MARKET, True, 0), ("queue", MARKET, TICK, 0)):
        with pytest.raises(Refused, match="out of bounds"):
            desk.see(method, *words, 65)


@pytest.mark.parametrize("instrument", [0, SPOT, SPOT + 1, 63, 2**127, EVERYTHING])
def test_what_is_not_listed_has_no_book(desk, instrument):
    for method in ("depth", "queue"):
        words = (True, 0, 1) if method == "depth" else (TICK, 0, 1)
        with pytest.raises(Refused, match="unknown instrument"):
            desk.see(method, instrument, *words)


def test_a_queue_is_told_oldest_first_and_page_by_page(desk):
    placed = [desk.place(1 + n % 3, False, MIDDLE, lots=3 + n) for n in range(9)]
    for gone in (0, 4, 8):
        desk.cancel(placed[gone])
    expected = [desk.resting[order] for order in placed if order in desk.resting]
    price = MIDDLE * TICK
    assert desk.see("queue", MARKET, price, 0, 64) == expected
    for size in (1, 2, 4, 6):
        pages = [
            desk.see("queue", MARKET, price, first, size) for first in range(0, 9, size)
        ]
        assert [each for page in pages for each in page] == expected
    assert desk.see("queue", MARKET, price, 6, 1) == []


def test_nothing_rests_where_nothing_was_placed_or_all_is_gone(desk):
    order = desk.place(1, True, MIDDLE)
    assert len(desk.see("queue", MARKET, MIDDLE * TICK, 0, 9)) == 1
    for price in (MIDDLE * TICK + 1, (MIDDLE + 1) * TICK, 0, EVERYTHING):
        assert desk.see("queue", MARKET, price, 0, 9) == []
    desk.cancel(order)
    assert desk.see("queue", MARKET, MIDDLE * TICK, 0, 9) == []


def test_orders_of_an_account_are_told_with_all_their_terms(crowded):
    for owner in range(1, 7):
        expected = [each for each in crowded.resting.values() if each[1] == owner << 96]
        found = crowded.see("orders", owner << 96)
        assert sorted(found) == sorted(expected)
        assert len(found) > 2
        slots = [each[0] >> 32 & 255 for each in found]
        assert slots == sorted(slots)


def test_an_order_that_only_reduces_is_told_as_such(desk):
    account = 4 << 96
    desk.tell("set_reducible", account, 5)
    desk.place(4, True, MIDDLE, is_reduce_only=True, instrument=MARKET)
    ((*_, is_reduce_only, expiry),) = desk.see("orders", account)
    assert (is_reduce_only, expiry) == (True, 0)
    assert desk.see("orders", account) == list(desk.resting.values())


def test_all_32_orders_of_an_account_are_told(desk):
    for number in range(32):
        desk.place(9, True, MIDDLE - number)
    assert desk.see("orders", 9 << 96) == list(desk.resting.values())


def test_whoever_never_had_an_order_has_none(desk):
    desk.place(1, True, MIDDLE)
    assert desk.see("orders", 2 << 96) == []
    assert desk.see("orders", 0) == []


ACCOUNT = int(GOVERNOR, 16) << 96
QUESTIONS = [
    ("BookLens", "depth", (0, True, WAD, 1)),
    ("BookLens", "queue", (0, WAD, 0, 1)),
    ("BookLens", "orders", (ACCOUNT,)),
    # Each word of them is locked by itself.
    ("OrderBook", "listing_word", (0,)),
    ("OrderBook", "top_word", (0,)),
    ("OrderBook", "level_word", (0, 1_000)),
    ("OrderBook", "index_word", (0,)),
    ("OrderBook", "order_word", (1,)),
    ("OrderBook", "maker_word", (ACCOUNT,)),
    ("OrderBook", "account_of", (1,)),
]


@pytest.mark.parametrize(("name", "method", "words"), QUESTIONS)
def test_nothing_is_told_in_the_middle_of_a_call(name, method, words):
    chain = RevmChain()
    host = chain.deploy(GOVERNOR, "MockCuriousHost")
    book = chain.deploy(GOVERNOR, "OrderBook", GOVERNOR, host.address, host.address)
    lens = chain.deploy(GOVERNOR, "BookLens", book.address)
    chain.send(GOVERNOR, book, "list_instrument", 0, *LISTING)
    asked = {"BookLens": lens, "OrderBook": book}[name]
    question = codec_of(name).method(method, words).encode(words)
    chain.send(GOVERNOR, host, "ask", asked.address, question)
    chain.send(GOVERNOR, host, "reserve", 0, ACCOUNT, True, 1)
    assert chain.call(host, "is_answered")
    placement = astuple(Placement(ACCOUNT, 0, True, 5, WAD))
    chain.send(GOVERNOR, book, "place", placement, 0)
    assert not chain.call(host, "is_answered")
    # There is something to be told once the call is over.
    assert chain.call(asked, method, *words)
