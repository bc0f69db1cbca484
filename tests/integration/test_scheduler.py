"""Work over processes or a cluster: nothing is lost, and the same comes of it."""

import os
import signal
from itertools import count, islice
from pathlib import Path

import pytest
from distributed import LocalCluster

from tests.deep.crew import walk_all
from tests.helpers import crowd
from tests.helpers.crowd import CrowdError, map_unordered
from tests.proofs.running import judge_all

PROOFS = ("I29", "weights.compute_weight", "bytecode.bands.around")
STARTED = os.getpid()


def square(number):
    return number * number


def die_once(place):
    """Kill the process that this is done by, at the first attempt."""
    marker = Path(place)
    if not marker.exists():
        marker.write_text(f"{os.getpid()}")
        os.kill(os.getpid(), signal.SIGKILL)
    return marker.name


def die(starter):
    if os.getpid() != starter:
        os.kill(os.getpid(), signal.SIGKILL)


def facts(results):
    """Return what was found, without how long it took."""
    return {r.id: (r.verdict, r.witness, r.mutants_killed) for r in results}


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def trusted(monkeypatch):
    """Have workers believed whatever their sources, which an editor may just change."""
    monkeypatch.setattr(crowd, "fingerprint", lambda folders: "")


@pytest.fixture(params=["processes", "cluster"])
def scheduler(request):
    return request.getfixturevalue("cluster") if request.param == "cluster" else None


def test_each_item_is_done_once(scheduler):
    found = list(map_unordered(square, range(20), 2, scheduler))
    assert sorted(found) == [n * n for n in range(20)]


@pytest.mark.usefixtures("trusted")
def test_items_without_end_are_taken_when_needed(scheduler):
    taken = count()
    found = list(islice(map_unordered(square, taken, 2, scheduler), 5))
    assert len(found) == 5
    assert next(taken) < 20


@pytest.mark.usefixtures("trusted")
def test_a_killed_worker_loses_nothing(scheduler, tmp_path):
    places = [str(tmp_path / name) for name in "ab"]
    assert sorted(map_unordered(die_once, places, 2, scheduler)) == ["a", "b"]
    pids = {int(Path(place).read_text()) for place in places}
    assert STARTED not in pids


@pytest.mark.usefixtures("trusted")
def test_an_item_that_kills_every_worker_is_given_up(scheduler, monkeypatch):
    monkeypatch.setattr(crowd, "LIVES", 2)
    with pytest.raises(CrowdError, match="died of one item"):
        list(map_unordered(die, [STARTED], 2, scheduler))


@pytest.mark.usefixtures("trusted")
def test_verdicts_are_those_of_plain_processes(cluster):
    plain, spread = (facts(judge_all(PROOFS, 2, who)) for who in (None, cluster))
    assert plain == spread
    assert {verdict for verdict, _, _ in plain.values()} == {"proved"}


@pytest.mark.usefixtures("trusted")
def test_walks_are_those_of_plain_processes(cluster):
    plain, spread = (
        {b.first: (b.transactions, b.met) for b in walk_all("book", iter([5]), 2, who)}
        for who in (None, cluster)
    )
    assert plain == spread


def test_workers_with_other_sources_are_not_believed(cluster, monkeypatch):
    monkeypatch.setattr(crowd, "fingerprint", lambda folders: "another")
    with pytest.raises(CrowdError, match="other sources"):
        list(map_unordered(square, [1], 2, cluster))


def test_no_cluster_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(crowd, "PATIENCE", 1)
    with pytest.raises(CrowdError, match="no cluster with workers at tcp://"):
        list(map_unordered(square, [1], 2, "tcp://127.0.0.1:9"))


def test_a_cluster_of_its_own_is_started():
    assert sorted(map_unordered(square, [1, 2], 2, crowd.LOCAL)) == [1, 4]
