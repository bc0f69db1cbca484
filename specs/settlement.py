"""
Settlement.

Positions against their market's liquidity fund: trades, and the payment of what they
gained or lost, in accrued USDC.

Counterpart of ``contracts/modules/settlement.vy``.
"""

from dataclasses import replace

from specs import accounts as acc
from specs import errors, liquidity_fund, money_market, perpetual
from specs.accounts import USDC, AccountId
from specs.fixed_point import PPM, Lots, Wad, mul_div_up
from specs.state import (
    Fees,
    State,
    credit,
    debit,
    get_account,
    with_account,
    with_market,
    with_pool,
)


def trade(
    state: State, market: int, account: AccountId, lots: Lots, price: Wad
) -> State:
    """
    Return ``state`` with ``lots`` (signed) traded by one side, and its closed
    share realised at ``price`` as far as the fund pays.
    """
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
    state = with_market(state, market, listed)
    state = with_account(state, account, acc.with_position(held, market, position))
    return change_usdc(state, account, paid)


def realise_one(state: State, market: int, account: AccountId) -> State:
    """Return ``state`` with one account's position settled at mark."""
    listed = state.markets[market]
    held = get_account(state, account)
    position = acc.get_position(held, market)
    gain = perpetual.compute_value(
        position, listed.lot, listed.quote.slow, listed.funding.index
    )
    fund, paid = liquidity_fund.pay(listed.fund, gain)
    if paid == 0:
        return state
    changed = acc.with_position(held, market, perpetual.settle(position, paid))
    state = with_market(state, market, replace(listed, fund=fund))
    return change_usdc(with_account(state, account, changed), account, paid)


def change_usdc(state: State, account: AccountId, amount: int) -> State:
    """Return ``state`` with a signed amount of accrued USDC credited or debited."""
    if amount >= 0:
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


def split_fees(fees: Fees, maker_is_buyer: bool) -> tuple[int, int]:
    """Return the buyer's and the seller's fee."""
    if maker_is_buyer:
        return fees.maker, fees.taker
    return fees.taker, fees.maker


def compute_fee(notional: Wad, fee: int) -> Wad:
    """Return a fee on ``notional``, rounded up."""
    return Wad(mul_div_up(notional, fee, PPM))
