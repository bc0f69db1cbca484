"""Lens: entry ticks from beyond the last one on, where other words are stored."""

import pytest

from specs.grid import MAX_TICK
from tests.helpers.lens import look

SUMMARY = 256
"""Number of the word that says which other words have ticks."""


@pytest.mark.parametrize("market", [0, 1])
@pytest.mark.parametrize("first", [MAX_TICK + 1, 256 * SUMMARY, 2**256 - 1])
def test_there_are_no_ticks_beyond_the_last(stage, market, first):
    assert list(look(stage, "ticks", market, 0))
    assert list(look(stage, "ticks", market, first)) == []
