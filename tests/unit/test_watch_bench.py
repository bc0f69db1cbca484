"""What is measured of many accounts is a chain that holds together."""

import json

import pytest
from click.testing import CliRunner
from rich.console import Console

from keeper.bench import scan as bench
from keeper.bench.scan_source import LAYOUT, MadeUp
from keeper.errors import UserError
from keeper.watch.check import check_totals, check_words
from keeper.watch.feed import Feed
from keeper.watch.market import read_shared
from keeper.watch.scan import scan, with_accounts
from keeper.watch.sheet import Pages
from scripts.scan import cli
from specs import margin
from specs import state as st

COUNT = 150


def silent(*_):
    """Show nothing."""


@pytest.fixture(scope="module")
def source():
    return MadeUp(COUNT, 3, silent)


def test_accounts_that_are_made_up_hold_together(source):
    feed = Feed(source, LAYOUT, 1)
    due = set()
    for fall in (0, 0, 0.1):
        feed.sync()
        assert list(check_totals(feed)) == []
        assert list(check_words(feed, feed.columns.names)) == []
        pages, now = Pages(feed.columns, feed.sheet), feed.at.timestamp
        state = with_accounts(pages, read_shared(pages, now), feed.columns.names)
        healths = {name: st.assess(state, name, now) for name in state.accounts}
        found = scan(pages, now).due
        assert found == {n for n, h in healths.items() if margin.is_liquidatable(h)}
        assert len(found) > len(due)
        due = found if fall else due
        source.tick(0.02, fall)
    # Positions have earned and owe something, and not more than they gained.
    pending = [
        position.pending_lend + position.pending_borrow
        for account in state.accounts.values()
        for position in account.positions.values()
    ]
    assert any(pending)
    assert max(map(abs, pending)) < 10**6 * 10**18 * 2**60


def test_figures_are_written_for_every_size(tmp_path):
    console = Console(quiet=True)
    bench.run([40, 60], 2, 0.05, 0, tmp_path / "out", console)
    data = json.loads((tmp_path / "out" / "scan.json").read_text())
    assert [size["accounts"] for size in data["sizes"]] == [40, 60]
    for size in data["sizes"]:
        assert size["tick"]["changed"] == round(size["accounts"] * 0.05)
        assert size["tick"]["words"] > size["tick"]["changed"]
        assert size["fall"]["due"] > size["tick"]["due"]
        for part in ("sync", "scan", "jobs", "rest"):
            assert size["tick"][part]["seconds"] > 0
    assert "accounts" in (tmp_path / "out" / "scan.svg").read_text()
    assert not list((tmp_path / "out").glob("*.sqlite*"))


def test_mistakes_are_said_in_a_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"in: .*; name another folder"):
        bench.run([5], 1, 0.5, 0, tmp_path / "file" / "in", Console(quiet=True))
    for sizes in ("x", "0", "5,,6"):
        found = CliRunner().invoke(cli, ["--sizes", sizes])
        assert found.exit_code == 2
        assert "are no numbers of accounts" in found.output
