"""Instruments and their codes, at the edges between markets and assets."""

import pytest

from specs.instruments import MAX_LISTED, SPOT, get_code, get_instrument
from tests.helpers import harness as harnesses


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("InstrumentsHarness")


@pytest.mark.parametrize("code", range(2 * MAX_LISTED))
def test_every_code_stands_for_an_instrument(module, code):
    instrument = code if code < MAX_LISTED else SPOT + code - MAX_LISTED
    assert get_instrument(code) == module("get_instrument", code) == instrument
    assert get_code(instrument) == module("get_code", instrument) == code


@pytest.mark.parametrize("instrument", [0, SPOT - 1, SPOT, SPOT + 1])
def test_spot_begins_where_markets_end(module, instrument):
    assert module("is_spot", instrument) == (instrument >= SPOT)
