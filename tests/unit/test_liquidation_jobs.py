"""The keeper's liquidation jobs: whom they pick, in which order, and how many."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.interface import Block, Refused
from keeper.errors import UserError
from keeper.jobs import flag, liquidate, priority, reduce, sweep
from keeper.jobs.flag import Flag
from keeper.jobs.liquidate import Liquidate
from keeper.jobs.reduce import Reduce, find_instruments
from keeper.jobs.sweep import Sweep, find_behind
from keeper.jobs.watch import Snapshot
from keeper.runner import Runner
from keeper.session import DUTIES, JOBS, NO_REWARD, find_reward
from specs import clearinghouse as ch
from specs import distress, errors
from specs.accounts import (
    BACKSTOP_FUND,
    USDC,
    Account,
    compute_account,
)
from specs.deleveraging import MAX_EPOCHS, Epoch
from specs.distress import FLAG_LIFE, Distress
from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.margin import Quote
from specs.money_market import Balance, credit, debit
from specs.open_orders import OpenOrders
from specs.perpetual import Position
from tests.helpers.deployers import address_of
from tests.helpers.keepers import (
    BEYOND,
    BOOK,
    DUE,
    FALLEN,
    HELD,
    HOME,
    LIQUIDATOR,
    SpecChain,
    SpecWatch,
    lots_of,
)
from tests.helpers.worlds import (
    BTC,
    ETH,
    PLEDGED,
    bear,
    bull,
    open_world,
    publish,
)
from tests.stateful.book_walk import open_book

NOW = 1_700_000_100
KEEPER = 0x99 << 96
REWARD = compute_account(KEEPER, 3)
BOOKS = (0, 1, SPOT + BTC, SPOT + ETH)
ROOT = Path(__file__).parents[2]

names = st.integers(1, 40).map(lambda number: number << 96)


@dataclass
class Answers:
    """A chain whose views say what they are told, and a watch on it."""

    state: ch.State
    now: int = NOW
    says: dict = field(default_factory=dict)
    refuses: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    clearinghouse: object = HOME

    def block(self):
        return Block(1, self.now)

    def read(self, _chain, _block):
        return Snapshot(self.now, self.state)

    def call(self, contract, method, *arguments):
        self.asked.append((contract, method, *arguments))
        if (method, *arguments) in self.refuses:
            raise Refused(self.refuses[method, *arguments])
        return self.says.get((method, *arguments), True)


def short_by(state, name, equity, age=1, **changes):
    """Return ``state`` with a long of one BTC that has so much equity."""
    lots = WAD // state.markets[0].lot
    position = Position(lots, 60_000 * WAD)
    held = Account({USDC: Balance(equity * WAD)}, {0: position}, **changes)
    state = replace(state, accounts={**state.accounts, name: held})
    quote = Quote(60_000 * WAD, 60_000 * WAD, NOW - age)
    market = replace(state.markets[0], quote=quote)
    return replace(state, markets={**state.markets, 0: market})


def state_of(equities, **changes):
    state = open_world().clearing
    for name, equity in equities.items():
        state = short_by(state, name, equity, **changes)
    return state


def decide(job, chain):
    return job.decide(job.read(chain, chain.block()))


def make_flag(chain, **changes):
    return Flag(chain, **changes)


def make_reduce(chain, **changes):
    return Reduce(chain, LIQUIDATOR, BOOKS, REWARD, KEEPER, **changes)


def make_liquidate(chain, **changes):
    return Liquidate(chain, LIQUIDATOR, BOOK, **changes)


MAKERS = (make_flag, make_reduce, make_liquidate)


def named_by(calls):
    """Return the accounts of calls in their order, each once."""
    return list(dict.fromkeys(call.arguments[0] for call in calls))


def margin_of(state):
    return ch.assess(state, min(state.accounts), NOW).maintenance_margin


# Priorities


@pytest.mark.parametrize("make", MAKERS)
@given(
    st.dictionaries(names, st.integers(1, 1000), min_size=1, max_size=9),
    st.integers(1, 10),
)
def test_the_largest_shortfalls_come_first_and_no_more_than_n(make, equities, most):
    state = state_of(equities)
    calls = decide(make(Answers(state), most=most), Answers(state))
    due = [name for name in equities if equities[name] * WAD < margin_of(state)]
    worst = sorted(due, key=lambda name: (equities[name], name))
    assert named_by(calls) == worst[:most]


def test_a_shortfall_is_what_is_missing_of_maintenance_margin():
    state = state_of({1 << 96: 100})
    (short,) = flag.find_due(state, NOW).values()
    assert short == margin_of(state) - 100 * WAD
    said = priority.say(short)
    assert said == f"equity is {short // WAD} USDC below maintenance margin"
    assert priority.say(-2 * WAD).startswith("equity is 2 USDC above")


@pytest.mark.parametrize("make", MAKERS)
def test_whoever_the_contracts_do_not_agree_on_takes_nobody_s_place(make):
    state = state_of({number << 96: 10 * number for number in range(1, 6)})
    chain = Answers(state)
    for view in ("can_flag", "can_liquidate"):
        chain.says[view, 1 << 96] = False
        chain.refuses[view, 2 << 96] = ""
    chain.says["can_reduce", 1 << 96, 0] = False
    chain.refuses["can_reduce", 2 << 96, 0] = ""
    assert named_by(decide(make(chain, most=2), chain)) == [3 << 96, 4 << 96]
    # Nobody is asked about who comes after the last that there is room for.
    assert not any(5 << 96 in asked for asked in chain.asked)


def test_a_view_that_fails_is_warned_of(caplog):
    chain = Answers(state_of({1 << 96: 10}), refuses={("can_flag", 1 << 96): "oh"})
    assert decide(make_flag(chain), chain) == []
    assert "can_flag" in caplog.text
    assert "oh" in caplog.text


@pytest.mark.parametrize("make", MAKERS)
def test_the_protocol_s_own_accounts_are_nobody_s_business(make):
    chain = Answers(state_of({BACKSTOP_FUND: 10, 1 << 96: 20}))
    assert named_by(decide(make(chain), chain)) == [1 << 96]


@pytest.mark.parametrize("job", [flag, reduce, liquidate, sweep])
def test_only_what_somebody_faster_leaves_is_expected(job):
    assert errors.NotVenue.reason not in job.EXPECTED
    assert errors.SameOwner.reason not in job.EXPECTED
    assert errors.UnknownSelector.reason not in job.EXPECTED
    known = {kind.reason for kind in vars(errors).values() if isinstance(kind, type)}
    assert known > job.EXPECTED


# Flag


@pytest.mark.parametrize("age", [0, 1, 60])
def test_whoever_is_due_is_flagged_whatever_block_its_prices_are_of(age):
    chain = Answers(state_of({1 << 96: 10}, age=age))
    (call,) = decide(make_flag(chain), chain)
    assert (call.contract, call.method, call.arguments) == (HOME, "flag", (1 << 96,))
    assert call.expected == flag.EXPECTED
    assert chain.asked == [(HOME, "can_flag", 1 << 96)]


@pytest.mark.parametrize(
    ("flagged_at", "is_flagged_again"),
    [(NOW, False), (NOW - FLAG_LIFE, False), (NOW - FLAG_LIFE - 1, True)],
)
def test_a_flag_that_counts_is_left_alone(flagged_at, is_flagged_again):
    noted = Distress(flagged_at=flagged_at)
    chain = Answers(state_of({1 << 96: 10}, distress=noted))
    assert bool(decide(make_flag(chain), chain)) == is_flagged_again


def test_at_stale_prices_nobody_is_due():
    chain = Answers(state_of({1 << 96: 10}, age=61))
    for make in MAKERS:
        assert decide(make(chain), chain) == []


# Reduce


def test_a_price_of_this_second_reduces_only_whom_a_flag_names():
    flagged = Distress(flagged_at=NOW - 1)
    state = state_of({1 << 96: 10}, age=0)
    state = short_by(state, 2 << 96, 10, age=0, distress=flagged)
    chain = Answers(state)
    assert named_by(decide(make_reduce(chain), chain)) == [2 << 96]


def test_without_equity_the_book_is_not_tried():
    chain = Answers(state_of({1 << 96: 0, 2 << 96: -5, 3 << 96: 1}))
    assert named_by(decide(make_reduce(chain), chain)) == [3 << 96]


def test_a_reduction_goes_on_above_maintenance_margin():
    lately = Distress(sliced_at=NOW - distress.SLICE_LIFE)
    equities = {1 << 96: 100, 2 << 96: 500}
    chain = Answers(state_of(equities, distress=lately))
    assert margin_of(chain.state) < 500 * WAD
    assert named_by(decide(make_reduce(chain), chain)) == [1 << 96, 2 << 96]
    over = Distress(sliced_at=NOW - distress.SLICE_LIFE - 1)
    chain = Answers(state_of(equities, distress=over))
    assert named_by(decide(make_reduce(chain), chain)) == [1 << 96]


def with_balances(state, name, **amounts):
    """Return ``state`` in which an account has amounts of assets, or owes them."""
    held = state.accounts[name]
    balances = dict(held.balances)
    for symbol, amount in amounts.items():
        asset = {"usdc": USDC, "btc": BTC, "eth": ETH}[symbol]
        pool, quote = state.assets[asset].pool, Quote(60_000 * WAD, 60_000 * WAD, NOW)
        change = credit if amount > 0 else debit
        pool, balances[asset] = change(pool, Balance(0), abs(amount) * WAD // 100)
        listed = replace(state.assets[asset], pool=pool, quote=quote)
        state = replace(state, assets={**state.assets, asset: listed})
    held = replace(held, balances=balances)
    return replace(state, accounts={**state.accounts, name: held})


def test_the_leg_that_binds_most_margin_comes_first():
    world = SpecChain(open_book())
    world.play(*DUE)
    state, now = world.world.clearing, world.world.now
    assert find_instruments(state, bull, now) == (1, 0)
    bigger = replace(state.accounts[bull].positions[0], lots=10 * HELD[0])
    positions = {**state.accounts[bull].positions, 0: bigger}
    held = replace(state.accounts[bull], positions=positions)
    state = replace(state, accounts={**state.accounts, bull: held})
    assert find_instruments(state, bull, now) == (0, 1)
    job = make_reduce(SpecWatch(world))
    assert [call.arguments for call in decide(job, world)] == [
        (bull, 1, REWARD),
        (bull, 0, REWARD),
    ]


def test_a_debt_is_bought_back_and_one_of_usdc_paid_with_the_best_collateral():
    state = with_balances(state_of({1 << 96: 10}), 1 << 96, usdc=-500_000, btc=10)
    # The perpetual of 60,000, and 5,000 USDC at a twentieth.
    assert find_instruments(state, 1 << 96, NOW) == (0, SPOT + BTC)
    state = with_balances(state, 1 << 96, usdc=-5_000_000, btc=10, eth=-100)
    assert find_instruments(state, 1 << 96, NOW) == (SPOT + ETH, SPOT + BTC, 0)


def test_a_usdc_debt_without_collateral_is_for_others():
    state = with_balances(state_of({1 << 96: 10}), 1 << 96, usdc=-500_000)
    assert find_instruments(state, 1 << 96, NOW) == (0,)


def test_collateral_is_not_sold_without_a_debt():
    state = with_balances(state_of({1 << 96: 10}), 1 << 96, btc=10)
    assert find_instruments(state, 1 << 96, NOW) == (0,)


def test_a_leg_without_a_book_or_a_slice_due_is_left_out():
    world = SpecChain(open_book())
    world.play(*DUE)
    chain = Answers(world.world.clearing, world.world.now)
    job = replace(make_reduce(chain), instruments=(0,))
    assert [call.arguments[1] for call in decide(job, chain)] == [0]
    chain.says["can_reduce", bull, 1] = False
    assert [call.arguments[1] for call in decide(make_reduce(chain), chain)] == [0]
    chain.says["can_reduce", bull, 0] = False
    assert decide(make_reduce(chain), chain) == []


def test_nobody_liquidates_himself_or_is_rewarded_for_it():
    own, friend = compute_account(KEEPER, 7), compute_account(0x77 << 96, 0)
    chain = Answers(state_of({own: 10, friend: 20, 5 << 96: 30}))
    job = replace(make_reduce(chain), reward=friend)
    assert [call.arguments for call in decide(job, chain)] == [
        (friend, 0, NO_REWARD),
        (5 << 96, 0, friend),
    ]


# Liquidate


def test_orders_are_cancelled_before_a_liquidation():
    state = state_of({1 << 96: 1})
    state = short_by(state, 2 << 96, 10, orders={0: OpenOrders(bids=5)})
    chain = Answers(state)
    calls = decide(make_liquidate(chain), chain)
    assert [(call.contract, call.method, call.arguments) for call in calls] == [
        (LIQUIDATOR, "liquidate", (1 << 96,)),
        (BOOK, "cancel_all", (2 << 96,)),
        (LIQUIDATOR, "liquidate", (2 << 96,)),
    ]


def test_those_of_whom_nobody_can_take_anything_keep_nobody_waiting():
    state = state_of({number << 96: number for number in range(1, 5)})
    chain = Answers(state)
    chain.refuses["liquidate", 1 << 96] = errors.NothingTaken.reason
    # What rests of it is cancelled first, and then it is seen.
    chain.refuses["liquidate", 2 << 96] = errors.OrdersOpen.reason
    assert named_by(decide(make_liquidate(chain, most=2), chain)) == [2 << 96, 3 << 96]


def test_the_backstop_is_asked_for_whom_the_book_was_tried_first():
    names = [name for name in JOBS if name in ("flag", "reduce", "liquidate", "sweep")]
    assert names == ["flag", "reduce", "liquidate", "sweep"]


# Sweep


def epoch_of(is_long, lots=10, interest=100):
    return Epoch(is_long, lots, interest, 60_000 * WAD, 0)


def with_epochs(state, *epochs):
    market = replace(state.markets[0], epochs=epochs)
    return replace(state, markets={**state.markets, 0: market})


def behind_of(sizes, epochs, met=()):
    """Return whom the job would touch, of positions of such sizes."""
    state = with_epochs(state_of(dict.fromkeys(sizes, 10**6)), *epochs)
    accounts = {
        name: replace(
            state.accounts[name],
            positions={0: Position(lots, 0, epoch=dict(met).get(name, 0))},
        )
        for name, lots in sizes.items()
    }
    return replace(state, accounts=accounts)


def test_whom_an_epoch_waits_for_is_touched():
    sizes = {1 << 96: 5, 2 << 96: -50, 3 << 96: 30, 4 << 96: 7}
    epochs = epoch_of(is_long=True), epoch_of(is_long=True)
    state = behind_of(sizes, epochs, met={4 << 96: 2, 3 << 96: 1})
    # First who has most epochs before him; shorts have nothing to close.
    assert find_behind(state, 0) == [1 << 96, 3 << 96]
    (call,) = Sweep(Answers(state)).decide(Snapshot(NOW, state))
    assert (call.contract, call.method) == (HOME, "realise")
    assert call.arguments == (0, [1 << 96, 3 << 96])


@pytest.mark.parametrize(("epochs", "is_touched"), [(8, False), (9, True)])
def test_who_could_not_trade_is_touched_though_nothing_is_closed(epochs, is_touched):
    passing = [epoch_of(is_long=False)] * epochs
    state = behind_of({1 << 96: 5}, passing)
    assert bool(find_behind(state, 0)) == is_touched == (epochs > MAX_EPOCHS)


def test_a_claim_has_no_epochs_before_it():
    assert find_behind(behind_of({1 << 96: 0}, [epoch_of(is_long=True)] * 9), 0) == []


@given(st.integers(0, 30), st.integers(1, 9), st.integers(1, 12))
def test_a_round_touches_no_more_than_n_in_bounded_batches(positions, batch, most):
    sizes = {number << 96: number for number in range(1, positions + 1)}
    state = behind_of(sizes, [epoch_of(is_long=True)])
    calls = Sweep(Answers(state), most=most, batch=batch).decide(Snapshot(NOW, state))
    touched = [name for call in calls for name in call.arguments[1]]
    assert all(0 < len(call.arguments[1]) <= batch for call in calls)
    largest = sorted(sizes, key=lambda name: -sizes[name])
    assert touched == largest[:most]


def test_the_room_of_a_round_is_for_all_markets():
    state = behind_of({1 << 96: 5, 2 << 96: 4}, [epoch_of(is_long=True)])
    market = replace(state.markets[1], epochs=state.markets[0].epochs)
    market = replace(market, quote=state.markets[0].quote)
    accounts = {
        name: replace(held, positions=dict.fromkeys((0, 1), held.positions[0]))
        for name, held in state.accounts.items()
    }
    state = replace(state, accounts=accounts, markets={**state.markets, 1: market})
    calls = Sweep(Answers(state), most=3).decide(Snapshot(NOW, state))
    assert [call.arguments for call in calls] == [
        (0, [1 << 96, 2 << 96]),
        (1, [1 << 96]),
    ]


def test_nothing_is_touched_at_a_stale_mark():
    state = behind_of({1 << 96: 5}, [epoch_of(is_long=True)])
    quote = replace(state.markets[0].quote, time=NOW - 61)
    stale = replace(state.markets[0], quote=quote)
    state = replace(state, markets={**state.markets, 0: stale})
    assert Sweep(Answers(state)).decide(Snapshot(NOW, state)) == []


# Whole rounds, on the specification


def open_chain(*after):
    """Return a chain on which a bull of two legs is due, and what comes after."""
    chain = SpecChain(open_book())
    chain.play(*DUE, *after)
    return chain


def jobs_on(chain, most=20):
    watch = SpecWatch(chain)
    return [
        Flag(watch, most),
        Reduce(watch, LIQUIDATOR, BOOKS, REWARD, KEEPER, most),
        Liquidate(watch, LIQUIDATOR, BOOK, most),
        Sweep(watch, most),
    ]


def work(chain, rounds=1, **changes):
    """Work so many rounds, a second apart; return the calls that went through."""
    runner = Runner(chain, jobs_on(chain, **changes), address_of(KEEPER))
    done = []
    for number in range(rounds):
        if number:
            chain.wait(1)
        for job in runner.jobs:
            done += runner.work(job)
    assert not runner.metrics.surprises
    assert not runner.metrics.refusals
    return [(each.call.method, each.refusal) for each in done]


def test_the_book_alone_brings_an_account_back():
    chain = open_chain()
    done = work(chain, rounds=20)
    assert done[:3] == [("flag", None), ("reduce", None), ("reduce", None)]
    assert {method for method, _ in done} == {"flag", "reduce"}
    health = ch.assess(chain.world.clearing, bull, chain.world.now)
    assert health.equity > health.maintenance_margin
    assert 0 < sum(lots_of(chain.world).values()) < sum(HELD.values())
    assert ch.get_held(chain.world.clearing, REWARD, USDC) > 0


def test_at_prices_of_this_second_a_flag_is_all_that_can_be_done():
    chain = open_chain(*publish(FALLEN))
    assert work(chain) == [("flag", None)]
    chain.play(*publish(FALLEN))
    assert work(chain) == [("reduce", None), ("reduce", None)]


def open_beyond(*before):
    """Return a chain on which a bull is nearly ruined and nobody bids."""
    chain = SpecChain(open_book())
    chain.play(*publish(FALLEN), *before, *BEYOND)
    return chain


def test_what_the_book_has_no_bids_for_goes_to_providers_in_the_same_round():
    chain = open_beyond(*PLEDGED)
    assert work(chain) == [
        ("flag", None),
        ("reduce", None),
        ("reduce", None),
        ("liquidate", None),
    ]
    health = ch.assess(chain.world.clearing, bull, chain.world.now)
    assert health.equity >= health.maintenance_margin
    assert lots_of(chain.world, bear) == {0: -HELD[0], 1: -HELD[1]}


def test_what_no_provider_takes_is_closed_and_the_other_side_is_touched():
    chain = open_beyond()
    before = lots_of(chain.world)
    assert [method for method, _ in work(chain)[3:]] == [
        "liquidate",
        "realise",
        "realise",
    ]
    left = lots_of(chain.world)
    assert all(left[market] < before[market] for market in left)
    assert lots_of(chain.world, bear) == {m: -lots for m, lots in left.items()}


# Who is rewarded, and what is told


@pytest.mark.parametrize(
    ("text", "account"),
    [
        (None, compute_account(KEEPER, 0)),
        ("0x" + "ab" * 20, compute_account(int("ab" * 20, 16), 0)),
        (str(REWARD), REWARD),
        (f"{REWARD:#x}", REWARD),
    ],
)
def test_a_reward_goes_to_an_account_or_to_the_first_of_an_address(text, account):
    assert find_reward(text, address_of(KEEPER)) == account


def test_without_a_sender_nobody_is_rewarded():
    assert find_reward(None, None) == NO_REWARD


@pytest.mark.parametrize("text", ["", "me", "-1", "5", "0x" + "f" * 65, str(2**256)])
def test_what_is_no_user_s_account_is_refused_in_one_line(text):
    with pytest.raises(UserError, match="--reward: "):
        find_reward(text, address_of(KEEPER))


def test_the_readme_lists_every_job():
    text = (ROOT / "README.md").read_text()
    for name in DUTIES:
        assert f"| `{name}` |" in text
