"""
What became of whoever was liquidated, told by events: by stage, at which price, and who
paid.

    book       slices sold to, or bought from, whoever quotes
    backstop   taken over by providers
    adl        closed against the other side by an epoch

Notional is at the mark (or the slow price of a spot asset) when it happened. Slippage
is what the account lost against that, fees apart; as a fraction of notional it is
weighted by it. An account is in breach from the tick in which its equity is first seen
below its maintenance margin until it is seen at it again, or without any exposure; an
account that is in breach again later counts again. What is returned to it is the equity
that is left then, of the equity that it came with.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Final

from keeper.chain.interface import Receipt
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import margin
from specs.accounts import BACKSTOP_FUND, USDC, AccountId
from specs.distress import SLICE_LIFE
from specs.fixed_point import PPM, WAD, Seconds
from specs.instruments import SPOT, get_asset, is_spot
from specs.margin import Health
from specs.state import State

NEAR: Final = 4
"""
Times maintenance margin, below which an account is looked at in every tick. Others have
equity of 2.6 % of what they hold, and three quarters of it to lose.
"""

MOVED: Final = 5_000
"""By how much a price has moved when everybody is looked at anew, ppm,"""

OFTEN: Final = 120
"""and after how many seconds at the latest: margins have grown by a tenth at most."""

STAGES: Final = ("book", "backstop", "adl")


@dataclass(frozen=True)
class Closed:
    """A part of an account that was closed without its asking."""

    time: int
    account: AccountId
    stage: str
    instrument: int
    notional: int
    """WAD USDC at mark."""
    lost: int
    """Against mark, WAD USDC; negative if it was a gain."""


@dataclass(frozen=True)
class Victim:
    """What an epoch closed of a position on the other side."""

    time: int
    account: AccountId
    market: int
    lots: int
    price: int
    """WAD USDC."""
    haircut: int
    """What that cost against the mark at the epoch, WAD USDC."""


@dataclass(frozen=True)
class Episode:
    """A breach from its beginning to its end."""

    account: AccountId
    seconds: int
    equity_before: int
    """WAD USDC."""
    equity_after: int


@dataclass
class Stages:
    """Everything that was closed, and who was in breach for how long."""

    closed: list[Closed] = field(default_factory=list)
    victims: list[Victim] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    fund_in: int = 0
    """Shares of fees and discounts, WAD USDC."""
    fund_out: int = 0
    reserve_out: int = 0
    socialised: int = 0
    fund_before: int | None = None
    fund_after: int = 0
    peak: int = 0
    """Largest open interest of all markets together, WAD USDC at mark."""
    fees: int = 0
    """Of slices, the callers' share included, WAD USDC."""
    slices: int = 0
    unfilled: int = 0
    """Slices of which less than half was filled."""
    _breaches: dict[AccountId, tuple[int, int]] = field(default_factory=dict)
    """Since when, and with which equity."""
    _near: set[AccountId] = field(default_factory=set)
    """Who was not far from the margin when everybody was looked at last."""
    _looked_at: tuple[int, Mapping[int, int]] | None = None
    """When that was, and the slow prices of assets then."""
    _epochs: dict[tuple[int, int], tuple[int, bool]] = field(default_factory=dict)
    """Mark and reduced side of each epoch, by market and number."""

    # Events

    def add(self, receipt: Receipt, state: State) -> None:
        """Note what a transaction closed, at the prices of a state."""
        readers = {
            "Slice": self._add_slice,
            "SliceFill": self._add_fill,
            "SliceClosed": self._add_fee,
            "PositionTaken": self._add_position,
            "Deleveraged": self._add_epoch,
            "DeleverageApplied": self._add_victim,
            "BadDebt": self._add_deficit,
        }
        for event in receipt.events:
            if event.name in readers:
                readers[event.name](event.arguments, state, receipt.block.timestamp)
        self._add_debts(receipt, state)

    def _add_slice(self, told: Mapping[str, Any], _state: State, _time: int) -> None:
        self.slices += 1
        self.unfilled += 2 * told["filled"] < told["asked"]

    def _add_fill(self, told: Mapping[str, Any], state: State, time: int) -> None:
        instrument, size = told["instrument"], told["size"]
        unit = 1 if is_spot(instrument) else state.markets[instrument].lot
        mark = get_mark(state, instrument)
        notional = size * unit * mark // WAD
        sign = -1 if told["is_buy"] else 1
        lost = sign * size * unit * (mark - told["price"]) // WAD
        account = AccountId(told["account"])
        self.closed.append(Closed(time, account, "book", instrument, notional, lost))

    def _add_fee(self, told: Mapping[str, Any], _state: State, _time: int) -> None:
        self.fees += told["fee"]
        self.fund_in += told["fee"] - told["rewarded"]

    def _add_position(self, told: Mapping[str, Any], state: State, time: int) -> None:
        market, lots = told["market"], told["lots"]
        unit, mark = state.markets[market].lot, get_mark(state, market)
        notional = abs(lots) * unit * mark // WAD
        lost = lots * unit * (mark - told["account_price"]) // WAD
        self.fund_in += told["fund_paid"]
        account = AccountId(told["account"])
        closed = Closed(time, account, "backstop", market, notional, lost)
        self.closed.append(closed)

    def _add_debts(self, receipt: Receipt, state: State) -> None:
        """
        Note the debts that were taken over, and what the collateral for them was worth
        more. A debt that comes without any is the provider's loss, or the fund's.
        """
        debts, collaterals = Counter[AccountId](), Counter[AccountId]()
        assets: dict[AccountId, int] = {}
        for event in receipt.events:
            if event.name in ("DebtTaken", "CollateralTaken"):
                told = event.arguments
                account = AccountId(told["account"])
                sums = debts if event.name == "DebtTaken" else collaterals
                sums[account] += told["amount"] * get_worth(state, told["asset"]) // WAD
                assets.setdefault(account, told["asset"])
        for account, worth in debts.items():
            lost = max(0, collaterals[account] - worth)
            place = SPOT + assets[account]
            time = receipt.block.timestamp
            closed = Closed(time, account, "backstop", place, worth, lost)
            self.closed.append(closed)

    def _add_epoch(self, told: Mapping[str, Any], state: State, time: int) -> None:
        market, mark = told["market"], get_mark(state, told["market"])
        self._epochs[market, told["epoch"]] = mark, told["is_long"]
        unit = state.markets[market].lot
        notional = told["lots"] * unit * mark // WAD
        # The account is on the other side of those who are reduced.
        sign = -1 if told["is_long"] else 1
        lost = sign * told["lots"] * unit * (mark - told["price"]) // WAD
        account = AccountId(told["account"])
        self.closed.append(Closed(time, account, "adl", market, notional, lost))

    def _add_victim(self, told: Mapping[str, Any], state: State, time: int) -> None:
        market = told["market"]
        if told["closed"] == 0:
            return
        mark, is_long = self._epochs[market, told["epoch"]]
        sign = 1 if is_long else -1
        unit = state.markets[market].lot
        haircut = sign * told["closed"] * unit * (mark - told["price"]) // WAD
        account = AccountId(told["account"])
        lots, price = told["closed"], told["price"]
        self.victims.append(Victim(time, account, market, lots, price, haircut))

    def _add_deficit(self, told: Mapping[str, Any], state: State, time: int) -> None:
        self.fund_out += told["fund_paid"]
        self.reserve_out += told["reserve_paid"]
        self.socialised += told["socialised"]

    # States

    def look(self, state: State, now: int) -> None:
        """Note who is in breach, and the size of the markets."""
        self.fund_after = ch.get_held(state, BACKSTOP_FUND, USDC)
        if self.fund_before is None:
            self.fund_before = self.fund_after
        sizes = (
            listed.open_interest * listed.lot * listed.quote.slow // WAD
            for listed in state.markets.values()
        )
        self.peak = max(self.peak, sum(sizes))
        if self._has_moved(state, now):
            self._near = {name for name in state.accounts if acc.get_owner(name) != 0}
        found = {name: assess_alone(state, name, now) for name in self._near}
        for name, health in found.items():
            self._note(name, health, now)
        self._near = {
            name
            for name, health in found.items()
            if health.equity < NEAR * health.maintenance_margin
        }

    def get_due(self, state: State, now: int) -> frozenset[AccountId]:
        """
        Return who is in breach, or was liquidated lately and has yet to come back to
        its initial margin: that may go on.
        """
        due, lately = set(self._breaches), set[AccountId]()
        for each in reversed(self.closed):
            if each.time + SLICE_LIFE < now:
                break
            lately.add(each.account)
        for name in lately - due:
            health = assess_alone(state, name, now)
            if health.equity < health.initial_margin:
                due.add(name)
        return frozenset(due)

    def _has_moved(self, state: State, now: int) -> bool:
        """Return whether those who were far from their margins may not be any more."""
        marks = {n: listed.quote.slow for n, listed in state.assets.items()}
        old = self._looked_at
        if old is not None and now < old[0] + OFTEN:
            shares = (
                abs(mark - old[1][n]) * PPM // old[1][n]
                for n, mark in marks.items()
                if n in old[1] and old[1][n]
            )
            if max(shares, default=0) < MOVED:
                return False
        self._looked_at = now, marks
        return True

    def look_again(self, state: State, now: int) -> None:
        """Note who is well again."""
        for name in list(self._breaches):
            self._note(name, assess_alone(state, name, now), now)

    def _note(self, name: AccountId, health: Health, now: int) -> None:
        if margin.is_liquidatable(health):
            self._breaches.setdefault(name, (now, health.equity))
        elif name in self._breaches:
            self._end(name, now, health.equity)

    def close(self, state: State, now: int) -> None:
        """End the breaches that are left, when nothing more will happen."""
        for name in list(self._breaches):
            self._end(name, now, assess_alone(state, name, now).equity)

    def _end(self, name: AccountId, now: int, equity: int) -> None:
        since, before = self._breaches.pop(name)
        self.episodes.append(Episode(name, now - since, before, equity))

    # Sums

    def get_notional(self, stage: str) -> int:
        """Return what a stage closed, WAD USDC."""
        return sum(each.notional for each in self.closed if each.stage == stage)

    @property
    def notional(self) -> int:
        """Return what all stages closed, WAD USDC."""
        return sum(each.notional for each in self.closed)

    @property
    def perpetual_notional(self) -> int:
        """Return what of it was of perpetuals."""
        return sum(e.notional for e in self.closed if not is_spot(e.instrument))

    def get_share(self, stage: str) -> float:
        """Return the share of a stage in what was closed, from 0 to 1."""
        return self.get_notional(stage) / self.notional if self.notional else 0.0

    def get_slippage(self, stage: str) -> tuple[float, float]:
        """Return what a stage cost against mark: in the mean, and at worst."""
        parts = [e for e in self.closed if e.stage == stage]
        notional = sum(each.notional for each in parts)
        if notional == 0:
            return 0.0, 0.0
        worst = max((e.lost / e.notional for e in parts if e.notional), default=0.0)
        return sum(each.lost for each in parts) / notional, worst

    def get_liquidated(self) -> frozenset[AccountId]:
        """Return whose parts were closed."""
        return frozenset(each.account for each in self.closed)

    def get_seconds(self) -> tuple[float, int, int]:
        """Return how long breaches took: the median, the 95th percentile, the most."""
        found = sorted(each.seconds for each in self.episodes)
        if not found:
            return 0.0, 0, 0
        return median(found), found[-(-95 * len(found) // 100) - 1], found[-1]

    def get_equities(self) -> tuple[int, int]:
        """Return with what the liquidated came, and what was returned to them."""
        mine = self.get_liquidated()
        ended = [each for each in self.episodes if each.account in mine]
        return (
            sum(max(0, each.equity_before) for each in ended),
            sum(max(0, each.equity_after) for each in ended),
        )


def assess_alone(state: State, name: AccountId, now: int) -> Health:
    """
    Return an account's health but for what credit for gains depends on others: neither
    equity nor maintenance margin does, and to sum up everybody's gains takes long.
    """
    alone = {name: ch.get_account(state, name)}
    return ch.assess(replace(state, accounts=alone), name, Seconds(now))


def get_mark(state: State, instrument: int) -> int:
    """Return the price that slippage is measured from, WAD USDC."""
    if is_spot(instrument):
        return get_worth(state, get_asset(instrument))
    return state.markets[instrument].quote.slow


def get_worth(state: State, asset: int) -> int:
    """Return the slow price of an asset; USDC's is 1."""
    return WAD if asset == USDC else state.assets[asset].quote.slow


def by_tick(
    closed: Sequence[Closed], times: Sequence[int]
) -> Mapping[str, Sequence[float]]:
    """Return what each stage has closed until each of some times, million USDC."""
    found: dict[str, list[float]] = {stage: [] for stage in STAGES}
    order = sorted(closed, key=lambda each: each.time)
    sums, place = Counter[str](), 0
    for time in times:
        while place < len(order) and order[place].time <= time + 1:
            sums[order[place].stage] += order[place].notional
            place += 1
        for stage in STAGES:
            found[stage].append(sums[stage] / WAD / 10**6)
    return found
