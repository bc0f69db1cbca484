"""Ladders that follow a middle, and the maker of the devnet who keeps them."""

from decimal import Decimal

import pytest

from keeper.chain.interface import Refused
from keeper.client import making
from keeper.client.ladders import SLACK, STEP, Ladder, compute_price, keep, to_middle
from keeper.devnet import MAKER
from specs.fixed_point import PPM, WAD
from tests.helpers.clients import KEYS, at_first

MARKETS = "BTC-PERP", "SOL"
SPREAD = 500


@pytest.fixture
def client():
    with at_first() as client:
        yield client


@pytest.fixture
def maker(client):
    return client.account(KEYS[MAKER])


@pytest.fixture
def ladders():
    return [Ladder(name, (1_000, 2_000), SPREAD) for name in MARKETS]


@pytest.fixture
def wanted(client):
    return {name: to_middle(client.book(name).mark) for name in MARKETS}


def ids(account, name):
    return {order.id for order in account.orders(name)}


def test_a_ladder_has_its_worth_on_both_sides_of_the_middle(
    client, maker, ladders, wanted
):
    assert keep(maker, wanted, ladders) == 2
    for ladder in ladders:
        depth = client.book(ladder.name).depth()
        middle, tick = wanted[ladder.name], client.book(ladder.name).instrument.tick
        for is_ask, levels in ((False, depth.bids), (True, depth.asks)):
            pairs = zip(levels, (1_000, 2_000), strict=True)
            for place, (level, worth) in enumerate(pairs):
                exact = compute_price(middle, SPREAD + place * STEP, is_ask=is_ask)
                off = level.price - Decimal(exact) / WAD
                assert 0 <= (off if is_ask else -off) < tick
                # Sizes are cut to lots.
                assert 0.99 * worth < level.size * middle / WAD <= worth


def test_only_a_ladder_that_is_due_is_placed_anew(client, maker, ladders, wanted):
    keep(maker, wanted, ladders)
    before = {name: ids(maker, name) for name in MARKETS}
    assert keep(maker, wanted, ladders) == 0
    for change, count in ((SLACK, 0), (-SLACK, 0), (SLACK + 1, 1)):
        moved = {**wanted, "SOL": wanted["SOL"] * (PPM + change) // PPM}
        assert keep(maker, moved, ladders) == count
    assert ids(maker, "BTC-PERP") == before["BTC-PERP"]
    assert not ids(maker, "SOL") & before["SOL"]
    assert len(maker.orders()) == 8


@pytest.mark.parametrize("size", ["0.001", "0.05"])
def test_a_ladder_that_was_taken_from_is_whole_again(
    client, maker, ladders, wanted, size
):
    keep(maker, wanted, ladders)
    placed = client.account(KEYS[8]).buy("BTC-PERP", size)
    assert placed.filled == Decimal(size)
    assert keep(maker, wanted, ladders) == 1
    assert keep(maker, wanted, ladders) == 0
    assert len(maker.orders("BTC-PERP")) == 4


def test_a_ladder_that_meets_orders_rests_with_the_remainder(
    client, maker, ladders, wanted
):
    middle = to_middle(client.book("BTC-PERP").mark) / Decimal(WAD)
    client.account(KEYS[8]).sell("BTC-PERP", "0.01", round(middle) - 20)
    keep(maker, wanted, ladders)
    assert maker.positions()["BTC-PERP"].size == Decimal("-0.19")
    assert keep(maker, wanted, ladders) == 0


def test_a_refused_ladder_is_told_and_tried_again(maker, ladders, wanted):
    wrong = {**wanted, "BTC-PERP": wanted["BTC-PERP"] * 2}
    with pytest.raises(Refused, match="price out of band"):
        keep(maker, wrong, ladders)
    assert ids(maker, "BTC-PERP") == set()
    assert len(ids(maker, "SOL")) == 4
    assert keep(maker, wanted, ladders) == 1


def test_other_orders_of_the_account_in_the_instrument_go(maker, ladders, wanted):
    keep(maker, wanted, ladders)
    own = maker.buy("SOL", 1, "18").order
    other = maker.buy("ETH", 1, "1500").order
    assert keep(maker, wanted, ladders) == 1
    assert own not in ids(maker, "SOL")
    assert ids(maker, "ETH") == {other}


def test_the_devnet_s_maker_is_in_every_book_until_it_stops(client, maker, monkeypatch):
    seen = []

    def sleep(seconds):
        seen.append((seconds, {name: client.book(name).spread for name in MARKETS}))
        seen.append(len(maker.orders()))

    monkeypatch.setattr(making.time, "sleep", sleep)
    making.run(client, maker, rounds=2, pause=3)
    (seconds, spreads), orders = seen
    assert (seconds, orders) == (3, 2 * len(client.instruments))
    assert all(spread > 0 for spread in spreads.values())
    assert maker.orders() == []


def test_the_devnet_s_maker_says_what_it_did_or_why_not(client, maker):
    ladders = making.open_ladders(client)
    assert making.make(client, maker, ladders) == "7 of 7 ladders placed"
    assert making.make(client, maker, ladders) == "0 of 7 ladders placed"
    chain = client.link.chain
    client.account(KEYS[8]).buy("BTC-PERP", "0.01")
    chain.advance_to(chain.block().timestamp + 600)
    assert making.make(client, maker, ladders).startswith("place: stale price: wait")
