"""What the guardian stops at once, and the governor lets go on."""

from dataclasses import replace

import pytest

from specs.state import with_pool
from tests.helpers.office import address_of
from tests.helpers.settings import DELAY, set_up
from tests.helpers.worlds import BTC, ETH, GOVERNOR, GUARDIAN, STRANGER, UNLISTED

# The guardian


@pytest.mark.parametrize("caller", [GUARDIAN, GOVERNOR])
@pytest.mark.parametrize(
    ("kind", "number", "event"),
    [("asset", BTC, "AssetPaused"), ("market", 0, "MarketPaused")],
)
def test_a_pause_is_immediate_and_so_is_its_end_by_the_governor(
    desk, caller, kind, number, event
):
    told = {kind: number, "caller": address_of(caller), "time": desk.now}
    logged = desk.play(caller, f"pause_{kind}", number)
    assert logged == [(event, told | {"is_paused": True})]
    listed = {"asset": desk.state.assets[BTC].pool, "market": desk.state.markets[0]}
    assert listed[kind].is_paused
    end = f"unpause_{kind}", number
    assert desk.refuse(GUARDIAN, *end) == "not the governor"
    told = {kind: number, "caller": address_of(GOVERNOR), "time": desk.now}
    assert desk.play(GOVERNOR, *end) == [(event, told | {"is_paused": False})]
    listed = {"asset": desk.state.assets[BTC].pool, "market": desk.state.markets[0]}
    assert not listed[kind].is_paused


def test_a_guardian_that_pauses_again_and_again_is_dismissed(desk):
    dismissal = "set_guardian", 0
    desk.play(GOVERNOR, "queue", dismissal)
    for _ in range(2):
        desk.play(GUARDIAN, "pause_asset", BTC)
        desk.play(GUARDIAN, "pause_market", 0)
        assert desk.refuse(GUARDIAN, "cancel_change", dismissal) == "not the governor"
        desk.play(GOVERNOR, "unpause_asset", BTC)
        desk.play(GOVERNOR, "unpause_market", 0)
        desk.wait(DELAY // 2)
    desk.play(GOVERNOR, *dismissal)
    for change in (("pause_asset", BTC), ("pause_market", 0)):
        assert desk.refuse(GUARDIAN, *change) == "not the guardian"
    assert not desk.state.assets[BTC].pool.is_paused
    assert not desk.state.markets[0].is_paused


@pytest.mark.parametrize(("kind", "number"), [("asset", BTC), ("market", 0)])
def test_a_stranger_pauses_nothing(desk, kind, number):
    told = desk.refuse(STRANGER, f"pause_{kind}", number)
    assert told == "not the guardian"


@pytest.mark.parametrize("kind", ["asset", "market"])
@pytest.mark.parametrize("verb", ["pause", "unpause"])
def test_what_is_not_listed_cannot_be_paused(free_desk, kind, verb):
    told = free_desk.refuse(GOVERNOR, f"{verb}_{kind}", UNLISTED)
    assert told == f"unknown {kind}"


@pytest.mark.parametrize("verb", ["pause", "unpause"])
def test_a_pause_is_made_or_ended_twice_without_harm(free_desk, verb):
    for _ in range(2):
        free_desk.play(GOVERNOR, f"{verb}_asset", BTC)
        free_desk.play(GOVERNOR, f"{verb}_market", 0)


def test_a_halted_pool_is_resumed(office):
    state = set_up()
    pool = replace(state.assets[ETH].pool, is_halted=True)
    desk = office.open(with_pool(state, ETH, pool))
    assert desk.refuse(GUARDIAN, "resume", ETH) == "not the governor"
    desk.play(GOVERNOR, "queue", ("resume", ETH))
    desk.wait(DELAY)
    told = {"asset": ETH, "time": desk.now}
    assert desk.play(GOVERNOR, "resume", ETH) == [("PoolResumed", told)]
    assert not desk.state.assets[ETH].pool.is_halted
    assert desk.refuse(GOVERNOR, "resume", UNLISTED) == "unknown asset"
