"""The scenarios: each shows its point, on the contracts, with every invariant held."""

from dataclasses import replace

import pytest
from rich.console import Console

from keeper.chain.revm import RevmChain
from keeper.errors import Halt, UserError
from keeper.scenarios import (
    bank_run,
    basis_trade,
    command,
    liquidation,
    long_holder,
    mango,
    measures,
    wind_down,
    winner,
)
from keeper.scenarios.catalogue import SCENARIOS
from keeper.scenarios.outcome import Chart, Outcome, Table, usdc
from keeper.scenarios.scene import HOUR, START, Scene, to_lots
from keeper.scenarios.show import build
from keeper.scenarios.statement import FLOWS, INTEREST, PARTS
from specs import pacing
from specs.fixed_point import WAD
from specs.invariants import STATE_INVARIANTS


def play(module, **changes):
    told = []
    outcome = module.play(
        RevmChain(START), lambda done, total: told.append((done, total)), **changes
    )
    assert all(0 <= done <= total for done, total in told)
    assert told == sorted(told)
    return outcome


@pytest.fixture(scope="module")
def basis():
    return play(basis_trade, days=5)


def test_the_parts_of_the_basis_trade_add_up_to_the_wei(basis):
    found = basis.figures
    for kind in ("unified", "siloed"):
        parts = sum(found[f"{part}, {kind}"] for part in PARTS if part != FLOWS)
        assert parts == found[f"income, {kind}"]
    # A few roundings in every step, each by a unit or two.
    assert abs(found["rest, unified"]) <= 2 * found["steps, unified"]
    assert found["steps, unified"] > 5 * 24


def test_the_basis_trade_earns_all_its_parts_in_one_account_only(basis):
    found = basis.figures
    gained = [f"{part}, unified" for part in ("funding", "interest on lends")]
    assert all(found[part] > WAD for part in gained)
    assert found["interest on unrealised gains, unified"] > 0
    assert found["interest on unrealised losses, unified"] < 0
    assert all(found[f"{part}, siloed"] == 0 for part in INTEREST)
    assert found["funding, unified"] == found["funding, siloed"]
    assert found["fees, unified"] == found["fees, siloed"]


def test_two_accounts_bind_more_capital_for_less_room(basis):
    found = basis.figures
    assert found["distance, unified, ppm"] > 10 * found["distance, siloed, ppm"]
    per_capital = basis_trade.CAPITAL, basis_trade.CAPITAL + basis_trade.MARGIN
    one, two = found["income, unified"], found["income, siloed"]
    assert one * per_capital[1] > two * per_capital[0]
    assert one > two


@pytest.fixture(scope="module")
def holder():
    return play(long_holder, days=8).figures


def test_a_loss_is_borrowed_and_no_coin_is_sold(holder):
    coins = long_holder.COINS * WAD
    assert holder["BTC at the end, WAD"] == coins
    assert holder["left, WAD BTC"] == 0
    # What a fall of a fifth costs a long of ten coins at 26,000.
    assert holder["owed at most"] > 52_000 * WAD
    assert holder["interest"] < 0
    assert holder["unrealised at the end"] == 0


def test_a_venue_that_sells_coins_has_fewer_and_is_worth_less(holder):
    assert holder["sold elsewhere, WAD BTC"] > WAD
    assert holder["worth here"] > holder["worth elsewhere"]


@pytest.fixture(scope="module")
def gains():
    return play(winner, days=5).figures


def test_an_unrealised_gain_earns_about_what_a_realised_one_would(gains):
    idle = gains["interest, earning nothing"]
    untouched = gains["interest, unrealised"] - idle
    realised = gains["interest, realised"] - idle
    assert untouched > WAD
    assert abs(untouched - realised) < untouched // 10
    assert gains["on gains, unrealised"] > 0
    assert gains["on gains, realised"] == 0


def test_what_is_paid_in_interest_is_what_others_get(gains):
    assert gains["interest on unrealised losses, all"] < -WAD
    # Rounding stays with the pool, so what is received is never more.
    assert -4 * gains["steps"] <= gains["interest, everybody, wei"] <= 0


@pytest.fixture(scope="module")
def run_on_usdc():
    return play(bank_run).figures


def test_the_run_ends_at_no_cash_and_the_highest_rate(run_on_usdc):
    found = run_on_usdc
    assert found["cash dry"] < 10**12
    assert found["cash while dry"] == found["cash dry"]
    assert found["rate dry, RAY"] > 20 * found["rate before, RAY"]
    assert found["rate after, RAY"] < found["rate before, RAY"]


def test_the_run_is_slowed_by_window_throttle_and_cash(run_on_usdc):
    found = run_on_usdc
    assert found["windows"]
    assert found["throttled"]
    assert found["borrowable"] < found["asked"]
    assert found["refused for cash"]


def test_without_cash_profits_are_paid_and_accounts_taken_over(run_on_usdc):
    assert run_on_usdc["paid to the winner"] > WAD
    assert run_on_usdc["liquidated"] > WAD
    assert run_on_usdc["bad debt"] == 0


def test_every_lender_gets_out_whole(run_on_usdc):
    made = [run_on_usdc[f"gain of the {name}"] for name in bank_run.LENDERS]
    assert min(made) > 0
    # Whoever stayed through the high rates has the most.
    assert made[-1] == max(made)
    assert run_on_usdc["left with the lenders"] < len(made) * 10**12


@pytest.fixture(scope="module")
def attack():
    return play(mango).figures


def test_the_limits_bound_the_attack_and_lenders_lose_nothing(attack):
    caps = mango.CREDIT_CAP + mango.FUND_CAP
    assert attack["lenders, limits on"] == 0
    assert 0 < attack["attacker, limits on"] <= caps
    assert -attack["unbacked, limits on"] <= caps
    assert attack["size, limits on"] == mango.LIMIT * WAD
    assert attack["size, limits off"] == mango.GREED * WAD


def test_without_limits_a_provider_pays_the_attacker_and_no_lender(attack):
    assert attack["attacker, limits off"] > 25 * attack["attacker, limits on"]
    assert attack["provider, limits off"] < -9 * mango.PROVIDER * WAD // 10
    assert attack["lenders, limits off"] == 0
    assert attack["deleveraged, limits off"] > 10**6 * WAD


@pytest.mark.parametrize("name", ["providers too small", "pumped in 5 minutes"])
def test_what_nobody_takes_over_in_time_is_closed_against_the_attacker(attack, name):
    assert attack[f"lenders, {name}"] == 0
    assert attack[f"deleveraged, {name}"] > 5 * attack["deleveraged, limits on"]
    assert attack[f"attacker, {name}"] <= mango.CREDIT_CAP + mango.FUND_CAP


@pytest.fixture(scope="module")
def stages():
    return play(liquidation).figures


def test_each_account_is_liquidated_in_a_stage_of_its_own(stages):
    for trader, own in zip(liquidation.TRADERS, liquidation.STAGES, strict=True):
        closed = {n: stages[f"{n}, {trader.name}"] for n in liquidation.STAGES}
        assert closed.pop(own) > 50_000 * WAD
        assert set(closed.values()) == {0}
        # It pays for it, and less than it had.
        assert stages[f"cost {own}, {trader.name}"] > 0
        before = stages[f"equity before, {trader.name}"]
        assert 0 < stages[f"equity, {trader.name}"] < before


def test_whoever_has_bids_or_a_provider_is_well_again(stages):
    for name in ("first", "second"):
        assert stages[f"equity, {name}"] > 2 * stages[f"margin, {name}"] > 0
    assert (stages["slices filled, first"], stages["slices not filled, first"]) == (
        3,
        0,
    )
    assert stages["slices filled, second"] == 0
    assert stages["slices not filled, second"] == pacing.FAILURES
    assert stages["earned by the keeper"] > 100 * WAD


def test_the_other_side_is_closed_pro_rata_within_a_lot(stages):
    sizes = {
        name: to_lots(liquidation.SHORTED, size)
        for name, size in liquidation.SHORTS.items()
    }
    closed = {name: stages[f"closed of the {name}, lots"] for name in sizes}
    third = liquidation.TRADERS[-1]
    whole = to_lots(liquidation.SHORTED, third.size)
    assert sum(closed.values()) == whole
    for name, size in sizes.items():
        assert abs(closed[name] - whole * size / sum(sizes.values())) < 1
    assert stages["deficits"] == 0


@pytest.fixture(scope="module", params=[0, 1])
def closed(request):
    return play(wind_down, seed=request.param).figures


def test_a_closed_market_remembers_nothing(closed):
    assert closed["open interest, lots"] == 0
    assert closed["winners, wei"] == closed["losers, wei"] == 0
    words = ("W and V", "winners", "sizes", "ticks")
    assert [closed[f"word of {name}"] for name in words] == [0] * 4
    assert 0 <= closed["fund, wei"] <= closed["dust bound, wei"]


def test_claims_are_unpaid_for_a_while_and_then_paid(closed):
    assert closed["claims at most"] > 100 * WAD
    assert closed["claims at the end"] == 0


def test_everybody_leaves_and_what_stays_is_dust(closed):
    people = len(wind_down.TRADERS) + 2
    assert closed["accounts, USDC, wei"] < people * 10**12
    assert closed["reserve, USDC, wei"] < 10**12
    assert 0 <= closed["nobody's, USDC, wei"] < 10**6
    assert closed["backstop fund, USDC, wei"] >= 50_000 * WAD
    for symbol in ("BTC", "ETH"):
        assert closed[f"left, {symbol}, wei"] < people * 10**10


# The scene


def test_a_violated_invariant_stops_a_scene(monkeypatch):
    scene = Scene(RevmChain(START), ("somebody",))
    monkeypatch.setitem(STATE_INVARIANTS, "I1", lambda world: False)
    with pytest.raises(Halt, match="invariant I1 does not hold"):
        scene.tick(HOUR)


def test_a_scene_checks_every_step_and_every_block():
    scene = Scene(RevmChain(START), ("somebody",))
    scene.tick(HOUR)
    before = scene.checked
    scene.deposit("somebody", "USDC", 1)
    stepped = scene.checked
    scene.wait(1)
    assert stepped - before > 10
    assert scene.checked - stepped > stepped - before


def test_the_most_that_may_be_taken_is_taken_and_no_more():
    scene = Scene(RevmChain(START), ("lender", "borrower"))
    scene.lift_guards()
    scene.deposit("lender", "USDC", 100_000)
    scene.deposit("borrower", "BTC", 1)
    scene.tick(HOUR)
    tokens = scene.most("borrower", "borrow", "USDC", 10**12)
    to = scene.wallets["borrower"].address
    arguments = scene.account("borrower"), 0
    more = scene.refusal("borrower", "borrow", *arguments, tokens + 1, to)
    assert more == "below initial margin"
    assert scene.refusal("borrower", "borrow", *arguments, tokens, to) is None


def test_an_account_without_exposure_is_as_far_from_ruin_as_is_looked():
    scene = Scene(RevmChain(START), ("somebody",))
    scene.tick(HOUR)
    scene.deposit("somebody", "USDC", 1)
    account = scene.account("somebody")
    far = measures.distance_up(scene.state, account, 1, scene.now)
    assert far == measures.FURTHEST


# What is printed


def run(tmp_path, name, report=None):
    said = tmp_path / "said.txt"
    console = Console(file=said.open("w"), width=100)
    status = command.run(name, "pyrevm", report, console)
    console.file.close()
    return status, said.read_text()


def test_the_list_names_every_scenario(tmp_path):
    status, said = run(tmp_path, "list")
    assert status == 0
    assert all(name in said for name in SCENARIOS)
    assert len(SCENARIOS) == 7


def test_an_unknown_name_is_answered_in_one_line(tmp_path):
    with pytest.raises(UserError, match=r"^NAME: there is no scenario 'x'; .*mango"):
        run(tmp_path, "x")


def test_a_scenario_prints_its_point_and_writes_its_page(tmp_path):
    status, said = run(tmp_path, "wind-down", tmp_path / "report")
    page = (tmp_path / "report" / "wind-down.html").read_text()
    assert status == 0
    for text in (said, page):
        assert wind_down.TITLE in text
        assert "Left in the vault, wei" in text
        assert "After" in text
    assert page.count("<svg") == 2
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_page_escapes_what_it_is_told():
    table = Table("a < b", ("", "c"), [("d", "<e>")])
    chart = Chart("f", [START, START + HOUR], {"g": [1.0, 2.0]})
    made = build(Outcome("h & i", ["j"], [table], [chart], 7), "k")
    assert "a &lt; b" in made
    assert "&lt;e&gt;" in made
    assert "h &amp; i" in made


def test_an_interrupted_scenario_says_so(tmp_path, monkeypatch):
    def interrupted(chain, progress):
        raise KeyboardInterrupt

    found = replace(SCENARIOS["winner"], play=interrupted)
    monkeypatch.setitem(SCENARIOS, "winner", found)
    status, said = run(tmp_path, "winner")
    assert status == 130
    assert "interrupted" in said


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (-1, "0.00"), (-WAD, "-1.00"), (1234 * WAD, "1,234.00")],
)
def test_an_amount_is_for_people(amount, text):
    assert usdc(amount) == text
