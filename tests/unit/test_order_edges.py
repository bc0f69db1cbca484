"""Sizes of orders that are cleared, at the edge of what a fill may be worth."""

import pytest

from specs.fixed_point import WAD
from specs.makers import MAX_AMOUNT, Making
from tests.helpers.orders import OrderStage, clear, spot
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import ETH, bear, lender


@pytest.fixture(scope="module")
def deployed():
    return OrderStage()


@pytest.fixture
def stage(deployed):
    with deployed.at(AT_WORK):
        yield deployed


def test_a_cost_is_rounded_up_before_it_is_too_large(stage):
    price = WAD + 1
    size = (MAX_AMOUNT * WAD + WAD - 1) // price
    assert size * price // WAD == MAX_AMOUNT
    assert size * price % WAD
    making = Making(bear, size, price)
    assert stage.refuse(clear(spot(ETH), lender, True, making)) == "amount too large"


def test_the_largest_size_is_not_too_large(stage):
    filled, _ = stage.clear(spot(ETH), lender, True, Making(bear, MAX_AMOUNT, 1))
    assert list(filled) == [0]
    making = Making(bear, MAX_AMOUNT + 1, 1)
    assert stage.refuse(clear(spot(ETH), lender, True, making)) == "amount too large"
