"""A liquidation for keepers to work at, on the specification or on the contracts."""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

from keeper.chain.interface import Block, Contract, Receipt, Refused
from keeper.discovery import Given
from keeper.jobs.watch import Snapshot, Watch
from specs import liquidator, slice_code
from specs import world as worlds_of
from specs.accounts import USDC, compute_account, get_position
from specs.errors import Revert
from specs.fixed_point import WAD, Lots, Wad
from specs.order_book import Placement
from specs.world import Action
from tests.helpers.deployers import address_of
from tests.helpers.worlds import (
    ACCOUNTS,
    ASSETS,
    BTC,
    ETH,
    MARKETS,
    PRICES,
    bear,
    bull,
    lender,
    own,
    publish,
    trade,
)
from tests.stateful.book_twin import open_book_twin
from tests.stateful.book_walk import open_book

HOME = Contract("Clearinghouse", "0x" + "11" * 20)
LIQUIDATOR = Contract("Liquidator", "0x" + "33" * 20)
BOOK = Contract("OrderBook", "0x" + "44" * 20)

FALLEN = {BTC: 58_700 * WAD, ETH: 2_470 * WAD}
"""Below the bull's maintenance margin, and above the backstop's."""

SUNK = {BTC: 58_300 * WAD, ETH: 2_446 * WAD}
"""Below a quarter of it."""


def bid(market, price, lots):
    """Return a bid of the lender's, down to a whole USDC."""
    price = Wad(price - price % WAD)
    placement = Placement(lender, market, True, Lots(lots), price)
    return Action("place", lender >> 96, (placement, 1))


KEEPERS = (0xC1 << 96, 0xC2 << 96)
REWARDED = tuple(compute_account(keeper, 0) for keeper in KEEPERS)
"""Accounts of two keepers, who have nothing at first."""

HELD = {0: 10_000, 1: 20_000}
"""Lots that the bull is long: a BTC, and 20 ETH."""

# A bull of two legs, on a tenth of its size in margin.
TWO_LEGS = [
    *publish(PRICES),
    own("deposit", lender, USDC, 500_000 * 10**6),
    own("deposit", bear, USDC, 500_000 * 10**6),
    own("deposit", bull, USDC, 3_000 * 10**6),
    trade(0, bull, bear, HELD[0], PRICES[BTC]),
    trade(1, bull, bear, HELD[1], PRICES[ETH]),
]

# It is due, and somebody bids for both.
DUE = [
    *TWO_LEGS,
    *publish(FALLEN),
    bid(0, FALLEN[BTC] * 9_995 // 10_000, 20_000),
    bid(1, FALLEN[ETH] * 9_995 // 10_000, 40_000),
    Action("wait", lender >> 96, (1,)),
]

# It is nearly ruined, and nobody bids.
BEYOND = [*TWO_LEGS, *publish(SUNK), Action("wait", lender >> 96, (1,))]


@dataclass
class SpecChain:
    """A chain that is the specification: what it takes, it takes at once."""

    world: worlds_of.World
    number: int = 1
    chain_id: int = 1

    def block(self):
        return Block(self.number, self.world.now)

    def wait(self, seconds):
        self.number += 1
        self.world = replace(self.world, now=self.world.now + seconds)

    def play(self, *actions):
        """Take actions, of which each that waits opens a block."""
        for action in actions:
            self.number += action.name == "wait"
            self.world = worlds_of.take(self.world, action)

    def call(self, contract, method, *arguments):
        views = {
            "can_flag": lambda name: slice_code.can_flag(
                self.world.clearing, name, self.world.now
            ),
            "can_reduce": lambda name, instrument: liquidator.can_reduce(
                self.world.clearing,
                self.world.liquidator,
                name,
                instrument,
                self.world.now,
            ),
            "can_liquidate": lambda name: liquidator.can_liquidate(
                self.world.clearing, self.world.liquidator, name, self.world.now
            ),
        }
        if method in views:
            return views[method](*arguments)
        self._take("0x" + "00" * 20, method, arguments)
        return None

    def send(self, sender, contract, method, *arguments):
        self.world = self._take(sender, method, arguments)
        return Receipt(None, self.block(), None, ())

    def _take(self, sender, method, arguments):
        caller = int(sender, 16)
        words = tuple(tuple(a) if isinstance(a, list) else a for a in arguments)
        try:
            return worlds_of.take(self.world, Action(method, caller, words))
        except Revert as refusal:
            raise Refused(refusal.reason) from None


@dataclass
class SpecWatch:
    """Reads the specification's state of a chain, which need not be the one asked."""

    chain: SpecChain
    clearinghouse: Contract = HOME

    def read(self, _chain, _block):
        return Snapshot(self.chain.world.now, self.chain.world.clearing)


@dataclass
class SpecScene:
    """The specification as a chain, with all that a keeper has to know of it."""

    chain: SpecChain
    home = HOME
    liquidator = LIQUIDATOR
    book = BOOK
    address = staticmethod(address_of)

    @property
    def watch(self):
        return SpecWatch(self.chain)

    @property
    def world(self):
        return self.chain.world

    def wait(self, seconds):
        self.chain.wait(seconds)

    def play(self, *actions):
        self.chain.play(*actions)


@contextmanager
def open_spec(actions):
    """Yield a scene at which these actions were played."""
    chain = SpecChain(open_book())
    chain.play(*actions)
    yield SpecScene(chain)


class ChainScene:
    """Contracts on a chain, beside a world that only says what is published when."""

    address = staticmethod(address_of)

    def __init__(self, twin):
        made = twin.made
        self.twin, self.chain = twin, made.chain
        names = ("Clearinghouse", "Liquidator", "OrderBook")
        self.home, self.liquidator, self.book = (made.contracts[name] for name in names)
        self.watch = Watch(self.home, ASSETS, MARKETS, Given((*ACCOUNTS, *REWARDED)))
        scope = replace(twin.scope, accounts=(*twin.scope.accounts, *REWARDED))
        twin.scope = scope
        self.opened = open_book()

    @property
    def world(self):
        now = self.chain.block().timestamp
        return replace(self.twin.read(self.opened), now=now)

    def wait(self, seconds):
        self.play(Action("wait", lender >> 96, (seconds,)))

    def play(self, *actions):
        for action in actions:
            if action.name in ("wait", "publish"):
                self.opened = worlds_of.take(self.opened, action)
            assert self.twin.send(self.opened, action) is None, action


@cache
def get_twin():
    """Return contracts in which nobody has done anything."""
    return open_book_twin()


@contextmanager
def open_contracts(actions):
    """Yield a scene at which these actions were played, and undo it."""
    twin = get_twin()
    scope, before = twin.scope, twin.made.chain.snapshot()
    try:
        scene = ChainScene(twin)
        scene.play(*actions)
        yield scene
    finally:
        twin.scope = scope
        twin.made.chain.revert(before)


def lots_of(world, account=bull):
    """Return the lots that an account has in each market."""
    held = world.clearing.accounts[account]
    return {market: get_position(held, market).lots for market in HELD}
