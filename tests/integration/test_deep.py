"""Walks of millions: killed, resumed, and stopped by what they find."""

import subprocess
import sys
import time
from itertools import islice
from types import SimpleNamespace

import pytest

from specs import world
from tests.deep.__main__ import Done, main
from tests.deep.crew import WALKS
from tests.deep.record import WALKED_ON, Batch, Record
from tests.helpers import dishonest
from tests.helpers.sources import ROOT, fingerprint

COMMAND = [sys.executable, "-m", "tests.deep", "--transactions", "10_000"]


def start(folder):
    return subprocess.Popen(
        [*COMMAND, "--folder", folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def lines(folder):
    """Return the lines of the only file in a folder, those of batches."""
    return [
        line
        for path in folder.glob("*.jsonl")
        for line in path.read_text().splitlines()
        if line
    ]


def walked(folder):
    (path,) = folder.glob("*.jsonl")
    batches = Record(path).batches.values()
    return {batch.first: (batch.transactions, batch.met) for batch in batches}


def figures(text):
    """Return what is printed, without the speed and what comes before."""
    count, rest = text[text.rindex("walks, none differs") - 40 :].split(";", 1)
    return count, rest.splitlines()[1:]


def test_killed_walk_goes_on(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = start(killed)
    deadline = time.monotonic() + 300
    while not lines(killed):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    # Ends when the workers, who write to the same pipe, have ended too.
    process.communicate(timeout=60)
    before = lines(killed)
    assert 0 < len(before) < 5

    outputs = [start(folder).communicate(timeout=300)[0] for folder in (killed, whole)]
    assert lines(killed)[: len(before)] == before
    assert len(lines(killed)) == len(walked(killed))
    ours, theirs = walked(killed), walked(whole)
    needed = ours.keys() & theirs.keys()
    assert len(needed) >= 4
    assert all(ours[first] == theirs[first] for first in needed)
    assert figures(outputs[0]) == figures(outputs[1])


def test_difference_stops_and_is_not_remembered(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(world.TRANSITIONS, "deposit", dishonest.deposit)
    options = ["--transactions", "4_000", "--folder", str(tmp_path), "--seed", "30"]
    assert main(options) == 1
    told = capsys.readouterr().err
    assert ".pool.reserve: " in told
    *_, line = told.splitlines()
    assert line.startswith("again: python -m tests.deep --path protocol --replay ")
    assert not list(tmp_path.iterdir())

    seed = line.split()[-1]
    assert main(["--replay", seed]) == 1
    assert f"seed {seed}, step " in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["--replay", seed]) == 0


def test_torn_line_is_no_line(tmp_path):
    path = tmp_path / "record.jsonl"
    batches = [Batch(first, 5, 0.5, {"wait: taken": 1}) for first in (0, 10)]
    Record(path).add(batches[0])
    with path.open("a") as file:
        file.write('{"first": 10, "transac')
    Record(path).add(batches[1])
    assert list(Record(path).batches.values()) == batches


@pytest.mark.parametrize(
    ("remembered", "needed", "wanted"),
    [
        ((), [], [0, 1, 2]),
        ((0,), [0], [1, 2, 3]),
        ((0, 2), [0], [1, 3, 4]),
        ((0, 1, 2), [0, 1], []),
    ],
)
def test_only_the_first_batches_count(tmp_path, remembered, needed, wanted):
    found = Record(tmp_path / "record.jsonl")
    for number in remembered:
        found.add(Batch(7 + number * WALKS, 5, 0.5, {}))
    done = Done(found, SimpleNamespace(seed=7, transactions=8))
    assert [(batch.first - 7) // WALKS for batch in done.batches()] == needed
    firsts = islice(done.wanted(), 3)
    assert [(first - 7) // WALKS for first in firsts] == wanted


@pytest.mark.parametrize("name", ["contracts/A.vy", "specs/a.py", "requirements.lock"])
def test_changed_code_is_walked_again(name, tmp_path):
    (tmp_path / "requirements.lock").write_text("")
    before = fingerprint(WALKED_ON, tmp_path)
    assert fingerprint(WALKED_ON, tmp_path) == before
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    changed = fingerprint(WALKED_ON, tmp_path)
    assert changed != before
    path.write_text("y")
    assert fingerprint(WALKED_ON, tmp_path) not in (before, changed)


@pytest.mark.parametrize("option", ["--transactions", "--jobs"])
def test_nothing_to_do_is_refused(option, capsys):
    with pytest.raises(SystemExit) as caught:
        main([option, "0"])
    assert caught.value.code == 2
    assert "invalid positive value" in capsys.readouterr().err


def test_folder_that_cannot_be_is_told_in_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["--transactions", "1", "--folder", str(tmp_path / "file")]) == 2
    assert "file" in capsys.readouterr().err.splitlines()[-1]
