"""Proofs of bytecode on the code of other generators."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.proofs import bytecode, generators, running
from tests.proofs.proof import PROJECT, Refuted, Undecided

HARNESS = PROJECT / "tests/harness/FixedPointHarness.vy"


@dataclass(frozen=True)
class Stub:
    """A proof of one sort of code only, or that ends as it is told to."""

    refused: Exception | None = None
    wanted: str = ""
    identity: str = "bytecode.stub"
    function: str = "stub"
    layer: int = 2

    def check(self, root: Path) -> str:
        if self.refused:
            raise self.refused
        code = bytecode.compiled(HARNESS, PROJECT)["bytecode"]
        if self.wanted and code != self.wanted:
            raise Undecided("another code")
        return ""


def codes():
    return {
        name: bytecode.compiled.__wrapped__(HARNESS, PROJECT, settings)["bytecode"]
        for name, settings in generators.GENERATORS.items()
    }


def test_each_generator_makes_its_own_code_and_that_is_checked():
    found = codes()
    assert len({*found.values()}) == 4
    for name, code in found.items():
        verdicts = [
            generators.check(Stub(wanted=code), other).verdict for other in found
        ]
        expected = ["proved" if other == name else "undecided" for other in found]
        assert verdicts == expected
    assert bytecode.compiled(HARNESS, PROJECT)["bytecode"] == found["gas"]


@pytest.mark.parametrize("generator", generators.GENERATORS)
def test_an_equality_holds_on_all_code(generator):
    proof = running.everything()["bytecode.fixed_point.mul_div_up"]
    assert generators.check(proof, generator).verdict == "proved"


@pytest.mark.parametrize(
    ("refused", "verdict"),
    [(None, "unlisted"), (Undecided("an idiom"), "listed"), (Refuted("x"), "refuted")],
)
def test_a_list_excuses_what_is_undecided_alone(refused, verdict, monkeypatch):
    listed = {("none", "bytecode.st*"): "an idiom"}
    monkeypatch.setattr(generators, "UNSUPPORTED", listed)
    assert generators.check(Stub(refused), "none").verdict == verdict
    plain = "proved" if refused is None else type(refused).__name__.lower()
    assert generators.check(Stub(refused), "gas").verdict == plain


def test_venom_has_no_internal_functions_to_begin_at():
    inner = Stub(Undecided("never asked"), function="module._function")
    assert generators.check(inner, "venom").detail == generators.NO_ENTRY
    assert generators.check(inner, "gas").verdict == "undecided"


def test_what_cuts_is_left_to_the_deployed_code():
    proofs = [*running.everything().values()]
    names = {name for name, _ in generators.tasks(proofs)}
    assert "bytecode.fixed_point.mul_div_up" in names
    assert "weights.compute_weight" not in names
    for proof in proofs:
        if getattr(proof, "cuts", ()):
            assert proof.identity not in names


def test_every_excuse_is_of_a_proof():
    names = [*running.everything()]
    for generator, pattern in generators.UNSUPPORTED:
        assert generator in generators.GENERATORS
        assert any(generators.fnmatchcase(name, pattern) for name in names)


def test_code_too_long_for_a_chain_is_what_its_constructor_leaves():
    body = bytes(24_600) + b"\x2a"
    for cut in (body, body[-1:]):
        size = f"62{len(cut):06x}"
        # Stores 7 at word 5, and returns what follows.
        creation = f"6007600555{size}60156000 39{size}6000f3".replace(" ", "")
        assert len(creation) == 2 * 0x15
        output = {"bytecode": creation + cut.hex()}
        machine, address, code = bytecode.deployed(output)
        assert code.rstrip(b"\0") == cut
        assert (address == bytecode.TOO_LONG) == (cut == body)
        assert machine.storage(address, 5) == 7
