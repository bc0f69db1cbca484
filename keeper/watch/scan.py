"""
Who is below maintenance margin, and who is nearest to it.

The estimate says of nearly all accounts whether they are; of all others health is
computed as the specification says, from the words that the chain has of them. So nobody
is missed, and nobody is named who is not due.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np

from keeper.mirror import Row, to_account
from keeper.mirror_ticks import with_pending
from keeper.watch.columns import Columns
from keeper.watch.estimate import estimate
from keeper.watch.floats import Bools, Floats
from keeper.watch.market import Shared, read_shared
from keeper.watch.sheet import Pages
from specs import accounts as acc
from specs import margin
from specs import state as st
from specs.accounts import USDC, Account, AccountId
from specs.clearinghouse import State
from specs.distress import DISTRESS, SLICE_LIFE
from specs.fixed_point import Seconds
from specs.packing import POSITION

MOST: Final = 1_000
"""Accounts that a job is given to choose from; it may ask the chain about each."""

Known = dict[AccountId, tuple[bytes, Account]]
"""Accounts by name, each with the words that it was read from."""

Choose = Callable[[Pages, Shared], Sequence[AccountId]]
"""Says which accounts something is about."""

_log = logging.getLogger("keeper")

_EPOCH_BITS = np.uint64(POSITION["epoch"].offset)
_EPOCH_MASK = np.uint64(2 ** POSITION["epoch"].width - 1)
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
    due: frozenset[AccountId]
    """Who is below maintenance margin."""
    worst: Mapping[AccountId, Standing]
    """Those of them with the largest shortfall, the largest first."""
    nearest: Mapping[AccountId, Standing]
    """Above it, the lowest ratio of equity to margin first."""
    examined: int
    """Of how many health was computed exactly: bounds did not say enough of them."""


def scan(pages: Pages, now: Seconds, worst: int = 0, nearest: int = 0) -> Scan:
    """
    Return who is below maintenance margin, and so many of those furthest below and of
    those nearest above.
    """
    shared = read_shared(pages, now)
    bounds = estimate(pages.columns, shared)
    is_short, is_due = bounds.may_be_short, bounds.must_be_short
    chosen = is_short & ~is_due
    chosen |= may_be_least(is_due, *bounds.surplus, worst)
    is_well = bounds.is_exposed & ~is_short & (bounds.margin_high > 0)
    chosen |= may_be_least(is_well, *bounds.ratio, nearest)
    names = pages.columns.names
    state = with_accounts(pages, shared, [names[n] for n in np.flatnonzero(chosen)])
    found = {name: st.assess(state, name, now) for name in state.accounts}
    stand = {n: Standing(h.equity, h.maintenance_margin) for n, h in found.items()}
    due = {name for name, health in found.items() if margin.is_liquidatable(health)}
    others = [n for n in stand.keys() - due if stand[n].maintenance_margin > 0]
    below = sorted(due, key=lambda name: (-stand[name].shortfall, name))
    above = sorted(others, key=lambda name: (stand[name].ratio, name))
    return Scan(
        accounts=len(pages.columns),
        due=frozenset(due.union(names[n] for n in np.flatnonzero(is_due))),
        worst={name: stand[name] for name in below[:worst]},
        nearest={name: stand[name] for name in above[:nearest]},
        examined=len(found),
    )


def may_be_least(among: Bools, low: Floats, high: Floats, count: int) -> Bools:
    """
    Return who of some may be among the ``count`` least, of numbers between two bounds:
    whoever may be as low as so many surely are.
    """
    found = np.zeros(len(among), dtype=bool)
    rows = np.flatnonzero(among)
    if count > 0 and len(rows) > 0:
        place = min(count, len(rows)) - 1
        found[rows] = low[rows] <= np.partition(high[rows], place)[place]
    return found


def get_everybody(pages: Pages, shared: Shared) -> Sequence[AccountId]:
    """Return all accounts."""
    return pages.columns.names


def find_behind(pages: Pages, shared: Shared) -> Sequence[AccountId]:
    """Return who has a position with epochs of auto-deleveraging before it."""
    found = np.zeros(len(pages.columns), dtype=bool)
    for number, listed in shared.state.markets.items():
        words = pages.columns.column("positions", number)
        met = (words[:, 0] >> _EPOCH_BITS) & _EPOCH_MASK
        found |= (words[:, 3] != 0) & (met < np.uint64(len(listed.epochs)))
    return [pages.columns.names[row] for row in np.flatnonzero(found)]


def find_endangered(
    pages: Pages, shared: Shared, most: int = MOST
) -> Sequence[AccountId]:
    """
    Return whom a liquidation may concern: who may be below maintenance margin, and who
    was sold from so lately that it may go on above it.

    If there are more than ``most``, half of these are the worst, and half are others by
    chance, so that nobody is kept out for ever by those of whom nothing can be done.
    """
    bounds = estimate(pages.columns, shared)
    sliced = pages.columns.column("distress")[:, 0] & _SLICED
    is_lately = (sliced > 0) & (sliced + np.uint64(SLICE_LIFE) >= np.uint64(shared.now))
    rows = np.flatnonzero(bounds.may_be_short | is_lately)
    if len(rows) > most:
        _log.info("%d accounts may be due: %d are looked at", len(rows), most)
        low, _ = bounds.surplus
        rows = rows[np.argsort(low[rows], kind="stable")]
        rest = np.random.default_rng(shared.now).permutation(rows[most // 2 :])
        rows = np.concatenate([rows[: most // 2], rest[: most - most // 2]])
    return [pages.columns.names[row] for row in rows]


def with_accounts(
    pages: Pages,
    shared: Shared,
    names: Iterable[AccountId],
    known: Known | None = None,
) -> State:
    """
    Return pools and markets with some of the accounts, those that have anything.

    What is a sum over all accounts (W, V, and with them the credit in initial equity)
    is that of these accounts alone. Accounts that are ``known`` are not read again.
    """
    known = {} if known is None else known
    found = {name: recall(pages.columns, name, known) for name in names}
    accounts: Mapping[AccountId, Account] = {
        name: held for name, held in found.items() if held != acc.NEW
    }
    if USDC in shared.state.assets:
        pool = shared.state.assets[USDC].pool
        markets = shared.state.markets
        accounts = with_pending(pages, accounts, markets, pool)
    return replace(shared.state, accounts=accounts)


def recall(columns: Columns, name: AccountId, known: Known) -> Account:
    """Return an account, the known one if its words are those that it was read from."""
    words = columns.packed(name)
    if name not in known or known[name][0] != words:
        known[name] = words, read_account(columns, name)
    return known[name][1]


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
