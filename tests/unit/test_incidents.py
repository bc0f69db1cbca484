"""
What has cost others money, tried here: one test or more for each class of incident.

Each plays on the contracts and the specification at once; `D` numbers are those of the
catalogue of incidents. Classes that need an order book, vaults or deposits from other
chains wait for them.
"""

import pytest

from keeper.chain.interface import Refused
from specs import clearinghouse as ch
from specs import invariants, margin
from specs.accounts import BACKSTOP_FUND, RESERVE, USDC
from specs.fixed_point import RAY, WAD
from specs.money_market import MAX_INDEX
from tests.helpers.reports import PUBLISHERS, report
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    govern,
    health_of,
    held,
    liquidate,
    market_of,
    move,
    owed,
    pool_of,
    realise,
    sizes_of,
)
from tests.helpers.worlds import (
    BTC,
    CALM,
    CROSSINGS,
    CURVE,
    ETH,
    FUND_CAPS,
    LIQUIDATOR,
    PRICES,
    STRANGER,
    backer,
    bear,
    bull,
    curve,
    hedger,
    lender,
    own,
    publish,
    rate,
    trade,
    underwriter,
)

DAY = 86_400
SCENE = OWING
UNPRICED = [own("deposit", hedger, ETH, 20 * 10**18)]


@pytest.fixture
def unpriced(deployed):
    with deployed.at(UNPRICED):
        yield deployed


# Value out of prices


def test_d1_a_pumped_position_lends_nothing(stage):
    move(stage, {BTC: 120_000})
    before = health_of(stage, bull)
    assert before.equity - before.initial_equity > 20_000 * WAD
    stage.play(own("withdraw", bull, BTC, 3 * 10**7))
    assert stage.refuse(own("withdraw", bull, BTC, 5 * 10**7)) == "below initial margin"


def test_d1_realising_a_pumped_position_is_paid_from_its_fund_alone(stage):
    move(stage, {BTC: 600_000})
    market = market_of(stage)
    stage.play(realise(0, bull))
    left = market_of(stage).fund.balance
    assert left == -FUND_CAPS[0] <= market.fund.balance


def test_d2_margin_behind_a_position_stays(stage):
    health = health_of(stage, bear)
    free = (health.initial_equity - health.initial_margin) // 10**12
    stage.play(own("withdraw", bear, USDC, free * 98 // 100))
    reason = stage.refuse(own("withdraw", bear, USDC, free * 4 // 100))
    assert reason == "below initial margin"


def test_d3_a_provider_takes_no_more_than_it_pledged(stage):
    move(stage, {BTC: 35_000})
    for provider, pledged in ((backer, 7 * WAD), (underwriter, 9 * WAD)):
        stage.play(own("pledge", provider, pledged, pledged))
    stage.play(liquidate(bull))
    for provider, pledged in ((backer, 7 * WAD), (underwriter, 9 * WAD)):
        used = stage.world.liquidator.providers[provider].minute_used
        assert 0 < used <= pledged
        health = health_of(stage, provider)
        assert health.initial_equity >= health.initial_margin


def test_d6_one_of_two_publishers_does_not_choose_the_price(oracle):
    oracle.quote({1: 60_000})
    oracle.wait(10)
    said = [report(oracle.now, {1: price}) for price in (60_000, 90_000)]
    with pytest.raises(Refused, match="too few reports"):
        oracle.publish(said, PUBLISHERS[:2])
    said += [report(oracle.now, {1: 60_010})]
    oracle.publish(said, PUBLISHERS)
    assert oracle.view("feed", 1)[1] < 60_300 * WAD


@pytest.mark.parametrize(("apart", "is_taken"), [(101, True), (103, False)])
def test_d6_two_publishers_agree_within_the_clamp(oracle, apart, is_taken):
    said = [report(oracle.now, {1: 100}), report(oracle.now, {1: apart})]
    if is_taken:
        oracle.publish(said, PUBLISHERS[:2])
        assert oracle.view("feed", 1)[1] == (100 + apart) * WAD // 2
    else:
        with pytest.raises(Refused, match="too few reports"):
            oracle.publish(said, PUBLISHERS[:2])


def test_d6_who_disagrees_on_one_asset_holds_up_no_other(oracle):
    said = [report(oracle.now, {1: 60_000, 2: price}) for price in (3_000, 4_000)]
    oracle.publish(said, PUBLISHERS[:2])
    assert oracle.view("feed", 1)[0] == 60_000 * WAD
    assert oracle.view("feed", 2) == (0, 0, 0, 0)


def test_d8_the_margin_of_a_share_grows_with_the_whole(stage):
    requirement = market_of(stage).requirement
    sizes = [10**n * WAD for n in range(4, 10)]
    margins = [margin.compute_initial_margin(requirement, size) for size in sizes]
    shares = [m * WAD // size for m, size in zip(margins, sizes, strict=True)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_d9_an_asset_without_a_price_is_not_lent_out(unpriced):
    assert unpriced.refuse(own("borrow", bear, ETH, 1)) == "stale price"
    assert unpriced.refuse(own("borrow", bear, ETH, 20 * 10**18)) == "stale price"
    unpriced.play(own("withdraw", hedger, ETH, 10**18))


def test_d9_an_asset_without_a_price_is_no_collateral(unpriced):
    unpriced.play(own("deposit", lender, USDC, 10**10))
    assert unpriced.refuse(own("borrow", hedger, USDC, 1)) == "below initial margin"


@pytest.mark.parametrize("later", [0, 1, 61])
def test_d10_an_old_price_is_not_taken_over_again(stage, later):
    move(stage, {BTC: 61_000}, waiting=0)
    market = market_of(stage)
    if later:
        stage.play(call("wait", later))
    stage.play(call("tick", (BTC, BTC), (0, 0), CROSSINGS))
    assert market_of(stage) == market


# Reentered, half written


def test_d11_open_interest_is_the_sum_of_positions_through_flips(stage):
    for lots, buyer, seller in ((9_000, bear, bull), (7_000, bull, lender)):
        stage.play(trade(0, buyer, seller, lots, PRICES[BTC]))
        clearing = stage.world.clearing
        sizes = [sizes_of(stage, account).get(0, 0) for account in clearing.accounts]
        assert sum(sizes) == 0
        assert sum(max(0, size) for size in sizes) == clearing.markets[0].open_interest


# Bad debt


def test_d5_a_deficit_is_settled_in_the_transaction_that_finds_it(stage):
    move(stage, {BTC: 20_000})
    stage.play(liquidate(bull))
    assert stage.world.clearing.accounts[bull].balances == {}
    assert stage.world.clearing.accounts[bull].positions == {}
    assert invariants.find_violated_states(stage.world) == []


def test_d7_nothing_is_liquidated_on_the_first_price_after_an_outage(stage):
    stage.play(call("wait", 8 * 3_600))
    assert stage.refuse(liquidate(bull)) == "not liquidatable"
    move(stage, {BTC: 35_000, ETH: 2_500}, waiting=0)
    assert stage.refuse(liquidate(bull)) == "price too fresh"


def test_d12_dust_does_not_hold_up_a_write_off(stage):
    stage.play(own("deposit", bull, ETH, 10**12))
    move(stage, {BTC: 20_000})
    assert stage.refuse(call("deposit", bull, BTC, 1)) == "below initial margin"
    stage.play(own("deposit", bull, ETH, 10**12))
    stage.play(liquidate(bull))
    assert owed(stage, bull) == 0


def test_d13_nobody_liquidates_themselves_or_gives_their_margin_away(stage):
    for provider in (backer, underwriter):
        stage.play(own("unpledge", provider))
    stage.play(own("set_operator", bull + 1, LIQUIDATOR, 1))
    stage.play(own("deposit", bull + 1, USDC, 10**11))
    stage.play(own("pledge", bull + 1, 10**30, 10**30))
    move(stage, {BTC: 35_000})
    assert stage.refuse(liquidate(bull)) == "nothing taken"
    for taker in (BACKSTOP_FUND, RESERVE):
        assert stage.refuse(own("transfer", bull, taker, BTC, 1)) == "wrong owner"
    reason = stage.refuse(own("transfer", bull, bull + 1, BTC, WAD // 2))
    assert reason == "below initial margin"


def test_d22_who_opens_at_a_new_price_is_not_liquidated_at_it(stage):
    move(stage, {BTC: 35_000}, waiting=0)
    assert stage.refuse(liquidate(bull)) == "price too fresh"


def test_d24_no_bankruptcy_outside_a_takeover_that_was_due(stage):
    for action in (call("open_takeover", bull), call("close_takeover")):
        told = stage.made.reason(
            STRANGER, "Clearinghouse", action.name, *action.arguments
        )
        assert told == "not a venue"
    assert stage.refuse(liquidate(lender)) == "not liquidatable"


# Indices, rounding, donations


def test_d16_a_donation_moves_no_index(stage):
    before = {asset: pool_of(stage, asset) for asset in PRICES | {USDC: WAD}}
    for asset in before:
        stage.play(call("donate", asset, 10**24))
    assert {asset: pool_of(stage, asset) for asset in before} == before


def test_d16_interest_on_a_wei_inflates_no_index(deployed):
    scene = [*publish(PRICES), own("deposit", lender, ETH, 1)]
    with deployed.at([*scene, own("deposit", bear, USDC, 10**9)]):
        deployed.play(own("borrow", bear, ETH, 1))
        for _ in range(5):
            deployed.play(call("wait", 300 * DAY))
            deployed.play(own("deposit", hedger, ETH, 10**7))
            deployed.play(own("withdraw", hedger, ETH, ch.EVERYTHING))
        pool = pool_of(deployed, ETH)
        assert RAY < pool.lend_index <= pool.borrow_index <= MAX_INDEX
        deployed.play(own("deposit", hedger, ETH, 10**18))
        lost = 10**18 - held(deployed, hedger, ETH)
        assert 0 <= lost <= pool.lend_index // RAY + 1


@pytest.mark.parametrize("tokens", [1, 3, 10**12 + 1])
def test_d18_many_small_round_trips_earn_nothing(stage, tokens):
    stage.play(call("wait", 50))
    stage.play(own("deposit", bull, ETH, 10 * tokens))
    before = held(stage, bull, ETH)
    for _ in range(8):
        stage.play(own("deposit", bull, ETH, tokens))
        stage.play(own("withdraw", bull, ETH, tokens))
    assert held(stage, bull, ETH) <= before


def test_d19_a_debt_of_one_unit_is_a_debt(deployed):
    with deployed.at([*publish(PRICES), own("deposit", hedger, ETH, 10**18)]):
        assert deployed.refuse(own("borrow", bear, ETH, 1)) == "below initial margin"
        deployed.play(own("deposit", bear, USDC, 1))
        deployed.play(own("borrow", bear, ETH, 1))
        assert health_of(deployed, bear).exposure > 0
        deployed.play(call("repay", bear, ETH, ch.EVERYTHING))
        assert owed(deployed, bear, ETH) == 0


def test_d23_two_ways_of_closing_leave_the_fund_what_it_owes(stage):
    for price, lots in ((60_007, 7), (59_993, 11), (60_001, 4_982)):
        stage.play(trade(0, bear, bull, lots, price * WAD + 333_333))
        assert invariants.find_violated_states(stage.world) == []


def test_d28_a_new_curve_is_not_for_the_time_before_it(stage):
    stage.play(call("wait", DAY))
    expected = ch.accrue(stage.world.clearing, USDC, stage.world.now).assets[USDC].pool
    steep = curve(rate(300), WAD // 2)
    assert steep != CURVE
    stage.play(govern("set_curve", USDC, steep))
    assert pool_of(stage).borrow_index == expected.borrow_index
    assert pool_of(stage).lend_index == expected.lend_index


def test_d30_an_emptied_pool_starts_as_a_new_one(lent_out):
    lent_out.play(call("wait", DAY))
    lent_out.play(own("repay", hedger, USDC, ch.EVERYTHING))
    lent_out.play(own("withdraw", lender, USDC, ch.EVERYTHING))
    lent_out.play(call("donate", USDC, 10**12))
    lent_out.play(own("deposit", bull, USDC, 10**6))
    assert WAD - 2 <= held(lent_out, bull) <= WAD
    assert RAY <= pool_of(lent_out).lend_index < 2 * RAY


# Bricks


def test_d17_an_empty_market_ticks(deployed):
    with deployed.at(publish(PRICES)):
        for later in (1, 10 * DAY):
            move(deployed, {BTC: 61_000, ETH: 2_400}, waiting=later)
        move(deployed, {BTC: 60_000})
        deployed.play(call("realise", 0, (bull, bear, RESERVE, 0)))
        assert deployed.refuse(liquidate(bull)) == "not liquidatable"


def test_d20_a_takeover_only_shrinks(stage):
    move(stage, {BTC: 35_000})
    before, debt = sizes_of(stage, bull), owed(stage, bull)
    stage.play(realise(0, bull))
    debt = max(debt, owed(stage, bull))
    stage.play(liquidate(bull))
    after = sizes_of(stage, bull)
    assert all(0 <= after.get(m, 0) / size <= 1 for m, size in before.items())
    assert owed(stage, bull) <= debt


def test_d21_sums_hold_where_a_price_is_stale(stage):
    stage.play(call("wait", 61))
    reason = stage.refuse(trade(0, bear, bull, 10, PRICES[BTC]))
    assert reason == stage.refuse(realise(0, bull)) == "stale price"
    stage.play(call("publish", ETH, 2_000 * WAD, 2_000 * WAD, 0, CALM))
    stage.play(call("tick", (ETH,), (1,), CROSSINGS))
    for account in (bull, bear):
        stage.play(realise(1, account))
    assert invariants.find_violated_states(stage.world) == []


def test_d25_ten_years_of_nobody_brick_nothing(lent_out):
    for _ in range(3):
        lent_out.play(call("wait", 3_650 * DAY))
        lent_out.play(call("tick", (), (), CROSSINGS))
    lent_out.play(own("repay", hedger, USDC, ch.EVERYTHING))
    lent_out.play(own("withdraw", lender, USDC, ch.EVERYTHING))
    lent_out.play(own("withdraw", hedger, ETH, ch.EVERYTHING))


def test_d26_one_rule_says_when_a_price_is_stale(stage):
    price = market_of(stage).quote
    stage.play(call("wait", price.time + margin.MAX_PRICE_AGE - stage.world.now))
    stage.play(trade(0, bear, bull, 1, PRICES[BTC]))
    stage.play(realise(0, bull))
    stage.play(call("wait", 1))
    for action in (trade(0, bear, bull, 1, PRICES[BTC]), realise(0, bull)):
        assert stage.refuse(action) == "stale price"


def test_d29_a_takeover_needs_no_cash(lent_out):
    for action in (
        own("deposit", backer, BTC, 10 * 10**8),
        own("set_operator", backer, LIQUIDATOR, 1),
        own("pledge", backer, 10**6 * WAD, 10**6 * WAD),
    ):
        lent_out.play(action)
    move(lent_out, {ETH: 550})
    assert pool_of(lent_out).cash == 0
    lent_out.play(liquidate(hedger))
    assert owed(lent_out, backer) > 0
    assert held(lent_out, backer, ETH) > 0
