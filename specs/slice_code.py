"""
SliceCode.

Below maintenance margin an account is flagged, and reduced on the order book slice by
slice: here slices are opened and closed. ``forced_code`` fills them.

Counterpart of ``contracts/SliceCode.vy``.
"""

from dataclasses import replace

from specs import accounts as acc
from specs import conversion, distress, errors, instruments, margin, slices
from specs.accounts import USDC, AccountId, Address
from specs.authority import LIQUIDATION_VENUE, require_venue
from specs.bankruptcy import use_idle
from specs.fixed_point import WAD, Seconds, Wad, mul_div_up
from specs.instruments import is_spot
from specs.legs import get_legs
from specs.liquidation_code import accrue_debts, realise_fresh
from specs.makers import (
    get_quote,
    require_listed,
    require_tradable,
)
from specs.requirements import compute_maintenance_margin
from specs.slices import Slice
from specs.state import (
    State,
    assess,
    credit,
    debit,
    get_account,
    get_held,
    get_owed,
    with_account,
)


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
