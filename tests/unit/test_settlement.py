"""Touches: interest settled, and where a position stands in the tick set afterwards."""

import pytest

from specs import grid
from specs.accounts import USDC, Settings
from specs.fixed_point import RAY, WAD, mul_div_up
from specs.state import Limits
from specs.virtual_pnl import PRICE_UNIT, compute_gain
from specs.weights import WEIGHT_ONE, compute_weight
from tests.helpers.scenes import AT_WORK
from tests.helpers.stages import (
    call,
    govern,
    held,
    liquidate,
    market_of,
    move,
    owed,
    pool_of,
    position_of,
    realise,
)
from tests.helpers.worlds import (
    BTC,
    CROSSINGS,
    ETH,
    MARKETS,
    PRICES,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
)

HOUR = 3_600
MARK = PRICES[BTC]

# Two more entries at 61,000, above a cursor that is back at 60,000.
CROWDED = [
    *AT_WORK,
    *publish({BTC: 61_000 * WAD}),
    trade(0, lender, hedger, 2_000, 61_000 * WAD),
    *publish(PRICES),
]


@pytest.fixture
def crowded(deployed):
    with deployed.at(CROWDED):
        yield deployed


def age(stage, price=61_000):
    """Move the mark, let an hour pass and keep the mark fresh."""
    move(stage, {BTC: price}, waiting=HOUR)
    move(stage, {BTC: price, ETH: 2_500}, waiting=0)


def lag(stage):
    """Move the mark and its cursor one tick of two on the way to it."""
    move(stage, {BTC: 64_000}, waiting=0, crossings=1)
    assert market_of(stage).cursor < market_of(stage).quote.slow


def catch_up(stage):
    stage.play(call("tick", (), MARKETS, CROSSINGS))
    assert market_of(stage).cursor == market_of(stage).quote.slow


def entry_of(stage, account, market=0):
    return position_of(stage, account, market).entry


def pending_of(stage, account, market=0):
    position = position_of(stage, account, market)
    return position.pending_lend, position.pending_borrow


def tick_below(price):
    return grid.tick_down(price // PRICE_UNIT)


def tick_above(price):
    return grid.tick_up(price // PRICE_UNIT)


# Interest


def interest_of(stage, account, seconds):
    """Return what interest an account has after so many seconds more, by hand."""
    market, old = market_of(stage), pool_of(stage)
    position = position_of(stage, account)
    gain = compute_gain(position, market.lot, market.cursor)
    stage.play(call("wait", seconds))
    stage.play(call("tick", (), (), 1))
    new = pool_of(stage)
    lent = compute_weight(old.lend_index) - compute_weight(new.lend_index)
    borrowed = compute_weight(old.borrow_index) - compute_weight(new.borrow_index)
    earned = (position.pending_lend + max(0, gain) * lent) // WEIGHT_ONE
    due = -(position.pending_borrow + max(0, -gain) * borrowed) // WEIGHT_ONE
    return earned * new.lend_index // RAY, mul_div_up(-due, new.borrow_index, RAY)


@pytest.mark.parametrize(("account", "side"), [(bull, 0), (bear, 1)])
def test_a_touch_settles_what_was_earned_and_owed(stage, account, side):
    age(stage)
    interest = interest_of(stage, account, 50)
    assert interest[side] > 10**6
    events = stage.events(realise(0, account))
    (settled,) = [fields for name, fields in events if name == "InterestSettled"]
    assert settled == {
        "market": 0,
        "account": account,
        "earned": interest[0],
        "owed": interest[1],
        "time": stage.world.now,
    }
    assert pending_of(stage, account) == (0, 0)


def test_to_choose_settings_is_no_touch(stage):
    age(stage)
    before = pending_of(stage, bull), pool_of(stage).lends, held(stage, bull)
    stage.play(own("set_settings", bull, Settings(auto_realize=True)))
    assert before == (pending_of(stage, bull), pool_of(stage).lends, held(stage, bull))
    assert before[0][0] > 0


TOUCHES = {
    "a realisation": lambda: realise(0, bear),
    "a close": lambda: trade(0, bear, lender, 100, 61_000 * WAD),
    "an opening": lambda: trade(0, lender, bear, 100, 61_000 * WAD),
    "a fill that turns it over": lambda: trade(0, bear, lender, 6_000, 61_000 * WAD),
}


@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES)
def test_every_touch_settles(stage, touch):
    age(stage)
    assert pending_of(stage, bear)[1] > 0
    names = [
        (name, told["account"])
        for name, told in stage.events(touch())
        if name == "InterestSettled"
    ]
    assert names == [("InterestSettled", bear)]
    assert pending_of(stage, bear) == (0, 0)


def test_a_takeover_settles(stage):
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    move(stage, {BTC: 35_000, ETH: 2_500}, waiting=1)
    events = stage.events(liquidate(bull))
    settled = [told for name, told in events if name == "InterestSettled"]
    assert bull in {told["account"] for told in settled}


def test_a_claim_earns_nothing(stage):
    move(stage, {ETH: 2_600}, waiting=0)
    stage.play(trade(1, lender, bear, 10_000, 2_600 * WAD))
    assert position_of(stage, bear, 1).lots == 0
    assert entry_of(stage, bear, 1) is None
    move(stage, {ETH: 2_700}, waiting=50)
    stage.play(call("tick", (), (), 1))
    assert pending_of(stage, bear, 1) == (0, 0)


# Entries


def test_an_opening_enters_at_its_cost_rounded_against_it(stage):
    assert entry_of(stage, bull) == tick_above(MARK)
    assert entry_of(stage, bear) == tick_below(MARK)
    move(stage, {BTC: 61_000}, waiting=0)
    stage.play(trade(0, bull, lender, 5_000, 61_000 * WAD))
    assert entry_of(stage, bull) == tick_above(60_500 * WAD) != tick_above(MARK)
    assert entry_of(stage, lender) == tick_below(61_000 * WAD)


def test_a_paid_close_keeps_the_tick(stage):
    move(stage, {BTC: 61_000}, waiting=0)
    stage.play(trade(0, lender, bull, 1_000, 61_000 * WAD))
    assert entry_of(stage, bull) == tick_above(MARK)
    stage.play(trade(0, bear, lender, 1_000, 61_000 * WAD))
    assert entry_of(stage, bear) == tick_below(MARK)


def test_a_paid_close_keeps_the_tick_far_from_its_fill(stage):
    move(stage, {BTC: 61_000}, waiting=0)
    stage.play(trade(0, lender, bull, 4_999, 60_900 * WAD))
    assert entry_of(stage, bull) == tick_above(MARK)


def test_an_unpaid_close_moves_it(stage):
    """What the fund of 0 does not pay lowers the cost of what is left."""
    before = entry_of(stage, bear, 1)
    move(stage, {ETH: 2_600}, waiting=0)
    stage.play(trade(1, lender, bear, 2_000, 2_600 * WAD))
    left = 2_500 * WAD - 100 * WAD * 2_000 // 8_000
    assert entry_of(stage, bear, 1) == tick_above(left) < before


def test_realising_moves_it_to_the_mark(stage):
    move(stage, {BTC: 61_000}, waiting=0)
    for account, expected in (
        (bull, tick_above(61_000 * WAD)),
        (bear, tick_below(61_000 * WAD)),
    ):
        stage.play(realise(0, account))
        assert entry_of(stage, account) == expected


def test_a_turned_over_position_enters_on_its_own(stage):
    move(stage, {BTC: 61_000}, waiting=0)
    stage.play(trade(0, lender, bull, 6_000, 61_000 * WAD))
    assert entry_of(stage, bull) == tick_below(61_000 * WAD)


# While the cursor lags


@pytest.mark.parametrize(
    "touch",
    [realise(0, bull), trade(0, bull, hedger, 100, 64_000 * WAD)],
    ids=["a realisation", "an opening"],
)
def test_it_leaves_the_set_while_the_cursor_lags(crowded, touch):
    lag(crowded)
    crowded.play(touch)
    assert entry_of(crowded, bull) is None
    catch_up(crowded)
    assert entry_of(crowded, bull) is None
    crowded.play(realise(0, bull))
    assert entry_of(crowded, bull) == tick_above(64_000 * WAD)


def test_a_paid_close_keeps_the_tick_while_the_cursor_lags(crowded):
    lag(crowded)
    crowded.play(trade(0, bear, bull, 100, 64_000 * WAD))
    assert entry_of(crowded, bull) == tick_above(MARK)
    assert entry_of(crowded, bear) == tick_below(MARK)


def test_who_stands_outside_earns_and_owes_nothing(crowded):
    lag(crowded)
    crowded.play(realise(0, bull))
    catch_up(crowded)
    move(crowded, {BTC: 65_000}, waiting=HOUR)
    crowded.play(call("tick", (), (), 1))
    assert pending_of(crowded, bull) == (0, 0)
    assert pending_of(crowded, bear)[1] > 0
    assert owed(crowded, bull) == 0


# Who is in the set at all


@pytest.mark.parametrize(("least", "is_inside"), [(100, True), (101, False)])
def test_the_smallest_position_inside(stage, least, is_inside):
    stage.play(govern("set_limits", 0, Limits(min_lots=least)))
    stage.play(trade(0, lender, hedger, 100, MARK))
    for account in (lender, hedger):
        assert (entry_of(stage, account) is not None) == is_inside


@pytest.mark.parametrize(("left", "is_inside"), [(100, True), (99, False)])
def test_what_a_close_leaves_may_be_too_small(stage, left, is_inside):
    stage.play(govern("set_limits", 0, Limits(min_lots=100)))
    stage.play(trade(0, lender, bull, 5_000 - left, MARK))
    assert (entry_of(stage, bull) is not None) == is_inside


def test_an_account_that_realises_stands_outside_from_its_next_touch(stage):
    chosen = Settings(auto_realize=True)
    stage.play(own("set_settings", bull, chosen))
    assert entry_of(stage, bull) is not None
    stage.play(trade(0, lender, bull, 100, MARK))
    assert entry_of(stage, bull) is None
    stage.play(own("set_settings", lender, chosen))
    stage.play(realise(0, lender))
    assert entry_of(stage, lender) is None
    stage.play(own("set_settings", lender, Settings()))
    stage.play(realise(0, lender))
    assert entry_of(stage, lender) is not None
