"""The slow price follows the fast one, step by step."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import slow_price as spec
from specs.fixed_point import PPM, WAD
from specs.price_index import MAX_PRICE, UNIT
from tests.helpers.harness import deploy
from tests.helpers.reports import Oracle, list_all

units = st.one_of(
    st.integers(1, 1_000), st.integers(1, 10**15), st.integers(1, MAX_PRICE // UNIT)
)
steps = st.integers(1, 10_000)
seconds = st.one_of(st.integers(0, 30), st.integers(0, 10**9))


@given(slow=units, fast=units, max_step=steps, elapsed=seconds)
def test_slow_price_of_contract_and_specification_are_equal(
    slow, fast, max_step, elapsed
):
    expected = spec.compute_slow(slow * UNIT, fast * UNIT, max_step, elapsed)
    pricing = deploy("PricingHarness")
    assert pricing("follow", slow, fast, max_step, elapsed) * UNIT == expected


@given(slow=units, fast=units, max_step=steps, elapsed=seconds)
def test_slow_price_steps_no_further_than_allowed(slow, fast, max_step, elapsed):
    found = spec.compute_slow(slow * UNIT, fast * UNIT, max_step, elapsed)
    step = Fraction(slow * UNIT * max_step * elapsed, PPM)
    assert abs(found - slow * UNIT) <= step
    assert found == fast * UNIT or abs(found - slow * UNIT) > step - UNIT


@pytest.mark.parametrize("fast", [1, 999, 10**20])
def test_slow_price_stands_still_at_the_same_time(fast):
    assert spec.compute_slow(WAD, fast * UNIT, 2_500, 0) == WAD
    assert (
        deploy("PricingHarness")("follow", WAD // UNIT, fast, 2_500, 0) == WAD // UNIT
    )


def test_first_price_is_taken_as_it_is():
    oracle = Oracle()
    list_all(oracle)
    oracle.quote({1: 60_000})
    assert oracle.view("feed", 1) == (60_000 * WAD, 60_000 * WAD, oracle.now, 0)


def test_a_spike_moves_the_slow_price_by_a_quarter_percent_a_second():
    oracle = Oracle()
    list_all(oracle)
    oracle.quote({1: 60_000, 3: 20})
    oracle.wait(2)
    oracle.quote({1: 90_000, 3: 10})
    assert oracle.view("feed", 1)[:2] == (60_300 * WAD, 90_000 * WAD)
    assert oracle.view("feed", 3)[:2] == (198 * WAD // 10, 10 * WAD)
    oracle.wait(1)
    oracle.quote({1: 60_000, 3: 20})
    assert oracle.view("feed", 1)[0] == 60_300 * WAD - 60_300 * WAD // 400
