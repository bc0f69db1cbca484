"""Terms of a slice: ratio, limit, fee and size, and that they leave one better off."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import slices
from specs.backstop import PARTS
from specs.fixed_point import WAD, mul_div_up
from specs.margin import Health
from specs.requirements import (
    Requirement,
    compute_initial_margin,
    compute_maintenance_margin,
)
from tests.helpers import harness as harnesses
from tests.helpers.numbers import within

PERCENT = WAD // 100
BASE, FACTOR = st.integers(1, 500_000), st.integers(0, 10**9)
LEGS = st.lists(
    st.tuples(within(0, 10**27), BASE, BASE, FACTOR, FACTOR), min_size=1, max_size=6
)
SIZES = st.one_of(st.integers(10**12, 10**20), st.integers(10**20, 10**27))
SLOPES = st.integers(0, 10**7)
ALIKE = st.lists(st.tuples(SIZES, BASE, BASE, SLOPES, SLOPES), min_size=1, max_size=6)
"""Legs whose margins are of the size of those that markets have."""
EQUITIES = within(0, 10**27)
RATIOS = within(0, 3 * WAD)
PRICES = within(1, 10**27)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("SlicesHarness")


def health_of(equity, margin):
    return Health(0, 0, equity, margin, 0, 0, 0, 0, 0, False, False)


def leg_of(notional, imf=100_000, mmf=50_000, imf_factor=0, mmf_factor=0):
    """Return a leg of the specification and the contract's struct."""
    risk = imf | mmf << 24 | imf_factor << 48 | mmf_factor << 88
    return (Requirement(imf, mmf, imf_factor, mmf_factor), notional), (
        0,
        notional,
        risk,
    )


def legs_of(drawn):
    """Return legs of the specification and the contract's structs."""
    made = [
        leg_of(size, max(first, second), min(first, second), *sorted(factors)[::-1])
        for size, first, second, *factors in drawn
    ]
    specified, told = zip(*made, strict=True)
    return specified, list(told)


# Ratio, limit and fee


@pytest.mark.parametrize(
    ("equity", "margin", "notional", "ratio"),
    [
        (4 * WAD, 5 * WAD, 100 * WAD, 4 * PERCENT),
        (5 * WAD, 5 * WAD, 100 * WAD, 5 * PERCENT),
        (4 * WAD, 10 * WAD, 100 * WAD, 2 * PERCENT),
        (1, 7 * WAD, 100 * WAD, 0),
        (2 * WAD, 3 * WAD, 100 * WAD, WAD // 30),
        (0, 5 * WAD, 100 * WAD, 0),
        (4 * WAD, 0, 100 * WAD, 0),
        (4 * WAD, 5 * WAD, 0, 0),
    ],
)
def test_the_ratio_is_the_legs_share_of_the_equity(
    module, equity, margin, notional, ratio
):
    leg, told = leg_of(notional)
    assert slices.compute_ratio(health_of(equity, margin), leg) == ratio
    assert module("compute_ratio", equity, margin, told, 0) == ratio


def test_what_pays_for_a_leg_binds_margin_too(module):
    leg, told = leg_of(100 * WAD)
    health = health_of(4 * WAD, 5 * WAD)
    for borrowed, ratio in ((2 * WAD, WAD * 24 // 1_000), (5 * WAD, 0), (6 * WAD, 0)):
        assert slices.compute_ratio(health, leg, borrowed) == ratio
        assert module("compute_ratio", 4 * WAD, 5 * WAD, told, borrowed) == ratio


def test_without_equity_there_is_no_ratio():
    leg, _ = leg_of(100 * WAD)
    assert slices.compute_ratio(health_of(-WAD, WAD), leg) == 0


@given(EQUITIES, within(0, 10**27), LEGS, within(0, 10**26))
def test_ratios_are_rounded_down(module, equity, margin, drawn, borrowed):
    (leg, *_), (told, *_) = legs_of(drawn)
    ratio = slices.compute_ratio(health_of(equity, margin), leg, borrowed)
    assert module("compute_ratio", equity, margin, told, borrowed) == ratio
    if margin * leg[1]:
        bound = max(0, compute_maintenance_margin(*leg) - borrowed)
        exact = Fraction(equity * bound * WAD, margin * leg[1])
        assert ratio <= exact < ratio + 1


@pytest.mark.parametrize(
    ("mark", "ratio", "selling", "buying"),
    [
        (1_000, 0, 1_000, 1_000),
        (1_000, 4 * PERCENT, 980, 1_020),
        (1_001, 4 * PERCENT, 981, 1_021),
        (1_000 * WAD, 3, 1_000 * WAD - 1_000, 1_000 * WAD + 1_000),
        (1_000, WAD, 500, 1_500),
        (1_000, WAD + 10, 500, 1_500),
        (1_001, 50 * WAD, 501, 1_501),
    ],
)
def test_the_limit_is_half_the_ratio_away_and_half_of_mark_at_most(
    module, mark, ratio, selling, buying
):
    for is_buy, limit in ((False, selling), (True, buying)):
        assert slices.compute_limit(mark, ratio, is_buy) == limit
        assert module("compute_limit", mark, ratio, is_buy) == limit


@given(PRICES, RATIOS, st.booleans())
def test_limits_are_rounded_towards_mark(module, mark, ratio, is_buy):
    limit = slices.compute_limit(mark, ratio, is_buy)
    assert module("compute_limit", mark, ratio, is_buy) == limit
    exact = Fraction(mark * min(ratio // 2, WAD // 2), WAD)
    apart = limit - mark if is_buy else mark - limit
    assert apart <= exact < apart + 1


@pytest.mark.parametrize(
    ("ratio", "rate"),
    [
        (0, 0),
        (3, 0),
        (4, 1),
        (7, 1),
        (PERCENT, PERCENT // 4),
        (4 * PERCENT - 1, PERCENT - 1),
        (4 * PERCENT, PERCENT),
        (WAD, PERCENT),
    ],
)
def test_the_fee_is_a_quarter_of_the_ratio_and_a_percent_at_most(module, ratio, rate):
    assert slices.compute_fee_rate(ratio) == rate
    assert module("compute_fee_rate", ratio) == rate


def test_fees_are_rounded_down():
    assert slices.compute_fee(199, PERCENT) == 1
    assert slices.compute_fee(200, PERCENT) == 2


# Size


@pytest.mark.parametrize(
    ("equity", "cost", "parts"),
    [
        (10 * WAD, 0, 1),
        (5 * WAD, 0, 2**15),
        (5 * WAD - 1, 0, 2**15 + 1),
        (5 * WAD, PERCENT, 36_409),
        (5 * WAD, 5 * PERCENT, 2**16),
        (0, 0, 2**16),
        (-WAD, 0, 2**16),
    ],
)
def test_as_much_is_closed_as_restores_initial_margin(module, equity, cost, parts):
    leg, told = leg_of(100 * WAD)
    assert slices.compute_parts(equity, cost, (leg,), 0) == parts
    assert module("compute_parts", equity, cost, [told], told) == parts


def test_other_legs_stay_as_they_are(module):
    (leg, told), (other, beside) = leg_of(100 * WAD), leg_of(200 * WAD)
    for equity, parts in ((25 * WAD, 2**15), (19 * WAD, 2**16)):
        assert slices.compute_parts(equity, 0, (other, leg), 1) == parts
        assert module("compute_parts", equity, 0, [beside, told], told) == parts


@given(EQUITIES, within(0, WAD // 2), LEGS, st.data())
def test_what_is_closed_is_the_least_that_heals(module, equity, cost, drawn, data):
    legs, told = legs_of(drawn)
    index = data.draw(st.integers(0, len(legs) - 1))
    parts = slices.compute_parts(equity, cost, legs, index)
    arguments = equity, cost, told, told[index]
    assert module("compute_parts", *arguments) == parts
    assert module("compute_end", told) == slices.compute_end(legs)
    if parts < PARTS:
        assert slices.heals(equity, cost, legs, index, parts)
    if parts > 1:
        assert not slices.heals(equity, cost, legs, index, parts - 1)


def test_the_end_is_the_initial_margin_of_all_legs(module):
    (leg, told), (other, beside) = leg_of(100 * WAD), leg_of(200 * WAD, 1, 1, 10**7)
    end = compute_initial_margin(*leg) + compute_initial_margin(*other)
    assert slices.compute_end((leg, other)) == end
    assert module("compute_end", [told, beside]) == end
    assert module("compute_end", []) == 0


@pytest.mark.parametrize(
    ("held", "parts", "least", "most"),
    [
        (100, PARTS, 1, 100),
        (100, 1, 1, 1),
        (3, PARTS // 2, 1, 2),
        (100, 1, 40, 40),
        (100, 1, 400, 100),
    ],
)
def test_a_slice_is_no_larger_than_what_is_held(module, held, parts, least, most):
    assert slices.compute_most(held, parts, least) == most
    assert module("compute_most", held, parts, least) == most


# What it is all for


@pytest.mark.parametrize(
    ("before", "after", "is_improved"),
    [
        ((4, 10), (4, 10), True),
        ((4, 10), (3, 10), False),
        ((4, 10), (5, 10), True),
        ((4, 10), (8, 11), False),
        ((4, 10), (2, 5), True),
        ((4, 10), (1, 4), False),
        ((4, 10), (0, 0), True),
    ],
)
def test_margin_may_not_rise_nor_equity_over_it_fall(
    module, before, after, is_improved
):
    told = health_of(*before), health_of(*after)
    assert slices.is_improved(*told) == is_improved
    assert module("is_improved", *before, *after) == is_improved


@given(ALIKE, st.integers(10**12, 2 * WAD), st.integers(10**12, WAD), st.data())
def test_whatever_is_closed_at_the_limit_leaves_an_account_better_off(
    drawn, health, share, data
):
    """
    Equity over margin does not fall, but for roundings: the fourth quarter of the leg's
    share pays for them, and for the margin of the debt that the loss leaves.
    """
    legs, _ = legs_of(drawn)
    index = data.draw(st.integers(0, len(legs) - 1))
    requirement, notional = legs[index]
    margins = [compute_maintenance_margin(*leg) for leg in legs]
    margin = sum(margins)
    equity = margin * health // WAD
    ratio = slices.compute_ratio(health_of(equity, margin), legs[index])
    closed = notional * share // WAD
    apart = WAD - slices.compute_limit(WAD, ratio, False)
    paid = mul_div_up(closed, apart, WAD)
    paid += slices.compute_fee(closed, slices.compute_fee_rate(ratio))
    left = compute_maintenance_margin(requirement, notional - closed)
    after = margin - margins[index] + left
    # Each of the leg's margins is rounded up twice: its fraction, and itself.
    rounded = 2 + notional // WAD
    assert (equity - paid + 2) * margin >= equity * (after - rounded)
