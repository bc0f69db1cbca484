"""
OrderCode.

What the order book asks of the Clearinghouse: to count what comes to rest and what
goes, and to clear what it has matched, in the makers' order: with one taker, or with an
account whose collateral is converted.

Counterpart of ``contracts/OrderCode.vy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from specs import accounts as acc
from specs import conversion, errors, instruments, margin, perpetual
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
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_down, mul_div_up
from specs.instruments import is_spot
from specs.maker_code import (
    make_perp,
    make_spot,
    release_size,
)
from specs.open_orders import OpenOrders, compute_worst_lots
from specs.settlement import charge, compute_fee, trade
from specs.spot_code import require_conversion
from specs.spot_side import exchange, fund_side
from specs.state import (
    State,
    accrue,
    assess,
    debit,
    get_account,
    get_asset,
    get_held,
    get_market,
    get_owed,
    pay_debt,
    with_account,
)
from specs.trade_code import require_open_interest_limit, require_position_limit

Stop = type[Revert] | None
"""Why nothing more was cleared; none if all that was asked for was tried."""


@dataclass(frozen=True)
class Making:
    """A resting order that is to be filled: lots, or WAD of the asset."""

    account: AccountId
    size: int
    price: Wad
    is_reduce_only: bool = False


@dataclass(frozen=True)
class Cleared:
    """What became of a list of makers."""

    filled: tuple[int, ...]
    """Of each, in their order; 0 for one who was refused, and after a stop."""
    stop: Stop = None


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


def clear_conversion(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    account: AccountId,
    makings: Sequence[Making],
) -> tuple[State, Cleared]:
    """
    Sell an account's collateral to resting orders, in their order, for the USDC that it
    owes above what it may, without a fee.

    As ``spot_code.convert``, but for the buyers: a maker who can't be filled is passed
    over, and the first whose price is too low for a conversion ends the list. What was
    sold is judged in the end, as a sale at the lowest of the prices.
    """
    require_venue(state, caller, ORDER_VENUE)
    acc.require_user(account)
    instrument = instruments.SPOT + asset
    require_listed(state, instrument)
    require_tradable(state, instrument, now)
    quote = get_quote(state, instrument)
    if margin.is_diverging(quote):
        raise errors.PricesDiverge
    require_open(state, USDC)
    require_open(state, asset)
    for making in makings:
        require_size(state, instrument, making)
        if acc.get_owner(account) == acc.get_owner(making.account):
            raise errors.SameOwner
    state = accrue(accrue(state, asset, now), USDC, now)
    if margin.is_liquidatable(assess(state, account, now)):
        raise errors.NotConvertible
    if asset != conversion.get_best_collateral(state, account, now):
        raise errors.WrongCollateral
    if sum(making.size for making in makings) > get_held(state, account, asset):
        raise errors.InsufficientBalance
    before, reference = state, conversion.compute_reference(quote)
    state, cleared = sell(state, now, asset, account, makings, reference)

    sold = [
        (size, making.price)
        for size, making in zip(cleared.filled, makings, strict=True)
        if size > 0
    ]
    if sold:
        amount = Wad(sum(size for size, _ in sold))
        lowest = min(price for _, price in sold)
        is_discounted = lowest < reference
        if not conversion.is_convertible(before, account, is_discounted, now):
            raise errors.NotConvertible
        require_conversion(before, state, account, amount, lowest, is_discounted, now)
    return state, cleared


# In the order in which the above use them


def require_listed(state: State, instrument: int) -> None:
    """Refuse an instrument that nobody can trade."""
    if not is_spot(instrument):
        get_market(state, instrument)
        return
    asset = instruments.get_asset(instrument)
    if asset == USDC:
        raise errors.UnknownAsset
    get_asset(state, asset)


def require_tradable(state: State, instrument: int, now: Seconds) -> None:
    """Refuse an instrument without a fresh price."""
    if margin.is_stale(get_quote(state, instrument), now):
        raise errors.StalePrice


def get_quote(state: State, instrument: int) -> margin.Quote:
    """Return the prices of an instrument."""
    if is_spot(instrument):
        return state.assets[instruments.get_asset(instrument)].quote
    return state.markets[instrument].quote


def require_size(state: State, instrument: int, making: Making) -> None:
    """Refuse a size that no fill may have."""
    if making.size == 0:
        raise errors.ZeroAmount
    if is_spot(instrument):
        cost = mul_div_up(making.size, making.price, WAD)
        if max(making.size, cost) > MAX_AMOUNT:
            raise errors.AmountTooLarge
        return
    listed = state.markets[instrument]
    lots = Lots(making.size)
    notional = perpetual.compute_notional(lots, listed.lot, making.price)
    marked = perpetual.compute_notional(lots, listed.lot, listed.quote.slow)
    if lots > perpetual.MAX_LOTS or max(notional, marked) > MAX_AMOUNT:
        raise errors.AmountTooLarge


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
    lots = acc.get_position(get_account(state, account), instrument).lots
    return compute_worst_lots(lots, new) == compute_worst_lots(lots, old)


def get_reducible(
    state: State, account: AccountId, instrument: int, is_buy: bool, now: Seconds
) -> int:
    """
    Return how much an account may buy or sell without doing more than to close a
    position, or to repay or sell what it owes or holds of an asset.
    """
    require_listed(state, instrument)
    if is_spot(instrument):
        asset = instruments.get_asset(instrument)
        if is_buy:
            return get_owed(state, account, asset, now)
        return get_held(state, account, asset)
    lots = acc.get_position(get_account(state, account), instrument).lots
    return max(0, -lots if is_buy else lots)


def get_obstacle(state: State, instrument: int, now: Seconds) -> Stop:
    """Return why only what reduces both sides may be filled now, or none."""
    quote = get_quote(state, instrument)
    if not is_spot(instrument) and state.markets[instrument].is_paused:
        return errors.Paused
    if not is_spot(instrument) and margin.is_restricted(quote, now):
        return errors.ReduceOnly
    if margin.is_diverging(quote):
        return errors.PricesDiverge
    return None


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


def limit_size(
    state: State, instrument: int, making: Making, is_buy: bool, now: Seconds
) -> int:
    """Return how much of a resting order its maker's wish to reduce lets be filled."""
    if not making.is_reduce_only:
        return making.size
    return min(
        making.size, get_reducible(state, making.account, instrument, is_buy, now)
    )


def try_perp(
    state: State, now: Seconds, market: int, making: Making, is_buy: bool, lots: int
) -> tuple[State, Lots]:
    """Return ``state`` with a maker's side of a fill, and its size; 0 if refused."""
    account, price = making.account, making.price
    if lots == 0:
        return state, Lots(0)
    try:
        made = make_perp(state, now, market, account, is_buy, Lots(lots), price)
    except Revert:
        return state, Lots(0)
    return made, Lots(lots)


def try_spot(
    state: State, now: Seconds, asset: int, making: Making, is_buy: bool, size: int
) -> tuple[State, int]:
    """Return ``state`` with a maker's side of a fill, and its size; 0 if refused."""
    if size == 0:
        return state, 0
    account, price = making.account, making.price
    try:
        return make_spot(state, now, asset, account, is_buy, Wad(size), price), size
    except Revert:
        return state, 0


def sell(
    state: State,
    now: Seconds,
    asset: int,
    account: AccountId,
    makings: Sequence[Making],
    reference: Wad,
) -> tuple[State, Cleared]:
    """Return ``state`` with collateral sold at what it has to fetch, or better."""
    instrument = instruments.SPOT + asset
    least = conversion.compute_least_price(reference)
    filled: list[int] = []
    stop: Stop = None
    for making in makings:
        if making.price < least:
            stop = errors.PriceOutOfBand
        size = 0 if stop else limit_size(state, instrument, making, True, now)
        state, size = try_spot(state, now, asset, making, True, size)
        if size > 0:
            state = debit(state, account, asset, Wad(size))
            proceeds = Wad(mul_div_down(size, making.price, WAD))
            state = pay_debt(state, account, USDC, proceeds)
        filled.append(size)
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
