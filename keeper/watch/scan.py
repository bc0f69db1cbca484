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
from specs.margin import Health

_SLICED = np.uint64(2 ** DISTRESS["sliced_at"].width - 1)


@dataclass(frozen=True)
class Scan:
    """The health of those who matter, exactly, of all accounts at one time."""

    accounts: int
    """How many there are."""
    due: Mapping[AccountId, Health]
    """Below maintenance margin, the largest shortfall first."""
    nearest: Mapping[AccountId, Health]
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
    due = {n: h for n, h in found.items() if margin.is_liquidatable(h)}
    others = {
        name: health
        for name, health in found.items()
        if name not in due and health.maintenance_margin > 0
    }
    return Scan(
        accounts=len(pages.columns),
        due=dict(sorted(due.items(), key=lambda item: (shortfall(item[1]), item[0]))),
        nearest=dict(
            sorted(others.items(), key=lambda item: (ratio(item[1]), item[0]))[:nearest]
        ),
        examined=len(found),
    )


def shortfall(health: Health) -> int:
    """Return equity less maintenance margin."""
    return health.equity - health.maintenance_margin


def ratio(health: Health) -> Fraction:
    """Return equity over maintenance margin."""
    return Fraction(health.equity, health.maintenance_margin)


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
