"""
What a replay remembers of what it saw: sums for the report, samples for the plots.

Amounts are WAD USDC, valued at the slow price that held when they accrued. They are
computed with the specification from the states before and after each block, in which
a pool accrues at most once and funding moves before anybody trades.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from keeper.chain.interface import Receipt
from keeper.replay.interest import Interest
from keeper.replay.stages import Stages
from specs import clearinghouse as ch
from specs import interest_rate, money_market, perpetual
from specs.accounts import USDC, AccountId
from specs.clearinghouse import State
from specs.fixed_point import RAY, WAD, Seconds
from specs.instruments import SPOT, is_spot
from specs.state import is_at_mark

FLOWS: Final = {"Deposit": 1, "Repay": 1, "Withdraw": -1, "Borrow": -1}
"""The events with which tokens come in or leave."""


@dataclass
class Gas:
    """What the transactions of one kind cost."""

    count: int = 0
    total: int = 0
    most: int = 0

    def add(self, used: int) -> None:
        """Count one transaction."""
        self.count += 1
        self.total += used
        self.most = max(self.most, used)


@dataclass(frozen=True)
class Sample:
    """What the plots show of one tick."""

    time: int
    slow: Mapping[int, int]
    """Slow price of each asset but USDC."""
    marks: Mapping[int, int]
    utilisations: Mapping[int, int]
    """Of each pool, WAD."""
    rates: Mapping[int, int]
    """What each pool's borrowers pay, RAY per second."""
    equities: Mapping[AccountId, int]
    """What every account is worth, WAD USDC."""
    brought: Mapping[AccountId, int]
    """What was brought in less what was taken out, valued when it was."""
    interest: Interest
    """Booked until then."""


@dataclass(frozen=True)
class Liquidation:
    """A takeover that went through."""

    time: int
    account: AccountId
    notional: int
    deficit: int
    """The debt that was left, whoever paid for it."""


@dataclass
class Recorder:
    """Sums and samples of one replay."""

    ticks: int = 0
    transactions: int = 0
    interest: Interest = field(default_factory=Interest)
    crossings: int = 0
    """Entry ticks that cursors came across."""
    lags: int = 0
    """How often a market's cursor was not at its mark at the end of a tick."""
    touches: int = 0
    """How often interest on unrealised profit and loss was settled."""
    funding_paid: int = 0
    funding_received: int = 0
    bad_debt: int = 0
    peaks: dict[int, int] = field(default_factory=dict)
    """Largest open interest of each market, WAD base units."""
    slack: dict[int, int] = field(default_factory=dict)
    """Smallest slack of each pool, WAD of the asset."""
    gas: dict[str, Gas] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    brought: Counter[AccountId] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    liquidations: list[Liquidation] = field(default_factory=list)
    stages: Stages = field(default_factory=Stages)
    """What was closed of whom without their asking."""
    traded: Counter[str] = field(default_factory=Counter)
    """The notional of fills on the book and by quotes, WAD USDC."""

    def add_receipt(self, operation: str, receipt: Receipt) -> None:
        """Count a transaction that went through."""
        self.transactions += 1
        if receipt.gas_used is not None:
            self.gas.setdefault(operation, Gas()).add(receipt.gas_used)

    def add_flows(self, receipt: Receipt, state: State) -> None:
        """Note what a transaction brought in or took out, at the prices of a state."""
        for event in receipt.events:
            sign = FLOWS.get(event.name, 0)
            if sign:
                asset, amount = event.arguments["asset"], event.arguments["amount"]
                value = sign * amount * get_price(state, asset) // WAD
                self.brought[AccountId(event.arguments["account"])] += value

    def add_trades(self, receipt: Receipt, state: State) -> None:
        """Count what was filled on the book, as makers' sides say, and by quotes."""
        for event in receipt.events:
            told = event.arguments
            if event.name == "OrderFill" and told["is_maker"]:
                instrument, size, place = told["instrument"], told["size"], "book"
            elif event.name == "PerpFill":
                instrument, size, place = told["market"], told["lots"], "quotes"
            elif event.name == "SpotFill":
                instrument, size, place = SPOT + told["asset"], told["amount"], "quotes"
            else:
                continue
            unit = 1 if is_spot(instrument) else state.markets[instrument].lot
            self.traded[place] += size * unit * told["price"] // WAD

    def add_touches(self, receipt: Receipt) -> None:
        """Count what a transaction did to interest on unrealised profit and loss."""
        for event in receipt.events:
            if event.name == "CursorMoved":
                self.crossings += event.arguments["crossed"]
            self.touches += event.name == "InterestSettled"

    def add_block(self, before: State, after: State) -> None:
        """Account for what happened between two states, one block apart."""
        for asset in before.assets:
            self.interest.add(before, after, asset)
        for market in before.markets:
            self._add_funding(before, after, market)
        self.add_state(after)

    def add_state(self, state: State) -> None:
        """Note the extremes of a state."""
        for number, market in state.markets.items():
            size = market.open_interest * market.lot
            self.peaks[number] = max(self.peaks.get(number, 0), size)
        for asset in state.assets:
            slack = compute_slack(state, asset)
            self.slack[asset] = min(self.slack.get(asset, slack), slack)

    def add_tick(self, state: State, now: int) -> None:
        """Count a tick and sample what it ended with."""
        self.ticks += 1
        self.lags += sum(not is_at_mark(market) for market in state.markets.values())
        booked = replace(self.interest)
        self.samples.append(sample(state, now, dict(self.brought), booked))

    def _add_funding(self, before: State, after: State, market: int) -> None:
        old, new = before.markets[market], after.markets[market]
        moved = new.funding.index - old.funding.index
        if moved == 0:
            return
        flows = [
            account.positions[market].lots * old.lot * moved
            for account in before.accounts.values()
            if market in account.positions
        ]
        self.funding_paid += sum(flow for flow in flows if flow > 0) // WAD
        self.funding_received += sum(-flow for flow in flows if flow < 0) // WAD


def compute_slack(state: State, asset: int) -> int:
    """
    Return what a pool has beyond what it owes, in WAD of the asset, rounded down.

    Cash and all that is owed, less all that is lent, interest on unrealised profit and
    loss included, and, for USDC, what the liquidity funds hold.
    """
    pool = state.assets[asset].pool
    owed = pool.borrows * pool.borrow_index - pool.lends * pool.lend_index
    return pool.cash - get_funds(state, asset) + owed // RAY


def get_price(state: State, asset: int) -> int:
    """Return the slow price of an asset; USDC's is 1."""
    return WAD if asset == USDC else state.assets[asset].quote.slow


def get_funds(state: State, asset: int) -> int:
    """Return the sum of all liquidity funds; only USDC has any."""
    if asset != USDC:
        return 0
    return sum(market.fund.balance for market in state.markets.values())


def compute_residue(state: State, market: int) -> int:
    """Return what a fund holds beyond the worth of all positions, in wei."""
    listed = state.markets[market]
    values = (
        perpetual.compute_value(
            account.positions[market],
            listed.lot,
            listed.quote.slow,
            listed.funding.index,
        )
        for account in state.accounts.values()
        if market in account.positions
    )
    return listed.fund.balance - sum(values)


def sample(
    state: State, now: int, brought: Mapping[AccountId, int], interest: Interest
) -> Sample:
    """Return what the plots need of ``state``."""
    utilisations, rates = {}, {}
    for number, asset in state.assets.items():
        surplus = ch.get_surplus(state, number)
        used = money_market.get_utilisation(asset.pool, surplus)
        utilisations[number] = used
        rates[number] = interest_rate.compute_rate(asset.pool.curve, used)
    return Sample(
        time=now,
        slow={n: asset.quote.slow for n, asset in state.assets.items() if n != USDC},
        marks={n: market.quote.slow for n, market in state.markets.items()},
        utilisations=utilisations,
        rates=rates,
        equities={
            account: ch.assess(state, account, Seconds(now)).value
            for account in state.accounts
            if account >> 96
        },
        brought=brought,
        interest=interest,
    )
