"""The order book: what rests, what is met and in which order, who goes and why."""

from dataclasses import replace

import pytest

from specs import errors
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.listings import Kind, Listing, SelfTrade
from tests.helpers.books import (
    COIN,
    GOVERNOR,
    LISTINGS,
    MAKER,
    OPERATOR,
    OTHER,
    PERP,
    PRICE,
    SMALL,
    STRANGER,
    TAKER,
    THIRD,
    TICK,
    UNLISTED,
    Twin,
    stand_in,
)


@pytest.fixture(scope="module", autouse=True)
def _surroundings():
    made, asked = stand_in()
    with made, asked:
        yield


@pytest.fixture
def twin():
    return Twin()


def test_an_order_rests(twin):
    order = twin.rest(MAKER)
    assert order == 1 << 40 | 1
    assert twin.view("top", PERP) == (PRICE, 0, 0)


def test_a_taker_fills(twin):
    twin.rest(MAKER, lots=12)
    assert twin.sell(TAKER, lots=7) == (0, 7, "")
