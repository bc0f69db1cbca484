"""Each deliberate mistake in the oracle is seen by the test that is named beside it."""

import shutil
from collections.abc import Callable
from typing import NamedTuple

import pytest

from keeper.artifacts import CONTRACTS
from keeper.chain.interface import Refused
from tests.helpers.reports import Oracle, open_oracle
from tests.unit import test_mark_manipulation, test_mark_price, test_outage


class Mutant(NamedTuple):
    """`new` for `old`, once in the file `path`, has to be seen by `test`."""

    path: str
    old: str
    new: str
    test: Callable[..., None]
    arguments: tuple = ()


OUTAGE = "modules/outage.vy"
BASIS = "modules/book_basis.vy"
ORACLE = "PriceOracle.vy"


def waits(*arguments):
    test_outage.test_prices_wait_until_updates_have_gone_on_for_half_a_minute(
        open_oracle(test_outage.PRICES), *arguments
    )


def of_outage(name):
    """Return a test of an oracle with the prices before an outage."""
    test = getattr(test_outage, name)
    return lambda *arguments: test(open_oracle(test_outage.PRICES), *arguments)


def of_mark(name):
    """Return a test of an oracle with the price that marks are held against."""
    test = getattr(test_mark_price, name)
    return lambda *arguments: test(open_oracle({2: 1_000}), *arguments)


def moves(market):
    test_mark_manipulation.test_book_that_is_moved_for_a_block_counts_as_long_as_it_held(
        open_oracle(test_mark_manipulation.PRICES), market
    )


vouches = of_mark("test_mid_counts_until_its_book_no_longer_vouches_for_it")

MUTANTS = [
    Mutant(OUTAGE, "= 60", "= 61", waits, ((61,), False)),
    Mutant(OUTAGE, "= 30", "= 29", waits, ((61, 29), False)),
    Mutant(
        OUTAGE,
        "if seconds > MAX_GAP:",
        "if resumed_at <= time:",
        waits,
        ((61, 20, 61, 20), False),
    ),
    Mutant(
        ORACLE,
        "slow_price._update(asset, fast, stride)",
        "slow_price._update(asset, fast, seconds)",
        of_outage("test_slow_price_steps_for_the_time_since_the_last_update_only"),
        (10,),
    ),
    Mutant(BASIS, "min(self._mid_until(word), ", "max(0, ", vouches, (9, 10, 9)),
    Mutant(
        BASIS,
        "min(self._mid_until(word), time + outage.MAX_GAP)",
        "self._mid_until(word)",
        of_mark("test_mid_counts_nothing_where_the_slow_price_is_too_old"),
    ),
    Mutant(
        BASIS,
        "min(until, block.timestamp + MAX_HOLD)",
        "min(until, 2**32 - 1)",
        of_mark("test_mid_counts_for_no_longer_than_five_minutes"),
    ),
    Mutant(BASIS, "max(self._mid_since(word), time)", "time", moves, (0,)),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.new)
def test_a_test_sees_the_mutant(mutant, tmp_path, monkeypatch):
    mutant.test(*mutant.arguments)
    root = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, root)
    source = (root / mutant.path).read_text()
    assert source.count(mutant.old) == 1
    (root / mutant.path).write_text(source.replace(mutant.old, mutant.new))
    threshold, publishers, _ = Oracle.__init__.__defaults__
    defaults = threshold, publishers, root
    monkeypatch.setattr(Oracle.__init__, "__defaults__", defaults)
    with pytest.raises((AssertionError, Refused, pytest.fail.Exception)):
        mutant.test(*mutant.arguments)
