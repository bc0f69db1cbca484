"""Bounds of health hold whatever is stored, and nobody is missed or named wrongly."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.watch import floats
from keeper.watch.columns import pack_row
from keeper.watch.estimate import EPSILON, estimate
from keeper.watch.market import read_shared
from keeper.watch.scan import find_endangered, may_be_least, scan, with_accounts
from specs import margin, packing
from specs import state as states
from tests.helpers.watched import (
    LAYOUT,
    NOW,
    Drawn,
    brink_pages,
    example_pages,
    pages,
)

EXAMPLES = 40

halves = st.integers(0, 2**128 - 1) | st.sampled_from([0, 1, 2**64, 2**127, 2**128 - 1])


def assess_all(drawn):
    """Return everybody's health, as the specification has it."""
    shared = read_shared(drawn.pages, drawn.now)
    names = drawn.pages.columns.names
    state = with_accounts(drawn.pages, shared, names)
    return {name: states.assess(state, name, drawn.now) for name in names}


@settings(max_examples=EXAMPLES)
@given(pages())
def test_health_is_within_its_bounds(drawn):
    columns = drawn.pages.columns
    bounds = estimate(columns, read_shared(drawn.pages, drawn.now))
    for row, health in enumerate(assess_all(drawn).values()):
        low, high = bounds.equity_low[row], bounds.equity_high[row]
        assert low <= health.equity <= high
        low, high = bounds.margin_low[row], bounds.margin_high[row]
        assert low <= health.maintenance_margin <= high
        assert bounds.is_exposed[row] or health.exposure == 0


@settings(max_examples=EXAMPLES)
@given(pages(), st.integers(0, 3), st.integers(0, 3))
def test_the_scan_names_whom_the_specification_names(drawn, worst, nearest):
    found = scan(drawn.pages, drawn.now, worst, nearest)
    everybody = assess_all(drawn)
    due = {n for n, health in everybody.items() if margin.is_liquidatable(health)}
    assert found.due == due
    stand = {n: (h.equity, h.maintenance_margin) for n, h in everybody.items()}
    below = sorted(due, key=lambda name: (stand[name][0] - stand[name][1], name))
    assert list(found.worst) == below[:worst]
    above = [n for n in stand if n not in due and stand[n][1] > 0]
    above.sort(key=lambda name: (Fraction(*stand[name]), name))
    assert list(found.nearest) == above[:nearest]
    for name, told in (found.worst | found.nearest).items():
        assert (told.equity, told.maintenance_margin) == stand[name]
        assert told.shortfall == stand[name][1] - stand[name][0]
    shared = read_shared(drawn.pages, drawn.now)
    columns = drawn.pages.columns
    lately = {n for n in columns.names if columns.word(n, "distress") >= NOW - 60}
    assert due | lately <= set(find_endangered(drawn.pages, shared))


def test_of_too_many_the_worst_are_looked_at_and_others_by_chance():
    drawn = short_pages(40)
    shared = read_shared(drawn.pages, drawn.now)
    everybody = assess_all(drawn)
    worst = sorted(everybody, key=lambda n: everybody[n].equity)[:5]
    found = find_endangered(drawn.pages, shared, most=10)
    assert len(set(found)) == 10
    assert found[:5] == worst
    others = set()
    for second in range(60):
        later = read_shared(drawn.pages, drawn.now + second)
        others.update(find_endangered(drawn.pages, later, most=10))
    assert others == set(everybody)


def short_pages(count):
    """Pages of accounts that owe more USDC each than the one before."""
    drawn = Drawn(example_pages())
    for number in range(1, count + 1):
        owed = {"scaled": -number * 10**18, "idle": 0}
        row = {("balances", 0): packing.pack(owed, packing.BALANCE)}
        drawn.pages.columns.put([number << 96], [pack_row(LAYOUT, row)])
    return drawn


@given(st.lists(st.tuples(halves, halves), min_size=1))
def test_differences_of_growth_are_those_of_the_integers(pairs):
    later = floats.limbs_of([pair[0] for pair in pairs])
    earlier = floats.limbs_of([pair[1] for pair in pairs])
    found = floats.signed(*floats.difference(later, earlier))
    for (after, before), number in zip(pairs, found, strict=True):
        exact = (after - before + 2**127) % 2**128 - 2**127
        assert abs(Fraction(number) - exact) <= abs(exact) * Fraction(1, 2**51)


@given(st.lists(st.integers(-(2**127), 2**127 - 1), min_size=1))
def test_signed_numbers_lose_nothing_near_zero(numbers):
    found = floats.signed(*floats.limbs_of(numbers))
    for number, exact in zip(found, numbers, strict=True):
        assert abs(Fraction(number) - exact) <= abs(exact) * Fraction(1, 2**51)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1))
def test_who_may_be_least_is_never_left_out(drawn):
    low = np.array([float(base) for base, _ in drawn])
    high = np.array([float(base + width) for base, width in drawn])
    among = np.ones(len(drawn), dtype=bool)
    for count in range(len(drawn) + 1):
        found = may_be_least(among, low, high, count)
        # Whatever the numbers are, those that may be least were found.
        for number in range(len(drawn)):
            better = sum(high[other] < low[number] for other in range(len(drawn)))
            assert found[number] or better >= count


@given(st.integers(1, 10**20), st.integers(60, 110))
def test_what_is_left_of_two_large_numbers_is_within_bounds(owed, bits):
    """USDC and a loss that nearly pay for each other: floats see no difference."""
    drawn, name = Drawn(example_pages()), 7 << 96
    fields = dict.fromkeys(packing.HEADER, 0) | {"markets": packing.pack_list((0,))}
    held = dict.fromkeys(packing.POSITION, 0) | {"basis": 2**bits + owed}
    row = {
        ("headers", None): packing.pack(fields, packing.HEADER),
        ("balances", 0): packing.pack({"scaled": 2**bits, "idle": 0}, packing.BALANCE),
        ("positions", 0): packing.pack(held, packing.POSITION),
    }
    drawn.pages.columns.put([name], [pack_row(LAYOUT, row)])
    health = assess_all(drawn)[name]
    assert (health.equity, health.exposure) == (-owed, owed)
    bounds = estimate(drawn.pages.columns, read_shared(drawn.pages, NOW))
    assert bounds.equity_low[0] <= health.equity <= bounds.equity_high[0]
    assert bounds.margin_low[0] <= health.maintenance_margin <= bounds.margin_high[0]
    assert name in scan(drawn.pages, NOW).due


def test_the_bound_is_narrow():
    """A bound that took everybody in would miss nobody, and be of no use."""
    assert EPSILON * 10**6 < 0.01


@pytest.mark.parametrize("name", ["due", "well"])
def test_one_wei_decides(name):
    drawn, account = brink_pages(is_due=name == "due")
    found = scan(drawn.pages, drawn.now)
    assert (account in found.due) == (name == "due")
    assert found.examined == 1
