"""
A replay: the protocol deployed on a local chain, people in it, and the keeper at work.

Chain time is the path's time. Every tick is two blocks: at its time the keeper
publishes, ticks and realises, and then people trade; a second later the keeper
liquidates, which the contracts refuse at prices of the same second.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from eth_account.signers.local import LocalAccount

from keeper.chain.interface import LocalChain, Refused
from keeper.client.client import Client
from keeper.deployment import Deployment, deploy
from keeper.discovery import Given
from keeper.errors import Halt
from keeper.job import KNOWN, Job
from keeper.jobs.liquidate import Liquidate
from keeper.jobs.publish import Publish
from keeper.jobs.realise import Realise
from keeper.jobs.reduce import Reduce
from keeper.jobs.sweep import Sweep
from keeper.jobs.tick import Tick
from keeper.jobs.watch import Watch
from keeper.parameters import ASSETS, BOOKS, MARKETS, PUBLISHERS
from keeper.prices import PricePath
from keeper.prices.file import show_time
from keeper.publishers import Panel
from keeper.quick import quick_records
from keeper.replay.actors import Actor, View, choose, hold
from keeper.replay.cast import cast
from keeper.replay.recorder import Recorder
from keeper.replay.report_json import Result, Violation
from keeper.replay.stage import Stage
from keeper.replay.wallets import Wallet
from keeper.runner import Runner
from keeper.signing import local_account
from specs import accounts as acc
from specs.accounts import BACKSTOP_FUND, USDC, AccountId, Address, compute_account
from specs.fixed_point import Seconds

LEAD: Final = 60
"""Seconds between the deployment and the first price."""

LEAST_STEP: Final = 2
"""A tick takes two blocks, and blocks are a second apart."""

MOST_DUE: Final = 200
"""Accounts that are liquidated in a tick, of each stage: all, in a crash."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """What to replay."""

    path: PricePath
    every: int
    accounts: int
    auto_realize: float
    """The share of accounts whose profit and loss the keeper realises."""
    seed: int
    command: str
    """How to start the same replay, but for ``--to``."""


class People(Protocol):
    """Everybody who takes part."""

    @property
    def actors(self) -> Sequence[Actor]:
        """Return them in the order in which they act."""
        ...

    @property
    def accounts(self) -> dict[AccountId, str]:
        """Return the role of every account."""
        ...

    @property
    def wallets(self) -> Sequence[Wallet]:
        """Return every wallet once."""
        ...


class Replay:
    """One replay on one chain."""

    def __init__(
        self, chain: LocalChain, options: Options, people: People | None = None
    ) -> None:
        """Deploy everything on an empty chain, for some people or the usual cast."""
        self.options = options
        usual = options.accounts, options.seed, options.auto_realize
        self.cast: People = people or cast(*usual)
        keys = [local_account(f"publisher {i}") for i in range(PUBLISHERS)]
        governor, keeper = local_account("governor"), local_account("keeper")
        for key in (governor, keeper, *(w.signer for w in self.cast.wallets)):
            unlock(chain, key)
        self.deployment: Deployment = deploy(
            chain,
            governor.address,
            [key.address for key in keys],
        )
        # The keeper's own account gets its share of what liquidation costs.
        self.reward = compute_account(Address(int(keeper.address, 16)), 0)
        known = [*self.cast.accounts, self.reward, BACKSTOP_FUND]
        self.stage = self._open_stage(chain, known)
        self.client = Client(self.stage, self.deployment)
        panel = self._open_panel(keys)
        watch = self._open_watch(known)
        jobs = make_jobs(self.deployment, options, panel, watch)
        self._publish, self._tick, self._realise = jobs
        self._liquidating = self._make_liquidating(watch)
        everything: list[Job[Any]] = [*jobs, *self._liquidating]
        self._runner = Runner(self.stage, everything, keeper.address, chain.chain_id)
        self.work: Callable[[Job[Any]], object] = self._runner.work

    @property
    def roles(self) -> Mapping[AccountId, str]:
        """Return the role of every account."""
        return self.cast.accounts

    @property
    def recorder(self) -> Recorder:
        """Return the sums and samples so far."""
        return self.stage.recorder

    @property
    def times(self) -> Sequence[int]:
        """Return the second of each tick."""
        path = self.options.path
        return range(path.start, path.end + 1, self.options.every)

    def run(self, progress: Progress = lambda done, total: None) -> Result:
        """
        Replay the path; stop early at Ctrl-C or at the first violation.

        Raise `Halt` if a transaction is refused for a reason that nobody knows.
        """
        began = time.monotonic()
        is_complete = True
        times = self.times
        try:
            with quick_records():
                self._begin()
                for now in self._moments():
                    progress(bisect_left(times, now), len(times))
                    self._step(now)
                    if self.stage.checker.first_violated:
                        is_complete = False
                        break
            progress(min(self.recorder.ticks, len(times)), len(times))
        except KeyboardInterrupt:
            is_complete = False
        return self._result(time.monotonic() - began, is_complete)

    def _open_stage(self, chain: LocalChain, known: Sequence[AccountId]) -> Stage:
        """Return the stage on which everything is sent."""
        return Stage(chain, self.deployment, known)

    def _open_panel(self, keys: Sequence[LocalAccount]) -> Panel:
        """Return who says what the prices are."""
        return Panel(keys, self.options.seed)

    def _open_watch(self, known: Sequence[AccountId]) -> Watch:
        """Return how the keeper's jobs read the accounts."""
        markets = [market.number for market in MARKETS]
        assets = [asset.number for asset in ASSETS]
        return Watch(self.deployment.clearinghouse, assets, markets, Given(known))

    def _make_liquidating(self, watch: Watch) -> tuple[Job[Any], ...]:
        """Return the jobs that liquidate."""
        return make_liquidating(self.deployment, watch, watch, self.reward)

    def _moments(self) -> Iterator[int]:
        """Yield the second of each tick, as they come."""
        yield from self.times

    def _begin(self) -> None:
        for actor in self.cast.actors:
            if actor.settings != acc.DEFAULT:
                choose(hold(self.client, actor), actor.settings)
            actor.begin(self.client)

    def _step(self, now: int) -> None:
        self.stage.advance_to(now)
        self.work(self._publish)
        self.work(self._tick)
        self.work(self._realise)
        view = self._look(Seconds(now))
        for actor in self.cast.actors:
            self._play(actor, view)
        self.stage.advance_to(now + 1)
        for job in self._liquidating:
            self.work(job)
        self.stage.close_block()
        self.recorder.add_tick(self.stage.world.clearing, now)

    def _look(self, now: Seconds) -> View:
        """Return what people know once the keeper is done with the tick."""
        world = self.stage.world
        return View(now, world.clearing, self.client, world.bands)

    def _play(self, actor: Actor, view: View) -> None:
        """Let an actor do what it wants to in a tick, until something is refused."""
        try:
            actor.act(view)
        except Refused as error:
            if error.reason not in KNOWN:
                raise Halt(str(error)) from None
            self.recorder.refusals[error.reason] += 1

    def _result(self, seconds: float, is_complete: bool) -> Result:
        for reason, count in self._runner.metrics.lost_races.items():
            self.recorder.refusals[reason] += count
        return Result(
            path=self.options.path,
            seed=self.options.seed,
            accounts=len(self.cast.accounts),
            seconds=seconds,
            recorder=self.recorder,
            tally=self.stage.checker.tally,
            state=self.stage.world.clearing,
            violation=self._violation(),
            is_complete=is_complete,
        )

    def _violation(self) -> Violation | None:
        code = self.stage.checker.first_violated
        if code is None:
            return None
        samples = self.recorder.samples
        now = samples[-1].time if samples else self.options.path.start
        return Violation(code, now, f"{self.options.command} --to {show_time(now)}")


def make_jobs(
    deployment: Deployment, options: Options, panel: Panel, watch: Watch
) -> tuple[Publish, Tick, Realise]:
    """Return the jobs that come with prices, in their order."""
    numbers = {asset.symbol: asset.number for asset in ASSETS if asset.number != USDC}
    markets = [market.number for market in MARKETS]
    home, oracle = deployment.clearinghouse, deployment.oracle
    return (
        Publish(oracle, options.path, panel, numbers),
        Tick(home, oracle, list(numbers.values()), markets),
        Realise(watch),
    )


def make_liquidating(
    deployment: Deployment, due: Watch, watch: Watch, reward: AccountId
) -> tuple[Job[Any], ...]:
    """
    Return the jobs that liquidate, stage by stage, whoever is due; and the one that
    touches of everybody what epochs left.
    """
    liquidator, book = deployment.liquidator, deployment.order_book
    traded = frozenset(listing.instrument for listing in BOOKS)
    keeper = Address(acc.get_owner(reward))
    return (
        Reduce(due, liquidator, traded, reward, keeper, most=MOST_DUE),
        Liquidate(due, liquidator, book, most=MOST_DUE),
        Sweep(watch),
    )


def unlock(chain: LocalChain, key: LocalAccount) -> None:
    """Let a chain send for a key, if it needs to be told."""
    if hasattr(chain, "unlock"):
        chain.unlock(key)
