"""
The bounds of every parameter, which hold for the governor too: `GovernanceCode` refuses
what is beyond them. The highest rate is that of `interest_rate`.
"""

from dataclasses import replace

import pytest

from specs.bounds import (
    MAX_CAP,
    MAX_FEE,
    MAX_LISTED,
    MAX_MIN_LOTS,
    MAX_OPEN_INTEREST,
    MAX_REFERENCE,
    MAX_RESERVE_SHARE,
    MAX_SCALE,
    MAX_USDC,
    MIN_BASE_MMF,
    MIN_OUTFLOW_SHARE,
    ROLES,
    USDC_UNIT,
)
from specs.delays import MAX_DELAY
from specs.fixed_point import BPS, PPM, WAD
from specs.funding import MAX_INTERVAL, MIN_INTERVAL
from specs.perpetual import MAX_LOTS
from specs.requirements import MAX_FACTOR, SCALE_ONE
from specs.state import Cull
from tests.helpers.office import address_of
from tests.helpers.settings import (
    BY_ASSET,
    BY_MARKET,
    CULL,
    GUARDS,
    HAIRCUT,
    HIGHEST,
    NEW,
    PERPETUAL,
    REQUIREMENT,
    UNIT,
    asset_listing,
    asset_risk,
    caps,
    cull,
    curve,
    each,
    fund_cap,
    guards,
    limits,
    market_listing,
    market_risk,
)
from tests.helpers.worlds import BTC, CURVE, FEES, GOVERNOR, STRANGER, UNLISTED

# Bounds

HUGE = 2**256 - 1
SUM = CURVE.base + CURVE.slope_low
WITHIN = [
    curve(slope_high=HIGHEST - SUM),
    curve(base=0, slope_low=0, slope_high=0),
    curve(optimal=WAD // PPM),
    curve(optimal=WAD - WAD // PPM),
    curve(reserve_share=MAX_RESERVE_SHARE),
    curve(reserve_share=0),
    asset_risk(haircut={"weight": PPM, "factor": MAX_FACTOR}),
    asset_risk(haircut={"weight": 0, "factor": 0}),
    asset_risk(requirement={"base_imf": PPM, "base_mmf": PPM}),
    asset_risk(fees={"maker": MAX_FEE, "taker": MAX_FEE}),
    market_risk({"base_mmf": MIN_BASE_MMF}),
    market_risk({"base_imf": PERPETUAL.base_mmf}),
    market_risk({"imf_factor": MAX_FACTOR, "mmf_factor": MAX_FACTOR}),
    market_risk({"imf_factor": 0, "mmf_factor": 0}),
    caps(0, MAX_CAP),
    caps(MAX_CAP, 0),
    guards(max_utilisation=BPS, threshold=BPS, throttle_share=BPS, outflow_share=BPS),
    guards(max_utilisation=0, threshold=0, throttle_share=0),
    guards(outflow_share=0, outflow_floor=0),
    guards(outflow_share=MIN_OUTFLOW_SHARE, outflow_floor=WAD),
    guards(outflow_floor=MAX_USDC),
    limits(max_open_interest=MAX_OPEN_INTEREST, max_position=MAX_LOTS),
    limits(max_open_interest=0, max_position=0, min_lots=1),
    limits(min_lots=MAX_MIN_LOTS, open_interest_factor=MAX_FACTOR),
    limits(reference=MAX_REFERENCE, max_scale=MAX_SCALE),
    limits(reference=0, max_scale=SCALE_ONE, open_interest_factor=0),
    ("set_cull", 0, Cull(MAX_USDC, MAX_USDC, MAX_USDC)),
    ("set_cull", 0, Cull(0, 0, 0)),
    fund_cap(MAX_USDC),
    fund_cap(0),
    ("set_venue", STRANGER, ROLES),
    ("set_guardian", 0),
    ("set_delay", MAX_DELAY),
    ("set_delay", 0),
]
BEYOND = [
    curve(slope_high=HIGHEST - SUM + UNIT),
    curve(base=HIGHEST + UNIT),
    curve(slope_low=HIGHEST + UNIT),
    curve(base=2**255 // UNIT * UNIT),
    curve(optimal=0),
    curve(optimal=WAD),
    curve(reserve_share=MAX_RESERVE_SHARE + WAD // PPM),
    asset_risk(haircut={"weight": PPM + 1}),
    asset_risk(haircut={"factor": MAX_FACTOR + 1}),
    asset_risk(requirement={"base_imf": REQUIREMENT.base_mmf - 1}),
    asset_risk(requirement={"base_imf": PPM + 1}),
    asset_risk(fees={"maker": MAX_FEE + 1}),
    asset_risk(fees={"taker": MAX_FEE + 1}),
    market_risk({"base_mmf": MIN_BASE_MMF - 1}),
    market_risk({"base_imf": PERPETUAL.base_mmf - 1}),
    market_risk({"imf_factor": PERPETUAL.mmf_factor - 1}),
    market_risk({"imf_factor": MAX_FACTOR + 1}),
    market_risk({"imf_factor": HUGE, "mmf_factor": HUGE}),
    market_risk(fees={"maker": MAX_FEE + 1}),
    caps(supply_cap=MAX_CAP + WAD),
    caps(borrow_cap=MAX_CAP + WAD),
    caps(supply_cap=WAD + 1),
    caps(borrow_cap=WAD - 1),
    caps(supply_cap=HUGE),
    guards(max_utilisation=BPS + 1),
    guards(threshold=GUARDS["max_utilisation"] + 1),
    guards(throttle_share=BPS + 1),
    guards(outflow_share=BPS + 1),
    guards(outflow_share=MIN_OUTFLOW_SHARE - 1),
    guards(outflow_floor=0),
    guards(outflow_floor=WAD + 1),
    guards(outflow_floor=MAX_USDC + WAD),
    limits(max_open_interest=MAX_OPEN_INTEREST + 1),
    limits(max_position=MAX_LOTS + 1),
    limits(min_lots=0),
    limits(min_lots=MAX_MIN_LOTS + 1),
    limits(open_interest_factor=MAX_FACTOR + 1),
    limits(reference=MAX_REFERENCE + 1),
    limits(max_scale=SCALE_ONE - 1),
    limits(max_scale=MAX_SCALE + 1),
    *(cull(**{name: MAX_USDC + USDC_UNIT}) for name in vars(CULL)),
    *(cull(**{name: USDC_UNIT + 1}) for name in vars(CULL)),
    fund_cap(MAX_USDC + WAD),
    fund_cap(WAD + 1),
    fund_cap(HUGE),
    ("set_venue", STRANGER, ROLES + 1),
    ("set_governor", 0),
    ("set_delay", MAX_DELAY + 1),
]


@each(WITHIN)
def test_what_is_within_bounds_is_set(free_desk, change):
    free_desk.play(GOVERNOR, *change)


@each(BEYOND)
def test_what_is_beyond_bounds_is_refused(free_desk, change):
    assert free_desk.refuse(GOVERNOR, *change) == "out of bounds"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"asset": MAX_LISTED - 1}, None),
        ({"asset": MAX_LISTED}, "out of bounds"),
        ({"asset": BTC}, "already listed"),
        ({"asset": 0}, "already listed"),
        ({"decimals": 0}, None),
        ({"decimals": 19}, "out of bounds"),
        ({"curve": replace(CURVE, optimal=0)}, "out of bounds"),
        ({"haircut": replace(HAIRCUT, weight=PPM + 1)}, "out of bounds"),
        ({"requirement": replace(REQUIREMENT, base_mmf=0)}, "out of bounds"),
        ({"fees": replace(FEES, taker=MAX_FEE + 1)}, "out of bounds"),
    ],
)
def test_the_bounds_of_a_new_asset(free_desk, changes, reason):
    check(free_desk, asset_listing(**changes), reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"market": MAX_LISTED - 1}, None),
        ({"market": MAX_LISTED}, "out of bounds"),
        ({"market": 0}, "already listed"),
        ({"underlying": 0}, "unknown asset"),
        ({"underlying": UNLISTED}, "unknown asset"),
        ({"underlying": HUGE}, "unknown asset"),
        ({"lot_exponent": 12}, None),
        ({"lot_exponent": 11}, "out of bounds"),
        ({"lot_exponent": 18}, None),
        ({"lot_exponent": 19}, "out of bounds"),
        ({"interval": MIN_INTERVAL}, None),
        ({"interval": MIN_INTERVAL - 1}, "out of bounds"),
        ({"interval": MAX_INTERVAL}, None),
        ({"interval": MAX_INTERVAL + 1}, "out of bounds"),
        ({"cap": MAX_USDC}, None),
        ({"cap": MAX_USDC + WAD}, "out of bounds"),
        ({"cap": WAD + 1}, "out of bounds"),
        ({"requirement": replace(PERPETUAL, base_mmf=0)}, "out of bounds"),
        ({"fees": replace(FEES, maker=MAX_FEE + 1)}, "out of bounds"),
    ],
)
def test_the_bounds_of_a_new_market(free_desk, changes, reason):
    check(free_desk, market_listing(**changes), reason)


def check(desk, change, reason):
    """Expect a change to be refused for a reason, or to be made."""
    if reason:
        assert desk.refuse(GOVERNOR, *change) == reason
    else:
        desk.play(GOVERNOR, *change)


def test_a_token_has_one_number(free_desk):
    free_desk.play(GOVERNOR, *asset_listing())
    token = free_desk.token_of(NEW, 18)
    free_desk.tokens[NEW + 1, 18] = token
    data = free_desk.calldata(asset_listing(asset=NEW + 1))
    with pytest.raises(Exception, match="already listed"):
        free_desk.chain.send_raw(address_of(GOVERNOR), free_desk.body, data)
    del free_desk.tokens[NEW + 1, 18]


@each([*BY_ASSET, ("ramp_weight", BTC), ("withdraw_reserve", BTC, 1, STRANGER)])
@pytest.mark.parametrize("asset", [UNLISTED, HUGE])
def test_what_is_not_listed_as_an_asset_cannot_be_set(free_desk, change, asset):
    name, _, *arguments = change
    assert free_desk.refuse(GOVERNOR, name, asset, *arguments) == "unknown asset"


@each(BY_MARKET)
@pytest.mark.parametrize("market", [UNLISTED, HUGE])
def test_what_is_not_listed_as_a_market_cannot_be_set(free_desk, change, market):
    name, _, *arguments = change
    assert free_desk.refuse(GOVERNOR, name, market, *arguments) == "unknown market"
