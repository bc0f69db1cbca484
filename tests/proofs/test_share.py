"""A run of a share of the proofs: which they are, and what they are compared with."""

import json

import pytest

from tests.mutation import faults
from tests.proofs import __main__ as command
from tests.proofs import running
from tests.proofs.proof import Result

ENTRY = {"id": "law", "verdict": "proved", "seconds": 1.0, "witness": "x = 1"}


def test_others_are_drawn_as_sources_change(monkeypatch):
    names = list(running.everything())
    monkeypatch.setattr(running, "are_written_down", lambda proof: True)
    monkeypatch.setattr(running, "_sources", lambda: "some sources")
    some = running.drawn(names, 3)
    assert len(names) // 5 < len(some) < len(names) // 2
    assert some == running.drawn(names, 3)
    monkeypatch.setattr(running, "_sources", lambda: "others")
    assert some != running.drawn(names, 3)


def test_what_is_not_written_down_as_it_is_is_judged(monkeypatch):
    names = [n for n, p in running.everything().items() if p.layer < running.LAST]
    monkeypatch.setattr(running, "are_written_down", lambda proof: True)
    left = next(name for name in names if name not in running.drawn(names, 3))
    monkeypatch.setattr(
        running, "are_written_down", lambda proof: proof.identity != left
    )
    assert left in running.drawn(names, 3)


def test_their_entries_are_compared_and_no_others(tmp_path, capsys):
    committed = tmp_path / "proofs.json"
    committed.write_text(json.dumps([{**ENTRY, "id": "other"}, ENTRY]))
    assert command.agree([{**ENTRY, "seconds": 2.0}], committed)
    assert not command.agree([{**ENTRY, "witness": "x = 2"}], committed)
    assert "law: witness" in capsys.readouterr().err
    assert not command.agree([{**ENTRY, "id": "new"}], committed)
    assert command.agree([{**ENTRY, "id": "I1", "verdict": "tested"}], committed)


@pytest.mark.parametrize(
    ("words", "asks"), [([], True), (["--share", "3"], True), (["weights."], False)]
)
def test_a_table_of_mutants_of_other_sources_ends_a_run_with_one(
    words, asks, monkeypatch, capsys
):
    result = Result("a", "it holds", 1, "none", "proved", 1.0, "x = 1", 2)
    monkeypatch.setattr(
        command, "judge_chosen", lambda names, _: dict.fromkeys(names, result)
    )
    monkeypatch.setattr(command.invariants, "entries", lambda *_: [])
    monkeypatch.setattr(command, "compare", lambda *_: True)
    monkeypatch.setattr(command, "agree", lambda _: True)
    monkeypatch.setattr(command.digests, "write", lambda _: 0)
    monkeypatch.setattr(faults, "find", lambda: faults.Faults([], []))
    assert command.prove(command.parse(words)) == 0
    monkeypatch.setattr(faults, "find", lambda: faults.Faults(["stale"], ["try"]))
    assert command.prove(command.parse(words)) == asks
    assert ("stale. try." in capsys.readouterr().err) == asks
