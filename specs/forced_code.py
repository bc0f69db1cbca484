"""
ForcedCode.

What the order book clears for an account that did not ask for it: its collateral is
converted, or resting orders fill a slice of it, which ``slice_code`` has opened.

Counterpart of ``contracts/ForcedCode.vy``.
"""

from collections.abc import Sequence
from dataclasses import replace

from specs import accounts as acc
from specs import conversion, errors, instruments, margin
from specs.accounts import USDC, AccountId, Address
from specs.authority import ORDER_VENUE, require_open, require_venue
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_down, mul_div_up
from specs.instruments import is_spot
from specs.makers import (
    Cleared,
    Making,
    Stop,
    get_obstacle,
    get_quote,
    get_reducible,
    limit_size,
    require_listed,
    require_size,
    require_tradable,
    try_perp,
    try_spot,
)
from specs.settlement import trade
from specs.slice_code import require_slice
from specs.slices import Slice
from specs.spot_code import require_conversion
from specs.state import (
    State,
    accrue,
    assess,
    debit,
    get_held,
    pay_debt,
)


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


def clear_slice(
    state: State,
    now: Seconds,
    caller: Address,
    instrument: int,
    account: AccountId,
    makings: Sequence[Making],
) -> tuple[State, Cleared]:
    """
    Fill resting orders, in their order, for the open slice of ``account``, without a
    taker's fee.

    A maker who can't be filled is passed over. The first whose price is beyond the
    slice's limit ends the list, and the first who would not reduce while the
    instrument's state wants that. The account is judged when the slice is closed.
    """
    require_venue(state, caller, ORDER_VENUE)
    opened = require_slice(state)
    if (opened.account, opened.instrument) != (account, instrument):
        raise errors.NoSlice
    for making in makings:
        require_size(state, instrument, making)
        if acc.get_owner(account) == acc.get_owner(making.account):
            raise errors.SameOwner
    if sum(making.size for making in makings) > opened.left:
        raise errors.AmountTooLarge
    obstacle = get_obstacle(state, instrument, now)
    filled: list[int] = []
    stop: Stop = None
    notional = 0
    for making in makings:
        size = limit_size(state, instrument, making, not opened.is_buy, now)
        is_beyond = is_worse(making.price, opened.limit, opened.is_buy)
        if is_beyond and not stop:
            stop = errors.PriceOutOfBand
        if obstacle and not stop:
            reducible = get_reducible(
                state, making.account, instrument, not opened.is_buy, now
            )
            if size > reducible:
                stop = obstacle
        state, size = fill_slice(state, now, opened, making, 0 if stop else size)
        notional += compute_worth(state, instrument, size, making.price)
        filled.append(size)
    done = replace(
        opened,
        left=opened.left - sum(filled),
        filled=opened.filled + sum(filled),
        notional=Wad(opened.notional + notional),
    )
    return replace(state, slice=done), Cleared(tuple(filled), stop)


# In the order in which the above use them


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


def is_worse(price: Wad, limit: Wad, is_buy: bool) -> bool:
    """Return whether a price is beyond a limit."""
    return price > limit if is_buy else price < limit


def fill_slice(
    state: State, now: Seconds, opened: Slice, making: Making, size: int
) -> tuple[State, int]:
    """
    Return ``state`` with a maker's side of a fill and the account's, and its size; 0 if
    the maker was refused. What the account buys repays its debt, what it sells pays its
    USDC debt, whatever its settings say; what it lacks of USDC it borrows.
    """
    account, price, is_buy = opened.account, making.price, opened.is_buy
    if not is_spot(opened.instrument):
        market = opened.instrument
        state, lots = try_perp(state, now, market, making, not is_buy, size)
        if lots > 0:
            signed = Lots(lots if is_buy else -lots)
            state = trade(state, market, account, signed, price)
        return state, lots
    asset = instruments.get_asset(opened.instrument)
    state, size = try_spot(state, now, asset, making, not is_buy, size)
    return (take_spot(state, opened, size, price), size) if size else (state, 0)


def take_spot(state: State, opened: Slice, size: int, price: Wad) -> State:
    """Return ``state`` with an account's side of a fill for a spot asset."""
    account, asset = opened.account, instruments.get_asset(opened.instrument)
    if opened.is_buy:
        state = pay_debt(state, account, asset, Wad(size))
        return debit(state, account, USDC, Wad(mul_div_up(size, price, WAD)))
    state = debit(state, account, asset, Wad(size))
    return pay_debt(state, account, USDC, Wad(mul_div_down(size, price, WAD)))


def compute_worth(state: State, instrument: int, size: int, price: Wad) -> int:
    """Return what a fill is worth at its price, rounded down."""
    if is_spot(instrument):
        return mul_div_down(size, price, WAD)
    return mul_div_down(size * state.markets[instrument].lot, price, WAD)
