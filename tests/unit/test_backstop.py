"""Backstop: when it opens, at what discount, how much of an account it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import backstop
from specs.fixed_point import WAD
from specs.margin import Health
from specs.requirements import Requirement
from tests.helpers import harness as harnesses
from tests.helpers.numbers import attempt, is_same_or_refused, within

AMOUNTS = within(0, 2**110)
EQUITIES = within(-(2**112), 2**112)
LEG = st.tuples(within(0, 2**100), within(0, 2**24 - 1), within(0, 10**12))
LEGS = st.lists(LEG, max_size=18)
DISCOUNTS = within(0, WAD // 4)
PRICES = within(1, (2**80 - 1) * 10**6)
PERCENT = WAD // 100


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("BackstopHarness")


def make_health(equity=0, maintenance_margin=0, exposure=0, value=0):
    return Health(0, 0, equity, maintenance_margin, exposure, value, 0, 0, 0, False,
                  False)  # fmt: skip


def encode(legs):
    """Return legs as the contract has them: instrument, notional, word of the risk."""
    return [(0, size, base | factor << 48) for size, base, factor in legs]


def specify(legs):
    return tuple((Requirement(base, 0, factor, 0), size) for size, base, factor in legs)


@pytest.mark.parametrize(
    ("margin", "exposure", "opens_below"),
    [
        (0, 0, 0),
        (10, 100, 5),
        (12, 100, 6),
        (14, 100, 8),
        (13, 100, 7),
        (11, 100, 5),
        (20, 101, 13),
        (20, 100, 14),
        (1, 0, 1),
        (3, 1000, 1),
    ],
)
def test_backstop_margin(module, margin, exposure, opens_below):
    health = make_health(maintenance_margin=margin, exposure=exposure)
    assert backstop.compute_backstop_margin(health) == opens_below
    assert module("compute_backstop_margin", margin, exposure) == opens_below
    for equity in (opens_below - 1, opens_below):
        is_open = module("is_open", equity, margin, exposure)
        assert is_open == (equity < opens_below)


@pytest.mark.parametrize(
    ("equity", "margin", "exposure", "discount"),
    [
        (0, 5, 100, 0),
        (-3, 5, 100, 0),
        (-3, 5, 0, 0),
        (1, 5, 100, PERCENT),
        (100, 8, 100, 2 * PERCENT),
        (2, 8, 100, 2 * PERCENT),
        (1, 4, 3, WAD // 3),
        (1, 3, 3, WAD // 4),
        (1, 2, 3, WAD // 6),
    ],
)
def test_discount(module, equity, margin, exposure, discount):
    health = make_health(equity, margin, exposure)
    assert backstop.compute_discount(health) == discount
    assert module("compute_discount", equity, margin, exposure) == discount


@pytest.mark.parametrize(
    ("equity", "margin", "ratio"),
    [(0, 5, 0), (-3, 5, 0), (-3, 0, 0), (1, 4, WAD // 4), (1, 3, WAD // 3)],
)
def test_ratio(module, equity, margin, ratio):
    health = make_health(equity, margin, 100)
    assert backstop.compute_ratio(health) == ratio
    assert module("compute_ratio", equity, margin) == ratio


def test_discount_on_nothing_is_refused(module):
    assert module.reason("compute_discount", 1, 5, 0) is not None


@pytest.mark.parametrize(
    ("equity", "discount", "legs", "parts"),
    [
        (-1, 0, [], 2**16),
        (0, 0, [], 1),
        (0, 0, [(WAD, 100_000, 0)], 2**16),
        (-1, 0, [(WAD, 100_000, 0)], 2**16),
        (5 * PERCENT, 0, [(WAD, 100_000, 0)], 2**15),
        (5 * PERCENT - 1, 0, [(WAD, 100_000, 0)], 2**15 + 1),
        (10 * PERCENT, 0, [(WAD, 100_000, 0)], 1),
        (5 * PERCENT, PERCENT, [(WAD, 100_000, 0)], 36_409),
        (PERCENT, PERCENT, [(WAD, 100_000, 0)], 2**16),
        (PERCENT - 1, PERCENT, [(WAD, 100_000, 0)], 2**16),
        (10 * PERCENT, 0, [(WAD, 100_000, 0), (WAD, 100_000, 0)], 2**15),
    ],
)
def test_fraction(module, equity, discount, legs, parts):
    assert backstop.compute_fraction(equity, discount, specify(legs)) == parts
    assert module("compute_fraction", equity, discount, encode(legs)) == parts


@pytest.mark.parametrize(
    ("is_selling", "discount", "account", "provider"),
    [
        (True, 0, 1001, 1001),
        (False, 0, 1001, 1001),
        (True, 3 * PERCENT, 970, 981),
        (False, 3 * PERCENT, 1032, 1021),
        (True, 1, 1000, 1001),
        (False, 1, 1002, 1001),
        (True, 2, 1000, 1001),
        (False, 2, 1002, 1001),
    ],
)
def test_prices(module, is_selling, discount, account, provider):
    terms = (1001, discount, is_selling)
    assert backstop.compute_account_price(*terms) == account
    assert module("compute_account_price", *terms) == account
    assert backstop.compute_provider_price(*terms) == provider
    assert module("compute_provider_price", *terms) == provider


def test_two_thirds_of_the_discount_round_down(module):
    for is_buying, price in ((True, WAD), (False, WAD)):
        assert module("compute_provider_price", WAD, 1, is_buying) == price
    assert module("compute_provider_price", WAD, 5, True) == WAD - 3
    assert module("compute_provider_price", WAD, 5, False) == WAD + 3


@pytest.mark.parametrize(
    ("total", "capacity", "capacities", "rest", "part"),
    [
        (100, 1, 3, 100, 1),
        (100, 34, 102, 100, 34),
        (100, 50, 150, 100, 34),
        (100, 50, 150, 33, 33),
        (100, 50, 150, 0, 0),
        (0, 50, 150, 0, 0),
        (100, 0, 150, 100, 0),
        (500, 50, 150, 500, 50),
    ],
)
def test_allocation(module, total, capacity, capacities, rest, part):
    arguments = (total, capacity, capacities, rest)
    assert backstop.compute_allocation(*arguments) == part
    assert module("compute_allocation", *arguments) == part


@pytest.mark.parametrize(
    ("allocation", "left", "portion"),
    [(0, 7, 0), (1, 3, WAD // 3 + 1), (1, 2, WAD // 2), (7, 7, WAD), (8, 7, WAD)],
)
def test_portion(module, allocation, left, portion):
    assert backstop.compute_portion(allocation, left) == portion
    assert module("compute_portion", allocation, left) == portion


@given(equity=EQUITIES, margin=AMOUNTS, exposure=AMOUNTS)
def test_terms_are_as_specified(module, equity, margin, exposure):
    health = make_health(equity, margin, exposure)
    expected = backstop.compute_backstop_margin(health)
    assert module("compute_backstop_margin", margin, exposure) == expected
    assert module("is_open", equity, margin, exposure) == backstop.is_open(health)
    discount = attempt(lambda: backstop.compute_discount(health))
    if discount is None:
        assert module.reason("compute_discount", equity, margin, exposure) is not None
    else:
        assert module("compute_discount", equity, margin, exposure) == discount


@given(equity=EQUITIES, discount=DISCOUNTS, legs=LEGS)
def test_fraction_is_as_specified(module, equity, discount, legs):
    expected = backstop.compute_fraction(equity, discount, specify(legs))
    assert module("compute_fraction", equity, discount, encode(legs)) == expected


@st.composite
def near_accounts(draw):
    """Return an account whose equity is a share of the initial margin of its legs."""
    leg = st.tuples(within(WAD, 10**27), st.integers(10_000, 10**6), st.just(0))
    legs = draw(st.lists(leg, min_size=1, max_size=8))
    margin = sum(size * base // 10**6 for size, base, _ in legs)
    lowest = min(base for _, base, _ in legs) * 10**12
    equity = margin * draw(st.integers(0, 110)) // 100
    return equity, draw(within(0, lowest // 8)), legs


@given(account=near_accounts())
def test_fraction_is_the_smallest_that_heals(module, account):
    equity, discount, legs = account
    parts = module("compute_fraction", equity, discount, encode(legs))
    assert 0 < parts <= 2**16
    if parts < 2**16:
        assert backstop.heals(equity, discount, specify(legs), parts)
    if parts > 1:
        assert not backstop.heals(equity, discount, specify(legs), parts - 1)


@given(mark=PRICES, discount=DISCOUNTS, side=st.booleans())
def test_prices_are_as_specified(module, mark, discount, side):
    terms = (mark, discount, side)
    account = backstop.compute_account_price(*terms)
    provider = backstop.compute_provider_price(*terms)
    assert module("compute_account_price", *terms) == account
    assert module("compute_provider_price", *terms) == provider
    between = [account, provider, mark] if side else [mark, provider, account]
    assert between == sorted(between)


@given(
    total=AMOUNTS,
    others=AMOUNTS,
    capacity=AMOUNTS,
    rest=AMOUNTS,
    left=within(1, 2**110),
)
def test_shares_are_as_specified(module, total, others, capacity, rest, left):
    arguments = (total, capacity, capacity + others, rest)
    expected = attempt(lambda: backstop.compute_allocation(*arguments))
    assert is_same_or_refused(module, "compute_allocation", arguments, expected)
    portion = backstop.compute_portion(rest, left)
    assert module("compute_portion", rest, left) == portion


@given(capacities=st.lists(within(1, 10**24), min_size=1, max_size=8), total=AMOUNTS)
def test_capacities_that_reach_take_all(module, capacities, total):
    reach = sum(capacities)
    total = min(total, reach)
    rest = total
    for capacity in capacities:
        rest -= module("compute_allocation", total, capacity, reach, rest)
    assert rest == 0
