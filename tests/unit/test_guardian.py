"""What the guardian stops at once, and the governor starts again after a delay."""

from dataclasses import replace

import pytest

from specs.state import with_pool
from tests.helpers.office import Office, address_of
from tests.helpers.settings import DELAY, free, set_up
from tests.helpers.worlds import BTC, ETH, GOVERNOR, GUARDIAN, STRANGER, UNLISTED


@pytest.fixture(scope="module")
def office():
    return Office()


@pytest.fixture
def desk(office):
    return office.open(set_up())


@pytest.fixture
def free_desk(office):
    return office.open(free())


# The guardian


@pytest.mark.parametrize("caller", [GUARDIAN, GOVERNOR])
@pytest.mark.parametrize(
    ("kind", "number", "event"),
    [("asset", BTC, "AssetPaused"), ("market", 0, "MarketPaused")],
)
def test_a_pause_is_immediate_and_its_end_is_the_governors(
    desk, caller, kind, number, event
):
    told = {kind: number, "caller": address_of(caller), "time": desk.now}
    logged = desk.play(caller, f"pause_{kind}", number)
    assert logged == [(event, told | {"is_paused": True})]
    listed = {"asset": desk.state.assets[BTC].pool, "market": desk.state.markets[0]}
    assert listed[kind].is_paused
    end = f"unpause_{kind}", number
    assert desk.refuse(GUARDIAN, *end) == "not the governor"
    assert desk.refuse(GOVERNOR, *end) == "not queued"
    desk.play(GOVERNOR, "queue", end)
    desk.wait(DELAY)
    ((name, found),) = desk.play(GOVERNOR, *end)
    assert (name, found["is_paused"]) == (event, False)
    assert found["caller"] == address_of(GOVERNOR)


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
