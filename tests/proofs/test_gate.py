"""When a proof counts, and when it does not."""

import dataclasses

import pytest

from tests.proofs import catalogue, gate, proof
from tests.proofs.gate import Law
from tests.proofs.proof import Mutant, Refuted, Undecided, in_child, judge

ROUND = Mutant(
    "specs/fixed_point.py", "    return (x * y + d - 1) // d", "    return 0"
)
SOURCE = '''
def is_true(x: int) -> bool:
    """
    pre: 0 < x
    post: __return__
    """
    return x > 0


def is_false(x: int) -> bool:
    """
    pre: 0 < x
    post: __return__
    """
    return x != 123456


def is_vacuous(x: int) -> bool:
    """
    pre: 0 < x and x < 0
    post: __return__
    """
    return False


def is_not_a_law(x: int) -> bool:
    """Nothing is stated."""
    return False


def is_too_hard(x: int, y: int, z: int) -> bool:
    """
    pre: 2 < z and 0 < x and 0 < y
    post: __return__
    """
    return x**z + y**z != (x + 1) ** z
'''


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "PATIENCE", 2.0)
    for package in ("specs", "tests/proofs/laws"):
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "specs/trial.py").write_text(SOURCE)
    return lambda name: in_child(
        lambda: Law("specs.trial", name, "", ()).check(tmp_path)
    )


def test_true_law_is_confirmed(check):
    assert check("is_true") == ""


def test_false_law_is_refuted_by_an_example(check):
    with pytest.raises(Refuted, match="123456"):
        check("is_false")


@pytest.mark.parametrize("name", ["is_vacuous", "is_not_a_law", "is_too_hard"])
def test_anything_but_a_confirmation_is_undecided(check, name):
    with pytest.raises(Undecided):
        check(name)


def test_conditions_of_other_functions_are_blanked():
    bare = gate.without_conditions(SOURCE, "is_true")
    assert bare.count("post:") == bare.count("pre:") == 1
    assert len(bare.splitlines()) == len(SOURCE.splitlines())


@dataclasses.dataclass(frozen=True)
class Stub:
    """A proof whose checks say what they are told to."""

    here: str | Exception
    there: str | Exception
    seen: str = "an input"
    mutants: tuple = (ROUND,)
    identity: str = "stub"
    statement: str = "It is so."
    layer: int = 1
    tool: str = "none"

    def check(self, root):
        said = self.here if root == proof.PROJECT else self.there
        if isinstance(said, Exception):
            raise said
        return said

    def witness(self, found, counterexamples):
        return self.seen


def test_proof_counts_if_its_mutant_is_refuted():
    result = judge(Stub("", Refuted("x = 1")))
    assert result.is_proved
    assert (result.mutants_killed, result.witness) == (1, "an input")


@pytest.mark.parametrize(
    ("stub", "verdict"),
    [
        (Stub(Refuted("x = 1"), Refuted("x = 1")), "refuted"),
        (Stub(Undecided("time"), Refuted("x = 1")), "undecided"),
        (Stub(ValueError("a bug"), Refuted("x = 1")), "undecided"),
        (Stub("", ""), "untested"),
        (Stub("", Undecided("time")), "untested"),
        (Stub("", Refuted("x = 1"), mutants=()), "untested"),
        (Stub("", Refuted("x"), mutants=(Mutant(ROUND.path, "?", ""),)), "untested"),
        (Stub("", Refuted("x = 1"), seen=""), "vacuous"),
    ],
)
def test_proof_does_not_count_otherwise(stub, verdict):
    result = judge(stub)
    assert result.verdict == verdict
    assert not result.is_proved


def test_every_proof_has_its_own_name_a_statement_and_a_mutant():
    proofs = catalogue.collect()
    assert len({p.identity for p in proofs}) == len(proofs)
    assert {p.layer for p in proofs} == {1, 2, 3}
    assert all(p.statement and p.mutants for p in proofs)


def test_every_mutant_has_its_place():
    for claim in catalogue.collect():
        for mutant in claim.mutants:
            source = (proof.PROJECT / mutant.path).read_text()
            assert source.count(mutant.old) == 1, (claim.identity, mutant)


@pytest.mark.parametrize(
    ("known", "is_kept"),
    [
        ("compute_weight(3)", True),
        ("compute_weight(0)", False),  # no index
        ("compute_weight()", False),  # no call of it
        ("compute_weight(", False),  # no call at all
        ("", False),
    ],
)
def test_the_witness_that_was_written_down_is_kept_while_it_is_one(
    known, is_kept, monkeypatch
):
    monkeypatch.setattr(proof, "_known", lambda: {law.identity: {"witness": known}})
    law = next(p for p in catalogue.collect() if p.identity == "weights.compute_weight")
    result = judge(law)
    assert result.is_proved
    assert (result.witness == known) == is_kept
    assert result.witness.startswith("compute_weight(")


def test_a_known_witness_is_none_of_a_mutant_that_survives(monkeypatch):
    law = next(p for p in catalogue.collect() if p.identity == "weights.compute_weight")
    known = {law.identity: {"witness": "compute_weight(3)"}}
    monkeypatch.setattr(proof, "_known", lambda: known)
    harmless = Mutant("specs/weights.py", "* RAY // index", "* RAY // (index)")
    assert judge(dataclasses.replace(law, mutants=(harmless,))).verdict == "untested"
