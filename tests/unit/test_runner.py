"""The runner: who sends, what is lost, what is a surprise, and how it stops."""

import logging
import multiprocessing
import os
import signal
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from keeper.chain.interface import Block, Contract, Receipt, Refused
from keeper.chain.revm import RevmChain
from keeper.errors import Halt, UserError
from keeper.job import KNOWN, Call
from keeper.runner import Runner
from keeper.signing import local_account
from specs import errors
from tests.helpers.remote import RemoteChain, answer
from tests.helpers.toy import write_toy

SENDER = local_account("keeper").address
POOL = Contract("Pool", "0x" + "22" * 20)
LOST = errors.NotLiquidatable.reason


@dataclass
class Chain:
    """A chain that refuses what it is told to and remembers what it took."""

    chain_id: int = 1
    answers: list = field(default_factory=list)
    sent: list = field(default_factory=list)

    def block(self):
        return Block(7, 70)

    def send(self, sender, contract, method, *arguments):
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        self.sent.append((sender, contract, method, arguments))
        return Receipt(None, self.block(), None, ())


@dataclass
class Job:
    """A job that wants `wanted` calls each round."""

    wanted: int = 1
    interval: int = 10
    passes: int = 1
    name: str = "accrue"
    seen: list = field(default_factory=list)
    act: object = None

    def read(self, chain, block):
        self.seen.append(block)
        if isinstance(self.act, Exception):
            raise self.act
        return self.wanted

    def decide(self, snapshot):
        for number in range(snapshot):
            yield Call(POOL, "accrue", (number,), because=f"reason {number}")
            if self.act:
                self.act(number)


def test_reasons_of_the_specification_are_known():
    assert LOST in KNOWN
    assert "" not in KNOWN


def test_calls_are_sent_in_order_with_their_reason(caplog):
    caplog.set_level(logging.INFO)
    chain, job = Chain(), Job(wanted=2)
    outcomes = Runner(chain, [job], SENDER).work(job)
    assert [call[3] for call in chain.sent] == [(0,), (1,)]
    assert job.seen == [Block(7, 70)]
    assert all(outcome.receipt and not outcome.refusal for outcome in outcomes)
    assert "accrue: send Pool.accrue(1) because reason 1" in caplog.text


def test_without_an_account_nothing_is_sent(caplog):
    caplog.set_level(logging.INFO)
    chain, job = Chain(), Job(wanted=2)
    runner = Runner(chain, [job])
    assert [outcome.receipt for outcome in runner.work(job)] == [None, None]
    assert (chain.sent, runner.metrics.dry, runner.metrics.sent) == ([], 2, 0)
    assert "would send Pool.accrue(0) because reason 0" in caplog.text


def test_wrong_chain_is_refused_before_anything_is_read():
    with pytest.raises(
        UserError, match=r"wrong chain: the contracts are on 5, .* is 1"
    ):
        Runner(Chain(), [], SENDER, chain_id=5)
    assert Runner(Chain(), [], SENDER, chain_id=1).metrics.sent == 0


def test_known_refusal_is_a_lost_race_and_the_round_goes_on():
    chain, job = Chain(answers=[Refused(LOST)] * 9), Job(wanted=10)
    runner = Runner(chain, [job], SENDER)
    outcomes = runner.work(job)
    assert runner.metrics.lost_races == {LOST: 9}
    assert [outcome.refusal for outcome in outcomes] == [LOST] * 9 + [None]
    assert (runner.metrics.surprises, runner.metrics.sent) == (0, 1)


@dataclass
class Expecting(Job):
    """A job that expects one refusal alone."""

    def decide(self, snapshot):
        expected = frozenset({LOST})
        return [replace(call, expected=expected) for call in super().decide(snapshot)]


def test_a_refusal_that_the_job_does_not_expect_is_warned_of(caplog):
    known = errors.NotVenue.reason
    chain = Chain(answers=[Refused(""), Refused(known), Refused(""), Refused(LOST)])
    runner = Runner(chain, [], SENDER)
    assert len(runner.work(Expecting(wanted=5))) == 5
    assert (runner.metrics.refusals, runner.metrics.lost_races) == (
        {known: 1},
        {LOST: 1},
    )
    assert (runner.metrics.surprises, runner.metrics.sent) == (2, 1)
    warned = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert warned == [f"accrue: refused: Pool.accrue(1): {known}"]


@pytest.mark.parametrize(
    "surprise", [Refused(""), Refused("out of cheese"), UserError("cannot reach it")]
)
def test_three_surprises_in_a_row_halt(surprise):
    chain, job = Chain(answers=[surprise] * 3), Job(wanted=5)
    runner = Runner(chain, [job], SENDER)
    with pytest.raises(Halt, match=r"3 surprises in a row, .*Pool\.accrue\(2\)"):
        runner.work(job)
    assert (runner.metrics.surprises, chain.sent) == (3, [])


@pytest.mark.parametrize("between", [None, Refused(LOST)])
def test_surprises_not_in_a_row_do_not_halt(between):
    answers = [Refused(""), Refused(""), between, Refused(""), Refused("")]
    job = Job(wanted=6)
    runner = Runner(Chain(answers=answers), [job], SENDER)
    runner.work(job)
    assert runner.metrics.surprises == 4


def test_reading_in_vain_is_a_surprise():
    job = Job(act=Refused("no price"))
    runner = Runner(Chain(), [job], SENDER)
    assert [runner.work(job), runner.work(job)] == [[], []]
    with pytest.raises(Halt, match="accrue: cannot read: no price"):
        runner.work(job)


class Shrinking(Job):
    """A job that has one call less to make whenever it reads."""

    def decide(self, snapshot):
        return super().decide(max(0, snapshot - len(self.seen) + 1))


@pytest.mark.parametrize(("passes", "sent"), [(1, 3), (2, 5), (9, 6)])
def test_a_round_goes_on_until_there_is_nothing_to_do(passes, sent):
    chain, job = Chain(), Shrinking(wanted=3, passes=passes)
    assert len(Runner(chain, [job], SENDER).work(job)) == len(chain.sent) == sent
    assert len(job.seen) == min(passes, 4)


def test_a_round_ends_with_what_did_not_go_through():
    chain, job = Chain(answers=[None, Refused(LOST)]), Job(wanted=3, passes=9)
    assert len(Runner(chain, [job], SENDER).work(job)) == 3
    dry = Job(wanted=1, passes=9)
    assert len(Runner(chain, [dry]).work(dry)) == 1


def test_jobs_fall_due_at_multiples_of_their_interval():
    often, rarely = Job(interval=10, name="often"), Job(interval=30, name="rarely")
    runner = Runner(Chain(), [often, rarely], SENDER)
    counts = []
    for now in (1005, 1009, 1010, 1019, 1020, 1050):
        runner.step(now)
        counts.append((len(often.seen), len(rarely.seen)))
    assert counts == [(1, 1), (1, 1), (2, 1), (2, 1), (3, 2), (4, 3)]
    assert runner.metrics.lag == 20


def test_stop_comes_between_two_calls():
    job = Job(wanted=5)
    chain = Chain()
    runner = Runner(chain, [job], SENDER)
    job.act = lambda number: runner.stop() if number == 1 else None
    assert len(runner.work(job)) == 2
    assert runner.step(10**9) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_the_loop_and_are_given_back(number):
    before = signal.getsignal(number)
    job = Job(wanted=5)
    job.act = lambda at: os.kill(os.getpid(), number) if at == 2 else None
    metrics = Runner(Chain(), [job], SENDER).run(clock=lambda: 50, poll=0.01)
    assert metrics.sent == 3
    assert signal.getsignal(number) is before


def test_long_arguments_are_shortened():
    call = Call(POOL, "publish", (b"\1" * 65, 3), because="x")
    assert len(str(call)) < 60
    assert str(call).endswith("…, 3)")


@dataclass
class Climb:
    """Raise the toy's value by one, up to a tenth of the time."""

    toy: Contract
    name: str = "set"
    interval: int = 10
    passes: int = 1

    def read(self, chain, block):
        goal = min(100, chain.call(self.toy, "now")[1] // 10)
        return chain.call(self.toy, "value"), goal

    def decide(self, snapshot):
        value, goal = snapshot
        for step in range(value + 1, goal + 1):
            yield Call(self.toy, "set", (step,), because=f"the goal is {goal}")


def keep(connection, toy, now):
    Runner(RemoteChain(connection), [Climb(toy)], SENDER).step(now)
    connection.send(None)


def run_keeper(chain, toy, budget):
    """Run a keeper in a process of its own; kill it after `budget` questions."""
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    arguments = (theirs, toy, chain.block().timestamp)
    keeper = multiprocessing.get_context("fork").Process(target=keep, args=arguments)
    keeper.start()
    while question := ours.recv():
        found = answer(chain, question)
        budget -= 1
        if budget < 0:
            os.kill(keeper.pid, signal.SIGKILL)
            break
        ours.send(found)
    keeper.join()
    return keeper.exitcode == 0


def climb(root, random=None, kills=0):
    """Return what is stored after ten ticks, and how often the keeper was killed."""
    chain = RevmChain(start=100, source_root=root)
    toy = chain.deploy(SENDER, "Toy", 100)
    killed = 0
    for time in range(200, 1000, 80):
        chain.advance_to(time)
        budget = random.randrange(12) if killed < kills else 10**6
        while not run_keeper(chain, toy, budget):
            killed += 1
            budget = random.randrange(12) if killed < kills else 10**6
    return [chain.storage(toy.address, slot) for slot in range(4)], killed


def test_killed_keeper_goes_on_where_the_chain_stands(tmp_path):
    root = write_toy(tmp_path / "contracts")
    stored, killed = climb(root, Random(1), kills=10)
    assert killed == 10
    assert (stored, 0) == climb(root)
    assert stored[0] == 92
