"""What `spot_side._fund` lets be borrowed, to the last wei that its limits admit."""

import pytest

from specs.errors import Revert
from specs.fixed_point import WAD
from specs.world import Action, take
from tests.helpers.stages import govern
from tests.helpers.worlds import ETH, PRICES, STRANGER, bear, publish
from tests.unit.test_trade import spot


def most_of(world, low, high):
    """Return the most that the bear may sell, which is between these."""
    while high - low > 1:
        middle = (low + high) // 2
        try:
            take(world, spot(seller=bear, amount=middle))
        except Revert:
            high = middle
        else:
            low = middle
    return low


@pytest.mark.parametrize("seconds", range(1, 9))
def test_the_borrow_cap_counts_what_is_borrowed_rounded_up(stage, seconds):
    stage.play(govern("set_caps", ETH, 0, WAD))
    stage.play(Action("wait", STRANGER, (1_000 * seconds,)))
    for action in publish(PRICES):
        stage.play(action)
    most = most_of(stage.world, 1, 2 * WAD)
    assert stage.refuse(spot(seller=bear, amount=most + 1)) == "borrow cap reached"
    stage.play(spot(seller=bear, amount=most))
