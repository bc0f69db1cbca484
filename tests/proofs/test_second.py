"""A second solver hears every question, and is believed where it differs."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import z3

from tests.proofs import second
from tests.proofs.lifter.solver import find_model, prove
from tests.proofs.proof import Undecided

x, y = z3.Ints("x y")


@dataclass(frozen=True)
class Stub:
    identity: str = "stub"
    has_failed: bool = False

    def check(self, root: Path) -> str:
        prove([x > 0, y > 0], x + y > 1, "sum")
        find_model([x > 3, y == 2 * x])
        if self.has_failed:
            raise Undecided("it is too hard")
        return ""


def test_each_question_is_heard():
    with second.heard() as questions:
        Stub().check(Path())
    assert [*questions.values()] == ["unsat", "sat"]
    assert z3.Solver.check.__name__ == "check"


def test_a_question_in_a_context_of_its_own_is_heard():
    context = z3.Context()
    solver = z3.Solver(ctx=context)
    solver.add((x > 0).translate(context))
    with second.heard() as questions:
        assert solver.check((x < 0).translate(context)) == z3.unsat
    assert [second.ask(text) for text in questions] == ["unsat"]


def test_a_join_of_nothing_is_no_question():
    with second.heard() as questions:
        find_model([z3.And(), x > 0])
    assert [second.ask(text) for text in questions] == ["sat"]


def test_solvers_agree():
    opinion = second.ask_again(Stub())
    assert opinion.counts == {second.AGREES: 2}
    assert not opinion.disagreements
    assert not opinion.failure


@pytest.mark.parametrize(
    ("said", "verdict", "count"),
    [
        ("sat", second.DISAGREES, 1),
        ("unknown", second.UNKNOWN, 0),
        ("a parser's complaint", second.STRANGE, 2),
    ],
)
def test_anything_else_is_told(said, verdict, count, monkeypatch):
    monkeypatch.setattr(second, "ask", lambda text: said)
    opinion = second.ask_again(Stub())
    assert opinion.counts[verdict] == (1 if verdict == second.DISAGREES else 2)
    assert len(opinion.disagreements) == count
    assert opinion.unknown_proofs == (verdict == second.UNKNOWN)


def test_time_runs_out(monkeypatch):
    monkeypatch.setattr(second, "BUDGET", -1.0)
    assert second.ask_again(Stub()).counts == {second.SKIPPED: 2}


def test_a_proof_that_fails_is_told():
    failure = second.ask_again(Stub(has_failed=True)).failure
    assert failure == "Undecided: it is too hard"


def test_cvc5_answers_what_it_is_asked():
    declared = "(declare-const x Int)"
    assert second.ask(f"{declared}(assert (> (* x x) 3))(check-sat)") == "sat"
    hard = "(declare-const y Int)(assert (= (+ (* x x x) (* y y y)) 30000000001))"
    assert second.ask(f"{declared}{hard}(check-sat)", patience=1) == "unknown"
    assert second.ask(f"{declared}(assert (< x x))(check-sat)") == "unsat"
    assert second.ask("(assert z)(check-sat)") not in ("sat", "unsat", "unknown")
