"""
Bounds of the health of all accounts, by floats, a few seconds for millions of words.

Equity and maintenance margin of the specification are sums of products of integers,
each rounded to an integer. Here the same sums are taken of floats, and beside them
``gross``, the sum of all magnitudes that were added or subtracted. A float of 53 bits,
converted to 2**-51 and multiplied some ten times, is off its product by less than
2**-45; what is larger are the specification's own roundings:

*   of a root to an integer: with a factor of at most 2**40 in 1e-12, a fraction or a
    weight is off by 2**40 / 1000 / 10**18 < 2**-29;
*   of a product to an integer: one unit of USDC, of a token, of a scaled unit; of these
    there are fewer than ``ROUNDINGS`` for a leg, their effect on its margin included.

So equity is within ``EPSILON * gross + legs * ROUNDINGS * unit`` with ``EPSILON`` =
2**-28, which is 4e-9: of an account of a million USDC half a cent. Margin grows with
what it is of, and is bounded by that of the bounds. Epochs close within one lot of
their share of a position, so that each of those before it leaves one more lot in doubt.

``tests/unit/test_watch_estimate.py`` has the specification decide the same accounts.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from keeper.watch import floats, market
from keeper.watch.columns import Columns
from keeper.watch.floats import Bools, Floats, Ints, Places
from keeper.watch.growth import compute_pending
from keeper.watch.market import Shared
from specs import deleveraging
from specs.accounts import USDC
from specs.clearinghouse import Market
from specs.fixed_point import RAY, WAD
from specs.packing import POSITION
from specs.requirements import Haircut, Requirement, scale

EPSILON: Final = 2.0**-28
ROUNDINGS: Final = 4096.0

_EPOCH_BITS: Final = np.uint64(POSITION["epoch"].offset)
_EPOCH_MASK: Final = np.uint64(2 ** POSITION["epoch"].width - 1)


@dataclass(frozen=True)
class Bounds:
    """Between which numbers the health of each account is, WAD USDC."""

    equity_low: Floats
    equity_high: Floats
    margin_low: Floats
    margin_high: Floats
    is_exposed: Bools
    """Whether it may have exposure; false is certain."""

    @property
    def may_be_short(self) -> Bools:
        """Return whether equity may be below margin; false is certain."""
        found: Bools = self.is_exposed & (self.equity_low < self.margin_high)
        return found

    @property
    def must_be_short(self) -> Bools:
        """Return whether equity is below margin; true is certain."""
        found: Bools = self.is_exposed & (self.equity_high < self.margin_low)
        return found

    @property
    def surplus(self) -> tuple[Floats, Floats]:
        """Return bounds of equity less margin."""
        low: Floats = self.equity_low - self.margin_high
        high: Floats = self.equity_high - self.margin_low
        return low, high

    @property
    def ratio(self) -> tuple[Floats, Floats]:
        """Return bounds of equity over margin, of those whose equity is above 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            low = self.equity_low / self.margin_high
            high = self.equity_high / self.margin_low
        # A quotient of bounds is rounded once more.
        return low * (1 - 2.0**-52), high * (1 + 2.0**-52)


@dataclass
class Sums:
    """What adds up, account by account."""

    net: Floats
    """Equity so far."""
    gross: Floats
    """The magnitudes that went into it."""
    doubt: Floats
    """What epochs leave in doubt of it."""
    margin_low: Floats
    margin_high: Floats
    is_exposed: Bools
    legs: int

    def error(self, unit: float) -> Floats:
        """Return by how much equity may be off; 0 of whoever has nothing."""
        rounded = np.where(self.gross > 0, self.legs * ROUNDINGS * unit, 0.0)
        error: Floats = EPSILON * self.gross + rounded + self.doubt
        return error


def estimate(columns: Columns, shared: Shared) -> Bounds:
    """Return bounds of the health of all accounts, in the order of the rows."""
    count, layout = len(columns), columns.layout
    sums = Sums(
        net=np.zeros(count),
        gross=np.zeros(count),
        doubt=np.zeros(count),
        margin_low=np.zeros(count),
        margin_high=np.zeros(count),
        is_exposed=np.zeros(count, dtype=bool),
        legs=len(layout.assets) + len(layout.markets),
    )
    if USDC not in shared.state.assets:
        return Bounds(sums.net, sums.net, sums.net, sums.net, sums.is_exposed)
    held, owed = read_balances(columns, shared, USDC)
    sums.net += held - owed
    sums.gross += held + owed
    sums.is_exposed |= owed > 0
    for number, listed in shared.state.markets.items():
        add_market(sums, columns, shared, number, listed)
    # What USDC is owed is known within the error so far; margin grows with it.
    error = sums.error(shared.unit)
    requirement = shared.state.assets[USDC].requirement
    low, high = np.maximum(0, -sums.net - error), np.maximum(0, -sums.net + error)
    add_margin(sums, slice(None), requirement, low, high, shared.unit)
    for asset in shared.state.assets:
        if asset != USDC:
            add_asset(sums, columns, shared, asset)
    error = sums.error(shared.unit)
    return Bounds(
        equity_low=sums.net - error,
        equity_high=sums.net + error,
        margin_low=np.maximum(0, sums.margin_low),
        margin_high=sums.margin_high,
        is_exposed=sums.is_exposed,
    )


def read_balances(
    columns: Columns, shared: Shared, asset: int
) -> tuple[Floats, Floats]:
    """Return what each account holds of an asset, and what it owes."""
    words = columns.column("balances", asset)
    scaled = floats.signed(words[:, 3], words[:, 2])
    idle = floats.unsigned(words[:, 1], words[:, 0])
    lend = shared.state.assets[asset].pool.lend_index / RAY
    borrow = shared.borrow_indices[asset] / RAY
    return idle + np.maximum(0, scaled) * lend, np.maximum(0, -scaled) * borrow


def add_asset(sums: Sums, columns: Columns, shared: Shared, asset: int) -> None:
    """Add a collateral, a debt and its margin."""
    listed = shared.state.assets[asset]
    held, owed = read_balances(columns, shared, asset)
    price = listed.quote.slow / WAD
    worth, debt = held * price, owed * price
    sums.net += worth * compute_weights(listed.haircut, held) - debt
    sums.gross += worth + debt + held + owed
    sums.is_exposed |= owed > 0
    add_margin(sums, slice(None), listed.requirement, debt, debt, shared.unit)


def compute_weights(haircut: Haircut, held: Floats) -> Floats:
    """Return the share of each amount that counts."""
    weight = haircut.weight / 10**6
    if haircut.factor == 0:
        return np.full(held.shape, weight)
    return np.minimum(weight, 1.1 / (1 + haircut.factor / 10**21 * np.sqrt(held)))


def add_market(
    sums: Sums, columns: Columns, shared: Shared, number: int, listed: Market
) -> None:
    """Add the positions of a market: their worth, interest and margin."""
    words = columns.column("positions", number)
    rows = np.flatnonzero(words.any(axis=1))
    if len(rows) == 0:
        return
    words = words[rows]
    lots = floats.signed_64(np.ascontiguousarray(words[:, 3]))
    basis = floats.signed(words[:, 2], words[:, 1])
    gained = lots * market.gain_per_lot(listed, listed.quote.slow)
    value, gross = gained - basis, np.abs(gained) + np.abs(basis)
    earned, owed, magnitude = compute_pending(columns, shared, number, rows, lots)
    epochs = (words[:, 0] >> _EPOCH_BITS) & _EPOCH_MASK
    met = meet_epochs(listed, lots, epochs.astype(np.int64))
    worth = market.worth_per_lot(listed, listed.quote.slow)
    sums.net[rows] += value + met.value + earned - owed
    sums.gross[rows] += gross + met.gross + magnitude + np.abs(lots) * worth
    sums.doubt[rows] += met.doubt
    sums.is_exposed[rows] = True
    requirement = scale(listed.requirement, listed.scales)
    low = np.maximum(0, met.lots - met.lots_doubt) * worth
    high = (met.lots + met.lots_doubt) * worth
    add_margin(sums, rows, requirement, low, high, shared.unit)


@dataclass(frozen=True)
class Met:
    """What epochs before positions make of them."""

    lots: Floats
    """Without sign."""
    lots_doubt: Floats
    value: Floats
    """By how much the positions' values change."""
    gross: Floats
    doubt: Floats


def meet_epochs(listed: Market, lots: Floats, epochs: Ints) -> Met:
    """Return what the epochs before positions that are foreseen close of them."""
    size, sign = np.abs(lots), np.sign(lots)
    left, in_doubt = size.copy(), np.zeros_like(lots)
    value, gross, doubt = (np.zeros_like(lots) for _ in range(3))
    count = len(listed.epochs)
    behind = np.flatnonzero((epochs < count) & (lots != 0))
    if len(behind) == 0:
        return Met(left, in_doubt, value, gross, doubt)
    index, mark = listed.funding.index, listed.quote.slow
    share = np.array([e.lots / e.open_interest for e in listed.epochs])
    gain = np.array(
        [
            listed.lot * (mark - deleveraging.compute_closing_price(e, index)) / WAD
            for e in listed.epochs
        ]
    )
    side = np.array([1.0 if e.is_long else -1.0 for e in listed.epochs])
    for step in range(deleveraging.MAX_EPOCHS):
        number = epochs[behind] + step
        rows, number = behind[number < count], number[number < count]
        is_reduced = side[number] == sign[rows]
        rows, number = rows[is_reduced], number[is_reduced]
        closed = left[rows] * share[number]
        left[rows] -= closed
        in_doubt[rows] += 1
        value[rows] -= sign[rows] * closed * gain[number]
        gross[rows] += size[rows] * np.abs(gain[number])
        doubt[rows] += in_doubt[rows] * np.abs(gain[number])
    return Met(left, in_doubt, value, gross, doubt)


def add_margin(
    sums: Sums,
    rows: slice | Places,
    requirement: Requirement,
    low: Floats,
    high: Floats,
    unit: float,
) -> None:
    """Add the maintenance margin of notionals between two bounds."""
    least = compute_margin(requirement, low)
    most = compute_margin(requirement, high)
    rounded = np.where(high > 0, ROUNDINGS * unit, 0.0)
    sums.margin_low[rows] += least - EPSILON * (low + least) - rounded
    sums.margin_high[rows] += most + EPSILON * (high + most) + rounded


def compute_margin(requirement: Requirement, notional: Floats) -> Floats:
    """Return the maintenance margin of each notional."""
    base, factor = requirement.base_mmf / 10**6, requirement.mmf_factor / 10**21
    return np.maximum(base, factor * np.sqrt(notional)) * notional
