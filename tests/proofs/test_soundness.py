"""What could let a false or an empty claim pass for proved, tried on purpose."""

import os
import signal
from dataclasses import replace
from typing import NamedTuple

import pytest
import z3

from tests.proofs.bytecode import compiled
from tests.proofs.catalogue import collect
from tests.proofs.founded import _steps, unfounded
from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.bits import Bits
from tests.proofs.lifter.entries import Answer, Asked, Cut, Entry
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.joins import joined
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.loose import Loose
from tests.proofs.lifter.machine import ENVIRONMENT, Machine
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import MAXIMUM, ONE, constant, variable
from tests.proofs.proof import PROJECT, Mutant, Undecided, in_child, judge
from tests.proofs.sequence import Chain, Stage
from tests.proofs.steps.venue_cuts import anything
from tests.proofs.summary import Summary
from tests.proofs.transition import Step, slots_of

HARNESS = "tests/harness/FixedPointHarness.vy"
SOURCE = "contracts/modules/fixed_point.vy"

PUSH1, MSTORE, RETURN = 0x60, 0x52, 0xF3
SLOAD, TLOAD, KECCAK, JUMP, JUMPDEST, CALL = 0x54, 0x5C, 0x20, 0x56, 0x5B, 0xF1


def push(*numbers):
    return [byte for number in numbers for byte in (PUSH1, number)]


def give_back(count):
    """Return code that returns so many words off the stack."""
    stored = [code for i in range(count) for code in (*push(32 * i), MSTORE)]
    return [*stored, *push(32 * count, 0), RETURN]


# Names of what is unknown


def test_after_a_call_that_may_write_anything_storage_is_not_transient_storage():
    call = [*push(6, 5), JUMP]  # the callee is at 5, and returns to 6
    read = [*push(0), SLOAD, *push(0), TLOAD]
    code = bytes([*call, 0, JUMPDEST, *read, *give_back(2)])
    callee = Entry(5, 0, 0, (), ())
    machine = Machine(code, cuts={"it": (callee, anything("it"))})
    (path,) = machine.run(0, [])
    kept, passing = path.words
    assert kept is not passing


def test_a_mapping_in_transient_storage_is_no_slot_of_it():
    read = [*push(64, 0), KECCAK, TLOAD]
    code = bytes([*read, *give_back(1)])
    with pytest.raises(Unsupported, match="transient mapping"):
        Machine(code, is_within=True).run(0, [])
    (path,) = Machine(code).run(0, [])
    assert path.words == [constant(0)]


@pytest.mark.parametrize("theory", [Bits, Integers])
def test_two_unknowns_of_one_name_are_refused(theory):
    read = theory([])
    read.value(variable("number", 0, 2**64 - 1))
    with pytest.raises(Unsupported, match="two unknowns"):
        read.value(variable("number"))


@pytest.mark.parametrize("theory", [Bits, Integers])
def test_an_argument_is_not_named_like_a_word_of_storage(theory):
    read = theory([])
    read.value(initial(constant(5)))
    with pytest.raises(Unsupported, match="two unknowns"):
        read.value(variable("slot5"))


def test_no_argument_has_the_name_of_what_a_block_provides():
    taken = {name for name, _ in ENVIRONMENT.values()}
    for step in every_step():
        assert not taken & set(getattr(step, "arguments", ())), step.identity


def test_of_two_variables_of_one_name_neither_is_meant():
    layout = {"one": {"word": {"slot": 1}}, "other": {"word": {"slot": 2}}}
    assert slots_of({**layout, "alone": {"slot": 3}}) == {"alone": 3}


def test_a_chain_takes_no_call_that_may_write_anything():
    stage = Stage(
        "money_market._lent", lambda name, _: [name(f"x{i}") for i in range(7)]
    )
    chain = Chain(
        "",
        "",
        "contracts/Clearinghouse.vy",
        (stage, stage),
        lambda step, *done: None,
        (),
        (Integers,),
    )
    assert chain.check(PROJECT)
    forgetting = replace(chain, cuts=(anything("fixed_point._mul_div_down", 1),))
    with pytest.raises(Unsupported, match="in a chain"):
        forgetting.check(PROJECT)


def test_a_chain_answers_only_what_proofs_have_shown():
    function = "fixed_point._mul_div_up"
    stage = Stage(function, lambda name, _: [name(x) for x in "xyz"], is_answered=True)

    def returns_zero(step, done):
        step.holds(step.word(done.returned[0]) == 0, "nothing")

    def zero(asked):
        return Answer([constant(0)])

    chain = Chain("", "", HARNESS, (stage,), returns_zero, (), (Integers,))
    shown = replace(chain, cuts=(Cut(function, zero, ("it",)),))
    assert shown.check(PROJECT) == "any input"
    assert unfounded([shown]) == [f": {function} in {HARNESS}"]
    for cut in (Cut(function, zero, ()), anything(function, 1)):
        with pytest.raises(Unsupported, match="nothing shows"):
            replace(chain, cuts=(cut,)).check(PROJECT)


# Paths taken for one


def _two_ways(*, targets=(1, 1), selectors=(0, 0)):
    """Return the paths of code that calls one of two contracts as its input says."""
    ways = []
    for target, selector in zip(targets, selectors, strict=True):
        ways.append(
            [
                *push(selector, 0),
                MSTORE,
                # out, in, value, target, gas
                *push(0, 0, 4, 28, 0, target, 0),
                CALL,
                0x50,  # POP
                *push(0, 0),
                RETURN,
            ]
        )
    head = [*push(4), 0x35]  # CALLDATALOAD
    at = len(head) + 3 + len(ways[0])
    code = bytes([*head, *push(at), 0x57, *ways[0], JUMPDEST, *ways[1]])
    stub = Machine(code, lambda call: (ONE, []))
    return stub.run(0, [variable("x")])


def test_paths_that_ask_others_are_not_one():
    assert len(joined(_two_ways())) == 1
    assert len(joined(_two_ways(targets=(1, 2)))) == 2
    assert len(joined(_two_ways(selectors=(3, 4)))) == 2


def test_paths_that_leave_other_transient_words_are_not_one():
    (one, other) = _two_ways()
    written = replace(other, transient=[(constant(1), ONE)])
    assert len(joined([one, other])) == 1
    assert len(joined([one, written])) == 2


# What counts


def _rounds(step, *words):
    x, y, z = map(step.word, words)
    if step.succeeds:
        step.assume(z3.And(x < 5, x > 7))
        step.holds(step.result() == 0, "false, but for what is assumed")
    else:
        step.holds(z3.Or(z == 0, x * y >= 2**256), "it refuses nothing else")


def test_a_witness_meets_what_is_assumed():
    step = Step(
        "step.empty",
        "",
        HARNESS,
        "fixed_point._mul_div_down",
        ("x", "y", "z"),
        _rounds,
        (Mutant(SOURCE, "product // d", "product // (d - 1)"),),
        theories=(Integers,),
    )
    assert step.check(PROJECT) == ""


def test_a_cut_rests_on_the_proof_that_it_names():
    def zero(asked):
        return Answer([constant(0)])

    function = "fixed_point._mul_div_up"
    proof = Step("step.other", "", HARNESS, function, (), lambda step: None, ())
    cut = Cut(function, zero, ("step.of_that",))
    user = replace(proof, identity="user", function="mul_div_up", cuts=(cut,))
    assert unfounded([proof, user]) == [f"user: {function} in {HARNESS}"]
    named = replace(proof, identity="step.of_that")
    assert unfounded([named, user]) == []


def test_no_counterexample_is_of_a_theory_in_which_products_are_unknown():
    for step in every_step():
        assert not issubclass(step.theories[-1], Linear | Loose), step.identity


def every_step():
    return [step for proof in collect() for step in _steps(proof)]


SPECIAL = {
    "deleveraging._share": "the carry is below the interest, a field of 64 bits",
    "tick_set._gains": "an unknown function of what the exact sums depend on",
}
"""Summaries that are answered in other words than those they are proved in."""


def test_a_summary_is_cut_as_it_was_proved():
    steps = every_step()
    proved = [
        (step.contract, *step.also_in, step.holds.__self__)
        for step in steps
        if isinstance(step, Step) and isinstance(_owner(step.holds), Summary)
    ]
    for step in steps:
        for cut in step.cuts:
            summary = _owner(cut.answer)
            if not cut.rests_on or cut.function in SPECIAL or summary is None:
                continue
            assert any(summary == found for *_, found in proved), cut.function


def _owner(method):
    return getattr(method, "__self__", None)


CASES = {
    "legs._get": "a list, of each length that it may have",
}
"""Cuts that rest on nothing and say something: of all there is, case by case."""


def test_a_cut_that_rests_on_nothing_leaves_every_word_open():
    for step in every_step():
        entries = compiled(PROJECT / step.contract, PROJECT)["entries"]
        for cut in step.cuts:
            if cut.rests_on or cut.function in CASES:
                continue
            entry = entries[cut.function]
            given = [variable(f"x{i}") for i in range(len(entry.arguments))]
            answer = cut.answer(Asked("it", given, initial, {}))
            for word, kind in zip(answer.results, entry.results, strict=True):
                assert word.operation in ("variable", "answer"), cut.function
                assert word.arguments[1] == 0, cut.function
                highest = 1 if kind == "bool" else MAXIMUM
                assert word.arguments[2] >= highest, cut.function


# Processes


@pytest.mark.parametrize("end", ["exit", "text", "kill"])
def test_a_child_that_ends_otherwise_is_undecided_and_never_goes_on(end):
    def work():
        if end == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if end == "exit":
            raise SystemExit(0)
        return "\ud800"  # in no encoding

    parent = os.getpid()
    reader, writer = os.pipe()
    try:
        in_child(work)
        said = b"="
    except Undecided:
        said = b"?"
    except BaseException:  # as the child
        said = b"!"
    os.write(writer, said)
    if os.getpid() != parent:
        os._exit(0)
    os.close(writer)
    assert os.read(reader, 9) == b"?"
    os.close(reader)


class _Silent(NamedTuple):
    """A claim of which a tool cannot say anything about its mutant."""

    identity: str = "silent"
    statement: str = ""
    layer: int = 2
    tool: str = ""
    mutants: tuple = (Mutant(SOURCE, "x * y // d", "x * y // (d + 1)"),)

    def check(self, root):
        if root != PROJECT:
            raise Undecided("time is up")
        return "any input"

    def witness(self, found, counterexamples):
        return found


def test_a_mutant_that_nothing_is_said_of_is_not_killed():
    text = (PROJECT / SOURCE).read_text()
    old = next(line for line in text.splitlines() if text.count(line) == 1)
    silent = _Silent(mutants=(Mutant(SOURCE, old, f"{old} "),))
    result = judge(silent)
    assert (result.verdict, result.mutants_killed) == ("untested", 0)
