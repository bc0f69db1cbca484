"""A keeper killed at any point and started again leaves what it would have left."""

import multiprocessing
import os
import signal
from random import Random

import pytest

from keeper.runner import Runner
from keeper.signing import local_account
from tests.helpers.remote import RemoteChain, answer
from tests.helpers.replays import open_replay, path_of, stored

KEEPER = local_account("keeper").address
KILLS = 10
# The fall begins after 240 seconds: the keeper has all four duties.
PATH = path_of(150, begin=220)


def work(connection, job):
    """Be a keeper in a process of its own, with one round of one job to do."""
    Runner(RemoteChain(connection), [job], KEEPER).work(job)
    connection.send(None)


def serve(chain, job, budget):
    """Answer a keeper; kill it instead of the answer that is over its budget."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    keeper = fork.Process(target=work, args=(theirs, job), daemon=True)
    keeper.start()
    while question := ours.recv():
        kind, found = answer(chain, question)
        budget -= 1
        if budget < 0:
            os.kill(keeper.pid, signal.SIGKILL)
            break
        ours.send((kind, plain(found)))
    keeper.join()
    return keeper.exitcode


def plain(found):
    """Return an answer without the structs' classes, which no pickle can name."""
    return tuple(map(plain, found)) if isinstance(found, tuple) else found


class Killer:
    """Runs each job in a process, and kills ten of them somewhere."""

    def __init__(self, stage, rounds, seed):
        self.stage, self.round = stage, 0
        self.random = Random(seed)
        self.doomed = set(self.random.sample(range(rounds), KILLS))
        self.codes = []

    def work(self, job):
        # Half of the deaths come at once after something was sent.
        sends = job.name in ("publish", "tick") and self.random.random() < 0.5
        reads = {"publish": 6, "tick": 18}.get(job.name, 200)
        budget = reads if sends else self.random.randrange(reads)
        if self.round in self.doomed:
            self.codes.append(serve(self.stage, job, budget))
        self.round += 1
        assert serve(self.stage, job, 10**9) == 0


@pytest.fixture(scope="module")
def undisturbed():
    replay = open_replay(PATH)
    result = replay.run()
    return replay, result


def test_ten_kills_change_nothing_that_is_stored(undisturbed):
    replay = open_replay(PATH)
    killer = Killer(replay.stage, rounds=4 * 16, seed=3)
    replay.work = killer.work
    result = replay.run()
    assert killer.codes.count(-signal.SIGKILL) == KILLS
    assert result.violation is None
    assert stored(replay) == stored(undisturbed[0])


def test_the_keeper_had_something_to_do(undisturbed):
    _, result = undisturbed
    assert len(result.recorder.liquidations) > 0
    assert result.recorder.ticks == 16
