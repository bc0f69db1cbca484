"""The built-in crashes: their shapes, and that a seed is all there is to them."""

from itertools import pairwise
from random import Random

import pytest

from keeper.prices import START_PRICES, crashes
from keeper.prices.crashes import PATHS, Silences, draw, shake, silences

SEEDS = range(100, 105)
"""None of these was used to tune anything."""


def depth_of(path, asset):
    """Return the lowest price of an asset, as a share of its first one."""
    column = path.columns[asset]
    return min(column) / column[0]


def fall_within(path, asset, seconds):
    """Return the largest share of the price that goes within so many seconds."""
    column, rows = path.columns[asset], seconds // crashes.STEP
    return max(
        1 - min(column[place : place + rows + 1]) / price
        for place, price in enumerate(column)
    )


@pytest.mark.parametrize("name", PATHS)
def test_a_seed_gives_the_same_path_and_another_seed_another(name):
    assert PATHS[name](7).columns == PATHS[name](7).columns
    assert PATHS[name](7).columns != PATHS[name](8).columns


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_path_starts_at_the_start_price_and_is_positive(name, seed):
    path = PATHS[name](seed)
    assert path.times[0] == path.start
    assert path.times[-1] == path.end
    for asset, column in path.columns.items():
        assert column[0] == START_PRICES[asset]
        assert min(column) > 0
        assert len(column) == len(path.times)


@pytest.mark.parametrize("seed", SEEDS)
def test_march_2020_takes_half_the_price_within_a_day(seed):
    path = crashes.march_2020(seed)
    assert path.end - path.start == 24 * 3600
    assert 0.48 <= depth_of(path, "BTC") <= 0.5
    assert depth_of(path, "SOL") < depth_of(path, "ETH") < depth_of(path, "BTC")
    # Most of it in falls of half an hour, and yet no row falls by more than 1 %.
    assert 0.15 < fall_within(path, "BTC", 1_800) < 0.30
    assert fall_within(path, "BTC", crashes.STEP) < 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_october_2025_is_a_matter_of_minutes(seed):
    path = crashes.october_2025(seed)
    assert fall_within(path, "BTC", 900) > 0.09
    assert fall_within(path, "SOL", 900) > 0.38
    assert depth_of(path, "SOL") < 0.55
    assert path.columns["SOL"][-1] > 1.4 * min(path.columns["SOL"])


@pytest.mark.parametrize("seed", SEEDS)
def test_jelly_moves_one_asset_up_and_nothing_else(seed):
    path = crashes.jelly(seed)
    assert set(path.columns) == {"SOL"}
    column = path.columns["SOL"]
    assert max(column) > 2.2 * column[0]
    at_peak = path.times[column.index(max(column))]
    assert path.price_at(at_peak)["BTC"] == START_PRICES["BTC"]
    assert at_peak - path.start < 3_000


def test_an_outage_is_silent_longer_than_the_oracle_waits():
    shape = crashes.OUTAGE
    silent = silences(shape, 1_000)
    (span,) = silent.spans
    assert span[1] - span[0] > 60
    assert silent.covers(span[0])
    assert silent.covers(span[1] - 1)
    assert not silent.covers(span[0] - 1)
    assert not silent.covers(span[1])
    path = crashes.outage(3, start=1_000)
    before, after = path.price_at(span[0])["BTC"], path.price_at(span[1])["BTC"]
    assert after < before * 95 // 100


def test_the_others_are_never_silent():
    assert silences(crashes.MARCH_2020) == Silences()
    assert not Silences().covers(crashes.START)


@pytest.mark.parametrize("name", PATHS)
def test_knots_stay_in_order_and_the_extremes_at_their_heights(name):
    shape = getattr(crashes, name.replace("-", "_").upper())
    exact = [level * 10_000 for _, level in shape.knots]
    for seed in SEEDS:
        knots = shake(shape.knots, Random(seed))
        assert all(before[0] < after[0] for before, after in pairwise(knots))
        levels = [level for _, level in knots]
        assert (min(levels), max(levels)) == (min(exact), max(exact))
        assert knots != [(60 * m, 10_000 * p) for m, p in shape.knots]


def test_noise_grows_with_steepness():
    """Where the line is flat a row moves by little; where it is steep by more."""
    flat = crashes.Shape("flat", ((0, 100), (600, 100)), {"BTC": 100})
    steep = crashes.Shape("steep", ((0, 100), (20, 50)), {"BTC": 100})
    off = {}
    for shape in (flat, steep):
        column = draw(shape, 5, 0).columns["BTC"]
        steps = [after / before - 1 for before, after in pairwise(column)]
        mean = sum(steps) / len(steps)
        off[shape.label] = max(abs(step - mean) for step in steps)
    assert off["flat"] < 0.0003
    assert off["steep"] > 3 * off["flat"]
