"""
A stage that does not watch everything: with hundreds of accounts it would take hours.

In every so manieth tick each transaction is checked as on any stage, and the state once
but for what is looked at in the end only, as it takes the square of the accounts (I41).
In the ticks between only what takes over or deleverages is checked, and every
``SLICES``-th slice. What others send there goes through unwatched; the world is read
back from storage when somebody asks for it, at the end of each block at the latest.

What rounding may have left meanwhile is counted from events, never less than the
specification would count: two wei for each fill of a position, and for each the
positions that both sides may have.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from keeper.chain.interface import Contract, LocalChain, Receipt
from keeper.deployment import Deployment
from keeper.errors import Halt
from keeper.mirror_ticks import Mismatch
from keeper.parameters import MARKETS
from keeper.replay.stage import ASIDE, NAMES, Stage
from specs.accounts import AccountId, Address
from specs.instruments import is_spot
from specs.world import Action, World

ALWAYS: Final = frozenset(("liquidate",))
"""What is checked whenever it is called."""

LAST: Final = frozenset(("I41",))
"""What is asked of the last state only."""

SLICE: Final = "reduce"
SLICES: Final = 20
"""Of so many slices one is checked."""

ON_BOOK: Final = frozenset(("OrderFill", "SliceFill"))
"""Events of fills on the book."""

DUST: Final = 2
"""Wei that a fill leaves with a market's fund at most."""

CRUMBS: Final = 2 * len(MARKETS)
"""Scaled units by which a fill's touches put the pool's totals off at most."""


class SampledStage(Stage):
    """Watches some ticks, and all liquidations."""

    is_watching: bool = True
    """Whether every transaction is checked at the moment."""

    due: frozenset[AccountId] = frozenset()
    """Who is below maintenance margin, or was liquidated lately."""

    def __init__(
        self, chain: LocalChain, deployment: Deployment, accounts: Sequence[AccountId]
    ) -> None:
        """Begin to watch a deployment and these accounts."""
        self._unseen: list[tuple[int, Receipt]] = []
        self._is_whole = True
        self._slices = 0
        super().__init__(chain, deployment, accounts)

    @property
    def world(self) -> World:
        """Return the world, of which the clearinghouse at least is as it is stored."""
        if self._unseen:
            self._catch_up()
        return self._world

    @world.setter
    def world(self, world: World) -> None:
        self._world = world

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction, and check what it did if it is watched."""
        if self._is_watched(method):
            self.look()
            return super().send(sender, contract, method, *arguments)
        receipt = self._chain.send(sender, contract, method, *arguments)
        call = contract.name, method
        self.recorder.add_receipt(NAMES.get(call, method), receipt)
        if call not in ASIDE:
            batch = len(arguments[1]) if method == "realise" else 0
            self._unseen.append((batch, receipt))
            self._note(receipt)
        return receipt

    def advance_to(self, timestamp: int) -> None:
        """Close the block and open the next one."""
        self.close_block()
        self._chain.advance_to(timestamp)
        if not self.is_watching:
            self._world = replace(self._world, now=self._now)
            return
        waited = self._now - self._world.now
        after = replace(self._world, now=self._now)
        action = Action("wait", Address(0), (waited,))
        self._world = self.checker.check_step(self._world, after, action)

    def close_block(self) -> None:
        """Account for the block; what it leaves is checked by `check_now`."""
        after = self.world.clearing
        self.recorder.add_block(self._block_began_with, after)
        self._block_began_with = after

    def check_now(self, *, is_last: bool) -> None:
        """Check the state as it stands, whether it is watched or not."""
        self.look()
        self.checker.check_state(self._world, frozenset() if is_last else LAST)

    def look(self) -> None:
        """Read everything anew unless it is known."""
        if self._is_whole and not self._unseen:
            return
        self._catch_up()
        ghosts = self._world
        try:
            after = self._observer.read(self._now)
        except Mismatch as error:
            raise Halt(f"unwatched until {self._now}: {error}") from None
        self._world = replace(after, dust=ghosts.dust, crumbs=ghosts.crumbs)
        self._is_whole = True

    def _is_watched(self, method: str) -> bool:
        if method == SLICE:
            self._slices += 1
            return self.is_watching or self._slices % SLICES == 0
        return self.is_watching or method in ALWAYS

    def _catch_up(self) -> None:
        """Read the clearinghouse, and count what rounding may have left meanwhile."""
        try:
            after = self._observer.glance(self._world, self._now)
        except Mismatch as error:
            raise Halt(f"unwatched until {self._now}: {error}") from None
        dust, crumbs = dict(self._world.dust), self._world.crumbs + 1
        for batch, receipt in self._unseen:
            crumbs += batch
            for market in find_fills(receipt):
                dust[market] = dust.get(market, 0) + DUST
                crumbs += CRUMBS
        self._unseen.clear()
        self._is_whole = False
        self._world = replace(after, dust=dust, crumbs=crumbs)


def find_fills(receipt: Receipt) -> list[int]:
    """Return the market of each fill of a position that a transaction's events tell."""
    found = []
    for event in receipt.events:
        told = event.arguments
        if event.name == "PerpFill":
            found.append(told["market"])
        elif event.name in ON_BOOK and not is_spot(told["instrument"]):
            found.append(told["instrument"])
    return found
