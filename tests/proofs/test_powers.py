"""Powers of two by unknown exponents, places of bits and masks, against numbers."""

import random
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, trunc

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proofs import bytecode
from tests.proofs.lifter import Unsupported, powers
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.machine import Machine
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.lifter.reference import Symbolic, formula_of, outcomes, symbols
from tests.proofs.lifter.terms import build, constant, evaluate, node, variable
from tests.proofs.lifter.words import MODULUS
from tests.proofs.proof import PROJECT
from tests.proofs.test_lifter import EDGES, biased, called, is_taken

X, Y = variable("x"), variable("y")
NAMES = {"x": X, "y": Y}
WORDS = st.one_of(
    st.sampled_from(EDGES), st.integers(0, MODULUS - 1), st.integers(0, 300)
)


def is_true(table, x, y):
    names = z3.Ints("from to")
    values = zip(names, (z3.IntVal(x), z3.IntVal(y)), strict=True)
    return z3.is_true(z3.simplify(z3.substitute(table, *values)))


@pytest.mark.parametrize("exponent", [-2, -1, 0, 1, 7, 64, 127, 254, 255, 256, 300])
def test_table_of_powers_is_true_of_no_other_number(exponent):
    table = powers._powers(255)
    right = 1 if exponent < 0 else 1 << exponent
    assert is_true(table, exponent, right)
    if 0 <= exponent < 255:
        assert not is_true(table, exponent, right - 1)
        assert not is_true(table, exponent, right + 1)


@pytest.mark.parametrize("bits", [0, 1, 2, 63, 64, 255, 256])
def test_table_of_lengths_is_true_of_no_other_number(bits):
    table = powers._lengths()
    for word in {(1 << bits) - 1, 1 << bits >> 1}:
        assert is_true(table, word, word.bit_length())
        assert not is_true(table, word, word.bit_length() + 1)
        assert not is_true(table, word, word.bit_length() - 1)


def test_runs_of_ones_are_the_mask():
    for mask in range(1024):
        runs = powers.runs(mask)
        assert sum(((1 << length) - 1) << low for low, length in runs) == mask
        assert all(b[0] > a[0] + a[1] for a, b in pairwise(runs))


BINARY = ("shl", "shr", "and", "or", "xor", "add", "sub", "div", "mod")
LEAVES = st.one_of(st.sampled_from([X, Y]), WORDS.map(constant))
PARTS = st.recursive(
    LEAVES,
    lambda part: st.tuples(st.sampled_from(BINARY), part, part).map(
        lambda parts: build(*parts)
    ),
    max_leaves=6,
)


@given(PARTS, WORDS, WORDS)
def test_a_word_has_no_bit_that_its_shape_excludes(term, x, y):
    word = evaluate(term, lambda leaf: {"x": x, "y": y}[leaf.arguments[0]], {})
    assert word <= powers.highest(term)
    assert word & ~powers.possible(term) == 0


PLACE = build("and", constant(255), Y)
ONE_BIT = node("shl", PLACE, constant(1))
SHAPES = (
    build("shl", PLACE, constant(1)),
    build("shl", Y, constant(1)),
    build("shl", PLACE, build("and", constant(1023), X)),
    build("shl", Y, X),
    build("shr", PLACE, X),
    build("shr", Y, X),
    build("shl", PLACE, build("shr", PLACE, X)),
    build("shl", Y, build("shr", Y, X)),
    build("shr", PLACE, build("shl", PLACE, X)),
    build("shr", Y, build("shl", Y, X)),
    build("and", X, ONE_BIT),
    build("or", X, ONE_BIT),
    build("xor", X, ONE_BIT),
    build("and", X, build("not", ONE_BIT)),
    build("and", X, build("not", build("shl", Y, constant(1)))),
    build("and", X, build("sub", ONE_BIT, constant(1))),
    build("and", X, build("sub", build("shl", Y, constant(1)), constant(1))),
    build("and", X, build("sub", constant(0), X)),
    build("and", constant(2**256 - 1 - (2**40 - 1 << 104)), X),
    build("or", build("and", constant(~(255 << 16)), X), build("shl", constant(16), Y)),
    build("xor", build("and", constant(~255), X), build("and", constant(255), Y)),
)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
@settings(max_examples=8, deadline=None)
@given(x=WORDS, y=WORDS)
def test_a_shape_is_that_number_and_no_other(shape, x, y):
    term = SHAPES[shape]
    lifted = Integers([], [X, Y])
    value = lifted.value(term)
    word = evaluate(term, lambda leaf: {"x": x, "y": y}[leaf.arguments[0]], {})
    solver = z3.Solver()
    solver.add(z3.Int("x") == x, z3.Int("y") == y, *lifted.bounds)
    assert solver.check() == z3.sat
    solver.add(*lifted.doubts)
    if solver.check() == z3.sat:
        solver.add(value != word)
        assert solver.check() == z3.unsat


def test_unknown_masks_are_refused():
    for name in ("and", "or"):
        lifted = Integers([])
        try:
            lifted.value(build(name, X, Y))
        except Unsupported:
            continue
        assert lifted.doubts


@pytest.mark.parametrize("name", ["price", "down", "up", "top_bit", "low_bit"])
def test_exactly_one_path_does_what_the_machine_does(name):
    output = bytecode.compiled(PROJECT / "tests/harness/GridHarness.vy", PROJECT)
    selector, kinds, _ = bytecode.signature_of(output, name)
    machine, address, code = bytecode.deployed(output)
    paths = Machine(code).run(selector, [X])
    source = random.Random(name)
    for _ in range(15):
        word = biased(source, kinds[0])
        (path,) = (path for path in paths if is_taken(path, {X: word}))
        answer = called(machine, address, selector, [word])
        lifted = Integers(path.conditions, [X])
        value = lifted.value(path.words[0])
        solver = z3.Solver()
        solver.add(z3.Int("x") == word, *lifted.hypotheses, *lifted.doubts)
        assert solver.check() == z3.sat
        solver.add(value != int.from_bytes(answer, "big"))
        assert solver.check() == z3.unsat


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**200), st.integers(0, 55), st.integers(0, 2**256 - 1))
def test_the_reference_shifts_and_masks_as_python_does(number, distance, mask):
    def function(x, k):
        return x << k, x >> k, x & mask, x.bit_length(), 1 << k, *divmod(x, 7), x**2

    known = [z3.Int("x") == number, z3.Int("k") == distance]
    for outcome in outcomes(function, *symbols("x", "k"), known=known):
        solver = z3.Solver()
        solver.add(*outcome.conditions)
        assert solver.check() == z3.sat
        pairs = zip(outcome.value, function(number, distance), strict=True)
        solver.add(z3.Or(*(formula_of(ours) != exact for ours, exact in pairs)))
        assert solver.check() == z3.unsat


@settings(max_examples=30, deadline=None)
@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9), st.integers(1, 9))
def test_a_ratio_of_unknowns_is_rounded_as_a_fraction_is(a, b, c, d):
    def function(kind, a, b, c, d):
        one, other = kind(a, c), kind(b, d)
        found = [one + other, one - other, one * other, (one - other) / kind(3, d)]
        return [rounded(f) for f in found for rounded in (floor, ceil, trunc)]

    names = dict(zip("abcd", (a, b, c, d), strict=True))
    known = [z3.Int(name) == number for name, number in names.items()]
    exact = function(Fraction, a, b, c, d)
    for outcome in outcomes(
        lambda *numbers: function(Ratio, *numbers), *symbols(*names), known=known
    ):
        solver = z3.Solver()
        solver.add(*outcome.conditions)
        if solver.check() == z3.unsat:
            continue
        found = [formula_of(number) for number in outcome.value]
        solver.add(z3.Or(*(f != e for f, e in zip(found, exact, strict=True))))
        assert solver.check() == z3.unsat
    assert isinstance(Symbolic.run.conditions, list)
