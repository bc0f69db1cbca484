"""How much was traded of late: what counts, and how it decays."""

import pytest

from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.listings import Kind
from tests.helpers.books import (
    COIN,
    MAKER,
    OTHER,
    PERP,
    PRICE,
    TAKER,
    TICK,
    UNLISTED,
    Twin,
    stand_in,
)


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


@pytest.fixture
def twin(surroundings):
    return Twin()


def offer(twin, lots, **terms):
    """Let an order to sell rest."""
    twin.rest(MAKER, is_buy=False, lots=lots, **terms)


def take(twin, lots, **terms):
    """Buy what is offered."""
    terms = {"kind": Kind.IOC, **terms}
    return twin.place(TAKER, lots=lots, **terms)[1]


def volume(twin, instrument=PERP):
    return twin.view("recent_volume", instrument)


def test_what_is_taken_counts_on_either_side_and_in_each_book(twin):
    offer(twin, 100)
    twin.rest(MAKER, lots=100, price=PRICE - TICK)
    offer(twin, 100, instrument=COIN)
    assert (volume(twin), volume(twin, COIN)) == (0, 0)
    take(twin, 10)
    twin.sell(TAKER, lots=7, price=PRICE - TICK)
    take(twin, 20, instrument=COIN)
    assert (volume(twin), volume(twin, COIN)) == (17, 20)
    for instrument in (UNLISTED, 32, SPOT, SPOT + 3, SPOT + 32, 2**256 - 1):
        assert volume(twin, instrument) == 0


def test_what_is_taken_before_the_rest_rests_counts(twin):
    offer(twin, 8)
    order, filled, _ = twin.place(TAKER, lots=20)
    assert (order != 0, filled, volume(twin)) == (True, 8, 8)


def test_only_what_was_filled_counts(twin):
    offer(twin, 10)
    twin.rest(OTHER, is_buy=False, lots=10)
    twin.set_refused(MAKER)
    assert take(twin, 15) == 10
    assert volume(twin) == 10


def test_all_rounds_count(twin):
    for _ in range(20):
        offer(twin, 5)
    assert take(twin, 100) == 100
    assert volume(twin) == 100


@pytest.mark.parametrize(
    ("age", "left"),
    [(1, 996), (2, 993), (150, 500), (299, 3), (300, 0), (10**6, 0)],
)
def test_it_decays_in_a_straight_line_within_five_minutes(twin, age, left):
    offer(twin, 2_000)
    take(twin, 1_000)
    twin.wait(age)
    assert volume(twin) == left
    take(twin, 10)
    assert volume(twin) == left + 10


def test_it_decays_anew_from_each_fill(twin):
    offer(twin, 2_000)
    take(twin, 1_000)
    twin.wait(150)
    take(twin, 100)
    twin.wait(150)
    assert volume(twin) == 300


def test_forced_fills_set_the_price_and_leave_the_volume(twin):
    for instrument in (PERP, COIN):
        offer(twin, 100, instrument=instrument)
        take(twin, 30, instrument=instrument)
        twin.rest(MAKER, lots=50, price=PRICE - TICK, instrument=instrument)
    twin.wait(100)
    sale = {"lots": 25, "is_buy": False, "price": PRICE - TICK}
    assert twin.liquidate(TAKER, **sale) == (25, "")
    assert twin.convert(TAKER, lots=25) == 25
    for instrument in (PERP, COIN):
        assert volume(twin, instrument) == 20
        assert twin.view("top", instrument)[2] == PRICE - TICK
    twin.wait(100)
    assert volume(twin) == 10


def test_it_is_as_large_as_can_be_told(twin):
    for _ in range(3):
        offer(twin, 2**55)
    twin.rest(OTHER, is_buy=False, lots=2**55)
    take(twin, 2**55)
    assert volume(twin) == 2**55
    take(twin, 2**55 - 1)
    assert volume(twin) == 2**56 - 1
    take(twin, 5)
    assert volume(twin) == 2**56 - 1
    twin.wait(30)
    assert volume(twin) == (2**56 - 1) * 9 // 10


def test_what_rests_and_goes_is_no_volume(twin):
    offer(twin, 100)
    take(twin, 30)
    twin.cancel_all(MAKER >> 96, MAKER)
    twin.rest(MAKER, lots=2_000, price=PRICE - TICK)
    offer(twin, 2_000, price=PRICE + TICK)
    assert twin.receipt.event("MidTold").arguments["mid"] == PRICE
    assert volume(twin) == 30
    twin.wait(60)
    twin.set_band(PERP, 90 * WAD, 110 * WAD)
    twin.refresh(PERP)
    assert volume(twin) == 24
