"""A field read where it was put is that of the whole word; like paths are one."""

import random

import pytest
import z3

from tests.proofs.lifter.fields import Field, Placed, find, is_empty
from tests.proofs.lifter.frame import Path
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.joins import joined
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.lifter.words import BITS, apply

WORDS = [variable(f"word_{i}") for i in range(3)] + [variable("few", 0, 2**24 - 1)]
NAMES = ("or", "and", "shl", "shr")


def tree(source: random.Random, depth: int) -> Term:
    if depth == 0:
        return source.choice(WORDS)
    name = source.choice(NAMES)
    inner = tree(source, depth - 1)
    if name in ("shl", "shr"):
        return build(name, constant(source.choice((0, 24, 64, 128, 200))), inner)
    if name == "and":
        mask = ((1 << source.choice((24, 64, 192))) - 1) << source.choice((0, 24, 64))
        return build("and", constant(mask), inner)
    return build("or", inner, tree(source, depth - 1))


def evaluate(term: Term, known: dict[Term, int]) -> int:
    if term.operation == "constant":
        return int(term.arguments[0])
    if term in known:
        return known[term]
    return apply(term.operation, *(evaluate(part, known) for part in term.arguments))


@pytest.mark.parametrize("seed", range(400))
def test_field_is_the_same_wherever_it_comes_from(seed):
    source = random.Random(seed)
    word = tree(source, source.randint(1, 4))
    offset = source.choice((0, 24, 32, 64, 128))
    width = source.choice((24, 64, 128))
    known = {w: source.getrandbits(BITS) for w in WORDS}
    known[WORDS[-1]] %= 2**24
    mask = (1 << width) - 1
    expected = evaluate(word, known) >> offset & mask
    found = find(Field(word, offset, width))
    assert evaluate(found.word, known) >> found.offset & mask == expected
    assert not is_empty(Field(word, offset, width)) or expected == 0


def test_a_word_known_to_be_small_leaves_the_rest_alone():
    high, low = build("shl", constant(64), WORDS[0]), WORDS[1]
    field = Field(build("or", high, low), 64, 64)
    assert find(field).word is field.word
    assert find(field, {low.serial: 64}) == Field(WORDS[0], 0, 64)


def test_a_word_put_together_is_read_by_its_parts_as_it_is():
    few = build("shr", constant(64), WORDS[1]), False
    decided = 0
    for seed in range(300):
        source = random.Random(seed)
        word = build("or", tree(source, 3), tree(source, 2))
        offset, width = source.choice((0, 24, 64, 128)), source.choice((24, 64, 128))
        field = build("shr", constant(offset), word)
        field = build("and", constant((1 << width) - 1), field)
        known = {w: source.getrandbits(BITS) for w in WORDS}
        known[WORDS[-1]] %= 2**24
        known[WORDS[1]] %= 2**64
        formula = Placed([few]).value(field)
        pairs = [(z3.Int(w.arguments[0]), z3.IntVal(n)) for w, n in known.items()]
        found = z3.simplify(z3.substitute(formula, *pairs))
        if z3.is_int_value(found):
            assert found.as_long() == evaluate(field, known), seed
            decided += formula.get_id() != Integers([few]).value(field).get_id()
    assert decided > 30


def path(conditions: list[tuple[Term, bool]], writes: list[tuple[Term, Term]]) -> Path:
    return Path(True, conditions, [], writes, [])


def test_paths_that_do_the_same_keep_what_they_share():
    one, other = WORDS[:2]
    write = [(constant(1), other)]
    paths = [path([(one, True), (other, True)], write), path([(other, True)], write)]
    (found,) = joined(paths)
    assert found.conditions == [(other, True)]


def test_paths_that_do_otherwise_stay_apart():
    paths = [path([], [(constant(1), word)]) for word in WORDS[:2]]
    assert joined(paths) == paths
