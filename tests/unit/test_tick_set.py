"""Tick set: interest and sums as a loop over all positions has them, exactly."""

from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest

from keeper.chain.interface import Refused
from specs import errors, grid
from specs.packing import GROWTH, SIZE, TICK, WINNERS, unpack
from tests.helpers import harness as harnesses

ONE = 2**60
TOP = grid.get_price(grid.MAX_TICK)
OPEN_INTEREST = 2**64 - 3
STEPS = 450
SUMMARY = 256


@pytest.fixture(scope="module")
def deployed():
    return harnesses.deploy("TickSetHarness")


@pytest.fixture
def module(deployed):
    before = deployed.chain.snapshot()
    yield deployed
    deployed.chain.revert(before)


@dataclass
class Position:
    """A position, what its definition says that it has earned, and its snapshot."""

    tick: int
    lots: int
    snapshot: tuple[int, int]
    lend: int = 0
    borrow: int = 0


class Book:
    """A market of the contract beside a list of its positions."""

    def __init__(self, module, market=0):
        self.module, self.market = module, market
        self.positions = []
        self.cursor = 0
        self.weights = self.booked = (ONE, ONE)
        module.send("set_open_interest", market, OPEN_INTEREST)
        module.send("book", market, *self.weights)

    def send(self, method, *arguments):
        return self.module.send(method, self.market, *arguments)

    def read(self, method, *arguments):
        return self.module(method, self.market, *arguments)

    def gain(self, position):
        return position.lots * (self.cursor - grid.get_price(position.tick))

    def earned(self, tick, lots):
        return self.read("earned", tick, lots > 0, *self.weights)

    def enter(self, tick, lots):
        position = Position(tick, lots, self.earned(tick, lots))
        self.send("change", tick, lots > 0, lots)
        self.positions.append(position)
        return position

    def leave(self, position, lots):
        """Leave with `lots`; the rest has its interest settled, as on any touch."""
        self.check_interest(position)
        self.send("change", position.tick, lots > 0, -lots)
        position.lots -= lots
        position.lend = position.borrow = 0
        position.snapshot = self.earned(position.tick, lots)
        if position.lots == 0:
            self.positions.remove(position)

    def accrue(self, *weights):
        """Let interest accrue until the indices have these weights."""
        lend_fall, borrow_fall = (
            old - new for old, new in zip(self.weights, weights, strict=True)
        )
        for position in self.positions:
            position.lend += max(0, self.gain(position)) * lend_fall
            position.borrow += max(0, -self.gain(position)) * borrow_fall
        self.weights = weights

    def book(self):
        self.send("book", *self.weights)
        self.booked = self.weights

    def cross(self, target, limit):
        """Move the cursor on both sides; return how many ticks it crossed."""
        low, high = sorted([self.cursor, target])
        prices = {grid.get_price(position.tick) for position in self.positions}
        ahead = sorted(price for price in prices if low <= price < high)
        reached = target
        if len(ahead) > limit:
            reached = ahead[limit] if target > self.cursor else ahead[-limit]
        crossed = min(limit, len(ahead))
        self.book()
        assert self.send("cross", target, limit) == (reached, crossed)
        self.cursor = reached
        return crossed

    def check_interest(self, position):
        """Compare what a position has earned and owes, to the last unit."""
        now = self.earned(position.tick, position.lots)
        lend, borrow = (
            abs(position.lots) * self.module("difference", *pair)
            for pair in zip(now, position.snapshot, strict=True)
        )
        assert (lend, borrow) == (position.lend, position.borrow)

    def check_sums(self, exponent=12):
        gains = [self.gain(position) for position in self.positions]
        winners = sum(max(0, gain) for gain in gains)
        losers = sum(max(0, -gain) for gain in gains)
        scale = 10 ** (exponent - 12)
        found = self.read("gains", exponent)
        assert found == (winners * scale, losers * scale)
        assert self.read("cursor") == self.cursor
        assert self.read("market_cursor") >> 176 == self.cursor

    def check_storage(self):
        """Compare what is stored with what its names say."""
        longs, shorts, words = Counter(), Counter(), Counter()
        win, lose = [0, 0], [0, 0]
        for position in self.positions:
            tick, lots, price = (
                position.tick,
                position.lots,
                grid.get_price(position.tick),
            )
            (longs if lots > 0 else shorts)[tick] += abs(lots)
            sums, sign = (win, 1) if (self.cursor > price) == (lots > 0) else (lose, -1)
            sums[0] += sign * lots
            sums[1] -= sign * lots * price
        winners = {"winners_lots": win[0], "winners_cost": win[1]}
        assert unpack(self.read("market_winners"), WINNERS) == winners
        losers = {"losers_lots": lose[0], "losers_cost": lose[1]}
        assert unpack(self.read("market_size"), SIZE) == {
            **losers,
            "open_interest": OPEN_INTEREST,
        }

        for tick in {*longs, *shorts}:
            size = {"longs": longs[tick], "shorts": shorts[tick]}
            assert unpack(self.read("tick_size", tick), TICK) == size
            words[tick >> 8] |= 1 << (tick & 255)
        words[SUMMARY] = sum(1 << word for word in words)
        for word in range(SUMMARY + 1):
            assert self.read("tick_map", word) == words[word], word

    def check(self):
        for position in self.positions:
            self.check_interest(position)
        self.check_sums()
        self.check_storage()


def at(tick):
    return grid.get_price(tick)


def enter(module, tick, lots):
    module.send("change", 0, tick, lots > 0, lots)


# Where entries and prices are: from tick, to tick.
REGIONS = {
    "a few ticks": (12_345, 12_351),
    "within a word": (20_480, 20_735),
    "on both sides of a word's end": (10_230, 10_250),
    "over many words": (9_000, 15_000),
    "the bottom": (0, 40),
    "the top": (grid.MAX_TICK - 30, grid.MAX_TICK),
    "everything": (0, grid.MAX_TICK),
    "a few words' ends": (255, 1024),
}


def draw_tick(random, low, high):
    tick = random.choice([low, high, random.randint(low, high)])
    if random.random() < 0.3:
        tick = (tick & ~255) + random.choice([-1, 0, 255, 256])
    return min(max(tick, low), high)


def draw_price(random, low, high):
    price = at(draw_tick(random, low, high)) + random.choice([0, 0, 0, -1, 1])
    if random.random() < 0.1:
        price = random.choice([0, 1, 511, 512, 513, TOP])
    if random.random() < 0.2:
        price = random.randint(at(low), at(high))
    return min(price, TOP)


def draw_weights(random, book):
    """Fall a little or a lot; now and then bad debt lets lenders' rise."""
    lend, borrow = book.weights
    if random.random() < 0.15:
        return lend + random.randrange(1 + (lend >> random.randint(7, 40))), borrow
    falls = [
        random.randrange(1 + (old >> random.randint(3, 50))) for old in (lend, borrow)
    ]
    if random.random() < 0.2:
        falls[random.randrange(2)] = 0
    return lend - falls[0], borrow - falls[1]


def take_step(random, book, low, high):
    action = random.random()
    positions = book.positions
    if action < 0.3 and len(positions) < 25:
        lots = random.choice([1, 7, 10**6, 2**56]) * random.choice([1, -1])
        if random.random() < 0.5:
            tick = draw_tick(random, low, high)
        else:
            tick = random.choice([grid.tick_down, grid.tick_up])(book.cursor)
        book.enter(tick, lots)
    elif action < 0.45 and positions:
        position = random.choice(positions)
        part = random.choice(
            [abs(position.lots), random.randint(1, abs(position.lots))]
        )
        book.leave(position, part if position.lots > 0 else -part)
    elif action < 0.7:
        book.accrue(*draw_weights(random, book))
        if random.random() < 0.3:
            book.book()
    else:
        target = draw_price(random, low, high)
        limit = random.choice([1, 1, 2, 3, 5, 100])
        crossed = book.cross(target, limit)
        # Most go on at once, as the next call would; some are left on the way.
        while book.cursor != target and random.random() < 0.6:
            assert crossed == limit
            book.accrue(*draw_weights(random, book))
            crossed = book.cross(target, limit)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("region", REGIONS)
def test_everybody_earns_what_a_loop_would_give_them(module, region, seed):
    low, high = REGIONS[region]
    random = Random(f"{region} {seed}")
    others = Book(module, market=1)
    others.cross(at(low), 1)
    witness = others.enter(low, 5)

    book = Book(module)
    for tick in range(low, min(high + 1, low + 50)):
        # What is left where nobody is may be anything, and sums may wrap.
        book.send("set_growth", tick, random.getrandbits(256), random.getrandbits(256))
    for step in range(STEPS):
        take_step(random, book, low, high)
        book.check_sums(random.randint(12, 18))
        if book.positions:
            book.check_interest(random.choice(book.positions))
        if step % 15 == 0:
            book.check()
    book.check()
    assert others.read("tick_size", low) == 5 << 64
    others.check_interest(witness)
    others.check()

    for position in list(book.positions):
        book.leave(position, position.lots)
    book.check()
    assert book.read("market_winners") == 0
    assert book.read("market_size") == OPEN_INTEREST


@pytest.mark.parametrize("lots", [3, -3])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_who_enters_beside_or_at_the_cursor(module, lots, side):
    """At the cursor itself nobody earns; longs are with the losers, by convention."""
    book = Book(module)
    book.cross(at(9000) + side, 1)
    book.enter(9000, lots)
    book.check()
    book.accrue(ONE // 2, ONE // 3)
    book.check()
    is_winning = (side > 0) == (lots > 0)
    assert (book.read("market_winners") != 0) == is_winning
    for target in (at(9000), at(9000) + 1, at(9000), at(9000) - 1, at(9000)):
        book.cross(target, 1)
        book.accrue(book.weights[0] - 10**9, book.weights[1] - 10**10)
        book.check()


def test_a_cursor_stops_at_the_first_tick_that_it_may_not_cross(module):
    book = Book(module)
    ticks = [4000, 4090, 4100, 5000, 9000]
    for tick in ticks:
        book.enter(tick, 1)
    assert book.send("cross", TOP, 2) == (at(4100), 2)
    assert book.send("cross", TOP, 2) == (at(9000), 2)
    assert book.send("cross", TOP, 1) == (TOP, 1)
    assert book.send("cross", TOP, 1) == (TOP, 0)


def test_a_falling_cursor_stops_at_the_last_tick_that_it_crossed(module):
    book = Book(module)
    ticks = [0, 4000, 4090, 4100, 5000]
    for tick in ticks:
        book.enter(tick, -1)
    book.cross(TOP, 5)
    assert book.send("cross", 0, 2) == (at(4100), 2)
    assert book.send("cross", 0, 2) == (at(4000), 2)
    # The last one is at the target itself: crossed, since its price is below it.
    assert book.send("cross", at(0), 1) == (at(0), 1)
    assert book.send("cross", 0, 1) == (0, 0)


def test_a_cursor_that_may_cross_nothing_comes_to_the_next_tick_at_most(module):
    book = Book(module)
    for tick in (4000, 4100):
        book.enter(tick, 1)
    assert book.send("cross", TOP, 0) == (at(4000), 0)
    assert book.send("cross", at(4050), 1) == (at(4050), 1)
    assert book.send("cross", 0, 0) == (at(4050), 0)
    assert book.read("cursor") == at(4050)


def test_a_long_way_in_one_call(module):
    book = Book(module)
    for tick in range(7000, 7600, 2):
        book.enter(tick, 1 if tick % 3 else -1)
    for target in (TOP, 0):
        assert book.cross(target, 300) == 300
        book.accrue(book.weights[0] - 10**9, book.weights[1] - 10**10)
        book.check()


def test_growth_before_a_crossing_stays_with_the_old_weights(module):
    """Weights are booked at the price at which interest accrued."""
    book = Book(module)
    book.cross(at(800), 1)
    long, short = book.enter(700, 2), book.enter(900, -2)
    book.accrue(ONE - 10**6, ONE - 10**7)
    book.cross(at(1000), 5)
    book.check()
    book.accrue(ONE - 10**8, ONE - 10**9)
    book.check()
    assert long.lend == 2 * (
        (at(800) - at(700)) * 10**6 + (at(1000) - at(700)) * 99 * 10**6
    )
    assert short.lend == 2 * (at(900) - at(800)) * 10**6
    assert short.borrow == 2 * (at(1000) - at(900)) * 99 * 10**7


def test_booking_changes_nothing_that_is_earned(module):
    book = Book(module)
    book.cross(at(800), 1)
    positions = [book.enter(tick, lots) for tick in (700, 900) for lots in (2, -2)]
    book.accrue(ONE - 10**6, ONE - 10**7)
    before = [book.earned(each.tick, each.lots) for each in positions]
    book.book()
    assert [book.earned(each.tick, each.lots) for each in positions] == before
    words = book.read("market_growth"), book.read("market_cursor")
    book.book()
    assert (book.read("market_growth"), book.read("market_cursor")) == words
    assert unpack(words[0], GROWTH) == {
        "lend": at(800) * 10**6,
        "borrow": at(800) * 10**7,
    }


def test_bad_debt_runs_gains_backwards(module):
    book = Book(module)
    book.cross(at(800), 1)
    long = book.enter(700, 3)
    book.accrue(ONE + 10**6, ONE)
    book.check()
    assert long.lend == -3 * (at(800) - at(700)) * 10**6


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("tick", "most"), [(7, 2**63), (grid.MAX_TICK, 2**127 // TOP)])
def test_sums_that_do_not_fit_are_refused(module, tick, most, sign):
    """Lots at a low price, their cost at a high one."""
    with pytest.raises(Refused, match=errors.AmountTooLarge.reason):
        enter(module, tick, sign * (most + 1))
    enter(module, tick, sign * most)


@pytest.mark.parametrize(("tick", "other", "sign"), [(7, 2, 1), (3, 8, -1)])
def test_sizes_that_do_not_fit_are_refused(module, tick, other, sign):
    """The sums could hold these, since longs and shorts that lose cancel out."""
    module.send("cross", 0, at(5), 1)
    enter(module, 7, 2**63)
    enter(module, 3, -(2**63))
    enter(module, other, -sign * 2**62)
    enter(module, tick, sign * (2**63 - 1))
    with pytest.raises(Refused, match=errors.AmountTooLarge.reason):
        enter(module, tick, sign)


def test_weights_that_do_not_fit_are_refused(module):
    for weights in ((2**64, ONE), (ONE, 2**64)):
        with pytest.raises(Refused, match=errors.AmountTooLarge.reason):
            module.send("book", 0, *weights)


@pytest.mark.parametrize("lots", [5, -5])
def test_nobody_leaves_with_more_than_is_there(module, lots):
    enter(module, 7, lots)
    enter(module, 7, -3 * lots)
    with pytest.raises(Refused):
        module.send("change", 0, 7, lots > 0, -lots - lots // 5)
    module.send("change", 0, 7, lots > 0, -lots)
    with pytest.raises(Refused):
        module.send("change", 0, 7, lots > 0, -lots // 5)
