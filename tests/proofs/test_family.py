"""Steps that are one proof: whose mutant is whose."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.proofs.catalogue import collect
from tests.proofs.lifter.integers import Integers
from tests.proofs.proof import PROJECT, Mutant, judge
from tests.proofs.steps.family import Family
from tests.proofs.transition import Step

HARNESS = "tests/harness/FixedPointHarness.vy"
DOWN = Mutant(
    "contracts/modules/fixed_point.vy",
    "    return x * y // d",
    "    return x * y // d + 1",
)


def returns_little(step, *words):
    x = step.word(words[0])
    if step.succeeds:
        step.assume(x == 0)
        step.holds(step.result() <= 0, "nothing of nothing")


def step(function, *mutants):
    return Step(
        f"step.{function}",
        "",
        HARNESS,
        f"fixed_point.{function}",
        ("x", "y", "z"),
        returns_little,
        mutants,
        theories=(Integers,),
        keeps_refusals=False,
    )


def family(*steps, shared=()):
    return Family("step.both", "", steps, shared)


def test_a_mutant_of_a_step_has_to_be_refuted_by_that_one():
    down, up = step("_mul_div_down"), step("_mul_div_up")
    mine, others = step("_mul_div_down", DOWN), step("_mul_div_up", DOWN)
    assert judge(family(mine, up)).is_proved
    assert judge(family(down, up, shared=(DOWN,))).is_proved
    result = judge(family(down, others))
    assert (result.verdict, result.mutants_killed) == ("untested", 0)


def test_what_its_steps_cut_and_what_faults_they_have_is_the_familys():
    proof = family(step("_mul_div_down", DOWN), step("_mul_div_up"), shared=(DOWN,))
    assert proof.mutants == (DOWN, DOWN)
    assert proof.cuts == ()
    for found in collect():
        if isinstance(found, Family):
            assert {*found.cuts} == {cut for s in found.steps for cut in s.cuts}


def test_a_family_without_a_witness_of_each_step_is_vacuous():
    def never(step, *words):
        step.assume(step.word(words[0]) < 0)

    empty = replace(step("_mul_div_up"), holds=never)
    proof = family(step("_mul_div_down", DOWN), empty)
    assert proof.check(PROJECT) == ""


@pytest.mark.parametrize(
    "proof",
    [p for p in collect() if isinstance(p, Family)],
    ids=lambda proof: proof.identity,
)
def test_each_function_of_a_family_has_a_mutant_of_its_own(proof):
    tried = {s.function for s in proof.steps if s.mutants}
    assert tried == {s.function for s in proof.steps}


def test_the_first_witness_is_the_familys():
    said = []

    class First(Step):
        def check(self, root: Path) -> str:
            said.append(self.identity)
            return "any input"

    first = step("_mul_div_down")
    first = First(**{name: getattr(first, name) for name in first.__match_args__})
    assert family(first).check(PROJECT) == "any input"
    assert said == ["step.both"]
