"""
The only code of the keeper that sends.

It says why it sends, takes a refusal that its job expects for a lost race, warns of one
that only the specification knows, counts every other failure as a surprise, and stops
by itself after three surprises in a row: something is then the matter that more
transactions will not put right.
"""

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from keeper.chain.interface import Chain, Receipt, Refused
from keeper.errors import Halt, UserError
from keeper.job import KNOWN, Call, Job

SURPRISES: Final = 3  # in a row, and the keeper halts

_log = logging.getLogger("keeper")


@dataclass
class Metrics:
    """
    What the runner has done so far.

    `lost_races` counts refusals by reason, those that a job expects; `refusals` those
    that it does not, for which the specification has a name. `lag` is the largest delay
    in seconds between the time at which a round was due and the time at which it began.
    """

    sent: int = 0
    dry: int = 0
    lost_races: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    surprises: int = 0
    lag: int = 0


@dataclass(frozen=True)
class Outcome:
    """One call of a round: its receipt, or the reason for which it was refused."""

    call: Call
    receipt: Receipt | None
    refusal: str | None


class Runner:
    """
    Runs jobs against a chain, one call after the other.

    `sender` is the address to send from, None for a dry run. `chain_id` is the id of
    the chain that the contracts are on; raise `UserError` if `chain` is another.
    """

    def __init__(
        self,
        chain: Chain,
        jobs: Sequence[Job[Any]],
        sender: str | None = None,
        chain_id: int | None = None,
    ) -> None:
        """Check that this is the right chain; send nothing yet."""
        if chain_id is not None and chain.chain_id != chain_id:
            raise UserError(
                f"wrong chain: the contracts are on {chain_id}, the network is "
                f"{chain.chain_id}; choose another --network or deployment file"
            )
        self.chain = chain
        self.jobs = jobs
        self.sender = sender
        self.metrics = Metrics()
        self._row = 0
        self._due: dict[str, int] = {}
        self._stop = threading.Event()

    def step(self, now: int) -> Sequence[Outcome]:
        """
        Work every job that is due at `now`, in their order; return what was sent.

        Rounds are due at multiples of a job's interval, so a keeper that starts anew
        falls into the same rhythm.
        """
        outcomes: list[Outcome] = []
        for job in self.jobs:
            due = self._due.get(job.name, now - now % job.interval)
            if now < due or self._stop.is_set():
                continue
            self.metrics.lag = max(self.metrics.lag, now - due)
            self._due[job.name] = now - now % job.interval + job.interval
            outcomes += self.work(job)
        return outcomes

    def work(self, job: Job[Any]) -> Sequence[Outcome]:
        """
        Work one round of `job`, due or not; stop between calls if asked to.

        A job with several passes goes on until it has nothing to send, or something
        did not go through.
        """
        outcomes: list[Outcome] = []
        for _ in range(job.passes):
            done = self._pass(job)
            outcomes += done
            if not done or any(outcome.receipt is None for outcome in done):
                break
        return outcomes

    def run(self, clock: Callable[[], float] = time.time, poll: float = 0.5) -> Metrics:
        """Work until SIGINT, SIGTERM or `stop`; raise `Halt` after surprises."""
        _log.info("keeper starts: %s", ", ".join(job.name for job in self.jobs))
        if self.sender is None:
            _log.warning("no account: dry run, nothing will be sent")
        with self._stopped_by_signals():
            while not self._stop.is_set():
                self.step(int(clock()))
                self._stop.wait(poll)
        _log.info("keeper stopped: %s", self.metrics)
        return self.metrics

    def stop(self) -> None:
        """Stop after the call that is under way."""
        self._stop.set()

    def _pass(self, job: Job[Any]) -> Sequence[Outcome]:
        """Read, decide and send once."""
        try:
            snapshot = job.read(self.chain, self.chain.block())
        except (Refused, UserError) as error:
            self._surprise(f"{job.name}: cannot read: {error}")
            return []
        outcomes: list[Outcome] = []
        for call in job.decide(snapshot):
            if self._stop.is_set():
                break
            outcomes.append(self._act(job, call))
        return outcomes

    def _act(self, job: Job[Any], call: Call) -> Outcome:
        if self.sender is None:
            self.metrics.dry += 1
            _log.info("%s: would send %s because %s", job.name, call, call.because)
            return Outcome(call, None, None)
        _log.info("%s: send %s because %s", job.name, call, call.because)
        try:
            receipt = self.chain.send(
                self.sender, call.contract, call.method, *call.arguments
            )
        except Refused as error:
            return Outcome(call, None, self._refused(job, call, error.reason))
        except UserError as error:
            self._surprise(f"{job.name}: {call}: {error}")
            return Outcome(call, None, str(error))
        self.metrics.sent += 1
        self._row = 0
        return Outcome(call, receipt, None)

    def _refused(self, job: Job[Any], call: Call, reason: str) -> str:
        if reason not in KNOWN:
            self._surprise(f"{job.name}: {call}: {reason or 'no reason given'}")
            return reason
        self._row = 0
        if reason not in call.expected:
            self.metrics.refusals[reason] += 1
            _log.warning("%s: refused: %s: %s", job.name, call, reason)
            return reason
        self.metrics.lost_races[reason] += 1
        _log.info("%s: lost a race: %s: %s", job.name, call, reason)
        return reason

    def _surprise(self, text: str) -> None:
        self.metrics.surprises += 1
        self._row += 1
        _log.error("surprise %d of %d in a row: %s", self._row, SURPRISES, text)
        if self._row >= SURPRISES:
            raise Halt(
                f"halted: {SURPRISES} surprises in a row, the last was: {text}; "
                "look into it before starting the keeper again"
            )

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM end the loop between two calls."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, handle) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
