"""What a run may write, what it has to say, and what it remembers."""

import json
from dataclasses import replace

import pytest

from tests.proofs import __main__ as command
from tests.proofs import report, running
from tests.proofs.proof import Result
from tests.proofs.running import Memory

ENTRY = {
    "id": "a.law",
    "statement": "It is so.",
    "layer": 1,
    "tool": "z3",
    "verdict": "proved",
    "seconds": 1.5,
    "witness": "x = 1",
    "mutants_killed": 2,
}
RESULT = Result("a.law", "It is so.", 1, "z3", "proved", 1.5, "x = 1", 2)


@pytest.fixture
def files(tmp_path):
    committed, beside = tmp_path / "proofs.json", tmp_path / "cache" / "proofs.json"
    report.write([ENTRY], committed)
    return committed, beside


def test_seconds_may_change_and_are_written(files):
    committed, beside = files
    assert command.compare([{**ENTRY, "seconds": 9.0}], False, False, *files)
    assert report.read(committed)[0]["seconds"] == 9.0
    assert not beside.exists()


@pytest.mark.parametrize(
    ("entries", "line"),
    [
        ([{**ENTRY, "witness": "x = 2"}], 'a.law: witness "x = 1" -> "x = 2"'),
        ([{**ENTRY, "mutants_killed": 1}], "a.law: mutants_killed 2 -> 1"),
        ([{**ENTRY, "verdict": "open"}], 'a.law: verdict "proved" -> "open"'),
        ([{**ENTRY, "more": 1}], "a.law: more null -> 1"),
        ([], "a.law: gone"),
        ([ENTRY, {**ENTRY, "id": "b"}], "b: new, proved"),
    ],
)
def test_any_other_change_fails_and_is_told(files, entries, line, capsys):
    committed, beside = files
    before = committed.read_text()
    assert not command.compare(entries, False, False, *files)
    assert committed.read_text() == before
    assert report.read(beside) == entries
    told = capsys.readouterr().err
    assert f"  {line}\n" in told
    assert "make prove ARGS=--accept" in told


def test_another_order_is_a_change():
    both = [ENTRY, {**ENTRY, "id": "b"}]
    assert list(report.changes(both, both[::-1])) == ["the order of entries"]


def test_a_file_that_is_missing_is_a_change(tmp_path):
    files = tmp_path / "proofs.json", tmp_path / "beside.json"
    assert not command.compare([ENTRY], False, False, *files)
    assert not files[0].exists()


def test_an_accepted_change_is_written(files):
    changed = [{**ENTRY, "witness": "x = 2"}]
    assert command.compare(changed, False, True, *files)
    assert report.read(files[0]) == changed


def test_nothing_is_accepted_of_a_run_that_failed(files, capsys):
    changed = [{**ENTRY, "verdict": "failed"}]
    assert not command.compare(changed, True, True, *files)
    assert report.read(files[0]) == [ENTRY]
    assert "--accept" not in capsys.readouterr().err


def test_what_was_proved_is_remembered(tmp_path):
    memory = Memory(tmp_path / "folder" / "memory.jsonl")
    assert memory.proved() == {}
    memory.add(RESULT)
    with memory.path.open("a") as file:
        file.write('\n{"id": "torn')
    memory.add(replace(RESULT, id="b", verdict="undecided"))
    memory.add(replace(RESULT, id="c"))
    assert [*memory.proved()] == ["a.law", "c"]
    assert memory.proved()["a.law"] == RESULT


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Have proofs judged without any work; return the names of those that were."""
    names = []

    def judge_all(wanted, jobs, scheduler, judging):
        for name in wanted:
            names.append(name)
            yield replace(RESULT, id=name)

    monkeypatch.setattr(running, "judge_all", judge_all)
    monkeypatch.setattr(running, "FOLDER", tmp_path)
    return names


@pytest.mark.parametrize(
    ("words", "is_spared"),
    [
        ((), True),
        (("--accept",), False),
        (("--all-mutants",), False),
        (("weights.",), False),
        (("--layer", "2"), False),
    ],
)
def test_mutants_are_spared_in_a_whole_run(words, is_spared, monkeypatch, tmp_path):
    def judge_all(wanted, jobs, scheduler, judging):
        assert judging is (running.judge_spared if is_spared else running.judge_named)
        yield replace(RESULT, id="a")

    monkeypatch.setattr(running, "judge_all", judge_all)
    monkeypatch.setattr(running, "FOLDER", tmp_path)
    assert [*command.judge_chosen(["a"], options(*words))] == ["a"]
    assert ("spared" in next(tmp_path.iterdir()).name) == is_spared


def test_each_proof_has_its_turn(monkeypatch):
    turns = set()
    for state in range(60):
        monkeypatch.setattr(running, "_sources", lambda state=state: str(state))
        turns |= {name for name in "abc" if running.is_its_turn(name)}
    assert turns == {*"abc"}
    assert not all(map(running.is_its_turn, map(str, range(60))))


def options(*words):
    return command.parse([*words])


def test_a_run_goes_on_if_it_is_asked_to(judged):
    assert [*command.judge_chosen(["a", "b"], options())] == ["a", "b"]
    found = command.judge_chosen(["a", "b", "c"], options("--resume"))
    assert {*found} >= {"a", "b", "c"}
    assert judged == ["a", "b", "c"]
    command.judge_chosen(["a"], options())
    assert judged[-1] == "a"


def test_part_of_a_run_compares_and_writes_nothing(judged, monkeypatch, capsys):
    monkeypatch.setattr(command, "compare", None)
    assert command.prove(options("weights.")) == 0
    assert command.prove(options("--layer", "4")) == 0
    assert "44 of 44 hold" in capsys.readouterr().out


def test_a_failure_ends_with_one(judged, monkeypatch, capsys):
    failing = replace(RESULT, id="I13", verdict="undecided", detail="why [it] did not")
    monkeypatch.setattr(running, "judge_all", lambda *_: iter([failing]))
    monkeypatch.setattr(command, "choose", lambda _: ["I13"])
    assert command.prove(options("I13")) == 1
    assert "I13: undecided: why [it] did not" in capsys.readouterr().out


def test_an_invariants_number_picks_what_it_rests_on():
    chosen = command.choose(options("I1"))
    assert "I1" in chosen
    assert "I10" not in chosen
    proofs = running.everything()
    assert all("I1" in proofs[name].serves for name in chosen if name != "I1")


def test_no_such_proof_is_told(capsys):
    assert command.prove(options("nonsense")) == 1
    assert capsys.readouterr().err == "no such proof\n"


def test_an_interrupt_ends_in_one_line(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "prove", interrupted)
    assert command.main([]) == 130
    assert capsys.readouterr().err == "stopped; --resume goes on from here\n"


def test_longest_come_first_and_a_spoilt_file_does_not_matter(tmp_path):
    path = tmp_path / "proofs.json"
    path.write_text(json.dumps([ENTRY]))
    assert running.seconds_before(path) == {"a.law": 1.5}
    for text in ("", "{}", "[1]", '[{"id": 1}]'):
        path.write_text(text)
        assert running.seconds_before(path) == {}
