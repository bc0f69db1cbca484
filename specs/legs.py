"""
Legs.

What of an account a liquidation can close now: its positions and debts whose prices are
fresh, and its USDC debt, each with what it binds and its notional.

Counterpart of ``contracts/modules/legs.vy``.
"""

from collections.abc import Mapping

from specs import instruments, margin, perpetual
from specs.accounts import USDC, AccountId
from specs.fixed_point import WAD, Seconds, Wad, mul_div_up
from specs.requirements import Requirement, scale
from specs.state import State, get_account, get_owed

Legs = Mapping[int, tuple[Requirement, Wad]]
"""By instrument; a debt under that of its asset, USDC's included."""


def get_legs(state: State, account: AccountId, now: Seconds) -> Legs:
    """Return the legs of an account without resting orders; USDC's is always there."""
    held = get_account(state, account)
    usdc = state.assets[USDC].requirement
    owed = get_owed(state, account, USDC, now)
    legs = {instruments.SPOT + USDC: (usdc, owed)}
    for market in sorted(held.positions):
        listed, position = state.markets[market], held.positions[market]
        if position.lots == 0 or margin.is_stale(listed.quote, now):
            continue
        requirement = scale(listed.requirement, listed.scales)
        mark = listed.quote.slow
        notional = perpetual.compute_notional(position.lots, listed.lot, mark)
        legs[market] = (requirement, notional)
    for asset in sorted(held.balances.keys() - {USDC}):
        listed_asset = state.assets[asset]
        owed = get_owed(state, account, asset, now)
        if owed == 0 or margin.is_stale(listed_asset.quote, now):
            continue
        notional = Wad(mul_div_up(owed, listed_asset.quote.slow, WAD))
        legs[instruments.SPOT + asset] = (listed_asset.requirement, notional)
    return legs
