"""
Seeded walks in which a book has orders counted, taken back and cleared, in between all
else that happens: contracts beside specification, answers and storage word by word.
"""

import random
from functools import cache

import pytest

from keeper.chain.interface import Refused
from keeper.quick import quick_records
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.instruments import SPOT, get_asset, is_spot
from specs.makers import Making
from specs.world import Action
from tests.helpers import worlds
from tests.helpers.deployers import address_of
from tests.helpers.orders import NAMES, answer_of, release, reserve, take_order
from tests.helpers.worlds import BOOK, MARKETS, UNDERLYING
from tests.stateful.bulk import Pair, differing, open_twin
from tests.stateful.walk import STARTS, Walk

INSTRUMENTS = (*MARKETS, *(SPOT + asset for asset in UNDERLYING))
ODD_INSTRUMENTS = (31, 33, SPOT, SPOT + 31)
SHARE = 0.5
"""How much of what happens is the book's."""

STEPS = 500
WALKS = 12
"""Walks of every run; by hand there are more."""


def wander_to_orders(seed, steps, step):
    """Walk from a start that the seed chooses, a book at work."""
    rng = random.Random(seed)
    world, walk = worlds.open_world(), OrderWalk(rng)
    for action in worlds.STARTS[rng.choice(STARTS)]:
        world = step(world, action)
    for _ in range(steps):
        world = step(world, walk.choose(world))
    return world


class OrderWalk(Walk):
    """Draws what a book asks for, too."""

    def choose(self, world):
        """Return an action to try in `world`."""
        if self.queue or self.rng.random() > SHARE:
            return super().choose(world)
        self.world = world
        action = self.rng.choice(
            [self.reserve, self.reserve, self.clear, self.clear, self.release]
        )()
        if self.rng.random() < 0.01:
            return Action(action.name, worlds.VENUE, action.arguments)
        return action

    def reserve(self):
        instrument, account = self.instrument(), self.account()
        return reserve(
            instrument, account, self.rng.random() < 0.5, self.size(instrument)
        )

    def release(self):
        """Return the end of some of what rests, rather of those who are in need."""
        resting = self.resting()
        if not resting:
            return release(self.instrument(), self.account(), True, 1)
        account, instrument, is_buy, size = self.rng.choice(resting)
        return release(
            instrument, account, is_buy, self.rng.choice([size, self.part(size)])
        )

    def clear(self):
        """Return a clearing of some of what rests, and of a little that does not."""
        instrument, is_buy = self.instrument(), self.rng.random() < 0.5
        met = [
            (account, size)
            for account, other, side, size in self.resting()
            if other == instrument and side != is_buy
        ]
        makings, price = [], self.price_of(instrument)
        for _ in range(self.rng.randrange(1, 7)):
            price += self.rng.choice((0, 0, price // 5_000))
            makings.append(self.making(instrument, met, price))
        taker = self.account()
        return Action("clear", BOOK, (instrument, taker, is_buy, tuple(makings)))

    def making(self, instrument, met, price):
        account, size = self.account(), self.size(instrument)
        if met and self.rng.random() < 0.9:
            account, size = self.rng.choice(met)
            size = self.rng.choice([size, size, self.part(size)])
        return Making(account, size, price, self.rng.random() < 0.2)

    def instrument(self):
        return self.spiced(self.rng.choice(INSTRUMENTS), ODD_INSTRUMENTS)

    def resting(self):
        """Return accounts, instruments, sides and sizes of all that rests."""
        return [
            (name, instrument, is_buy, size)
            for name, held in self.world.clearing.accounts.items()
            for instrument, orders in held.orders.items()
            for is_buy, size in ((True, orders.bids), (False, orders.asks))
            if size
        ]

    def size(self, instrument):
        worth = self.rng.choice((500, 5_000, 20_000)) * WAD * self.rng.random()
        if instrument not in INSTRUMENTS:
            return self.rng.randrange(10)
        size = int(worth / self.price_of(instrument) * WAD)
        if not is_spot(instrument):
            size //= 10 ** worlds.LOT_EXPONENTS[instrument]
        return self.spiced(size, (0, 1, 2**56, 2**56 + 1, 10**30, 2**255))

    def price_of(self, instrument):
        if instrument not in INSTRUMENTS:
            return WAD
        spot = is_spot(instrument)
        return self.price(get_asset(instrument) if spot else UNDERLYING[instrument])


class OrderPair(Pair):
    """One walk of both, a book at work."""

    def take(self, world, action):
        """Take an action in both; return the next world."""
        if action.name not in NAMES:
            return super().take(world, action)
        self.step, self.action = self.step + 1, action
        try:
            after, cleared = take_order(world, action)
            outcome = answer_of(cleared)
            told = summary(cleared)
        except Revert as revert:
            after, outcome = world, revert.reason
            told = outcome
        answer = self.answer(action)
        if answer != outcome:
            self.expect([f"specification: {outcome}, contract: {answer}"])
        if self.step % self.interval == 0:
            self.expect(differing(after, self.twin))
        self.met[f"{action.name}: {told}"] += 1
        return after

    def answer(self, action):
        """Return what the contract answers, or why it refuses."""
        made = self.twin.made
        *plain, last = action.arguments
        if action.name == "clear":
            last = [tuple(vars(making).values()) for making in last]
        caller = address_of(action.caller)
        home = made.contracts["Clearinghouse"]
        try:
            receipt = made.chain.send(caller, home, action.name, *plain, last)
        except Refused as refused:
            return refused.reason
        return receipt.result


def summary(cleared):
    """Return what became of an action that was not refused."""
    if cleared is None:
        return "taken"
    if cleared.stop:
        return f"stopped, {cleared.stop.reason}"
    return "filled" if any(cleared.filled) else "passed over"


@cache
def get_twin():
    return open_twin()


def walk(seed, interval=100, steps=STEPS):
    """Walk beside; return what was met."""
    with quick_records():
        return OrderPair(get_twin(), seed, interval, wander_to_orders).walk(steps)


MET = {
    "reserve: taken",
    "reserve: below initial margin",
    "reserve: unknown market",
    "reserve: not a venue",
    "reserve: amount too large",
    "reserve: stale price",
    "release: taken",
    "release: amount too large",
    "clear: filled",
    "clear: passed over",
    "clear: below initial margin",
    "clear: amount too large",
    "clear: stopped, paused",
    "clear: stopped, utilisation too high",
    "liquidate: orders open",
}


@pytest.mark.parametrize("seed", range(WALKS))
def test_walks_of_a_book_are_those_of_the_specification(seed):
    walk(seed)


def test_walks_of_a_book_meet_what_can_become_of_an_order():
    missing = set(MET)
    for seed in range(100, 200):
        if not missing:
            break
        missing -= walk(seed).keys()
    assert not missing
