"""Setters: what they log, and the bounds that hold for the governor too."""

from dataclasses import replace

import pytest

from specs.fixed_point import PPM, WAD
from specs.funding import MAX_INTERVAL, MIN_INTERVAL
from specs.governance import (
    MAX_FACTOR,
    MAX_FEE,
    MAX_FUND_CAP,
    MAX_LISTED,
    MAX_RESERVE_SHARE,
    MIN_BASE_MMF,
    ROLES,
)
from specs.interest_rate import MAX_RATE
from specs.world import Action
from tests.helpers.deployers import address_of, curve_fields, fields
from tests.helpers.protocol import Stage
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import (
    ASSETS,
    BTC,
    CURVE,
    ETH,
    FEES,
    GOVERNOR,
    HAIRCUTS,
    INTERVAL,
    PERPETUALS,
    REQUIREMENTS,
    STRANGER,
    UNLISTED,
    lender,
    own,
)

UNIT = 10**9
"""Of a curve's rates, RAY per second."""

HIGHEST = MAX_RATE // UNIT * UNIT
HAIRCUT, REQUIREMENT, PERPETUAL = HAIRCUTS[BTC], REQUIREMENTS[BTC], PERPETUALS[0]
NEW = 7
HUGE = 2**256 - 1


@pytest.fixture(scope="module")
def deployed():
    return Stage()


@pytest.fixture
def stage(deployed):
    with deployed.at(AT_WORK):
        yield deployed


def govern(name, *arguments):
    return Action(name, GOVERNOR, arguments)


# Events


@pytest.mark.parametrize(
    ("action", "name", "told"),
    [
        (
            govern("set_curve", BTC, CURVE),
            "CurveSet",
            {"asset": BTC, "curve": curve_fields(CURVE)},
        ),
        (
            govern("set_asset_risk", BTC, HAIRCUT, REQUIREMENT, FEES),
            "AssetRiskSet",
            {
                "asset": BTC,
                "haircut": fields(HAIRCUT),
                "requirement": fields(REQUIREMENT),
                "fees": fields(FEES),
            },
        ),
        (
            govern("set_market_risk", 0, PERPETUAL, FEES),
            "MarketRiskSet",
            {"market": 0, "requirement": fields(PERPETUAL), "fees": fields(FEES)},
        ),
        (
            govern("set_fund_cap", 0, 7 * WAD),
            "FundCapSet",
            {"market": 0, "cap": 7 * WAD},
        ),
        (govern("set_venue", STRANGER, 4), "VenueSet", {"roles": 4}),
        (govern("set_governor", STRANGER), "GovernorSet", {}),
    ],
    ids=lambda x: x.name if isinstance(x, Action) else "",
)
def test_a_setter_logs_what_it_set(stage, action, name, told):
    who = {"VenueSet": "venue", "GovernorSet": "governor"}.get(name)
    if who:
        told = told | {who: stage.made.at(STRANGER)}
    told = told | {"time": stage.world.now}
    ((logged, found),) = stage.events(action)
    assert (logged, found) == (name, told)


# Bounds


def curve(**changes):
    return govern("set_curve", BTC, replace(CURVE, **changes))


def asset_risk(**changes):
    records = {"haircut": HAIRCUT, "requirement": REQUIREMENT, "fees": FEES}
    changed = {
        name: replace(record, **changes.get(name, {}))
        for name, record in records.items()
    }
    return govern("set_asset_risk", BTC, *changed.values())


def market_risk(**changes):
    return govern("set_market_risk", 0, replace(PERPETUAL, **changes), FEES)


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
    market_risk(base_mmf=MIN_BASE_MMF),
    market_risk(base_imf=PERPETUAL.base_mmf),
    market_risk(imf_factor=MAX_FACTOR, mmf_factor=MAX_FACTOR),
    market_risk(imf_factor=0, mmf_factor=0),
    govern("set_fund_cap", 0, MAX_FUND_CAP),
    govern("set_fund_cap", 0, 0),
    govern("set_venue", STRANGER, ROLES),
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
    market_risk(base_mmf=MIN_BASE_MMF - 1),
    market_risk(base_imf=PERPETUAL.base_mmf - 1),
    market_risk(imf_factor=PERPETUAL.mmf_factor - 1),
    market_risk(imf_factor=MAX_FACTOR + 1),
    market_risk(imf_factor=HUGE, mmf_factor=HUGE),
    govern("set_fund_cap", 0, MAX_FUND_CAP + 1),
    govern("set_fund_cap", 0, HUGE),
    govern("set_venue", STRANGER, ROLES + 1),
    govern("set_governor", 0),
]


def test_what_is_within_bounds_is_set(stage):
    for action in WITHIN:
        stage.play(action)


@pytest.mark.parametrize("action", BEYOND, ids=lambda action: action.name)
def test_what_is_beyond_bounds_is_refused(stage, action):
    assert stage.refuse(action) == "out of bounds"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (govern("set_curve", UNLISTED, CURVE), "unknown asset"),
        (
            govern("set_asset_risk", UNLISTED, HAIRCUT, REQUIREMENT, FEES),
            "unknown asset",
        ),
        (govern("set_market_risk", UNLISTED, PERPETUAL, FEES), "unknown market"),
        (govern("set_fund_cap", UNLISTED, 0), "unknown market"),
        (govern("set_fund_cap", HUGE, 0), "unknown market"),
    ],
    ids=lambda x: x.name if isinstance(x, Action) else "",
)
def test_what_is_not_listed_cannot_be_set(stage, action, reason):
    assert stage.refuse(action) == reason


# Effects


def test_a_new_curve_does_not_reprice_the_past(stage):
    stage.play(Action("wait", STRANGER, (100_000,)))
    before = stage.world.clearing.assets[0].pool.borrow_index
    stage.play(govern("set_curve", 0, replace(CURVE, base=0, slope_low=0)))
    pool = stage.world.clearing.assets[0].pool
    assert pool.accrued_at == stage.world.now
    assert pool.borrow_index > before
    stage.play(Action("wait", STRANGER, (100_000,)))
    stage.play(own("deposit", lender, 0, 1))
    assert stage.world.clearing.assets[0].pool.borrow_index == pool.borrow_index


def test_a_setting_leaves_prices_and_funding_alone(stage):
    before = stage.world.clearing
    stage.play(asset_risk(haircut={"weight": 1}))
    stage.play(market_risk(base_imf=PPM))
    after = stage.world.clearing
    assert after.assets[BTC].quote == before.assets[BTC].quote
    assert after.markets[0].quote == before.markets[0].quote
    assert after.markets[0].interval == before.markets[0].interval


def test_a_venue_that_is_dismissed_fills_no_more(stage):
    stage.play(govern("set_venue", STRANGER, 1))
    stage.play(govern("set_venue", STRANGER, 0))
    fill = Action("fill_perp", STRANGER, (0, lender, lender + 1, 1, WAD, True))
    assert stage.refuse(fill) == "not a venue"


def test_the_old_governor_governs_no_more(stage):
    stage.play(govern("set_governor", STRANGER))
    assert stage.refuse(govern("set_venue", STRANGER, 1)) == "not the governor"
    stage.play(Action("set_venue", STRANGER, (GOVERNOR, 1)))
    assert stage.made.view("Clearinghouse", "governor") == stage.made.at(STRANGER)


# Listing: the specification's assets have no token, so these are the contract's alone


def asset_listing(made, **changes):
    """Return the arguments that list a new asset, with changes."""
    token = made.chain.deploy(address_of(STRANGER), "MockToken", "", "", 18)
    usual = {
        "asset": NEW,
        "token": token.address,
        "curve": curve_fields(CURVE),
        "haircut": fields(HAIRCUT),
        "requirement": fields(REQUIREMENT),
        "fees": fields(FEES),
    }
    return tuple((usual | changes).values())


def market_listing(**changes):
    """Return the arguments that list a new market, with changes."""
    usual = {
        "market": NEW,
        "underlying": BTC,
        "lot_exponent": 14,
        "interval": INTERVAL,
        "requirement": fields(PERPETUAL),
        "fees": fields(FEES),
        "cap": 0,
    }
    return tuple((usual | changes).values())


def list_by_name(made, method, arguments):
    return made.reason(GOVERNOR, "Clearinghouse", method, *arguments)


def test_a_listing_of_an_asset_is_logged(deployed):
    with deployed.made.undone() as made:
        listing = asset_listing(made)
        made.govern("list_asset", *listing)
        names = {event.name: event.arguments for event in made.receipt.events}
        assert list(names) == ["AssetListed", "CurveSet", "AssetRiskSet"]
        assert names["AssetListed"] == {
            "asset": NEW,
            "token": listing[1],
            "decimals": 18,
            "time": made.chain.block().timestamp,
        }
        assert made.view("Lens", "assets") == (0, BTC, ETH, NEW)


def test_a_listing_of_a_market_is_logged(deployed):
    with deployed.made.undone() as made:
        made.govern("list_market", *market_listing(cap=5))
        names = {event.name: event.arguments for event in made.receipt.events}
        assert list(names) == ["MarketListed", "MarketRiskSet", "FundCapSet"]
        assert names["MarketListed"] == {
            "market": NEW,
            "underlying": BTC,
            "lot": 10**14,
            "interval": INTERVAL,
            "time": made.chain.block().timestamp,
        }
        assert names["FundCapSet"]["cap"] == 5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"asset": MAX_LISTED - 1}, None),
        ({"asset": MAX_LISTED}, "out of bounds"),
        ({"asset": BTC}, "already listed"),
        ({"asset": 0}, "already listed"),
        ({"curve": (0, 0, 0, 0, 0)}, "out of bounds"),
        ({"haircut": (PPM + 1, 0)}, "out of bounds"),
        ({"requirement": (0, 0, 0, 0)}, "out of bounds"),
        ({"fees": (0, MAX_FEE + 1)}, "out of bounds"),
    ],
)
def test_the_bounds_of_a_new_asset(deployed, changes, reason):
    with deployed.made.undone() as made:
        listing = asset_listing(made, **changes)
        assert list_by_name(made, "list_asset", listing) == reason


def test_a_token_has_one_number(deployed):
    with deployed.made.undone() as made:
        for asset in ASSETS:
            listing = asset_listing(made, token=made.tokens[asset].address)
            assert list_by_name(made, "list_asset", listing) == "already listed"


@pytest.mark.parametrize(("decimals", "reason"), [(0, None), (19, "out of bounds")])
def test_a_token_has_at_most_18_decimals(deployed, decimals, reason):
    with deployed.made.undone() as made:
        token = made.chain.deploy(address_of(STRANGER), "MockToken", "", "", decimals)
        listing = asset_listing(made, token=token.address)
        assert list_by_name(made, "list_asset", listing) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"market": MAX_LISTED - 1}, None),
        ({"market": MAX_LISTED}, "out of bounds"),
        ({"market": 0}, "already listed"),
        ({"underlying": 0}, "unknown asset"),
        ({"underlying": UNLISTED}, "unknown asset"),
        ({"underlying": HUGE}, "unknown asset"),
        ({"lot_exponent": 0}, None),
        ({"lot_exponent": 18}, None),
        ({"lot_exponent": 19}, "out of bounds"),
        ({"interval": MIN_INTERVAL}, None),
        ({"interval": MIN_INTERVAL - 1}, "out of bounds"),
        ({"interval": MAX_INTERVAL}, None),
        ({"interval": MAX_INTERVAL + 1}, "out of bounds"),
        ({"cap": MAX_FUND_CAP}, None),
        ({"cap": MAX_FUND_CAP + 1}, "out of bounds"),
        ({"requirement": (0, 0, 0, 0)}, "out of bounds"),
        ({"fees": (MAX_FEE + 1, 0)}, "out of bounds"),
    ],
)
def test_the_bounds_of_a_new_market(deployed, changes, reason):
    with deployed.made.undone() as made:
        listing = market_listing(**changes)
        assert list_by_name(made, "list_market", listing) == reason
