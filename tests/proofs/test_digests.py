"""Which mutants may be spared, and what is written down of them."""

import json
from dataclasses import dataclass, replace

import pytest

from tests.mutants.catalogue import Mutant as Fault
from tests.proofs import __main__ as command
from tests.proofs import digests, proof, running, walks
from tests.proofs.proof import PROJECT, Mutant, Refuted, judge

PATH = "specs/fixed_point.py"
ONE = Mutant(PATH, "    return (x * y + d - 1) // d", "    return 0")
OTHER = Mutant(PATH, "    return (x * y + d - 1) // d", "    return 1")
ENTRY = {
    "id": "a",
    "statement": "it holds",
    "verdict": "proved",
    "witness": "x = 1",
    "mutants_killed": 2,
}


@dataclass(frozen=True)
class Plain:
    """A proof that is false of any source but the project's."""

    tried: list
    mutants: tuple = (ONE, OTHER)
    identity: str = "a"
    statement: str = "it holds"
    layer: int = 1
    tool: str = "none"

    def check(self, root):
        if root != PROJECT:
            raise Refuted("x = 2")
        return "x = 1"

    def witness(self, found, counterexamples):
        return found


class Stub(Plain):
    """A proof that remembers which mutants it was asked about."""

    def refute(self, mutant):
        self.tried.append(mutant)
        return "x = 2"


@pytest.fixture
def written(monkeypatch):
    """Have this written down of the stub's mutants."""

    def write(entry=ENTRY, mutants=(ONE, OTHER)):
        known = {"a": entry} if entry else {}
        kept = {"a": digests.digest_of(mutants)} if mutants else {}
        monkeypatch.setattr(proof, "_known", lambda: known)
        monkeypatch.setattr(digests, "known", lambda: kept)

    return write


@pytest.mark.parametrize(
    ("entry", "mutants", "is_spared"),
    [
        (ENTRY, (ONE, OTHER), True),
        (None, (ONE, OTHER), False),
        ({**ENTRY, "mutants_killed": 1}, (ONE, OTHER), False),
        ({**ENTRY, "statement": "it held"}, (ONE, OTHER), False),
        ({**ENTRY, "verdict": "failed"}, (ONE, OTHER), False),
        (ENTRY, None, False),
        (ENTRY, (ONE, replace(OTHER, new="    return 2")), False),
        (ENTRY, (ONE, replace(OTHER, path="specs/weights.py")), False),
    ],
)
def test_mutants_are_spared_only_if_they_are_written_down(
    entry, mutants, is_spared, written
):
    written(entry, mutants)
    stub = Stub([])
    result = judge(stub, spares_mutants=True)
    assert (result.verdict, result.mutants_killed) == ("proved", 2)
    assert stub.tried == ([] if is_spared else [ONE, OTHER])


def test_all_are_tried_if_none_is_to_be_spared(written):
    written()
    stub = Stub([])
    assert judge(stub).is_proved
    assert stub.tried == [ONE, OTHER]


@pytest.mark.parametrize(
    ("astray", "said"),
    [
        (replace(ONE, old="nowhere"), "occurs 0 times"),
        (replace(ONE, old="return"), "occurs 13 times"),
        (replace(ONE, path="specs/gone.py"), "no such file"),
        (replace(ONE, path="specs"), "no such file"),
    ],
)
def test_a_mutant_without_its_place_is_not_tested(astray, said, written):
    mutants = (ONE, astray)
    written(mutants=mutants)
    for result in (
        judge(Stub([], mutants), spares_mutants=True),
        judge(Plain([], mutants)),
    ):
        assert result.verdict == "untested"
        assert said in result.detail


def test_a_fault_of_the_specification_has_to_have_its_place(written):
    (walk,) = (found for found in walks.collect() if found.identity == "I1")
    walk.locate(walk.mutants[0])
    for place, said in (("ledger.take_out", "0 times"), ("ledger.gone", "no such")):
        with pytest.raises(ValueError, match=said):
            walk.locate(Fault("I1", place, "nowhere", ""))


def test_every_spared_fault_has_its_place():
    for walk in walks.collect():
        for fault in walk.mutants:
            walk.locate(fault)


def test_digests_are_written_and_what_changed_is_counted(tmp_path):
    path = tmp_path / "mutants.json"
    stubs = [Stub([]), Stub([], (), "bare"), Stub([], (ONE,), "b")]
    assert digests.write(stubs, path) == 2
    assert digests.write(stubs, path) == 0
    assert digests.read(path) == {
        "a": digests.digest_of((ONE, OTHER)),
        "b": digests.digest_of((ONE,)),
    }
    assert digests.write([Stub([], (OTHER, ONE))], path) == 2


@pytest.mark.parametrize("text", ["", "[1]", "3", "null"])
def test_a_spoilt_file_has_no_digests(text, tmp_path):
    path = tmp_path / "mutants.json"
    assert digests.read(path) == {}
    path.write_text(text)
    assert digests.read(path) == {}


@pytest.mark.parametrize(
    ("is_whole", "is_same", "verdict", "is_written"),
    [
        (True, True, "proved", True),
        (True, False, "proved", False),
        (True, True, "undecided", False),
        (False, True, "proved", False),
    ],
)
def test_a_whole_run_that_holds_writes_them(
    is_whole, is_same, verdict, is_written, monkeypatch, tmp_path
):
    result = proof.Result("a", "it holds", 1, "none", verdict, 1.0, "x = 1", 2)
    path = tmp_path / "mutants.json"
    write = digests.write
    monkeypatch.setattr(command, "choose", lambda _: ["a"])
    monkeypatch.setattr(command, "judge_chosen", lambda *_: {"a": result})
    monkeypatch.setattr(command, "compare", lambda *_: is_same)
    monkeypatch.setattr(command.invariants, "entries", lambda *_: [])
    monkeypatch.setattr(running, "everything", lambda: {"a": Stub([])})
    monkeypatch.setattr(digests, "write", lambda proofs: write(proofs, path))
    command.prove(command.parse([] if is_whole else ["a"]))
    assert path.exists() == is_written
    if is_written:
        assert [*json.loads(path.read_text())] == ["a"]
