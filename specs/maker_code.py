"""
MakerCode.

One side of a fill on the book, that of an order which rested there: its trade, its
fee, its size on the book and its margin. What is refused here never happened, and is
nobody's fault but the maker's: so no maker can make a taker fail.

Counterpart of ``contracts/MakerCode.vy``.
"""

from specs import accounts as acc
from specs import errors, instruments, perpetual
from specs.accounts import USDC, AccountId
from specs.fills import require_fill_margin
from specs.fixed_point import Lots, Seconds, Wad
from specs.open_orders import OpenOrders
from specs.settlement import charge, compute_fee, touch, trade
from specs.spot_side import exchange, fund_side
from specs.state import State, get_account, with_account
from specs.trade_code import require_position_limit


def make_perp(
    state: State,
    now: Seconds,
    market: int,
    account: AccountId,
    is_buy: bool,
    lots: Lots,
    price: Wad,
) -> State:
    """Return ``state`` after a resting order for a perpetual was filled."""
    state = touch(state, market, account)
    before = state
    old = acc.get_position(get_account(state, account), market)
    signed = Lots(lots if is_buy else -lots)
    listed = state.markets[market]
    notional = perpetual.compute_notional(lots, listed.lot, price)
    state = trade(state, market, account, signed, price)
    require_position_limit(state, market, account, old)
    state = charge(state, account, compute_fee(notional, listed.fees.maker))
    state = release_size(state, account, market, is_buy, lots)
    reduces = perpetual.is_reduction(old.lots, signed)
    require_fill_margin(before, state, account, reduces, now)
    return state


def make_spot(
    state: State,
    now: Seconds,
    asset: int,
    account: AccountId,
    is_buy: bool,
    amount: Wad,
    price: Wad,
) -> State:
    """Return ``state`` after a resting order for a spot asset was filled."""
    before = state
    received = asset if is_buy else USDC
    reduces = acc.get_balance(get_account(state, account), received).scaled < 0
    fee = state.assets[asset].fees.maker
    state = fund_side(state, now, asset, account, is_buy, amount, price, fee)
    state = exchange(state, asset, account, is_buy, amount, price, fee)
    instrument = instruments.SPOT + asset
    state = release_size(state, account, instrument, is_buy, amount)
    require_fill_margin(before, state, account, reduces, now)
    return state


def release_size(
    state: State, account: AccountId, instrument: int, is_buy: bool, size: int
) -> State:
    """
    Return ``state`` with ``size`` of an account's orders no longer on the book; refuse
    more than rests there.
    """
    held = get_account(state, account)
    old = acc.get_orders(held, instrument)
    if size > (old.bids if is_buy else old.asks):
        raise errors.AmountTooLarge
    orders = OpenOrders(
        bids=old.bids - (size if is_buy else 0),
        asks=old.asks - (0 if is_buy else size),
    )
    return with_account(state, account, acc.with_orders(held, instrument, orders))
