"""Internal functions as beginnings, and calls that are cut: nothing is believed."""

import random
from dataclasses import replace

import pytest

from specs.fixed_point import mul_div_down, mul_div_up
from tests.proofs.bytecode import compiled, constructor_of, deployed
from tests.proofs.catalogue import collect
from tests.proofs.founded import unfounded
from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.entries import Answer, Cut
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.machine import Machine
from tests.proofs.lifter.terms import constant, evaluate, variable
from tests.proofs.proof import PROJECT, Mutant, Refuted
from tests.proofs.summary import Summary
from tests.proofs.transition import Step

HARNESS = "tests/harness/FixedPointHarness.vy"
EDGES = [0, 1, 2, 10**18, 10**27, 2**128 - 1, 2**128, 2**255, 2**256 - 1]


def lifted(contract, name, cuts=None, **options):
    output = compiled(PROJECT / contract, PROJECT)
    _, _, code = deployed(output, constructor_of(output))
    entries = output["entries"]
    pairs = {c.function: (entries[c.function], c) for c in cuts or ()}
    machine = Machine(code, cuts=pairs, **options)
    entry = entries[name]
    words = [variable(f"x{i}") for i in range(len(entry.arguments))]
    return machine.enter(entry, words)


def taken(paths, words):
    """Return the paths whose conditions are true of these arguments."""

    def leaf(term):
        return words[int(term.arguments[0].removeprefix("x"))]

    def is_true(condition):
        term, truth = condition
        return (evaluate(term, leaf, {}) != 0) == truth

    found = [path for path in paths if all(map(is_true, path.conditions))]
    return [(p.succeeds, [evaluate(w, leaf, {}) for w in p.words]) for p in found]


@pytest.mark.parametrize(
    ("name", "function"), [("_mul_div_down", mul_div_down), ("_mul_div_up", mul_div_up)]
)
@pytest.mark.parametrize("contract", [HARNESS, "contracts/Clearinghouse.vy"])
def test_an_internal_function_is_what_it_is_in_the_specification(
    contract, name, function
):
    paths = lifted(contract, f"fixed_point.{name}")
    source = random.Random(name)
    for _ in range(300):
        x, y, z = (
            source.choice([*EDGES, source.getrandbits(source.randrange(1, 257))])
            for _ in range(3)
        )
        ((succeeds, words),) = taken(paths, (x, y, z))
        may_wrap = x * y + (z - 1 if name.endswith("up") else 0) >= 2**256
        if z == 0 or may_wrap:
            assert not succeeds
        else:
            assert succeeds
            assert words == [function(x, y, z)]


def test_a_cut_that_says_something_needs_a_proof():
    def three(asked):
        return Answer([constant(3)], facts=[lambda lifted: True])

    cut = Cut("fixed_point._mul_div_down", three, ())
    with pytest.raises(Unsupported, match="nothing shows"):
        lifted("contracts/Clearinghouse.vy", "money_market._lent", [cut])


def test_memory_of_a_cut_call_is_lost():
    contract, name = "contracts/Clearinghouse.vy", "money_market._utilisation"
    entry = compiled(PROJECT / contract, PROJECT)["entries"]["money_market._lent"]
    wide = entry._replace(end=2**13)
    output = compiled(PROJECT / contract, PROJECT)
    _, _, code = deployed(output, constructor_of(output))
    cut = Cut("money_market._lent", lambda asked: Answer([constant(1)]), ())
    machine = Machine(code, cuts={name: (wide, cut)})
    words = [variable(f"x{i}") for i in range(8)]
    with pytest.raises(Unsupported, match="that a cut call has used"):
        machine.enter(output["entries"][name], words)


SOURCE = "contracts/modules/fixed_point.vy"


def _rounds(call):
    product = call.argument("x") * call.argument("y")
    return [("it rounds up", call.result() * call.argument("z") >= product)]


def summary(function, facts=_rounds, needs=None):
    return Summary(
        function,
        ("x", "y", "z"),
        "",
        facts,
        (Mutant(SOURCE, "x", "y"),),
        needs=needs,
        results=1,
        is_pure=True,
    )


def test_a_false_summary_is_refuted():
    right = summary("fixed_point._mul_div_up").proved_in(HARNESS)
    wrong = summary("fixed_point._mul_div_down").proved_in(HARNESS)
    assert integers(right).check(PROJECT)
    with pytest.raises(Refuted):
        integers(wrong).check(PROJECT)


def test_what_a_cut_needs_has_to_be_shown():
    def positive(call):
        return [("x is positive", call.argument("x") > 0)]

    inner = summary("fixed_point._mul_div_down", lambda call: [], positive)
    step = Step(
        "",
        "",
        "contracts/Clearinghouse.vy",
        "money_market._lent",
        ("a", "b", "c", "d", "e", "f", "g"),
        lambda step, *words: None,
        (),
        cuts=(inner.cut,),
        keeps_refusals=False,
    )
    with pytest.raises(Refuted, match="needs"):
        integers(step).check(PROJECT)


def integers(step):
    return replace(step, theories=(Integers,))


def test_every_cut_has_its_proof_in_the_same_contract():
    assert unfounded(collect()) == []


def test_a_cut_without_its_proof_is_noticed():
    step = Step(
        "lonely",
        "",
        HARNESS,
        "mul_div_up",
        (),
        lambda step: None,
        (),
        cuts=(summary("fixed_point._mul_div_up").cut,),
    )
    assert unfounded([step]) == ["lonely: fixed_point._mul_div_up in " + HARNESS]
    proof = summary("fixed_point._mul_div_up").proved_in(HARNESS)
    assert unfounded([step, proof]) == []
