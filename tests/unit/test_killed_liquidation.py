"""A keeper killed within a liquidation: whoever starts anew goes on where it stands."""

import multiprocessing
import os
import signal
from random import Random

import pytest

from keeper.jobs.flag import Flag
from keeper.jobs.liquidate import Liquidate
from keeper.jobs.reduce import Reduce
from keeper.jobs.sweep import Sweep
from keeper.jobs.watch import Snapshot
from keeper.runner import Runner
from tests.helpers.keepers import (
    BEYOND,
    DUE,
    HELD,
    KEEPERS,
    REWARDED,
    SpecScene,
    open_contracts,
    open_spec,
)
from tests.helpers.remote import RemoteChain, answer
from tests.helpers.worlds import bull

KEEPER = KEEPERS[0]
SECONDS = 3
"""One round each."""


class RemoteWatch:
    """Reads what a specification in another process says of itself."""

    clearinghouse = SpecScene.home

    def read(self, chain, _block):
        return chain.call(self.clearinghouse, "snapshot")


def jobs_on(scene):
    watch = RemoteWatch() if isinstance(scene, SpecScene) else scene.watch
    return [
        Flag(watch),
        Reduce(watch, scene.liquidator, tuple(HELD), REWARDED[0], KEEPER),
        Liquidate(watch, scene.liquidator, scene.book),
        Sweep(watch),
    ]


def keep(connection, jobs, sender):
    """Be a keeper in a process of its own, for one round."""
    runner = Runner(RemoteChain(connection), jobs, sender)
    for job in runner.jobs:
        runner.work(job)
    assert runner.metrics.surprises == 0
    connection.send(None)


def plain(found):
    """Return an answer without the structs' classes, which no pickle can name."""
    return tuple(map(plain, found)) if isinstance(found, tuple) else found


def reply(scene, question):
    """Return what a scene says to one question."""
    method, arguments, _ = question
    if arguments[1:2] == ("snapshot",):
        return "answer", Snapshot(scene.world.now, scene.world.clearing)
    kind, found = answer(scene.chain, question)
    return kind, None if method == "send" and kind == "answer" else plain(found)


def work(scene, is_over=lambda asked, sent: False):
    """
    Have a keeper work a round, and kill it when that is over; return how many questions
    it asked and how many calls went through, and whether it was killed.
    """
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    arguments = theirs, jobs_on(scene), scene.address(KEEPER)
    keeper = fork.Process(target=keep, args=arguments, daemon=True)
    keeper.start()
    asked = sent = 0
    is_killed = False
    while question := ours.recv():
        if is_over(asked, sent):
            os.kill(keeper.pid, signal.SIGKILL)
            is_killed = True
            break
        said = reply(scene, question)
        asked += 1
        sent += question[0] == "send" and said[0] == "answer"
        ours.send(said)
    keeper.join()
    assert keeper.exitcode == (-signal.SIGKILL if is_killed else 0)
    return asked, sent, is_killed


def play(open_scene, actions, deaths):
    """
    Play some rounds, in each of which keepers die as told before one comes through;
    return what is left in the end, and the questions and calls of each round.
    """
    counts = []
    with open_scene(actions) as scene:
        for is_over in deaths:
            for dies in is_over:
                assert work(scene, dies)[2]
            counts.append(work(scene)[:2])
            scene.wait(1)
        return vars(scene.world), counts


@pytest.fixture(scope="module", params=["specification", "contracts"])
def open_scene(request):
    """How to open a chain at which some actions were played."""
    return {"specification": open_spec, "contracts": open_contracts}[request.param]


def after_sends(number):
    """Return a death that comes once so many calls went through."""
    return lambda asked, sent: sent == number


def after_questions(number):
    """Return a death that comes once so many questions were answered."""
    return lambda asked, sent: asked == number


@pytest.fixture(scope="module", params=["book", "backstop"])
def story(request, open_scene):
    """A liquidation, what it leaves if nobody dies, and how much each round takes."""
    actions = {"book": DUE, "backstop": BEYOND}[request.param]
    left, counts = play(open_scene, actions, [[]] * SECONDS)
    return open_scene, actions, left, counts


def test_the_story_is_one_of_several_calls(story):
    _, _, left, counts = story
    assert counts[0][1] >= 3
    positions = left["clearing"].accounts[bull].positions
    assert {market: held.lots for market, held in positions.items()} != HELD


def test_keepers_that_die_after_each_call_leave_what_one_leaves(story):
    open_scene, actions, left, counts = story
    deaths = [[after_sends(1)] * max(0, sent - 1) for _, sent in counts]
    assert play(open_scene, actions, deaths)[0] == left


@pytest.mark.parametrize("seed", range(4))
def test_keepers_that_die_anywhere_leave_what_one_leaves(story, seed):
    open_scene, actions, left, counts = story
    random = Random(seed)
    deaths = [
        [
            after_questions(random.randrange(asked // (number + 1)))
            for number in range(2)
        ]
        for asked, _ in counts
    ]
    assert play(open_scene, actions, deaths)[0] == left
