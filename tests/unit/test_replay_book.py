"""The book in a replay: ladders that follow the index, orders that take them."""

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace

import pytest

from keeper.chain.interface import Refused
from keeper.client.account import Account
from keeper.replay.actors import View, hold
from keeper.replay.makers import LEVELS, SPOT_LEVELS, TRADED
from keeper.replay.report_json import build
from keeper.replay.stage import as_action
from specs.fixed_point import PPM, Seconds
from specs.instruments import SPOT
from specs.order_book import MAX_ORDERS, Placement
from tests.helpers.replays import open_replay, path_of


@pytest.fixture(scope="module")
def begun():
    """A replay in which everybody has deposited and acted once."""
    replay = open_replay(path_of(40), accounts=12)
    replay._begin()
    replay._step(replay.options.path.start)
    return replay


def view_of(replay, change=0):
    """Return what actors know now, with every price changed by so many ppm."""
    world = replay.stage.world
    assets = {
        number: replace(asset, quote=replace(asset.quote, slow=scaled(asset, change)))
        for number, asset in world.clearing.assets.items()
    }
    state = replace(world.clearing, assets=assets)
    return View(Seconds(world.now), state, replay.client, world.bands)


def scaled(asset, change):
    return asset.quote.slow * (PPM + change) // PPM


@contextmanager
def tried(replay):
    """Take back what is done with a replay, and what its maker remembers of it."""
    chain, maker, world = replay.stage._chain, replay.cast.maker, replay.stage.world
    snapshot, ladders = chain.snapshot(), deepcopy(maker._ladders)
    try:
        yield replay.cast.maker
    finally:
        chain.revert(snapshot)
        maker._ladders, replay.stage.world = ladders, world


def ids_of(replay, name=None):
    return {order.id for order in hold(replay.client, replay.cast.maker).orders(name)}


def test_a_replay_trades_on_the_book_and_by_quotes():
    replay = open_replay(path_of(120, begin=200), accounts=16)
    found = build(replay.run())["traded_notional"]
    assert float(found["book"]) > 100_000
    assert float(found["quotes"]) > 100_000
    assert replay.stage.checker.first_violated is None


def test_a_maker_has_a_ladder_around_its_middle_of_what_is_traded(begun):
    with tried(begun) as maker:
        view = view_of(begun)
        # Somebody has taken of it since it was placed.
        maker.act(view)
        orders = hold(begun.client, maker).orders()
    assert {order.instrument for order in orders} == {
        begun.client.link.listings.named(number).name for number in TRADED
    }
    assert len(orders) <= MAX_ORDERS
    for number in TRADED:
        listed = begun.client.link.listings.named(number)
        middle = maker._mid(view.state, number)
        for is_buy in (True, False):
            side = [
                listed.to_wad(order.price)
                for order in orders
                if (order.instrument, order.is_buy) == (listed.name, is_buy)
            ]
            assert len(side) == len(SPOT_LEVELS if number >= SPOT else LEVELS)
            for price in side:
                assert (price < middle) == is_buy
                assert abs(price - middle) * PPM <= 1_100 * middle


def test_a_ladder_stays_until_the_middle_moves(begun):
    with tried(begun) as maker:
        maker.act(view_of(begun))
        before = ids_of(begun)
        maker.act(view_of(begun))
        maker.act(view_of(begun, change=50))
        assert ids_of(begun) == before
        maker.act(view_of(begun, change=500))
        assert not ids_of(begun) & before
        assert len(ids_of(begun)) == len(before)


def test_a_ladder_that_was_taken_from_is_placed_anew(begun):
    with tried(begun) as maker:
        maker.act(view_of(begun))
        before = {name: ids_of(begun, name) for name in ("BTC-PERP", "ETH-PERP")}
        taker = next(actor for actor in begun.cast.actors if actor.role == "long")
        placed = hold(begun.client, taker).buy("ETH-PERP", "0.01")
        assert placed.filled > 0
        maker.act(view_of(begun))
        assert not ids_of(begun, "ETH-PERP") & before["ETH-PERP"]
        assert ids_of(begun, "BTC-PERP") == before["BTC-PERP"]


def test_a_ladder_that_is_refused_is_tried_again_and_holds_up_no_other(
    begun, monkeypatch
):
    place, refused = Account._place, {"BTC-PERP": "price out of band"}

    def picky(self, name, *words):
        if name in refused:
            raise Refused(refused[name])
        return place(self, name, *words)

    monkeypatch.setattr(Account, "_place", picky)
    with tried(begun) as maker:
        with pytest.raises(Refused, match="price out of band"):
            maker.act(view_of(begun, change=1_000))
        assert ids_of(begun, "BTC-PERP") == set()
        assert len(ids_of(begun, "ETH-PERP")) == 2 * len(LEVELS)
        refused.clear()
        maker.act(view_of(begun, change=1_000))
        assert len(ids_of(begun, "BTC-PERP")) == 2 * len(LEVELS)


@pytest.mark.parametrize(
    ("held", "size", "is_reduction"),
    [
        (5, -5, True),
        (-5, 5, True),
        (-5, 3, True),
        (5, -6, False),
        (5, 1, False),
        (0, 3, False),
        (-5, -1, False),
    ],
)
def test_a_taker_asks_to_reduce_where_it_does(
    begun, monkeypatch, held, size, is_reduction
):
    taker = next(actor for actor in begun.cast.actors if actor.role == "long")
    monkeypatch.setattr(type(taker), "lots", lambda self, view, market: held)
    assert taker._reduces(None, 0, size) == is_reduction


def test_an_order_is_the_specification_s_placement(begun):
    words = (7, 0, True, 3, 5, 1, False, 0, 0)
    found = as_action(begun.deployment, "0x" + "01" * 20, "place", (words, 9))
    assert (found.name, found.arguments) == ("place", (Placement(*words), 9))
