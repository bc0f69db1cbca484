"""Pool limits: caps, pause, throttle and outflow window on a pool's words."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import guards
from specs import money_market as mm
from specs import pool_limits as spec
from specs.fixed_point import BPS, RAY, WAD
from specs.guards import OPEN
from specs.money_market import NONE
from tests.helpers.harness import outcome
from tests.helpers.pools import (
    NOW,
    Module,
    any_amount,
    any_case,
    from_state,
    to_state,
    to_words,
)

CASES = 50
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def module():
    made = Module()
    made.arrange(0, NONE)
    return made


def limited_case(r):
    """Return a case whose pool has caps and guards near to what it holds."""
    case = any_case(r, r.choice([0, 1]))
    pool = case.pool
    held = pool.cash + pool.idle
    threshold, highest = sorted(r.randrange(BPS + 1) for _ in range(2))
    limits = replace(
        OPEN,
        average=min(guards.MAX_AVERAGE, any_amount(r) + held // 2) // 10**9 * 10**9,
        averaged_at=NOW - r.choice([0, 60, 10**6]),
        max_utilisation=highest,
        threshold=threshold,
        throttle_share=r.choice([BPS, r.randrange(BPS)]),
        outflow_share=r.choice([0, r.randrange(BPS)]),
        outflow_floor=r.choice([0, 1, 10**6]) * WAD,
    )
    changed = replace(
        pool,
        supply_cap=cap_near(r, mm.get_lent(pool)),
        borrow_cap=cap_near(r, mm.get_borrowed(pool)),
        guards=limits,
    )
    return replace(case, pool=changed)


def cap_near(r, amount):
    """Return a cap in whole tokens: none, or near an amount."""
    return r.choice([0, amount // WAD + r.randrange(3)]) % 2**40 * WAD


@given(seed=SEEDS)
def test_caps_are_as_specified(module, seed):
    r = Random(seed)
    for _ in range(CASES):
        case = limited_case(r)
        case = replace(case, pool=replace(case.pool, is_paused=False))
        lends = max(0, case.pool.lends + r.choice([-any_amount(r), 0, 1]))
        borrows = max(0, case.pool.borrows + r.choice([-any_amount(r), 0, 1]))
        before = replace(case.pool, lends=lends, borrows=borrows)
        expected = outcome(spec.require_supply_cap, before, case.pool)
        expected = expected or outcome(spec.require_borrow_cap, before, case.pool)
        found = module("require_caps", case, mm.get_supplied(before), borrows)
        assert found == expected
        supplied = mm.get_supplied(case.pool) if case.pool.supply_cap else 0
        assert module("get_supplied", case) == supplied


@given(seed=SEEDS)
def test_what_comes_in_is_noted_as_specified(module, seed):
    r = Random(seed)
    for _ in range(CASES):
        case = limited_case(r)
        amount = any_amount(r)
        noted = spec.note_inflow(to_state(case), NOW, case.asset, amount)
        expected = to_words(from_state(noted, case))
        assert module("note_inflow", case, amount) == expected


@given(seed=SEEDS)
def test_cash_is_throttled_as_specified(module, seed):
    r = Random(seed)
    for _ in range(CASES):
        case = limited_case(r)
        # Of all lends, so much is cash: utilisation at a glance.
        pools = [
            replace(case.pool, lends=WAD, lend_index=RAY, cash=r.randrange(WAD + 1))
            for _ in range(2)
        ]
        used = [WAD - pool.cash for pool in pools]
        expected = outcome(
            spec.check_utilisation, to_state(case), NOW, case.asset, *pools
        )
        if not isinstance(expected, str):
            expected = to_words(from_state(expected, case))
        assert module("check_utilisation", case, *used) == expected


@given(seed=SEEDS)
def test_outflow_is_limited_as_specified(module, seed):
    r = Random(seed)
    for _ in range(CASES):
        case = limited_case(r)
        amount = any_amount(r)
        before = replace(case.pool, cash=case.pool.cash + amount)
        expected = outcome(spec.check_outflow, to_state(case), NOW, case.asset, before)
        if not isinstance(expected, str):
            expected = to_words(from_state(expected, case))
        assert module("check_outflow", case, amount) == expected


@pytest.mark.parametrize("is_paused", [False, True])
def test_no_debt_grows_in_a_paused_pool(module, is_paused):
    case = any_case(Random(0), 0)
    pool = replace(case.pool, is_paused=is_paused, guards=OPEN)
    case = replace(case, pool=pool)
    found = module("require_caps", case, 0, pool.borrows)
    assert found == ("paused" if is_paused else None)
