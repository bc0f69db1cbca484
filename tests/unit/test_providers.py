"""Providers: their order, what they may take over in a minute and in an hour."""

from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.interface import Refused
from keeper.chain.revm import GENESIS
from specs import errors, providers
from specs.packing import pack, unpack
from specs.providers import (
    CAPACITY,
    CAPS,
    HOUR,
    MAX_PROVIDERS,
    MINUTE,
    USAGE,
    Pledge,
    Provider,
)
from tests.helpers import harness as harnesses
from tests.helpers.numbers import within

NOW = 472_222 * HOUR  # a whole hour
AMOUNTS = within(1, 10**30)
ACCOUNTS = st.integers(1, 10)
EQUITIES = within(-(10**30), 10**30)
TIMES = within(NOW, NOW + 3 * HOUR)


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


NOBODY = Provider(Pledge(0, 0, 0, 0))


def get_order(module):
    return [module("provider_at", i) for i in range(module("provider_count"))]


def apply(module, state, step):
    """Take one step on both sides; return the specification's next state."""
    name, account, *arguments = step
    try:
        if name == "use_capacity":
            amount, earned, equity, now = arguments
            left = providers.compute_remaining(state[account], now)
            used = min(amount, left), earned, equity, now
            module.send(name, account, *used)
            return {**state, account: providers.use_capacity(state[account], *used)}
        told = [Pledge(*arguments)] if name == "pledge" else []
        state = getattr(providers, name)(state, account, *told)
    except (errors.Revert, KeyError) as error:
        if not isinstance(error, KeyError):
            with pytest.raises(Refused, match=error.reason):
                module.send(name, account, *arguments)
        return state
    module.send(name, account, *arguments)
    return state


STEPS = st.one_of(
    st.tuples(st.just("pledge"), ACCOUNTS, *4 * [AMOUNTS]),
    st.tuples(st.just("unpledge"), ACCOUNTS),
    st.tuples(st.just("use_capacity"), ACCOUNTS, AMOUNTS, AMOUNTS, EQUITIES, TIMES),
)


@given(
    steps=st.lists(STEPS, max_size=24),
    equity=EQUITIES,
    now=within(NOW, NOW + 4 * HOUR),
)
def test_any_steps_leave_what_is_specified(deployed, steps, equity, now):
    with undone(deployed) as module:
        state = {}
        for step in steps:
            state = apply(module, state, step)
        assert get_order(module) == list(state)
        for account in range(11):
            provider = state.get(account, NOBODY)
            names = "capacity", "caps", "usage"
            values = vars(provider.pledge), vars(provider.pledge), vars(provider)
            words = [
                pack(told, layout)
                for told, layout in zip(values, (CAPACITY, CAPS, USAGE), strict=True)
            ]
            assert [module(name, account) for name in names] == words
            assert module("equity", account) == provider.equity
            assert module("results", account) == tuple(vars(provider.results).values())
            left = providers.compute_remaining(provider, now)
            assert module("compute_remaining", account, now) == left
            has_lost = providers.has_lost(provider, equity, now)
            assert module("has_lost", account, equity, now) is has_lost


def pledge(module, account, per_minute, per_hour, max_position=1, max_loss=1):
    amounts = per_minute, per_hour, max_position, max_loss
    module.send("pledge", account, *amounts)


def use(module, account, amount, now, earned=0, equity=0):
    module.send("use_capacity", account, amount, earned, equity, now)


def fill(module):
    for account in range(1, MAX_PROVIDERS + 1):
        pledge(module, account, account, 10 * account)


def test_no_more_than_the_most_may_pledge(module):
    fill(module)
    with pytest.raises(Refused, match="too many providers"):
        pledge(module, 99, 1, 1)
    pledge(module, 1, 5, 6, 7, 8)
    assert unpack(module("capacity", 1), CAPACITY) == {"per_minute": 5, "per_hour": 6}
    assert unpack(module("caps", 1), CAPS) == {"max_position": 7, "max_loss": 8}
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
    pledge(module, 1, 1, 1)
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
    pledge(module, 1, 100, 1000)
    use(module, 1, 40, NOW)
    assert module("compute_remaining", 1, NOW + later) == left


@pytest.mark.parametrize(
    ("later", "left"), [(0, 10), (MINUTE, 30), (HOUR - 61, 30), (HOUR - 60, 50)]
)
def test_an_hour_of_the_clock_gives_capacity_back(module, later, left):
    pledge(module, 1, 50, 110)
    use(module, 1, 50, NOW - 1)
    use(module, 1, 40, NOW)
    use(module, 1, 40, NOW + MINUTE)
    assert module("compute_remaining", 1, NOW + MINUTE + later) == left


def test_capacity_below_what_was_used_is_nothing(module):
    pledge(module, 1, 50, 70)
    use(module, 1, 40, NOW)
    pledge(module, 1, 39, 70)
    assert module("compute_remaining", 1, NOW) == 0
    pledge(module, 1, 50, 39)
    assert module("compute_remaining", 1, NOW) == 0
    pledge(module, 1, 50, 41)
    assert module("compute_remaining", 1, NOW) == 1


def test_whoever_comes_back_starts_anew(module):
    pledge(module, 1, 50, 70)
    use(module, 1, 40, NOW)
    module.send("unpledge", 1)
    pledge(module, 1, 50, 70)
    assert module("compute_remaining", 1, NOW) == 50
    assert module("results", 1) == (0, 0, 0)
    assert module("has_lost", 1, -1, NOW) is False


def test_what_does_not_fit_is_refused(module):
    most = 2**128 - 1
    for place in range(4):
        amounts = [most + (place == other) for other in range(4)]
        with pytest.raises(Refused, match="amount too large"):
            module.send("pledge", 1, *amounts)
    pledge(module, 1, *4 * [most])
    assert module("remaining", 1) == most
    for amount, earned, now in ((2**112, 0, NOW), (1, 0, 2**32), (1, 2**112, NOW)):
        with pytest.raises(Refused, match="amount too large"):
            use(module, 1, amount, now, earned)
    use(module, 1, 1, NOW, 2**112 - 1)
    with pytest.raises(Refused, match="amount too large"):
        use(module, 1, 1, NOW, 1)


@pytest.mark.parametrize(
    ("equity", "later", "has_lost"),
    [(70, 0, False), (69, 0, True), (69, HOUR - 1, True), (-999, HOUR, False)],
)
def test_who_has_lost_too_much_is_told_until_the_hour_is_over(
    module, equity, later, has_lost
):
    """Whatever it has had since it first took something over in that hour."""
    pledge(module, 1, 100, 1000, max_loss=30)
    assert module("has_lost", 1, -(10**30), NOW) is False
    use(module, 1, 1, NOW, equity=100)
    use(module, 1, 1, NOW + 1, equity=80)
    assert module("has_lost", 1, equity, NOW + later) is has_lost


def test_results_add_up(module):
    pledge(module, 1, 100, 1000)
    use(module, 1, 40, NOW, earned=3)
    use(module, 1, 50, NOW + 2 * HOUR, earned=4)
    pledge(module, 1, 5, 5)
    assert module("results", 1) == (90, 7, 2)


def test_remaining_is_at_the_time_of_the_block(module):
    pledge(module, 1, 100, 100)
    use(module, 1, 40, GENESIS)
    assert module("remaining", 1) == 60
