"""A large deposit counts for the outflow window from when it comes, and not before."""

import pytest

from specs.accounts import USDC
from specs.fixed_point import WAD
from specs.guards import WINDOW, follow
from specs.pool_limits import LARGE
from specs.world import Action
from tests.helpers import worlds
from tests.helpers.protocol import Stage
from tests.helpers.worlds import GOVERNOR, STRANGER, bear, lender, own

HELD = 100_000 * 10**6
HALF_A_DAY = 43_200

QUIET = [
    Action("set_guards", GOVERNOR, (USDC, 10_000, 10_000, 10_000, 2_000, WAD)),
    own("deposit", lender, USDC, HELD),
    own("withdraw", lender, USDC, 1),
    Action("wait", STRANGER, (HALF_A_DAY,)),
]


@pytest.fixture(scope="module")
def stage():
    return Stage()


def pool_of(stage):
    return stage.world.clearing.assets[USDC].pool


@pytest.mark.parametrize("name", ["deposit", "repay"])
def test_bringing_in_and_taking_out_leaves_others_their_allowance(stage, name):
    """The tokens come and go in one block, after half a window without a withdrawal."""
    large = 24_000 * 10**6
    if name == "deposit":
        scene, back = [*QUIET], "withdraw"
    else:
        scene, back = [*worlds.publish(worlds.PRICES), *QUIET[:2]], "borrow"
        scene += [own("deposit", bear, worlds.BTC, 10**8)]
        scene += [own("borrow", bear, USDC, large), *QUIET[2:]]
        scene += worlds.publish(worlds.PRICES)
    with stage.at(scene):
        pool = pool_of(stage)
        quiet = follow(pool.guards, pool.cash + pool.idle, stage.world.now)
        stage.play(own(name, bear, USDC, large))
        stage.play(own(back, bear, USDC, large - 1))
        assert pool_of(stage).guards.average == quiet.average
        stage.play(own("withdraw", lender, USDC, HELD // 8))


def test_small_deposits_move_the_average_once_in_a_while(stage):
    small, large = HELD // LARGE // 2, HELD // LARGE * 2
    with stage.at(QUIET):
        for tokens, wait, is_moved in (
            (small, 0, True),
            (small, WINDOW // LARGE - 1, False),
            (small, 2, True),
            (large, 1, True),
        ):
            guards = pool_of(stage).guards
            if wait:
                stage.play(Action("wait", STRANGER, (wait,)))
            stage.play(own("deposit", bear, USDC, tokens))
            assert (pool_of(stage).guards.averaged_at != guards.averaged_at) == is_moved
