"""
TradeCode.

Fills of perpetual trades between two accounts.

Counterpart of ``contracts/TradeCode.vy``.
"""

from specs import accounts as acc
from specs import errors, margin, perpetual
from specs.accounts import USDC, AccountId, Address
from specs.authority import MAX_AMOUNT, TRADE_VENUE, require_open, require_venue
from specs.fills import require_fill_margin, require_parties, split_fees
from specs.fixed_point import Lots, Seconds, Wad
from specs.perpetual import Position
from specs.settlement import charge, compute_fee, touch, trade_touched
from specs.state import (
    Market,
    State,
    accrue,
    get_account,
    get_market,
)


def fill_perp(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    buyer: AccountId,
    seller: AccountId,
    lots: Lots,
    price: Wad,
    maker_is_buyer: bool,
) -> State:
    """
    Open or close ``lots`` between two accounts at ``price``.

    At a mark that is getting old, as below the publishers' quorum, both have to reduce.
    """
    require_venue(state, caller, TRADE_VENUE)
    require_parties(buyer, seller)
    listed = get_market(state, market)
    if lots == 0:
        raise errors.ZeroAmount
    notional = perpetual.compute_notional(lots, listed.lot, price)
    marked = perpetual.compute_notional(lots, listed.lot, listed.quote.slow)
    if lots > perpetual.MAX_LOTS or max(notional, marked) > MAX_AMOUNT:
        raise errors.AmountTooLarge
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    require_open(state, USDC)
    state = accrue(state, USDC, now)
    state = touch(touch(state, market, buyer), market, seller)
    before, listed = state, state.markets[market]
    bought = acc.get_position(get_account(state, buyer), market)
    sold = acc.get_position(get_account(state, seller), market)
    buyer_reduces = perpetual.is_reduction(bought.lots, lots)
    seller_reduces = perpetual.is_reduction(sold.lots, Lots(-lots))
    buyer_fee, seller_fee = split_fees(listed.fees, maker_is_buyer)
    is_reducing = buyer_reduces and seller_reduces
    if margin.is_restricted(listed.quote, now) and not is_reducing:
        raise errors.ReduceOnly
    if listed.is_paused and not is_reducing:
        raise errors.Paused

    state = trade_touched(state, market, buyer, lots, price)
    state = trade_touched(state, market, seller, Lots(-lots), price)
    for account, old in ((buyer, bought), (seller, sold)):
        require_position_limit(state, market, account, old)
    require_open_interest_limit(listed, state.markets[market])
    state = charge(state, buyer, compute_fee(notional, buyer_fee))
    state = charge(state, seller, compute_fee(notional, seller_fee))
    require_fill_margin(before, state, buyer, buyer_reduces, now)
    require_fill_margin(before, state, seller, seller_reduces, now)
    return state


def require_position_limit(
    state: State, market: int, account: AccountId, old: Position
) -> None:
    """Refuse a position that has grown above the market's limit."""
    lots = abs(acc.get_position(get_account(state, account), market).lots)
    if lots > abs(old.lots) and lots > state.markets[market].limits.max_position:
        raise errors.PositionLimitReached


def require_open_interest_limit(before: Market, after: Market) -> None:
    """Refuse open interest that has grown above the market's limit."""
    grown = after.open_interest > before.open_interest
    if grown and after.open_interest > after.limits.max_open_interest:
        raise errors.OpenInterestLimitReached
