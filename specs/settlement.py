"""
Settlement.

Positions against their market's liquidity fund: trades, and the payment of what they
gained or lost, in accrued USDC. Whatever touches a position first closes what epochs
of auto-deleveraging (``deleveraging``) have yet to close of it.

Counterpart of ``contracts/modules/settlement.vy``.
"""

from dataclasses import replace

from specs import accounts as acc
from specs import (
    deleveraging,
    errors,
    liquidity_fund,
    money_market,
    perpetual,
    virtual_pnl,
)
from specs.accounts import USDC, Account, AccountId
from specs.fixed_point import PPM, Lots, Wad, mul_div_up
from specs.perpetual import Position
from specs.state import (
    Market,
    State,
    credit,
    debit,
    get_account,
    is_at_mark,
    with_account,
    with_market,
    with_pool,
)


def trade(
    state: State, market: int, account: AccountId, lots: Lots, price: Wad
) -> State:
    """
    Return ``state`` with ``lots`` (signed) traded by one side, after its epochs; refuse
    a position that has more of them before it than one touch applies.
    """
    return trade_touched(touch(state, market, account), market, account, lots, price)


def trade_touched(
    state: State, market: int, account: AccountId, lots: Lots, price: Wad
) -> State:
    """Return ``state`` with ``lots`` traded by a side that has been touched before."""
    if is_behind(state, market, account):
        raise errors.EpochsPending
    epoch = len(state.markets[market].epochs)
    return exchange(state, market, account, lots, price, epoch)


def is_behind(state: State, market: int, account: AccountId) -> bool:
    """Return whether a position has epochs before it."""
    position = acc.get_position(get_account(state, account), market)
    return position.lots != 0 and position.epoch < len(state.markets[market].epochs)


def touch(state: State, market: int, account: AccountId) -> State:
    """Return ``state`` with a position's epochs applied, as many as a touch does."""
    for _ in range(deleveraging.MAX_EPOCHS):
        if is_behind(state, market, account):
            state = meet_next(state, market, account)
    return state


def meet_next(state: State, market: int, account: AccountId) -> State:
    """
    Return ``state`` with a position's next epoch applied: what it closes is traded with
    the market's inventory, which pays and gets the same.
    """
    listed = state.markets[market]
    held = get_account(state, account)
    position = acc.get_position(held, market)
    epoch = listed.epochs[position.epoch]
    position = replace(position, epoch=position.epoch + 1)
    state = with_account(state, account, acc.with_position(held, market, position))
    if not deleveraging.reduces(epoch, position.lots):
        return state
    closed = deleveraging.compute_closed(epoch, position.lots)
    met = deleveraging.meet(epoch, position.lots)
    earlier, later = (
        listed.epochs[: position.epoch - 1],
        listed.epochs[position.epoch :],
    )
    listed = replace(listed, epochs=(*earlier, met, *later))
    state = with_market(state, market, listed)
    if closed == 0:
        return state
    lots = Lots(-closed if position.lots > 0 else closed)
    price = deleveraging.compute_closing_price(epoch, listed.funding.index)
    state = exchange(state, market, account, lots, price, position.epoch)
    return trade_inventory(state, market, Lots(-lots), price)


def trade_inventory(state: State, market: int, lots: Lots, price: Wad) -> State:
    """
    Return ``state`` with the inventory on the other side of a trade of ``-lots``, at
    its cost to the wei: all bases together stay what they were.
    """
    listed = state.markets[market]
    old, index = listed.inventory, listed.funding.index
    cost = perpetual.compute_cost(Lots(-lots), listed.lot, price, index)
    new = replace(old, lots=Lots(old.lots + lots), basis=old.basis - cost)
    grown = max(0, new.lots) - max(0, old.lots)
    listed = replace(
        listed, inventory=new, open_interest=Lots(listed.open_interest + grown)
    )
    return with_market(state, market, listed)


def exchange(
    state: State, market: int, account: AccountId, lots: Lots, price: Wad, epoch: int
) -> State:
    """
    Return ``state`` with ``lots`` (signed) traded by one side, and its closed share
    realised at ``price`` as far as the fund pays; what it holds then has met ``epoch``
    epochs.

    Interest on what was unrealised is settled first. A close that is paid keeps the
    entry tick of what is left; whatever else moves the entry gives a new one.
    """
    state = settle_interest(state, market, account)
    listed = state.markets[market]
    held = get_account(state, account)
    old = acc.get_position(held, market)
    traded = perpetual.trade(old, lots, listed.lot, price, listed.funding.index)
    if abs(traded.position.lots) > perpetual.MAX_LOTS:
        raise errors.AmountTooLarge
    fund, paid = liquidity_fund.pay(listed.fund, traded.gain)
    grown = max(0, traded.position.lots) - max(0, old.lots)
    listed = replace(
        listed, fund=fund, open_interest=Lots(listed.open_interest + grown)
    )
    position = perpetual.settle(traded.position, paid)
    position = replace(position, epoch=epoch if position.lots else 0)
    keeps = perpetual.is_reduction(old.lots, lots) and paid == traded.gain
    if not (keeps and old.entry is not None and fits(listed, held, position)):
        position = enter(listed, held, position)
    state = with_market(state, market, listed)
    state = with_account(state, account, acc.with_position(held, market, position))
    return change_usdc(state, account, paid)


def realise_one(state: State, market: int, account: AccountId) -> State:
    """
    Return ``state`` with one account's position settled at mark, after the interest
    on what was unrealised; a position outside the tick set enters it if it may.
    """
    state = settle_interest(touch(state, market, account), market, account)
    listed = state.markets[market]
    held = get_account(state, account)
    position = acc.get_position(held, market)
    if position == perpetual.FLAT:
        return state
    gain = perpetual.compute_value(
        position, listed.lot, listed.quote.slow, listed.funding.index
    )
    fund, paid = liquidity_fund.pay(listed.fund, gain)
    position = perpetual.settle(position, paid)
    position = enter(listed, held, position)
    state = with_market(state, market, replace(listed, fund=fund))
    state = with_account(state, account, acc.with_position(held, market, position))
    return change_usdc(state, account, paid)


def settle_interest(state: State, market: int, account: AccountId) -> State:
    """
    Return ``state`` with the interest that a position has earned and owes moved from
    the pool's totals to the account's USDC.
    """
    held = get_account(state, account)
    position = acc.get_position(held, market)
    lend, borrow = virtual_pnl.compute_interest(
        position.pending_lend, position.pending_borrow
    )
    if position.entry is None:
        return state
    pool = state.assets[USDC].pool
    worth = virtual_pnl.compute_worth(lend, borrow, pool.lend_index, pool.borrow_index)
    pool = replace(pool, lends=pool.lends - lend, borrows=max(0, pool.borrows - borrow))
    settled = acc.with_position(held, market, virtual_pnl.settle(position))
    state = with_account(with_pool(state, USDC, pool), account, settled)
    return change_usdc(state, account, worth)


def enter(listed: Market, account: Account, position: Position) -> Position:
    """
    Return a settled position at the entry tick of its cost; outside the tick set if
    it does not fit or the cursor is not at mark.
    """
    if not (fits(listed, account, position) and is_at_mark(listed)):
        return replace(position, entry=None)
    entry = virtual_pnl.compute_entry(position, listed.lot, listed.funding.index)
    return replace(position, entry=entry)


def fits(listed: Market, account: Account, position: Position) -> bool:
    """
    Return whether a position is one for the tick set: large enough, of an account
    that leaves its profit and loss unrealised.
    """
    is_large = abs(position.lots) >= max(1, listed.limits.min_lots)
    return is_large and not account.settings.auto_realize


def change_usdc(state: State, account: AccountId, amount: int) -> State:
    """Return ``state`` with a signed amount of accrued USDC credited or debited."""
    if amount == 0:
        return state
    if amount > 0:
        return credit(state, account, USDC, Wad(amount))
    return debit(state, account, USDC, Wad(-amount))


def charge(state: State, account: AccountId, fee: Wad) -> State:
    """Return ``state`` with a fee moved from the account to the reserve."""
    if fee == 0:
        return state
    return credit_reserve(debit(state, account, USDC, fee), fee)


def credit_reserve(state: State, amount: Wad) -> State:
    """Return ``state`` with ``amount`` of USDC credited to the reserve."""
    pool = money_market.credit_reserve(state.assets[USDC].pool, amount)
    return with_pool(state, USDC, pool)


def compute_fee(notional: Wad, fee: int) -> Wad:
    """Return a fee on ``notional``, rounded up."""
    return Wad(mul_div_up(notional, fee, PPM))
