"""A Liquidator, and a host that plays the Clearinghouse as it is told."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from keeper.chain.interface import Refused
from keeper.chain.revm import GENESIS, RevmChain
from specs import backstop

OWNERS = ["0x" + f"{n:02x}" * 20 for n in range(1, 10)]
TARGET_OWNER = "0x" + "ee" * 20
STRANGER = "0x" + "77" * 20
ALL = backstop.PARTS


def make_account(owner, number=0):
    return int(owner, 16) << 96 | number


TARGET = make_account(TARGET_OWNER, 5)
ACCOUNTS = [make_account(owner, 1) for owner in OWNERS]


HEALTH = {
    "initial_equity": 0,
    "initial_margin": 0,
    "equity": 5,
    "maintenance_margin": 12,
    "exposure": 100,
    "value": 0,
    "stale_loss": 0,
    "stale_margin": 0,
    "priced_at": GENESIS - 1,
    "is_stale": False,
    "is_diverging": False,
}
"""Of an account that is liquidatable, at prices of an earlier block."""


@dataclass
class World:
    """A liquidator, and the host that plays the Clearinghouse."""

    chain: RevmChain = field(default_factory=RevmChain)
    host: Any = None
    liquidator: Any = None

    def __post_init__(self):
        self.host = self.chain.deploy(STRANGER, "MockTakeoverHost")
        address = self.host.address
        self.liquidator = self.chain.deploy(STRANGER, "Liquidator", address, address)

    def tell(self, method, *arguments):
        self.chain.send(STRANGER, self.host, method, *arguments)

    def set_terms(
        self,
        exposure,
        parts=ALL,
        discount=0,
        bankrupt=False,
        paid=False,
        unfunded=0,
        deleveraging=False,
    ):
        due = -(-exposure * parts // ALL)
        deficit = int(unfunded > 0)
        flags = deleveraging, bankrupt
        terms = discount, exposure, due, unfunded, deficit, *flags
        self.tell("set_terms", terms, paid)

    def pledge(
        self,
        index,
        per_minute,
        per_hour=10**30,
        max_position=10**30,
        max_loss=10**30,
    ):
        sender, account = OWNERS[index], ACCOUNTS[index]
        amounts = per_minute, per_hour, max_position, max_loss
        return self.send(sender, "pledge", account, *amounts)

    def set_equity(self, account, equity):
        self.tell("set_health", account, tuple({**HEALTH, "equity": equity}.values()))

    def send(self, sender, method, *arguments):
        return self.chain.send(sender, self.liquidator, method, *arguments)

    def reason(self, sender, method, *arguments):
        """Return why a call is refused; None if it is taken."""
        try:
            self.send(sender, method, *arguments)
        except Refused as refused:
            return refused.reason
        return None

    def liquidate(self):
        return self.send(STRANGER, "liquidate", TARGET)

    def view(self, method, *arguments):
        return self.chain.call(self.liquidator, method, *arguments)

    def get_takings(self):
        return [tuple(taking)[:2] for taking in self.get_list("takings")]

    def get_portions(self):
        return self.get_list("portions")

    def get_list(self, name):
        found = []
        while True:
            try:
                found.append(self.chain.call(self.host, name, len(found)))
            except Refused:
                return found

    @contextmanager
    def undone(self):
        before = self.chain.snapshot()
        try:
            yield self
        finally:
            self.chain.revert(before)
