"""What audits of this protocol have found, and what must stay as it was mended."""

import pytest

from specs import clearinghouse as ch
from specs.accounts import BACKSTOP_FUND, USDC, Settings
from specs.binding import NOTICE
from specs.fixed_point import WAD
from specs.providers import MAX_PROVIDERS
from tests.helpers.scenes import AT_WORK, OWING
from tests.helpers.stages import (
    call,
    govern,
    health_of,
    held,
    liquidate,
    move,
    owed,
    pool_of,
    sizes_of,
)
from tests.helpers.worlds import (
    BTC,
    ETH,
    PRICES,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    pledge,
    publish,
    trade,
)

SCENE = OWING
OUT_OF_SIGHT = [
    *AT_WORK,
    own("borrow", hedger, USDC, 33_000 * 10**6),
    *publish({ETH: 2_150 * WAD}),
    call("wait", 61),
]


def test_nobody_earns_a_discount_on_what_he_does_not_take(deployed):
    """Collateral without a fresh price can't be handed over: nothing else changes."""
    with deployed.at(OUT_OF_SIGHT):
        before, debt = held(deployed, backer), owed(deployed, hedger)
        assert health_of(deployed, hedger).value > 0
        assert deployed.refuse(liquidate(hedger)) == "nothing taken"
        assert (held(deployed, backer), owed(deployed, hedger)) == (before, debt)


def test_what_is_not_taken_uses_no_capacity(deployed):
    with deployed.at(OUT_OF_SIGHT):
        deployed.play(own("deposit", hedger, BTC, 10**4))
        move(deployed, {BTC: 60_000})
        deployed.play(liquidate(hedger))
        used = [p.hour_used for p in deployed.world.liquidator.providers.values()]
        assert 0 < sum(used) <= 6 * WAD


def test_a_hollow_pledge_keeps_nobody_from_his_part(stage):
    stage.play(own("bind", bear))
    stage.play(own("pledge", bear, *4 * [10**30]))
    move(stage, {BTC: 35_000})
    events = stage.events(liquidate(bull))
    (summary,) = [told for name, told in events if name == "Liquidation"]
    assert summary["due"] * 999 // 1_000 < summary["taken"] <= summary["due"]


def test_hollow_pledges_make_room(stage):
    intruders = [owner + number for owner in (bear, lender) for number in (1, 2, 5, 7)]
    for account in intruders[: MAX_PROVIDERS - len(stage.world.liquidator.providers)]:
        stage.play(own("bind", account))
        stage.play(own("pledge", account, 1, 1, 1, 1))
    stage.play(own("bind", hedger))
    newcomer = pledge(hedger, 10**6 * WAD)
    assert stage.refuse(newcomer) == "too many providers"
    assert stage.refuse(call("drop", backer)) == "provider is backed"
    stage.play(call("drop", intruders[0]))
    stage.play(newcomer)
    assert stage.refuse(call("drop", hedger)) == "provider is backed"


def test_who_is_bound_no_more_may_be_dropped(stage):
    assert stage.refuse(call("drop", backer)) == "provider is backed"
    stage.play(own("give_notice", backer))
    assert stage.refuse(call("drop", backer)) == "provider is backed"
    stage.play(call("wait", NOTICE - 1))
    assert stage.refuse(call("drop", backer)) == "provider is backed"
    stage.play(call("wait", 1))
    stage.play(call("drop", backer))
    assert stage.refuse(call("drop", backer)) == "not pledged"


@pytest.mark.parametrize(("tokens", "is_backed"), [(10**10, True), (10**10 - 1, False)])
def test_a_provider_is_backed_by_ten_thousand(stage, tokens, is_backed):
    account = bear + 1
    for action in (
        own("set_settings", account, Settings(auto_lend=False)),
        own("deposit", account, USDC, tokens),
        own("bind", account),
        pledge(account, 10_000 * WAD),
    ):
        stage.play(action)
    if is_backed:
        assert stage.refuse(call("drop", account)) == "provider is backed"
    else:
        stage.play(call("drop", account))


@pytest.mark.parametrize("amount", [0, 1, 2])
@pytest.mark.parametrize("is_large", [True, False])
def test_who_pledges_next_to_nothing_makes_room(stage, amount, is_large):
    """Whatever it has: eight who take over nothing would leave all to epochs."""
    amounts = [10**6 * WAD] * 4
    amounts[amount] = 10_000 * WAD - (not is_large)
    stage.play(own("pledge", backer, *amounts))
    if is_large:
        assert stage.refuse(call("drop", backer)) == "provider is backed"
    else:
        stage.play(call("drop", backer))


def test_an_unpaid_gain_makes_the_discount_no_dearer(stage):
    owner = lender + 1
    for action in (
        govern("set_fund_cap", 1, 0),
        own("deposit", owner, USDC, 4_000 * 10**6),
        trade(0, owner, lender, 5_000, PRICES[BTC]),
        trade(1, owner, hedger, 5_000, PRICES[ETH]),
    ):
        stage.play(action)
    move(stage, {BTC: PRICES[BTC] // WAD - 10_000, ETH: PRICES[ETH] // WAD + 220})
    before = health_of(stage, owner)
    assert 0 < before.equity < before.maintenance_margin // 2
    events = dict(stage.events(liquidate(owner)))
    opened, summary = events["TakeoverOpened"], events["Liquidation"]
    assert summary["exposure"] > before.exposure
    assert summary["exposure"] * opened["discount"] <= before.equity * WAD


def test_a_time_beyond_its_field_is_refused(stage):
    deposit = lender >> 96, "Clearinghouse", "deposit", lender, USDC, 1
    with stage.made.undone():
        stage.made.chain.advance_to(2**32)
        assert stage.made.reason(*deposit) == "amount too large"


def test_a_claim_needs_no_price(stage):
    move(stage, {ETH: 2_600})
    stage.play(own("withdraw", lender, USDC, ch.EVERYTHING))
    stage.play(own("deposit", lender, USDC, 10_000 * 10**6))
    stage.play(trade(1, lender, hedger, 1_000, 2_600 * WAD))
    move(stage, {ETH: 2_700})
    stage.play(trade(1, backer, lender, 1_000, 2_700 * WAD))
    assert sizes_of(stage, lender) == {1: 0}
    stage.play(call("wait", 61))
    assert health_of(stage, lender).is_stale is False
    stage.play(own("withdraw", lender, USDC, 9_000 * 10**6))


def test_a_pool_that_is_halted_does_not_halt_for_ever_again(lent_out):
    for action in (
        own("deposit", backer, BTC, 10 * 10**8),
        own("bind", backer),
        pledge(backer, 10**6 * WAD),
    ):
        lent_out.play(action)
    move(lent_out, {ETH: 100})
    lent_out.play(liquidate(hedger))
    assert pool_of(lent_out).is_halted
    assert lent_out.refuse(liquidate(hedger)) == "nothing taken"
    lent_out.play(govern("resume", USDC))
    lent_out.play(call("deposit", BACKSTOP_FUND, USDC, 10**6))
    lent_out.play(liquidate(hedger))
    assert pool_of(lent_out).is_halted
    assert lent_out.refuse(liquidate(hedger)) == "nothing taken"


def test_a_size_beyond_what_sums_hold_is_refused_for_one_reason(deployed):
    """Cheap at its price and huge at mark: margin is not even asked."""
    price = 138_777_878_078_144_567
    with deployed.at(AT_WORK):
        huge = trade(0, lender, hedger, 2**50, price)
        assert deployed.refuse(huge) == "amount too large"
        assert deployed.refuse(trade(0, lender, hedger, 2**37, price)) != (
            "amount too large"
        )


def test_idle_usdc_pays_a_debt_before_anybody_else_does(deployed):
    """A debt beside as much idle USDC was written off, and the idle USDC withdrawn."""
    borrowed = 400_000 * 10**6
    scene = [
        *publish(PRICES),
        own("deposit", lender, USDC, 1_000_000 * 10**6),
        own("deposit", bull, BTC, 10 * 10**8),
        own("set_settings", bull, Settings(auto_repay=False)),
        own("borrow", bull, USDC, borrowed),
        own("deposit", bull, USDC, borrowed),
        own("withdraw", bull, BTC, 10 * 10**8 - 15),
        call("wait", 13),
    ]
    with deployed.at(scene):
        lent = held(deployed, lender)
        assert owed(deployed, bull) > borrowed * 10**12
        deployed.play(liquidate(bull))
        assert held(deployed, lender) >= lent - WAD // 100
        assert held(deployed, bull) == owed(deployed, bull) == 0


def test_nobody_keeps_a_loss_outside_the_tick_set(deployed):
    """It paid nothing while its mirror image inside earned at the lenders' cost."""
    outside, inside = Settings(auto_realize=True), Settings()
    scene = [
        *publish(PRICES),
        own("deposit", bull, USDC, 50_000 * 10**6),
        own("deposit", bear, USDC, 50_000 * 10**6),
        own("set_settings", bear, outside),
        trade(0, bull, bear, 1_000, PRICES[BTC]),
        own("set_settings", bear, inside),
        *publish({BTC: PRICES[BTC] * 101 // 100}),
    ]
    with deployed.at(scene):
        assert deployed.world.clearing.accounts[bear].positions[0].entry is None
        deployed.play(call("realise", 0, (bear,)))
        assert deployed.world.clearing.accounts[bear].positions[0].entry is not None


def test_idle_balances_count_for_the_supply_cap(deployed):
    """They are collateral as lends are, so a ramp under a cap was no ramp."""
    with deployed.at([govern("set_caps", ETH, 10 * WAD, 0)]):
        deployed.play(own("set_settings", bull, Settings(auto_lend=False)))
        deployed.play(own("deposit", bull, ETH, 10 * 10**18))
        one_more = own("deposit", bull, ETH, 10**18)
        assert deployed.refuse(one_more) == "supply cap reached"
        deployed.play(own("lend", bull, ETH, 10 * WAD))
        assert deployed.refuse(one_more) == "supply cap reached"


def test_many_small_deposits_do_not_use_up_what_others_may_take(deployed):
    """Each was too small to be noted, long after the average had been moved."""
    quiet = [
        govern("set_guards", USDC, 10_000, 10_000, 10_000, 4_000, WAD),
        own("deposit", lender, USDC, 1_000_000 * 10**6),
        call("wait", 2 * 86_400),
        own("withdraw", lender, USDC, 1),
        call("wait", 86_400),
    ]
    crumbs = [own("deposit", bear, USDC, 900 * 10**6) for _ in range(50)]
    with deployed.at(
        [*quiet, *crumbs, own("withdraw", bear, USDC, 45_000 * 10**6 - 1)]
    ):
        deployed.play(own("withdraw", lender, USDC, 399_999 * 10**6))


def test_a_paused_asset_can_be_taken_out_by_who_holds_it(deployed):
    """A guardian could freeze what traders have; it is to stop what raises risk."""
    with deployed.at([*OWING, govern("pause_asset", USDC)]):
        deployed.play(own("withdraw", bear, USDC, 10**6))
        deployed.play(own("unlend", bear, USDC, WAD))
        assert deployed.refuse(own("borrow", bull, USDC, 10**6)) == "paused"
