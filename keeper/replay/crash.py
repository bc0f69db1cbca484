"""
A crash replayed: hundreds of people, makers whose depth thins, ticks of any length.

In the first tick everybody opens; then the path moves. Every ``CHECKED``-th tick is
watched in full, with the state it leaves, of the others only what liquidates
(`sampling`), and the state once more at the end. Auto-realising accounts are realised
every ``REALISED`` seconds, since a realisation changes nobody's equity and there are
hundreds of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any, Final

from eth_account.signers.local import LocalAccount

from keeper.chain.interface import Block, Chain, LocalChain
from keeper.job import Job
from keeper.jobs.watch import Snapshot, Watch
from keeper.prices.crashes import Silences
from keeper.publishers import GRAIN, Panel, Report
from keeper.replay.crowd import Crowd
from keeper.replay.engine import Options, Replay, make_liquidating
from keeper.replay.pace import choose_times
from keeper.replay.report_json import Result
from keeper.replay.sampling import SLICES, SampledStage
from keeper.replay.stages import Stages
from specs.accounts import AccountId
from specs.fixed_point import PPM, Seconds

CHECKED: Final = 200
REALISED: Final = 300
SAMPLES: Final = 200
"""Of the plots, about."""

BUSY: Final = 2
"""
Seconds of a tick while somebody is due, or was lately: slices are due each second, and
makers renew what was taken. While nobody is, a tick has one block, without the keeper.
"""

NOISE: Final = 50
"""Of a report, ppm."""

NEVER: Final = Silences()


@dataclass(frozen=True)
class StageWatch(Watch):
    """Reads what the stage has read already."""

    stage: SampledStage

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Return the state as of the open block."""
        return Snapshot(Seconds(block.timestamp), self.stage.world.clearing)


@dataclass(frozen=True)
class DueWatch(StageWatch):
    """Reads of it what liquidation is about: accounts that are due, or were lately."""

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Return the state as of the open block, with those accounts only."""
        seen = super().read(chain, block)
        known = seen.state.accounts
        due = {name: known[name] for name in self.stage.due if name in known}
        return Snapshot(seen.now, replace(seen.state, accounts=due))


class HonestPanel(Panel):
    """
    Publishers who are on time and right, but for noise.

    One who is wrong moves the index by a third of a percent, half of the smallest
    maintenance margin. In one of ten ticks, as in a usual replay, and with ticks of
    seconds, that would liquidate more than the path does.
    """

    def reports(self, prices: Mapping[str, int], now: int) -> Sequence[Report]:
        """Return what they say at `now`, when the market says `prices`."""
        random = Random(f"{self.seed}/{now}")
        return [
            Report(
                number,
                now,
                {
                    asset: price
                    * (PPM + random.randint(-NOISE, NOISE))
                    // PPM
                    // GRAIN
                    * GRAIN
                    for asset, price in prices.items()
                },
            )
            for number in range(len(self.signers))
        ]


class CrashReplay(Replay):
    """One crash on one chain."""

    stage: SampledStage

    def __init__(
        self,
        chain: LocalChain,
        options: Options,
        crowd: Crowd,
        silences: Silences = NEVER,
        checked: int = CHECKED,
    ) -> None:
        """Deploy everything on an empty chain."""
        self._silences = silences
        self._openings = list(crowd.openings)
        self._checked = checked
        self._realised_at = 0
        self._is_busy = False
        super().__init__(chain, options, crowd)

    def _result(self, seconds: float, is_complete: bool) -> Result:
        told = f"takeovers, 1 slice of {SLICES}, 1 tick of {self._checked} and the end"
        return replace(super()._result(seconds, is_complete), watched=told)

    @property
    def stages(self) -> Stages:
        """Return what has become of whoever was liquidated."""
        return self.recorder.stages

    @cached_property
    def times(self) -> Sequence[int]:
        """Return the second of each tick: more of them where prices move."""
        return choose_times(self.options.path, self.options.every)

    def _open_stage(
        self, chain: LocalChain, known: Sequence[AccountId]
    ) -> SampledStage:
        stage = SampledStage(chain, self.deployment, known)
        stage.is_watching = False
        return stage

    def _open_panel(self, keys: Sequence[LocalAccount]) -> Panel:
        return HonestPanel(keys, self.options.seed)

    def _open_watch(self, known: Sequence[AccountId]) -> StageWatch:
        usual = super()._open_watch(known)
        fields = usual.clearinghouse, usual.assets, usual.markets, usual.accounts
        return StageWatch(*fields, self.stage)

    def _make_liquidating(self, watch: Watch) -> tuple[Job[Any], ...]:
        fields = watch.clearinghouse, watch.assets, watch.markets, watch.accounts
        due = DueWatch(*fields, self.stage)
        return make_liquidating(self.deployment, due, watch, self.reward)

    def _moments(self) -> Iterator[int]:
        """Yield the planned ticks, and more of them while anybody is liquidated."""
        for now, after in zip(self.times, [*self.times[1:], 0], strict=True):
            yield now
            while self._is_busy and now + 2 * BUSY <= after:
                now += BUSY
                yield now

    def _step(self, now: int) -> None:
        # The first tick is left out: to open everything is not what is looked at.
        self.stage.is_watching = self.recorder.ticks % self._checked == 1
        self.stage.advance_to(now)
        is_silent = self._silences.covers(now)
        if not is_silent:
            self.work(self._publish)
            self.work(self._tick)
        if now >= self._realised_at + REALISED:
            self._realised_at = now
            self.work(self._realise)
        self._open(now)
        view = self._look(Seconds(now))
        for actor in self.cast.actors:
            self._play(actor, view)
        self.stages.look(self.stage.world.clearing, now)
        self.stage.due = self.stages.get_due(self.stage.world.clearing, now)
        self._is_busy = bool(self.stage.due)
        is_last = now == self.times[-1]
        if self._is_busy or is_last:
            self.stage.advance_to(now + 1)
            for job in self._liquidating:
                self.work(job)
            self.stages.look_again(self.stage.world.clearing, now + 1)
        self._note(now)
        if is_last:
            self.stages.close(self.stage.world.clearing, now + 1)
            self.stage.close_block()
        if self.stage.is_watching or is_last:
            self.stage.check_now(is_last=is_last)

    def _note(self, now: int) -> None:
        """Count the tick, and sample it if the last sample is old."""
        samples, path = self.recorder.samples, self.options.path
        pause = (path.end - path.start) // SAMPLES
        if samples and now < samples[-1].time + pause and now != self.times[-1]:
            self.recorder.ticks += 1
        else:
            self.recorder.add_tick(self.stage.world.clearing, now)

    def _open(self, now: int) -> None:
        """Have everybody open, once."""
        view = self._look(Seconds(now))
        for nonce, opening in enumerate(self._openings):
            opening.settle(view, nonce)
        self._openings.clear()
