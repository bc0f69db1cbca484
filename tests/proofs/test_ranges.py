"""Intervals never leave out a value, and a contradiction is one."""

import itertools
import random

import pytest
import z3

from tests.proofs.lifter.ranges import Contradiction, Ranges, conclude
from tests.proofs.lifter.solver import NotProved

X, Y = z3.Ints("x y")
SMALL = range(-4, 9)


def grow(source, depth):
    """Return a random term over two numbers."""
    if depth == 0:
        return source.choice([X, Y, z3.IntVal(source.randint(-3, 6))])
    x, y = grow(source, depth - 1), grow(source, depth - 1)
    kind = source.randrange(7)
    if kind < 3:
        return (x + y, x - y, x * y)[kind]
    if kind == 3:
        return x / source.randint(1, 4)
    if kind == 4:
        return x % source.randint(1, 4)
    if kind == 5:
        return z3.If(ask(source, 0), x, y)
    return -x


def ask(source, depth):
    """Return a random question about two numbers."""
    x, y = grow(source, depth), grow(source, depth)
    plain = source.choice([x < y, x <= y, x == y, x > y, x >= y, z3.Not(x == y)])
    if depth == 0:
        return plain
    other = ask(source, depth - 1)
    join = source.choice([z3.And, z3.Or, z3.Implies])
    return source.choice([plain, join(plain, other), z3.Not(plain)])


def at(term, x, y):
    """Return what a term is for two numbers."""
    values = [(X, z3.IntVal(x)), (Y, z3.IntVal(y))]
    return z3.simplify(z3.substitute(term, *values))


@pytest.mark.parametrize("seed", range(60))
def test_every_value_is_within_its_interval(seed):
    source = random.Random(seed)
    known = [X >= -4, X <= 8, Y >= -4, Y <= 8, ask(source, 1), ask(source, 2)]
    term, question = grow(source, 3), ask(source, 2)
    points = [
        (x, y)
        for x, y in itertools.product(SMALL, SMALL)
        if all(z3.is_true(at(fact, x, y)) for fact in known)
    ]
    try:
        ranges = Ranges(known)
    except Contradiction:
        assert points == []
        return
    low, high = ranges.of(term)
    answer = ranges.decide(question)
    simple = ranges.simplified(term)
    for x, y in points:
        value = at(term, x, y).as_long()
        assert low <= value <= high
        assert at(simple, x, y).as_long() == value
        if answer is not None:
            assert z3.is_true(at(question, x, y)) is answer


def test_sizes_settle_what_needs_no_solver(monkeypatch):
    monkeypatch.setattr("tests.proofs.lifter.ranges.prove", None)
    bounds = [X >= 0, X <= 2**100, Y >= 0, Y < 2**120]
    conclude(bounds, X * Y / 10**18 < 2**256, "a product fits")


def test_what_is_false_is_not_concluded():
    with pytest.raises(NotProved):
        conclude([X >= 0, X <= 2**100], X * X < 2**200, "a square is small")
