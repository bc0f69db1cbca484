"""Dynamic margin: volatility raises it, but never maintenance margin at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.dynamic_margin import (
    RAMP,
    compute_maintenance_scale,
    compute_open_interest_fraction,
    compute_scale,
)
from specs.fixed_point import PPM, WAD
from specs.requirements import SCALE_ONE
from tests.helpers import harness as harnesses
from tests.helpers.numbers import WORD, is_same_or_refused, within

VARIANCES = within(0, 2**64 - 1)
SIGMAS = st.one_of(within(1, 2**32 - 1), st.integers(1, 200_000))
LIMITS = within(0, 2**16 - 1)
SCALES = st.integers(SCALE_ONE, 2**16 - 1)
SECONDS = st.one_of(st.integers(0, 120), within(0, 2**32 - 1))
FACTORS = within(0, 2**40 - 1)
SIZES = within(0, 2**64 - 1)
LOTS = st.integers(0, 18).map(lambda exponent: 10**exponent)
MARKS = within(0, 2**100)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("DynamicMarginHarness")


@pytest.mark.parametrize(
    ("variance", "sigma_ref", "kappa_max", "scale"),
    [
        (10**10, 10**5, 30_000, 10_000),
        (4 * 10**10, 10**5, 30_000, 20_000),
        (9 * 10**10, 10**5, 30_000, 30_000),
        # Clamped, above and below.
        (16 * 10**10, 10**5, 30_000, 30_000),
        (10**8, 10**5, 30_000, 10_000),
        (0, 10**5, 30_000, 10_000),
        (2**64 - 1, 1, 65_535, 65_535),
        # No limit below 1, no reference.
        (4 * 10**10, 10**5, 0, 10_000),
        (4 * 10**10, 10**5, 9_999, 10_000),
        (4 * 10**10, 0, 30_000, 10_000),
        # The root rounds up, and so does the quotient.
        (4 * 10**8 + 1, 10_000, 30_000, 20_001),
        (4, 1, 65_535, 20_000),
        (5, 1, 65_535, 30_000),
        (16, 3, 65_535, 13_334),
    ],
)
def test_scale(module, variance, sigma_ref, kappa_max, scale):
    arguments = variance, sigma_ref, kappa_max
    assert compute_scale(*arguments) == scale
    assert module("compute_scale", *arguments) == scale


@pytest.mark.parametrize(
    ("old_scale", "scale", "elapsed", "expected"),
    [
        # A spike does nothing in its own second, then a bounded step a second.
        (10_000, 30_000, 0, 10_000),
        (10_000, 30_000, 1, 10_008),
        (10_000, 30_000, 60, 10_480),
        (10_000, 30_000, 2_499, 29_992),
        (10_000, 30_000, 2_500, 30_000),
        (10_000, 30_000, 2**32 - 1, 30_000),
        # Never above initial margin, which it follows down at once.
        (10_000, 10_003, 1, 10_003),
        (30_000, 12_000, 0, 12_000),
        (30_000, 10_000, 60, 10_000),
        # Of a market that never had a scale.
        (0, 30_000, 0, 10_000),
        (0, 10_000, 60, 10_000),
    ],
)
def test_maintenance_scale(module, old_scale, scale, elapsed, expected):
    arguments = old_scale, scale, elapsed
    assert compute_maintenance_scale(*arguments) == expected
    assert module("compute_maintenance_scale", *arguments) == expected


@pytest.mark.parametrize(
    ("factor", "lots", "lot", "mark", "fraction"),
    [
        # A factor of 0.000001 and 10**10 USDC: a tenth.
        (10**6, 10**10, WAD, WAD, 100_000),
        (10**6, 10**8, WAD, 100 * WAD, 100_000),
        (10**6, 10**14, 10**12, 100 * WAD, 100_000),
        (10**6, 4 * 10**10, WAD, WAD, 200_000),
        # At most one.
        (10**6, 10**12, WAD, WAD, PPM),
        (10**6, 10**12 + 1, WAD, WAD, PPM),
        (2**40 - 1, 2**64 - 1, WAD, 10**30, PPM),
        # Notional, root and fraction round up.
        (10**6, 10**10, WAD, WAD + 1, 100_001),
        (10**15, 1, 1, 1, 1),
        (10**15, 2, WAD, 2, 2),
        (10**15, 5, WAD, 1, 3),
        (1, 1, WAD, WAD, 1),
        # Nothing.
        (0, 10**10, WAD, WAD, 0),
        (10**6, 0, WAD, WAD, 0),
        (10**6, 10**10, WAD, 0, 0),
    ],
)
def test_open_interest_fraction(module, factor, lots, lot, mark, fraction):
    arguments = factor, lots, lot, mark
    assert compute_open_interest_fraction(*arguments) == fraction
    assert module("compute_open_interest_fraction", *arguments) == fraction


@given(variance=VARIANCES, sigma_ref=within(0, 2**32 - 1), kappa_max=LIMITS)
def test_scale_is_as_specified(module, variance, sigma_ref, kappa_max):
    arguments = variance, sigma_ref, kappa_max
    assert module("compute_scale", *arguments) == compute_scale(*arguments)


@given(old_scale=LIMITS, scale=LIMITS, elapsed=SECONDS)
def test_maintenance_scale_is_as_specified(module, old_scale, scale, elapsed):
    arguments = old_scale, scale, elapsed
    expected = compute_maintenance_scale(*arguments)
    assert module("compute_maintenance_scale", *arguments) == expected


@given(factor=FACTORS, lots=SIZES, lot=LOTS, mark=MARKS)
def test_open_interest_fraction_is_as_specified(module, factor, lots, lot, mark):
    arguments = factor, lots, lot, mark
    expected = compute_open_interest_fraction(*arguments)
    assert module("compute_open_interest_fraction", *arguments) == expected


@given(numbers=st.tuples(*[within(0, WORD)] * 4))
def test_nothing_is_ever_wrong(module, numbers):
    for function, count in (
        (compute_scale, 3),
        (compute_maintenance_scale, 3),
        (compute_open_interest_fraction, 4),
    ):
        name, arguments = function.__name__, numbers[:count]
        assert is_same_or_refused(module, name, arguments, function(*arguments))


@given(variance=VARIANCES, sigma_ref=SIGMAS, kappa_max=SCALES)
def test_scale_is_the_smallest_that_covers(variance, sigma_ref, kappa_max):
    scale = compute_scale(variance, sigma_ref, kappa_max)
    assert SCALE_ONE <= scale <= kappa_max
    if scale < kappa_max:
        assert (scale * sigma_ref) ** 2 >= variance * SCALE_ONE**2
    if scale > SCALE_ONE:
        # One of the root's unit less, or one of the scale's, would not do.
        below = (scale - 1) * sigma_ref // SCALE_ONE
        assert below**2 < variance


@given(
    variances=st.tuples(VARIANCES, VARIANCES),
    sigmas=st.tuples(SIGMAS, SIGMAS),
    limits=st.tuples(LIMITS, LIMITS),
)
def test_scale_grows_with_volatility(variances, sigmas, limits):
    less = min(variances), max(sigmas), min(limits)
    more = max(variances), min(sigmas), max(limits)
    assert compute_scale(*less) <= compute_scale(*more)


@given(old_scale=SCALES, scale=SCALES, elapsed=SECONDS)
def test_maintenance_scale_is_bounded(old_scale, scale, elapsed):
    found = compute_maintenance_scale(old_scale, scale, elapsed)
    assert SCALE_ONE <= found <= scale
    assert found <= old_scale + RAMP * elapsed
    assert found >= min(old_scale, scale)


@given(old_scale=SCALES, scale=SCALES, first=SECONDS, second=SECONDS)
def test_ramp_in_two_parts_is_the_ramp_in_one(old_scale, scale, first, second):
    halfway = compute_maintenance_scale(old_scale, scale, first)
    found = compute_maintenance_scale(halfway, scale, second)
    assert found == compute_maintenance_scale(old_scale, scale, first + second)


@given(
    olds=st.tuples(SCALES, SCALES),
    scales=st.tuples(SCALES, SCALES),
    times=st.tuples(SECONDS, SECONDS),
)
def test_maintenance_scale_grows_with_each(olds, scales, times):
    less, more = zip(*map(sorted, (olds, scales, times)), strict=True)
    assert compute_maintenance_scale(*less) <= compute_maintenance_scale(*more)


@given(factor=FACTORS, lots=SIZES, lot=LOTS, mark=MARKS)
def test_open_interest_fraction_covers(factor, lots, lot, mark):
    fraction = compute_open_interest_fraction(factor, lots, lot, mark)
    assert 0 <= fraction <= PPM
    # fraction * 10**-6 >= factor * 10**-12 * sqrt(lots * lot * mark * 10**-36)
    if fraction < PPM:
        assert fraction**2 * 10**48 >= factor**2 * lots * lot * mark


@given(
    factors=st.tuples(FACTORS, FACTORS),
    sizes=st.tuples(SIZES, SIZES),
    lot=LOTS,
    marks=st.tuples(MARKS, MARKS),
)
def test_open_interest_fraction_grows_with_each(factors, sizes, lot, marks):
    less = min(factors), min(sizes), lot, min(marks)
    more = max(factors), max(sizes), lot, max(marks)
    assert compute_open_interest_fraction(*less) <= compute_open_interest_fraction(
        *more
    )
