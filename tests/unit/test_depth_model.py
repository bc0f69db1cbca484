"""Makers whose depth thins with volatility: the model, and what it posts."""

from dataclasses import replace
from random import Random

import pytest

from keeper.chain.revm import RevmChain
from keeper.prices.path import RowPath
from keeper.replay.crash import CrashReplay
from keeper.replay.depth import (
    LEAST,
    LEVELS,
    MEMORY,
    MODEL,
    Gauge,
    draw_shares,
    get_calm,
)
from keeper.replay.engine import LEAD, Options
from keeper.replay.population import Population, gather
from specs.instruments import SPOT

BTC = 0
WAD = 10**18
CALM = get_calm(BTC)


def look(gauge, returns, seconds):
    """Show a gauge prices that move by each of some returns, seconds apart."""
    price = 26_000 * WAD
    gauge.look(price, 1_000)
    for place, step in enumerate(returns, 1):
        price = int(price * (1 + step))
        gauge.look(price, 1_000 + place * seconds)
    return gauge.sigma


@pytest.mark.parametrize("sigma", [1e-4, 1e-3])
@pytest.mark.parametrize("seconds", [2, 10, 60])
def test_a_gauge_comes_to_the_volatility_that_it_sees(sigma, seconds):
    random, step = Random(sigma), sigma * seconds**0.5
    steps = int(20 * MEMORY / seconds)
    found = look(
        Gauge(), [random.choice((-1, 1)) * step for _ in range(steps)], seconds
    )
    assert found == pytest.approx(sigma, rel=0.05)


def test_a_gauge_forgets_and_ignores_the_same_second():
    gauge = Gauge()
    hot = look(gauge, [0.01], 10)
    gauge.look(gauge.price * 2, gauge.time)
    assert gauge.sigma == hot
    still = gauge.price
    for place in range(20):
        gauge.look(still, 2_000 + 60 * place)
    assert gauge.sigma < hot / 10


def test_depth_falls_and_width_grows_with_volatility():
    heats = [MODEL.heat(CALM * times, CALM) for times in (0.1, 1, 2, 5, 20)]
    assert heats == pytest.approx([1, 1, 2, 5, 20])
    depths = [MODEL.depth(1_000_000, heat) for heat in heats]
    assert depths == sorted(depths, reverse=True)
    # Inverse to volatility: at ten times the reference nine tenths are gone.
    assert depths[-1] == pytest.approx(depths[0] / 20)
    widths = [MODEL.width(CALM * times, 10) for times in (0.01, 1, 5)]
    assert widths[0] == LEAST
    assert widths[2] == pytest.approx(5 * widths[1])
    assert MODEL.width(CALM, 40) == pytest.approx(2 * MODEL.width(CALM, 10))


def test_a_ladder_has_all_the_depth_and_more_of_it_further_out():
    ladder = MODEL.ladder(600_000, 1e-3, 4)
    assert len(ladder) == LEVELS
    assert sum(worth for _, worth in ladder) == pytest.approx(600_000)
    distances, worths = zip(*ladder, strict=True)
    assert list(distances) == sorted(distances)
    assert list(worths) == sorted(worths)
    assert distances[0] == pytest.approx(MODEL.width(1e-3, 4))


def test_makers_are_away_when_it_is_hot_only():
    random = Random(3)
    assert not any(MODEL.is_away(1.0, random) for _ in range(500))
    away = sum(MODEL.is_away(100.0, random) for _ in range(2_000)) / 2_000
    assert away == pytest.approx(MODEL.absence, abs=0.03)
    never = replace(MODEL, absence=0.0)
    assert not any(never.is_away(100.0, random) for _ in range(100))


@pytest.mark.parametrize("seed", [100, 101])
def test_shares_are_drawn_by_the_seed_and_add_up(seed):
    shares = draw_shares(4, seed)
    assert sum(shares) == pytest.approx(1)
    assert shares == draw_shares(4, seed) != draw_shares(4, seed + 1)
    assert max(shares) <= 3 * min(shares)


def test_a_market_says_itself_what_is_calm():
    assert get_calm(BTC) != get_calm(2)
    assert 1e-4 < get_calm(SPOT + 1) < 1e-3


def open_makers(prices, leaves=None, **changes):
    """Return a replay of a price each ten seconds, with hardly anybody but makers."""
    start = 1_700_000_000
    times = [start + 10 * place for place in range(len(prices))]
    path = RowPath("made up", times, {"BTC": prices}, start, times[-1])
    people = Population({BTC: 2_000_000}, traders=4, providers=1, **changes)
    if leaves is not None:
        people = replace(people, leaves=start + leaves)
    crowd = gather(people, path.price_at(start), 100, 0.0)
    options = Options(path, 10, len(crowd.accounts), 0.0, 100, "ape run replay")
    return CrashReplay(RevmChain(start - LEAD), options, crowd)


def side(replay, is_buy):
    """Return what makers have resting, best first: price, USDC."""
    replay.stage.look()
    world, names = replay.stage.world, replay.roles
    lot, tick = world.clearing.markets[BTC].lot, world.book.books[BTC].listing.tick
    found = [
        (order.number * tick, order.lots * lot * order.number * tick // WAD)
        for order in world.book.orders.values()
        if order.instrument == BTC
        and order.is_buy == is_buy
        and names[order.account] == "market maker"
    ]
    return sorted(found, reverse=is_buy)


def test_what_is_on_the_chain_is_what_the_model_says():
    price = 26_000 * WAD
    replay = open_makers([price] * 2)
    replay.run()
    for is_buy in (True, False):
        orders = side(replay, is_buy)
        # Somebody who trades to and fro may have taken the best one or two.
        assert 3 * LEVELS - 2 <= len(orders) <= 3 * LEVELS
        depth = sum(worth for _, worth in orders) / WAD
        assert depth == pytest.approx(2_000_000 * MODEL.share, rel=0.1)
        # Publishers say the price to within 50 ppm.
        distance = abs(orders[0][0] / price - 1)
        assert distance == pytest.approx(LEAST, abs=1e-4)


def test_the_book_on_the_chain_thins_in_a_fall():
    price = 26_000 * WAD
    calm = open_makers([price] * 6)
    calm.run()
    falling = open_makers([price * (1_000 - 8 * place) // 1_000 for place in range(6)])
    falling.run()
    depths = [sum(w for _, w in side(each, True)) for each in (calm, falling)]
    assert depths[1] < depths[0] / 2
    best = [side(each, True)[0][0] for each in (calm, falling)]
    marks = [
        each.stage.world.clearing.markets[BTC].quote.fast for each in (calm, falling)
    ]
    assert best[1] / marks[1] < best[0] / marks[0]


def test_makers_that_leave_leave_nothing():
    price = 26_000 * WAD
    replay = open_makers([price] * 4, leaves=20)
    replay.run()
    assert side(replay, True) == side(replay, False) == []
