"""
What the estimate needs of pools and markets: a few exact numbers, as floats.

Whatever differs from account to account is left to arrays; what all have in common is
computed once, in integers, by the specification.
"""

from dataclasses import dataclass, field

from keeper import mirror
from keeper.mirror_ticks import Growth, read_growth
from keeper.watch.sheet import TICKS, Pages
from specs import state as st
from specs.accounts import USDC
from specs.clearinghouse import Market, State
from specs.fixed_point import RAY, WAD, Seconds
from specs.state import NOBODY
from specs.virtual_pnl import PRICE_UNIT
from specs.weights import WEIGHT_ONE, compute_weight


@dataclass(frozen=True)
class Shared:
    """Pools and markets at a time, without anybody's account."""

    state: State
    now: Seconds
    growths: dict[int, Growth]
    borrow_indices: dict[int, int]
    """Of each asset, interest until now included."""
    ticks: dict[int, dict[int, int]]
    """Of each market the words of growth, by tick."""
    usdc_fall: int
    """By how much the weight of USDC's borrow index has fallen since it was booked."""
    unit: float = field(default=0.0)
    """More than the largest error of one rounding to an integer can be worth, USDC."""


def read_shared(pages: Pages, now: Seconds) -> Shared:
    """Return what accounts share; `KeyError` if the sheet was not read."""
    layout = pages.sheet.layout
    assets = {n: a for n in layout.assets if (a := mirror.read_asset(pages, n))}
    markets = {n: m for n in layout.markets if (m := mirror.read_market(pages, n))}
    state = State(governor=NOBODY, assets=assets, markets=markets)
    if USDC not in assets:
        return Shared(state, now, {}, {}, {}, 0)
    pool = assets[USDC].pool
    indices = {a: st.get_borrow_index(state, a, now) for a in assets}
    largest = max(
        *(a.quote.slow // WAD for a in assets.values()),
        *(indices[a] // RAY for a in assets),
        *(a.pool.lend_index // RAY for a in assets.values()),
    )
    ticks: dict[int, dict[int, int]] = {m: {} for m in markets}
    for place, word in pages.sheet.words.items():
        if place[0] == TICKS and place[1] in ticks:
            ticks[place[1]][place[2]] = word
    # A rounding is of a token at its price, of a scaled unit at its index, or of USDC.
    return Shared(
        state=state,
        now=now,
        growths={m: read_growth(pages, m, pool) for m in markets},
        borrow_indices=dict(indices),
        ticks=ticks,
        usdc_fall=compute_weight(pool.borrow_index) - compute_weight(indices[USDC]),
        unit=float((largest + 2) ** 2),
    )


def gain_per_lot(listed: Market, price: int) -> float:
    """Return what a lot long is worth at a price beyond its basis, in wei."""
    return listed.lot * (price - listed.funding.index) / WAD


def worth_per_lot(listed: Market, price: int) -> float:
    """Return the notional of a lot, in wei."""
    return listed.lot * price / WAD


def interest_rates(shared: Shared) -> tuple[float, float]:
    """Return what pending interest is worth: earned, owed; wei for its unit."""
    pool = shared.state.assets[USDC].pool
    unit = WEIGHT_ONE * RAY
    return pool.lend_index / unit, shared.borrow_indices[USDC] / unit


def size_unit(listed: Market) -> int:
    """Return how many wei a lot gains by a price unit."""
    return listed.lot * PRICE_UNIT // WAD
