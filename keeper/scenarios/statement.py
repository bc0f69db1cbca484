"""
The statement of an account: what it is worth now and where that came from.

Every transaction is taken apart as the specification does it: interest first, at the
old prices; then prices and funding, at the old sizes; then what came in, went out and
was paid in fees. Each part is computed by itself, and what they leave unexplained of
the change of worth is kept as `rest`: rounding, a few wei for each transaction.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Event, Receipt
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import money_market, perpetual
from specs.accounts import RESERVE, USDC, AccountId
from specs.fixed_point import RAY, WAD, Seconds, mul_div_down, mul_div_up
from specs.state import State
from specs.weights import WEIGHT_ONE

LENDING: Final = "interest on lends"
BORROWING: Final = "interest on borrows"
GAINS: Final = "interest on unrealised gains"
LOSSES: Final = "interest on unrealised losses"
FUNDING: Final = "funding"
PRICES: Final = "prices"
FEES: Final = "fees"
FLOWS: Final = "brought in"

INTEREST: Final = (LENDING, BORROWING, GAINS, LOSSES)
PARTS: Final = (*INTEREST, FUNDING, PRICES, FEES, FLOWS)
"""What a statement is made of, WAD USDC each."""

_SIGNS: Final = {"Deposit": 1, "Repay": 1, "Withdraw": -1, "Borrow": -1}


@dataclass
class Statement:
    """An account's income, part by part, WAD USDC."""

    account: AccountId
    parts: Counter[str] = field(default_factory=Counter)
    rest: int = 0
    """What no part explains."""
    steps: int = 0
    """Transactions that changed the account's worth."""

    @property
    def income(self) -> int:
        """Return what was earned: all parts but what was brought in."""
        return sum(self.parts[part] for part in PARTS if part != FLOWS)

    @property
    def interest(self) -> int:
        """Return interest of every kind, paid interest being negative."""
        return sum(self.parts[part] for part in INTEREST)

    def add(self, before: State, after: State, receipt: Receipt, now: Seconds) -> None:
        """Take a transaction at ``now`` apart."""
        found = Counter(self._interest(before, after, now))
        found[PRICES] += price_change(before, after, self.account)
        found[FUNDING] += funding_change(before, after, self.account)
        for event in receipt.events:
            found.update(self._event(event, after))
        change = worth(after, self.account) - worth(before, self.account)
        self.parts.update(found)
        self.rest += change - sum(found.values())
        self.steps += change != 0 or any(found.values())

    def _interest(self, before: State, after: State, now: Seconds) -> dict[str, int]:
        accrued = before
        for asset, listed in after.assets.items():
            if asset not in before.assets:
                return {}
            if listed.pool.accrued_at != before.assets[asset].pool.accrued_at:
                accrued = ch.accrue(accrued, asset, now)
        if accrued is before:
            return {}
        kinds: dict[str, Callable[[State, AccountId], int]] = {
            LENDING: lent,
            BORROWING: owed,
            GAINS: earned,
            LOSSES: lost,
        }
        return {
            kind: value(accrued, self.account) - value(before, self.account)
            for kind, value in kinds.items()
        }

    def _event(self, event: Event, state: State) -> dict[str, int]:
        """Return what an event says of the account's flows and fees."""
        said = event.arguments
        if event.name in _SIGNS and said["account"] == self.account:
            value = said["amount"] * price_of(state, said["asset"]) // WAD
            return {FLOWS: _SIGNS[event.name] * value}
        if event.name not in ("PerpFill", "SpotFill"):
            return {}
        if self.account == RESERVE:
            return {FEES: said["buyer_fee"] + said["seller_fee"]}
        sides = {said["buyer"]: (1, "buyer_fee"), said["seller"]: (-1, "seller_fee")}
        if self.account not in sides:
            return {}
        sign, fee = sides[self.account]
        if event.name == "PerpFill":
            listed = state.markets[said["market"]]
            size, price = said["lots"] * listed.lot, int(listed.quote.slow)
        else:
            size, price = said["amount"], price_of(state, said["asset"])
        distance = sign * size * (price - said["price"]) // WAD
        return {PRICES: distance, FEES: -said[fee]}


def price_of(state: State, asset: int) -> int:
    """Return the slow price of an asset; USDC's is 1."""
    return WAD if asset == USDC else state.assets[asset].quote.slow


def worth(state: State, account: AccountId) -> int:
    """
    Return what an account would be left with if all were closed at slow prices and
    marks, WAD USDC, interest as last booked.
    """
    parts = (lent, owed, earned, lost, unrealised)
    return sum(part(state, account) for part in parts)


def lent(state: State, account: AccountId) -> int:
    """Return what an account holds of every asset, lent and idle, rounded down."""
    if account == RESERVE:
        return sum(
            mul_div_down(
                mul_div_down(listed.pool.reserve, listed.pool.lend_index, RAY),
                price_of(state, asset),
                WAD,
            )
            for asset, listed in state.assets.items()
        )
    return sum(
        mul_div_down(ch.get_held(state, account, asset), price_of(state, asset), WAD)
        for asset in ch.get_account(state, account).balances
    )


def owed(state: State, account: AccountId) -> int:
    """Return minus what an account owes of every asset, rounded up."""
    return -sum(
        mul_div_up(
            money_market.compute_debt(balance, state.assets[asset].pool.borrow_index),
            price_of(state, asset),
            WAD,
        )
        for asset, balance in ch.get_account(state, account).balances.items()
    )


def earned(state: State, account: AccountId) -> int:
    """Return what unrealised gains have earned, not settled yet, rounded down."""
    index = state.assets[USDC].pool.lend_index
    return sum(
        position.pending_lend * index // (RAY * WEIGHT_ONE)
        for position in ch.get_account(state, account).positions.values()
    )


def lost(state: State, account: AccountId) -> int:
    """Return minus what unrealised losses have cost, not settled yet, rounded up."""
    index = state.assets[USDC].pool.borrow_index
    return sum(
        -position.pending_borrow * index // (RAY * WEIGHT_ONE)
        for position in ch.get_account(state, account).positions.values()
    )


def unrealised(state: State, account: AccountId) -> int:
    """Return what positions have gained, unsettled funding included, rounded down."""
    return sum(
        value_at(state, state, account, market)
        for market in ch.get_account(state, account).positions
    )


def value_at(
    sizes: State, prices: State, account: AccountId, market: int, funding: int = 0
) -> int:
    """Return a position of one state at the mark of another; funding moved on."""
    position = acc.get_position(ch.get_account(sizes, account), market)
    listed = prices.markets[market]
    index = sizes.markets[market].funding.index + funding
    return perpetual.compute_value(position, listed.lot, listed.quote.slow, index)


def price_change(before: State, after: State, account: AccountId) -> int:
    """Return what new prices made of an account that has not traded."""
    held = ch.get_account(before, account)
    change = 0
    for asset in held.balances:
        old, new = price_of(before, asset), price_of(after, asset)
        amount = ch.get_held(before, account, asset) - money_market.compute_debt(
            held.balances[asset], before.assets[asset].pool.borrow_index
        )
        change += amount * (new - old) // WAD
    for market in held.positions:
        change += value_at(before, after, account, market)
        change -= value_at(before, before, account, market)
    if account == RESERVE:
        return sum(
            mul_div_down(listed.pool.reserve, listed.pool.lend_index, RAY)
            * (price_of(after, asset) - price_of(before, asset))
            // WAD
            for asset, listed in before.assets.items()
        )
    return change


def funding_change(before: State, after: State, account: AccountId) -> int:
    """Return the funding that an account was paid, at the marks that there are."""
    change = 0
    for market in ch.get_account(before, account).positions:
        old, new = before.markets[market], after.markets[market]
        moved = new.funding.index - old.funding.index
        change += value_at(before, after, account, market, moved)
        change -= value_at(before, after, account, market)
    return change
