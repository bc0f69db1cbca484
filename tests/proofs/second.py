"""
A second opinion: every question that z3 was asked, asked of cvc5 as well.

While a proof is checked each question is written down as SMT-LIB, with z3's answer.
cvc5 may not know, which is counted; a different answer is a failure, of one of the two
solvers or of the way in which they are asked.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import z3

from tests.proofs.proof import PROJECT, Proof, Refuted, Undecided, in_child

PATIENCE = 3_000
"""Milliseconds of cvc5 for a question."""
BUDGET = 600.0
"""Seconds for the questions of one proof; what is left then is not asked."""

AGREES, UNKNOWN, DISAGREES = "agrees", "unknown", "disagrees"
SKIPPED, STRANGE = "not asked", "not understood"


@dataclass
class Opinion:
    """What cvc5 said to the questions of one proof."""

    identity: str
    counts: Counter = field(default_factory=Counter)
    unknown_proofs: int = 0
    """Those of them that z3 answered with "unsat", of which a proof is made."""
    disagreements: list[str] = field(default_factory=list)
    failure: str = ""
    seconds: float = 0.0


def ask_again(proof: Proof) -> Opinion:
    """Check a proof with z3 and ask cvc5 whatever z3 was asked."""
    begun = time.monotonic()
    opinion = Opinion(proof.identity)
    try:
        counts, unknown, differing = json.loads(in_child(lambda: _compare(proof)))
        opinion.counts.update(counts)
        opinion.unknown_proofs, opinion.disagreements = unknown, differing
    except (Refuted, Undecided) as failure:
        opinion.failure = str(failure)
    opinion.seconds = round(time.monotonic() - begun, 2)
    return opinion


def _compare(proof: Proof) -> str:
    with heard() as questions:
        proof.check(PROJECT)
    counts: Counter = Counter()
    unknown, differing = 0, []
    end = time.monotonic() + BUDGET
    for text, said in questions.items():
        theirs = ask(text) if time.monotonic() < end else SKIPPED
        if theirs == said:
            verdict = AGREES
        elif theirs in (UNKNOWN, SKIPPED):
            verdict = theirs
            unknown += said == "unsat"
        else:
            verdict = DISAGREES if theirs in ("sat", "unsat") else STRANGE
            differing.append(f"z3 {said}, cvc5 {theirs}:\n{text}")
        counts[verdict] += 1
    return json.dumps([counts, unknown, differing])


@contextmanager
def heard() -> Iterator[dict[str, str]]:
    """Write down each question that z3 answers, and the answer."""
    questions: dict[str, str] = {}
    check = z3.Solver.check

    def listening(self: z3.Solver, *assumptions: Any) -> z3.CheckSatResult:
        answer = check(self, *assumptions)
        if answer != z3.unknown:
            copy = z3.Solver(ctx=self.ctx)
            copy.add(*filter(_is_written, (*self.assertions(), *assumptions)))
            questions[copy.to_smt2()] = str(answer)
        return answer

    z3.Solver.check = listening
    try:
        yield questions
    finally:
        z3.Solver.check = check


def _is_written(formula: z3.BoolRef) -> bool:
    """Tell whether a formula says anything: z3 writes a join of nothing as a name."""
    return not (z3.is_and(formula) and not formula.children())


def ask(text: str, patience: int = PATIENCE) -> str:
    """Return cvc5's answer to a question: sat, unsat, unknown or an error."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(patience))
    solver.setLogic("ALL")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    symbols = parser.getSymbolManager()
    said = ""
    try:
        while not (command := parser.nextCommand()).isNull():
            said += str(command.invoke(solver, symbols))
    except RuntimeError as failure:
        return f"{failure}"
    # "unknown" comes with a reason.
    return said.split()[0] if said.startswith(UNKNOWN) else said.strip() or "nothing"
