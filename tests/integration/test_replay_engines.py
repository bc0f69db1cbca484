"""A short path replayed on both engines leaves the same reports, and gas on one."""

import pytest

from keeper.chain.ape import connected
from keeper.chain.ape_test import ApeTestChain
from keeper.replay.engine import LEAD
from keeper.replay.report_json import build
from tests.helpers.replays import open_replay, path_of, stored

PATH = path_of(20, begin=240)


@pytest.fixture(scope="module")
def on_ape():
    with (
        connected("ethereum:local:test") as provider,
        ApeTestChain(provider, PATH.start - LEAD) as chain,
    ):
        replay = open_replay(PATH, chain, accounts=8)
        result = replay.run()
        yield build(result), stored(replay)[0]


@pytest.fixture(scope="module")
def on_pyrevm():
    replay = open_replay(PATH, accounts=8)
    result = replay.run()
    return build(result), stored(replay)[0]


def test_reports_differ_in_seconds_and_gas_only(on_ape, on_pyrevm):
    ape, pyrevm = dict(on_ape[0]), dict(on_pyrevm[0])
    for name in ("seconds", "gas"):
        ape.pop(name)
        pyrevm.pop(name)
    assert ape == pyrevm


def test_accounts_pools_and_markets_are_equal_to_the_wei(on_ape, on_pyrevm):
    ape, pyrevm = on_ape[1], on_pyrevm[1]
    assert ape.accounts == pyrevm.accounts
    assert ape.assets == pyrevm.assets
    assert ape.markets == pyrevm.markets


def test_gas_is_what_receipts_say(on_ape, on_pyrevm):
    gas = on_ape[0]["gas"]
    assert on_pyrevm[0]["gas"] == {}
    assert sum(row["count"] for row in gas.values()) == on_ape[0]["transactions"]
    assert {"publish", "tick", "realise", "deposit", "take"} <= gas.keys()
    assert all(21_000 < row["mean"] <= row["max"] for row in gas.values())
