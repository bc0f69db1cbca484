"""Binding: what may leave an account that stands behind a pledge, and until when."""

import pytest

from specs import clearinghouse as ch
from specs.accounts import UNTIL_NOTICE, USDC, Settings
from specs.binding import NOTICE
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.scenes import AT_WORK
from tests.helpers.stages import call
from tests.helpers.worlds import (
    BTC,
    ETH,
    OPERATOR,
    PRICES,
    STRANGER,
    bull,
    lender,
    own,
    publish,
)

SCENE = AT_WORK
LEAVING = {
    "withdraw": (BTC, 1),
    "borrow": (USDC, 10**6),
    "transfer": (bull + 1, BTC, 10**12),
    "a batch that withdraws": ((ch.Step(ch.WITHDRAW, BTC, 1),),),
    "a batch that borrows": ((ch.Step(ch.BORROW, USDC, 10**6),),),
}
STAYING = {
    "deposit": (BTC, 1),
    "repay": (USDC, 10**6),
    "unlend": (BTC, 10**12),
    "set_settings": (Settings(auto_lend=False),),
    "set_operator": (OPERATOR, 1),
    "batch": ((ch.Step(ch.DEPOSIT, BTC, 1), ch.Step(ch.UNLEND, BTC, 10**12)),),
}


def leaving(name):
    """Return a call by which something would leave the account."""
    return own("batch" if name.startswith("a batch") else name, bull, *LEAVING[name])


@pytest.mark.parametrize("name", LEAVING)
def test_nothing_leaves_an_account_that_is_bound(stage, name):
    stage.play(own("bind", bull))
    assert stage.refuse(leaving(name)) == "bound"
    stage.play(own("give_notice", bull))
    assert stage.refuse(leaving(name)) == "bound"
    stage.play(call("wait", NOTICE - 1))
    for action in publish(PRICES):
        if action.name != "wait":
            stage.play(action)
    assert stage.refuse(leaving(name)) == "bound"
    stage.play(call("wait", 1))
    stage.play(leaving(name))


@pytest.mark.parametrize("name", STAYING)
def test_all_else_goes_on(stage, name):
    stage.play(own("borrow", bull, USDC, 10**9))
    stage.play(own("bind", bull))
    stage.play(own(name, bull, *STAYING[name]))
    assert stage.refuse(leaving("withdraw")) == "bound"


def test_others_of_the_owner_may_give(stage):
    stage.play(own("deposit", bull + 1, ETH, 10**18))
    stage.play(own("bind", bull))
    stage.play(own("transfer", bull + 1, bull, ETH, WAD))


def test_nobody_else_binds_or_gives_notice(stage):
    stage.play(own("set_operator", bull, OPERATOR, 3))
    for caller in (OPERATOR, STRANGER):
        for name in ("bind", "give_notice"):
            assert stage.refuse(Action(name, caller, (bull,))) == "not authorised"


def test_notice_is_given_once(stage):
    assert stage.refuse(own("give_notice", bull)) == "not bound"
    stage.play(own("bind", bull))
    stage.play(own("give_notice", bull))
    assert stage.refuse(own("give_notice", bull)) == "not bound"


def test_who_binds_again_takes_the_notice_back(stage):
    for name in ("bind", "give_notice", "bind"):
        stage.play(own(name, bull))
    stage.play(call("wait", 10 * NOTICE))
    assert stage.refuse(leaving("withdraw")) == "bound"


def test_it_is_told(stage):
    now, view = stage.world.now, stage.made.view
    assert view("Lens", "release_at", bull) == 0
    assert view("Clearinghouse", "is_bound", bull) is False
    assert stage.events(own("bind", bull)) == [
        ("Bound", {"account": bull, "time": now})
    ]
    assert view("Lens", "release_at", bull) == UNTIL_NOTICE
    assert view("Clearinghouse", "is_bound", bull) is True
    told = {"account": bull, "release_at": now + NOTICE, "time": now}
    assert stage.events(own("give_notice", bull)) == [("NoticeGiven", told)]
    assert view("Lens", "release_at", bull) == now + NOTICE
    stage.play(call("wait", NOTICE - 1))
    assert view("Clearinghouse", "is_bound", bull) is True
    stage.play(call("wait", 1))
    assert view("Clearinghouse", "is_bound", bull) is False


def test_lists_and_settings_stay_beside_it(stage):
    """All words of the header are compared after each step."""
    stage.play(own("bind", lender))
    stage.play(own("set_settings", lender, Settings(max_leverage=9)))
    stage.play(own("deposit", lender, ETH, 10**18))
    stage.play(own("give_notice", lender))
    held = stage.world.clearing.accounts[lender]
    assert held.settings.max_leverage == 9
    assert held.release_at == stage.world.now + NOTICE
