"""Orders at the Clearinghouse: what they cost, what they bind, what they put off."""

from dataclasses import replace

import pytest

from specs.fixed_point import RAY, WAD, mul_div_down
from tests.helpers.orders import OrderStage, release, reserve
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    health_of,
    held,
    liquidate,
    move,
    pool_of,
    sizes_of,
)
from tests.helpers.worlds import BTC, PRICES, bear, bull, hedger, lender

PRICE = PRICES[BTC]


@pytest.fixture(scope="module")
def with_orders():
    """Every contract, and a book that the tests speak for."""
    return OrderStage()


@pytest.fixture
def orders(with_orders):
    with with_orders.at(OWING):
        yield with_orders


def fees_of(stage):
    """Return what the reserve has of USDC, WAD."""
    pool = pool_of(stage)
    return mul_div_down(pool.reserve, pool.lend_index, RAY)


# D20, Perennial: a close that was pending kept its account from being liquidated


def test_d20_orders_put_no_liquidation_off(orders):
    """
    A position that was about to be closed could not be liquidated, and its owner kept
    it about to be closed. Orders go first, at anybody's call, and none comes back.
    """
    closing = orders.rest(0, bull, False, 5_000, PRICE, is_reduce_only=True)
    move(orders, {BTC: 35_000})
    assert orders.refuse(liquidate(bull)) == "orders open"
    orders.play(release(0, bull, False, closing.size))
    again = reserve(0, bull, False, 5_000)
    assert orders.refuse(again) == "below initial margin"
    orders.play(liquidate(bull))
    assert sizes_of(orders, bull)[0] < 500


# D27, Clober: fees the wrong way, books that did not add up, a heap to be cleaned


@pytest.mark.parametrize("is_buy", [True, False])
def test_d27_each_side_pays_its_own_fee_and_the_reserve_gets_both(orders, is_buy):
    """Maker's and taker's fees were mixed up, so that who took was paid for it."""
    maker, taker, notional = lender, bear, 600 * WAD
    making = orders.rest(0, maker, not is_buy, 100, PRICE)
    before = held(orders, maker), held(orders, taker), fees_of(orders)
    orders.clear(0, taker, is_buy, making)
    paid = [before[0] - held(orders, maker), before[1] - held(orders, taker)]
    assert paid[0] == pytest.approx(notional * 100 // 10**6, abs=3)
    assert paid[1] == pytest.approx(notional * 400 // 10**6, abs=3)
    assert fees_of(orders) - before[2] == pytest.approx(sum(paid), abs=6)


@pytest.mark.parametrize("filled", [0, 300, 1_000])
def test_d27_what_an_order_binds_is_what_is_left_of_it(orders, filled):
    """What was reserved for orders was not given back when they were collected."""
    free = health_of(orders, lender).initial_margin
    making = orders.rest(0, lender, True, 1_000, PRICE)
    bound = health_of(orders, lender).initial_margin
    assert bound - free == 6_000 * WAD * 13_330 // 10**6
    if filled:
        part = replace(making, size=filled)
        assert orders.clear(0, hedger, False, part)[0] == (filled,)
    # A lot that is held binds what one did that was wanted, and no more.
    assert abs(health_of(orders, lender).initial_margin - bound) < WAD // 100
    if filled < 1_000:
        orders.play(release(0, lender, True, 1_000 - filled))
    left = health_of(orders, lender).initial_margin - free
    assert left == pytest.approx(filled * 6 * WAD * 13_330 // 10**6, abs=10)
    resting = orders.world.clearing.accounts[lender].orders
    assert not resting or resting[0].bids == 0
