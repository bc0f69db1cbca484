"""What a bankrupt account's claims will pay stays owed, and not a wei beyond it."""

import pytest

from specs import bankruptcy, invariants
from specs import clearinghouse as ch
from specs.accounts import BACKSTOP_FUND, USDC
from specs.errors import NotLiquidatable
from specs.world import Action, take
from tests.helpers import worlds
from tests.helpers.deployers import deploy_world
from tests.helpers.worlds import STRANGER, bull
from tests.stateful.twin import Twin, differences

SPENT = Action("deposit", STRANGER, (BACKSTOP_FUND, USDC, 10_000 * 10**6))
*BEFORE, LIQUIDATION = worlds.STARTS["a claim beside a debt"]


@pytest.fixture(scope="module")
def twin():
    return Twin(deploy_world())


def story(seconds):
    """Return the start, with time in which an index grows and a fund that pays."""
    borrow = worlds.own("borrow", worlds.hedger, USDC, 20_000 * 10**6)
    wait = Action("wait", STRANGER, (seconds,))
    trade = next(i for i, action in enumerate(BEFORE) if action.name == "fill_perp")
    prices = worlds.publish(worlds.PRICES)
    return [*BEFORE[:trade], borrow, wait, *prices, *BEFORE[trade:], SPENT, LIQUIDATION]


@pytest.mark.parametrize("seconds", [1, 59, 86_400, 30 * 86_400])
def test_a_debt_is_paid_down_to_the_claims(twin, seconds):
    twin.rewind()
    world = worlds.open_world()
    for action in story(seconds):
        before, world = world, take(world, action)
        assert twin.send(world, action) is None
    assert invariants.find_violated_transitions(before, world, LIQUIDATION) == []
    assert differences(world, twin.read(world)) == []

    claims = bankruptcy.get_claims(world.clearing, bull)
    owed = ch.get_owed(world.clearing, bull, USDC, world.now)
    assert world.answer.deficit.fund_paid > 0
    assert 0 <= claims - owed <= 2
    assert not bankruptcy.is_bankrupt(world.clearing, bull, world.now)
    # Else a keeper would liquidate it for ever, a wei of the fund's at a time.
    with pytest.raises(NotLiquidatable):
        take(world, LIQUIDATION)
    assert twin.send(world, LIQUIDATION) == NotLiquidatable.reason
