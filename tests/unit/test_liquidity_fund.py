"""Liquidity fund: losses are paid in full, gains as far as the fund reaches."""

import pytest
from hypothesis import given

from specs.liquidity_fund import (
    Fund,
    compute_payment,
    compute_rest,
    compute_surplus,
    pay,
)
from tests.helpers import harness as harnesses
from tests.helpers.numbers import WORD, is_same_or_refused, within

SIGNED = within(-(2**127), 2**127 - 1)
CAPS = within(0, 2**128 - 1)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("LiquidityFundHarness")


@pytest.mark.parametrize(
    ("balance", "cap", "gain", "paid"),
    [
        (0, 0, 0, 0),
        (0, 0, 1, 0),
        (0, 0, -1, -1),
        (-5, 5, 3, 0),
        (-5, 5, -3, -3),
        (-9, 5, 3, 0),
        (-4, 5, 3, 1),
        (10, 5, 15, 15),
        (10, 5, 16, 15),
        (10, 5, 14, 14),
    ],
)
def test_payment(module, balance, cap, gain, paid):
    fund = Fund(balance, cap)
    assert compute_payment(fund, gain) == paid
    assert pay(fund, gain) == (Fund(balance - paid, cap), paid)
    assert module("compute_payment", balance, cap, gain) == paid


@pytest.mark.parametrize(("balance", "surplus"), [(-1, 0), (0, 0), (1, 1), (77, 77)])
def test_surplus(module, balance, surplus):
    assert compute_surplus(balance) == surplus
    assert module("compute_surplus", balance) == surplus


@given(balance=SIGNED, cap=CAPS, gain=SIGNED)
def test_payment_is_as_specified(module, balance, cap, gain):
    expected = compute_payment(Fund(balance, cap), gain)
    assert module("compute_payment", balance, cap, gain) == expected


@given(balance=SIGNED, cap=CAPS, gain=SIGNED)
def test_a_payment_leaves_a_fund_within_its_cap(module, balance, cap, gain):
    paid = module("compute_payment", balance, cap, gain)
    assert paid <= gain
    assert balance - paid >= min(balance, -cap)


@given(balance=within(-(2**255), 2**255 - 1))
def test_surplus_is_as_specified(module, balance):
    assert module("compute_surplus", balance) == compute_surplus(balance)


@given(
    balance=within(-(2**111), 2**111 - 1),
    winners=within(0, 2**128 - 1),
    losers=within(0, 2**128 - 1),
)
def test_the_rest_is_the_surplus_over_the_gains(module, balance, winners, losers):
    beyond = balance + (losers - winners)
    assert module("compute_surplus", beyond) == compute_rest(balance, winners, losers)


@given(
    balance=within(-(2**255), 2**255 - 1),
    cap=within(0, WORD),
    gain=within(-(2**255), 2**255 - 1),
)
def test_payment_is_never_wrong(module, balance, cap, gain):
    expected = compute_payment(Fund(balance, cap), gain)
    arguments = (balance, cap, gain)
    assert is_same_or_refused(module, "compute_payment", arguments, expected)
