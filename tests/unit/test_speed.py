"""What is measured of the tools' speed is what they did, and is written as measured."""

import json
import os
import signal
import subprocess
import sys
import time
import types
from io import StringIO

import pytest
from rich.console import Console

from keeper.artifacts import ROOT
from specs.instruments import SPOT
from tests.helpers import worlds
from tests.speed import __main__ as speed
from tests.speed import engine, machine, measuring, plot, proofs, replays, sizes, walks
from tests.speed.measuring import Clock, Job, Point, Series
from tests.speed.show import MARK, show
from tests.stateful import book_walk, walk
from tests.stateful.bulk import Differs, attempt, count_transactions, walk_beside


def run(job):
    """Measure, and return the points."""
    points = []
    job.run(points.append)
    return points


def read(folder):
    return json.loads((folder / "speed.json").read_text())


def measure(folder, *words):
    console = Console(record=True, width=140, file=(folder / "said").open("w"))
    status = speed.main(["--quick", "--output", str(folder), *words], console)
    console.file.close()
    return status, console.export_text()


def point(size=1, seconds=1.0, cpu=1.0, **counts):
    return Point(size, counts or {"steps": 10}, seconds, cpu, 0.5)


# The clock


def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_clock_counts_work_and_not_sleep():
    clock = Clock()
    burn(0.05)
    time.sleep(0.2)
    found = clock.read(7, {"steps": 3})
    assert (found.size, found.counts) == (7, {"steps": 3})
    assert found.seconds >= 0.25
    assert 0.05 <= found.cpu < found.seconds - 0.15
    assert found.is_disturbed
    assert found.rates["steps"] == 3 / found.cpu


def test_clock_counts_children():
    clock = Clock()
    child = os.fork()
    if child == 0:
        burn(0.05)
        os._exit(0)
    os.waitpid(child, 0)
    assert clock.read(1, {}).cpu >= 0.05


def test_two_processes_share_two_processors():
    alone = Point(1, {"steps": 1}, 1.0, 1.0, 0.0)
    both = Point(1, {"steps": 1}, 1.0, 1.0, 0.0, processes=2)
    assert (alone.is_disturbed, both.is_disturbed) == (False, True)
    assert both.share == 0.5


# Larger worlds


def test_a_world_is_as_it_was_unless_it_is_larger():
    def constants():
        modules = worlds, walk, book_walk
        return [{k: v for k, v in vars(m).items() if k.isupper()} for m in modules]

    before = constants()
    with sizes.sized():
        assert constants() == before
    with sizes.sized(10, 3):
        assert constants() != before
    assert constants() == before
    for size in ((7, 2), (8, 1), (8, 9)):
        with pytest.raises(ValueError, match=str(size[0])), sizes.sized(*size):
            pass


@pytest.mark.parametrize("path", [walk, book_walk])
def test_accounts_and_markets_that_are_added_are_walked_on(path):
    met, traded = set(), set()

    def step(world, action):
        after, refusal = attempt(world, action)
        if refusal is None:
            met.update(after.clearing.accounts.keys() - world.clearing.accounts.keys())
            if action.name == "fill_perp":
                traded.add(action.arguments[0])
            elif action.name == "place":
                traded.add(action.arguments[0].instrument)
        return after

    with sizes.sized(14, 4):
        assert set(worlds.ACCOUNTS[sizes.ACCOUNTS :]).isdisjoint(met)
        for seed in range(3):
            end = path.wander(seed, 120, step)
        assert met >= set(worlds.ACCOUNTS[sizes.ACCOUNTS :])
    assert len(end.clearing.markets) == 4
    assert traded & {2, 3, SPOT + 3, SPOT + 4}


# The parts


def test_walks_count_the_transactions_of_their_seeds():
    job = Job(Series("walks", "book", "x"), walks.Walking("book", 5, 60, 30, LITTLE))
    (found,) = run(job)
    path = walks.PATHS["book"]
    twin = path.open_twin()
    met = sum(
        count_transactions(walk_beside(twin, seed, 30, path=path.wander))
        for seed in (5, 6)
    )
    assert (found.size, found.counts) == (30, {"transactions": met})


LITTLE = walks.Size(steps=30)


def test_a_walk_that_differs_is_no_figure(monkeypatch):
    monkeypatch.setattr(walks, "walk_beside", lambda *_, **__: differ())
    with pytest.raises(Differs):
        run(Job(Series("walks", "protocol", "x"), WALKING))


def differ():
    raise Differs(0, 1, None, ["a word"])


WALKING = walks.Walking("protocol", 0, 30, 30, LITTLE)


@pytest.mark.parametrize("name", machine.MACHINES)
def test_machine_counts_a_step_for_each_comparison(name):
    running = machine.Running(name, 1, 4, 3)
    (found,) = run(Job(Series("machine", name, "x"), running))
    # The start of an example is compared as well.
    assert 3 <= found.counts["steps"] <= 3 * (4 + 1)
    assert found.size == 4
    assert run(Job(Series("machine", name, "x"), running))[0].counts == found.counts


def test_replay_is_measured_piece_by_piece():
    points = run(Job(Series("replay", "x", "y"), replays.Replaying(8, 0, 2, 1, False)))
    assert [each.size for each in points] == [1, 2]
    assert [each.counts["ticks"] for each in points] == [1, 1]
    assert all(each.counts["transactions"] > 10 for each in points)
    (whole,) = run(Job(Series("replay", "x", "y"), replays.Replaying(8, 0, 2, 2, True)))
    assert (whole.size, whole.counts["ticks"]) == (8, 2)
    sent = sum(each.counts["transactions"] for each in points)
    assert whole.counts["transactions"] == sent


def test_a_replay_that_violates_is_no_figure(monkeypatch):
    violation = types.SimpleNamespace(invariant="I7")
    result = types.SimpleNamespace(violation=violation, is_complete=True)
    monkeypatch.setattr(replays.Replay, "run", lambda *_: result)
    with pytest.raises(replays.ReplayError, match="I7"):
        run(Job(Series("replay", "x", "y"), replays.Replaying(8, 0, 1, 1, True)))


def test_larger_samples_of_proofs_have_smaller_ones():
    small, large = (proofs.draw(3, count, 20.0) for count in (5, 20))
    assert large[:5] == small
    assert len(set(large)) == 20
    assert proofs.draw(4, 20, 20.0) != large
    took = {entry["id"]: entry["seconds"] for entry in proofs.read_single()}
    assert max(took[name] for name in proofs.draw(3, 10**6, 1.0)) <= 1.0


def test_a_proof_that_fails_is_no_figure(monkeypatch):
    failed = types.SimpleNamespace(is_proved=False, id="law.of_nothing")
    monkeypatch.setattr(proofs, "judge_claim", lambda name: failed)
    monkeypatch.setattr(
        proofs, "map_unordered", lambda work, names, _: map(work, names)
    )
    with pytest.raises(proofs.ProofError, match=r"law\.of_nothing"):
        run(Job(Series("proofs", "x", "y"), proofs.Proving(0, 1, 1, 1.0)))


def test_what_proofs_are_about_is_compiled_before_time_runs(monkeypatch):
    judged = []
    passed = types.SimpleNamespace(is_proved=True)
    monkeypatch.setattr(
        proofs, "judge_claim", lambda name: judged.append(name) or passed
    )
    monkeypatch.setattr(
        proofs, "map_unordered", lambda work, names, _: map(work, names)
    )
    monkeypatch.setattr(proofs, "COMPILED", set())
    proving = proofs.Proving(0, 12, 1, 20.0)
    run(Job(Series("proofs", "x", "y"), proving))
    names = proofs.draw(0, 12, 20.0)
    early = [name for name in names if proofs.everything()[name].layer > 1]
    assert early
    assert judged == [*early, *names]
    run(Job(Series("proofs", "x", "y"), proving))
    assert judged == [*early, *names, *names]


def test_seconds_that_are_committed_are_summed_once_each():
    entries = json.loads((ROOT / "proofs.json").read_text())
    single = [entry for entry in entries if not entry["id"].startswith("I")]
    found = proofs.sum_committed()
    assert sum(each["proofs"] for each in found) == len(single) > 500
    total = sum(entry["seconds"] for entry in single)
    assert sum(each["seconds"] for each in found) == pytest.approx(total, abs=1)
    for each in found:
        assert len(each["sums"]) == each["proofs"]
        assert each["sums"] == sorted(each["sums"])
        assert each["sums"][-1] == pytest.approx(each["seconds"], abs=0.1)


def test_calls_of_the_engine_do_what_they_are_called():
    twin = engine.open_market()
    calls = engine.calls_of(twin)
    assert calls.keys() == set(engine.KINDS)
    token, house = twin.made.tokens[0], twin.made.contracts["Clearinghouse"]

    def held():
        return twin.made.chain.call(token, "balanceOf", house.address)

    before = held()
    assert calls[engine.VIEW_CODED]() == before
    assert int.from_bytes(calls[engine.VIEW](), "big") == before
    for kind in (engine.DEPOSIT, engine.DEPOSIT_CODED, engine.DEPOSIT_TOLD):
        calls[kind]()
        before += 10**6
        assert held() == before
    assert calls[engine.DEPOSIT_TOLD]().event("Deposit").arguments["amount"] == 10**18
    assert calls[engine.WORD]() == twin.made.chain.storage(house.address, 0)
    calls[engine.REALISE]()


# The command


def test_all_parts_are_planned_at_both_sizes():
    for name, plan in speed.PARTS.items():
        for quick in (True, False):
            jobs = list(plan(0, quick))
            assert {job.series.part for job in jobs} == {name}
        assert len(list(plan(0, True))) <= len(jobs)


def test_figures_are_written_with_what_they_depend_on(tmp_path):
    status, said = measure(tmp_path, "--only", "engine")
    found = read(tmp_path)
    assert status == 0
    assert [series["name"] for series in found["series"]] == list(engine.KINDS)
    for series in found["series"]:
        (one,) = series["points"]
        rate = one["counts"]["calls"] / one["cpu"]
        assert one["a_cpu_second"]["calls"] == pytest.approx(rate, abs=0.01)
        assert f"{one['counts']['calls']:,} calls" in said
    told = found["machine"]
    assert told["processors"] == os.cpu_count()
    assert len(told["load_before"]) == 3
    assert told["versions"].keys() == set(measuring.PACKAGES)
    assert (found["is_quick"], found["is_complete"], found["seed"]) == (True, True, 0)
    assert "calls a second of CPU" in (tmp_path / "speed.svg").read_text()


def test_pictures_name_their_axes():
    series = [
        Series("walks", "protocol", "accounts", [point(8, transactions=9)]),
        Series("machine", "specification", "steps of an example", [point(5)]),
        Series("replay", "8 ticks", "accounts", [point(8, ticks=1, transactions=40)]),
        Series("proofs", "1 process", "proofs", [point(4, proofs=4)]),
        Series("engine", "a call", "calls", [point(1, calls=7)]),
    ]
    svg = plot.plot(series, proofs.sum_committed())
    for text in (
        "transactions a second of CPU",
        "steps of an example",
        "steps a second of CPU",
        "Replay of 8 ticks",
        "A sample of proofs, mutants spared",
        "seconds, together",
        "calls a second of CPU",
    ):
        assert f">{text}<" in svg
    assert "hollow" not in svg
    series[1].points.append(point(9, seconds=2.0))
    assert "hollow" in plot.plot(series[1:2], [])


def test_what_was_disturbed_is_marked():
    def text(*points):
        console = Console(record=True, width=140, file=StringIO())
        show([Series("machine", "x", "steps", list(points))], console)
        return console.export_text()

    assert MARK not in text(point(seconds=1.05))
    assert f"50%{MARK}" in text(point(seconds=2.0))


def test_an_interrupt_keeps_what_is_measured(tmp_path, monkeypatch):
    series = Series("machine", "x", "steps")

    def stop(keep):
        keep(point(9))
        raise KeyboardInterrupt

    jobs = [Job(series, lambda keep: keep(point(3))), Job(series, stop)]
    jobs.append(Job(series, lambda keep: keep(point(27))))
    monkeypatch.setitem(speed.PARTS, "machine", lambda seed, quick: jobs)
    status, said = measure(tmp_path, "--only", "machine")
    assert status == 130
    assert "stopped" in said
    found = read(tmp_path)
    assert [one["size"] for one in found["series"][0]["points"]] == [3, 9]
    assert found["is_complete"] is False
    assert (tmp_path / "speed.svg").exists()


def test_ctrl_c_reaches_who_measures(tmp_path):
    command = [sys.executable, "-c", "from scripts.speed import cli; cli()"]
    command += ["--only", "engine", "--output", str(tmp_path)]
    child = subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().startswith("measured engine")
    os.killpg(child.pid, signal.SIGINT)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert read(tmp_path)["is_complete"] is False


def test_mistakes_are_said_in_a_line(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    assert speed.main(["--output", str(tmp_path / "file" / "in")]) == 2
    assert "Not a directory" in capsys.readouterr().err

    def fail(keep):
        raise proofs.ProofError("law.of_nothing")

    job = Job(Series("proofs", "x", "y"), fail)
    monkeypatch.setitem(speed.PARTS, "proofs", lambda seed, quick: [job])
    assert measure(tmp_path, "--only", "proofs")[0] == 1
    assert "law.of_nothing" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        speed.main(["--only", "nothing"])
