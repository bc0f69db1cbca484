"""Takeovers through the Liquidator: when, by whom, at what price, and who pays."""

import pytest

from specs import backstop, liquidation_code, margin
from specs import clearinghouse as ch
from specs.accounts import BACKSTOP_FUND, USDC
from specs.binding import NOTICE
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.deployers import address_of
from tests.helpers.protocol import calldata
from tests.helpers.scenes import LENT_OUT, OWING
from tests.helpers.stages import leave
from tests.helpers.worlds import (
    BTC,
    ETH,
    PRICES,
    STRANGER,
    VENUE,
    backer,
    bull,
    hedger,
    lender,
    own,
    pledge,
    publish,
    trade,
    underwriter,
)

SCENE = OWING
WAIT = Action("wait", STRANGER, (1,))


def fall(stage, asset, price, waiting=1):
    """Take a new price over, and let so many seconds pass."""
    stage.play(WAIT)
    for action in publish({asset: price * WAD}):
        stage.play(action)
    for _ in range(waiting):
        stage.play(WAIT)


def liquidate(account=bull):
    return Action("liquidate", STRANGER, (account,))


def health_of(stage, account=bull):
    return ch.assess(stage.world.clearing, account, stage.world.now)


def named(events, name):
    return [told for found, told in events if found == name]


# When


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (60_000, "not liquidatable"),
        (36_500, "not liquidatable"),
        (35_600, "above backstop margin"),
    ],
)
def test_nobody_is_taken_over_too_early(stage, price, reason):
    fall(stage, BTC, price)
    assert stage.refuse(liquidate()) == reason
    assert stage.made.view("Liquidator", "can_liquidate", bull) is False


def test_nobody_is_taken_over_at_a_price_of_the_same_second(stage):
    fall(stage, BTC, 35_000, waiting=0)
    assert stage.refuse(liquidate()) == "price too fresh"
    stage.play(WAIT)
    assert stage.made.view("Liquidator", "can_liquidate", bull) is True
    stage.play(liquidate())


def test_nobody_is_taken_over_for_a_stale_price(stage):
    fall(stage, BTC, 35_000)
    stage.play(Action("wait", STRANGER, (60,)))
    assert stage.refuse(liquidate()) == "not liquidatable"


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (lender, "not liquidatable"),
        (hedger + 9, "not liquidatable"),
        (BACKSTOP_FUND, "reserved account"),
        (0, "reserved account"),
    ],
)
def test_who_owes_nothing_is_left_alone(stage, account, reason):
    assert stage.refuse(liquidate(account)) == reason


# What is taken, and what is logged


def test_a_takeover_opens_on_its_terms(stage):
    fall(stage, BTC, 35_000)
    health = health_of(stage)
    clearing, now = stage.world.clearing, stage.world.now
    _, terms = liquidation_code.open_takeover(clearing, now, bull, False)
    (opened,) = named(stage.events(liquidate()), "TakeoverOpened")
    assert opened == {
        "account": bull,
        "equity": health.equity,
        "maintenance_margin": health.maintenance_margin,
        "exposure": terms.exposure,
        "discount": terms.discount,
        "due": terms.due,
        "unfunded": 0,
        "deficit": 0,
        "may_deleverage": False,
        "time": now,
    }
    assert 0 < terms.discount < WAD // 20
    assert 0 < terms.parts < backstop.PARTS


def test_providers_share_what_is_due(stage):
    fall(stage, BTC, 35_000)
    events = stage.events(liquidate())
    (summary,) = named(events, "Liquidation")
    parts = named(events, "Takeover")
    assert [told["provider"] for told in parts] == [backer, underwriter]
    assert sum(told["notional"] for told in parts) == summary["taken"]
    assert summary["taken"] == summary["due"] < summary["exposure"]
    assert summary["is_deficit_paid"] is False
    assert summary["caller"] == stage.made.at(STRANGER)


def test_a_position_changes_hands_at_the_discount(stage):
    fall(stage, BTC, 35_000)
    events = stage.events(liquidate())
    (opened,) = named(events, "TakeoverOpened")
    taken = named(events, "PositionTaken")
    assert [told["market"] for told in taken] == [0, 1, 0, 1]
    for told in taken:
        mark = stage.world.clearing.markets[told["market"]].quote.slow
        args = mark, opened["discount"], told["lots"] > 0
        assert told["account_price"] == backstop.compute_account_price(*args)
        assert told["provider_price"] == backstop.compute_provider_price(*args)
        assert (told["account_price"] < told["provider_price"] < mark) == args[2]


def test_debt_goes_with_collateral_worth_more(stage):
    fall(stage, BTC, 35_000)
    before = ch.get_held(stage.world.clearing, backer, BTC)
    events = stage.events(liquidate())
    debt, *_ = [e for e in named(events, "DebtTaken") if e["provider"] == backer]
    got, *_ = [e for e in named(events, "CollateralTaken") if e["provider"] == backer]
    assert (debt["asset"], got["asset"]) == (USDC, BTC)
    assert (debt["price"], got["price"]) == (WAD, 35_000 * WAD)
    assert debt["amount"] < got["amount"] * 35_000 < debt["amount"] * 21 // 20
    held = ch.get_held(stage.world.clearing, backer, BTC)
    assert 0 <= got["amount"] - (held - before) <= 1


def test_the_account_is_left_healthier(stage):
    fall(stage, BTC, 35_000)
    stage.play(liquidate())
    health = health_of(stage)
    assert not margin.is_liquidatable(health)
    assert health.equity >= health.initial_margin
    assert stage.refuse(liquidate()) == "not liquidatable"


def test_the_backstop_fund_earns_its_part(stage):
    fall(stage, BTC, 35_000)
    before = ch.get_held(stage.world.clearing, BACKSTOP_FUND, USDC)
    events = stage.events(liquidate())
    paid = sum(told["fund_paid"] for told in named(events, "PositionTaken"))
    after = ch.get_held(stage.world.clearing, BACKSTOP_FUND, USDC)
    assert paid > 0
    assert 0 <= paid - (after - before) <= 4


def test_the_backstop_fund_earns_of_what_a_provider_loses_first(stage):
    """
    The market's fund is empty until the provider, who is short where the account is
    long, has closed at a loss: `LiquidationCode._take_position` asks it for the
    backstop fund's part after that.
    """
    leave(stage, underwriter)
    for action in publish(PRICES):
        stage.play(action)
    stage.play(trade(1, bull, backer, 30_000, 2_500 * WAD))
    stage.play(pledge(backer, 10**6 * WAD))
    for action in publish({BTC: 34_400 * WAD, ETH: 2_550 * WAD}):
        stage.play(action)
    stage.play(WAIT)
    events = stage.events(liquidate())
    told = named(events, "PositionTaken")[-1]
    assert (told["market"], told["provider"]) == (1, backer)
    unpaid, paid = [e for e in named(events, "Realise") if e["market"] == 1][-2:]
    assert unpaid["account"] == bull
    assert unpaid["paid"] == 0 < unpaid["gain"]
    assert paid["account"] == backer
    assert paid["paid"] < 0
    assert told["fund_paid"] > 0


def test_a_stale_debt_stays_where_it_is(stage):
    """Nobody knows what it is worth, so it is none of what `legs._get` returns."""
    stage.play(own("borrow", bull, ETH, 10**18))
    stage.play(Action("wait", STRANGER, (60,)))
    fall(stage, BTC, 20_000)
    clearing = stage.world.clearing
    assert liquidation_code.is_asset_stale(clearing, ETH, stage.world.now)
    before = clearing.accounts[bull].balances[ETH]
    events = stage.events(liquidate())
    assert {told["asset"] for told in named(events, "DebtTaken")} == {USDC}
    assert stage.world.clearing.accounts[bull].balances[ETH] == before


# Providers


def test_a_provider_that_is_bound_no_more_is_passed_over(stage):
    stage.play(own("give_notice", backer))
    stage.play(Action("wait", STRANGER, (NOTICE,)))
    for action in publish(PRICES):
        stage.play(action)
    fall(stage, BTC, 35_000)
    events = stage.events(liquidate())
    assert [told["provider"] for told in named(events, "PassOver")] == [backer]
    assert {told["provider"] for told in named(events, "Takeover")} == {underwriter}


def test_a_provider_without_margin_is_passed_over(stage):
    """What it had it took out after its notice, and then bound what was left."""
    providers = backer, underwriter
    for name, *arguments in (
        ("give_notice",),
        ("withdraw", USDC, ch.EVERYTHING),
        ("bind",),
    ):
        for provider in providers:
            stage.play(own(name, provider, *arguments))
        if name == "give_notice":
            stage.play(Action("wait", STRANGER, (NOTICE,)))
    for action in publish(PRICES):
        stage.play(action)
    fall(stage, BTC, 35_000)
    assert stage.refuse(liquidate()) == "nothing taken"


def test_nobody_takes_their_own_account_over(stage):
    leave(stage, backer, underwriter)
    stage.play(own("bind", bull + 1))
    stage.play(own("deposit", bull + 1, USDC, 10**11))
    stage.play(pledge(bull + 1, 10**6 * WAD))
    for action in publish(PRICES):
        stage.play(action)
    fall(stage, BTC, 35_000)
    assert stage.refuse(liquidate()) == "nothing taken"


# Who pays what an account cannot


def test_the_fund_pays_first(stage):
    stage.play(Action("deposit", STRANGER, (BACKSTOP_FUND, USDC, 10**12)))
    fall(stage, BTC, 20_000)
    (bad,) = named(stage.events(liquidate()), "BadDebt")
    assert bad["fund_paid"] > 0
    assert bad["reserve_paid"] == bad["socialised"] == 0
    assert stage.world.clearing.accounts[bull].balances == {}


def test_then_the_reserve_and_then_the_lenders(stage):
    fall(stage, BTC, 20_000)
    pool = stage.world.clearing.assets[USDC].pool
    (bad,) = named(stage.events(liquidate()), "BadDebt")
    after = stage.world.clearing.assets[USDC].pool
    assert bad["reserve_paid"] > 0
    assert bad["socialised"] > 1_000 * WAD
    assert bad["lend_index"] == after.lend_index < pool.lend_index
    assert after.reserve == 0
    assert bad["is_halted"] is False


@pytest.fixture
def halted(deployed):
    provider = [
        own("deposit", backer, ETH, 1_000 * 10**18),
        own("bind", backer),
        pledge(backer, 10**6 * WAD),
    ]
    with deployed.at([*LENT_OUT, *provider]):
        fall(deployed, ETH, 100)
        yield deployed


def test_too_much_bad_debt_halts_the_pool(halted):
    debt = ch.get_owed(halted.world.clearing, hedger, USDC, halted.world.now)
    (bad,) = named(halted.events(liquidate(hedger)), "BadDebt")
    assert bad["is_halted"] is True
    assert bad["socialised"] == 0
    left = ch.get_owed(halted.world.clearing, hedger, USDC, halted.world.now)
    assert debt // 2 < left < debt
    assert halted.made.view("Lens", "pool", USDC).is_halted is True


def test_a_halted_pool_takes_repayments_alone(halted):
    halted.play(liquidate(hedger))
    fill = lender, backer, WAD, 100 * WAD, True
    for action in (
        own("withdraw", lender, USDC, 1),
        own("borrow", bull, USDC, 1),
        own("transfer", lender, lender + 1, USDC, 1),
        own("unlend", lender, USDC, 1),
        Action("fill_perp", VENUE, (1, lender, backer, 1, 100 * WAD, True)),
        Action("fill_spot", VENUE, (ETH, *fill)),
    ):
        assert halted.refuse(action) == "pool halted"
    assert halted.refuse(own("deposit", lender, USDC, 1)) == "pool halted"
    halted.play(own("repay", hedger, USDC, 1))
    halted.play(own("deposit", bull, ETH, 10**18))
    halted.play(own("withdraw", bull, ETH, 1))


# The session


@pytest.mark.parametrize(
    ("method", "arguments", "reason"),
    [
        ("open_takeover", (lender, True), "not liquidatable"),
        ("open_takeover", (BACKSTOP_FUND, True), "reserved account"),
        ("take_over", (backer, WAD, WAD), "no takeover open"),
        ("close_takeover", (), "no takeover open"),
    ],
)
def test_a_takeover_is_opened_first(deployed, method, arguments, reason):
    with deployed.made.undone() as made:
        made.govern("set_venue", address_of(STRANGER), ch.LIQUIDATION_VENUE)
        told = made.reason(STRANGER, "Clearinghouse", method, *arguments)
        assert told == reason


def test_an_open_takeover_ends_with_its_transaction(stage):
    fall(stage, BTC, 35_000)
    with stage.made.undone() as made:
        made.govern("set_venue", address_of(STRANGER), ch.LIQUIDATION_VENUE)
        terms = made.send(STRANGER, "Clearinghouse", "open_takeover", bull, False)
        assert terms.discount > 0 < terms.due < terms.exposure
        told = made.reason(STRANGER, "Clearinghouse", "take_over", backer, WAD, WAD)
        assert told == "no takeover open"


@pytest.mark.parametrize(
    ("portion", "reason"), [(WAD, None), (WAD + 1, "out of bounds")]
)
def test_a_venue_takes_no_more_than_there_is(stage, portion, reason):
    """The venue calls both within one transaction, by hand."""
    fall(stage, BTC, 35_000)
    with stage.made.undone() as made:
        made.govern("set_venue", address_of(STRANGER), ch.LIQUIDATION_VENUE)
        taking = "take_over", (backer, portion, 10**30)
        calls = ("open_takeover", (bull, False)), taking
        opening, taking = (calldata("Clearinghouse", *call) for call in calls)
        vault = made.contracts["Clearinghouse"].address
        made.chain._evm.message_call(address_of(STRANGER), vault, opening)
        assert made.refusal(STRANGER, vault, taking) == reason
