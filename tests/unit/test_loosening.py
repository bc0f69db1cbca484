"""Field by field: what loosens waits, and what tightens does not."""

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from specs.bounds import MAX_CAP, MAX_REFERENCE, MAX_USDC, USDC_UNIT
from specs.fixed_point import BPS, PPM, WAD
from specs.interest_rate import Curve, compute_rate
from specs.loosening import is_lower_curve
from tests.helpers.settings import (
    CULL,
    DELAY,
    FUND_CAP,
    GUARDS,
    HAIRCUT,
    LIMITS,
    PERPETUAL,
    REQUIREMENT,
    SETTERS,
    UNIT,
    asset_listing,
    asset_risk,
    caps,
    cull,
    curve,
    each,
    free,
    fund_cap,
    guards,
    limits,
    market_listing,
    market_risk,
    name_of,
    set_up,
    with_reserve,
)
from tests.helpers.worlds import BTC, CURVE, FEES, GOVERNOR, GUARDIAN, STRANGER, VENUE

# What loosens, and what tightens instead; every other field as it is

LOOSER_AND_TIGHTER = {
    "base": (
        curve(base=CURVE.base - UNIT, slope_low=CURVE.slope_low + UNIT),
        curve(base=CURVE.base + UNIT),
    ),
    "bend": (
        curve(slope_low=CURVE.slope_low - UNIT, slope_high=CURVE.slope_high + UNIT),
        curve(slope_low=CURVE.slope_low + UNIT),
    ),
    "top": (
        curve(slope_high=CURVE.slope_high - UNIT),
        curve(slope_high=CURVE.slope_high + UNIT),
    ),
    "optimal": (
        curve(optimal=CURVE.optimal + WAD // PPM),
        curve(optimal=CURVE.optimal - WAD // PPM),
    ),
    "reserve share": (
        curve(reserve_share=CURVE.reserve_share + WAD // PPM),
        curve(reserve_share=CURVE.reserve_share - WAD // PPM),
    ),
    "weight": (
        asset_risk(haircut={"weight": HAIRCUT.weight + 1}),
        asset_risk(haircut={"weight": HAIRCUT.weight - 1}),
    ),
    "haircut's factor": (
        asset_risk(haircut={"factor": HAIRCUT.factor - 1}),
        asset_risk(haircut={"factor": HAIRCUT.factor + 1}),
    ),
    **{
        f"asset's {name}": (
            asset_risk(requirement={name: getattr(REQUIREMENT, name) - 1}),
            asset_risk(requirement={name: getattr(REQUIREMENT, name) + 1}),
        )
        for name in vars(REQUIREMENT)
    },
    **{
        f"market's {name}": (
            market_risk(requirement={name: getattr(PERPETUAL, name) - 1}),
            market_risk(requirement={name: getattr(PERPETUAL, name) + 1}),
        )
        for name in vars(PERPETUAL)
    },
    **{
        f"{setter.__name__}: {name}": (
            setter(fees={name: getattr(FEES, name) + 1}),
            setter(fees={name: getattr(FEES, name) - 1}),
        )
        for setter in (asset_risk, market_risk)
        for name in vars(FEES)
    },
    "supply cap": (caps(supply_cap=1_001 * WAD), caps(supply_cap=999 * WAD)),
    "no supply cap": (caps(supply_cap=0), caps(supply_cap=WAD)),
    "borrow cap": (caps(borrow_cap=501 * WAD), caps(borrow_cap=499 * WAD)),
    "no borrow cap": (caps(borrow_cap=0), caps(borrow_cap=WAD)),
    **{
        name: (guards(**{name: GUARDS[name] + 1}), guards(**{name: GUARDS[name] - 1}))
        for name in ("max_utilisation", "threshold", "throttle_share", "outflow_share")
    },
    "no outflow limit": (guards(outflow_share=0), guards(outflow_share=500)),
    "outflow floor": (
        guards(outflow_floor=101 * WAD),
        guards(outflow_floor=99 * WAD),
    ),
    **{
        name: (
            limits(**{name: getattr(LIMITS, name) + 1}),
            limits(**{name: getattr(LIMITS, name) - 1}),
        )
        for name in ("max_open_interest", "max_position", "reference")
    },
    **{
        name: (
            limits(**{name: getattr(LIMITS, name) - 1}),
            limits(**{name: getattr(LIMITS, name) + 1}),
        )
        for name in ("min_lots", "open_interest_factor", "max_scale")
    },
    "no reference": (limits(reference=0), limits(reference=1)),
    **{
        name: (
            cull(**{name: getattr(CULL, name) + USDC_UNIT}),
            cull(**{name: getattr(CULL, name) - USDC_UNIT}),
        )
        for name in vars(CULL)
    },
    "no account threshold": (cull(account_threshold=0), cull(account_threshold=WAD)),
    "no system threshold": (cull(system_threshold=0), cull(system_threshold=WAD)),
    "no credit": (cull(credit_cap=CULL.credit_cap + WAD), cull(credit_cap=0)),
    "fund cap": (fund_cap(FUND_CAP + WAD), fund_cap(FUND_CAP - WAD)),
    "roles": (("set_venue", VENUE, 4), ("set_venue", VENUE, 1)),
    "one role more": (("set_venue", VENUE, 7), ("set_venue", VENUE, 0)),
    "guardian": (("set_guardian", STRANGER), ("set_guardian", GUARDIAN)),
    "no guardian": (("set_guardian", 0), ("set_guardian", GUARDIAN)),
    "delay": (("set_delay", DELAY - 1), ("set_delay", DELAY + 1)),
}
LOOSER = [looser for looser, _ in LOOSER_AND_TIGHTER.values()] + [
    asset_listing(),
    market_listing(),
    ("set_governor", STRANGER),
    ("resume", BTC),
    ("withdraw_reserve", BTC, 10**7, STRANGER),
]
# The end of a pause changes no parameter.
TIGHTER = [tighter for _, tighter in LOOSER_AND_TIGHTER.values()] + [
    ("unpause_asset", BTC),
    ("unpause_market", 0),
]
# A setter of several parameters loosens if one of them does.
MIXED = [
    asset_risk(haircut={"weight": 0}, fees={"taker": FEES.taker + 1}),
    asset_risk(haircut={"factor": HAIRCUT.factor - 1}, fees={"taker": 0}),
    caps(supply_cap=WAD, borrow_cap=501 * WAD),
    guards(max_utilisation=8_000, outflow_floor=101 * WAD),
    limits(max_open_interest=0, max_scale=19_999),
    cull(credit_cap=0, system_threshold=0),
]


@pytest.mark.parametrize("change", LOOSER + MIXED, ids=name_of)
def test_what_loosens_waits(office, change):
    desk = office.open(with_reserve(set_up()))
    assert desk.refuse(GOVERNOR, *change) == "not queued"
    desk.play(GOVERNOR, "queue", change)
    desk.wait(DELAY - 1)
    assert desk.refuse(GOVERNOR, *change) == "not ready"
    desk.wait(1)
    desk.play(GOVERNOR, *change)


@each(TIGHTER + SETTERS)
def test_what_does_not_loosen_is_done_at_once(desk, change):
    desk.play(GOVERNOR, *change)


@each(LOOSER + MIXED)
def test_without_a_delay_nothing_waits(office, change):
    desk = office.open(with_reserve(free()))
    desk.play(GOVERNOR, *change)


@each([caps(0, 0), limits(reference=0), guards(outflow_share=0, outflow_floor=0)])
def test_to_set_what_was_not_limited_tightens(office, change):
    desk = office.open(free())
    desk.play(GOVERNOR, *change)
    desk.play(GOVERNOR, "set_delay", DELAY)
    highest = {
        "set_caps": caps(MAX_CAP, MAX_CAP),
        "set_limits": limits(reference=MAX_REFERENCE),
        "set_guards": guards(outflow_share=BPS, outflow_floor=MAX_USDC),
    }
    desk.play(GOVERNOR, *highest[change[0]])


def test_to_set_what_was_never_realised_tightens(office):
    desk = office.open(free())
    desk.play(GOVERNOR, *cull(account_threshold=0, system_threshold=0))
    desk.play(GOVERNOR, "set_delay", DELAY)
    desk.play(GOVERNOR, *cull(account_threshold=MAX_USDC, system_threshold=MAX_USDC))


def test_the_first_guardian_is_named_at_once(office):
    desk = office.open(replace(set_up(), guardian=0))
    desk.play(GOVERNOR, "set_guardian", GUARDIAN)
    assert desk.refuse(GOVERNOR, "set_guardian", STRANGER) == "not queued"


@pytest.mark.parametrize("change", LOOSER, ids=name_of)
def test_every_argument_is_announced(office, change):
    """A change in the last word of a call is another change."""
    desk = office.open(with_reserve(set_up()))
    data = desk.calldata(change)
    other = data[:-1] + bytes([data[-1] ^ 1])
    key = int.from_bytes(keccak(other))
    slot = desk.slot(("queued", key))
    desk.chain._evm.insert_account_storage(desk.body, slot, desk.now - DELAY)
    assert desk.refuse(GOVERNOR, *change) == "not queued"


@pytest.mark.parametrize("change", LOOSER + TIGHTER, ids=name_of)
def test_only_the_governor_sets(desk, change):
    for caller in (STRANGER, GUARDIAN):
        assert desk.refuse(caller, *change) == "not the governor"


# Curves

rates = st.integers(0, 50).map(lambda rate: rate * UNIT)
curves = st.builds(
    Curve,
    base=rates,
    slope_low=rates,
    slope_high=rates,
    optimal=st.integers(1, 19).map(lambda part: part * WAD // 20),
    reserve_share=st.just(0),
)


@given(curves, curves, st.integers(0, WAD))
def test_a_curve_that_is_not_lower_is_lower_nowhere(old, new, utilisation):
    if not is_lower_curve(old, new):
        assert compute_rate(new, utilisation) >= compute_rate(old, utilisation)


def test_the_rule_is_no_stricter_than_it_has_to_be_for_one_bend():
    """Each part of the rule refuses a curve that really is lower somewhere."""
    for looser, tighter in list(LOOSER_AND_TIGHTER.values())[:4]:
        new, fine = looser[2], tighter[2]
        places = [0, CURVE.optimal, new.optimal, WAD]
        assert is_lower_curve(CURVE, new)
        assert not is_lower_curve(CURVE, fine)
        assert any(
            compute_rate(new, place) < compute_rate(CURVE, place) for place in places
        )
