"""Pacing: how much of a leg is closed at a time, and when a book has failed it."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import pacing
from specs.fixed_point import WAD
from specs.pacing import NEW, PACE, Pace
from specs.packing import pack
from tests.helpers import harness as harnesses
from tests.helpers.numbers import within

NOW = 1_700_000_000
UNIT = 100 * WAD
"""What a lot is worth: ten are the least of a slice, a thousand the floor of a cap."""

AGES = st.one_of(st.integers(0, 80), st.just(NOW))
"""Seconds since something happened, or as many as if it never did."""
PACES = st.builds(
    lambda sliced, failed, failures: Pace(NOW - sliced, NOW - failed, failures),
    AGES,
    AGES,
    st.integers(0, 5),
)
SIZES = within(0, 2**60)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("PacingHarness")


def word_of(pace):
    return pack(asdict(pace), PACE)


# How many slices are due


@pytest.mark.parametrize(
    ("age", "due"),
    [(0, 0), (1, 1), (2, 2), (9, 9), (10, 10), (11, 10), (60, 10), (61, 1), (NOW, 1)],
)
def test_a_slice_is_due_a_second_and_ten_at_most(module, age, due):
    pace = Pace(sliced_at=NOW - age)
    assert pacing.compute_due(pace, NOW) == due
    assert module("compute_due", word_of(pace), NOW) == due


def test_what_else_is_remembered_makes_no_slice_due(module):
    assert module("compute_due", word_of(Pace(0, NOW, 3)), NOW) == 1
    assert module("compute_due", word_of(Pace(NOW, 0, 0)), NOW) == 0


# How large they are


@pytest.mark.parametrize(
    ("held", "due", "volume", "most", "size"),
    [
        (500, 1, 0, 500, 50),
        (501, 1, 0, 501, 51),
        (500, 3, 0, 500, 150),
        (500, 10, 0, 500, 500),
        (500, 3, 0, 149, 149),
        # 1,000 USDC, or all there is.
        (99, 1, 0, 99, 10),
        (101, 1, 0, 101, 11),
        (7, 1, 0, 7, 7),
        (99, 1, 0, 3, 3),
        # 100,000 USDC, or a fifth of what was traded.
        (10**6, 1, 0, 10**6, 1_000),
        (10**6, 1, 5_004, 10**6, 1_000),
        (10**6, 1, 5_005, 10**6, 1_001),
        (10**6, 1, 10**7, 10**6, 10**5),
    ],
)
def test_a_call_closes_what_is_due_within_its_bounds(
    module, held, due, volume, most, size
):
    arguments = held, due, UNIT, volume, most
    assert pacing.compute_size(*arguments) == size
    assert module("compute_size", *arguments) == size


@pytest.mark.parametrize(
    ("unit", "size"),
    [(100_000 * WAD, 1), (100_000 * WAD + 1, 1), (50_000 * WAD + 1, 1), (10**30, 1)],
)
def test_one_is_closed_however_much_it_is_worth(module, unit, size):
    arguments = 1_000, 10, unit, 0, 1_000
    assert pacing.compute_size(*arguments) == size
    assert module("compute_size", *arguments) == size


def test_the_least_is_rounded_up_and_the_floor_down(module):
    for unit, least, floor in ((WAD * 3, 334, 33_333), (1_000 * WAD + 1, 1, 99)):
        for due, size in ((1, least), (10, floor)):
            held = 10 * least - 9 if due == 1 else 10**6
            arguments = held, due, unit, 0, held
            assert pacing.compute_size(*arguments) == min(size, held)
            assert module("compute_size", *arguments) == min(size, held)


@given(SIZES, st.integers(1, 10), within(1, 10**30), SIZES, SIZES)
def test_sizes_are_as_specified(module, held, due, unit, volume, most):
    arguments = held, due, unit, volume, most
    assert module("compute_size", *arguments) == pacing.compute_size(*arguments)


# When a book has failed


def play(module, *slices):
    """Note slices on both sides, each so much later; return what is remembered."""
    pace, word, now = NEW, 0, NOW
    for later, asked, filled, is_exhausted in slices:
        now += later
        pace = pacing.note(pace, asked, filled, is_exhausted, now)
        word = module("note", word, asked, filled, is_exhausted, now)
        assert word == word_of(pace)
        assert module("has_failed", word) == pacing.has_failed(pace)
    assert pace.sliced_at == now
    return pace


FAILED = 10, 10, 0, True


@pytest.mark.parametrize(
    ("asked", "filled", "is_exhausted", "failures"),
    [
        (10, 0, True, 1),
        (10, 4, True, 1),
        (11, 5, True, 1),
        (10, 5, True, 0),
        (11, 6, True, 0),
        (10, 10, True, 0),
        (10, 0, False, 0),
        (1, 0, True, 1),
        (1, 1, True, 0),
    ],
)
def test_less_than_half_with_nothing_left_is_a_failure(
    module, asked, filled, is_exhausted, failures
):
    pace = play(module, (0, asked, filled, is_exhausted))
    assert pace.failures == failures
    assert pace.failed_at == (NOW if failures else 0)


@pytest.mark.parametrize(("later", "failures"), [(9, 1), (10, 2), (60, 2), (61, 1)])
def test_failures_count_within_a_minute_if_they_are_ten_seconds_apart(
    module, later, failures
):
    pace = play(module, FAILED, (later, 10, 0, True))
    assert pace.failures == failures
    last = NOW + 10 + (0 if later == 9 else later)
    assert pace.failed_at == last


def test_failures_too_close_do_not_put_the_next_one_off(module):
    close = 5, 10, 0, True
    assert play(module, FAILED, close, close).failures == 2


def test_the_third_in_a_row_is_a_failed_book(module):
    assert not pacing.has_failed(play(module, FAILED, FAILED))
    assert pacing.has_failed(play(module, FAILED, FAILED, FAILED))
    obstructed = 10, 10, 0, False
    assert pacing.has_failed(play(module, FAILED, FAILED, obstructed, FAILED))
    half = 10, 10, 5, True
    assert not pacing.has_failed(play(module, FAILED, FAILED, half, FAILED))


@pytest.mark.parametrize(("later", "failures"), [(60, 3), (61, 0)])
def test_what_stops_a_slice_keeps_failures_no_longer_than_they_count(
    module, later, failures
):
    """Else dust in front of a later liquidation would open the backstop at once."""
    obstructed = later, 10, 0, False
    pace = play(module, FAILED, FAILED, FAILED, obstructed)
    assert pace.failures == failures


@pytest.mark.parametrize(("age", "is_open"), [(0, True), (60, True), (61, False)])
def test_a_failed_book_opens_the_backstop_for_a_minute(module, age, is_open):
    assert pacing.is_open(NOW - age, NOW) == is_open
    assert module("is_open", NOW - age, NOW) == is_open


def test_a_book_that_never_failed_opens_nothing(module):
    assert not pacing.is_open(0, 30)
    assert not module("is_open", 0, 30)


@given(PACES, SIZES, SIZES, st.booleans())
def test_what_is_noted_is_as_specified(module, pace, asked, filled, is_exhausted):
    expected = pacing.note(pace, asked, filled, is_exhausted, NOW)
    arguments = word_of(pace), asked, filled, is_exhausted, NOW
    assert module("note", *arguments) == word_of(expected)
