"""The replay: what it finds out, that it is the same twice, and how it stops."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from keeper.errors import UserError
from keeper.replay import checker, command, report_html, report_json, table
from keeper.replay.cast import FEWEST, cast
from keeper.replay.interest import UNIT, compute_interest
from keeper.replay.report_json import build, decimal
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.invariants import STATE_INVARIANTS, TRANSITION_INVARIANTS
from specs.weights import WEIGHT_ONE
from specs.world import take
from tests.helpers.replays import open_replay, path_of
from tests.helpers.worlds import STARTS, open_world

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
        auto_realize=0.5,
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


def test_every_state_that_a_block_leaves_is_checked_once(monkeypatch):
    replay = open_replay(path_of(180, begin=20), accounts=12)
    checked, left, stage = [], [], replay.stage
    check, close = stage.checker.check_state, stage.close_block

    def close_block():
        left.append(stage.world)
        close()

    monkeypatch.setattr(
        stage.checker, "check_state", lambda w: checked.append(w) or check(w)
    )
    monkeypatch.setattr(stage, "close_block", close_block)
    replay.run()
    assert set(checked) == set(left)
    assert len(checked) == len(set(checked)) < len(left)


def test_the_crash_liquidates_somebody(crash):
    report = build(crash[1])
    assert report["liquidations"] > 0
    assert float(report["liquidated_notional"]["backstop"]) > 1_000
    assert float(report["liquidated_notional"]["book"]) > 1_000


def test_interest_paid_is_interest_received(crash):
    interest = crash[1].recorder.interest
    paid = interest.borrowers + interest.virtual_losers
    got = interest.lenders + interest.reserve + interest.virtual_winners
    assert interest.rounding == paid - got
    # A few wei, valued, for each accrual: two blocks a tick, five pools.
    assert 0 <= paid - got <= interest.bound < 10**13 * UNIT
    kinds = ("lenders", "borrowers", "reserve", "virtual_winners", "virtual_losers")
    assert all(getattr(interest, kind) > 10**12 * UNIT for kind in kinds)


def test_the_report_says_that_interest_adds_up(crash):
    found = build(crash[1])["interest"]
    assert found["adds_up"] is True
    kinds = ("lenders", "reserve", "virtual_winners")
    received = sum(Decimal(found[kind]) for kind in kinds)
    paid = Decimal(found["borrowers"]) + Decimal(found["virtual_losers"])
    bound = Decimal(found["rounding_bound"])
    assert 0 < received <= paid <= received + bound < received + Decimal("1e-4")


def test_samples_say_how_interest_grew(crash):
    seen = [sample.interest.virtual_winners for sample in crash[1].recorder.samples]
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] == crash[1].recorder.interest.virtual_winners


@pytest.mark.parametrize("kind", ["lenders", "virtual_winners", "reserve"])
def test_interest_that_comes_from_nowhere_is_told(tmp_path, crash, kind):
    replay, result = crash
    interest = replace(result.recorder.interest)
    setattr(interest, kind, getattr(interest, kind) + interest.bound + 1)
    assert not interest.adds_up
    wrong = replace(result, recorder=replace(result.recorder, interest=interest))
    console = Console(record=True, width=120)
    assert command.conclude(wrong, replay, tmp_path, console) == 1
    assert "not what was received" in console.export_text()


def test_interest_that_adds_up_is_not(tmp_path, crash):
    replay, result = crash
    console = Console(record=True, width=120)
    assert command.conclude(result, replay, tmp_path, console) == 0
    assert "not what was received" not in console.export_text()


def start_world(name):
    """Return a world at work."""
    world = open_world()
    for action in STARTS[name]:
        world = take(world, action)
    return world


@pytest.mark.parametrize("seconds", [1, 3600, 10**7])
def test_interest_is_what_accounts_have_more(seconds):
    """Summed up over all balances and positions, whatever the pool says."""
    state = start_world("a market at work").clearing
    now = state.assets[USDC].pool.accrued_at + seconds
    after = ch.accrue(state, USDC, now)
    old, new = state.assets[USDC].pool, after.assets[USDC].pool
    found = compute_interest(old, new)
    growth = new.lend_index - old.lend_index
    lent = [acc.get_balance(a, USDC).scaled for a in state.accounts.values()]
    owed = -sum(min(0, scaled) for scaled in lent)
    pending = [
        sum(getattr(p, name) for a in s.accounts.values() for p in a.positions.values())
        for name in ("pending_lend", "pending_borrow")
        for s in (state, after)
    ]
    won = (pending[1] - pending[0]) * new.lend_index // WEIGHT_ONE
    lost = (pending[3] - pending[2]) * new.borrow_index // WEIGHT_ONE
    few = 4 * new.borrow_index
    assert abs(found.virtual_winners - won) <= few
    assert abs(found.virtual_losers - lost) <= few
    assert 0 <= found.rounding <= found.bound
    # Totals of a pool may be off what accounts have by some units, which earn too.
    assert abs(found.borrowers - owed * (new.borrow_index - old.borrow_index)) <= (
        (new.borrow_index - old.borrow_index) * 1000
    )
    assert found.lenders >= sum(max(0, scaled) for scaled in lent) * growth


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
    assert page.count("<svg") == 5
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


def test_the_share_of_accounts_that_are_realised_is_as_asked():
    for share in (0, 0.25, 0.5, 1):
        found = cast(24, 3, share)
        realised = [actor for actor in found.actors if actor.settings.auto_realize]
        assert len(realised) == round(24 * share)
        assert (found.maker in realised) == (share == 1)
    assert cast(24, 3).actors != cast(24, 4).actors
    with pytest.raises(UserError, match="--auto-realize: 2 is not between 0 and 1"):
        cast(24, 3, 2)


def inside(replay):
    """Return the accounts with positions inside a tick set, and all with positions."""
    found = replay.stage.world.clearing.accounts
    held = {name for name, account in found.items() if account.positions}
    kept = {
        name
        for name in held
        for position in found[name].positions.values()
        if position.entry is not None
    }
    return kept, held


def test_who_is_realised_stays_outside_the_tick_sets(crash):
    kept, held = inside(crash[0])
    chosen = {
        actor.account for actor in crash[0].cast.actors if actor.settings.auto_realize
    }
    assert kept
    assert held - kept
    assert not kept & chosen


def test_without_anyone_inside_nothing_is_earned_unrealised():
    replay = open_replay(path_of(60, begin=220), auto_realize=1)
    interest = replay.run().recorder.interest
    assert inside(replay)[0] == set()
    assert (interest.virtual_winners, interest.virtual_losers) == (0, 0)
    assert interest.lenders > 0


def test_cursors_cross_ticks_and_come_to_their_marks(crash):
    found = build(crash[1])["entry_ticks"]
    assert found["crossings"] > 0
    assert found["touches"] > 0
    assert found["cursor_lags"] == 0


@pytest.mark.parametrize(("passes", "is_behind"), [(1, True), (9, False)])
def test_a_cursor_that_may_cross_little_still_comes_to_its_mark(passes, is_behind):
    replay = open_replay(path_of(180, begin=120), accounts=24, every=60, auto_realize=0)
    replay._tick = replace(replay._tick, crossings=1, passes=passes)
    seen = replay.run().recorder
    assert seen.crossings > 0
    assert (seen.lags > 0) == is_behind


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
        ({"every": 61}, "--every: 61 is more than 60 seconds"),
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
