# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Settlement
@license Apache-2.0
@notice Positions against their market's liquidity fund: trades, and the payment of
        what they gained or lost.
@dev Every function takes the USDC pool in memory, with its interest booked, and
     returns it changed; the root saves it.
@custom:spec specs/settlement.py
"""

from ..interfaces import IClearinghouse
from . import accounts
from . import errors
from . import fixed_point as fp
from . import liquidity_fund
from . import money_market
from . import packing
from . import perpetual
from . import state

uses: accounts
uses: money_market
uses: state

_LOW_128: constant(uint256) = 2**128 - 1


@internal
@view
def _funding_index(market: uint256) -> int256:
    """
    @notice Return the funding index of a market, WAD USDC per base unit.
    """
    return convert(convert(state.market_funding[market], bytes32), int256) >> 128


@internal
def _pay(market: uint256, gain: int256) -> int256:
    """
    @notice Return how much of `gain` the market's fund pays now, and take it from the
            fund and from the sums over all funds.
    """
    word: uint256 = state.market_fund[market]
    fund: int256 = convert(convert(word, bytes32), int256) >> 128
    cap: uint256 = word & _LOW_128
    paid: int256 = liquidity_fund._compute_payment(fund, cap, gain)
    if paid == 0:
        return 0
    left: int256 = fund - paid
    state.market_fund[market] = (packing._fit_signed(left, 128) << 128) | cap

    funds: uint256 = state.funds
    total: int256 = (convert(convert(funds, bytes32), int256) >> 128) - paid
    surplus: uint256 = (
        (funds & _LOW_128)
        + liquidity_fund._compute_surplus(left)
        - liquidity_fund._compute_surplus(fund)
    )
    state.funds = (packing._fit_signed(total, 128) << 128) | packing._fit(surplus, 128)
    return paid


@internal
def _change_usdc(
    account: uint256, pool: money_market.Pool, amount: int256
) -> money_market.Pool:
    """
    @notice Return the USDC pool with a signed amount credited or debited.
    """
    if amount >= 0:
        return money_market._credit(
            account, accounts.USDC, pool, convert(amount, uint256)
        )
    return money_market._debit(
        account, accounts.USDC, pool, convert(-amount, uint256)
    )


@internal
def _trade(
    market: uint256,
    account: uint256,
    lots: int256,
    lot: uint256,
    price: uint256,
    pool: money_market.Pool,
) -> money_market.Pool:
    """
    @notice Return the USDC pool after one side traded `lots` (signed) at `price`, its
            closed share realised as far as the fund pays.
    """
    word: uint256 = state.positions[account][market]
    held: int256 = perpetual._lots(word)
    size: int256 = 0
    basis: int256 = 0
    gain: int256 = 0
    size, basis, gain = perpetual._trade(
        held, perpetual._basis(word), lots, lot, price, self._funding_index(market)
    )
    assert (
        convert(abs(size), uint256) <= perpetual.MAX_LOTS
    ), errors.AMOUNT_TOO_LARGE

    grown: int256 = max(size, 0) - max(held, 0)
    if grown != 0:
        open_interest: int256 = convert(state.market_size[market], int256) + grown
        state.market_size[market] = packing._fit(convert(open_interest, uint256), 64)

    paid: int256 = self._pay(market, gain)
    accounts._write_position(
        account, market, word, perpetual._pack(size, basis + paid)
    )
    if gain != 0:
        log IClearinghouse.Realise(
            market=market,
            account=account,
            gain=gain,
            paid=paid,
            time=block.timestamp,
        )
    if paid == 0:
        return pool
    return self._change_usdc(account, pool, paid)


@internal
def _realise(
    market: uint256,
    account: uint256,
    lot: uint256,
    mark: uint256,
    pool: money_market.Pool,
) -> money_market.Pool:
    """
    @notice Return the USDC pool after an account's position was settled at mark: a
            loss in full, a gain as far as the fund pays.
    """
    word: uint256 = state.positions[account][market]
    lots: int256 = perpetual._lots(word)
    basis: int256 = perpetual._basis(word)
    gain: int256 = perpetual._compute_value(
        lots, basis, lot, mark, self._funding_index(market)
    )
    paid: int256 = self._pay(market, gain)
    if paid == 0:
        return pool
    accounts._write_position(
        account, market, word, perpetual._pack(lots, basis + paid)
    )
    log IClearinghouse.Realise(
        market=market,
        account=account,
        gain=gain,
        paid=paid,
        time=block.timestamp,
    )
    return self._change_usdc(account, pool, paid)


@internal
def _charge(
    account: uint256, pool: money_market.Pool, fee: uint256
) -> money_market.Pool:
    """
    @notice Return the USDC pool with a fee moved from the account to the reserve.
    """
    if fee == 0:
        return pool
    return money_market._credit_reserve(
        money_market._debit(account, accounts.USDC, pool, fee), fee
    )


@internal
@pure
def _fee(notional: uint256, risk: uint256, is_maker: bool) -> uint256:
    """
    @notice Return a side's fee on `notional`, rounded up, from a risk word.
    """
    offset: uint256 = 128 if is_maker else 152
    return fp._mul_div_up(notional, (risk >> offset) & (2**24 - 1), fp.PPM)
