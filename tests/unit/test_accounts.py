"""Accounts: what an owner chose, in the header beside the lists."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.accounts import DEFAULT, MAX_LEVERAGE, Settings
from specs.money_market import EMPTY
from tests.helpers import harness as harnesses
from tests.helpers.numbers import WORD
from tests.helpers.pools import Case, to_header

CHOICES = st.builds(
    Settings, *[st.booleans()] * 4, max_leverage=st.integers(0, MAX_LEVERAGE)
)
LISTS = st.integers(0, 2**224 - 1).map(lambda lists: lists << 32)
"""Of assets and of markets, the bits of instruments with orders, and the release."""


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("MoneyMarketHarness")


def header_of(settings):
    """Return the header of an account that has nothing and has chosen this."""
    return to_header(Case(0, None, EMPTY, settings))


def test_who_chose_nothing_has_nothing_stored(module):
    assert header_of(DEFAULT) == 0
    assert module("get_settings", 0) == astuple(DEFAULT)


@given(lists=LISTS, old=CHOICES, new=CHOICES)
def test_settings_are_stored_beside_the_lists(module, lists, old, new):
    header = lists | header_of(old)
    assert module("get_settings", header) == astuple(old)
    assert module("set_settings", header, astuple(new)) == lists | header_of(new)


@pytest.mark.parametrize("leverage", [MAX_LEVERAGE + 1, WORD])
def test_a_limit_beyond_its_field_is_refused(module, leverage):
    chosen = astuple(replace(DEFAULT, max_leverage=leverage))
    assert module.reason("set_settings", 0, chosen) == "out of bounds"
