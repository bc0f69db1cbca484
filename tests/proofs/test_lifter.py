"""What the prover trusts, tried by brute force and against a real machine."""

import itertools
import random

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from tests.proofs import bytecode
from tests.proofs.lifter import Unsupported, idioms, terms
from tests.proofs.lifter.bits import Bits
from tests.proofs.lifter.idioms import IDIOMS, LEAST, Idiom
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.machine import Machine
from tests.proofs.lifter.solver import NotProved, prove
from tests.proofs.lifter.terms import build, constant, evaluate, variable
from tests.proofs.lifter.words import MODULUS, OPCODES, UNARY, apply, to_signed
from tests.proofs.proof import PROJECT

BYTES = range(256)
EDGES = [
    0,
    1,
    2,
    31,
    255,
    256,
    10**18 - 1,
    10**18,
    10**27,
    2**64,
    2**128 - 1,
    2**128,
    2**255 - 1,
    2**255,
    2**256 - 10**18,
    2**256 - 2,
    2**256 - 1,
]
WORDS = st.one_of(
    st.sampled_from(EDGES), st.integers(0, 2**256 - 1), st.integers(0, 300)
)
X, Y, Z = variable("x"), variable("y"), variable("z")
FUNCTIONS = {
    "FixedPointHarness": (
        "mul_div_down",
        "mul_div_up",
        "signed_mul_div_down",
        "signed_mul_div_up",
    ),
    "PerpetualHarness": ("compute_value", "compute_cost", "compute_notional"),
    "FundingHarness": ("compute_rate",),
    "BackstopHarness": ("compute_allocation", "compute_account_price"),
    "LiquidityFundHarness": ("compute_payment", "compute_surplus"),
    "OpenOrdersHarness": ("worst_lots", "ask_debt", "bid_loss", "counted"),
    "InstrumentsHarness": ("get_code", "get_instrument"),
}


def says(idiom, x, y):
    """Return whether the guard is as true as its lemma says, for two bytes."""
    guard = idioms.evaluate(idiom.guard, {"x": x, "y": y}, 8) != 0
    low, high = (-128, 128) if idiom.is_signed else (0, 256)
    if idiom.is_signed:
        x, y = to_signed(x, 8), to_signed(y, 8)
    exact = {"add": x + y, "sub": x - y, "mul": x * y}[idiom.operation]
    return guard == ((low <= exact < high) == idiom.fits)


def is_lemma(idiom):
    excepted = {value % 256 for value in idiom.excepted}
    return all(says(idiom, x, y) for x in BYTES for y in BYTES if y not in excepted)


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_guard_says_whether_the_result_fits(idiom):
    assert is_lemma(idiom)


@pytest.mark.parametrize(
    "wrong",
    [
        Idiom("other operand", "sub", ("lt", "y", ("sub", "x", "y")), False, False),
        Idiom("not either", "add", ("lt", ("add", "x", "y"), 1), False, False),
        Idiom("no zero", "mul", ("eq", ("div", ("mul", "x", "y"), "y"), "x"), 0, 1),
        Idiom("no least", "mul", IDIOMS[6].guard[1], True, True),
        Idiom("least", "add", ("lt", LEAST, "x"), True, False),
    ],
    ids=lambda idiom: idiom.name,
)
def test_wrong_guard_is_noticed(wrong):
    assert not is_lemma(wrong)


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_guard_is_found_in_the_terms_that_are_built(idiom):
    y = constant(7) if idiom.needs_constant else Y
    found = idioms.find(instance(idiom.guard, X, y))
    assert found
    assert found[0].operation == idiom.operation
    assert {found[1], found[2]} == {X, y}


def test_guard_of_a_product_with_a_difference_is_found():
    y = build("sub", X, Y)
    for idiom in IDIOMS:
        if idiom.operation == "mul" and not idiom.needs_constant:
            found = idioms.find(instance(idiom.guard, Z, y))
            assert found
            assert {found[1], found[2]} == {Z, y}


def test_guard_of_a_signed_sum_is_found_as_what_differs():
    total = build("add", X, Y)
    signs = build("slt", Y, constant(0)), build("slt", total, X)
    lifted = Integers([(build("xor", *signs), False)])
    x, y = (lifted.value(word, is_signed=True) for word in (X, Y))
    assert lifted.value(total, is_signed=True).eq(x + y)
    fits = z3.And(x + y >= -(2**255), x + y < 2**255)
    prove(lifted.hypotheses, fits, "the sum fits")


def test_what_is_not_the_least_word_has_an_opposite():
    least = build("eq", X, constant(2**255))
    opposite = build("sub", constant(0), X)
    known, unknown = Integers([(least, False)]), Integers([])
    plain = 0 - known.value(X, is_signed=True)
    assert known.value(opposite, is_signed=True).eq(plain)
    assert not unknown.value(opposite, is_signed=True).eq(plain)
    claim = unknown.value(opposite, is_signed=True) == plain
    prove([*unknown.bounds, z3.Not(unknown.truth(least))], claim, "opposite")
    with pytest.raises(NotProved):
        prove(unknown.bounds, claim, "opposite of any word")


def instance(pattern, x, y):
    if pattern == LEAST:
        return constant(2**255)
    if isinstance(pattern, int):
        return constant(pattern)
    if isinstance(pattern, str):
        return x if pattern == "x" else y
    return build(pattern[0], *(instance(part, x, y) for part in pattern[1:]))


@pytest.mark.parametrize("code", OPCODES, ids=OPCODES.get)
def test_opcode_is_what_the_machine_does(code):
    machine = bytecode.deployed({"bytecode": "600060005560016000f3"})[0]
    name = OPCODES[code]
    count = 1 if name in UNARY else 2
    for at, words in enumerate(itertools.product(EDGES, repeat=count)):
        pushes = b"".join(b"\x7f" + w.to_bytes(32, "big") for w in reversed(words))
        runtime = pushes + bytes([code]) + bytes.fromhex("60005260206000f3")
        assert run(machine, 0x1000 + at, runtime) == apply(name, *words)


def run(machine, number, runtime):
    address = f"0x{number:040x}"
    account = bytecode.pyrevm.AccountInfo(code=runtime)
    machine.insert_account_info(address, account)
    answer = machine.message_call(caller=bytecode.DEPLOYER, to=address)
    return int.from_bytes(answer, "big")


NAMES = sorted(set(OPCODES.values()) - {"exp", "signextend", "byte"} - UNARY)
LEAVES = st.one_of(st.sampled_from([X, Y]), WORDS.map(constant))
TREES = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.tuples(st.sampled_from(NAMES), part, part),
        st.tuples(st.sampled_from(sorted(UNARY)), part),
    ),
    max_leaves=8,
)


@given(TREES, WORDS, WORDS)
def test_simplified_term_is_the_same_word(tree, x, y):
    words = {"x": x, "y": y}
    simple = evaluate(simplified(tree), lambda leaf: words[leaf.arguments[0]], {})
    assert simple == plain(tree, words)


def simplified(tree):
    return build(tree[0], *map(simplified, tree[1:])) if type(tree) is tuple else tree


def plain(tree, words):
    if type(tree) is tuple:
        return apply(tree[0], *(plain(part, words) for part in tree[1:]))
    return evaluate(tree, lambda leaf: words[leaf.arguments[0]], {})


def test_least_and_greatest_are_read_as_choices():
    smaller = build("lt", X, Y)
    mixed = build("mul", build("xor", X, Y), smaller)
    assert build("xor", Y, mixed) is terms.choose(smaller, X, Y)
    zero = constant(0)
    signed = build("mul", build("xor", X, zero), build("slt", zero, X))
    assert build("xor", zero, signed).operation == "ite"


def called(machine, address, selector, words):
    data = selector.to_bytes(4, "big") + b"".join(w.to_bytes(32, "big") for w in words)
    try:
        return machine.message_call(caller=bytecode.DEPLOYER, to=address, calldata=data)
    except RuntimeError:
        return None


def biased(source, kind):
    if kind == "bool":
        return source.choice([0, 1, 1, 2])
    sizes = [source.getrandbits(bits) for bits in (8, 60, 90, 127, 200, 256)]
    return source.choice([source.choice(EDGES), -sizes[2] % MODULUS, *sizes])


@pytest.mark.parametrize(
    ("harness", "name"),
    [(harness, name) for harness, names in FUNCTIONS.items() for name in names],
)
def test_exactly_one_path_does_what_the_machine_does(harness, name):
    output = bytecode.compiled(PROJECT / f"tests/harness/{harness}.vy", PROJECT)
    selector, kinds, _ = bytecode.signature_of(output, name)
    machine, address, code = bytecode.deployed(output)
    words = [bytecode.argument(f"a{i}", kind) for i, kind in enumerate(kinds)]
    paths = Machine(code).run(selector, words)
    source = random.Random(name)
    returned = 0
    for _ in range(80):
        values = [biased(source, kind) for kind in kinds]
        known = dict(zip(words, values, strict=True))
        (path,) = (path for path in paths if is_taken(path, known))
        answer = called(machine, address, selector, values)
        assert path.succeeds == (answer is not None)
        integers = Integers(path.conditions, words)
        assert all(z3.is_true(at(f, words, values)) for f in integers.hypotheses)
        if path.succeeds:
            value = at(integers.value(path.words[0]), words, values)
            assert value.as_long() == int.from_bytes(answer, "big")
            returned += 1
    assert returned > 1


def is_taken(path, known):
    return all(
        (evaluate(term, known.__getitem__, {}) != 0) == truth
        for term, truth in path.conditions
    )


def at(formula, words, values):
    """Return a formula with every argument replaced by its number."""
    numbers = [
        to_signed(value) if word.arguments[1] < 0 else value
        for word, value in zip(words, values, strict=True)
    ]
    unknowns = [z3.Int(word.arguments[0]) for word in words]
    pairs = zip(unknowns, map(z3.IntVal, numbers), strict=True)
    return z3.simplify(z3.substitute(formula, *pairs))


@given(TREES, WORDS, WORDS)
def test_bits_are_the_same_word(tree, x, y):
    term = simplified(tree)
    try:
        formula = Bits([]).value(term)
    except Unsupported:
        return
    pairs = [
        (z3.BitVec(n, 256), z3.BitVecVal(v, 256))
        for n, v in zip("xy", (x, y), strict=True)
    ]
    value = z3.simplify(z3.substitute(formula, *pairs))
    words = {"x": x, "y": y}
    assert value.as_long() == evaluate(term, lambda leaf: words[leaf.arguments[0]], {})


def test_what_is_not_known_is_refused():
    with pytest.raises(Unsupported):
        Machine(bytes.fromhex("5f31")).run(0, [])
    with pytest.raises(Unsupported):
        Bits([]).value(build("mul", X, Y))
    with pytest.raises(Unsupported):
        Integers([]).value(build("and", X, Y))


def test_silence_of_the_solver_is_no_proof(monkeypatch):
    monkeypatch.setattr("tests.proofs.lifter.solver.PATIENCE", 1)
    x, y, z = z3.Ints("x y z")
    hard = x * x * x + y * y * y + z * z * z != 114
    with pytest.raises(NotProved) as failure:
        prove([], hard, "a sum of three cubes")
    assert failure.value.model is None


def test_what_few_of_many_formulas_decide_is_decided(monkeypatch):
    monkeypatch.setattr("tests.proofs.lifter.solver.FIRST", 1)
    x, y = z3.Ints("x y")
    cubes = [a * a * a + b * b * b != 33 * i for i, (a, b) in enumerate([(x, y)] * 40)]
    prove([x == 2 * y, *cubes, y > 3], x > 7, "few decide")
    with pytest.raises(NotProved) as failure:
        prove([x == 2 * y, *cubes, y > 3], x > 8, "few decide")
    assert failure.value.model.eval(x).as_long() == 8
