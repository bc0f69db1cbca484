"""
OrderCode.

What the order book asks of the Clearinghouse for who wants to trade: to count what
comes to rest and what goes, and to clear what it has matched, in the makers' order.

Counterpart of ``contracts/OrderCode.vy``.
"""

from collections.abc import Sequence
from itertools import groupby

from specs import accounts as acc
from specs import errors, instruments, margin, perpetual
from specs.accounts import USDC, AccountId, Address
from specs.authority import (
    MAX_AMOUNT,
    ORDER_VENUE,
    RELEASE_VENUE,
    require_open,
    require_venue,
)
from specs.errors import Revert
from specs.fills import require_fill_margin
from specs.fixed_point import Lots, Seconds, Wad
from specs.instruments import is_spot
from specs.maker_code import release_size
from specs.makers import (
    Cleared,
    Making,
    Stop,
    get_obstacle,
    get_reducible,
    limit_size,
    require_listed,
    require_size,
    require_tradable,
    try_perp,
    try_spot,
)
from specs.open_orders import OpenOrders, compute_worst_lots
from specs.settlement import charge, compute_fee, touch, trade
from specs.spot_side import exchange, fund_side
from specs.state import (
    State,
    accrue,
    assess,
    get_account,
    get_effective_position,
    get_held,
    with_account,
)
from specs.trade_code import require_open_interest_limit, require_position_limit

# The order book


def reserve(
    state: State,
    now: Seconds,
    caller: Address,
    instrument: int,
    account: AccountId,
    is_buy: bool,
    size: int,
) -> State:
    """
    Count an order that comes to rest. Refuse unless the account has initial margin for
    the worst of its sides, or the order adds nothing to it and the account is not
    liquidatable: orders have to go before a liquidation, and must not come again.
    """
    require_venue(state, caller, ORDER_VENUE)
    acc.require_user(account)
    require_listed(state, instrument)
    held = get_account(state, account)
    old = acc.get_orders(held, instrument)
    orders = OpenOrders(
        bids=old.bids + (size if is_buy else 0),
        asks=old.asks + (0 if is_buy else size),
    )
    most = MAX_AMOUNT if is_spot(instrument) else perpetual.MAX_LOTS
    if max(orders.bids, orders.asks) > most:
        raise errors.AmountTooLarge
    changed = with_account(state, account, acc.with_orders(held, instrument, orders))
    found = assess(changed, account, now)
    if not is_covered(state, account, instrument, old, orders):
        margin.require_initial_margin(found)
    elif margin.is_liquidatable(found):
        raise errors.BelowInitialMargin
    return changed


def release(
    state: State,
    now: Seconds,
    caller: Address,
    instrument: int,
    account: AccountId,
    is_buy: bool,
    size: int,
) -> State:
    """
    Count ``size`` of an account's orders as gone. A book that lost its role may, so
    that what rests there can be cancelled.
    """
    require_venue(state, caller, ORDER_VENUE | RELEASE_VENUE)
    require_listed(state, instrument)
    return release_size(state, account, instrument, is_buy, size)


def clear(
    state: State,
    now: Seconds,
    caller: Address,
    instrument: int,
    taker: AccountId,
    is_buy: bool,
    makings: Sequence[Making],
) -> tuple[State, Cleared]:
    """
    Fill resting orders, in their order, with one taker who buys or sells.

    A maker who can't be filled is passed over, and nothing of it happened. What the
    pool can't fund for the taker, and what the instrument's state forbids, ends the
    list. The taker is judged once, in the end: then either all of it happened or
    nothing.
    """
    require_venue(state, caller, ORDER_VENUE)
    acc.require_user(taker)
    require_listed(state, instrument)
    require_tradable(state, instrument, now)
    require_open(state, USDC)
    for making in makings:
        require_size(state, instrument, making)
    if is_spot(instrument):
        asset = instruments.get_asset(instrument)
        require_open(state, asset)
        state = accrue(accrue(state, asset, now), USDC, now)
        return clear_spot(state, now, asset, taker, is_buy, makings)
    return clear_perp(accrue(state, USDC, now), now, instrument, taker, is_buy, makings)


# In the order in which the above use them


def is_covered(
    state: State,
    account: AccountId,
    instrument: int,
    old: OpenOrders,
    new: OpenOrders,
) -> bool:
    """Return whether more orders leave the account no worse in the worst case."""
    if is_spot(instrument):
        asset = instruments.get_asset(instrument)
        return new.bids == old.bids and new.asks <= get_held(state, account, asset)
    position = acc.get_position(get_account(state, account), instrument)
    lots = get_effective_position(state, instrument, position).lots
    return compute_worst_lots(lots, new) == compute_worst_lots(lots, old)


def clear_perp(
    state: State,
    now: Seconds,
    market: int,
    taker: AccountId,
    is_buy: bool,
    makings: Sequence[Making],
) -> tuple[State, Cleared]:
    """
    Return ``state`` with resting orders for a perpetual filled. The taker trades once
    at each price, after the makers there.
    """
    state = touch(state, market, taker)
    before = state
    listed = state.markets[market]
    old = acc.get_position(get_account(state, taker), market)
    obstacle = get_obstacle(state, market, now)
    room = get_reducible(state, taker, market, is_buy, now)
    sign = 1 if is_buy else -1
    filled: list[int] = []
    stop: Stop = None
    for price, level in groupby(makings, key=lambda making: making.price):
        taken = Lots(0)
        for making in level:
            lots = limit_size(state, market, making, not is_buy, now)
            if obstacle and not stop:
                reducible = get_reducible(
                    state, making.account, market, not is_buy, now
                )
                if lots > min(reducible, room - sum(filled)):
                    stop = obstacle
            if stop:
                lots = 0
            state, lots = try_perp(state, now, market, making, not is_buy, lots)
            filled.append(lots)
            taken = Lots(taken + lots)
        if taken > 0:
            state = trade(state, market, taker, Lots(sign * taken), price)
            notional = perpetual.compute_notional(taken, listed.lot, price)
            state = charge(state, taker, compute_fee(notional, listed.fees.taker))
    total = Lots(sum(filled))
    if total > 0:
        require_position_limit(state, market, taker, old)
        require_open_interest_limit(listed, state.markets[market])
        reduces = perpetual.is_reduction(old.lots, Lots(sign * total))
        require_fill_margin(before, state, taker, reduces, now)
    return state, Cleared(tuple(filled), stop)


def clear_spot(
    state: State,
    now: Seconds,
    asset: int,
    taker: AccountId,
    is_buy: bool,
    makings: Sequence[Making],
) -> tuple[State, Cleared]:
    """
    Return ``state`` with resting orders for a spot asset filled. What a throttle was
    asked for a maker who is then refused counts for nothing.
    """
    before = state
    instrument = instruments.SPOT + asset
    received = asset if is_buy else USDC
    reduces = acc.get_balance(get_account(state, taker), received).scaled < 0
    fee = state.assets[asset].fees.taker
    filled: list[int] = []
    stop = get_obstacle(state, instrument, now)
    for making in makings:
        size = limit_size(state, instrument, making, not is_buy, now)
        funded = state
        if size > 0 and not stop:
            funded, stop = try_fund(
                state, now, taker, asset, is_buy, size, making.price
            )
        if stop:
            size = 0
        made, size = try_spot(funded, now, asset, making, not is_buy, size)
        if size > 0:
            amount, price = Wad(size), making.price
            state = exchange(made, asset, taker, is_buy, amount, price, fee)
        filled.append(size)
    if sum(filled) > 0:
        require_fill_margin(before, state, taker, reduces, now)
    return state, Cleared(tuple(filled), stop)


def try_fund(
    state: State,
    now: Seconds,
    account: AccountId,
    asset: int,
    is_buy: bool,
    size: int,
    price: Wad,
) -> tuple[State, Stop]:
    """Return ``state`` ready for a taker's fill, or why a pool can't fund it."""
    fee, amount = state.assets[asset].fees.taker, Wad(size)
    try:
        funded = fund_side(state, now, asset, account, is_buy, amount, price, fee)
    except Revert as shortage:
        return state, type(shortage)
    return funded, None
