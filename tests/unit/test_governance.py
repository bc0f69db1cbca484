"""What waits and for how long; what setters log and leave alone; the reserve."""

from dataclasses import replace

import pytest

from specs.accounts import USDC
from specs.delays import MAX_DELAY, WINDOW
from specs.fixed_point import RAY, WAD
from specs.state import with_market, with_pool
from specs.world import Action
from tests.helpers.office import address_of, encoded
from tests.helpers.protocol import Stage
from tests.helpers.scenes import AT_WORK
from tests.helpers.settings import (
    BY_ASSET,
    BY_MARKET,
    CAPS,
    CULL,
    DELAY,
    FUND_CAP,
    GUARDS,
    HAIRCUT,
    LIMITS,
    NEW,
    PERPETUAL,
    REQUIREMENT,
    asset_listing,
    asset_risk,
    caps,
    cull,
    curve,
    free,
    fund_cap,
    guards,
    limits,
    market_listing,
    market_risk,
    name_of,
    with_reserve,
)
from tests.helpers.worlds import (
    BTC,
    CURVE,
    FEES,
    GOVERNOR,
    GUARDIAN,
    INTERVAL,
    STRANGER,
    lender,
    own,
)

# The queue

CHANGE = fund_cap(FUND_CAP + WAD)


def test_what_is_queued_is_logged(desk):
    told = {"change": "0x" + desk.hash(CHANGE).hex(), "time": desk.now}
    ((name, found),) = desk.play(GOVERNOR, "queue", CHANGE)
    assert name == "ChangeQueued"
    assert hex_of(found) == told | {"ready_at": desk.now + DELAY}
    ((name, found),) = desk.play(GUARDIAN, "cancel_change", CHANGE)
    assert name == "ChangeCancelled"
    assert hex_of(found) == told | {"caller": address_of(GUARDIAN)}


def hex_of(found):
    """Return an event's values with bytes written in hex."""
    return {
        name: "0x" + value.hex() if isinstance(value, bytes) else value
        for name, value in found.items()
    }


def test_a_change_can_be_made_until_the_window_ends(desk):
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.wait(DELAY + WINDOW)
    desk.play(GOVERNOR, *CHANGE)


def test_a_change_expires(desk):
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.wait(DELAY + WINDOW + 1)
    assert desk.refuse(GOVERNOR, *CHANGE) == "change expired"
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.wait(DELAY)
    desk.play(GOVERNOR, *CHANGE)


def test_a_change_is_made_once(desk):
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.wait(DELAY)
    desk.play(GOVERNOR, *CHANGE)
    desk.play(GOVERNOR, *fund_cap())
    assert desk.refuse(GOVERNOR, *CHANGE) == "not queued"


def test_a_change_that_tightens_uses_its_announcement_up(desk):
    desk.play(GOVERNOR, "queue", fund_cap())
    desk.wait(DELAY)
    desk.play(GOVERNOR, *fund_cap())
    desk.play(GOVERNOR, *fund_cap(0))
    assert desk.refuse(GOVERNOR, *fund_cap()) == "not queued"


def test_what_is_queued_again_waits_anew(desk):
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.wait(DELAY)
    desk.play(GOVERNOR, "queue", CHANGE)
    assert desk.refuse(GOVERNOR, *CHANGE) == "not ready"


def test_a_longer_delay_holds_for_what_is_queued(desk):
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.play(GOVERNOR, "set_delay", MAX_DELAY)
    desk.wait(DELAY)
    assert desk.refuse(GOVERNOR, *CHANGE) == "not ready"
    desk.wait(MAX_DELAY - DELAY)
    desk.play(GOVERNOR, *CHANGE)


@pytest.mark.parametrize("caller", [GOVERNOR, GUARDIAN])
def test_a_change_is_cancelled_by_governor_and_guardian(desk, caller):
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.play(caller, "cancel_change", CHANGE)
    desk.wait(DELAY)
    assert desk.refuse(GOVERNOR, *CHANGE) == "not queued"
    assert desk.refuse(caller, "cancel_change", CHANGE) == "not queued"


def test_a_guardian_does_not_object_to_its_dismissal(desk):
    dismissal, exchange = ("set_guardian", 0), ("set_guardian", STRANGER)
    desk.play(GOVERNOR, "queue", exchange)
    desk.play(GUARDIAN, "cancel_change", exchange)
    desk.play(GOVERNOR, "queue", dismissal)
    told = desk.refuse(GUARDIAN, "cancel_change", dismissal)
    assert told == "not the governor"
    desk.wait(DELAY)
    desk.play(GOVERNOR, *dismissal)
    desk.play(GOVERNOR, *exchange)
    assert desk.state.guardian == STRANGER


def test_the_governor_takes_a_dismissal_back(desk):
    desk.play(GOVERNOR, "queue", ("set_guardian", 0))
    desk.play(GOVERNOR, "cancel_change", ("set_guardian", 0))
    desk.wait(DELAY)
    assert desk.refuse(GOVERNOR, "set_guardian", 0) == "not queued"


def test_a_stranger_neither_queues_nor_cancels(desk):
    desk.play(GOVERNOR, "queue", CHANGE)
    for caller in (STRANGER, GUARDIAN):
        assert desk.refuse(caller, "queue", CHANGE) == "not the governor"
    told = desk.refuse(STRANGER, "cancel_change", CHANGE)
    assert told == "not the guardian"


def test_what_is_behind_the_arguments_does_not_matter(desk):
    desk.play(GOVERNOR, "queue", CHANGE)
    desk.wait(DELAY)
    before = desk.words(desk.state)
    desk.state = desk.compute(GOVERNOR, CHANGE[0], CHANGE[1:])
    data = desk.calldata(CHANGE) + b"more"
    desk.chain.send_raw(address_of(GOVERNOR), desk.body, data)
    desk.compare(before)


# Events


@pytest.mark.parametrize(
    ("change", "name", "told"),
    [
        (curve(), "CurveSet", {"asset": BTC, "curve": encoded(CURVE)}),
        (
            asset_risk(),
            "AssetRiskSet",
            {
                "asset": BTC,
                "haircut": encoded(HAIRCUT),
                "requirement": encoded(REQUIREMENT),
                "fees": encoded(FEES),
            },
        ),
        (
            market_risk(),
            "MarketRiskSet",
            {"market": 0, "requirement": encoded(PERPETUAL), "fees": encoded(FEES)},
        ),
        (
            caps(),
            "CapsSet",
            {"asset": BTC, "supply_cap": CAPS[0], "borrow_cap": CAPS[1]},
        ),
        (guards(), "GuardsSet", {"asset": BTC, **GUARDS}),
        (limits(), "LimitsSet", {"market": 0, "limits": encoded(LIMITS)}),
        (cull(), "CullSet", {"market": 0, "cull": encoded(CULL)}),
        (fund_cap(7 * WAD), "FundCapSet", {"market": 0, "cap": 7 * WAD}),
        (
            ("set_venue", STRANGER, 4),
            "VenueSet",
            {"venue": address_of(STRANGER), "roles": 4},
        ),
        (
            ("set_governor", STRANGER),
            "GovernorSet",
            {"governor": address_of(STRANGER)},
        ),
        (
            ("set_guardian", STRANGER),
            "GuardianSet",
            {"guardian": address_of(STRANGER)},
        ),
        (("set_delay", 5), "DelaySet", {"delay": 5}),
    ],
    ids=name_of,
)
def test_a_setter_logs_what_it_set(free_desk, change, name, told):
    logged = free_desk.play(GOVERNOR, *change)
    assert logged == [(name, told | {"time": free_desk.now})]


def test_a_listing_of_an_asset_is_logged(free_desk):
    logged = dict(free_desk.play(GOVERNOR, *asset_listing()))
    assert list(logged) == ["AssetListed", "CurveSet", "AssetRiskSet"]
    assert logged["AssetListed"] == {
        "asset": NEW,
        "token": free_desk.token_of(NEW, 18).address,
        "decimals": 18,
        "time": free_desk.now,
    }


def test_a_listing_of_a_market_is_logged(free_desk):
    logged = dict(free_desk.play(GOVERNOR, *market_listing(cap=5 * WAD)))
    assert list(logged) == ["MarketListed", "MarketRiskSet", "FundCapSet"]
    assert logged["MarketListed"] == {
        "market": NEW,
        "underlying": BTC,
        "lot": 10**14,
        "interval": INTERVAL,
        "time": free_desk.now,
    }
    assert logged["FundCapSet"]["cap"] == 5 * WAD


# Effects


def test_a_new_curve_does_not_reprice_the_past(office):
    desk = office.open(with_reserve(free()))
    before = desk.state.assets[BTC].pool
    desk.wait(100_000)
    desk.play(GOVERNOR, *curve(base=0, slope_low=0))
    pool = desk.state.assets[BTC].pool
    assert pool.accrued_at == desk.now
    assert pool.borrow_index > before.borrow_index
    assert pool.reserve > before.reserve


def test_a_setting_leaves_what_it_shares_a_word_with(office):
    """Prices, pauses, halts and what guards remember are of others."""
    remembered = {"average": 3 * WAD, "averaged_at": 5, "admissible": 6, "step": 9}
    state = free()
    listed, market = state.assets[BTC], state.markets[0]
    guarding = replace(listed.pool.guards, **remembered)
    pool = replace(listed.pool, is_paused=True, is_halted=True, guards=guarding)
    quote = replace(listed.quote, slow=2 * WAD, fast=3 * WAD, time=77)
    changed = replace(
        market,
        quote=quote,
        fund=replace(market.fund, balance=-3 * WAD),
        scales=replace(market.scales, imf=11_000, mmf=10_500, open_interest_imf=7),
        is_paused=True,
    )
    state = with_market(with_pool(state, BTC, pool), 0, changed)
    state = replace(
        state, assets=state.assets | {BTC: replace(state.assets[BTC], quote=quote)}
    )
    desk = office.open(state)
    for change in [*BY_ASSET, *BY_MARKET]:
        desk.play(GOVERNOR, *change)
    assert desk.state.assets[BTC].pool.is_halted
    assert desk.state.markets[0] == changed


def test_the_old_governor_governs_no_more(free_desk):
    free_desk.play(GOVERNOR, "set_governor", STRANGER)
    assert free_desk.refuse(GOVERNOR, "set_delay", 1) == "not the governor"
    free_desk.play(STRANGER, "set_delay", 1)


# The reserve


@pytest.fixture
def rich_desk(office):
    return office.open(with_reserve(free()))


def test_the_reserve_pays_for_what_it_takes_out(rich_desk):
    before = rich_desk.state.assets[BTC].pool
    rich_desk.wait(1_000)
    logged = rich_desk.play(GOVERNOR, "withdraw_reserve", BTC, 10**8, STRANGER)
    pool = rich_desk.state.assets[BTC].pool
    assert before.cash - pool.cash == WAD
    assert pool.accrued_at == rich_desk.now
    assert pool.lends * pool.lend_index < before.lends * before.lend_index
    assert rich_desk.state.assets[BTC].custody == -(10**8)
    token = rich_desk.token_of(BTC, 8)
    assert rich_desk.chain.call(token, "balanceOf", address_of(STRANGER)) == 10**8
    told = {"asset": BTC, "receiver": address_of(STRANGER), "amount": WAD}
    assert logged == [("ReserveWithdrawn", told | {"time": rich_desk.now})]


def test_the_reserves_lend_is_burned_rounded_up(rich_desk):
    before = rich_desk.state.assets[BTC].pool
    rich_desk.open(rich_desk.state, before.accrued_at)
    rich_desk.play(GOVERNOR, "withdraw_reserve", BTC, 1, STRANGER)
    pool = rich_desk.state.assets[BTC].pool
    burned = before.reserve - pool.reserve
    assert (burned - 1) * pool.lend_index < 10**10 * RAY <= burned * pool.lend_index
    assert before.lends - pool.lends == burned


@pytest.mark.parametrize(
    ("changes", "tokens", "receiver", "reason"),
    [
        ({}, 0, STRANGER, "zero amount"),
        ({}, 10**20 + 1, STRANGER, "amount too large"),
        ({}, 3 * 10**8, STRANGER, "insufficient balance"),
        ({"cash": WAD - 1}, 10**8, STRANGER, "insufficient cash"),
        ({"is_halted": True}, 10**8, STRANGER, "pool halted"),
        ({}, 10**8, 0, "wrong receiver"),
    ],
)
def test_a_withdrawal_of_the_reserve_is_refused(
    rich_desk, changes, tokens, receiver, reason
):
    pool = replace(rich_desk.state.assets[BTC].pool, **changes)
    desk = rich_desk.open(with_pool(rich_desk.state, BTC, pool))
    assert desk.refuse(GOVERNOR, "withdraw_reserve", BTC, tokens, receiver) == reason


def test_the_reserve_leaves_within_the_outflow_window(rich_desk):
    """Of what has been there for a day, 5 % may be missing, as for users."""
    rich_desk.play(GOVERNOR, "set_guards", BTC, 9_000, 8_000, 5_000, 500, 10**18)
    rich_desk.play(GOVERNOR, "withdraw_reserve", BTC, 10**8, STRANGER)
    guarding = rich_desk.state.assets[BTC].pool.guards
    assert (guarding.average, guarding.averaged_at) == (25 * WAD, rich_desk.now)
    told = rich_desk.refuse(GOVERNOR, "withdraw_reserve", BTC, 10**8, STRANGER)
    assert told == "outflow too large"


# Through the one address


@pytest.fixture
def stage():
    with Stage().at(AT_WORK) as stage:
        yield stage


def govern(name, *arguments):
    return Action(name, GOVERNOR, arguments)


def test_calldata_arrives_as_it_was_announced(stage):
    change = govern("set_venue", STRANGER, 1)
    stage.play(govern("set_delay", DELAY))
    assert stage.refuse(change) == "not queued"
    stage.play(govern("queue", ("set_venue", STRANGER, 1)))
    stage.play(Action("wait", STRANGER, (DELAY,)))
    stage.play(change)
    assert stage.world.clearing.queued == {}


def test_a_venue_that_is_dismissed_fills_no_more(stage):
    stage.play(govern("set_venue", STRANGER, 1))
    stage.play(govern("set_venue", STRANGER, 0))
    fill = Action("fill_perp", STRANGER, (0, lender, lender + 1, 1, WAD, True))
    assert stage.refuse(fill) == "not a venue"


def test_the_reserves_tokens_leave_the_vault(stage):
    stage.play(Action("wait", STRANGER, (10**6,)))
    stage.play(own("deposit", lender, USDC, 10**6))
    custody = stage.world.clearing.assets[USDC].custody
    stage.play(govern("withdraw_reserve", USDC, 1, STRANGER))
    assert stage.world.clearing.assets[USDC].custody == custody - 1
    vault = int(stage.made.contracts["Clearinghouse"].address, 16)
    told = stage.made.reason(
        GOVERNOR, "Clearinghouse", "withdraw_reserve", USDC, 1, address_of(vault)
    )
    assert told == "wrong receiver"
