"""Tick and realise: prices taken over, interest and funding booked, PnL settled."""

import pytest

from specs.accounts import USDC
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.protocol import Stage
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import (
    BTC,
    ETH,
    FUND_CAPS,
    INTERVAL,
    PRICES,
    STRANGER,
    UNLISTED,
    bear,
    bull,
    lender,
)

MAX_LISTED, MAX_BATCH = 32, 128
GAIN = 500 * WAD
"""Of half a BTC when its price rises by 1,000 USDC."""


@pytest.fixture(scope="module")
def deployed():
    return Stage()


@pytest.fixture
def stage(deployed):
    with deployed.at(AT_WORK):
        yield deployed


def call(name, *arguments):
    return Action(name, STRANGER, arguments)


def say(stage, asset, slow, fast=None, premium=0, later=1):
    """Publish an asset's prices some seconds later."""
    stage.play(call("wait", later))
    stage.play(call("publish", asset, slow, fast or slow, premium))


def rise(stage, later=1):
    """Let BTC rise by 1,000 USDC, taken over."""
    say(stage, BTC, PRICES[BTC] + 1_000 * WAD, later=later)
    stage.play(call("tick", (BTC,), (0,)))


# Tick


def test_a_price_taken_over_is_logged(stage):
    say(stage, ETH, 2_600 * WAD + 7, 2_610 * WAD + 10**6 - 1)
    assert stage.events(call("tick", (ETH,), ())) == [
        (
            "PriceTaken",
            {
                "asset": ETH,
                "slow": 2_600 * WAD,
                "fast": 2_610 * WAD,
                "priced_at": stage.world.now,
                "time": stage.world.now,
            },
        )
    ]


def test_a_mark_taken_over_is_logged_with_its_funding(stage):
    say(stage, BTC, 61_000 * WAD, 61_100 * WAD, WAD // 1_000, later=INTERVAL)
    stage.play(call("wait", 3))
    ((name, told),) = stage.events(call("tick", (), (0,)))
    market = stage.world.clearing.markets[0]
    assert name == "MarkTaken"
    assert told == {
        "market": 0,
        "mark": market.quote.slow,
        "fast": market.quote.fast,
        "premium": WAD // 1_000,
        "funding_index": market.funding.index,
        "funding_rate": market.funding.rate,
        "priced_at": stage.world.now - 3,
        "time": stage.world.now,
    }
    assert told["mark"] == 61_061 * WAD


def test_funding_flows_once_an_interval_is_over(stage):
    for _ in range(2):
        say(stage, BTC, PRICES[BTC], premium=WAD // 1_000, later=INTERVAL)
        stage.play(call("tick", (BTC,), (0,)))
    assert stage.world.clearing.markets[0].funding.rate > 0
    say(stage, BTC, PRICES[BTC], later=INTERVAL)
    stage.play(call("tick", (BTC,), (0,)))
    assert stage.world.clearing.markets[0].funding.index > 0


def test_a_price_is_taken_over_once(stage):
    rise(stage)
    stage.play(call("wait", 1))
    assert stage.events(call("tick", (BTC, ETH), (0, 1))) == []
    say(stage, ETH, 2_600 * WAD)
    assert len(stage.events(call("tick", (ETH, ETH), (1, 1)))) == 2


def test_a_tick_of_nothing_books_interest(stage):
    stage.play(call("wait", 3_600))
    before = stage.world.clearing.assets[USDC].pool
    assert stage.events(call("tick", (), ())) == []
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
    assert stage.refuse(call("tick", assets, markets)) == reason


def test_lists_have_their_limits(stage):
    made = stage.made
    stage.play(call("tick", (ETH,) * MAX_LISTED, (1,) * MAX_LISTED))
    stage.play(call("realise", 0, (bull,) * MAX_BATCH))
    for method, arguments in [
        ("tick", ([ETH] * (MAX_LISTED + 1), [])),
        ("tick", ([], [0] * (MAX_LISTED + 1))),
        ("realise", (0, [bull] * (MAX_BATCH + 1))),
    ]:
        assert made.reason(STRANGER, "Clearinghouse", method, *arguments) == ""


# Realise


def realised(stage, account, gain, paid):
    """Return the event of a settlement."""
    fields = {"market": 0, "account": account, "gain": gain, "paid": paid}
    return ("Realise", fields | {"time": stage.world.now})


def test_a_loss_first_pays_the_gain(stage):
    rise(stage)
    assert stage.events(call("realise", 0, (bear, bull))) == [
        realised(stage, bear, -GAIN, -GAIN),
        realised(stage, bull, GAIN, GAIN),
    ]
    assert stage.world.clearing.markets[0].fund.balance == 0


def test_a_gain_is_paid_ahead_as_far_as_the_cap(stage):
    say(stage, BTC, PRICES[BTC] + 30_000 * WAD)
    stage.play(call("tick", (BTC,), (0,)))
    gain, cap = 15_000 * WAD, FUND_CAPS[0]
    assert stage.events(call("realise", 0, (bull,))) == [
        realised(stage, bull, gain, cap)
    ]
    assert stage.world.clearing.markets[0].fund.balance == -cap
    assert stage.events(call("realise", 0, (bull,))) == []
    stage.play(call("realise", 0, (bear,)))
    assert stage.events(call("realise", 0, (bull,))) == [
        realised(stage, bull, gain - cap, gain - cap)
    ]


def test_accounts_without_a_position_are_passed_over(stage):
    rise(stage)
    before = stage.world.clearing.accounts
    assert stage.events(call("realise", 0, (lender, 0, 1, 2, 2**256 - 1))) == []
    assert stage.world.clearing.accounts == before


def test_to_realise_twice_is_to_realise_once(stage):
    rise(stage)
    assert len(stage.events(call("realise", 0, (bear, bear, bull, bull)))) == 2


@pytest.mark.parametrize("market", [UNLISTED, 2**256 - 1])
def test_an_unknown_market_is_refused(stage, market):
    assert stage.refuse(call("realise", market, (bull,))) == "unknown market"


def test_nothing_is_realised_at_a_stale_mark(stage):
    stage.play(call("wait", 60))
    stage.play(call("realise", 0, (bull,)))
    stage.play(call("wait", 1))
    assert stage.refuse(call("realise", 0, (bull,))) == "stale price"
