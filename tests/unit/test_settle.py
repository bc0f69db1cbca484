"""Tick and realise: prices taken over, interest and funding booked, PnL settled."""

from dataclasses import replace

import pytest

from specs import clearinghouse as ch
from specs.accounts import BACKSTOP_FUND, RESERVE, USDC, Settings, get_owner
from specs.fixed_point import WAD
from specs.margin import PRICE_UNIT
from specs.requirements import CALM as CALM_SCALES
from specs.requirements import Scales
from specs.state import Cull, Limits, get_winners
from specs.world import Action
from tests.helpers.scenes import AT_WORK
from tests.helpers.stages import (
    call,
    govern,
    health_of,
    market_of,
    move,
    position_of,
    realise,
)
from tests.helpers.worlds import (
    BTC,
    CALM,
    CROSSINGS,
    ETH,
    FUND_CAPS,
    INTERVAL,
    OPERATOR,
    PERPETUALS,
    PRICES,
    STRANGER,
    UNLISTED,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
)

MAX_LISTED, MAX_BATCH = 32, 128
GAIN = 500 * WAD
"""Of half a BTC when its price rises by 1,000 USDC."""


def say(stage, asset, slow, fast=None, premium=0, later=1):
    """Publish an asset's prices some seconds later."""
    stage.play(call("wait", later))
    stage.play(call("publish", asset, slow, fast or slow, premium, CALM))


def rise(stage, later=1):
    """Let BTC rise by 1,000 USDC, taken over."""
    say(stage, BTC, PRICES[BTC] + 1_000 * WAD, later=later)
    stage.play(call("tick", (BTC,), (0,), CROSSINGS))


# Tick


def accrued(stage):
    """Return the event of USDC interest booked by a tick or a realisation."""
    pool = stage.world.clearing.assets[USDC].pool
    fields = {
        "asset": USDC,
        "lend_index": pool.lend_index,
        "borrow_index": pool.borrow_index,
        "time": stage.world.now,
    }
    return ("Accrued", fields)


def test_a_price_taken_over_is_logged(stage):
    say(stage, ETH, 2_600 * WAD + 7, 2_610 * WAD + 10**6 - 1)
    assert stage.events(call("tick", (ETH,), (), CROSSINGS)) == [
        accrued(stage),
        (
            "PriceTaken",
            {
                "asset": ETH,
                "slow": 2_600 * WAD,
                "fast": 2_610 * WAD,
                "priced_at": stage.world.now,
                "time": stage.world.now,
            },
        ),
    ]


def test_a_mark_taken_over_is_logged_with_its_funding(stage):
    say(stage, BTC, 61_000 * WAD, 61_100 * WAD, WAD // 1_000, later=INTERVAL)
    stage.play(call("wait", 3))
    booked, (name, told), moved = stage.events(call("tick", (), (0,), CROSSINGS))
    market = market_of(stage)
    assert booked == accrued(stage)
    assert name == "MarkTaken"
    assert told == {
        "market": 0,
        "mark": market.quote.slow,
        "fast": market.quote.fast,
        "variance": stage.world.asset_prices[BTC].variance,
        "premium": WAD // 1_000,
        "funding_index": market.funding.index,
        "funding_rate": market.funding.rate,
        "priced_at": stage.world.now - 3,
        "time": stage.world.now,
    }
    assert told["mark"] == 61_061 * WAD
    assert moved == (
        "CursorMoved",
        {
            "market": 0,
            "price": 61_061 * WAD,
            "crossed": 1,
            "time": stage.world.now,
        },
    )


def test_the_fast_price_of_a_mark_is_rounded_down(stage):
    """
    By `SettleCode._take_mark`, where the mark is a price unit below the slow price and
    the fast price one above it.
    """
    slow = PRICES[BTC]
    say(stage, BTC, slow, slow + PRICE_UNIT, premium=-16)
    stage.play(call("tick", (), (0,), CROSSINGS))
    quote = market_of(stage).quote
    assert quote.slow == slow - PRICE_UNIT
    # Less than a wei below that of the asset.
    assert quote.fast == slow - PRICE_UNIT


def test_funding_flows_once_an_interval_is_over(stage):
    for _ in range(2):
        say(stage, BTC, PRICES[BTC], premium=WAD // 1_000, later=INTERVAL)
        stage.play(call("tick", (BTC,), (0,), CROSSINGS))
    assert market_of(stage).funding.rate > 0
    say(stage, BTC, PRICES[BTC], later=INTERVAL)
    stage.play(call("tick", (BTC,), (0,), CROSSINGS))
    assert market_of(stage).funding.index > 0


def test_a_price_is_taken_over_once(stage):
    rise(stage)
    stage.play(call("wait", 1))
    told = stage.events(call("tick", (BTC, ETH), (0, 1), CROSSINGS))
    assert told == [accrued(stage)]
    assert stage.events(call("tick", (BTC, ETH), (0, 1), CROSSINGS)) == []
    say(stage, ETH, 2_600 * WAD)
    told = stage.events(call("tick", (ETH, ETH), (1, 1), CROSSINGS))
    names = ["Accrued", "PriceTaken", "MarkTaken", "CursorMoved"]
    assert [name for name, _ in told] == names


def test_a_tick_of_nothing_books_interest(stage):
    stage.play(call("wait", 3_600))
    before = stage.world.clearing.assets[USDC].pool
    assert stage.events(call("tick", (), (), CROSSINGS)) == [accrued(stage)]
    after = stage.world.clearing.assets[USDC].pool
    assert after.borrow_index > before.borrow_index
    assert after.lend_index > before.lend_index
    assert after.accrued_at == stage.world.now


@pytest.mark.parametrize(
    ("assets", "markets", "reason"),
    [
        ((USDC,), (), "unknown asset"),
        ((BTC, UNLISTED), (0,), "unknown asset"),
        ((2**256 - 1,), (), "unknown asset"),
        ((), (UNLISTED,), "unknown market"),
        ((BTC,), (0, 2**256 - 1), "unknown market"),
    ],
)
def test_a_tick_of_what_is_not_listed_is_refused(stage, assets, markets, reason):
    assert stage.refuse(call("tick", assets, markets, CROSSINGS)) == reason


def test_lists_have_their_limits(stage):
    made = stage.made
    stage.play(call("tick", (ETH,) * MAX_LISTED, (1,) * MAX_LISTED, 1))
    stage.play(call("realise", 0, (bull,) * MAX_BATCH))
    for method, arguments in [
        ("tick", ([ETH] * (MAX_LISTED + 1), [], 1)),
        ("tick", ([], [0] * (MAX_LISTED + 1), 1)),
        ("realise", (0, [bull] * (MAX_BATCH + 1))),
    ]:
        assert made.reason(STRANGER, "Clearinghouse", method, *arguments) == ""


# The cursor

THREE = [
    *AT_WORK,
    *publish({BTC: 61_000 * WAD}),
    trade(0, lender, hedger, 2_000, 61_000 * WAD),
    *publish(PRICES),
    *publish({BTC: 64_000 * WAD}, crossings=1),
]


def test_a_cursor_goes_on_without_a_newer_price(deployed):
    with deployed.at(THREE):
        for _ in range(2):
            before = market_of(deployed).cursor
            ((name, told),) = deployed.events(call("tick", (), (0,), 1))
            assert (name, told["crossed"]) == ("CursorMoved", 1)
            assert before < told["price"] == market_of(deployed).cursor
        assert market_of(deployed).cursor == 64_000 * WAD
        assert deployed.events(call("tick", (), (0,), 1)) == []


def test_to_cross_nothing_is_refused(stage):
    assert stage.refuse(call("tick", (BTC,), (0,), 0)) == "zero amount"


# Volatility and open interest

CALM_AT = 100_000
"""The volatility at which margin is not scaled, 1e-9."""


def watch(stage, **changes):
    """Let the market's margin follow volatility and open interest."""
    limits = {"reference": CALM_AT, "max_scale": 30_000} | changes
    stage.play(govern("set_limits", 0, Limits(**limits)))


@pytest.mark.parametrize(("later", "mmf"), [(1, 10_008), (59, 10_472), (600, 10_480)])
def test_initial_margin_follows_volatility_at_once_and_maintenance_slowly(
    stage, later, mmf
):
    watch(stage)
    if later > 1:
        stage.play(call("wait", later - 1))
    move(stage, {BTC: 60_000}, variance=4 * CALM_AT**2, waiting=0)
    assert market_of(stage).scales == Scales(imf=20_000, mmf=mmf)


def test_maintenance_margin_rises_tick_by_tick_and_falls_at_once(stage):
    watch(stage)
    for step in range(1, 4):
        move(stage, {BTC: 60_000}, variance=4 * CALM_AT**2, waiting=0)
        assert market_of(stage).scales.mmf == 10_000 + 8 * step
    stage.play(call("tick", (BTC,), (0,), CROSSINGS))
    assert market_of(stage).scales.mmf == 10_024
    move(stage, {BTC: 60_000}, variance=CALM, waiting=0)
    assert market_of(stage).scales == CALM_SCALES


def raised(stage):
    """Return by how much scales raise the bull's initial and maintenance margin."""
    found, clearing = health_of(stage, bull), stage.world.clearing
    calm = replace(market_of(stage), scales=CALM_SCALES)
    plain = ch.assess(ch.with_market(clearing, 0, calm), bull, stage.world.now)
    return (
        found.initial_margin - plain.initial_margin,
        found.maintenance_margin - plain.maintenance_margin,
    )


def test_what_scales_multiply_is_margin(stage):
    watch(stage)
    assert raised(stage) == (0, 0)
    move(stage, {BTC: 60_000, ETH: 2_500}, variance=4 * CALM_AT**2, waiting=0)
    base = PERPETUALS[0]
    assert raised(stage) == (
        30_000 * base.base_imf * 10**12,
        30_000 * (6_676 - base.base_mmf) * 10**12,
    )


def test_open_interest_sets_a_least_initial_margin(stage):
    watch(stage, reference=0, open_interest_factor=10**9)
    assert raised(stage) == (0, 0)
    move(stage, {BTC: 60_000, ETH: 2_500}, waiting=0)
    least = market_of(stage).scales.open_interest_imf
    assert least == 173_206
    assert raised(stage) == (30_000 * (least - PERPETUALS[0].base_imf) * 10**12, 0)


# Realise


@pytest.fixture
def willing(deployed):
    """A stage whose long and short may be realised by anyone."""
    chosen = [
        own("set_settings", account, Settings(auto_realize=True))
        for account in (bull, bear)
    ]
    with deployed.at([*AT_WORK, *chosen]):
        deployed.play(call("realise", 0, (bull, bear)))
        yield deployed


def realised(stage, account, gain, paid):
    """Return the event of a settlement."""
    fields = {"market": 0, "account": account, "gain": gain, "paid": paid}
    return ("Realise", fields | {"time": stage.world.now})


def batched(stage, *accounts):
    """Return the event that closes a realisation."""
    fields = {"market": 0, "accounts": accounts, "time": stage.world.now}
    return ("BatchRealised", fields)


def test_a_loss_first_pays_the_gain(willing):
    rise(willing)
    assert willing.events(call("realise", 0, (bear, lender, bull))) == [
        realised(willing, bear, -GAIN, -GAIN),
        realised(willing, bull, GAIN, GAIN),
        batched(willing, bear, bull),
    ]
    assert market_of(willing).fund.balance == 0


def test_a_gain_is_paid_ahead_as_far_as_the_cap(willing):
    say(willing, BTC, PRICES[BTC] + 30_000 * WAD)
    willing.play(call("tick", (BTC,), (0,), CROSSINGS))
    gain, cap = 15_000 * WAD, FUND_CAPS[0]
    assert willing.events(call("realise", 0, (bull,))) == [
        realised(willing, bull, gain, cap),
        batched(willing, bull),
    ]
    assert market_of(willing).fund.balance == -cap
    assert willing.events(call("realise", 0, (bull,))) == [batched(willing, bull)]
    willing.play(call("realise", 0, (bear,)))
    assert willing.events(call("realise", 0, (bull,))) == [
        realised(willing, bull, gain - cap, gain - cap),
        batched(willing, bull),
    ]


def test_accounts_without_a_position_are_passed_over(stage):
    rise(stage)
    before = stage.world.clearing.accounts
    assert stage.events(call("realise", 0, (lender, 0, 1, 2, 2**256 - 1))) == []
    assert stage.world.clearing.accounts == before


def test_to_realise_twice_is_to_realise_once(willing):
    rise(willing)
    told = willing.events(call("realise", 0, (bear, bear, bull, bull)))
    assert [name for name, _ in told].count("Realise") == 2
    before = willing.world.clearing
    told = willing.events(call("realise", 0, (bear, bull)))
    assert told == [batched(willing, bear, bull)]
    assert willing.world.clearing == before


@pytest.mark.parametrize("market", [UNLISTED, 2**256 - 1])
def test_an_unknown_market_is_refused(stage, market):
    assert stage.refuse(call("realise", market, (bull,))) == "unknown market"


def test_nothing_is_realised_at_a_stale_mark(stage):
    stage.play(call("wait", 60))
    stage.play(call("realise", 0, (bull,)))
    stage.play(call("wait", 1))
    assert stage.refuse(call("realise", 0, (bull,))) == "stale price"


# Who may be realised by whom


def realises(stage, account, caller=STRANGER):
    """Return whether a caller's realisation pays an account something."""
    action = Action("realise", caller, (0, (account,)))
    told = [name for name, _ in stage.events(action)]
    return "Realise" in told


def test_the_owner_and_who_may_trade_for_it_always(stage):
    rise(stage)
    stage.play(own("set_operator", bear, OPERATOR, 1))
    stage.play(own("set_operator", bull, OPERATOR, 2))
    assert not realises(stage, bear)
    assert not realises(stage, bull, OPERATOR)
    assert realises(stage, bear, OPERATOR)
    assert realises(stage, bull, get_owner(bull))


def test_who_may_withdraw_only_may_not_realise(stage):
    rise(stage)
    for rights, may_realise in ((2, False), (0, False), (3, True)):
        stage.play(own("set_operator", bull, OPERATOR, rights))
        assert realises(stage, bull, OPERATOR) is may_realise


@pytest.mark.parametrize("account", [bull, bear])
def test_without_a_threshold_nobody_is_realised(stage, account):
    rise(stage)
    stage.play(govern("set_cull", 0, Cull()))
    assert not realises(stage, account)


@pytest.mark.parametrize("account", [bull, bear])
@pytest.mark.parametrize(("above", "is_forced"), [(0, True), (10**12, False)])
def test_anyone_from_the_threshold_of_an_account_on(stage, account, above, is_forced):
    rise(stage)
    threshold = Cull(account_threshold=GAIN + above)
    stage.play(govern("set_cull", 0, threshold))
    assert realises(stage, account) == is_forced


@pytest.mark.parametrize("account", [bull, bear])
@pytest.mark.parametrize(("above", "is_forced"), [(0, True), (10**12, False)])
def test_anyone_from_the_threshold_of_the_market_on(stage, account, above, is_forced):
    rise(stage)
    gains = get_winners(stage.world.clearing, 0)
    threshold = Cull(system_threshold=gains // 10**12 * 10**12 + above)
    stage.play(govern("set_cull", 0, threshold))
    assert realises(stage, account) == is_forced


def test_a_claim_is_paid_by_anyone(stage):
    say(stage, ETH, 2_600 * WAD)
    stage.play(call("tick", (ETH,), (1,), CROSSINGS))
    stage.play(trade(1, lender, bear, 10_000, 2_600 * WAD))
    assert position_of(stage, bear, 1).lots == 0
    stage.play(realise(1, bull))
    stage.play(call("realise", 1, (bear,)))
    assert position_of(stage, bear, 1) is None


# One account stops no other

ADVERSITIES = {
    "caps are reached": [
        govern("set_caps", USDC, WAD, WAD),
    ],
    "all is paused": [
        govern("pause_asset", USDC),
        govern("pause_market", 0),
    ],
    "nothing may be taken": [
        govern("set_guards", USDC, 1, 1, 0, 1_000, WAD),
    ],
    "no cash is left": [
        *publish(PRICES),
        own("deposit", hedger, ETH, 10**21),
        own("borrow", hedger, USDC, 675_000 * 10**6),
    ],
    "they lend nothing": [
        own("set_settings", account, Settings(auto_lend=False, auto_repay=False))
        for account in (bull, bear)
    ],
    "they may owe nothing": [
        own("set_settings", account, Settings(auto_borrow_settlements=False))
        for account in (bull, bear)
    ],
}


@pytest.mark.parametrize("adversity", ADVERSITIES.values(), ids=ADVERSITIES)
def test_no_account_stops_a_batch(stage, adversity):
    for action in adversity:
        stage.play(action)
    rise(stage)
    stage.play(govern("set_cull", 0, Cull(account_threshold=GAIN)))
    crowd = 0, RESERVE, BACKSTOP_FUND, lender, hedger, 2**256 - 1
    told = stage.events(call("realise", 0, (*crowd, bear, *crowd, bull)))
    accounts = [fields["account"] for name, fields in told if name == "Realise"]
    assert accounts == [bear, bull]


def test_who_may_not_be_realised_stops_no_batch(stage):
    rise(stage)
    stage.play(own("set_settings", bull, Settings(auto_realize=True)))
    told = stage.events(call("realise", 0, (bear, bull, bear)))
    accounts = [fields["account"] for name, fields in told if name == "Realise"]
    assert accounts == [bull]
