"""
The chain of a replay, watched: whatever is sent is checked and counted.

The keeper's runner and the actors send through the same stage. After each transaction
the world is read back from storage and compared with the one before it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from keeper.chain.interface import Block, Contract, LocalChain, Receipt
from keeper.deployment import Deployment
from keeper.errors import Halt
from keeper.mirror_ticks import Mismatch
from keeper.replay.checker import Checker
from keeper.replay.observer import Observer
from keeper.replay.recorder import Liquidation, Recorder
from specs.accounts import AccountId, Address, Settings
from specs.errors import Revert
from specs.fixed_point import Seconds
from specs.liquidator import Outcome, Sliced
from specs.order_book import Placement
from specs.quotes import SPOT
from specs.world import Action, World, take

# What touches nothing that an invariant speaks about, by contract.
ASIDE: Final = frozenset(
    (
        ("MockToken", "mint"),
        ("MockToken", "approve"),
        ("QuoteDesk", "cancel"),
    )
)

# Calls of the same name are told apart by their contract.
NAMES: Final = {("QuoteDesk", "cancel"): "cancel_quote"}

# What an invariant asks about that no storage tells.
ANSWERED: Final = frozenset(("liquidate", "reduce"))

# The specification's transitions do not know who receives the tokens.
WITH_RECEIVER: Final = frozenset(("withdraw", "borrow"))


class Stage:
    """A `Chain` that stands before a local one."""

    def __init__(
        self, chain: LocalChain, deployment: Deployment, accounts: Sequence[AccountId]
    ) -> None:
        """Begin to watch a deployment and these accounts."""
        self._chain = chain
        self._deployment = deployment
        self._observer = Observer(chain, deployment, accounts)
        self.checker = Checker()
        self.recorder = Recorder()
        self._world: World = self._observer.read(self._now)
        self._block_began_with = self._world.clearing
        self._checked: World | None = None

    @property
    def world(self) -> World:
        """Return the world as the chain stores it."""
        return self._world

    @world.setter
    def world(self, world: World) -> None:
        self._world = world

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        return self._chain.chain_id

    def block(self) -> Block:
        """Return the open block."""
        return self._chain.block()

    def at(self, name: str, address: str) -> Contract:
        """Return the contract `name` at `address`."""
        return self._chain.at(name, address)

    def call(
        self, contract: Contract, method: str, *arguments: Any, block: int | None = None
    ) -> Any:
        """Return what a view says in the open block."""
        return self._chain.call(contract, method, *arguments, block=block)

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        return self._chain.storage(address, slot)

    def code(self, address: str) -> bytes:
        """Return the code at `address`."""
        return self._chain.code(address)

    def deploy(self, sender: str, name: str, *arguments: Any) -> Contract:
        """Deploy a contract, unwatched."""
        return self._chain.deploy(sender, name, *arguments)

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction, check what it did, and count it."""
        receipt = self._chain.send(sender, contract, method, *arguments)
        call = contract.name, method
        self.recorder.add_receipt(NAMES.get(call, method), receipt)
        if call in ASIDE:
            return receipt
        self._observe(as_action(self._deployment, sender, method, arguments))
        self._note(receipt)
        return receipt

    def advance_to(self, timestamp: int) -> None:
        """Close the block and open the next one."""
        self.close_block()
        self._chain.advance_to(timestamp)
        waited = self._now - self.world.now
        after = replace(self.world, now=self._now)
        action = Action("wait", Address(0), (waited,))
        self._world = self.checker.check_step(self.world, after, action)

    def close_block(self) -> None:
        """Check the state that the block leaves, and account for the block."""
        # Nothing was sent since if it is the very world that was checked last.
        if self.world is not self._checked:
            self.checker.check_state(self.world)
            self._checked = self.world
        self.recorder.add_block(self._block_began_with, self.world.clearing)
        self._block_began_with = self.world.clearing

    @property
    def _now(self) -> Seconds:
        return Seconds(self._chain.block().timestamp)

    def _observe(self, action: Action) -> None:
        try:
            after = self._observer.read(self._now)
        except Mismatch as error:
            raise Halt(f"{action.name} at {self._now}: {error}") from None
        if action.name in ANSWERED:
            after = replace(after, answer=self._answer(action))
        self._world = self.checker.check_step(self.world, after, action)

    def _answer(self, action: Action) -> Sliced | Outcome | None:
        """Return what the specification says that a liquidation did."""
        try:
            return take(self.world, action).answer
        except Revert as refusal:
            raise Halt(f"{action.name} at {self._now}: {refusal.reason}") from None

    def _note(self, receipt: Receipt) -> None:
        """Remember what came and went, and a liquidation with what it cost others."""
        self.recorder.add_flows(receipt, self._world.clearing)
        self.recorder.add_touches(receipt)
        self.recorder.add_trades(receipt, self._world.clearing)
        self.recorder.stages.add(receipt, self._world.clearing)
        found = [event for event in receipt.events if event.name == "Liquidation"]
        deficits = [e.arguments for e in receipt.events if e.name == "BadDebt"]
        for event in found:
            lost = sum(e["reserve_paid"] + e["socialised"] for e in deficits)
            paid = sum(e["fund_paid"] for e in deficits)
            self.recorder.bad_debt += lost
            self.recorder.liquidations.append(
                Liquidation(
                    receipt.block.timestamp,
                    AccountId(event.arguments["account"]),
                    event.arguments["taken"],
                    lost + paid,
                )
            )


def as_action(
    deployment: Deployment, sender: str, method: str, arguments: Sequence[Any]
) -> Action:
    """Return what a transaction is in the specification's terms."""
    caller = Address(int(sender, 16))
    if method in ("take", "cross"):
        return as_fill(deployment, method, arguments)
    if method == "place":
        placement, max_fills = arguments
        return Action(method, caller, (Placement(*placement), max_fills))
    if method == "publish":
        return Action(method, caller)
    if method == "set_operator":
        account, operator, rights = arguments
        return Action(method, caller, (account, Address(int(operator, 16)), rights))
    if method == "set_settings":
        account, settings = arguments
        return Action(method, caller, (account, Settings(*settings)))
    if method in WITH_RECEIVER:
        return Action(method, caller, tuple(arguments[:-1]))
    return Action(method, caller, tuple(arguments))


def as_fill(deployment: Deployment, method: str, arguments: Sequence[Any]) -> Action:
    """Return the fill that the quote desk asks for."""
    account, instrument, is_buy, offered, _, price = arguments[0][:6]
    if method == "take":
        taker, size = arguments[2:4]
    else:
        taker, size = arguments[2][0], min(offered, arguments[2][3])
    buyer, seller = (account, taker) if is_buy else (taker, account)
    is_spot = instrument >= SPOT
    return Action(
        "fill_spot" if is_spot else "fill_perp",
        Address(int(deployment.quote_desk.address, 16)),
        (
            instrument - SPOT if is_spot else instrument,
            buyer,
            seller,
            size,
            price,
            is_buy,
        ),
    )
