"""What conditions say of a question: true of whatever the conditions are true of."""

import random

import pytest
import z3

from tests.proofs.lifter.said import Known

X, Y = z3.Ints("x y")


def some_atom(rng):
    sides = [rng.choice([X, Y, X - Y, z3.IntVal(0), X + 1]) for _ in range(2)]
    sides[1] = sides[1] + rng.randrange(-2, 3)
    rng.shuffle(sides)
    one, other = sides
    orders = [one < other, one <= other, one > other, one >= other]
    return rng.choice([*orders, one == other, one != other])


def some_formula(rng, depth=2):
    if depth == 0 or rng.random() < 0.3:
        return some_atom(rng)
    parts = [some_formula(rng, depth - 1) for _ in range(rng.randrange(1, 3))]
    return rng.choice([z3.And(*parts), z3.Or(*parts), z3.Not(parts[0])])


def is_true(formula, values):
    return z3.is_true(z3.simplify(z3.substitute(formula, *values)))


@pytest.mark.parametrize("seed", range(20))
def test_an_answer_is_true_of_all_that_the_conditions_are_true_of(seed):
    rng = random.Random(seed)
    answered = 0
    for _ in range(25):
        values = [(name, z3.IntVal(rng.randrange(-3, 4))) for name in (X, Y)]
        known = Known()
        for _ in range(6):
            condition = some_formula(rng)
            is_so = is_true(condition, values)
            known.note(condition if is_so else z3.Not(condition))
        for _ in range(10):
            question = some_formula(rng)
            answer = known.answer(question)
            if answer is not None:
                answered += 1
                assert answer == is_true(question, values)
    assert answered > 10


@pytest.mark.parametrize(
    ("condition", "question", "answer"),
    [
        (X == 0, X == 0, True),
        (X == Y, Y != X, False),
        (X < 5, X >= 5, False),
        (X < 5, X <= 4, True),
        (z3.Not(X >= Y), Y > X, True),
        (z3.And(X > 0, Y > 0), Y >= 1, True),
        (z3.Not(z3.Or(X > 0, Y > 0)), X <= 0, True),
        (z3.Or(X > 0, Y > 0), X > 0, None),
        (z3.Not(z3.And(X > 0, Y > 0)), X > 0, None),
        (X < 5, X < 4, None),
    ],
)
def test_a_condition_is_recognised_however_it_is_written(condition, question, answer):
    known = Known()
    known.note(condition)
    assert known.answer(question) is answer
