"""The jobs decide the same, whether they read the chain or what is remembered."""

from dataclasses import replace

import pytest

from keeper.chain.interface import Block
from keeper.discovery import Given
from keeper.jobs.convert import find_due
from keeper.jobs.flag import Flag
from keeper.jobs.liquidate import Liquidate
from keeper.jobs.realise import Realise
from keeper.jobs.reduce import Reduce
from keeper.jobs.sweep import Sweep
from keeper.jobs.watch import Watch
from keeper.watch.scan import find_behind, find_endangered, get_everybody
from keeper.watch.sight import Memory, Part
from specs.accounts import compute_account
from specs.settlement import is_behind
from specs.world import Action
from tests.helpers import epochs, worlds
from tests.helpers.watching import open_recorded
from tests.helpers.worlds import ACCOUNTS, ASSETS, BTC, MARKETS, bull

WAIT = Action("wait", worlds.STRANGER, (1,))
KEEPER = worlds.STRANGER
REWARD = compute_account(KEEPER, 0)

STORIES = {
    "somebody is due": [*epochs.CROWDED, *epochs.fall(58_600)],
    "somebody is ruined": [*epochs.CROWDED, *epochs.fall(57_000)],
    "epochs wait": [
        *epochs.CROWDED,
        *epochs.fall(58_000),
        epochs.liquidate(bull),
        WAIT,
    ],
    "a market at work": [*worlds.STARTS["a market at work"], WAIT],
    "a borrower in need": [*worlds.STARTS["a borrower in need"], WAIT],
    "winners and losers": [*worlds.STARTS["winners and losers"], WAIT],
}


def decide(scene, due, behind, everybody):
    """Return what every job would send."""
    chain, block = scene.chain, scene.chain.block()
    contracts = scene.twin.made.contracts
    liquidator, book = contracts["Liquidator"], contracts["OrderBook"]
    jobs = (
        Flag(due),
        Reduce(due, liquidator, MARKETS, REWARD, KEEPER),
        Liquidate(due, liquidator, book),
        Realise(everybody),
        Sweep(behind),
    )
    calls = {job.name: job.decide(job.read(chain, block)) for job in jobs}
    seen = everybody.read(chain, Block(0, 0))
    return calls, find_due(seen.state, seen.now), seen


@pytest.mark.parametrize("story", STORIES)
def test_jobs_decide_the_same(story):
    with open_recorded(STORIES[story]) as scene:
        home = scene.contract
        watch = Watch(home, ASSETS, MARKETS, Given((*ACCOUNTS, 2)))
        memory = Memory(scene.follow(), home)
        expected, conversions, seen = decide(scene, watch, watch, watch)
        choices = find_endangered, find_behind, get_everybody
        found = decide(scene, *(Part(memory, choose) for choose in choices))
        assert found[0] == expected
        assert found[1] == conversions
        # Who governs, and may do what, is no job's business.
        known = replace(
            seen.state, governor=found[2].state.governor, venues={}, operators={}
        )
        assert found[2].state == replace(known, guardian=found[2].state.guardian)
        if story == "somebody is due":
            assert found[0]["flag"]
        behind = Part(memory, find_behind).read(scene.chain, scene.chain.block())
        markets, accounts = seen.state.markets, seen.state.accounts
        assert set(behind.state.accounts) == {
            name
            for name in accounts
            if any(is_behind(seen.state, market, name) for market in markets)
        }
        if story == "epochs wait":
            assert found[0]["sweep"]


def test_only_the_endangered_are_looked_at():
    with open_recorded(STORIES["somebody is due"]) as scene:
        memory = Memory(scene.follow(), scene.contract)
        seen = Part(memory, find_endangered).read(scene.chain, scene.chain.block())
        assert set(seen.state.accounts) == {bull}


def test_what_is_seen_of_a_block_is_computed_once():
    with open_recorded(STORIES["a market at work"]) as scene:
        memory = Memory(scene.follow(), scene.contract)
        sight = Part(memory, get_everybody)
        first = sight.read(scene.chain, scene.chain.block())
        assert sight.read(scene.chain, scene.chain.block()) is first
        scene.play(WAIT, *worlds.publish({BTC: 60_001 * 10**18}))
        second = sight.read(scene.chain, scene.chain.block())
        assert second.now > first.now
        assert second.state.markets[0].quote != first.state.markets[0].quote
