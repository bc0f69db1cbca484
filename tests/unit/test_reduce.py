"""Reducing on the book: how much at a time, who may, and what is noted of it."""

from contextlib import contextmanager

import pytest

from keeper.chain.interface import Refused
from specs import clearinghouse as ch
from specs import liquidator as liq
from specs import pacing
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.authority import ORDER_VENUE
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.listings import Kind
from specs.pacing import Pace
from specs.packing import pack
from specs.world import Action
from tests.helpers.deployers import address_of
from tests.helpers.protocol import Protocol
from tests.helpers.slices import SliceStage, order
from tests.helpers.worlds import (
    BTC,
    BULL,
    ETH,
    GOVERNOR,
    PLEDGED,
    PRICES,
    STRANGER,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
)

FALLEN = {BTC: 58_700 * WAD, ETH: 2_470 * WAD}
LIMIT = 58_526 * WAD
"""The highest whole price that is too low for the bull's slice of BTC."""

BID = 58_690 * WAD
LATER = Action("wait", STRANGER, (1,))

TWO_LEGS = [
    *publish(PRICES),
    own("deposit", lender, USDC, 900_000 * 10**6),
    own("deposit", bear, USDC, 900_000 * 10**6),
    own("deposit", bull, USDC, 3_000 * 10**6),
    trade(0, bull, bear, 10_000, PRICES[BTC]),
    trade(1, bull, bear, 20_000, PRICES[ETH]),
]
DUE = [*TWO_LEGS, *publish(FALLEN), LATER]
BIDDEN = [*DUE, order(0, True, 50_000, BID), order(1, True, 50_000, 2_469 * WAD)]

LARGE = [
    *publish(PRICES),
    own("deposit", lender, USDC, 900_000 * 10**6),
    own("deposit", bear, USDC, 900_000 * 10**6),
    own("deposit", bull, USDC, 20_000 * 10**6),
    trade(0, bull, bear, 100_000, PRICES[BTC]),
    *publish({BTC: 58_500 * WAD}),
    LATER,
    order(0, True, 400_000, 58_490 * WAD),
]
OWING_BTC = [
    *publish(PRICES),
    own("deposit", lender, USDC, 900_000 * 10**6),
    own("deposit", backer, BTC, 10**9),
    own("deposit", hedger, USDC, 12_000 * 10**6),
    own("borrow", hedger, BTC, 15 * 10**6),
    *publish({BTC: 75_000 * WAD}),
    LATER,
    order(SPOT + BTC, False, 2_000, 75_000 * WAD, backer),
]
OWING_USDC = [
    *publish(PRICES),
    own("deposit", lender, USDC, 900_000 * 10**6),
    own("deposit", hedger, BTC, 10**8),
    own("borrow", hedger, USDC, 45_000 * 10**6),
    *publish({BTC: 49_500 * WAD}),
    LATER,
    order(SPOT + BTC, True, 20_000, 49_500 * WAD),
]


@pytest.fixture(scope="module")
def deployed():
    return SliceStage()


@pytest.fixture
def stage(deployed, request):
    scene = getattr(request, "param", BIDDEN)
    with deployed.at(scene):
        yield deployed


def on(scene):
    """Have a test play in a scene."""
    return pytest.mark.parametrize("stage", [scene], indirect=True, ids=[""])


def health(stage, account=bull):
    return ch.assess(stage.world.clearing, account, stage.world.now)


def pace(stage, instrument=0, account=bull):
    """Return what is remembered, which the comparison of states has seen."""
    return stage.world.liquidator.paces.get((account, instrument), Pace())


# How much


def test_the_first_slice_is_a_tenth(stage):
    assert stage.reduce(bull, 0) == (1_000, 1_000, "")
    assert stage.lots(bull, 0) == 9_000
    assert stage.reduce(bull, 1) == (2_000, 2_000, "")
    assert stage.lots(bull, 1) == 18_000


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [(1, 900), (3, 2_700), (10, 9_000), (60, 9_000), (61, 900)],
)
def test_a_slice_is_due_a_second(stage, seconds, asked):
    stage.reduce(bull, 0)
    if seconds > 2:
        stage.wait(seconds - 2)
        for action in publish(FALLEN):
            stage.play(action)
    stage.wait(1)
    assert stage.reduce(bull, 0)[0] == asked


def test_no_slice_is_due_in_the_second_of_the_last_one(stage):
    stage.reduce(bull, 0)
    assert not stage.view("can_reduce", bull, 0)
    assert stage.refuse_slice(bull, 0) == "nothing due"


def test_each_leg_has_a_pace_of_its_own(stage):
    stage.reduce(bull, 0)
    assert stage.view("can_reduce", bull, 1)
    stage.reduce(bull, 1)
    assert pace(stage, 0) == pace(stage, 1) == Pace(stage.world.now)


@on(LARGE)
def test_a_call_closes_a_hundred_thousand_at_most(stage):
    stage.reduce(bull, 0)
    stage.wait(9)
    asked, _, _ = stage.reduce(bull, 0)
    assert asked == 100_000_000 // 5_850


@on(LARGE)
def test_or_a_fifth_of_what_was_traded_lately(stage):
    stage.reduce(bull, 0)
    stage.wait(8)
    sale = {"account": bear, "kind": Kind.IOC}
    stage.rest(0, False, 100_000, 58_490 * WAD, **sale)
    assert stage.made.view("OrderBook", "recent_volume", 0) == 100_000
    assert stage.reduce(bull, 0)[0] == 20_000
    # What was forced is no volume.
    stage.wait(3)
    assert stage.reduce(bull, 0)[0] == 100_000 * 99 // 100 // 5


@on(OWING_BTC)
def test_a_debt_is_bought_back_in_whole_lots(stage):
    assert stage.reduce(hedger, SPOT + BTC) == (150, 150, "")
    stage.wait(1)
    # The 1,351st is less than a lot: interest.
    assert stage.reduce(hedger, SPOT + BTC) == (135, 135, "")


@on(OWING_USDC)
def test_collateral_is_sold_for_a_debt_in_usdc(stage):
    asked, filled, _ = stage.reduce(hedger, SPOT + BTC)
    assert asked == filled
    opened = stage.made.receipt.event("SliceOpened").arguments
    assert asked == -(-(opened["held"] // 10**14) // 10)
    assert not opened["is_buy"]


CRUMB = [
    *publish(PRICES),
    own("deposit", backer, BTC, 10**9),
    *TWO_LEGS[len(publish(PRICES)) :],
    own("borrow", bull, BTC, 5_000),
    *publish(FALLEN),
    LATER,
]
"""The bull owes half a lot of BTC besides."""


@on(CRUMB)
def test_less_than_a_lot_is_left_to_others(stage):
    assert stage.refuse_slice(bull, SPOT + BTC) == "nothing due"
    assert stage.reduce(bull, 0) == (1_000, 0, "not filled")


@on(OWING_BTC)
def test_a_perpetual_of_the_same_number_is_another_leg(stage):
    assert stage.refuse_slice(hedger, 0) == "nothing to reduce"
    assert stage.refuse_slice(hedger, SPOT + ETH) == "wrong collateral"


def test_it_ends_with_initial_margin(stage):
    while stage.view("can_reduce", bull, 1):
        for market in (0, 1):
            if stage.lots(bull, market):
                stage.reduce(bull, market)
        stage.wait(1)
    assert stage.refuse_slice(bull, 1) == "not liquidatable"
    assert health(stage).equity >= health(stage).initial_margin
    assert stage.lots(bull, 1) > 1_000


# Who


def test_nobody_reduces_an_account_of_his_own(stage):
    assert stage.refuse_slice(bull, 0, caller=BULL) == "same owner"
    assert stage.refuse_slice(bull, 0, account_of(BULL, 3)) == "same owner"


def test_whoever_calls_may_be_rewarded(stage):
    reward = account_of(STRANGER, 7)
    stage.reduce(bull, 0, reward)
    told = stage.made.receipt.event("SliceClosed").arguments
    assert told["rewarded"] == told["fee"] // 2 > 0
    assert ch.get_held(stage.world.clearing, reward, USDC) > 0


def test_all_is_told(stage):
    asked, filled, _ = stage.reduce(bull, 0)
    told = stage.made.receipt.event("Slice").arguments
    caller = told.pop("caller")
    assert int(caller, 16) == STRANGER
    assert told == {
        "account": bull,
        "instrument": 0,
        "asked": asked,
        "filled": filled,
        "fee": stage.world.answer.fee,
        "reason": "",
        "pace": pack(vars(pace(stage)), pacing.PACE),
        "time": stage.world.now,
    }


# Orders of the account


COVERED = order(0, False, 1_000, 61_000 * WAD, bull)


@on([*TWO_LEGS, COVERED, *publish(FALLEN), LATER, order(0, True, 50_000, BID)])
def test_orders_of_the_account_are_cancelled_first(stage):
    assert stage.reduce(bull, 0) == (1_000, 1_000, "")
    names = [event.name for event in stage.made.receipt.events]
    assert names[:2] == ["OrdersReleased", "OrderCancelled"] or (
        names[:2] == ["OrderCancelled", "OrdersReleased"]
    )
    assert not any(o.account == bull for o in stage.world.book.orders.values())


def test_whoever_orders_again_is_let_go(stage):
    """Above maintenance margin nobody else cancels an account's orders."""
    while health(stage).equity < health(stage).maintenance_margin:
        stage.reduce(bull, 0)
        stage.wait(1)
    assert stage.view("can_reduce", bull, 0)
    stage.play(order(0, False, 100, 61_000 * WAD, bull))
    assert stage.refuse_slice(bull, 0) == "not authorised"


# When it may be


def agrees(stage, account=bull, instrument=0):
    """Return what the view says, which is what the specification does."""
    world = stage.world
    told = stage.view("can_reduce", account, instrument)
    assert told == liq.can_reduce(
        world.clearing, world.liquidator, account, instrument, world.now
    )
    return told


@on(TWO_LEGS)
def test_a_healthy_account_is_left_alone(stage):
    assert not agrees(stage)
    stage.wait(1)
    assert not agrees(stage)
    assert stage.refuse_slice(bull, 0) == "not liquidatable"


@on([*TWO_LEGS, *publish(FALLEN)])
def test_prices_of_this_block_reduce_nobody_who_is_not_flagged(stage):
    assert not agrees(stage)
    assert stage.refuse_slice(bull, 0) == "price too fresh"
    stage.play(Action("flag", STRANGER, (bull,)))
    assert not agrees(stage)
    for action in publish(FALLEN):
        stage.play(action)
    assert agrees(stage)
    assert stage.refuse_slice(bear, 0) == "not liquidatable"
    stage.reduce(bull, 0)


@on([*TWO_LEGS, *publish({BTC: 57_000 * WAD, ETH: 2_300 * WAD}), LATER])
def test_without_equity_it_is_the_backstops_turn(stage):
    assert health(stage).equity <= 0
    assert not agrees(stage)
    assert stage.refuse_slice(bull, 0) == "no equity"
    assert stage.view("can_liquidate", bull)


def test_it_goes_on_above_maintenance_margin_for_a_minute(stage):
    while health(stage).equity < health(stage).maintenance_margin:
        stage.reduce(bull, 0)
        stage.wait(1)
    end = stage.made.view("Clearinghouse", "slice_end", bull)
    assert 0 < health(stage).equity < end
    for seconds in (60, 61):
        with undone(stage):
            stage.wait(seconds - 3)
            for action in publish(FALLEN):
                stage.play(action)
            stage.wait(1)
            assert agrees(stage) == (seconds == 60)
            if seconds == 61:
                assert stage.refuse_slice(bull, 0) == "not liquidatable"
            else:
                stage.reduce(bull, 0)


def test_with_initial_margin_it_is_over(stage):
    stage.reduce(bull, 0)
    stage.play(own("deposit", bull, USDC, 2_000 * 10**6))
    stage.wait(1)
    end = stage.made.view("Clearinghouse", "slice_end", bull)
    assert health(stage).equity >= end
    assert not agrees(stage)


@on(OWING_BTC)
def test_the_end_is_the_initial_margin_of_what_can_be_closed(stage):
    stage.reduce(hedger, SPOT + BTC)
    end = stage.made.view("Clearinghouse", "slice_end", hedger)
    assert end == health(stage, hedger).initial_margin
    assert stage.made.view("Clearinghouse", "slice_end", lender) == 0


@contextmanager
def undone(stage):
    """Undo what is done inside."""
    world = stage.world
    with stage.made.undone():
        yield
    stage.world = world


# What the book fails to fill


@on([*PLEDGED, *DUE])
def test_the_third_failure_opens_the_backstop(stage):
    for number in (1, 2, 3):
        assert not stage.view("can_liquidate", bull)
        assert stage.refuse(Action("liquidate", STRANGER, (bull,))) == (
            "above backstop margin"
        )
        assert stage.reduce(bull, 0)[1:] == (0, "not filled")
        assert pace(stage).failures == number
        assert stage.view("failed_at", bull) == (stage.world.now if number == 3 else 0)
        if number < 3:
            stage.wait(10)
    assert stage.view("can_liquidate", bull)
    stage.play(Action("liquidate", STRANGER, (bull,)))


@on([*DUE, order(0, True, 50_000, LIMIT)])
def test_bids_beyond_the_limit_are_not_filled_and_count_as_none(stage):
    assert stage.reduce(bull, 0) == (1_000, 0, "not filled")
    assert pace(stage).failures == 1


@on([*DUE, order(0, True, 10, 60_600 * WAD), order(0, True, 50_000, BID)])
def test_bids_far_from_the_best_one_count_as_none(stage):
    assert stage.reduce(bull, 0) == (1_000, 10, "price out of band")
    assert pace(stage).failures == 1


@on([*DUE, *(order(0, True, 10, BID) for _ in range(32))])
def test_small_orders_in_front_are_no_failure(stage):
    stage.rest(0, True, 50_000, BID, backer_of(stage))
    assert stage.reduce(bull, 0) == (1_000, 320, "too many fills")
    assert pace(stage) == Pace(stage.world.now)
    stage.wait(1)
    asked, filled, reason = stage.reduce(bull, 0)
    assert (filled, reason) == (asked, "")


def backer_of(stage):
    """Return an account that has something to bid with."""
    stage.play(own("deposit", backer, USDC, 500_000 * 10**6))
    return backer


@on([*DUE, order(0, True, 500, BID)])
def test_half_of_a_slice_is_no_failure(stage):
    assert stage.reduce(bull, 0) == (1_000, 500, "not filled")
    assert pace(stage) == Pace(stage.world.now)
    stage.wait(1)
    assert stage.reduce(bull, 0) == (950, 0, "not filled")
    assert pace(stage) == Pace(stage.world.now, stage.world.now, 1)


# What is refused


def test_nobody_is_sold_from_on_the_book_without_a_slice(stage):
    """Whoever calls the book himself gets as far as orders that nobody can fill."""
    sale = bull, 0, False, 1_000, 58_600 * WAD, 32
    made = stage.made
    assert made.reason(STRANGER, "OrderBook", "liquidate", *sale) == "no slice open"
    with undone(stage):
        stage.play(Action("cancel_all", lender >> 96, (lender,)))
        assert made.send(STRANGER, "OrderBook", "liquidate", *sale) == (0, "not filled")


@pytest.mark.parametrize("max_fills", [1, 32])
def test_without_a_slice_nobodys_orders_are_cancelled(stage, max_fills):
    """Or anyone could clear the book, naming one maker after the other."""
    front = stage.made.view("OrderBook", "top", 0)[0]
    sale = lender, 0, False, 1_000, 58_000 * WAD, max_fills
    reason = stage.made.reason(STRANGER, "OrderBook", "liquidate", *sale)
    assert reason == "no slice open"
    assert stage.made.view("OrderBook", "top", 0)[0] == front == BID


def test_what_the_clearinghouse_refuses_leaves_nothing_behind(stage):
    for reward, reason in ((2, "reserved account"), (bull, "same owner")):
        assert stage.refuse_slice(bull, 0, reward) == reason
    assert stage.refuse_slice(bull, 5) == "unknown market"
    assert stage.refuse_slice(0, 0) == "reserved account"
    assert stage.view("pace", bull, 0) == 0


def test_there_has_to_be_a_book(stage):
    made = Protocol(stage.made.chain, dict(stage.made.contracts))
    home, oracle = (made.contracts[n].address for n in ("Clearinghouse", "MockPrices"))
    with made.undone():
        empty = made.deploy("OrderBook", address_of(GOVERNOR), home, oracle)
        made.govern("set_venue", empty, ORDER_VENUE)
        other = made.deploy("Liquidator", home, empty)
        made.govern("set_venue", other, ch.LIQUIDATION_VENUE)
        with pytest.raises(Refused, match="unknown instrument"):
            made.send(STRANGER, "Liquidator", "reduce", bull, 0, 0)
