"""Liquidator: who may pledge, who gets what, and that no trick passes anyone over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.codec import codec_of
from keeper.chain.interface import Refused
from keeper.chain.revm import GENESIS
from specs.fixed_point import WAD
from specs.packing import unpack
from specs.providers import USAGE
from tests.helpers.deployers import FOR_EVER
from tests.helpers.liquidations import (
    ACCOUNTS,
    ALL,
    HEALTH,
    OWNERS,
    STRANGER,
    TARGET,
    TARGET_OWNER,
    World,
    make_account,
)
from tests.helpers.numbers import within


@pytest.fixture(scope="module")
def deployed():
    return World()


@pytest.fixture
def world(deployed):
    with deployed.undone():
        yield deployed


# Providers


def test_an_owner_pledges_and_unpledges(world):
    event = world.pledge(0, 100, 200, 300, 400).event("Pledge")
    assert event.arguments == {
        "account": ACCOUNTS[0],
        "per_minute": 100,
        "per_hour": 200,
        "max_position": 300,
        "max_loss": 400,
        "time": GENESIS,
    }
    assert world.view("provider_count") == 1
    assert world.view("provider_at", 0) == ACCOUNTS[0]
    assert world.view("remaining", ACCOUNTS[0]) == 100
    world.tell("set_free", ACCOUNTS[0], True)
    event = world.send(OWNERS[0], "unpledge", ACCOUNTS[0]).event("Unpledge")
    assert event.arguments == {"account": ACCOUNTS[0], "time": GENESIS}
    assert world.view("provider_count") == 0


@pytest.mark.parametrize("method", ["pledge", "unpledge"])
def test_nobody_else_decides_for_an_account(world, method):
    capacities = (5, 5, 5, 5) if method == "pledge" else ()
    world.pledge(0, 100)
    world.tell("set_free", ACCOUNTS[0], True)
    for sender in (STRANGER, OWNERS[1]):
        with pytest.raises(Refused, match="not authorised"):
            world.send(sender, method, ACCOUNTS[0], *capacities)
    assert world.view("remaining", ACCOUNTS[0]) == 100


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    ("amount", "reason"), [(0, "zero amount"), (10**30 + 1, "amount too large")]
)
def test_a_pledge_is_within_bounds(world, place, amount, reason):
    amounts = [1, 1, 1, 1]
    amounts[place] = amount
    with pytest.raises(Refused, match=reason):
        world.pledge(0, *amounts)
    world.pledge(0, 1, 1, 1, 1)
    world.pledge(1, *4 * [10**30])


def test_who_is_not_bound_does_not_pledge(world):
    world.tell("set_free", ACCOUNTS[0], True)
    with pytest.raises(Refused, match="not bound"):
        world.pledge(0, 100)
    world.tell("set_free", ACCOUNTS[0], False)
    world.pledge(0, 100)


def test_who_is_bound_does_not_leave(world):
    world.pledge(0, 100)
    with pytest.raises(Refused, match=r"^bound$"):
        world.send(OWNERS[0], "unpledge", ACCOUNTS[0])
    world.tell("set_free", ACCOUNTS[0], True)
    world.send(OWNERS[0], "unpledge", ACCOUNTS[0])


@pytest.mark.parametrize(
    ("equity", "is_free", "is_backed"),
    [
        (10_000 * WAD, False, True),
        (10_000 * WAD - 1, False, False),
        (10_000 * WAD, True, False),
    ],
)
def test_whose_pledge_has_nothing_behind_it_is_dropped(
    world, equity, is_free, is_backed
):
    world.pledge(0, 10_000 * WAD)
    world.set_equity(ACCOUNTS[0], equity)
    world.tell("set_free", ACCOUNTS[0], is_free)
    told = world.reason(STRANGER, "drop", ACCOUNTS[0])
    assert told == ("provider is backed" if is_backed else None)
    assert world.view("provider_count") == is_backed


@pytest.mark.parametrize("limit", ["per_minute", "per_hour", "max_position"])
def test_a_pledge_of_next_to_nothing_keeps_no_place(world, limit):
    world.set_equity(ACCOUNTS[0], 10**6 * WAD)
    for amount, is_kept in ((10_000 * WAD, True), (10_000 * WAD - 1, False)):
        world.pledge(0, **{"per_minute": 10**6 * WAD, limit: amount})
        told = world.reason(STRANGER, "drop", ACCOUNTS[0])
        assert told == ("provider is backed" if is_kept else None)


def test_who_is_dropped_is_told_of(world):
    world.pledge(0, 100)
    event = world.send(STRANGER, "drop", ACCOUNTS[0]).event("Unpledge")
    assert event.arguments == {"account": ACCOUNTS[0], "time": GENESIS}


def test_there_is_room_for_eight(world):
    for index in range(8):
        world.pledge(index, 1)
    with pytest.raises(Refused, match="too many providers"):
        world.pledge(8, 1)


# Sharing out


@given(
    capacities=st.lists(within(1, 10**30), max_size=8),
    failing=st.sets(st.integers(0, 7)),
    exposure=within(0, 10**30),
    parts=within(1, ALL),
)
def test_the_notional_is_shared_as_specified(
    deployed, capacities, failing, exposure, parts
):
    with deployed.undone() as world:
        for index, capacity in enumerate(capacities):
            world.pledge(index, capacity)
        for index in failing:
            world.tell("set_failing", ACCOUNTS[index], True)
        world.set_terms(exposure, parts)
        expected = share_out(capacities, failing, exposure, parts)
        if expected:
            world.liquidate()
        else:
            with pytest.raises(Refused, match="nothing taken"):
                world.liquidate()
        assert world.get_takings() == [(who, portion) for who, portion, _ in expected]
        for name in {who for who, _, _ in expected}:
            word = unpack(world.view("usage", name), USAGE)
            notional = sum(part for who, _, part in expected if who == name)
            assert set(word.values()) == {GENESIS, notional}


def share_out(capacities, failing, exposure, parts):
    """Return who takes what portion and how much notional, in order."""
    left, rest, taken = exposure, -(-exposure * parts // ALL), []
    remaining = dict(enumerate(capacities))
    for _ in range(2):
        total, reach = rest, sum(remaining.values())
        for index, capacity in list(remaining.items()):
            part = min(-(-total * capacity // reach), capacity, rest) if reach else 0
            if part == 0:
                continue
            if index in failing:
                del remaining[index]
                continue
            portion = min(WAD, -(-part * WAD // left))
            taken.append((ACCOUNTS[index], portion, part))
            left, rest = left - part, rest - part
            remaining[index] -= part
    return taken


def test_a_liquidation_says_what_it_did(world):
    world.pledge(0, 150)
    world.pledge(1, 50)
    world.tell("set_failing", ACCOUNTS[1], True)
    world.set_terms(400, ALL // 2, discount=7)
    world.tell("set_earned", ACCOUNTS[0], 11)
    world.set_equity(ACCOUNTS[0], -5)
    receipt = world.liquidate()
    assert receipt.result is False
    who = {"account": TARGET, "time": GENESIS}
    assert receipt.event("Takeover").arguments == {
        **who,
        "provider": ACCOUNTS[0],
        "notional": 150,
        "portion": 375 * WAD // 1000,
        "discount": 7,
        "earned": 11,
        "equity": -5,
    }
    assert world.view("results", ACCOUNTS[0]) == (150, 11, 1)
    assert world.view("results", ACCOUNTS[1]) == (0, 0, 0)
    assert receipt.event("PassOver").arguments["notional"] == 50
    assert receipt.event("PassOver").arguments["provider"] == ACCOUNTS[1]
    done = receipt.event("Liquidation").arguments
    assert done.pop("caller").lower() == STRANGER
    assert done == {
        **who,
        "exposure": 400,
        "due": 200,
        "taken": 150,
        "deleveraged": 0,
        "discount": 7,
        "is_deficit_paid": False,
    }


def test_capacity_is_used_up_until_the_minute_is_over(world):
    world.chain.advance_to(GENESIS // 3600 * 3600 + 7200)
    world.pledge(0, 300)
    world.set_terms(200)
    world.liquidate()
    assert world.view("remaining", ACCOUNTS[0]) == 100
    world.liquidate()
    with pytest.raises(Refused, match="nothing taken"):
        world.liquidate()
    world.chain.advance_to(world.chain.block().timestamp + 60)
    world.liquidate()
    assert len(world.get_takings()) == 3


def test_nobody_takes_over_an_account_of_its_owner(world):
    own = make_account(TARGET_OWNER, 6)
    world.send(TARGET_OWNER, "pledge", own, *4 * [10**6])
    world.set_terms(100)
    with pytest.raises(Refused, match="nothing taken"):
        world.liquidate()
    world.pledge(0, 100)
    world.liquidate()
    assert world.get_takings() == [(ACCOUNTS[0], WAD)]


def test_a_failure_uses_no_capacity(world):
    world.pledge(0, 300)
    world.pledge(1, 300)
    world.tell("set_failing", ACCOUNTS[0], True)
    world.set_terms(100)
    world.liquidate()
    assert world.view("remaining", ACCOUNTS[0]) == 300
    assert world.view("remaining", ACCOUNTS[1]) == 200


def test_the_vault_is_told_how_large_a_position_may_get(world):
    world.pledge(0, 300, max_position=77)
    world.set_terms(100)
    world.liquidate()
    taking = world.chain.call(world.host, "takings", 0)
    assert (taking.provider, taking.max_position) == (ACCOUNTS[0], 77)


def test_who_has_lost_too_much_takes_nothing_until_the_hour_is_over(world):
    """What it had before its first takeover counts, not what it had after one."""
    world.chain.advance_to(GENESIS // 3600 * 3600 + 7200)
    world.pledge(0, 10**6, max_loss=50)
    world.set_terms(100)
    for equity in (1_000, 950, 1_020):
        world.set_equity(ACCOUNTS[0], equity)
        world.liquidate()
    world.set_equity(ACCOUNTS[0], 949)
    with pytest.raises(Refused, match="nothing taken"):
        world.liquidate()
    world.pledge(1, 10**6)
    receipt = world.liquidate()
    assert receipt.event("PassOver").arguments["provider"] == ACCOUNTS[0]
    assert receipt.event("Liquidation").arguments["taken"] == 100
    assert world.view("results", ACCOUNTS[0])[2] == 3
    world.chain.advance_to(world.chain.block().timestamp // 3600 * 3600 + 3600)
    world.liquidate()
    assert world.view("results", ACCOUNTS[0])[2] == 4


def test_what_one_of_them_leaves_the_others_take(world):
    """By what it took: else they would be given more than their capacity."""
    world.pledge(0, 100)
    world.pledge(1, 100)
    world.tell("set_shortfall", ACCOUNTS[0], FOR_EVER - 40)
    world.set_terms(200)
    world.liquidate()
    assert world.get_takings() == [
        (ACCOUNTS[0], WAD // 2),
        (ACCOUNTS[1], 100 * WAD // 160),
        (ACCOUNTS[0], WAD),
    ]
    assert world.view("remaining", ACCOUNTS[0]) == 20
    assert world.view("remaining", ACCOUNTS[1]) == 0


def test_what_was_not_there_uses_no_capacity(world):
    world.pledge(0, 300)
    world.pledge(1, 300)
    world.tell("set_shortfall", ACCOUNTS[0], FOR_EVER)
    world.tell("set_shortfall", ACCOUNTS[1], FOR_EVER - 7)
    world.set_terms(100)
    receipt = world.liquidate()
    assert receipt.event("PassOver").arguments["provider"] == ACCOUNTS[0]
    assert receipt.event("Liquidation").arguments["taken"] == 14
    assert world.view("remaining", ACCOUNTS[0]) == 300
    assert world.view("remaining", ACCOUNTS[1]) == 286


def test_a_bankrupt_account_is_not_shared_out(world):
    world.pledge(0, 300)
    world.set_terms(100, bankrupt=True, paid=True)
    receipt = world.liquidate()
    assert receipt.result is True
    assert world.get_takings() == []
    done = receipt.event("Liquidation").arguments
    assert (done["taken"], done["deleveraged"]) == (0, 0)
    assert done["is_deficit_paid"] is True


def test_a_deficit_is_paid_without_a_provider(world):
    world.set_terms(100, paid=True)
    assert world.liquidate().result is True


@pytest.mark.parametrize("bankrupt", [False, True])
def test_doing_nothing_is_refused(world, bankrupt):
    world.set_terms(100, bankrupt=bankrupt)
    with pytest.raises(Refused, match="nothing taken"):
        world.liquidate()


# What is closed against the other side


def test_what_the_fund_cannot_pay_is_closed_first(world):
    """Of 400 a quarter; what is left is shared, and the rest closed as well."""
    world.pledge(0, 100)
    world.set_terms(400, unfunded=WAD // 4, deleveraging=True)
    world.tell("set_worth", 100)
    receipt = world.liquidate()
    assert world.get_takings() == [(ACCOUNTS[0], -(-WAD // 3))]
    assert world.get_portions() == [WAD // 4, WAD]
    done = receipt.event("Liquidation").arguments
    assert (done["taken"], done["deleveraged"]) == (100, 200)


def test_what_nobody_takes_is_closed_if_it_may_be(world):
    world.pledge(0, 100)
    world.set_terms(400, ALL // 2)
    world.liquidate()
    assert world.get_portions() == []
    world.set_terms(400, ALL // 2, deleveraging=True)
    world.tell("set_worth", 200)
    receipt = world.liquidate()
    assert world.get_portions() == [WAD // 2]
    assert receipt.event("Liquidation").arguments["taken"] == 0


def test_what_is_taken_in_full_is_not_closed(world):
    world.pledge(0, 200)
    world.set_terms(400, ALL // 2, deleveraging=True)
    world.liquidate()
    assert world.get_portions() == []


# Gas


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_too_little_gas_passes_nobody_over(world, depth):
    world.pledge(0, 300)
    world.pledge(1, 300)
    world.tell("set_rounds", ACCOUNTS[0], 50_000, depth)
    world.set_terms(100)
    data = codec_of("Liquidator").method("liquidate", (TARGET,)).encode((TARGET,))
    outcomes = set()
    for gas in range(100_000, 12_000_000, 100_000):
        with world.undone():
            address = world.liquidator.address
            arguments = (address, data, gas)
            world.tell("call_with_gas", *arguments)
            outcomes.add(tuple(who for who, _ in world.get_takings()))
    assert outcomes == {(), (ACCOUNTS[0], ACCOUNTS[1])}


# Views


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({}, True),
        ({"equity": 6}, False),
        ({"exposure": 0}, False),
        ({"priced_at": GENESIS}, False),
        ({"stale_loss": 6}, True),
        ({"stale_loss": 7}, False),
        ({"stale_margin": 6}, True),
        ({"stale_margin": 7}, False),
        ({"equity": 11, "maintenance_margin": 24}, True),
        ({"equity": 12, "maintenance_margin": 12}, False),
    ],
)
def test_can_liquidate(world, change, due):
    world.tell("set_health", TARGET, tuple({**HEALTH, **change}.values()))
    assert world.view("can_liquidate", TARGET) == due
