"""Calls of every setter, and a state in which all parameters are in between."""

from dataclasses import replace
from functools import cache

import pytest

from specs.fixed_point import RAY, WAD
from specs.interest_rate import MAX_RATE
from specs.state import Cull, Limits, State, with_pool
from tests.helpers.office import Office
from tests.helpers.worlds import (
    BTC,
    CURVE,
    FEES,
    GOVERNOR,
    GUARDIAN,
    HAIRCUTS,
    INTERVAL,
    LISTINGS,
    PERPETUALS,
    REQUIREMENTS,
    VENUE,
)

UNIT = 10**9
"""Of a curve's rates, RAY per second."""

HIGHEST = MAX_RATE // UNIT * UNIT
HAIRCUT, REQUIREMENT, PERPETUAL = HAIRCUTS[BTC], REQUIREMENTS[BTC], PERPETUALS[0]
NEW = 7
DAY = 86_400
DELAY = 2 * DAY

CAPS = 1_000 * WAD, 500 * WAD
GUARDS = {
    "max_utilisation": 9_000,
    "threshold": 8_000,
    "throttle_share": 5_000,
    "outflow_share": 2_000,
    "outflow_floor": 100 * WAD,
}
LIMITS = Limits(2**40, 2**30, 100, 10**6, 10**5, 20_000)
CULL = Cull(10**6 * WAD, 10**5 * WAD, 2 * 10**5 * WAD)
FUND_CAP = 5_000 * WAD


def curve(**changes):
    return "set_curve", BTC, replace(CURVE, **changes)


def asset_risk(haircut=(), requirement=(), fees=()):
    return (
        "set_asset_risk",
        BTC,
        replace(HAIRCUT, **dict(haircut)),
        replace(REQUIREMENT, **dict(requirement)),
        replace(FEES, **dict(fees)),
    )


def market_risk(requirement=(), fees=()):
    changed = replace(PERPETUAL, **dict(requirement))
    return "set_market_risk", 0, changed, replace(FEES, **dict(fees))


def caps(supply_cap=CAPS[0], borrow_cap=CAPS[1]):
    return "set_caps", BTC, supply_cap, borrow_cap


def guards(**changes):
    return "set_guards", BTC, *(GUARDS | changes).values()


def limits(**changes):
    return "set_limits", 0, replace(LIMITS, **changes)


def cull(**changes):
    return "set_cull", 0, replace(CULL, **changes)


def fund_cap(cap=FUND_CAP):
    return "set_fund_cap", 0, cap


def asset_listing(**changes):
    usual = {
        "asset": NEW,
        "decimals": 18,
        "curve": CURVE,
        "haircut": HAIRCUT,
        "requirement": REQUIREMENT,
        "fees": FEES,
    }
    return "list_asset", *(usual | changes).values()


def market_listing(**changes):
    usual = {
        "market": NEW,
        "underlying": BTC,
        "lot_exponent": 14,
        "interval": INTERVAL,
        "requirement": PERPETUAL,
        "fees": FEES,
        "cap": 0,
    }
    return "list_market", *(usual | changes).values()


BY_ASSET = [curve(), asset_risk(), caps(), guards()]
BY_MARKET = [market_risk(), limits(), cull(), fund_cap()]
SETTERS = [
    *BY_ASSET,
    *BY_MARKET,
    ("set_venue", VENUE, 3),
    ("set_guardian", GUARDIAN),
    ("set_delay", DELAY),
]
"""The parameters as they are."""


@cache
def set_up():
    """Return a state with everything listed and set, and a delay."""
    office = Office().open(State(governor=GOVERNOR))
    for action in LISTINGS:
        if action.name.startswith("list_"):
            office.play(action.caller, action.name, *action.arguments)
    for change in SETTERS:
        office.play(GOVERNOR, *change)
    return office.state


def free():
    """Return the same without a delay."""
    return replace(set_up(), delay=0)


def with_reserve(state):
    """Return a state in which BTC is lent, borrowed, and partly the reserve's."""
    pool = replace(
        state.assets[BTC].pool,
        lend_index=RAY + RAY // 7,
        lends=50 * WAD,
        borrows=30 * WAD,
        cash=25 * WAD,
        reserve=2 * WAD,
    )
    return with_pool(state, BTC, pool)


def name_of(value):
    """Return the name of a call, for a test's id."""
    return value[0] if isinstance(value, tuple) else None


def each(changes):
    """Return the mark of a test that is run with each change."""
    return pytest.mark.parametrize("change", changes, ids=name_of)
