"""The commands on Ape's test provider: deploy, keeper and replay, and how they fail."""

import json
import os
import signal
from dataclasses import replace

import pytest
from click.testing import CliRunner

from keeper.chain.ape import ApeChain, connected
from keeper.deployment import load, save
from keeper.devnet import demo_signers
from keeper.replay.engine import Replay
from keeper.session import DUTIES
from scripts.deploy import cli as deploy_command
from scripts.keeper import cli as keeper_command
from scripts.replay import cli as replay_command

NETWORK = "ethereum:local:test"


def run(command, *arguments):
    return CliRunner().invoke(command, [str(word) for word in arguments])


@pytest.fixture(scope="module")
def chain():
    with connected(NETWORK) as provider:
        yield ApeChain(provider, demo_signers())


@pytest.fixture(scope="module")
def file(chain, tmp_path_factory):
    path = tmp_path_factory.mktemp("deployment") / "deployment.json"
    publishers = [("--publisher", f"TEST::{i}") for i in (2, 3, 4)]
    words = [word for pair in publishers for word in pair]
    place = ("--network", NETWORK, "--output", path)
    done = run(deploy_command, "--account", "TEST::0", *words, *place)
    assert (done.exit_code, done.output) == (0, f"written: {path}\n")
    return path


def keep(file, *arguments):
    place = ("--network", NETWORK, "--deployment", file)
    return run(keeper_command, *arguments, *place)


def test_a_round_of_the_keeper_publishes_and_ticks(chain, file):
    found = load(chain, file)
    before = chain.call(found.oracle, "version")
    assert keep(file, "--once").exit_code == 0
    assert chain.call(found.oracle, "version") == before + 1
    time = chain.call(found.oracle, "feed", 1)[2]
    assert chain.call(found.clearinghouse, "quote", 1) >> 64 & (2**32 - 1) == time > 0


def test_a_dry_run_sends_nothing(chain, file):
    found = load(chain, file)
    before = chain.block().number, chain.call(found.oracle, "version")
    assert keep(file, "--once", "--dry-run").exit_code == 0
    assert (chain.block().number, chain.call(found.oracle, "version")) == before


def test_a_job_that_is_not_named_does_not_run(chain, file):
    found = load(chain, file)
    before = chain.call(found.oracle, "version")
    assert keep(file, "tick", "realise", "--once").exit_code == 0
    assert chain.call(found.oracle, "version") == before


def lines_of(done):
    return done.output.strip().splitlines()


def test_another_chain_is_one_line(chain, file, tmp_path):
    other = tmp_path / "other.json"
    save(replace(load(chain, file), chain_id=5), other)
    done = keep(other, "--once")
    assert done.exit_code == 2
    assert lines_of(done)[-1].startswith("wrong chain: ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--account", "nobody"), "no account nobody; `ape accounts list`"),
        (("--publisher", "TEST::9"), "--publisher: 0x"),
        (("--prices", "no.csv"), "no.csv:1: file: cannot be read"),
        (("--reward", "me"), "--reward: 'me' is no account"),
    ],
)
def test_a_mistake_is_one_line(file, arguments, line):
    done = keep(file, "--once", *arguments)
    assert (done.exit_code, len(lines_of(done))) == (2, 1)
    assert lines_of(done)[0].startswith(line)


def test_the_help_says_what_each_job_is_for():
    told = lines_of(run(keeper_command, "--help"))
    duties = [f"  {name:<11}{duty}" for name, duty in DUTIES.items()]
    first = told.index(duties[0])
    assert told[first : first + len(duties)] == duties


def test_a_node_that_is_not_there_is_one_line(file):
    network = "ethereum:local:http://127.0.0.1:9"
    done = run(keeper_command, "--network", network, "--deployment", file)
    assert (done.exit_code, len(lines_of(done))) == (2, 1)
    assert "127.0.0.1:9" in lines_of(done)[0]


def test_too_few_publishers_are_one_line():
    done = run(deploy_command, "--account", "TEST::0", "--network", NETWORK)
    assert (done.exit_code, lines_of(done)) == (
        2,
        ["--publisher: 3 are needed, got 0"],
    )


def test_a_replay_says_what_was_checked(tmp_path):
    until = ("--to", "2023-11-14T22:13:30Z", "--report", tmp_path)
    done = run(replay_command, "--accounts", 8, *until)
    assert done.exit_code == 0
    assert "0 violated" in done.output
    assert json.loads((tmp_path / "report.json").read_text())["ticks"] == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--prices", "no.csv"), "no.csv:1: file: cannot be read: "),
        (("--from", "soon"), "--from: is no time: 'soon'"),
        (("--accounts", "1"), "--accounts: 1 is not between"),
    ],
)
def test_a_replay_refuses_with_one_line(arguments, line):
    done = run(replay_command, *arguments)
    assert (done.exit_code, len(lines_of(done))) == (2, 1)
    assert lines_of(done)[0].startswith(line)


def test_ctrl_c_ends_a_replay_with_a_report(tmp_path, monkeypatch):
    step = Replay._step

    def interrupt(self, now):
        step(self, now)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Replay, "_step", interrupt)
    done = run(replay_command, "--accounts", 8, "--report", tmp_path)
    assert (done.exit_code, lines_of(done)[-1][:11]) == (130, "interrupted")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["ticks"], report["complete"]) == (1, False)
