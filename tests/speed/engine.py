"""How many calls a second the compiled engine takes, and what our codec adds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keeper.chain.codec import codec_of
from specs.accounts import USDC
from tests.helpers import worlds
from tests.helpers.deployers import address_of
from tests.speed.measuring import Clock, Job, Keep, Series
from tests.stateful.bulk import attempt, open_twin

CALLS, QUICK_CALLS = 20_000, 300

MANY = 50
"""Times as many words are read: one takes a fraction of a microsecond."""

WORD = "word of storage"
VIEW, VIEW_CODED = "balanceOf", "balanceOf, with codec"
DEPOSIT, DEPOSIT_CODED = "deposit", "deposit, with codec"
DEPOSIT_TOLD = "deposit, with events"
REALISE = "realise 8 accounts"
KINDS = WORD, VIEW, VIEW_CODED, DEPOSIT, DEPOSIT_CODED, DEPOSIT_TOLD, REALISE


def plan(seed: int, quick: bool) -> Iterator[Job]:
    """Yield what is to be measured; nothing of it is random."""
    for kind in KINDS:
        calls = (QUICK_CALLS if quick else CALLS) * (MANY if kind == WORD else 1)
        yield Job(Series("engine", kind, "calls"), Calling(kind, calls))


@dataclass(frozen=True)
class Calling:
    """The same call many times."""

    kind: str
    calls: int

    def __call__(self, keep: Keep) -> None:
        """Call, where a market is at work."""
        call = calls_of(open_market())[self.kind]
        call()
        clock = Clock()
        for _ in range(self.calls):
            call()
        keep(clock.read(self.calls, {"calls": self.calls}))


def open_market():
    """Return contracts at which a market is at work."""
    twin, world = open_twin(), worlds.open_world()
    for action in worlds.STARTS["a market at work"]:
        world, refusal = attempt(world, action)
        if twin.send(world, action) != refusal:
            raise AssertionError(action)
    return twin


def calls_of(twin) -> dict[str, Callable[[], object]]:
    """Return what is called, by kind."""
    chain, house = twin.made.chain, twin.made.contracts["Clearinghouse"]
    token, lender = twin.made.tokens[USDC], worlds.lender
    sender = address_of(lender >> 96)
    deposit = lender, USDC, 10**6
    realise = 0, list(worlds.ACCOUNTS)

    def data(contract, method, arguments):
        return codec_of(contract.name).method(method, arguments).encode(arguments)

    asked = data(token, "balanceOf", (house.address,))
    deposited = data(house, "deposit", deposit)
    realised = data(house, "realise", realise)
    raw, at = chain.send_raw, house.address
    return {
        WORD: lambda: chain.storage(at, 0),
        VIEW: lambda: raw(sender, token.address, asked),
        VIEW_CODED: lambda: chain.call(token, "balanceOf", at),
        DEPOSIT: lambda: raw(sender, at, deposited),
        DEPOSIT_CODED: lambda: chain.post(sender, house, "deposit", *deposit),
        DEPOSIT_TOLD: lambda: chain.send(sender, house, "deposit", *deposit),
        REALISE: lambda: raw(sender, at, realised),
    }
