"""Funding: the rate of an interval and the index, as specified."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.fixed_point import WAD
from specs.funding import (
    MAX_INTERVAL,
    MIN_INTERVAL,
    RATE_CAP,
    Funding,
    advance,
    compute_rate,
)
from tests.helpers import harness as harnesses
from tests.helpers.numbers import within

HOUR = 3600
BP = WAD // 10_000
PREMIUMS = within(-(2**63), 2**63 - 1)
MARKS = within(0, (2**80 - 1) * 10**6)
INTERVALS = within(MIN_INTERVAL, MAX_INTERVAL)
START = 1_700_000_000


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("FundingHarness")


@st.composite
def stretches(draw):
    """Return a state, an interval and a time at which to advance it."""
    interval = draw(INTERVALS)
    into = draw(within(0, interval - 1))
    updated_at = START + into
    funding = Funding(
        index=draw(within(-(2**120), 2**120)),
        rate=draw(within(-RATE_CAP, RATE_CAP)),
        premium=draw(PREMIUMS),
        premium_time=draw(within(-(2**63) * interval, 2**63 * interval)),
        interval_started_at=START,
        updated_at=updated_at,
    )
    near = st.sampled_from([0, 1, interval - into - 1, interval - into, interval])
    wait = draw(st.one_of(near, within(0, 2**30)))
    return funding, interval, updated_at + wait


@pytest.mark.parametrize(
    ("premium", "interval", "rate"),
    [
        (0, 8 * HOUR, BP),
        (0, HOUR, BP // 8),
        (6 * BP, 8 * HOUR, BP),
        (6 * BP + 1, 8 * HOUR, BP + 1),
        (10 * BP, 8 * HOUR, 5 * BP),
        (-4 * BP, 8 * HOUR, BP),
        (-4 * BP - 1, 8 * HOUR, BP - 1),
        (-10 * BP, 8 * HOUR, -5 * BP),
        (55 * BP, 8 * HOUR, 50 * BP),
        (55 * BP + 1, 8 * HOUR, 50 * BP),
        (-55 * BP, 8 * HOUR, -50 * BP),
        (-55 * BP - 1, 8 * HOUR, -50 * BP),
        (-5 * BP - 1, HOUR, -1),
    ],
)
def test_rate(module, premium, interval, rate):
    assert compute_rate(premium, interval) == rate
    assert module("compute_rate", premium, interval) == rate


def test_index_charges_the_rate_over_the_interval(module):
    before = Funding(7, 10 * BP, 0, 0, START, START)
    half = advance(before, HOUR, 2000 * WAD, 3 * BP, START + HOUR // 2)
    assert half == Funding(7 + WAD, 10 * BP, 3 * BP, 0, START, START + HOUR // 2)
    arguments = (HOUR, 2000 * WAD, 3 * BP, START + HOUR // 2)
    assert module("advance", astuple(before), *arguments) == astuple(half)


def test_time_beyond_one_interval_is_not_charged(module):
    before = Funding(0, RATE_CAP, 0, 0, START, START)
    for late in (HOUR, HOUR + 1, 100 * HOUR):
        arguments = (HOUR, 2000 * WAD, 0, START + late)
        found = module("advance", astuple(before), *arguments)
        assert found[0] == 10 * WAD


def test_index_rounds_down_both_ways(module):
    for rate, index in ((1, 0), (-1, -1)):
        before = (0, rate, 0, 0, START, START)
        assert module("advance", before, HOUR, WAD, 0, START + 1)[0] == index


def test_average_is_over_the_whole_span(module):
    before = Funding(0, 0, 40 * BP, 0, START, START)
    arguments = (HOUR, WAD, 0, START + 2 * HOUR)
    after = advance(before, *arguments)
    assert after.rate == 35 * BP // 8
    assert (after.premium_time, after.interval_started_at) == (0, START + 2 * HOUR)
    assert module("advance", astuple(before), *arguments) == astuple(after)


@pytest.mark.parametrize(("wait", "is_over"), [(HOUR - 1, False), (HOUR, True)])
def test_an_interval_is_over_when_its_time_is(module, wait, is_over):
    after = module("advance", (0, 0, 0, 0, START, START), HOUR, WAD, 0, START + wait)
    assert after[4] == (START + wait if is_over else START)
    assert after[1] == (BP // 8 if is_over else 0)


@pytest.mark.parametrize("late", [1, 2])
def test_time_does_not_run_backwards(module, late):
    before = (0, 0, 0, 0, START, START + late)
    assert module.reason("advance", before, HOUR, WAD, 0, START + late) is None
    assert module.reason("advance", before, HOUR, WAD, 0, START) is not None


@given(premium=PREMIUMS, interval=INTERVALS)
def test_rate_is_as_specified(module, premium, interval):
    assert module("compute_rate", premium, interval) == compute_rate(premium, interval)


@given(stretch=stretches(), mark=MARKS, premium=PREMIUMS)
def test_advance_is_as_specified(module, stretch, mark, premium):
    before, interval, now = stretch
    expected = advance(before, interval, mark, premium, now)
    found = module("advance", astuple(before), interval, mark, premium, now)
    assert found == astuple(expected)


@given(stretch=stretches(), mark=MARKS)
def test_one_update_moves_the_index_by_no_more_than_the_cap(module, stretch, mark):
    before, interval, now = stretch
    after = module("advance", astuple(before), interval, mark, 0, now)
    assert abs(after[0] - before.index) <= -(-RATE_CAP * mark // WAD)
    assert -RATE_CAP <= after[1] <= RATE_CAP
