"""The weight of collateral: lowered at once, raised little by little."""

import pytest

from keeper.chain.interface import Refused
from specs import governance
from specs.bounds import RAMP_PER_DAY
from specs.fixed_point import PPM, WAD
from tests.helpers.settings import (
    DAY,
    DELAY,
    HAIRCUT,
    NEW,
    asset_listing,
    asset_risk,
    set_up,
)
from tests.helpers.worlds import BTC, GOVERNOR, STRANGER


def live(desk, asset=BTC):
    return desk.state.assets[asset].haircut.weight


def announced(desk, change):
    """Announce a change, wait and make it."""
    desk.play(GOVERNOR, "queue", change)
    desk.wait(DELAY)
    desk.play(GOVERNOR, *change)


def test_new_collateral_counts_nothing_at_first(desk):
    announced(desk, asset_listing())
    assert live(desk, NEW) == 0
    assert desk.state.assets[NEW].target_weight == HAIRCUT.weight
    assert desk.state.assets[NEW].haircut.factor == HAIRCUT.factor


def test_without_a_supply_cap_weight_does_not_rise(desk):
    announced(desk, asset_listing())
    desk.wait(DAY)
    assert desk.refuse(STRANGER, "ramp_weight", NEW) == "without supply cap"
    desk.play(GOVERNOR, "set_caps", NEW, WAD, 0)
    desk.play(STRANGER, "ramp_weight", NEW)
    assert live(desk, NEW) == 50_000


def test_weight_rises_pro_rata_and_is_logged(desk):
    announced(desk, asset_listing())
    desk.play(GOVERNOR, "set_caps", NEW, WAD, 0)
    desk.wait(DAY // 4 + 1)
    told = {"asset": NEW, "weight": 12_500, "time": desk.now}
    assert desk.play(STRANGER, "ramp_weight", NEW) == [("WeightRamped", told)]
    assert desk.refuse(STRANGER, "ramp_weight", NEW) == "zero amount"
    desk.wait(214)
    assert desk.refuse(STRANGER, "ramp_weight", NEW) == "zero amount"
    desk.wait(1)
    desk.play(STRANGER, "ramp_weight", NEW)
    assert live(desk, NEW) == 12_625


@pytest.mark.parametrize("interval", [1, 3, 215, 217, 1_000])
def test_calls_neither_slow_the_rise_nor_hurry_it(office, interval):
    """However often it is asked for, the weight is where one call would take it."""
    desk = office.open(set_up())
    announced(desk, asset_listing())
    desk.play(GOVERNOR, "set_caps", NEW, WAD, 0)
    begin = desk.state
    waited = 0
    while waited < 3_600:
        desk.wait(interval)
        waited += interval
        raised_once = 125 * (waited // 216)
        if raised_once > live(desk, NEW):
            desk.play(STRANGER, "ramp_weight", NEW)
        else:
            with pytest.raises(Refused, match="zero amount"):
                desk.send(STRANGER, "ramp_weight", (NEW,))
        assert live(desk, NEW) == raised_once
        assert live(desk, NEW) * DAY <= RAMP_PER_DAY * waited
    once = governance.ramp_weight(begin, desk.now, STRANGER, NEW)
    assert once == desk.state


def test_a_day_of_calls_is_worth_a_day(desk):
    announced(desk, asset_listing())
    desk.play(GOVERNOR, "set_caps", NEW, WAD, 0)
    begin = desk.now
    while desk.now < begin + DAY:
        desk.wait(min(1_999, begin + DAY - desk.now))
        desk.play(STRANGER, "ramp_weight", NEW)
    assert live(desk, NEW) == RAMP_PER_DAY


def test_days_without_a_raise_are_not_saved_up(desk):
    announced(desk, asset_listing())
    desk.play(GOVERNOR, "set_caps", NEW, WAD, 0)
    desk.wait(10 * DAY)
    desk.play(STRANGER, "ramp_weight", NEW)
    assert live(desk, NEW) == 50_000
    assert desk.refuse(STRANGER, "ramp_weight", NEW) == "zero amount"


def test_weight_stops_at_its_target(desk):
    announced(desk, asset_risk(haircut={"weight": HAIRCUT.weight + 10}))
    assert live(desk) == HAIRCUT.weight
    desk.wait(DAY)
    desk.play(STRANGER, "ramp_weight", BTC)
    assert live(desk) == HAIRCUT.weight + 10
    desk.wait(DAY)
    assert desk.refuse(STRANGER, "ramp_weight", BTC) == "zero amount"


def test_time_before_a_raise_was_set_does_not_count(desk):
    desk.wait(30 * DAY)
    announced(desk, asset_risk(haircut={"weight": PPM}))
    assert desk.refuse(STRANGER, "ramp_weight", BTC) == "zero amount"


def test_a_lower_weight_holds_at_once_and_for_the_target(desk):
    desk.play(GOVERNOR, *asset_risk(haircut={"weight": 400_000}))
    assert live(desk) == desk.state.assets[BTC].target_weight == 400_000
    desk.wait(DAY)
    assert desk.refuse(STRANGER, "ramp_weight", BTC) == "zero amount"
    assert desk.refuse(GOVERNOR, *asset_risk()) == "not queued"


def test_a_target_is_lowered_without_lowering_the_weight(desk):
    announced(desk, asset_risk(haircut={"weight": PPM}))
    ramped_at = desk.state.assets[BTC].ramped_at
    desk.wait(216)
    desk.play(GOVERNOR, *asset_risk(haircut={"weight": HAIRCUT.weight + 5}))
    assert live(desk) == HAIRCUT.weight
    assert desk.state.assets[BTC].ramped_at == ramped_at
    desk.play(STRANGER, "ramp_weight", BTC)
    assert live(desk) == HAIRCUT.weight + 5
