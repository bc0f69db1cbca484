# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Legs
@license Apache-2.0
@notice What of an account a liquidation can close now: its positions and debts whose
        prices are fresh, and its USDC debt, with what they bind and their notionals;
        and how it is brought to date before.
@custom:spec specs/legs.py
"""

from . import accounts
from . import backstop
from . import bankruptcy
from . import fixed_point as fp
from . import instruments
from . import margin
from . import money_market
from . import perpetual
from . import positions
from . import requirements
from . import state

uses: bankruptcy
uses: money_market
uses: positions
uses: state

_ENTRIES: constant(uint256) = 8


@internal
def _accrue(account: uint256):
    """
    @notice Book the interest of USDC and of every pool that an account uses until now.
    """
    money_market._save(accounts.USDC, money_market._load_accrued(accounts.USDC))
    entries: uint256 = accounts._assets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        asset: uint256 = (entries & 255) - 1
        money_market._save(asset, money_market._load_accrued(asset))
        entries >>= 8


@internal
def _realise(account: uint256):
    """
    @notice Have every position meet the epochs before it, and settle those whose price
            is fresh at its mark.
    """
    positions._touch_all(account)
    entries: uint256 = accounts._markets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        market: uint256 = (entries & 255) - 1
        if not margin._is_stale(margin._quote(state.market_quote[market])):
            positions._realise(market, [account])
        entries >>= 8


@internal
@view
def _get(account: uint256) -> DynArray[backstop.Leg, backstop.MAX_LEGS]:
    """
    @notice Return the legs of an account without resting orders: USDC's first, which is
            always there, then positions, then debts.
    """
    legs: DynArray[backstop.Leg, backstop.MAX_LEGS] = [
        backstop.Leg(
            instrument=instruments.SPOT + accounts.USDC,
            notional=bankruptcy._owed(account, accounts.USDC),
            risk=state.risk[accounts.USDC],
        )
    ]
    header: uint256 = state.headers[account]
    entries: uint256 = accounts._markets(header)
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        market: uint256 = (entries & 255) - 1
        entries >>= 8
        lots: int256 = perpetual._lots(state.positions[account][market])
        mark: uint256 = state.market_quote[market]
        quote: margin.Quote = margin._quote(mark)
        if lots == 0 or margin._is_stale(quote):
            continue
        risk: uint256 = state.market_risk[market]
        legs.append(
            backstop.Leg(
                instrument=market,
                notional=perpetual._compute_notional(
                    lots, perpetual._lot(risk), quote.slow
                ),
                risk=requirements._scale(risk, mark),
            )
        )

    entries = accounts._assets(header)
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        asset: uint256 = (entries & 255) - 1
        entries >>= 8
        owed: uint256 = bankruptcy._owed(account, asset)
        if owed == 0 or margin._is_stale(margin._quote(state.quote[asset])):
            continue
        legs.append(
            backstop.Leg(
                instrument=instruments.SPOT + asset,
                notional=fp._mul_div_up(owed, bankruptcy._price(asset), fp.WAD),
                risk=state.risk[asset],
            )
        )
    return legs
