"""What is remembered follows the chain: through kills, reorganisations and restarts."""

import sqlite3
from dataclasses import replace

import pytest

from keeper import mirror
from keeper.errors import UserError
from keeper.quick import quick_records
from keeper.watch import feed as feeds
from keeper.watch.check import check_health, check_totals, check_words
from keeper.watch.feed import Feed
from keeper.watch.layout import Layout
from keeper.watch.market import read_shared
from keeper.watch.scan import with_accounts
from keeper.watch.sheet import TICKS, Pages, Sheet
from specs import grid
from specs.accounts import BACKSTOP_FUND, USDC
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers import epochs, worlds
from tests.helpers.recorded import RecordedSource
from tests.helpers.watching import LAYOUT, open_recorded
from tests.helpers.worlds import BTC, PRICES, bull, lender, own, publish
from tests.stateful.bulk import attempt
from tests.stateful.walk import wander

WAIT = Action("wait", worlds.STRANGER, (1,))
RICHER = [own("deposit", lender, USDC, 7 * 10**6), WAIT]
POORER = [own("withdraw", lender, USDC, 5 * 10**6), WAIT]


@pytest.fixture
def scene():
    """A market at work on a chain that can be followed, and its feed."""
    with open_recorded([*worlds.STARTS["a market at work"], WAIT]) as found:
        yield found


def require_equal(scene, feed):
    """Everything that is remembered is what the chain has, and so is what it means."""
    home = scene.contract
    names = feed.columns.names
    differences = [
        *check_totals(feed),
        *check_words(feed, [*names, *worlds.ACCOUNTS]),
        *check_health(feed, scene.chain, home, names),
    ]
    assert [str(each) for each in differences] == []
    reader = mirror.reader_of(scene.chain, "Clearinghouse", home.address)
    scope = replace(scene.twin.scope, accounts=[*{*names, *worlds.ACCOUNTS}])
    stored = mirror.read_clearing(reader, scope)
    pages = Pages(feed.columns, feed.sheet)
    mine = with_accounts(pages, read_shared(pages, feed.at.timestamp), names)
    assert mine.accounts == stored.accounts
    assert (mine.assets, mine.markets) == (stored.assets, stored.markets)


@pytest.mark.parametrize("seed", [11, 40])
def test_a_walk_is_followed(seed):
    with open_recorded([]) as scene, quick_records():
        feed, steps = scene.follow(), 0

        def step(world, action):
            nonlocal steps
            after, refusal = attempt(world, action)
            assert scene.twin.send(after, action) == refusal
            steps += 1
            if steps % 25 == 0:
                feed.sync()
                require_equal(scene, feed)
            return after

        wander(seed, 300, step)


def test_epochs_are_followed():
    story = [*epochs.CROWDED, *epochs.fall(58_000), epochs.liquidate(bull), WAIT]
    with open_recorded(story) as scene:
        feed = scene.follow()
        feed.sync()
        market = read_shared(Pages(feed.columns, feed.sheet), 0).state.markets[0]
        assert len(market.epochs) == 1
        for victim in epochs.VICTIMS:
            scene.play(epochs.realise(epochs.MARKET, victim), WAIT)
            feed.sync()
            require_equal(scene, feed)


def test_the_fund_is_followed_though_no_event_names_it():
    funded = Action("deposit", worlds.LENDER, (BACKSTOP_FUND, USDC, 10**9))
    with open_recorded([*epochs.CROWDED, funded, WAIT]) as scene:
        feed = scene.follow()
        feed.sync()
        before = feed.columns.word(BACKSTOP_FUND, "balances", USDC)
        scene.play(*epochs.fall(57_000), epochs.liquidate(bull), WAIT)
        feed.sync()
        assert feed.columns.word(BACKSTOP_FUND, "balances", USDC) < before
        require_equal(scene, feed)


def test_only_what_changed_is_read(scene):
    feed = scene.follow()
    feed.sync()
    everything = scene.source.asked["words"]
    scene.source.places.clear()
    scene.play(*RICHER)
    feed.sync()
    read = {place[1] for place in scene.source.places if place[0] == "balances"}
    assert read == {lender, *feeds.UNTOLD}
    assert scene.source.asked["words"] < 2 * everything
    scene.source.places.clear()
    feed.sync()
    assert scene.source.places == []
    require_equal(scene, feed)


def test_a_restart_goes_on_from_the_file(scene, tmp_path):
    feed = scene.follow(tmp_path / "file")
    feed.sync()
    known = list(feed.columns.names)
    feed.close()
    # The newest block stays what it was: only new ones are read.
    scene.play(WAIT, *RICHER)
    scene.source.places.clear()
    again = scene.follow(tmp_path / "file")
    assert sorted(again.columns.names) == sorted(known)
    again.sync()
    read = {place[1] for place in scene.source.places if place[0] == "headers"}
    assert read == {lender, *feeds.UNTOLD}
    require_equal(scene, again)


class Killed(Exception):
    """Whoever asks does not live to hear the answer."""


class Mortal(RecordedSource):
    """Kills at the question of a number."""

    left = 0

    def words(self, places, number):
        return self.live(super().words(places, number))

    def events(self, first, last):
        return self.live(super().events(first, last))

    def live(self, answer):
        self.left -= 1
        if self.left < 0:
            raise Killed
        return answer


def test_whoever_is_killed_at_any_question_loses_nothing(scene, tmp_path, monkeypatch):
    monkeypatch.setattr(feeds, "CHUNK", 2)
    source = Mortal(scene.chain, scene.contract)
    kills, is_done, lives = 0, False, 0
    while not is_done:
        # Each life is longer than the last one, and the chain goes on meanwhile.
        lives += 1
        source.left = lives
        feed = Feed(source, LAYOUT, 1, tmp_path / "file", page=3)
        try:
            feed.sync()
            is_done = True
        except Killed:
            kills += 1
            scene.play(*(RICHER if kills % 2 else POORER))
        feed.close()
    assert kills > 5
    source.left = 10**6
    feed = Feed(source, LAYOUT, 1, tmp_path / "file")
    feed.sync()
    require_equal(scene, feed)


def test_blocks_that_are_replaced_are_read_again(scene):
    feed = scene.follow()
    before = scene.chain.snapshot()
    scene.play(WAIT, *RICHER, *publish({BTC: 61_000 * WAD}))
    feed.sync()
    held = feed.columns.word(lender, "balances", USDC)
    scene.revert(before)
    scene.play(WAIT, own("deposit", bull, USDC, 10**6), WAIT)
    feed.sync()
    assert feed.columns.word(lender, "balances", USDC) != held
    require_equal(scene, feed)


def test_a_shorter_chain_is_followed(scene):
    feed = scene.follow()
    before = scene.chain.snapshot()
    scene.play(WAIT, *RICHER, WAIT, WAIT)
    feed.sync()
    scene.revert(before)
    feed.sync()
    require_equal(scene, feed)


def test_blocks_replaced_while_nobody_looked_are_read_again(scene, tmp_path):
    before = scene.chain.snapshot()
    scene.play(WAIT, *RICHER)
    feed = scene.follow(tmp_path / "file")
    feed.sync()
    feed.close()
    scene.revert(before)
    scene.play(WAIT, WAIT)
    feed = scene.follow(tmp_path / "file")
    feed.sync()
    require_equal(scene, feed)


def test_ticks_at_both_ends_of_a_way_are_forgotten():
    sheet = Sheet(LAYOUT)
    sheet.words.update({(TICKS, 0, tick): tick for tick in range(98, 104)})
    low, high = (grid.get_price(tick) * 10**6 for tick in (100, 101))
    sheet.forget_ticks(0, low, high)
    left = {tick for _, _, tick in sheet.words}
    assert left == {98, 99, 102, 103}


def test_ticks_crossed_to_and_fro_in_blocks_that_are_gone_are_read_again(scene):
    feed = scene.follow()
    before = scene.chain.snapshot()
    hour = Action("wait", worlds.STRANGER, (3_600,))
    for price in (66_000 * WAD, PRICES[BTC]):
        scene.play(hour, *publish({BTC: price}), WAIT)
    feed.sync()
    cursor = feed.sheet.cursor(0)
    scene.revert(before)
    scene.play(WAIT)
    feed.sync()
    assert feed.sheet.cursor(0) == cursor
    require_equal(scene, feed)


def test_a_block_beyond_the_depth_is_enough_in_common(scene, caplog):
    feed = scene.follow(depth=2)
    feed.sync()
    scene.play(*RICHER, *8 * [WAIT])
    before = scene.chain.snapshot()
    scene.play(WAIT)
    feed.sync()
    scene.revert(before)
    scene.play(*RICHER)
    feed.sync()
    assert "were replaced" in caplog.text
    assert "no block in common" not in caplog.text
    require_equal(scene, feed)


def test_a_chain_with_nothing_in_common_is_read_from_the_beginning(scene, caplog):
    before = scene.chain.snapshot()
    feed = scene.follow(depth=1)
    # Whom no event of the other chain names has nothing there.
    heir = worlds.account_of(worlds.LENDER, 9)
    scene.play(own("transfer", lender, heir, USDC, 10**18), WAIT)
    feed.sync()
    assert feed.columns.word(heir, "balances", USDC) > 0
    for _ in range(4):
        scene.play(*RICHER)
        feed.sync()
    scene.revert(before)
    late = worlds.account_of(worlds.LENDER, 8)
    scene.play(WAIT, own("transfer", lender, late, USDC, 10**18))
    feed.sync()
    assert "no block in common" in caplog.text
    assert feed.columns.word(late, "balances", USDC) > 0
    assert feed.columns.word(heir, "balances", USDC) == 0
    require_equal(scene, feed)


class Restless(RecordedSource):
    """Replaces a block between two questions, so many times."""

    times = 0

    def words(self, places, number):
        found = super().words(places, number)
        if self.times:
            self.times -= 1
            self.chain.blocks[number][2] += 1
        return found


def test_a_block_replaced_while_it_is_read_is_read_again(scene):
    source = Restless(scene.chain, scene.contract)
    feed = Feed(source, LAYOUT, 1)
    source.times = 1
    assert feed.sync() == source.head()
    require_equal(scene, feed)
    source.times = 10**6
    scene.play(*RICHER)
    with pytest.raises(UserError, match="replaced 3 times"):
        feed.sync()
    source.times = 0
    feed.sync()
    require_equal(scene, feed)


def test_ticks_that_were_crossed_are_read_again_and_no_others(scene):
    feed = scene.follow()
    feed.sync()
    # Each goes one way, and is the only move in its block.
    for price in (66_000, 66_001, 55_000, 55_001, 61_500):
        before = feed.sheet.cursor(0)
        known = {place for place in feed.sheet.words if place[0] == TICKS}
        scene.source.places.clear()
        scene.play(WAIT, *publish({BTC: price * WAD}), WAIT)
        feed.sync()
        require_equal(scene, feed)
        low, high = sorted((before, feed.sheet.cursor(0)))
        crossed = {
            (name, market, tick)
            for name, market, tick in known
            if market == 0 and low <= grid.get_price(tick) * 10**6 < high
        }
        read = {place for place in scene.source.places if place[0] == TICKS}
        assert crossed <= read
        assert bool(crossed) == (abs(price % 1_000) != 1)
        # A tick beside the way may be read as well.
        assert len(read) <= len(crossed) + 2


def test_ticks_crossed_in_a_block_that_was_not_finished_are_read_again(scene):
    feed = scene.follow()
    feed.sync()
    for price in (66_000, 55_000, 61_500):
        scene.play(WAIT, *publish({BTC: price * WAD}), WAIT)
        # Shared words are read, and then the node is silent.
        fetch, feed._fetch = feed._fetch, fail_after(feed._fetch, 1)
        with pytest.raises(UserError):
            feed.sync()
        feed._fetch = fetch
    feed.sync()
    require_equal(scene, feed)


def fail_after(fetch, times):
    def failing(*arguments):
        nonlocal times
        fetch(*arguments)
        times -= 1
        if times < 0:
            raise UserError("silent")

    return failing


def test_an_asset_without_a_column_is_said(scene):
    feed = Feed(scene.source, Layout((USDC,), (0,)), 1)
    with pytest.raises(UserError, match=r"has .* the keeper does not know"):
        feed.sync()


def test_a_file_of_another_contract_is_begun_anew(scene, tmp_path):
    feed = scene.follow(tmp_path / "file")
    feed.sync()
    feed.close()
    source = RecordedSource(scene.chain, scene.contract)
    source.identity = "another chain"
    again = Feed(source, LAYOUT, 1, tmp_path / "file")
    assert again.columns.names == []
    again.sync()
    require_equal(scene, again)


def test_a_file_has_one_keeper(scene, tmp_path):
    feed = scene.follow(tmp_path / "file")
    with pytest.raises(UserError, match="file: another keeper uses it; name another"):
        scene.follow(tmp_path / "file")
    feed.close()
    scene.follow(tmp_path / "file").close()


def test_what_is_no_file_of_ours_is_said_in_a_line(scene, tmp_path):
    (tmp_path / "file").write_text("prices\n" * 1000)
    with pytest.raises(UserError, match="file: file is not a database; remove it"):
        scene.follow(tmp_path / "file")
    with pytest.raises(
        UserError, match="file: unable to open database file; name another"
    ):
        scene.follow(tmp_path / "none" / "file")


def test_a_step_is_written_at_once_or_not_at_all(scene, tmp_path):
    feed = scene.follow(tmp_path / "file")
    feed.sync()
    stored = feed._store.load()
    broken = replace(feeds.Change(rows={lender: bytes(3)}), next_block=10**9)
    broken = replace(broken, stale=[None])
    with pytest.raises((AttributeError, sqlite3.Error)):
        feed._store.write(broken)
    assert feed._store.load() == stored
