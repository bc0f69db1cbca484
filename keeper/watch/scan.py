"""
Who is below maintenance margin, and who is nearest to it.

The estimate says of most accounts that they are not; of all others health is computed
as the specification says, from the words that the chain has of them. So nobody is
missed, and nobody is named who is not due.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from keeper.mirror import Row, to_account
from keeper.mirror_ticks import with_pending
from keeper.watch.columns import Columns
from keeper.watch.estimate import Bounds, estimate
from keeper.watch.floats import Bools
from keeper.watch.market import Shared, read_shared
from keeper.watch.sheet import Pages
from specs import accounts as acc
from specs import margin
from specs import state as st
from specs.accounts import USDC, Account, AccountId
from specs.clearinghouse import State
from specs.distress import DISTRESS, SLICE_LIFE
from specs.fixed_point import Seconds

_SLICED = np.uint64(2 ** DISTRESS["sliced_at"].width - 1)


@dataclass(frozen=True)
class Standing:
    """How an account stands, exactly; WAD USDC."""

    equity: int
    maintenance_margin: int

    @property
    def shortfall(self) -> int:
        """Return by how much equity is below margin."""
        return self.maintenance_margin - self.equity

    @property
    def ratio(self) -> Fraction:
        """Return equity over margin, which is not 0."""
        return Fraction(self.equity, self.maintenance_margin)


@dataclass(frozen=True)
class Scan:
    """How those stand who matter, of all accounts at one time."""

    accounts: int
    """How many there are."""
    due: Mapping[AccountId, Standing]
    """Below maintenance margin, the largest shortfall first."""
    nearest: Mapping[AccountId, Standing]
    """Above it, the lowest ratio of equity to margin first."""
    examined: int
    """Of how many health was computed exactly."""


def scan(pages: Pages, now: Seconds, nearest: int = 0) -> Scan:
    """Return who is below maintenance margin, and so many of those nearest to it."""
    shared = read_shared(pages, now)
    bounds = estimate(pages.columns, shared)
    is_short = bounds.may_be_short
    chosen = np.flatnonzero(is_short | is_near(bounds, is_short, nearest))
    names = [pages.columns.names[row] for row in chosen]
    state = with_accounts(pages, shared, names)
    found = {name: st.assess(state, name, now) for name in state.accounts}
    stand = {n: Standing(h.equity, h.maintenance_margin) for n, h in found.items()}
    due = [name for name, health in found.items() if margin.is_liquidatable(health)]
    rest = [n for n in stand.keys() - set(due) if stand[n].maintenance_margin > 0]
    due.sort(key=lambda name: (-stand[name].shortfall, name))
    rest.sort(key=lambda name: (stand[name].ratio, name))
    return Scan(
        accounts=len(pages.columns),
        due={name: stand[name] for name in due},
        nearest={name: stand[name] for name in rest[:nearest]},
        examined=len(found),
    )


def is_near(bounds: Bounds, is_short: Bools, count: int) -> Bools:
    """
    Return who may be among so many of lowest ratio that are surely not short: whoever
    may be as low as so many surely are.
    """
    rest = np.flatnonzero(bounds.is_exposed & ~is_short & (bounds.margin_high > 0))
    found = np.zeros(len(is_short), dtype=bool)
    if count == 0 or len(rest) == 0:
        return found
    # Equity is above 0 here, for it is above margin.
    low = bounds.equity_low[rest] / bounds.margin_high[rest]
    with np.errstate(divide="ignore"):
        high = bounds.equity_high[rest] / bounds.margin_low[rest]
    limit = np.partition(high, min(count, len(rest)) - 1)[min(count, len(rest)) - 1]
    # A quotient is rounded once more than what it is of.
    found[rest[low <= limit * (1 + 2.0**-50)]] = True
    return found


def find_endangered(pages: Pages, shared: Shared) -> Sequence[AccountId]:
    """
    Return whom a liquidation may concern: who may be below maintenance margin, and who
    was sold from so lately that it may go on above it.
    """
    bounds = estimate(pages.columns, shared)
    sliced = pages.columns.column("distress")[:, 0] & _SLICED
    is_lately = (sliced > 0) & (sliced + np.uint64(SLICE_LIFE) >= np.uint64(shared.now))
    rows = np.flatnonzero(bounds.may_be_short | is_lately)
    return [pages.columns.names[row] for row in rows]


def with_accounts(pages: Pages, shared: Shared, names: Iterable[AccountId]) -> State:
    """
    Return pools and markets with some of the accounts, those that have anything.

    What is a sum over all accounts (W, V, and with them the credit in initial equity)
    is that of these accounts alone.
    """
    found = {name: read_account(pages.columns, name) for name in names}
    accounts: Mapping[AccountId, Account] = {
        name: held for name, held in found.items() if held != acc.NEW
    }
    if USDC in shared.state.assets:
        pool = shared.state.assets[USDC].pool
        markets = shared.state.markets
        accounts = with_pending(pages, accounts, markets, pool)
    return replace(shared.state, accounts=accounts)


def read_account(columns: Columns, name: AccountId) -> Account:
    """Return an account; raise `Mismatch` unless its header lists what it has."""
    words = columns.row(name)
    rows: dict[str, list[tuple[int, int]]] = {}
    first: dict[str, int] = {}
    for (variable, number), word in zip(columns.layout.keys, words, strict=True):
        if number is None:
            first[variable] = word
        else:
            rows.setdefault(variable, []).append((number, word))
    held: list[Row] = [
        tuple(rows.get(variable, ()))
        for variable in ("balances", "positions", "orders")
    ]
    return to_account(name, first["headers"], first["distress"], *held)
