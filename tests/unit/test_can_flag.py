"""Whether a flag would be noted: what the contract says, beside the specification."""

import pytest

from specs import slice_code
from specs.accounts import BACKSTOP_FUND
from specs.distress import FLAG_LIFE
from specs.world import Action
from tests.helpers.scenes import OWING
from tests.helpers.stages import call, move
from tests.helpers.worlds import BTC, STRANGER, bull, lender

SCENE = OWING


def can_flag(stage, account=bull):
    """Return what both say."""
    said = stage.made.view("Clearinghouse", "can_flag", account)
    clearing, now = stage.world.clearing, stage.world.now
    assert said == slice_code.can_flag(clearing, account, now)
    return said


def flag(account=bull):
    return Action("flag", STRANGER, (account,))


def test_who_is_well_is_not_to_be_flagged(stage):
    assert not can_flag(stage)
    assert stage.refuse(flag()) == "not liquidatable"


@pytest.mark.parametrize("waiting", [0, 1])
def test_whoever_is_due_may_be_flagged_in_any_block(stage, waiting):
    move(stage, {BTC: 30_000}, waiting=waiting)
    assert can_flag(stage)
    assert not can_flag(stage, lender)
    stage.play(flag())
    assert not can_flag(stage)


def test_a_flag_counts_for_a_minute(stage):
    move(stage, {BTC: 30_000})
    stage.play(flag())
    noted = stage.world.clearing.accounts[bull].distress
    stage.play(call("wait", FLAG_LIFE - 10))
    move(stage, {BTC: 30_000}, waiting=9)
    assert not can_flag(stage)
    stage.play(flag())
    assert stage.world.clearing.accounts[bull].distress == noted
    stage.play(call("wait", 1))
    assert can_flag(stage)
    stage.play(flag())
    assert stage.world.clearing.accounts[bull].distress != noted


def test_at_a_stale_price_nobody_is_to_be_flagged(stage):
    move(stage, {BTC: 30_000}, waiting=61)
    assert not can_flag(stage)
    assert stage.refuse(flag()) == "not liquidatable"


def test_the_protocol_s_own_accounts_are_never_to_be_flagged(stage):
    move(stage, {BTC: 30_000})
    assert not can_flag(stage, BACKSTOP_FUND)
    assert stage.refuse(flag(BACKSTOP_FUND)) == "reserved account"
