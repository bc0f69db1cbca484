"""How fast the built-in crash is replayed, by its length and by who takes part."""

from collections.abc import Iterator
from dataclasses import dataclass

from keeper.chain.revm import RevmChain
from keeper.prices.file import cut
from keeper.prices.seeded import seeded_prices
from keeper.replay.command import ACCOUNTS as USUAL
from keeper.replay.command import EVERY
from keeper.replay.engine import LEAD, Options, Replay
from tests.speed.measuring import Clock, Job, Keep, Series

ACCOUNTS = 12, 24, 48
QUICK_ACCOUNTS = 8, 12
FEW, QUICK_FEW = 4, 1
"""Ticks of a replay of which the accounts are what differs."""
PIECES = 6
"""Of the whole path, each of which is measured."""
QUICK_TICKS = 4


class ReplayError(Exception):
    """A replay that is measured has violated an invariant."""


def plan(seed: int, quick: bool) -> Iterator[Job]:
    """Yield what is to be measured."""
    path = seeded_prices(seed)
    ticks = QUICK_TICKS if quick else len(range(path.start, path.end + 1, EVERY))
    piece = ticks // (2 if quick else PIECES)
    accounts = QUICK_ACCOUNTS[0] if quick else USUAL
    by_ticks = Series("replay", f"{accounts} accounts", "ticks replayed")
    yield Job(by_ticks, Replaying(accounts, seed, ticks, piece, by_accounts=False))
    few = QUICK_FEW if quick else FEW
    by_accounts = Series("replay", f"{few} ticks", "accounts")
    for accounts in QUICK_ACCOUNTS if quick else ACCOUNTS:
        yield Job(by_accounts, Replaying(accounts, seed, few, few, by_accounts=True))


@dataclass(frozen=True)
class Replaying:
    """One replay, measured piece by piece."""

    accounts: int
    seed: int
    ticks: int
    piece: int
    by_accounts: bool

    def __call__(self, keep: Keep) -> None:
        """Replay, on contracts that are deployed before."""
        path = seeded_prices(self.seed)
        path = cut(path, None, path.start + EVERY * (self.ticks - 1))
        options = Options(path, EVERY, self.accounts, 0.5, self.seed, "")
        replay = Replay(RevmChain(path.start - LEAD), options)
        result = replay.run(Pieces(replay, self, keep).look)
        if result.violation:
            raise ReplayError(result.violation.invariant)
        if not result.is_complete:
            # The replay has heard of Ctrl-C; nobody else has.
            raise KeyboardInterrupt


class Pieces:
    """What is measured of a replay as it goes on."""

    def __init__(self, replay, replaying, keep):
        self.replay, self.wanted, self.keep = replay, replaying, keep
        self.begin()

    def begin(self):
        """Begin the next piece."""
        self.done = self.count()
        self.clock = Clock()

    def count(self):
        """Return what the replay has done so far."""
        recorder = self.replay.recorder
        return {"transactions": recorder.transactions, "ticks": recorder.ticks}

    def look(self, ticks, total):
        """Measure a piece if it is over."""
        if ticks == 0:
            # Everybody has opened an account, which is not what is measured.
            self.begin()
        if ticks - self.done["ticks"] < self.wanted.piece:
            return
        counts = {unit: n - self.done[unit] for unit, n in self.count().items()}
        size = self.wanted.accounts if self.wanted.by_accounts else ticks
        self.keep(self.clock.read(size, counts))
        self.begin()
