"""What the keeper's jobs decide, without a chain."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.artifacts import abi_of
from keeper.chain.interface import Block, Contract, Event
from keeper.discovery import NAMING, FromEvents, Given
from keeper.discovery import named_by as named_by_event
from keeper.jobs import expire
from keeper.jobs.expire import Expire
from keeper.jobs.publish import Publish
from keeper.jobs.publish import Snapshot as PublishSnapshot
from keeper.jobs.realise import Realise
from keeper.jobs.tick import CROSSINGS, Tick, newer
from keeper.jobs.tick import Snapshot as TickSnapshot
from keeper.jobs.watch import Snapshot, Watch
from keeper.publishers import Panel, Report
from keeper.signing import local_account
from specs import clearinghouse as ch
from specs import grid, quorum
from specs.accounts import BACKSTOP_FUND, DEFAULT, USDC, Account, AccountId, Settings
from specs.book_state import Order
from specs.fixed_point import WAD
from specs.liquidity_fund import Fund
from specs.margin import Quote
from specs.money_market import Balance
from specs.perpetual import Position
from specs.quorum import Quorum
from specs.state import NEVER, Cull
from tests.helpers.worlds import open_world

NOW = 1_700_000_100
HOME = Contract("Clearinghouse", "0x" + "11" * 20)
ORACLE = Contract("PriceOracle", "0x" + "22" * 20)
BOOK = Contract("OrderBook", "0x" + "44" * 20)
KEYS = [local_account(f"publisher {i}") for i in range(3)]
ADDRESSES = [key.address for key in KEYS]
TOP = grid.get_price(grid.MAX_TICK) * 10**6
PRICES = {"BTC": 26_000 * WAD, "ETH": 1_700 * WAD}

names = st.integers(1, 40).map(lambda number: number << 96)


class SpokenPanel(Panel):
    """A panel that says what it is told, and remembers what it was asked."""

    def __init__(self, said):
        super().__init__(KEYS)
        object.__setattr__(self, "said", said)
        object.__setattr__(self, "asked", [])

    def reports(self, prices, now):
        self.asked.append(prices)
        return self.said


def publish_job(*said):
    return Publish(ORACLE, None, SpokenPanel(said), {"BTC": 1, "ETH": 2})


def publish_snapshot(published_at=0, reported_at=0, weights=None):
    enrolled = dict.fromkeys(ADDRESSES, 100) if weights is None else weights
    state = Quorum(1, published_at, reported_at, 2, enrolled)
    return PublishSnapshot(NOW, 1337, state, PRICES)


def report(publisher, time=NOW):
    return Report(publisher, time, PRICES)


def times_sent(calls):
    (call,) = calls
    reports, signatures = call.arguments
    assert len(reports) == len(signatures)
    assert [len(signature) for signature in signatures] == [65] * len(reports)
    return [time for time, _, _ in reports]


def test_reports_in_time_are_relayed():
    calls = publish_job(report(0), report(1), report(2)).decide(publish_snapshot())
    assert times_sent(calls) == [NOW] * 3
    assert calls[0].arguments[0][0][1:] == ((1, 2), tuple(PRICES.values()))
    assert "3 of 3 publishers" in calls[0].because


@pytest.mark.parametrize("late", [quorum.MAX_SPAN + 1, quorum.MAX_AGE + 1])
def test_a_late_report_is_left_out(late):
    job = publish_job(report(0, NOW - late), report(1), report(2))
    assert times_sent(job.decide(publish_snapshot())) == [NOW, NOW]


def test_a_stranger_s_report_is_left_out():
    weights = dict.fromkeys(ADDRESSES[1:], 100)
    job = publish_job(report(0), report(1), report(2))
    assert len(times_sent(job.decide(publish_snapshot(weights=weights)))) == 2


def test_too_few_reports_are_not_relayed():
    assert publish_job(report(0)).decide(publish_snapshot()) == []


def test_a_version_is_not_published_twice():
    job = publish_job(report(0), report(1))
    assert job.decide(publish_snapshot(published_at=NOW)) == []
    assert job.decide(publish_snapshot(reported_at=NOW)) == []


def test_symbols_that_the_oracle_does_not_know_are_left_out():
    job = publish_job()
    job.decide(replace(publish_snapshot(), prices={"BTC": WAD, "DOGE": WAD}))
    assert job.panel.asked == [{"BTC": WAD}]


@given(
    st.dictionaries(st.integers(0, 8), st.integers(0, 9)),
    st.dictionaries(st.integers(0, 8), st.integers(0, 9)),
)
def test_a_tick_takes_over_exactly_what_is_newer(published, taken):
    found = newer(published, taken)
    assert found == sorted(found)
    assert {n for n in published if published[n] > taken.get(n, 0)} == set(found)


def test_a_tick_without_news_is_not_sent():
    job = Tick(HOME, ORACLE, [1], [0])
    assert job.decide(TickSnapshot({1: 5}, {0: 5}, {1: 5}, {0: 5})) == []
    (call,) = job.decide(TickSnapshot({1: 6}, {0: 5}, {1: 5}, {0: 5}))
    assert (call.contract, call.method) == (HOME, "tick")
    assert call.arguments == ([1], [], CROSSINGS)


def test_a_cursor_that_is_behind_is_moved_on_without_a_price():
    job = Tick(HOME, ORACLE, [1], [0, 1, 2])
    times = dict.fromkeys(range(3), 5)
    cursors = {0: 70 * WAD, 1: 50 * WAD, 2: TOP}
    marks = {0: 70 * WAD, 1: 60 * WAD, 2: 2 * TOP}
    behind = TickSnapshot({1: 5}, times, {1: 5}, times, cursors, marks)
    (call,) = job.decide(behind)
    assert call.arguments == ([], [1], CROSSINGS)
    assert "1 cursors are behind" in call.because
    there = replace(behind, cursors={**cursors, 1: marks[1]})
    assert job.decide(there) == []


def test_the_markets_of_a_tick_share_what_it_may_cross():
    job = Tick(HOME, ORACLE, [1], [0, 1, 2], crossings=100)
    news = TickSnapshot({}, dict.fromkeys(range(3), 6), {}, {})
    assert job.decide(news)[0].arguments == ([], [0, 1, 2], 33)
    assert replace(job, crossings=2).decide(news)[0].arguments[2] == 1


PRICE = 60_000 * WAD
LOT = 10**14
"""Of the market: 6 USDC at this price."""

VALUES = st.integers(-1000, 1000)
CHOSEN = Settings(auto_realize=True)


def position_of(value, lots=1, entry=None):
    """Return a position that is worth so many USDC at `PRICE`."""
    return Position(lots, lots * LOT * PRICE // WAD - value * WAD, entry)


def claim_of(value):
    return position_of(value, lots=0)


def state_of(positions, fund=0, cap=0, quote_age=1, settings=CHOSEN, cull=NEVER):
    """Return a state in which accounts have these positions in a market."""
    state = open_world().clearing
    market = replace(
        state.markets[0],
        quote=Quote(PRICE, PRICE, NOW - quote_age),
        cursor=PRICE,
        fund=Fund(fund * WAD, cap * WAD),
        cull=cull,
    )
    accounts = {
        name: Account({USDC: Balance(10**6 * WAD)}, {0: position}, settings=settings)
        for name, position in positions.items()
    }
    return replace(state, markets={**state.markets, 0: market}, accounts=accounts)


def values_of(values, entry=None, **changes):
    positions = {
        name: position_of(value, entry=entry) for name, value in values.items()
    }
    return state_of(positions, **changes)


def realise_job(**changes):
    return Realise(Watch(HOME, (), (), Given(())), **changes)


def named_by(calls):
    return [name for call in calls for name in call.arguments[1]]


def realise(state, **changes):
    """Return whom the job has realised in the only market."""
    return named_by(realise_job(**changes).decide(Snapshot(NOW, state)))


@given(st.dictionaries(names, VALUES, max_size=30))
def test_losses_are_realised_before_gains_in_bounded_batches(values):
    state = values_of(values, fund=10**6)
    calls = realise_job(batch=7).decide(Snapshot(NOW, state))
    assert all(0 < len(call.arguments[1]) <= 7 for call in calls)
    signs = [values[name] > 0 for name in named_by(calls)]
    assert signs == sorted(signs)
    assert set(named_by(calls)) == {n for n, value in values.items() if value != 0}


@given(st.dictionaries(names, VALUES, max_size=12))
def test_a_round_of_realising_leaves_nothing_to_realise(values):
    job, state = realise_job(batch=3), values_of(values, cap=50)
    for call in job.decide(Snapshot(NOW, state)):
        state = ch.realise(state, NOW, 0, *call.arguments)
    assert realise(state) == []


def test_who_has_not_chosen_it_is_left_alone():
    values = {1 << 96: -900, 2 << 96: 900}
    assert realise(values_of(values, 7, fund=10**6, settings=DEFAULT)) == []
    assert realise(values_of(values, 7, fund=10**6)) == [1 << 96, 2 << 96]


def test_nobody_is_left_alone_outside_the_tick_set():
    values = {1 << 96: -900, 2 << 96: 900}
    outside = values_of(values, fund=10**6, settings=DEFAULT)
    assert realise(outside) == [1 << 96, 2 << 96]


def test_a_gain_that_the_fund_cannot_pay_waits():
    state = values_of({1 << 96: 900})
    assert realise(state) == []
    assert realise(values_of({1 << 96: 900}, cap=1)) == [1 << 96]
    assert realise(values_of({1 << 96: 900, 2 << 96: -1})) == [2 << 96, 1 << 96]


def test_a_claim_is_paid_before_gains_whoever_has_it():
    positions = {1 << 96: position_of(900), 2 << 96: claim_of(500)}
    plain = state_of(positions, fund=400, settings=DEFAULT)
    assert realise(plain) == [2 << 96]
    assert realise(state_of(positions, fund=400)) == [2 << 96]
    assert realise(state_of(positions, fund=501)) == [2 << 96, 1 << 96]
    assert realise(state_of(positions)) == []


def test_a_claim_is_paid_off_however_small():
    crumb = Position(0, -1)
    assert realise(state_of({1 << 96: crumb}, fund=1)) == [1 << 96]
    dust = replace(position_of(0), basis=position_of(0).basis - 1)
    assert realise(state_of({1 << 96: dust}, fund=1)) == []


def test_a_position_leaves_the_tick_set_though_it_is_worth_nothing():
    inside = {1 << 96: position_of(0, entry=7)}
    assert realise(state_of(inside)) == [1 << 96]
    assert realise(state_of(inside, settings=DEFAULT)) == []


@pytest.mark.parametrize("side", [-1, 1])
def test_whoever_reaches_the_threshold_is_forced(side):
    limit = Cull(account_threshold=500 * WAD)
    values = {1 << 96: side * 499, 2 << 96: side * 500, 3 << 96: side}
    state = values_of(values, 7, fund=10**6, settings=DEFAULT, cull=limit)
    assert realise(state) == [2 << 96]


def winners_of(gains):
    """Return positions inside the tick set that have gained so much since entry."""
    entry = grid.tick_down(PRICE // 10**6 // 2)
    price = grid.get_price(entry) * 10**6
    return {
        name: Position(lots, lots * LOT * price // WAD, entry)
        for name, lots in gains.items()
    }


def test_the_largest_gains_are_forced_until_the_sum_is_below_the_threshold():
    positions = winners_of({1 << 96: 10, 2 << 96: 30, 3 << 96: 20})
    positions[4 << 96] = position_of(-5, entry=None)
    limit = Cull(system_threshold=100 * WAD)
    state = state_of(positions, fund=10**6, settings=DEFAULT, cull=limit)
    # Some three USDC a lot: 180 in all, 90 of them the largest.
    assert realise(state) == [4 << 96, 2 << 96]
    for call in realise_job(batch=1).decide(Snapshot(NOW, state)):
        before = state
        state = ch.realise(state, NOW, 0, *call.arguments)
        assert state.accounts != before.accounts
    assert realise(state) == []
    calm = replace(state.markets[0], cull=NEVER)
    assert realise(replace(state, markets={0: calm})) == []


def test_nothing_is_realised_at_a_stale_mark():
    assert realise(values_of({1 << 96: -900}, quote_age=61)) == []


def resting(expiry):
    return Order(AccountId(1 << 96), 0, True, 10, 60_000, False, expiry)


@given(st.lists(st.integers(0, NOW + 3), max_size=9), st.integers(1, 4))
def test_what_has_expired_is_cancelled_oldest_first(expiries, batch):
    orders = {name: resting(expiry) for name, expiry in enumerate(expiries, 1)}
    calls = Expire(BOOK, (), batch).decide(expire.Snapshot(NOW, orders))
    cancelled = [name for call in calls for name in call.arguments[0]]
    assert {name for name, e in enumerate(expiries, 1) if 0 < e < NOW} == set(cancelled)
    ends = [orders[name].expiry for name in cancelled]
    assert ends == sorted(ends)
    assert all(1 <= len(call.arguments[0]) <= batch for call in calls)


NAMES = {"account", "giver", "taker", "buyer", "seller", "provider", "reward"}
"""Arguments of events that are accounts."""

LATER = {
    "BadDebt",
    "BatchOpened",
    "Bound",
    "DeleverageApplied",
    "Deleveraged",
    "EpochPassed",
    "Flagged",
    "IdleUsed",
    "InterestSettled",
    "Lend",
    "NoticeGiven",
    "OperatorSet",
    "OrdersReleased",
    "Realise",
    "Repay",
    "SettingsSet",
    "SliceFill",
    "SliceOpened",
    "TakeoverOpened",
    "Unlend",
    "Withdraw",
}
"""Events of accounts that an earlier one has named, or that have nothing yet."""


def test_every_event_that_gives_an_account_something_names_it():
    named = {
        entry["name"]: tuple(i["name"] for i in entry["inputs"] if i["name"] in NAMES)
        for entry in abi_of("Clearinghouse")
        if entry["type"] == "event"
    }
    opening = {name: found for name, found in named.items() if found}
    assert {name: NAMING.get(name, ()) for name in opening} == {
        name: () if name in LATER else found for name, found in opening.items()
    }


def test_a_slice_without_a_reward_names_its_account_alone():
    told = {"account": 7 << 96, "reward": 0, "fee": 5}
    assert named_by_event(Event("SliceClosed", HOME.address, told)) == [7 << 96]
    rewarded = Event("SliceClosed", HOME.address, {**told, "reward": 9 << 96})
    assert named_by_event(rewarded) == [7 << 96, 9 << 96]


class Events:
    """A node with deposits in some blocks, and a limit on what it can be asked."""

    def __init__(self, blocks):
        self.blocks, self.asked = blocks, []

    def events(self, contract, first, last):
        self.asked.append((first, last))
        return [
            Event("Deposit", contract.address, {"account": name, "asset": 0})
            for block, name in self.blocks.items()
            if first <= block <= last
        ]


def test_accounts_are_found_page_by_page_and_each_block_once():
    node = Events({3: 7 << 96, 9: 5 << 96, 14: 6 << 96})
    found = FromEvents(node, HOME, next_block=2, page=4)
    assert found.known(None, Block(10, 0)) == [BACKSTOP_FUND, 5 << 96, 7 << 96]
    assert found.known(None, Block(14, 0))[1:] == [5 << 96, 6 << 96, 7 << 96]
    assert node.asked == [(2, 5), (6, 9), (10, 10), (11, 14)]
