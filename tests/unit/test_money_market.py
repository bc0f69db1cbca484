"""Money market: interest, credits, debits and write-offs of any pool, as specified."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import money_market as spec
from specs import state
from specs.accounts import Settings
from specs.errors import Revert
from specs.fixed_point import RAY
from specs.interest_rate import MAX_RATE
from specs.money_market import EMPTY, MAX_INDEX, MIN_INDEX, NONE, Balance, Virtuals
from tests.helpers.pools import (
    CURVE,
    NOW,
    Case,
    Module,
    any_amount,
    any_case,
    from_state,
    to_state,
    to_words,
)

CASES = 250
"""In each of Hypothesis' examples."""

SEEDS = st.integers(0, 2**32)
USDC, OTHER = 0, 1


@pytest.fixture(scope="module")
def module():
    return Module()


def any_virtuals(r, pool):
    """
    Return the sum of all funds, and what earns and owes besides lends and debts.

    What is owed is owed to somebody: to lenders, to winners or to the funds' rest.
    """
    total = r.choice([0, any_amount(r), -any_amount(r)])
    winners, losers, rest = (r.choice([0, any_amount(r)]) for _ in range(3))
    owed = spec.get_borrowed(pool) + losers
    lent = pool.lends * pool.lend_index // RAY
    rest += max(0, owed - lent - winners)
    return total, Virtuals(max(0, total), winners, losers, rest)


def outcome(case, function, *arguments):
    """Return the words after a transition of the specification, or its refusal."""
    try:
        return to_words(from_state(function(*arguments), case))
    except Revert as refused:
        return refused.reason


def fresh_pool(lends=0, borrows=0, cash=0, reserve=0, **changes):
    """Return a pool at indices of 1 whose curve asks for interest."""
    pool = spec.open_pool(CURVE, NOW)
    totals = {"lends": lends, "borrows": borrows, "cash": cash, "reserve": reserve}
    return replace(pool, **totals | changes)


# Accrual


@given(seed=SEEDS)
def test_interest_is_as_specified(module, seed):
    r = Random(seed)
    for _ in range(CASES):
        case = any_case(r, r.choice([USDC, USDC, OTHER]))
        total, virtuals = any_virtuals(r, case.pool)
        module.arrange(total, virtuals)
        known = virtuals if case.asset == USDC else NONE
        accrued = spec.accrue(case.pool, known, NOW)
        assert module("accrue", case) == to_words(replace(case, pool=accrued))
        assert module("get_borrow_index", case) == accrued.borrow_index
        utilisation = spec.get_utilisation(case.pool, known.surplus)
        assert module("get_utilisation", case) == utilisation


@given(seed=SEEDS)
def test_a_borrow_index_never_falls(seed):
    r = Random(seed)
    for _ in range(CASES):
        pool = any_case(r, USDC).pool
        surplus = any_virtuals(r, pool)[1].surplus
        now = r.choice([pool.accrued_at, pool.accrued_at + 1, NOW])
        index = spec.compute_borrow_index(pool, surplus, now)
        assert pool.borrow_index <= index <= MAX_INDEX
        later = spec.compute_borrow_index(pool, surplus, now + r.randrange(10**8))
        # What would pass the highest index stays where it was booked last.
        assert later >= index or later == pool.borrow_index


@given(seed=SEEDS)
def test_nobody_is_paid_more_than_is_owed(seed):
    r = Random(seed)
    for _ in range(CASES):
        pool = any_case(r, USDC).pool
        _, virtuals = any_virtuals(r, pool)
        after = spec.accrue(pool, virtuals, NOW)
        owed = after.borrows * after.borrow_index - pool.borrows * pool.borrow_index
        paid = after.lends * after.lend_index - pool.lends * pool.lend_index
        assert paid <= owed


@pytest.mark.parametrize("asset", [USDC, OTHER])
def test_only_usdc_has_virtuals(module, asset):
    pool = fresh_pool(10**24, 10**23, 9 * 10**23, accrued_at=NOW - 10**6)
    virtuals = Virtuals(10**24, 10**24, 10**24, 10**24)
    plain = spec.accrue(pool, NONE, NOW)
    found = []
    for total, each in ((0, NONE), (10**24, virtuals)):
        module.arrange(total, each)
        found.append(module("accrue", Case(asset, pool)))
    assert found[0] == to_words(Case(asset, plain))
    assert (found[0] == found[1]) == (asset == OTHER)


def test_winners_and_losers_are_in_the_totals(module):
    virtuals = Virtuals(0, 10**24, 10**24, 0)
    module.arrange(0, virtuals)
    pool = fresh_pool(10**24, 0, 10**24, accrued_at=NOW - 10**6)
    after = spec.accrue(pool, virtuals, NOW)
    assert after.borrows > 0
    assert after.lends > pool.lends
    assert module("accrue", Case(USDC, pool)) == to_words(Case(USDC, after))


def test_dust_that_would_pay_more_than_came_in_goes_to_the_reserve(module):
    """Where a lend is worth five times a borrow, one unit exceeds what is kept back."""
    virtuals = Virtuals(0, 1, 0, 0)
    module.arrange(0, virtuals)
    curve = replace(CURVE, reserve_share=0)
    pool = fresh_pool(3, 38, lend_index=5 * RAY, curve=curve)
    pool = replace(pool, accrued_at=NOW - 365 * 86_400)
    after = spec.accrue(pool, virtuals, NOW)
    assert after.borrow_index > pool.borrow_index
    assert after.lend_index == pool.lend_index
    assert after.lends - pool.lends == after.reserve - pool.reserve == 2
    assert module("accrue", Case(USDC, pool)) == to_words(Case(USDC, after))


def test_what_is_booked_outside_of_an_action_is_logged(module):
    module.arrange(0, NONE)
    pool = fresh_pool(10**24, 10**23, 9 * 10**23, accrued_at=NOW - 60)
    for accrued_at, count in ((NOW - 60, 1), (NOW, 0)):
        case = Case(USDC, replace(pool, accrued_at=accrued_at))
        after = spec.accrue(case.pool, NONE, NOW)
        harness = module.harness
        before = harness.chain.snapshot()
        receipt = harness.chain.send(
            "0x" + "11" * 20, harness.contract, "accrue", USDC, to_words(case)
        )
        harness.chain.revert(before)
        expected = {
            "asset": USDC,
            "lend_index": after.lend_index,
            "borrow_index": after.borrow_index,
            "time": NOW,
        }
        logged = [(event.name, dict(event.arguments)) for event in receipt.events]
        assert logged == [("Accrued", expected)] * count


def test_an_accrual_at_the_bounds_of_all_fields_works(module):
    virtuals = Virtuals(2**127 - 1, 2**120, 2**120, 2**120)
    module.arrange(2**127 - 1, virtuals)
    steep = replace(CURVE, base=MAX_RATE // 10**9 * 10**9, slope_low=0, slope_high=0)
    for index in (RAY, MAX_INDEX // 12, MAX_INDEX // 2, MAX_INDEX):
        pool = fresh_pool(
            2**120, 2**120, 0, lend_index=index, borrow_index=index, curve=steep
        )
        case = Case(USDC, replace(pool, accrued_at=0))
        after = spec.accrue(case.pool, virtuals, NOW)
        assert after.borrow_index <= MAX_INDEX
        assert module("accrue", case) == to_words(replace(case, pool=after))


# Credits and debits


def transitions(case, amount):
    """Yield each method with what the specification makes of it."""
    given_state = to_state(case)
    for method in ("credit", "pay_debt", "debit"):
        function = getattr(state, method)
        arguments = given_state, spec_account(), case.asset, amount
        yield method, outcome(case, function, *arguments)
    if amount > 0:
        for method in ("lend_idle", "unlend"):
            yield method, outcome(case, move, method, given_state, case, amount)
    reserved = replace(case, pool=spec.credit_reserve(case.pool, amount))
    yield "credit_reserve", to_words(reserved)


def spec_account():
    """Return the account that every case is about."""
    (account,) = to_state(Case(USDC, fresh_pool())).accounts
    return account


def move(method, before, case, amount):
    """Return the state after a function of pool and balance."""
    entry = getattr(spec, method)(case.pool, case.balance, amount)
    return state.with_entry(before, spec_account(), case.asset, entry)


@given(seed=SEEDS)
def test_what_moves_a_balance_is_as_specified(module, seed):
    r = Random(seed)
    for _ in range(CASES // 5):
        case = any_case(r, r.choice([USDC, OTHER]))
        lent = spec.compute_lent(case.balance, case.pool.lend_index)
        debt = spec.compute_debt(case.balance, case.pool.borrow_index)
        edge = r.choice([lent, debt, case.balance.idle, case.pool.cash])
        amount = r.choice([any_amount(r), max(0, edge + r.randrange(-1, 2))])
        for method, expected in transitions(case, amount):
            assert module(method, case, amount) == expected, method


@pytest.mark.parametrize(
    ("asset", "settings", "scaled", "cash", "credited"),
    [
        (USDC, Settings(), 0, 50, Balance(10, 0)),
        (USDC, Settings(), -4, 50, Balance(6, 0)),
        (USDC, Settings(auto_lend=False), 0, 50, Balance(0, 10)),
        (USDC, Settings(auto_lend=False), -4, 50, Balance(0, 6)),
        (USDC, Settings(auto_lend=False), -4, 5, Balance(1, 5)),
        (USDC, Settings(auto_lend=False), 3, 0, Balance(13, 0)),
        (USDC, Settings(auto_repay=False), -4, 50, Balance(-4, 10)),
        (USDC, Settings(auto_repay=False), -4, 7, Balance(-1, 7)),
        (USDC, Settings(auto_repay=False), -4, 0, Balance(6, 0)),
        (USDC, Settings(auto_repay=False), 4, 50, Balance(14, 0)),
        (USDC, Settings(False, False), -4, 50, Balance(-4, 10)),
        (OTHER, Settings(auto_repay=False), -4, 50, Balance(6, 0)),
        (OTHER, Settings(auto_lend=False), -4, 50, Balance(0, 6)),
    ],
)
def test_a_credit_follows_the_settings(module, asset, settings, scaled, cash, credited):
    pool = fresh_pool(100, 100, cash)
    case = Case(asset, pool, Balance(scaled), settings)
    after = state.credit(to_state(case), spec_account(), asset, 10)
    assert after.accounts[spec_account()].balances[asset] == credited
    found = module("credit", case, 10)
    assert found == to_words(from_state(after, case))
    paid = replace(from_state(after, case), balance=Balance(scaled + 10))
    totals = spec.credit(pool, case.balance, 10)[0]
    assert module("pay_debt", case, 10) == to_words(replace(paid, pool=totals))


def test_a_total_of_borrows_runs_out_before_the_last_debt(module):
    pool = fresh_pool(100, 3, 50)
    for scaled, amount in ((-10, 5), (-10, 10), (-10, 20)):
        case = Case(USDC, pool, Balance(scaled))
        after = state.credit(to_state(case), spec_account(), USDC, amount)
        assert after.assets[USDC].pool.borrows == 0
        assert module("credit", case, amount) == to_words(from_state(after, case))


def test_an_idle_dust_that_buys_no_unit_leaves_no_entry(module):
    pool = fresh_pool(100, 0, 50, lend_index=3 * RAY, borrow_index=3 * RAY, idle=2)
    case = Case(OTHER, pool, Balance(0, 2))
    found = module("lend_idle", case, 2)
    cleared = replace(pool, cash=52, idle=0)
    assert found == to_words(replace(case, pool=cleared, balance=EMPTY))


# Bad debt


@given(seed=SEEDS)
def test_a_write_off_is_as_specified(module, seed):
    r = Random(seed)
    for _ in range(CASES):
        case = owing(r)
        winners = r.choice([0, any_amount(r), 10**6 * abs(case.pool.lends)])
        after = write_off(module, case, winners)
        check_solvency(case.pool, after, case.balance)


@given(seed=SEEDS)
def test_what_stays_of_a_debt_is_as_specified(module, seed):
    """From nothing to more than all of it."""
    r = Random(seed)
    for _ in range(CASES):
        case = owing(r)
        debt = spec.compute_debt(case.balance, case.pool.borrow_index)
        staying = r.choice([1, debt, debt + 1, debt * r.randrange(101) // 100])
        write_off(module, case, r.choice([0, any_amount(r)]), staying)


def owing(r):
    """Return a case with a debt in proportion to the pool."""
    case = any_case(r, USDC)
    pool = case.pool
    worth = max(0, pool.lends) * pool.lend_index // pool.borrow_index
    scaled = max(1, r.choice([any_amount(r), worth // r.randrange(1, 30)]))
    return replace(case, balance=replace(case.balance, scaled=-scaled))


def write_off(module, case, winners, staying=0):
    """Write a debt off on both sides; return the pool after."""
    module.arrange(0, replace(NONE, winners=winners))
    pool, balance, paid = spec.write_off(case.pool, case.balance, winners, staying)
    found = module.harness("write_off", to_words(case), staying)
    expected = to_words(replace(case, pool=pool, balance=balance))
    assert found == (expected, paid.reserve_paid, paid.socialised)
    return pool


def check_solvency(before, after, balance):
    """Expect lenders to have lost at least what is owed no more, unless it halted."""
    if after.is_halted and not before.is_halted:
        assert after == replace(before, is_halted=True)
        return
    if after.is_halted:
        return
    debt = spec.compute_debt(balance, before.borrow_index) * RAY
    fallen = before.lends * before.lend_index - after.lends * after.lend_index
    assert fallen >= debt - RAY


@pytest.mark.parametrize(
    ("lends", "reserve", "winners", "debt", "is_halted", "reserve_paid", "fallen"),
    [
        (1_000, 100, 0, 100, False, 100, False),
        (1_000, 100, 0, 101, False, 100, True),
        (1_000, 100, 0, 550, False, 100, True),
        (1_000, 100, 0, 551, True, 0, False),
        (1_000, 100, 100, 551, False, 100, True),
        (1_000, 0, 10**6, 900, False, 0, True),
        (1_000, 0, 10**6, 1_000, False, 0, True),
        (-1_000, 0, 1_000, 1, True, 0, False),
        (-1_000, 0, 10**6, 1_000, False, 0, True),
        (0, 0, 10**6, 500_000, False, 0, True),
        (0, 0, 10**6, 500_001, True, 0, False),
    ],
)
def test_who_pays_a_debt(
    module, lends, reserve, winners, debt, is_halted, reserve_paid, fallen
):
    pool = fresh_pool(lends, debt, 0, reserve)
    case = Case(USDC, replace(pool, idle=7), Balance(-debt, 7))
    after = write_off(module, case, winners)
    assert after.is_halted is is_halted
    assert after.reserve == pool.reserve - reserve_paid
    assert (after.lend_index < RAY) is fallen
    assert after.borrows == (debt if is_halted else 0)
    assert (after.lends < lends - reserve_paid) is (fallen and winners > 0)


@pytest.mark.parametrize(("scaled", "is_halted"), [(-99, False), (-100, True)])
def test_no_bad_debt_takes_the_lend_index_below_its_least(module, scaled, is_halted):
    index = MIN_INDEX + RAY // 100
    pool = fresh_pool(10**4, 10**4, lend_index=index, borrow_index=RAY)
    case = Case(USDC, pool, Balance(scaled - 1))
    assert write_off(module, case, 0).is_halted is is_halted


def test_a_debt_that_the_reserve_pays_asks_nobody_else(module):
    pool = fresh_pool(100, 100, 0, 100, lend_index=MIN_INDEX)
    after = write_off(module, Case(USDC, pool, Balance(-12)), 10**6)
    assert not after.is_halted
    assert after.lend_index == MIN_INDEX
