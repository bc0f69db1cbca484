"""Weights of indices: at their ends, and as specified."""

import pytest
from hypothesis import given

from specs.fixed_point import RAY
from specs.money_market import MAX_INDEX
from specs.weights import WEIGHT_ONE, compute_weight
from tests.helpers import harness as harnesses
from tests.helpers.numbers import within


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("MoneyMarketHarness")


@pytest.mark.parametrize(
    ("index", "weight"),
    [
        (RAY, WEIGHT_ONE),
        (RAY + 1, WEIGHT_ONE - 1),
        (RAY - 1, WEIGHT_ONE),
        (2 * RAY, WEIGHT_ONE // 2),
        (MAX_INDEX, 222044604925),
        (1, WEIGHT_ONE * RAY),
    ],
)
def test_weight(module, index, weight):
    assert compute_weight(index) == weight
    assert module("compute_weight", index) == weight
    assert module("get_weight_one") == WEIGHT_ONE


@given(index=within(1, MAX_INDEX))
def test_weight_is_as_specified(module, index):
    assert module("compute_weight", index) == compute_weight(index)
