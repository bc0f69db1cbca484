"""What a crash's report is made of: events by stage, breaches, ticks, and presets."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from keeper.chain.interface import Block, Event, Receipt
from keeper.chain.revm import RevmChain
from keeper.errors import UserError
from keeper.prices import START_PRICES
from keeper.prices.path import RowPath
from keeper.replay import command, report_crash, report_html, report_json
from keeper.replay.crash import CrashReplay
from keeper.replay.engine import LEAD, Options
from keeper.replay.pace import LONGEST, SHORTEST, choose_times, moves
from keeper.replay.population import Population, gather
from keeper.replay.presets import PRESETS, find_preset, tell_all
from keeper.replay.sampling import find_fills
from keeper.replay.stages import Closed, Episode, Stages, by_tick
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.world import take
from tests.helpers.worlds import STARTS, open_world

ALICE, BOB = 5 << 96, 6 << 96


@pytest.fixture(scope="module")
def state():
    world = open_world()
    for action in STARTS["a market at work"]:
        world = take(world, action)
    return world.clearing


def told(name, **arguments):
    block = Block(1, 1_000)
    return Receipt(None, block, None, (Event(name, "0x0", arguments),), None)


def mark_of(state, market=0):
    listed = state.markets[market]
    return listed.quote.slow, listed.lot


def test_a_slice_below_mark_costs_who_sells(state):
    mark, lot = mark_of(state)
    seen = Stages()
    fill = {"instrument": 0, "account": ALICE, "maker": BOB, "size": 1_000}
    seen.add(told("SliceFill", **fill, is_buy=False, price=mark * 99 // 100), state)
    assert seen.get_notional("book") == 1_000 * lot * mark // WAD
    mean, worst = seen.get_slippage("book")
    assert mean == worst == pytest.approx(0.01)
    seen.add(told("SliceFill", **fill, is_buy=True, price=mark * 99 // 100), state)
    mean, worst = seen.get_slippage("book")
    assert mean == pytest.approx(0, abs=1e-9)
    assert worst == pytest.approx(0.01)
    assert seen.get_share("book") == 1
    assert seen.get_liquidated() == {ALICE}


def test_fees_of_slices_go_to_callers_and_to_the_fund(state):
    seen = Stages()
    closed = {"account": ALICE, "instrument": 0, "reward": BOB, "filled": 1}
    seen.add(told("SliceClosed", **closed, notional=1, fee=10, rewarded=4), state)
    assert (seen.fees, seen.fund_in) == (10, 6)


@pytest.mark.parametrize(("filled", "unfilled"), [(0, 1), (4, 1), (5, 0), (10, 0)])
def test_slices_are_counted_and_those_that_did_not_fill(state, filled, unfilled):
    seen = Stages()
    seen.add(told("Slice", account=ALICE, asked=10, filled=filled), state)
    assert (seen.slices, seen.unfilled) == (1, unfilled)


@pytest.mark.parametrize("side", [1, -1])
def test_a_takeover_at_a_discount_costs_the_account(state, side):
    mark, lot = mark_of(state)
    seen = Stages()
    seen.add(
        told(
            "PositionTaken",
            market=0,
            account=ALICE,
            lots=side * 500,
            account_price=mark - side * mark // 50,
            fund_paid=7,
        ),
        state,
    )
    assert seen.get_notional("backstop") == 500 * lot * mark // WAD
    assert seen.get_slippage("backstop")[0] == pytest.approx(0.02)
    assert seen.fund_in == 7
    assert seen.perpetual_notional == seen.notional


def test_a_debt_that_is_taken_costs_the_collateral_above_it(state):
    price = state.assets[1].quote.slow
    debt = 1_000 * WAD
    taken = Event("DebtTaken", "0x0", {"asset": 0, "account": ALICE, "amount": debt})
    amount = 1_030 * WAD * WAD // price
    words = {"asset": 1, "account": ALICE, "amount": amount}
    given = Event("CollateralTaken", "0x0", words)
    for events, lost in (((taken, given), 0.03), ((taken,), 0)):
        seen = Stages()
        seen.add(Receipt(None, Block(1, 1_000), None, events, None), state)
        assert seen.get_notional("backstop") == debt
        assert seen.get_slippage("backstop")[0] == pytest.approx(lost)
        assert seen.perpetual_notional == 0


@pytest.mark.parametrize("is_long", [True, False])
def test_an_epoch_and_whom_it_closes(state, is_long):
    mark, lot = mark_of(state)
    seen = Stages()
    # Longs are reduced below mark, shorts above: to the good of the account.
    price = mark * (99 if is_long else 101) // 100
    epoch = {"market": 0, "epoch": 1, "price": price}
    seen.add(
        told("Deleveraged", **epoch, account=ALICE, is_long=is_long, lots=900), state
    )
    assert seen.get_notional("adl") == 900 * lot * mark // WAD
    assert seen.get_slippage("adl")[0] == pytest.approx(-0.01)
    for closed in (900, 0):
        seen.add(told("DeleverageApplied", **epoch, account=BOB, closed=closed), state)
    (victim,) = seen.victims
    assert victim.haircut == pytest.approx(900 * lot * mark // WAD / 100)
    (listed,) = report_crash.build(seen)["deleveraged"]
    assert int(listed["account"], 16) == BOB
    assert report_crash.victims_of(report_crash.build(seen))


def test_a_deficit_is_paid_by_three(state):
    seen = Stages()
    paid = {"fund_paid": 5, "reserve_paid": 3, "socialised": 2 * WAD}
    seen.add(told("BadDebt", account=ALICE, **paid), state)
    assert (seen.fund_out, seen.reserve_out, seen.socialised) == (5, 3, 2 * WAD)
    assert report_crash.build(seen)["bad_debt"]["lenders"] == "2"


def test_breaches_take_what_they_take():
    seen = Stages(
        episodes=[Episode(ALICE, seconds, 10 * WAD, 8 * WAD) for seconds in range(100)],
        closed=[Closed(1, ALICE, "book", 0, WAD, 0)],
    )
    assert seen.get_seconds() == (49.5, 94, 99)
    assert seen.get_equities() == (1_000 * WAD, 800 * WAD)
    assert Stages().get_seconds() == (0.0, 0, 0)
    others = replace(seen, closed=[])
    assert others.get_equities() == (0, 0)


def test_sums_by_tick():
    closed = [
        Closed(11, ALICE, "book", 0, 10**6 * WAD, 0),
        Closed(21, ALICE, "adl", 0, 10**6 * WAD, 0),
        Closed(21, ALICE, "book", 0, 10**6 * WAD, 0),
    ]
    found = by_tick(closed, [0, 10, 20, 30])
    assert found["book"] == [0, 1, 2, 2]
    assert found["adl"] == [0, 0, 1, 1]
    assert found["backstop"] == [0, 0, 0, 0]


def test_fills_that_nobody_watched_are_counted():
    assert find_fills(told("PerpFill", market=2)) == [2]
    assert find_fills(told("OrderFill", instrument=1)) == [1]
    assert find_fills(told("SliceFill", instrument=1)) == [1]
    assert find_fills(told("OrderFill", instrument=SPOT + 1)) == []
    assert find_fills(told("Deposit", asset=1)) == []


def path_of(prices, step=10):
    times = [1_700_000_000 + step * place for place in range(len(prices))]
    rows = [price * WAD for price in prices]
    return RowPath("made up", times, {"BTC": rows}, times[0], times[-1])


def test_ticks_are_long_where_nothing_moves_and_short_where_it_does():
    calm = choose_times(path_of([26_000] * 61))
    assert {b - a for a, b in pairwise(calm)} == {LONGEST}
    wild = path_of([26_000 - 250 * place for place in range(31)])
    ticks = choose_times(wild)
    assert {b - a for a, b in pairwise(ticks)} == {SHORTEST}
    assert (ticks[0], ticks[-1]) == (wild.start, wild.end)
    jump = path_of([26_000] * 13 + [25_000] * 13)
    for first, last in pairwise(choose_times(jump)):
        assert moves(jump, first, last) <= 1_000 or last - first <= SHORTEST


def test_a_move_that_comes_back_within_a_tick_is_seen():
    path = path_of([26_000, 27_000, 26_000, 26_000, 26_000, 26_000, 26_000])
    assert moves(path, path.start, path.end) == pytest.approx(10**6 / 26, abs=1)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_told_and_found(name):
    assert name in tell_all()
    preset = find_preset(name)
    people = preset.populate(1_000, is_concentrated=True)
    assert people.is_concentrated
    usual = preset.populate(1_000, is_concentrated=False)
    assert usual.is_concentrated == preset.population.is_concentrated
    assert (people.leaves is None) == (preset.leaves is None)
    if preset.draw is None:
        with pytest.raises(UserError, match="--prices"):
            preset.find_path(None, None, None, 0)
        return
    path = preset.find_path(None, None, None, 3)
    assert path == preset.draw(3)
    with pytest.raises(UserError, match="prices of its own"):
        preset.find_path(Path("prices.csv"), None, None, 3)


def test_no_such_preset_is_refused():
    with pytest.raises(UserError, match="march-2020"):
        find_preset("may-2021")


def ask(tmp_path, **changes):
    console = Console(record=True, width=100)
    request = command.Request(
        prices=None,
        every=None,
        start=None,
        end=None,
        accounts=None,
        auto_realize=0.5,
        seed=100,
        engine="pyrevm",
        report=tmp_path,
    )
    return command.run(replace(request, **changes), console), console.export_text()


def test_the_list_of_presets_deploys_nothing(tmp_path):
    status, said = ask(tmp_path, preset="list")
    assert status == 0
    assert all(name in said for name in PRESETS)
    assert not list(tmp_path.iterdir())


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(UserError, match="only with --preset"):
        ask(tmp_path, concentrated=True)
    end = PRESETS["jelly"].draw(100).start + 60
    with pytest.raises(UserError, match="--accounts"):
        ask(tmp_path, preset="jelly", accounts=3, end=end)


@pytest.fixture(scope="module")
def crash():
    """A fall of 2 % in two minutes, for few people."""
    falling = [26_000 - 43 * place for place in range(13)]
    path = path_of([26_000] * 4 + falling + [falling[-1]] * 6)
    # Each of so few is a large part of the market: the book is deeper, too.
    people = Population({0: 1_500_000}, traders=24, providers=2, depth=4.0)
    crowd = gather(people, START_PRICES, 100, 0.5)
    options = Options(path, 10, len(crowd.accounts), 0.5, 100, "ape run replay")
    replay = CrashReplay(RevmChain(path.start - LEAD), options, crowd, checked=4)
    return replay, replay.run()


def test_a_small_crash_is_liquidated_on_the_book(crash):
    replay, result = crash
    report = report_json.build(result)
    found = report["crash"]
    assert result.is_complete
    assert report["violation"] is None
    assert all(tally["violated"] == 0 for tally in report["invariants"].values())
    assert all(tally["checked"] > 0 for tally in report["invariants"].values())
    assert found["liquidated_of_peak"] > 0.05
    assert found["stages"]["book"]["share"] > 0.99
    assert float(found["bad_debt"]["lenders"]) == 0
    assert found["slices"]["count"] > 0
    assert float(found["peak_open_interest"]) == pytest.approx(1_500_000, rel=0.02)
    # More ticks than were planned: while somebody is liquidated they are short.
    assert report["ticks"] > len(replay.times)
    assert "takeovers" in report["watched"]


def test_its_figures_are_told_in_every_form(crash):
    replay, result = crash
    page = report_html.build(result, replay.roles)
    rows = dict(report_crash.rows_of(report_json.build(result)["crash"]))
    assert "Closed so far" in page
    for name in ("by order book", "bad debt paid by the fund", "slices"):
        assert name in rows
        assert name in page


def test_its_fund_is_what_came_in(crash):
    found = report_json.build(crash[1])["crash"]["fund"]
    # Interest is all that is beside it.
    made = float(found["after"]) - float(found["before"])
    assert made == pytest.approx(float(found["in"]) - float(found["out"]), abs=0.01)
