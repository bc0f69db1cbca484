"""Providers: their order, what they may take over in a minute and in an hour."""

from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.interface import Refused
from keeper.chain.revm import GENESIS
from specs import errors, providers
from specs.packing import pack, unpack
from specs.providers import CAPACITY, HOUR, MAX_PROVIDERS, MINUTE, USAGE, Provider
from tests.helpers import harness as harnesses
from tests.helpers.numbers import within

NOW = 472_222 * HOUR  # a whole hour
AMOUNTS = within(1, 10**30)
ACCOUNTS = st.integers(1, 10)


@pytest.fixture(scope="module")
def deployed():
    return harnesses.deploy("ProvidersHarness")


@contextmanager
def undone(module):
    """Give the module, and undo what was done to it."""
    before = module.chain.snapshot()
    try:
        yield module
    finally:
        module.chain.revert(before)


@pytest.fixture
def module(deployed):
    with undone(deployed):
        yield deployed


def get_order(module):
    return [module("provider_at", i) for i in range(module("provider_count"))]


def apply(module, state, step):
    """Take one step on both sides; return the specification's next state."""
    name, account, *arguments = step
    try:
        if name == "use_capacity":
            amount, now = arguments
            left = providers.compute_remaining(state[account], now)
            amount = min(amount, left)
            used = providers.use_capacity(state[account], amount, now)
            module.send(name, account, amount, now)
            return {**state, account: used}
        state = getattr(providers, name)(state, account, *arguments)
    except (errors.Revert, KeyError) as error:
        if not isinstance(error, KeyError):
            with pytest.raises(Refused, match=error.reason):
                module.send(name, account, *arguments)
        return state
    module.send(name, account, *arguments)
    return state


STEPS = st.one_of(
    st.tuples(st.just("pledge"), ACCOUNTS, AMOUNTS, AMOUNTS),
    st.tuples(st.just("unpledge"), ACCOUNTS),
    st.tuples(st.just("use_capacity"), ACCOUNTS, AMOUNTS, within(NOW, NOW + 3 * HOUR)),
)


@given(steps=st.lists(STEPS, max_size=24), now=within(NOW, NOW + 4 * HOUR))
def test_any_steps_leave_what_is_specified(deployed, steps, now):
    with undone(deployed) as module:
        state = {}
        for step in steps:
            state = apply(module, state, step)
        assert get_order(module) == list(state)
        for account in range(11):
            provider = state.get(account)
            words = module("capacity", account), module("usage", account)
            values = vars(provider or Provider(0, 0))
            assert words == (pack(values, CAPACITY), pack(values, USAGE))
            left = providers.compute_remaining(provider, now) if provider else 0
            assert module("compute_remaining", account, now) == left


def fill(module):
    for account in range(1, MAX_PROVIDERS + 1):
        module.send("pledge", account, account, 10 * account)


def test_no_more_than_the_most_may_pledge(module):
    fill(module)
    with pytest.raises(Refused, match="too many providers"):
        module.send("pledge", 99, 1, 1)
    module.send("pledge", 1, 5, 6)
    assert unpack(module("capacity", 1), CAPACITY) == {"per_minute": 5, "per_hour": 6}
    assert get_order(module) == list(range(1, MAX_PROVIDERS + 1))


@pytest.mark.parametrize("account", [1, 4, 8])
def test_the_last_moves_to_the_place_of_one_that_leaves(module, account):
    fill(module)
    module.send("unpledge", account)
    expected = [8 if other == account else other for other in range(1, 8)]
    assert get_order(module) == expected
    assert module("remaining", account) == 0
    with pytest.raises(Refused, match="not pledged"):
        module.send("unpledge", account)


def test_there_is_nothing_beyond_the_list(module):
    module.send("pledge", 1, 1, 1)
    assert module.reason("provider_at", 0) is None
    assert module.reason("provider_at", 1) is not None


@pytest.mark.parametrize(
    ("later", "left"),
    [
        (0, 60),
        (MINUTE - 1, 60),
        (MINUTE, 100),
        (HOUR - 1, 100),
        (HOUR, 100),
    ],
)
def test_a_minute_of_the_clock_gives_capacity_back(module, later, left):
    module.send("pledge", 1, 100, 1000)
    module.send("use_capacity", 1, 40, NOW)
    assert module("compute_remaining", 1, NOW + later) == left


@pytest.mark.parametrize(
    ("later", "left"), [(0, 10), (MINUTE, 30), (HOUR - 61, 30), (HOUR - 60, 50)]
)
def test_an_hour_of_the_clock_gives_capacity_back(module, later, left):
    module.send("pledge", 1, 50, 110)
    module.send("use_capacity", 1, 50, NOW - 1)
    module.send("use_capacity", 1, 40, NOW)
    module.send("use_capacity", 1, 40, NOW + MINUTE)
    assert module("compute_remaining", 1, NOW + MINUTE + later) == left


def test_capacity_below_what_was_used_is_nothing(module):
    module.send("pledge", 1, 50, 70)
    module.send("use_capacity", 1, 40, NOW)
    module.send("pledge", 1, 39, 70)
    assert module("compute_remaining", 1, NOW) == 0
    module.send("pledge", 1, 50, 39)
    assert module("compute_remaining", 1, NOW) == 0
    module.send("pledge", 1, 50, 41)
    assert module("compute_remaining", 1, NOW) == 1


def test_whoever_comes_back_starts_anew(module):
    module.send("pledge", 1, 50, 70)
    module.send("use_capacity", 1, 40, NOW)
    module.send("unpledge", 1)
    module.send("pledge", 1, 50, 70)
    assert module("compute_remaining", 1, NOW) == 50


def test_what_does_not_fit_is_refused(module):
    for capacities in ((2**128, 1), (1, 2**128)):
        with pytest.raises(Refused, match="amount too large"):
            module.send("pledge", 1, *capacities)
    module.send("pledge", 1, 2**128 - 1, 2**128 - 1)
    assert module("remaining", 1) == 2**128 - 1
    for amount, now in ((2**112, NOW), (1, 2**32)):
        with pytest.raises(Refused, match="amount too large"):
            module.send("use_capacity", 1, amount, now)


def test_remaining_is_at_the_time_of_the_block(module):
    module.send("pledge", 1, 100, 100)
    module.send("use_capacity", 1, 40, GENESIS)
    assert module("remaining", 1) == 60
