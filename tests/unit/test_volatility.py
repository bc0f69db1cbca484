"""Volatility: a mean of squared returns that no single print rules for long."""

from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from math import sqrt
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from specs import price_oracle, price_views
from specs.decay import compute_decay_down
from specs.fixed_point import WAD
from specs.price_index import MAX_PRICE, UNIT
from specs.volatility import (
    MAX_RETURN,
    MAX_VARIANCE,
    PERIOD,
    compute_return_up,
    compute_variance_up,
)
from tests.helpers.harness import deploy
from tests.helpers.numbers import WORD, is_same_or_refused, within
from tests.helpers.reports import GOVERNOR, PUBLISHERS, report

GREATEST = MAX_PRICE // UNIT
FOREVER = 42 * PERIOD

prices = within(1, GREATEST)
variances = within(0, MAX_VARIANCE)
seconds = st.one_of(st.integers(1, 30), st.integers(1, FOREVER), st.just(10**9))


@st.composite
def moves(draw):
    """Return two prices, mostly near one another."""
    before = draw(prices)
    reach = before // draw(st.sampled_from([10, 19, 20, 21, 1_000, 10**6]))
    near = st.integers(max(1, before - reach), min(GREATEST, before + reach))
    return before, draw(st.one_of(near, near, prices))


@pytest.fixture(scope="module")
def module():
    return deploy("VolatilityHarness")


def weighed(variance, size, elapsed):
    """Return the mean by the decimal module, whose `exp` is correctly rounded."""
    with localcontext() as context:
        context.prec = 60
        kept = (Decimal(-elapsed) / PERIOD).exp()
        mean = variance * kept + Decimal(size) ** 2 / elapsed * 10**18 * (1 - kept)
        return int(mean.to_integral_value(ROUND_CEILING))


def variance_of(oracle, asset):
    """Return what the oracle says of an asset's variance."""
    return oracle.view("feed", asset)[3]


@pytest.mark.parametrize(
    ("variance", "before", "fast", "elapsed", "expected"),
    [
        # All of the old is gone: the sample alone.
        (7, 100, 101, 200_000, 5 * 10**8),
        (7, 100, 99, 200_000, 5 * 10**8),
        (7, 100, 101, 300_000, 333_333_334),
        (7, 100, 100, FOREVER, 0),
        # All of the sample: what is clamped counts as the clamp.
        (0, 100, 105, 250_000, 10**10),
        (0, 100, 106, 250_000, 10**10),
        (0, 1, GREATEST, 250_000, 10**10),
        (0, GREATEST, 1, 250_000, 10**10),
        # Every rounding is up: of the return, of the mean.
        (0, 2 * 10**18, 2 * 10**18 + 1, 1, 1),
        (1, 5, 5, 148_000, 1),
        (1, 5, 5, 1, 1),
        # Nothing to compare with, no time.
        (0, 0, 100, 1_700_000_000, 0),
        (9, 0, 100, 1_700_000_000, 9),
        (9, 100, 200, 0, 9),
        (MAX_VARIANCE, 100, 200, 1, MAX_VARIANCE),
    ],
)
def test_variance(module, variance, before, fast, elapsed, expected):
    arguments = variance, before, fast, elapsed
    assert compute_variance_up(*arguments) == expected
    assert module("follow_up", *arguments) == expected


@pytest.mark.parametrize("elapsed", [1, 2, 10, 60, 3_600, 86_400])
@pytest.mark.parametrize("variance", [0, 8 * 10**9, 10**14])
@pytest.mark.parametrize("percent", [-4, 1])
def test_variance_is_the_true_mean(module, variance, percent, elapsed):
    expected = weighed(variance, Decimal(percent) / 100, elapsed)
    for found in (
        compute_variance_up(variance, 100, 100 + percent, elapsed),
        module("follow_up", variance, 100, 100 + percent, elapsed),
    ):
        # The decay is rounded down to a WAD: more of the sample, less of the old.
        assert abs(found - expected) <= 1


def test_decay_of_contract_and_specification_are_equal_for_this_period():
    pricing = deploy("PricingHarness")
    for elapsed in [*range(120), *range(120, FOREVER + 600, 599), FOREVER - 1, FOREVER]:
        expected = compute_decay_down(elapsed, PERIOD)
        assert pricing("decay_down", elapsed, PERIOD) == expected


@given(variance=variances, move=moves(), elapsed=seconds)
def test_variance_is_as_specified(module, variance, move, elapsed):
    expected = compute_variance_up(variance, *move, elapsed)
    assert module("follow_up", variance, *move, elapsed) == expected


@given(
    variance=within(0, WORD),
    before=within(0, WORD),
    fast=within(0, WORD),
    elapsed=within(0, WORD),
)
def test_variance_is_never_wrong(module, variance, before, fast, elapsed):
    arguments = variance, before, fast, elapsed
    expected = compute_variance_up(*arguments)
    assert is_same_or_refused(module, "follow_up", arguments, expected)


@given(variance=variances, move=moves(), elapsed=seconds)
def test_no_variance_is_above_the_greatest(variance, move, elapsed):
    assert compute_variance_up(variance, *move, elapsed) <= MAX_VARIANCE < 2**64


@given(variance=variances, move=moves(), elapsed=seconds)
def test_one_print_adds_little(variance, move, elapsed):
    most = Fraction(MAX_RETURN**2, WAD * PERIOD)
    assert compute_variance_up(variance, *move, elapsed) <= variance + most + 2


@given(variance=variances, move=moves(), elapsed=seconds)
def test_variance_lies_between_the_old_one_and_the_sample(variance, move, elapsed):
    sample = Fraction(compute_return_up(*move) ** 2, WAD * elapsed)
    found = compute_variance_up(variance, *move, elapsed)
    assert min(variance, sample) <= found < max(variance, sample) + 1


@given(variance=variances, more=variances, first=moves(), fast=prices, elapsed=seconds)
def test_variance_grows_with_the_return_and_with_what_it_was(
    variance, more, first, fast, elapsed
):
    before, near = first
    assume(abs(near - before) <= abs(fast - before))
    less, most = sorted((variance, more))
    assert compute_variance_up(less, before, near, elapsed) <= compute_variance_up(
        most, before, fast, elapsed
    )


@given(variance=variances, price=prices, first=seconds, second=seconds)
def test_calm_in_two_parts_is_calm_in_one(variance, price, first, second):
    halfway = compute_variance_up(variance, price, price, first)
    found = compute_variance_up(halfway, price, price, second)
    assert halfway <= variance
    whole = compute_variance_up(variance, price, price, first + second)
    assert abs(found - whole) <= 2


def test_variance_is_that_of_a_random_walk():
    random, price, variance = Random(7), 10**18, 0
    for _ in range(5_000):
        moved = round(price * (1 + random.gauss(0, 1e-4 * sqrt(10))))
        variance = compute_variance_up(variance, price, moved, 10)
        price = moved
    assert 0.8 < sqrt(variance) / 10**9 / 1e-4 < 1.2


# Of the oracle


def test_first_price_has_no_variance(oracle):
    oracle.quote({1: 60_000})
    assert variance_of(oracle, 1) == 0


def test_return_of_the_fast_price_counts(oracle):
    oracle.quote({1: 60_000})
    oracle.wait(10)
    oracle.quote({1: 60_600})
    assert oracle.view("feed", 1)[1] == 60_600 * WAD
    once = variance_of(oracle, 1)
    assert once == weighed(0, Decimal("0.01"), 10)
    oracle.wait(20)
    oracle.quote({1: 60_600 * 0.98})
    assert variance_of(oracle, 1) == weighed(once, Decimal("0.02"), 20)


def test_slow_price_that_follows_a_spike_adds_nothing(oracle):
    oracle.quote({1: 60_000})
    oracle.wait(1)
    oracle.quote({1: 61_200})
    spike = variance_of(oracle, 1)
    oracle.wait(1)
    oracle.quote({1: 61_200})
    slow, fast = oracle.view("feed", 1)[:2]
    assert slow < fast
    assert variance_of(oracle, 1) == weighed(spike, Decimal(0), 1)


def test_feed_after_spikes_is_as_specified(oracle):
    state = price_oracle.open_oracle(GOVERNOR, 2, PUBLISHERS)
    state, _ = price_oracle.list_asset(state, 0, GOVERNOR, 1, 2_500, 20_000)
    for price in (60_000, 61_200, 61_200, 66_000, 59_000):
        oracle.quote({1: price})
        state = price_oracle.update_asset(state, oracle.now, 1, price * WAD)
        expected = price_views.get_feed(state.assets, state.variances, 1)
        assert oracle.view("feed", 1) == expected
        oracle.wait(1)


def test_each_asset_has_its_own(oracle):
    oracle.quote({1: 60_000, 2: 3_000})
    oracle.wait(10)
    oracle.quote({1: 60_600, 2: 3_000})
    assert (variance_of(oracle, 1) > 0) == (variance_of(oracle, 2) == 0)


def test_time_of_an_asset_runs_while_it_is_not_named(oracle):
    oracle.quote({1: 60_000, 2: 3_000})
    oracle.wait(10)
    reports = [
        report(oracle.now, {1: 60_000, 2: 3_030}),
        report(oracle.now, {1: 60_000}),
    ]
    oracle.publish(reports, PUBLISHERS[:2])
    assert variance_of(oracle, 2) == 0
    oracle.wait(30)
    oracle.quote({2: 3_030})
    assert variance_of(oracle, 2) == weighed(0, Decimal("0.01"), 40)


def test_spike_counts_as_the_clamp(oracle):
    oracle.quote({1: 60_000, 2: 3_000})
    oracle.wait(2)
    oracle.quote({1: 90_000, 2: 3_150})
    assert variance_of(oracle, 1) == variance_of(oracle, 2)
    assert variance_of(oracle, 1) == weighed(0, Decimal("0.05"), 2)
