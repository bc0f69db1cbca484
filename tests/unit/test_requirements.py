"""Requirements: weights round down, margins round up, both with the root of size."""

import pytest
from hypothesis import given

from specs.fixed_point import WAD
from specs.requirements import (
    Haircut,
    Requirement,
    compute_fraction,
    compute_initial_margin,
    compute_maintenance_margin,
    compute_weight,
    sqrt_up,
)
from tests.helpers import harness as harnesses
from tests.helpers.numbers import WORD, is_same_or_refused, within

PPM = within(0, 2**24 - 1)
FACTORS = within(0, 2**40 - 1)
AMOUNTS = within(0, 2**128 - 1)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("RequirementsHarness")


@pytest.mark.parametrize(
    ("x", "root"),
    [
        (0, 0),
        (1, 1),
        (2, 2),
        (4, 2),
        (5, 3),
        (9, 3),
        (WAD, 10**9),
        (WAD + 1, 10**9 + 1),
    ],
)
def test_root(module, x, root):
    assert sqrt_up(x) == root
    assert module("sqrt_up", x) == root


@pytest.mark.parametrize(
    ("weight", "factor", "held", "expected"),
    [
        (950_000, 0, 10**30, 95 * WAD // 100),
        (950_000, 10**12, 0, 95 * WAD // 100),
        (2_000_000, 10**12, 0, 11 * WAD // 10),
        (950_000, 10**12, WAD, 55 * WAD // 100),
        (950_000, 10**12, 4 * WAD, 11 * WAD // 10 // 3),
        (500_000, 10**12, WAD, WAD // 2),
        (950_000, 1, WAD, 95 * WAD // 100),
        (2_000_000, 1, 1, 11 * WAD // 10 - 2),
        (0, 1, WAD, 0),
    ],
)
def test_weight(module, weight, factor, held, expected):
    assert compute_weight(Haircut(weight, factor), held) == expected
    assert module("compute_weight", weight, factor, held) == expected


@pytest.mark.parametrize(
    ("base", "factor", "notional", "fraction", "margin"),
    [
        (20_000, 0, 50 * WAD, WAD // 50, WAD),
        (20_000, 0, 1, WAD // 50, 1),
        (20_000, 0, 0, WAD // 50, 0),
        (0, 10**10, 10**4 * WAD, WAD, 10**4 * WAD),
        (20_000, 10**10, 4 * WAD, WAD // 50, 8 * WAD // 100),
        (20_000, 10**10, 9 * WAD, 3 * WAD // 100, 27 * WAD // 100),
        (0, 1, 1, 1, 1),
        (0, 0, 10**30, 0, 0),
    ],
)
def test_margin(module, base, factor, notional, fraction, margin):
    initial = Requirement(base, 2, factor, 3)
    maintenance = Requirement(2, base, 3, factor)
    assert compute_fraction(base, factor, notional) == fraction
    assert compute_initial_margin(initial, notional) == margin
    assert compute_maintenance_margin(maintenance, notional) == margin
    assert module("compute_fraction", base, factor, notional) == fraction
    assert module("compute_margin", base, factor, notional) == margin


@given(x=within(0, WORD))
def test_root_is_the_smallest_that_covers(module, x):
    root = module("sqrt_up", x)
    assert root == sqrt_up(x)
    assert root**2 >= x
    assert root == 0 or (root - 1) ** 2 < x


@given(weight=PPM, factor=FACTORS, held=AMOUNTS)
def test_weight_is_as_specified(module, weight, factor, held):
    expected = compute_weight(Haircut(weight, factor), held)
    assert module("compute_weight", weight, factor, held) == expected


@given(base=PPM, factor=FACTORS, notional=within(0, 2**120))
def test_margin_is_as_specified(module, base, factor, notional):
    expected = compute_initial_margin(Requirement(base, 0, factor, 0), notional)
    assert module("compute_margin", base, factor, notional) == expected
    fraction = compute_fraction(base, factor, notional)
    assert module("compute_fraction", base, factor, notional) == fraction


@given(base=PPM, factor=FACTORS, less=within(0, 2**110), more=within(0, 2**110))
def test_splitting_a_position_binds_no_more(module, base, factor, less, more):
    parts = [module("compute_margin", base, factor, part) for part in (less, more)]
    assert sum(parts) <= module("compute_margin", base, factor, less + more) + 2


@given(base=within(0, WORD), factor=within(0, WORD), notional=within(0, WORD))
def test_margin_is_never_wrong(module, base, factor, notional):
    expected = compute_initial_margin(Requirement(base, 0, factor, 0), notional)
    arguments = (base, factor, notional)
    assert is_same_or_refused(module, "compute_margin", arguments, expected)


@given(weight=within(0, WORD), factor=within(0, WORD), held=within(0, WORD))
def test_weight_is_never_wrong(module, weight, factor, held):
    expected = compute_weight(Haircut(weight, factor), held)
    arguments = (weight, factor, held)
    assert is_same_or_refused(module, "compute_weight", arguments, expected)
