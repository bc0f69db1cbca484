"""
What a replay remembers of what it saw: sums for the report, samples for the plots.

Amounts are WAD USDC, valued at the slow price that held when they accrued. They are
computed with the specification from the states before and after each block, in which
a pool accrues at most once and funding moves before anybody trades.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Receipt
from specs import clearinghouse as ch
from specs import interest_rate, money_market, perpetual
from specs.accounts import USDC, AccountId
from specs.clearinghouse import State
from specs.fixed_point import RAY, WAD, Seconds, Wad, mul_div_down

FLOWS: Final = {"Deposit": 1, "Repay": 1, "Withdraw": -1, "Borrow": -1}
"""The events with which tokens come in or leave."""


@dataclass
class Interest:
    """Interest of all pools, in WAD USDC."""

    lenders: int = 0
    borrowers: int = 0
    reserve: int = 0


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

    def add_block(self, before: State, after: State) -> None:
        """Account for what happened between two states, one block apart."""
        for asset in before.assets:
            self._add_interest(before, after, asset)
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
        self.samples.append(sample(state, now, dict(self.brought)))

    @property
    def liquidated_notional(self) -> int:
        """Return the notional of all takeovers, WAD USDC at mark."""
        return sum(entry.notional for entry in self.liquidations)

    def _add_interest(self, before: State, after: State, asset: int) -> None:
        if asset not in after.assets:
            return
        old, new = before.assets[asset].pool, after.assets[asset].pool
        accrued = money_market.accrue(
            old,
            ch.get_surplus(before, asset),
            ch.get_virtual_lend(before, asset),
            new.accrued_at,
        )
        growth = accrued.lend_index - old.lend_index
        reserve_before = mul_div_down(old.reserve, old.lend_index, RAY)
        reserve_after = mul_div_down(accrued.reserve, accrued.lend_index, RAY)
        paid = mul_div_down(old.borrows, accrued.borrow_index - old.borrow_index, RAY)
        earned = mul_div_down(old.lends - old.reserve, growth, RAY)
        price = get_price(before, asset)
        self.interest.borrowers += mul_div_down(paid, price, WAD)
        self.interest.lenders += mul_div_down(earned, price, WAD)
        self.interest.reserve += mul_div_down(
            reserve_after - reserve_before, price, WAD
        )

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
    Return what a pool has beyond what it owes, in WAD of the asset, to the wei.

    Cash and debts, less the lends of all accounts and of the reserve and, for USDC,
    what the liquidity funds hold.
    """
    pool = state.assets[asset].pool
    balances = [
        account.balances[asset]
        for account in state.accounts.values()
        if asset in account.balances
    ]
    debts = sum(money_market.compute_debt(b, pool.borrow_index) for b in balances)
    lends = sum(int(money_market.compute_lent(b, pool.lend_index)) for b in balances)
    lends += mul_div_down(pool.reserve, pool.lend_index, RAY)
    return pool.cash + debts - lends - get_funds(state, asset)


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


def sample(state: State, now: int, brought: Mapping[AccountId, int]) -> Sample:
    """Return what the plots need of ``state``."""
    utilisations, rates = {}, {}
    for number, asset in state.assets.items():
        surplus = ch.get_surplus(state, number)
        lent = mul_div_down(asset.pool.lends, asset.pool.lend_index, RAY)
        used = interest_rate.compute_utilisation(asset.pool.cash, Wad(lent + surplus))
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
    )
