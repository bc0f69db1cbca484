"""After an outage prices wait until updates have gone on for a while."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.decay import compute_decay_down
from specs.fixed_point import WAD
from specs.outage import GRACE, MAX_GAP, get_run, is_counting
from tests.helpers.reports import (
    PUBLISHERS,
    UNITS,
    Oracle,
    list_all,
    open_oracle,
    report,
)

PRICES = {1: 60_000, 2: 3_000}
MOVED = {1: 61_000, 2: 3_100}

pauses = st.lists(
    st.one_of(st.integers(1, 90), st.sampled_from([29, 30, 31, 59, 60, 61])),
    max_size=8,
)


@pytest.fixture
def oracle():
    """An oracle of which two assets have a price."""
    return open_oracle(PRICES)


def answers(oracle):
    """Return all that is said of the first asset, its market, and their bands."""
    return [
        oracle.view(*call)
        for call in (("feed", 1), ("mark", 0), ("band", 0), ("spot_band", 1))
    ]


def resume(oracle, *waits, prices=MOVED):
    """Publish after each of the pauses; return whether the last update counts."""
    for seconds in waits:
        oracle.wait(seconds)
        oracle.quote(prices)
    return oracle.view("feed", 1)[2] == oracle.now


@given(waits=pauses)
def test_updates_of_contract_and_specification_count_alike(waits):
    oracle = Oracle()
    list_all(oracle)
    times = []
    for seconds in (1, *waits):
        oracle.wait(seconds)
        oracle.quote(PRICES)
        times.append(oracle.now)
        assert (oracle.view("feed", 1)[2] == oracle.now) == is_counting(times)


@given(waits=pauses)
def test_run_is_what_is_left_after_the_last_gap(waits):
    times = [1_000]
    for seconds in waits:
        times.append(times[-1] + seconds)
    run = get_run(times)
    assert times[-len(run) :] == run
    assert all(after - before <= MAX_GAP for before, after in pairwise(run))
    assert run[0] == times[0] or run[0] - times[-len(run) - 1] > MAX_GAP


@pytest.mark.parametrize(
    ("waits", "is_over"),
    [
        ((MAX_GAP,), True),
        ((MAX_GAP + 1,), False),
        ((10_000,), False),
        ((61, GRACE - 1), False),
        ((61, GRACE), True),
        ((61, MAX_GAP), True),
        ((61, 10, 10, 10), True),
        ((61, 10, 10, 9), False),
        # Another gap begins it all anew.
        ((61, MAX_GAP + 1), False),
        ((61, 20, MAX_GAP + 1, 20), False),
        ((61, 20, MAX_GAP + 1, GRACE), True),
        # What is over is over.
        ((61, GRACE, 1), True),
        ((61, GRACE, MAX_GAP), True),
        ((61, GRACE, MAX_GAP + 1), False),
        ((61, GRACE, MAX_GAP + 1, 5), False),
    ],
)
def test_prices_wait_until_updates_have_gone_on_for_half_a_minute(
    oracle, waits, is_over
):
    assert resume(oracle, *waits) == is_over


def test_all_that_is_said_is_of_before_the_outage_until_then(oracle):
    oracle.observe(0, 60_100 * WAD, 10)
    oracle.wait(20)
    oracle.quote(PRICES)
    before = answers(oracle)
    assert before[1][0] > before[0][0]
    oracle.wait(100)
    for _ in range(3):
        assert not resume(oracle, 10)
        assert answers(oracle) == before
    assert resume(oracle, 10)
    after = answers(oracle)
    assert all(new != old for old, new in zip(before, after, strict=True))
    (slow, fast, *_), (mark, premium, _) = after[:2]
    assert slow == fast == 61_000 * WAD
    assert premium == (mark - slow) * WAD // slow


def test_first_price_needs_no_grace():
    oracle = Oracle()
    list_all(oracle)
    oracle.wait(10_000)
    oracle.quote(PRICES)
    assert oracle.view("feed", 1)[2] == oracle.now


def test_outage_is_an_assets_own(oracle):
    oracle.wait(50)
    oracle.quote({1: 60_000})
    oracle.wait(50)
    oracle.quote(MOVED)
    assert oracle.view("feed", 1)[2] == oracle.now
    assert oracle.view("feed", 2)[2] == oracle.now - 100


def test_report_that_too_few_agree_on_is_no_update(oracle):
    oracle.wait(50)
    for prices in ({1: 60_000, 2: 3_000}, {2: 3_000}):
        pair = [report(oracle.now, prices), report(oracle.now, {2: 3_000})]
        oracle.publish(pair, PUBLISHERS[:2])
        oracle.wait(20)
    oracle.quote(PRICES)
    assert oracle.view("feed", 1)[2] == oracle.now - 90
    assert oracle.view("feed", 2)[2] == oracle.now


@pytest.mark.parametrize("last", [1, 10, MAX_GAP])
def test_slow_price_steps_for_the_time_since_the_last_update_only(oracle, last):
    run = (GRACE - last, last) if last < GRACE else (last,)
    assert resume(oracle, 100_000, *run, prices={1: 90_000})
    slow, fast, *_ = oracle.view("feed", 1)
    assert fast == 90_000 * WAD
    assert slow == 60_000 * WAD + 150 * WAD * last


def test_premium_after_an_outage_is_what_is_left_of_it(oracle):
    for _ in range(5):
        oracle.observe(0, 60_100 * WAD)
        oracle.wait(MAX_GAP)
        oracle.quote(PRICES)
    mark = oracle.view("mark", 0)[0]
    oracle.observe(0, 0)
    assert resume(oracle, 570, GRACE)
    left = (mark - 60_000 * WAD) * compute_decay_down(600, 300) // WAD
    assert left > 5 * WAD
    assert oracle.view("mark", 0)[0] - 61_000 * WAD == pytest.approx(left, abs=UNITS)


def test_wait_can_be_seen(oracle):
    assert oracle.view("asset_of", 1)[3:5] == (0, 0)
    resume(oracle, 70, 5)
    assert oracle.view("asset_of", 1)[3:5] == (oracle.now - 5, oracle.now)
    resume(oracle, GRACE)
    assert oracle.view("asset_of", 1)[3:5] == (0, 0)


def test_updates_that_go_on_store_nothing_of_an_outage(oracle):
    oracle.wait(10)
    calm = oracle.quote({1: 60_000}).gas_used
    resume(oracle, 70, GRACE, prices={1: 60_000})
    oracle.wait(10)
    assert oracle.quote({1: 60_000}).gas_used == calm
