"""No function that changes state is forgotten by layer 3."""

import re

from tests.proofs.catalogue import collect
from tests.proofs.steps.reach import (
    OUT_OF_REACH,
    WITHIN,
    find_functions,
    find_proved,
)


def test_every_function_has_a_step_or_a_reason():
    assert find_functions() - find_proved() - set(OUT_OF_REACH) == set()


def test_what_is_out_of_reach_exists_and_has_no_step():
    assert set(OUT_OF_REACH) - find_functions() == set()
    assert set(OUT_OF_REACH) & find_proved() == set()


def test_steps_that_are_named_exist():
    names = {proof.identity for proof in collect()}
    for said in (*OUT_OF_REACH.values(), *WITHIN.values()):
        assert set(re.findall(r"step\.[\w.]*\w", said)) <= names


def test_no_step_is_named_otherwise_than_the_others():
    assert all(p.identity == p.identity.lower() for p in collect() if p.layer == 3)


def test_what_is_shown_for_some_calls_alone_has_a_step():
    assert set(WITHIN) - find_proved() == set()


def test_a_function_is_found_whatever_body_it_is_in():
    functions = find_functions()
    assert {"Clearinghouse.withdraw", "GovernanceCode.queue"} <= functions
    assert "Clearinghouse.is_bound" not in functions
