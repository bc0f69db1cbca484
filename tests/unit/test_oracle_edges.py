"""Oracle: fields of a market beside each other, and a market that has no mark yet."""

import pytest

from tests.helpers.reports import BOOK, Oracle


@pytest.mark.parametrize("period", [61, 157, 299])
@pytest.mark.parametrize("bound", [1, 3_335, 49_999])
def test_what_is_listed_of_a_market_is_told_field_by_field(period, bound):
    oracle = Oracle()
    oracle.govern("list_asset", 1, 2_500, 20_000)
    oracle.govern("list_market", 0, 1, period, bound, 19_999, BOOK)
    told = oracle.view("market_of", 0)
    assert told[3:7] == (1, period, bound, 19_999)


def test_a_market_has_no_mark_before_the_first_update():
    oracle = Oracle()
    oracle.govern("list_asset", 1, 2_500, 20_000)
    oracle.quote({1: 1_000})
    oracle.govern("list_market", 0, 1, 300, 3_335, 20_000, BOOK)
    assert oracle.view("asset_of", 1)[0] != 0
    assert oracle.view("mark", 0) == (0, 0, 0)
