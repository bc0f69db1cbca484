"""
Orders of those whom epochs have yet to reduce are filled as if they were reduced: by
`MakerCode.make_perp_unlocked` and `OrderCode._clear_perp`, which meet the epochs first.
"""

import pytest

from specs.fixed_point import WAD
from specs.state import Limits
from specs.world import Action
from tests.helpers.epochs import (
    BROKE,
    CROWDED,
    MARKET,
    liquidate,
    lots_of,
    play_all,
    position_of,
    realise,
)
from tests.helpers.orders import OrderStage, clear
from tests.helpers.worlds import GOVERNOR, bear, hedger, lender

PRICE = 58_000 * WAD
LEFT = 5_000 - 5_000 * 10_000 // 10_777
"""Of the bear's lots, once its epoch has closed its part."""

TIGHT = Action("set_limits", GOVERNOR, (MARKET, Limits(max_position=100)))
PAUSED = Action("pause_market", GOVERNOR, (MARKET,))


@pytest.fixture(scope="module")
def behind():
    """A stage on which the book calls, and everybody has an epoch before him."""
    stage = OrderStage()
    with stage.at(CROWDED):
        play_all(stage, [*BROKE, liquidate()])
        yield stage


@pytest.fixture
def stage(behind):
    with behind.at([]):
        yield behind


def test_a_maker_is_filled_at_the_size_that_is_left(stage):
    """One lot more would leave it larger than it is, above the limit."""
    stage.play(TIGHT)
    making = stage.rest(MARKET, bear, True, 2 * LEFT + 1, PRICE)
    filled, _ = stage.clear(MARKET, lender, False, making)
    assert filled == (0,)
    assert position_of(stage, bear).epoch == 0
    making = stage.rest(MARKET, bear, True, 2 * LEFT, PRICE)
    filled, _ = stage.clear(MARKET, lender, False, making)
    assert filled == (2 * LEFT,)
    assert lots_of(stage, bear) == LEFT


def test_a_taker_is_filled_at_the_size_that_is_left(stage):
    stage.play(TIGHT)
    making = stage.rest(MARKET, lender, False, 2 * LEFT + 1, PRICE)
    taking = clear(MARKET, bear, True, making)
    assert stage.refuse(taking) == "position limit reached"
    making = stage.rest(MARKET, lender, False, 2 * LEFT, PRICE)
    stage.clear(MARKET, bear, True, making)
    assert lots_of(stage, bear) == LEFT


@pytest.mark.parametrize("more", [0, 1])
def test_in_a_paused_market_no_more_than_what_is_left_is_closed(stage, more):
    stage.play(realise(lender))
    making = stage.rest(MARKET, bear, True, LEFT + more, PRICE)
    stage.play(PAUSED)
    filled, stop = stage.clear(MARKET, lender, False, making)
    assert (filled, stop) == (((LEFT,), "") if more == 0 else ((0,), "paused"))


def test_a_reduce_only_order_closes_no_more_than_what_is_left(stage):
    making = stage.rest(MARKET, bear, True, 1_000, PRICE, is_reduce_only=True)
    filled, _ = stage.clear(MARKET, lender, False, making)
    assert filled == (LEFT,)
    assert lots_of(stage, bear) == 0


def test_orders_that_would_turn_what_is_left_over_bind_margin(stage):
    """Beyond twice what is left, orders that buy add to the worst case."""
    clearing = stage.world.clearing
    assert lots_of(stage, hedger) == -3_001
    left = 3_001 - 3_001 * 10_000 // 10_777
    for size in (2 * left, 2 * left + 1):
        with stage.at([]):
            before = stage.made.view("Clearinghouse", "assess", hedger)
            stage.rest(MARKET, hedger, True, size, PRICE)
            after = stage.made.view("Clearinghouse", "assess", hedger)
            is_more = after.initial_margin > before.initial_margin
            assert is_more == (size > 2 * left)
    assert stage.world.clearing == clearing
