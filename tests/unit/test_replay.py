"""The replay: what it finds out, that it is the same twice, and how it stops."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

from keeper.errors import UserError
from keeper.replay import checker, command, report_html, report_json, table
from keeper.replay.cast import FEWEST, cast
from keeper.replay.report_json import build, decimal
from specs.invariants import STATE_INVARIANTS, TRANSITION_INVARIANTS
from tests.helpers.replays import open_replay, path_of

# Those that the readers of the report rely on.
KEYS = {
    "prices",
    "ticks",
    "transactions",
    "seconds",
    "accounts",
    "open_interest",
    "liquidated_notional",
    "bad_debt",
    "interest",
    "funding",
    "slack",
    "fund_residue",
    "invariants",
    "gas",
}


def run(tmp_path, **changes):
    console = Console(file=(tmp_path / "said.txt").open("w"), width=200)
    request = command.Request(
        prices=None,
        every=10,
        start=None,
        end=command.seeded_prices(0).start + 20,
        accounts=12,
        seed=0,
        engine="pyrevm",
        report=tmp_path / "report",
    )
    status = command.run(replace(request, **changes), console)
    console.file.close()
    said = (tmp_path / "said.txt").read_text()
    return status, json.loads((tmp_path / "report/report.json").read_text()), said


@pytest.fixture(scope="module")
def crash():
    """A replay of two minutes around the beginning of the crash."""
    replay = open_replay(path_of(180, begin=200), accounts=24)
    return replay, replay.run()


def test_the_report_has_its_keys_and_no_violation(crash):
    report = build(crash[1])
    assert report.keys() >= KEYS
    assert report["invariants"].keys() == {*STATE_INVARIANTS, *TRANSITION_INVARIANTS}
    for tally in report["invariants"].values():
        assert tally["checked"] >= report["ticks"] == 19
        assert tally["violated"] == 0


def test_the_crash_liquidates_somebody(crash):
    report = build(crash[1])
    assert report["liquidations"] > 0
    assert float(report["liquidated_notional"]["backstop"]) > 1_000
    assert report["liquidated_notional"]["book"] == "0"


def test_what_borrowers_pay_is_what_others_get(crash):
    interest = crash[1].recorder.interest
    received = interest.lenders + interest.reserve
    # A few wei for each accrual: two blocks a tick, five pools.
    assert 0 <= interest.borrowers - received < 10**12
    assert interest.borrowers > 10**15


def test_funding_paid_is_funding_received(crash):
    seen = crash[1].recorder
    assert seen.funding_paid == pytest.approx(seen.funding_received, abs=100)


def test_residue_and_slack_are_dust(crash):
    report = build(crash[1])
    assert all(0 <= int(wei) < 10**4 for wei in report["fund_residue"].values())
    assert all(0 <= float(least) < 1e-9 for least in report["slack"].values())


def test_every_role_is_played_and_traded(crash):
    replay, result = crash
    assert set(replay.roles.values()) == {
        "market maker",
        "backstop provider",
        "lender",
        "basis trader",
        "long",
        "short",
    }
    assert result.accounts == 24 == len(replay.roles)
    assert all(peak > 0 for peak in result.recorder.peaks.values())


def test_the_page_needs_nothing_beside_it(crash):
    replay, result = crash
    page = report_html.build(result, replay.roles)
    assert page.count("<svg") == 4
    for word in ("http:", "https:", "<script", "<link", "<img"):
        assert word not in page.replace("http://www.w3.org", "")


def test_the_table_says_how_often_was_checked(crash):
    console = Console(record=True, width=120)
    table.show(build(crash[1]), console)
    text = console.export_text()
    assert "invariants checked" in text
    assert "0 violated" in text


def test_the_same_seed_gives_the_same_report(tmp_path):
    reports = [run(tmp_path)[1] for _ in range(2)]
    for report in reports:
        report.pop("seconds")
    assert reports[0] == reports[1]


def test_another_seed_gives_another_report(tmp_path):
    first, other = (run(tmp_path, seed=seed)[1] for seed in (0, 1))
    assert first["open_interest"] != other["open_interest"]


def test_a_longer_replay_begins_like_a_shorter_one():
    short, long = (open_replay(path_of(seconds)) for seconds in (20, 40))
    short.run()
    long.run()
    assert long.recorder.samples[:3] == short.recorder.samples


def test_a_violation_names_the_shortest_replay(tmp_path, monkeypatch):
    begin = command.seeded_prices(0).start
    broken = {"I1": lambda world: world.now < begin + 10}
    monkeypatch.setattr(checker, "STATE_INVARIANTS", {**STATE_INVARIANTS, **broken})
    status, report, said = run(tmp_path)
    assert status == 1
    assert report["ticks"] == 2
    assert report["invariants"]["I1"]["violated"] > 0
    found = report["violation"]
    assert (found["invariant"], found["time"]) == ("I1", "2023-11-14T22:13:30Z")
    assert found["command"].endswith("--to 2023-11-14T22:13:30Z")
    assert found["command"] in said
    again = run(tmp_path, end=begin + 10)
    assert (again[0], again[1]["violation"]) == (1, found)
    assert run(tmp_path, end=begin)[0] == 0


def test_an_interrupted_replay_reports_what_it_saw(tmp_path, monkeypatch):
    step = command.Replay._step

    def interrupt(self, now):
        if self.recorder.ticks == 1:
            raise KeyboardInterrupt
        step(self, now)

    monkeypatch.setattr(command.Replay, "_step", interrupt)
    status, report, said = run(tmp_path)
    assert (status, report["ticks"], report["complete"]) == (130, 1, False)
    assert "interrupted" in said


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"every": 1}, "--every: 1 is less than 2 seconds"),
        ({"accounts": FEWEST - 1}, "--accounts: 7 is not between 8 and 2000"),
        ({"start": 5}, "--from, --to: the built-in prices run from 2023-11-14"),
    ],
)
def test_options_that_make_no_sense_get_one_line(tmp_path, changes, line):
    with pytest.raises(UserError) as refusal:
        run(tmp_path, **changes)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_a_report_that_cannot_be_written_is_refused_first(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"--report: .*file"):
        run(tmp_path, report=tmp_path / "file")


@pytest.mark.parametrize("accounts", [FEWEST, 9, 24, 100])
def test_a_cast_has_as_many_accounts_as_asked_for(accounts):
    found = cast(accounts, 0)
    assert len(found.accounts) == len(found.actors) == accounts


@pytest.mark.parametrize(
    ("wad", "text"),
    [(0, "0"), (10**18, "1"), (-15 * 10**17, "-1.5"), (1, "0." + "0" * 17 + "1")],
)
def test_decimals_are_exact(wad, text):
    assert decimal(wad) == text


def test_the_report_is_written_whole(tmp_path, crash):
    path = report_json.write(crash[1], tmp_path / "new" / "folder")
    assert json.loads(path.read_text()) == json.loads(json.dumps(build(crash[1])))
    assert [entry.name for entry in path.parent.iterdir()] == ["report.json"]
