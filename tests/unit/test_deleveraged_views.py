"""What views tell of positions that epochs have yet to meet."""

import pytest

from specs import clearinghouse as ch
from specs import packing
from specs.state import get_effective_position
from tests.helpers.epochs import (
    BROKE,
    CROWDED,
    MARKET,
    VICTIMS,
    deleverage_in_parts,
    fall,
    liquidate,
    play_all,
    position_of,
    realise,
)
from tests.helpers.worlds import bear, bull, lender

SCENE = CROWDED
HELD = (*VICTIMS, lender, bull)


def told_of(stage, account):
    """Return what the Lens tells of an account's position."""
    (found,) = stage.made.view("Lens", "positions", account)
    return found


def effective_of(stage, account):
    """Return a position as the next touch would leave it."""
    position = position_of(stage, account)
    return get_effective_position(stage.world.clearing, MARKET, position)


@pytest.mark.parametrize("account", VICTIMS)
def test_a_position_is_told_as_it_will_be(stage, account):
    play_all(stage, fall(58_200))
    before = told_of(stage, account)
    stage.play(liquidate())
    foreseen = told_of(stage, account)
    assert abs(foreseen.lots) < abs(before.lots)
    assert foreseen.lots == effective_of(stage, account).lots
    assert foreseen.basis == effective_of(stage, account).basis
    for name in ("entry", "earned", "owed"):
        assert getattr(foreseen, name) == getattr(before, name)
    values = stage.made.view("Lens", "unrealised", MARKET, [account])
    assert tuple(values) == (foreseen.unrealised,)
    held = stage.made.view("Clearinghouse", "assess", account)
    stage.play(realise(account))
    found = told_of(stage, account)
    assert (found.lots, found.notional) == (foreseen.lots, foreseen.notional)
    assert found.notional == held.exposure


@pytest.mark.parametrize("account", HELD)
def test_the_word_is_that_of_the_next_touch(stage, account):
    play_all(stage, BROKE)
    deleverage_in_parts(stage, [10**17] * 9)
    play_all(stage, fall(58_100))
    stored = stage.made.view("Clearinghouse", "positions", account, MARKET)
    word = stage.made.view("Clearinghouse", "position_of", account, MARKET)
    found = packing.unpack(word, packing.POSITION)
    expected = effective_of(stage, account)
    assert (found["lots"], found["basis"]) == (expected.lots, expected.basis)
    assert word % 2**64 == stored % 2**64
    assert (word == stored) == (account in (lender, bull))


def test_a_word_that_has_met_all_epochs_is_as_it_is_stored(stage):
    play_all(stage, [*BROKE, liquidate(), realise(bear)])
    for account in (bear, bull, lender + 5):
        asked = account, MARKET
        stored = stage.made.view("Clearinghouse", "positions", *asked)
        assert stage.made.view("Clearinghouse", "position_of", *asked) == stored


def test_a_gain_counts_for_what_is_left(stage):
    play_all(stage, BROKE)
    stage.play(liquidate())
    portfolio = ch.get_portfolio(stage.world.clearing, bear, stage.world.now)
    (exposure,) = portfolio.exposures
    assert stage.made.view("Lens", "credit", bear) == exposure.credit
    assert told_of(stage, bear).credit == exposure.credit


def test_anyone_may_have_epochs_close_their_parts(stage):
    play_all(stage, BROKE)
    asked = "can_realise", MARKET, bear
    assert stage.made.view("Lens", *asked) is False
    stage.play(liquidate())
    assert stage.made.view("Lens", *asked) is True
    assert stage.made.view("Lens", "can_realise", MARKET, lender) is False
    stage.play(realise(bear))
    assert stage.made.view("Lens", *asked) is False
