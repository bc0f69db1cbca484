"""
What publishers, books and the governor may do, in any order.

Subclasses say against what they do it: they override `begin`, `step` and `advance`.
"""

from fractions import Fraction

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from specs import book_basis, outage, price_oracle, slow_price
from specs.errors import Revert
from specs.fixed_point import PPM, WAD
from specs.price_index import MAX_PRICE, UNIT
from specs.reports import Report
from specs.signatures import NOBODY
from specs.volatility import MAX_VARIANCE, compute_return_up
from tests.helpers.reports import (
    ADDRESSES,
    BOOK,
    GOVERNOR,
    OTHER_BOOK,
    PUBLISHERS,
    STRANGER,
)

BASES = {1: 60_000 * WAD, 2: 3_000 * WAD, 3: WAD // 7, 4: 400 * UNIT}
"""What the assets are worth, as a point to start from; 4 is not listed at first."""

GENESIS = 1_700_000_000

assets = st.sampled_from([1, 2, 3, 3, 4, 9])
markets = st.sampled_from([0, 1, 2, 3, 9])
callers = st.sampled_from([GOVERNOR] * 6 + [STRANGER, BOOK])
books = st.sampled_from([BOOK] * 5 + [OTHER_BOOK, STRANGER, NOBODY])
members = st.sampled_from([*ADDRESSES, *PUBLISHERS, NOBODY])

# Prices, as parts per million of the base: near it, far from it, and impossible.
near = st.integers(-3_000, 3_000)
moved = st.one_of(near, near, st.integers(-300_000, 300_000))
odd = st.sampled_from([0, 1, UNIT - 1, UNIT, MAX_PRICE, MAX_PRICE + UNIT, 2**255])
mids = st.one_of(st.just(0), near, near, st.integers(-900_000, 9_000_000))
durations = st.one_of(
    st.integers(1, 12),
    st.integers(1, 60),
    st.sampled_from([29, 30, 31, 59, 60, 61]),
    st.integers(1, 900),
    st.just(20_000),
)
holds = st.one_of(
    st.integers(0, 12),
    st.integers(0, 310),
    st.sampled_from([-1, 299, 300, 301, 2**255]),
)
limits = st.sampled_from([(1, 1), (10_000, 200_000), (10_001, 1), (1, 200_001), (0, 1)])
spells = st.lists(st.tuples(books, mids, holds, st.integers(0, 8)), max_size=4)


def is_rare(chances=12):
    """Return a strategy that is true once in so many times."""
    return st.integers(1, chances).map(lambda drawn: drawn == chances)


@st.composite
def rounds(draw):
    """What the publishers say: signer, age, and a price in ppm for each asset."""
    common = draw(st.sets(st.sampled_from([1, 2, 3]), min_size=1))
    drift = draw(moved)
    signers = draw(st.lists(st.sampled_from(PUBLISHERS), min_size=2, unique=True))
    if draw(is_rare(4)):
        signers = draw(st.lists(members, max_size=6))
    said = []
    for signer in signers:
        named = common if not draw(is_rare()) else draw(st.lists(assets, max_size=4))
        age = draw(st.integers(0, 1)) if not draw(is_rare()) else draw(ages)
        noise = draw(near if not draw(is_rare()) else moved)
        said.append((signer, age, [(asset, drift + noise) for asset in named]))
    return said


ages = st.sampled_from([-1, 1, 2, 2, 3, 4, 5, 6, 40])


class OracleMachine(RuleBasedStateMachine):
    """
    An oracle of six possible publishers, four assets and four markets.

    A rule is one line: it names a transition. `drift` is what the world thinks of the
    prices, so that they wander instead of jumping around one value.
    """

    @initialize(threshold=st.integers(2, 3))
    def open(self, threshold):
        self.begin(threshold, PUBLISHERS)
        for asset, step in ((1, 2_500), (2, 2_500), (3, 5_000)):
            self.step("list_asset", GOVERNOR, asset, step, 20_000)
        for market, asset, period, bound in MARKETS:
            self.step(
                "list_market", GOVERNOR, market, asset, period, bound, 9_999, BOOK
            )

    @rule(said=rounds())
    def publish(self, said):
        self.relay(said)

    @rule(said=rounds(), seconds=durations, spells=spells, market=markets)
    def trade_and_publish(self, said, seconds, spells, market):
        for book, mid, hold, held in spells:
            self.look(book, market, self.mid_of(market, mid), hold)
            self.advance(held)
        self.advance(seconds)
        self.relay(said)

    @rule(said=rounds(), pauses=st.lists(durations, min_size=1, max_size=4))
    def publish_for_a_while(self, said, pauses):
        for seconds in pauses:
            self.relay(said)
            self.advance(seconds)
        self.relay(said)

    @rule(said=rounds(), price=odd, place=st.integers(0, 3))
    def publish_oddly(self, said, price, place):
        self.relay(said, place, price)

    @rule(said=rounds(), change=st.sampled_from([-1, 1]))
    def publish_unevenly(self, said, change):
        self.relay(said, change=change)

    @rule(book=books, market=markets, mid=mids, hold=holds)
    def observe(self, book, market, mid, hold):
        self.look(book, market, self.mid_of(market, mid), hold)

    @rule(
        market=markets,
        mid=st.sampled_from([1, UNIT - 1, UNIT, 2**80 * UNIT]),
        hold=holds,
    )
    def observe_oddly(self, market, mid, hold):
        self.look(BOOK, market, mid, hold)

    @rule(caller=callers, market=markets, book=books)
    def set_book(self, caller, market, book):
        self.step("set_book", caller, market, book)

    @rule(
        caller=callers,
        member=members,
        weight=st.sampled_from([0, 1, 77, 9_999, 10_001]),
    )
    def set_publisher(self, caller, member, weight):
        self.step("set_publisher", caller, member, weight)

    @rule(caller=callers, threshold=st.integers(0, 5))
    def set_threshold(self, caller, threshold):
        self.step("set_threshold", caller, threshold)

    @rule(caller=callers, asset=st.sampled_from([0, 1, 4, 4, 32]), limits=limits)
    def list_asset(self, caller, asset, limits):
        self.step("list_asset", caller, asset, *limits)

    @rule(caller=callers, market=st.integers(0, 33), asset=assets)
    def list_market(self, caller, market, asset):
        self.step("list_market", caller, market, asset, 61, 50_000, 100_000, BOOK)

    @rule(seconds=durations)
    def wait(self, seconds):
        self.advance(seconds)

    @invariant()
    def the_mark_is_bounded(self):
        for market in self.state.markets.values():
            slow = self.state.assets[market.asset].slow
            if market.time:
                assert abs(market.mark - slow) * PPM <= market.bound * slow

    @invariant()
    def prices_are_positive_and_stored_exactly(self):
        for asset in self.state.assets.values():
            for price in (asset.slow, asset.fast):
                assert (price > 0) == (asset.time > 0)
                assert price % UNIT == 0
                assert price <= MAX_PRICE

    @invariant()
    def prices_wait_after_an_outage(self):
        for number, asset in self.state.assets.items():
            assert asset.time == get_reported(self.updates.get(number, []))

    @invariant()
    def variances_are_bounded_and_of_assets_with_prices(self):
        for number, variance in self.state.variances.items():
            assert self.state.assets[number].time
            assert 0 <= variance <= MAX_VARIANCE

    def begin(self, threshold, publishers):
        """Open an oracle."""
        self.now = GENESIS
        self.updates = {}
        self.state = price_oracle.open_oracle(GOVERNOR, threshold, publishers)

    def step(self, name, caller, *arguments):
        """Take a transition, unless the protocol refuses it."""
        before = self.state
        transition = getattr(price_oracle, name)
        try:
            self.state, result = transition(before, self.now, caller, *arguments)
        except Revert as revert:
            event(f"{name}: {revert.reason}")
            raise
        event(f"{name}: taken")
        self.check_transition(before, self.state)
        return result

    def advance(self, seconds):
        """Let time pass."""
        self.now += seconds

    def look(self, book, market, mid, hold):
        """Have a book report a mid and for how many seconds it can."""
        self.step("observe", book, market, mid, self.now + hold)

    def relay(self, said, place=None, price=None, change=0):
        """Publish what was said, with one price or list spoilt on request."""
        reports = []
        for _, age, quotes in said:
            prices = [
                BASES.get(asset, WAD) * (PPM + ppm) // PPM for asset, ppm in quotes
            ]
            if place is not None and place < len(prices):
                prices[place] = price
            if change < 0:
                prices = prices[1:]
            named = tuple(asset for asset, _ in quotes)
            reports.append(Report(self.now - age, named, tuple(prices)))
        signers = [signer for signer, _, _ in said]
        if change > 0:
            signers.append(STRANGER)
        self.step("publish", STRANGER, tuple(reports), signers)

    def mid_of(self, market, ppm):
        """Return a mid that far from the index of a market, 0 for 0."""
        found = self.state.markets.get(market)
        slow = self.state.assets[found.asset].slow if found else WAD
        return (slow or WAD) * (PPM + ppm) // PPM if ppm else 0

    def check_transition(self, before, after):
        """What no transition may do: go back in time, or move slow or mark far."""
        assert after.quorum.reported_at >= before.quorum.reported_at
        assert after.quorum.version - before.quorum.version in (0, 1)
        for number, asset in before.assets.items():
            if slow_price.get_updates(asset) != slow_price.get_updates(
                after.assets[number]
            ):
                self.updates.setdefault(number, []).append(self.now)
            check_step(asset, after.assets[number], self.updates.get(number, []))
            check_variance(
                *(asset, after.assets[number]),
                *(oracle.variances.get(number, 0) for oracle in (before, after)),
            )
        for number, market in before.markets.items():
            check_mean(market, after.markets[number], before)


MARKETS = ((0, 1, 300, 3_335), (1, 2, 300, 50_000), (2, 2, 60, 4_000), (3, 3, 60, 1))


def get_reported(updates):
    """Return the latest update but for those that come too soon after an outage."""
    reported, resumed_at = 0, 0
    for place, time in enumerate(updates):
        if place and time - updates[place - 1] > outage.MAX_GAP:
            resumed_at = time
        if not resumed_at or time - resumed_at >= outage.GRACE:
            reported = time
    return reported


def check_step(before, after, updates):
    """
    The slow price moves by its step a second since the last update, at most a minute's,
    towards the fast one.
    """
    if before.time:
        elapsed = updates[-1] - updates[-2] if after.time != before.time else 0
        assert elapsed <= outage.MAX_GAP
        step = before.slow * before.max_step * elapsed
        assert abs(after.slow - before.slow) * PPM <= step
        low, high = sorted((before.slow, after.fast))
        assert low <= after.slow <= high
    if after.time == before.time:
        assert (after.slow, after.fast) == (before.slow, before.fast)


def check_variance(before, after, old, new):
    """The variance moves with a later price alone, between what it was and a sample."""
    if not before.time or after.time == before.time:
        assert new == old
        return
    elapsed = after.time - before.time
    moved = Fraction(compute_return_up(before.fast, after.fast) ** 2, WAD * elapsed)
    assert min(old, moved) <= new < max(old, moved) + 1


def check_mean(before, after, state):
    """The mean mark stays between what it was and the mark."""
    if before.time and after.time != before.time:
        low, high = sorted((before.mean_mark, after.mark))
        assert low <= after.mean_mark <= high
        assert len(after.holds) == 1
    slow = state.assets[before.asset].slow
    held = max(0, min(after.holds[-1].since - before.time, outage.MAX_GAP))
    limit = slow * before.bound * held
    integral = book_basis.compute_stored_integral(
        before.holds, slow, before.bound, before.time
    )
    assert abs(integral) * PPM <= limit or not before.time
