"""What a book that is moved for a moment can do to the mark: no more than is said."""

from math import exp

import pytest

from specs.fixed_point import PPM, WAD
from tests.helpers.reports import UNITS, open_oracle

PRICES = {1: 60_000, 2: 3_000, 3: 20}
EDGES = [(0, 300, 3_335), (1, 300, 4_000), (2, 60, 50_000)]
"""Markets, the period of each mean in seconds, and each bound in ppm."""

ROUNDING = 4 * UNITS
"""Of the bound, the average, the way and the decay, each a unit at most, in wei."""

PUBLISHING = 10
"""Seconds between two updates."""


@pytest.fixture
def oracle():
    """An oracle whose prices have been the same for ever."""
    return open_oracle(PRICES)


def most(market, slow, held):
    """Return how far a mid held so long can move the mark, as DECISIONS states it."""
    _, period, bound = EDGES[market]
    return slow * bound * (1 - exp(-held / period)) / PPM


def hold(oracle, market, seconds, direction, step):
    """Move the whole book to the end of the band for so long; return the mark's way."""
    slow = oracle.view("feed", market + 1)[0]
    before = oracle.view("mark", market)[0]
    edge = oracle.view("band", market)[1 if direction > 0 else 0]
    for held in range(0, seconds, step):
        oracle.observe(market, edge)
        oracle.wait(min(step, seconds - held))
        if held + step < seconds:
            oracle.quote(PRICES)
    oracle.observe(market, slow)
    oracle.quote(PRICES)
    return (oracle.view("mark", market)[0] - before) * direction


@pytest.mark.parametrize("market", [0, 1, 2])
@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize(
    ("seconds", "step"), [(12, 12), (60, 60), (60, 12), (60, PUBLISHING)]
)
def test_book_at_the_edge_of_the_band_moves_the_mark_little(
    oracle, market, direction, seconds, step
):
    slow = oracle.view("feed", market + 1)[0]
    found = hold(oracle, market, seconds, direction, step)
    bound = most(market, slow, seconds)
    said = f"mark moved by {found / WAD} USDC, at most {bound / WAD} in {seconds} s"
    # As far as the bound: it is no wider than it need be.
    assert bound * 0.999 - ROUNDING <= found <= bound + ROUNDING, said


@pytest.mark.parametrize("market", [0, 1, 2])
def test_book_that_is_moved_for_a_block_counts_as_long_as_it_held(oracle, market):
    slow = oracle.view("feed", market + 1)[0]
    edge = oracle.view("band", market)[1]
    oracle.observe(market, slow)
    oracle.wait(24)
    oracle.observe(market, edge)
    oracle.wait(12)
    oracle.observe(market, slow)
    oracle.wait(24)
    oracle.quote(PRICES)
    found = oracle.view("mark", market)[0] - slow
    bound = most(market, slow, 12)
    assert found <= bound, f"mark moved by {found / WAD} USDC, at most {bound / WAD}"
    assert found > bound / 2


@pytest.mark.parametrize("market", [0, 1, 2])
def test_book_that_is_moved_and_moved_back_in_one_block_counts_nothing(oracle, market):
    slow = oracle.view("feed", market + 1)[0]
    edge = oracle.view("band", market)[1]
    for _ in range(5):
        oracle.wait(12)
        oracle.observe(market, edge)
        oracle.observe(market, slow)
    oracle.quote(PRICES)
    assert oracle.view("mark", market)[0] == slow
    # Nor does what is moved in the block of the update itself.
    oracle.wait(12)
    oracle.observe(market, edge)
    oracle.quote(PRICES)
    assert oracle.view("mark", market)[0] == slow


@pytest.mark.parametrize("market", [0, 1, 2])
@pytest.mark.parametrize("silence", [1, 12, 60])
def test_book_whose_orders_run_out_in_a_second_counts_for_a_second(
    oracle, market, silence
):
    # A book at the edge, of orders that expire before anybody could fill them.
    slow = oracle.view("feed", market + 1)[0]
    oracle.observe(market, oracle.view("band", market)[1], 1)
    oracle.wait(silence)
    oracle.quote(PRICES)
    found = oracle.view("mark", market)[0] - slow
    bound = most(market, slow, 1)
    said = f"mark moved by {found / WAD} USDC, at most {bound / WAD} in a second"
    assert 0 < found <= bound + ROUNDING, said
