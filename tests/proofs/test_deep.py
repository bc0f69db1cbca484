"""The night's run: each part counts, and a failure of any ends with one."""

import json
from collections import Counter

import pytest

from tests.proofs import __main__ as command
from tests.proofs import deep, generators, second
from tests.proofs.generators import Generated
from tests.proofs.second import Opinion

NAMES = ["bytecode.bands.around", "weights.compute_weight"]


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Have no work done, but results told as they are asked for."""
    found = {}
    monkeypatch.setattr(deep, "WRITTEN", tmp_path / "deep.json")
    monkeypatch.setattr(deep, "QUESTIONS", tmp_path / "questions")
    monkeypatch.setattr(deep, "_spread", lambda work, *_: found[work])
    return found


def prove(part, ordinary=lambda: 0):
    return deep.prove(command.parse(["--deep", "--part", part]), NAMES, ordinary)


@pytest.mark.parametrize("status", [0, 1])
def test_the_ordinary_run_counts(status, told):
    assert prove("proofs", lambda: status) == status


@pytest.mark.parametrize(
    ("verdict", "status"),
    [("proved", 0), ("listed", 0), ("undecided", 1), ("refuted", 1), ("unlisted", 1)],
)
def test_another_generator_counts(verdict, status, told, capsys):
    told[deep.check_generated] = [Generated(NAMES[0], "none", verdict, "why", 2.0)]
    assert prove("generators") == status
    assert f"1 {verdict}" in capsys.readouterr().out
    written = json.loads(deep.WRITTEN.read_text())
    assert len(written) == len(generators.GENERATORS)


@pytest.mark.parametrize(
    ("opinion", "status"),
    [
        (Opinion(NAMES[0], Counter({second.AGREES: 2}), 0, []), 0),
        (Opinion(NAMES[0], Counter({second.UNKNOWN: 2}), 2, []), 0),
        (Opinion(NAMES[0], Counter(), 0, ["z3 sat, cvc5 unsat:\n(check-sat)"]), 1),
        (Opinion(NAMES[0], failure="undecided"), 1),
    ],
)
def test_a_second_opinion_counts(opinion, status, told):
    told[deep.ask_again] = [opinion]
    assert prove("solver") == status
    kept = [path.read_text() for path in deep.QUESTIONS.glob("*.smt2")]
    assert kept == ["(check-sat)" for _ in opinion.disagreements]


@pytest.mark.parametrize(
    ("part", "commands"),
    [
        ("walks", [["tests.deep", "--path", path] for path in ("protocol", "book")]),
        ("mutants", [["tests.mutation", "--all"], ["tests.mutation", "--check"]]),
    ],
)
def test_other_commands_count(part, commands, told, monkeypatch):
    begun = []

    def run(words, **_):
        begun.append(words[2:])
        return deep.subprocess.CompletedProcess(words, len(begun) == 2, "first\nlast\n")

    monkeypatch.setattr(deep.subprocess, "run", run)
    assert prove(part) == 1
    heads = [words[: len(c)] for words, c in zip(begun, commands, strict=True)]
    assert heads == commands
    parts = json.loads(deep.WRITTEN.read_text())
    assert parts[-1]["failures"][-1] == "last"
    assert parts[0]["found"] == "first"
