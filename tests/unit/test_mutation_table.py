"""Mutants: what the table says, whether it does, and what is tried again."""

import json
from dataclasses import replace

import pytest

from tests.mutation import __main__ as command
from tests.mutation import catalogue, faults, score
from tests.mutation.catalogue import Stratum, code_hash
from tests.mutation.crew import Draw
from tests.mutation.record import Record, Result


def result(verdict, number=0, by="a test"):
    mutant = catalogue.of_group("modules")[number]
    return Result(mutant.id, code_hash(mutant.path), verdict, by, 1.0)


@pytest.fixture
def small(monkeypatch):
    """A sample of four mutants of modules, and none of others."""
    mutants = catalogue.of_group("modules")[:4]
    chosen = {"modules": [Stratum(mutants, 4)]}
    monkeypatch.setattr(score, "strata", lambda group, _=False: chosen.get(group, []))
    for module in (score, faults):
        monkeypatch.setattr(module, "EQUIVALENTS", {})
    return mutants


def write(tmp_path, *verdicts):
    record = Record(tmp_path / "results.jsonl")
    for number, verdict in enumerate(verdicts):
        record.add(result(verdict, number))
    score.write(record, tmp_path / "score.json")
    return tmp_path / "score.json"


def test_the_score_leaves_out_what_is_no_mutant(small, tmp_path):
    path = write(tmp_path, "killed", "survived", "equivalent", "stillborn")
    found = json.loads(path.read_text())["summary"]["modules"]
    assert (found["killed"], found["survived"], found["score"]) == (1, 1, 0.5)
    assert found["tried"] == 4


def test_a_complete_table_has_no_faults(small, tmp_path):
    path = write(tmp_path, *4 * ["killed"])
    assert faults.find(path).reasons == []


def test_a_table_with_a_survivor_is_below_the_score(small, tmp_path):
    path = write(tmp_path, *3 * ["killed"], "survived")
    assert faults.find(path).reasons == ["modules: score 0.75 is below 0.95"]


def test_a_survivor_may_be_argued(small, tmp_path, monkeypatch):
    arguments = {small[3].id: "it changes nothing"}
    for module in (score, faults):
        monkeypatch.setattr(module, "EQUIVALENTS", arguments)
    path = write(tmp_path, *3 * ["killed"], "survived")
    assert faults.find(path).reasons == []
    read_back = {each.id: each.verdict for each in score.read_results(path)}
    assert read_back[small[3].id] == "survived"
    arguments[small[0].id] = "a killed one needs no argument"
    assert faults.find(path).reasons == [f"argued without need: {small[0].id}"]


def test_an_argument_is_counted_in_the_table(small, tmp_path, monkeypatch):
    path = write(tmp_path, *3 * ["killed"], "survived")
    for module in (score, faults):
        monkeypatch.setattr(module, "EQUIVALENTS", {small[3].id: "it is none"})
    (reason,) = faults.find(path).reasons
    assert reason == "its summary is of other results or arguments"


def test_a_table_that_lacks_results_is_incomplete(small, tmp_path):
    path = write(tmp_path, *3 * ["killed"])
    assert faults.find(path).reasons == ["incomplete: 1 of 4 of modules"]


def test_a_table_of_other_code_is_stale(small, tmp_path):
    path = write(tmp_path, *4 * ["killed"])
    text = path.read_text()
    old = json.loads(text)["mutants"][0]["code"]
    path.write_text(text.replace(old, "0" * 16))
    found = faults.find(path)
    assert found.reasons == [
        f"stale: 4 of {small[0].path}",
        "incomplete: 4 of 4 of modules",
    ]
    (remedy,) = found.remedies
    assert remedy.startswith("make mutants brings it up to date, 4 to try, some 3 min")
    assert remedy in str(found)
    assert "\n" not in str(found)


def test_only_what_is_stale_is_tried_again(small, tmp_path):
    path = write(tmp_path, *4 * ["killed"])
    written = json.loads(path.read_text())
    written["mutants"][2]["code"] = "0" * 16
    path.write_text(json.dumps(written))
    record = Record(tmp_path / "nothing.jsonl")
    record.adopt(score.read_results(path))
    draw = Draw([Stratum(small, 4)], record)
    assert draw.next().id == written["mutants"][2]["id"]
    assert draw.next() is None


def test_several_words_choose_what_has_any_of_them(small):
    chosen = command.only(Stratum(small, 1), [small[1].id[-8:], small[2].id[-8:]])
    assert {mutant.id for mutant in chosen.mutants} == {small[1].id, small[2].id}
    assert chosen.quota == 2


@pytest.mark.parametrize(
    ("words", "among", "tried"),
    [
        ([], {3}, 1),
        (["--retry"], {1}, 1),
        (["--retry", "--only", "nothing"], set(), 0),
        (["--afresh"], {0, 1, 2}, 3),
        (["--afresh", "--limit", "1"], {0, 1, 2}, 1),
    ],
)
def test_what_is_tried_again(words, among, tried, small, monkeypatch, tmp_path):
    record = Record(tmp_path / "results.jsonl")
    for number, verdict in enumerate(["killed", "survived", "survived"]):
        record.add(result(verdict, number))
    arguments = {small[2].id: "it changes nothing"}
    monkeypatch.setattr(command, "EQUIVALENTS", arguments)
    monkeypatch.setattr(command, "Record", lambda: Record(record.path))
    monkeypatch.setattr(command.score, "read_results", list)
    monkeypatch.setattr(command, "strata", score.strata)
    found, asked = {}, []

    def try_all(draw, jobs, effort):
        while mutant := draw.next():
            asked.append(mutant.id)
            draw.record.add(replace(result("killed"), id=mutant.id))
            yield draw.record.results[mutant.id]

    monkeypatch.setattr(command, "try_all", try_all)
    monkeypatch.setattr(command, "report", lambda known, _: found.update(known.results))
    monkeypatch.setattr(command, "print_report", lambda _: None)
    monkeypatch.setattr(command.sys, "argv", ["tests.mutation", *words])
    assert command.main() == 0
    assert {*asked} <= {small[number].id for number in among}
    assert len(asked) == tried
    assert len(found) == 3 + (words == [])


def test_a_check_ends_with_one_and_a_line(monkeypatch, capsys):
    monkeypatch.setattr(command.sys, "argv", ["tests.mutation", "--check"])
    monkeypatch.setattr(faults, "find", lambda: faults.Faults([], []))
    assert command.main() == 0
    monkeypatch.setattr(faults, "find", lambda: faults.Faults(["old"], ["try"]))
    assert command.main() == 1
    assert capsys.readouterr().err == "tests/mutation/score.json: old. try.\n"
