"""
ForcedCode.

What the order book clears for an account that did not ask for it: its collateral is
converted, or below maintenance margin it is reduced, slice by slice.

Counterpart of ``contracts/ForcedCode.vy``.
"""

from collections.abc import Sequence
from dataclasses import replace

from specs import accounts as acc
from specs import conversion, distress, errors, instruments, margin, slices
from specs.accounts import USDC, AccountId, Address
from specs.authority import LIQUIDATION_VENUE, ORDER_VENUE, require_open, require_venue
from specs.bankruptcy import use_idle
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_down, mul_div_up
from specs.instruments import is_spot
from specs.legs import get_legs
from specs.liquidation_code import accrue_debts, realise_fresh
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
from specs.requirements import compute_maintenance_margin
from specs.settlement import trade
from specs.slices import Slice
from specs.spot_code import require_conversion
from specs.state import (
    State,
    accrue,
    assess,
    credit,
    debit,
    get_account,
    get_held,
    get_owed,
    pay_debt,
    with_account,
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


# Liquidation


def flag(state: State, now: Seconds, caller: Address, account: AccountId) -> State:
    """
    Note that an account is due for liquidation; anyone may. In a later block it is
    liquidated whatever block its prices are of. A flag that still counts stays.
    """
    acc.require_user(account)
    state = accrue_debts(state, account, now)
    if not margin.is_due_now(assess(state, account, now)):
        raise errors.NotLiquidatable
    held = get_account(state, account)
    flagged = replace(held, distress=distress.flag(held.distress, now))
    return with_account(state, account, flagged)


def can_flag(state: State, account: AccountId, now: Seconds) -> bool:
    """
    Return whether a flag would be noted: of an account that is due and has none that
    counts; on interest as last accrued, which ``flag`` brings to date.
    """
    noted = get_account(state, account).distress
    is_due = margin.is_due_now(assess(state, account, now))
    is_new = distress.flag(noted, now) != noted
    return is_due and is_new


def open_slice(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    instrument: int,
) -> tuple[State, Slice]:
    """
    Open a slice of ``account``: what may be closed on the book within this transaction
    of a position, of a debt, or of a USDC debt by selling the best collateral.

    Refused unless the account is below maintenance margin, or below initial margin and
    was sold from lately; by prices of an earlier block or flagged in one; with orders
    on the book, which are cancelled first; and without equity, when a price that
    improves it can't be had: then providers take it over. Its profit and loss is
    realised first.
    """
    require_venue(state, caller, LIQUIDATION_VENUE)
    acc.require_user(account)
    require_listed(state, instrument)
    require_tradable(state, instrument, now)
    state = accrue_debts(state, account, now)
    health = assess(state, account, now)
    require_start(state, account, health, now)
    if get_account(state, account).orders:
        raise errors.OrdersOpen
    if health.equity <= 0:
        raise errors.NoEquity

    state = realise_fresh(state, account, now)
    state = use_idle(state, account)
    opened = compute_slice(state, account, instrument, health, now)
    return replace(state, slice=opened), opened


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


def close_slice(
    state: State, now: Seconds, caller: Address, reward: AccountId
) -> tuple[State, Slice, Wad]:
    """
    Close the open slice: charge its fee, half of it to ``reward`` and the rest to the
    backstop fund, all to the fund if ``reward`` is 0; return it and the fee.

    Refused if the account's maintenance margin rose or its equity over it fell. Nobody
    is rewarded for an account of his own.
    """
    require_venue(state, caller, LIQUIDATION_VENUE)
    closed = require_slice(state)
    account = closed.account
    state = replace(state, slice=None)
    if reward != 0:
        acc.require_user(reward)
        if acc.get_owner(reward) == acc.get_owner(account):
            raise errors.SameOwner
    if closed.filled == 0:
        return state, closed, Wad(0)
    fee = slices.compute_fee(closed.notional, closed.fee)
    share = Wad(fee // 2 if reward != 0 else 0)
    state = debit(state, account, USDC, fee)
    if share > 0:
        state = credit(state, reward, USDC, share)
    state = credit(state, acc.BACKSTOP_FUND, USDC, Wad(fee - share))
    if not slices.is_improved(closed.before, assess(state, account, now)):
        raise errors.NotImproved
    held = get_account(state, account)
    noted = replace(held.distress, sliced_at=now)
    return with_account(state, account, replace(held, distress=noted)), closed, fee


def is_startable(
    state: State, account: AccountId, health: margin.Health, now: Seconds
) -> bool:
    """
    Return whether an account's health lets a slice of it start, or go on: below initial
    margin after another one, so that it does not stop at the brink.
    """
    if margin.is_due_now(health):
        return True
    noted = get_account(state, account).distress
    end = slices.compute_end(tuple(get_legs(state, account, now).values()))
    return distress.is_going_on(noted, now) and health.equity < end


def can_slice(state: State, account: AccountId, now: Seconds) -> bool:
    """
    Return whether a slice of some leg of the account could be opened once its orders
    are cancelled; on interest as last accrued, which ``open_slice`` brings to date.
    """
    health = assess(state, account, now)
    noted = get_account(state, account).distress
    return (
        is_startable(state, account, health, now)
        and distress.was_due(noted, health.priced_at, now)
        and health.equity > 0
    )


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


def require_start(
    state: State, account: AccountId, health: margin.Health, now: Seconds
) -> None:
    """Refuse a slice that may neither start nor go on, or not in this block."""
    if not is_startable(state, account, health, now):
        raise errors.NotLiquidatable
    noted = get_account(state, account).distress
    if not distress.was_due(noted, health.priced_at, now):
        raise errors.PriceTooFresh


def compute_slice(
    state: State,
    account: AccountId,
    instrument: int,
    health: margin.Health,
    now: Seconds,
) -> Slice:
    """Return what a slice may close of a leg, and at which limit and fee."""
    legs = get_legs(state, account, now)
    key, is_buy = find_leg(state, account, instrument, now)
    leg = legs[key]
    borrowed = Wad(0)
    if is_spot(instrument) and is_buy:
        usdc, _ = legs[instruments.SPOT + USDC]
        borrowed = compute_maintenance_margin(usdc, leg[1])
    ratio = slices.compute_ratio(health, leg, borrowed)
    mark = get_quote(state, instrument).slow
    limit = slices.compute_limit(mark, ratio, is_buy)
    rate = slices.compute_fee_rate(ratio)
    held = get_closable(state, account, instrument, is_buy, limit, now)
    if held == 0:
        raise errors.NothingToReduce
    index = list(legs).index(key)
    cost = Wad(ratio // 2 + rate)
    parts = slices.compute_parts(health.equity, cost, tuple(legs.values()), index)
    least = compute_least(state, instrument, mark)
    most = slices.compute_most(held, parts, least)
    return Slice(account, instrument, is_buy, held, most, limit, rate, health)


def find_leg(
    state: State, account: AccountId, instrument: int, now: Seconds
) -> tuple[int, bool]:
    """
    Return the leg that trading an instrument closes, and whether by buying: a position,
    a debt in the asset, or the USDC debt if the asset is the best collateral.
    """
    if not is_spot(instrument):
        lots = acc.get_position(get_account(state, account), instrument).lots
        if lots == 0:
            raise errors.NothingToReduce
        return instrument, lots < 0
    asset = instruments.get_asset(instrument)
    if get_owed(state, account, asset, now) > 0:
        return instrument, True
    if asset != conversion.get_best_collateral(state, account, now):
        raise errors.WrongCollateral
    if get_owed(state, account, USDC, now) == 0:
        raise errors.NothingToReduce
    return instruments.SPOT + USDC, False


def get_closable(
    state: State,
    account: AccountId,
    instrument: int,
    is_buy: bool,
    limit: Wad,
    now: Seconds,
) -> int:
    """
    Return how much of an instrument can be traded without more than closing the leg:
    of collateral what pays the USDC debt at the limit, rounded up, if it is there.
    """
    if not is_spot(instrument):
        return abs(acc.get_position(get_account(state, account), instrument).lots)
    asset = instruments.get_asset(instrument)
    if is_buy:
        return get_owed(state, account, asset, now)
    needed = mul_div_up(get_owed(state, account, USDC, now), WAD, limit)
    return min(get_held(state, account, asset), needed)


def compute_least(state: State, instrument: int, mark: Wad) -> int:
    """Return the least size of a slice, in what the instrument counts, rounded up."""
    amount = mul_div_up(slices.MIN_SLICE, WAD, mark)
    if is_spot(instrument):
        return amount
    return mul_div_up(amount, 1, state.markets[instrument].lot)


def require_slice(state: State) -> Slice:
    """Return the open slice; refuse if there is none."""
    if state.slice is None:
        raise errors.NoSlice
    return state.slice


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
