"""Scenes that the Lens looks at, and what it says of a position there."""

from dataclasses import replace

from specs import clearinghouse as ch
from specs import (
    virtual_pnl,
)
from specs.accounts import DEFAULT, USDC, get_position
from specs.fixed_point import RAY, WAD
from specs.state import get_effective_position
from specs.world import Action
from tests.helpers.scenes import AT_WORK, LENT_OUT
from tests.helpers.worlds import (
    BTC,
    ETH,
    GUARDED,
    STARTS,
    STRANGER,
    bear,
    bull,
    lender,
    own,
    publish,
)

RISEN = {BTC: 63_000 * WAD, ETH: 2_450 * WAD}

LATER = [
    Action("wait", STRANGER, (5_000,)),
    *publish(RISEN, premium=WAD // 500),
    Action("realise", bear >> 96, (0, (bear,))),
    Action("realise", bull >> 96, (1, (bull,))),
    own("set_settings", lender, replace(DEFAULT, auto_lend=False, max_leverage=7)),
    own("deposit", lender, ETH, 3 * 10**18),
    own("borrow", bull, ETH, 10**18),
    own("withdraw", lender, USDC, 1_234),
    Action("wait", STRANGER, (30,)),
]

WAITING = [
    *STARTS["winners and losers"],
    Action("wait", STRANGER, (3_600,)),
]
"""Winners, losers and a cursor on its way, with interest until now not booked."""

GAINED = [
    *AT_WORK,
    *GUARDED,
    *publish({BTC: 61_000 * WAD, ETH: 2_450 * WAD}),
    Action("wait", STRANGER, (40,)),
]
"""Gains that count, as far as they are backed."""

SCENES = {
    "empty": [],
    "lent out": LENT_OUT,
    "later": [*AT_WORK, *LATER],
    "winners and losers": WAITING,
    "gains that count": GAINED,
    "bad debt with winners": STARTS["bad debt with winners"],
}


def look(stage, method, *arguments):
    return stage.made.view("Lens", method, *arguments)


def valued(state, account, market, now):
    """Return a position as the Lens tells it, its epochs met."""
    position = get_position(ch.get_account(state, account), market)
    value, notional, credit = worth_of(state, account, market, now)
    left = get_effective_position(state, market, position)
    told = left.lots, left.basis, value, notional
    if position.entry is None:
        return (market, *told, False, 0, 0, 0, 0, credit)
    price = virtual_pnl.get_entry_price(position)
    interest = interest_of(state, account, market, now)
    return (market, *told, True, position.entry, price, *interest, credit)


def worth_of(state, account, market, now):
    """Return a position's value, notional and credit, as margin sees them."""
    markets = sorted(ch.get_account(state, account).positions)
    if market not in markets:
        return 0, 0, 0
    exposure = ch.get_portfolio(state, account, now).exposures[markets.index(market)]
    return exposure.value, exposure.notional, exposure.credit


def interest_of(state, account, market, now):
    """Return what a settlement now says that a position has earned and owes."""
    accrued = ch.accrue(state, USDC, now)
    position, pool = accrued.accounts[account].positions[market], accrued.assets[0].pool
    earned, owed = virtual_pnl.compute_interest(
        position.pending_lend, position.pending_borrow
    )
    return earned * pool.lend_index // RAY, -(-owed * pool.borrow_index // RAY)
