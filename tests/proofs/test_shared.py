"""What is said of functions that are the same unknown on both sides is true of them."""

import inspect
import random
from dataclasses import replace

import pytest
import z3

from specs.fixed_point import RAY, WAD
from specs.interest_rate import Curve
from specs.requirements import Requirement
from tests.proofs import shared
from tests.proofs.shared import Called, Shared, call, facts_of

SHARED = [value for value in vars(shared).values() if isinstance(value, Shared)]
TRIALS = 150


def number(source, is_signed):
    """Return one of any size, often at an edge."""
    size = source.choice(
        [0, 1, 2, RAY, WAD, source.getrandbits(source.randint(1, 180))]
    )
    return -size if is_signed and source.random() < 0.5 else size


def sample(each, source, count):
    found = [number(source, at in each.signed) for at in range(count)]
    if each.divisor is not None:
        found[each.divisor] = max(1, abs(found[each.divisor]))
    return found


def make_rate(*numbers):
    """Return a curve that bends between nothing and all, and a share."""
    *curve, used = numbers
    curve[3] = 1 + curve[3] % (WAD - 1)
    return Curve(*curve, 0), used % (WAD + 1)


def make_margin(base, factor, notional):
    """Return a requirement of both kinds alike."""
    return Requirement(base, base, factor, factor), notional


MAKERS = {
    "interest_rate._compute_rate": (5, make_rate),
    "requirements._compute_margin": (3, make_margin),
}
"""Of what the contract takes in other words: how many, and what these say."""


def count_of(each):
    if each.flatten is shared.as_they_are:
        return len(inspect.signature(each.original).parameters)
    return MAKERS[each.function][0]


def compute(each, numbers):
    """Return what the specification says of the contract's arguments."""
    if each.flatten is shared.as_they_are:
        return each.original(*numbers)
    arguments = MAKERS[each.function][1](*numbers)
    numbers[:] = each.flatten(*arguments)
    return each.original(*arguments)


def is_true(facts, pairs):
    return all(z3.is_true(z3.simplify(z3.substitute(f, *pairs))) for f in facts)


def called(each, numbers):
    """Return a call of plain integers, and what it returns for its name."""
    value = compute(each, numbers)
    found = call(each, [z3.IntVal(n) for n in numbers])
    return found, (found.result, z3.IntVal(value)), value


@pytest.mark.parametrize("each", SHARED, ids=lambda each: each.function)
def test_what_is_said_of_a_shared_function_is_true(each):
    source = random.Random(each.function)
    for _ in range(TRIALS):
        first, second = (sample(each, source, count_of(each)) for _ in range(2))
        one, its, value = called(each, first)
        other, others, _ = called(each, second)
        assert is_true(facts_of(one, []), [its]), first
        assert is_true(facts_of(other, [one]), [its, others]), (first, second)
        around = source.choice([0, 1, source.getrandbits(40)])
        known = [
            (n if n < around and at not in each.signed else n - around, n + around)
            for at, n in enumerate(first)
        ]
        low, high = each.size(*known)
        assert low <= value <= high, (first, known)


def test_a_false_fact_is_noticed():
    weight = replace(shared.WEIGHT, facts=lambda result, index: [result > 0])
    source = random.Random(0)
    found = [called(weight, sample(weight, source, 1)) for _ in range(TRIALS)]
    assert not all(is_true(facts_of(one, []), [its]) for one, its, _ in found)


def test_a_false_law_is_noticed():
    def rises(one: Called, other: Called):
        return z3.Implies(
            one.arguments[0] <= other.arguments[0], one.result <= other.result
        )

    weight = replace(shared.WEIGHT, law=rises)
    one, its, _ = called(weight, [RAY])
    other, others, _ = called(weight, [2 * RAY])
    assert not is_true(facts_of(other, [one]), [its, others])
