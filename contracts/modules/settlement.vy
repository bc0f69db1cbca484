# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Settlement
@license Apache-2.0
@notice Positions against their market's liquidity fund: trades, the payment of what
        they gained or lost, and of the interest on what they had not realised.
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
from . import tick_set
from . import virtual_pnl

uses: accounts
uses: money_market
uses: state
uses: tick_set
uses: virtual_pnl

_LOW_32: constant(uint256) = 2**32 - 1
_LOW_64: constant(uint256) = 2**64 - 1
_LOW_112: constant(uint256) = 2**112 - 1
_LOW_128: constant(uint256) = 2**128 - 1
_LOW_144: constant(uint256) = 2**144 - 1


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
    if gain == 0:
        return 0
    word: uint256 = state.market_fund[market]
    fund: int256 = packing._get_signed(word, 144, 112)
    cap: uint256 = (word & _LOW_32) * fp.WAD
    paid: int256 = liquidity_fund._compute_payment(fund, cap, gain)
    if paid == 0:
        return 0
    spread: int256 = packing._get_signed(word, 32, 112)
    left: int256 = fund - paid
    state.market_fund[market] = (packing._fit_signed(left, 112) << 144) | (
        word & _LOW_144
    )
    self._add_to_funds(-paid, fund + spread, left + spread)
    return paid


@internal
def _add_to_funds(more: int256, before: int256, after: int256):
    """
    @notice Add to the sum of all funds, and change by how much one of them exceeds
            what its market's gains exceed its losses by.
    """
    funds: uint256 = state.funds
    total: int256 = packing._get_signed(funds, 128, 128) + more
    rest: uint256 = (
        (funds & _LOW_128)
        + liquidity_fund._compute_surplus(after)
        - liquidity_fund._compute_surplus(before)
    )
    state.funds = (packing._fit_signed(total, 128) << 128) | packing._fit(rest, 128)


@internal
def _rebook(market: uint256, exponent: uint256, winners: uint256, losers: uint256):
    """
    @notice Bring the sums over markets to what its winners have gained and its losers
            lost now, when it was `winners` and `losers` before.
    """
    new_winners: uint256 = 0
    new_losers: uint256 = 0
    new_winners, new_losers = tick_set._gains(market, exponent)
    if new_winners == winners and new_losers == losers:
        return
    virtuals: uint256 = state.virtuals
    state.virtuals = (
        packing._fit((virtuals >> 128) + new_winners - winners, 128) << 128
    ) | packing._fit((virtuals & _LOW_128) + new_losers - losers, 128)

    word: uint256 = state.market_fund[market]
    fund: int256 = packing._get_signed(word, 144, 112)
    spread: int256 = packing._get_signed(word, 32, 112)
    new_spread: int256 = convert(new_losers, int256) - convert(new_winners, int256)
    if new_spread == spread:
        return
    state.market_fund[market] = (word & ~(_LOW_112 << 32)) | (
        packing._fit_signed(new_spread, 112) << 32
    )
    self._add_to_funds(0, fund + spread, fund + new_spread)


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
    risk: uint256,
    price: uint256,
    pool: money_market.Pool,
) -> money_market.Pool:
    """
    @notice Return the USDC pool after one side traded `lots` (signed) at `price`, its
            closed share realised as far as the fund pays, and the interest on what was
            unrealised settled before. Refused if epochs are before the position.
    @dev A close that is paid keeps the entry tick of what is left.
    """
    word: uint256 = state.positions[account][market]
    assert risk >> perpetual.EPOCHS == 0 or not perpetual._is_behind(
        word, risk
    ), errors.EPOCHS_PENDING
    changed: money_market.Pool = self._settle_interest(
        market, account, word, risk, pool
    )
    held: int256 = perpetual._lots(word)
    entry: uint256 = perpetual._entry(word)
    index: int256 = self._funding_index(market)
    size: int256 = 0
    basis: int256 = 0
    gain: int256 = 0
    size, basis, gain = perpetual._trade(
        held, perpetual._basis(word), lots, perpetual._lot(risk), price, index
    )
    assert (
        convert(abs(size), uint256) <= perpetual.MAX_LOTS
    ), errors.AMOUNT_TOO_LARGE

    grown: int256 = max(size, 0) - max(held, 0)
    if grown != 0:
        sums: uint256 = state.market_size[market]
        open_interest: int256 = convert(sums & _LOW_64, int256) + grown
        state.market_size[market] = (sums & ~_LOW_64) | packing._fit(
            convert(open_interest, uint256), 64
        )

    paid: int256 = self._pay(market, gain)
    basis += paid
    new_entry: uint256 = 0
    if self._fits(account, market, size):
        if entry != 0 and paid == gain and perpetual._is_reduction(held, lots):
            new_entry = entry
        else:
            new_entry = self._new_entry(market, size, basis, risk, index)
    self._move(market, account, risk, held, entry, size, new_entry, changed)
    if size != 0:
        new_entry |= (risk >> perpetual.EPOCHS) << 24
    accounts._write_position(
        account, market, word, perpetual._pack(size, basis) | new_entry
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
        return changed
    return self._change_usdc(account, changed, paid)


@internal
def _realise(
    market: uint256,
    account: uint256,
    risk: uint256,
    mark: uint256,
    pool: money_market.Pool,
) -> money_market.Pool:
    """
    @notice Return the USDC pool after an account's position was settled at mark: its
            interest first, then a loss in full and a gain as far as the fund pays.
    """
    word: uint256 = state.positions[account][market]
    if word == 0:
        return pool
    changed: money_market.Pool = self._settle_interest(
        market, account, word, risk, pool
    )
    lots: int256 = perpetual._lots(word)
    basis: int256 = perpetual._basis(word)
    entry: uint256 = perpetual._entry(word)
    index: int256 = self._funding_index(market)
    gain: int256 = perpetual._compute_value(
        lots, basis, perpetual._lot(risk), mark, index
    )
    paid: int256 = self._pay(market, gain)
    basis += paid
    new_entry: uint256 = 0
    if self._fits(account, market, lots):
        new_entry = self._new_entry(market, lots, basis, risk, index)
    self._move(market, account, risk, lots, entry, lots, new_entry, changed)
    new_word: uint256 = (
        perpetual._pack(lots, basis) | (word & perpetual.EPOCHS_MET) | new_entry
    )
    if new_word != word:
        accounts._write_position(account, market, word, new_word)
    if paid == 0:
        return changed
    log IClearinghouse.Realise(
        market=market,
        account=account,
        gain=gain,
        paid=paid,
        time=block.timestamp,
    )
    return self._change_usdc(account, changed, paid)


@internal
def _settle_interest(
    market: uint256,
    account: uint256,
    word: uint256,
    risk: uint256,
    pool: money_market.Pool,
) -> money_market.Pool:
    """
    @notice Return the USDC pool after the interest that a position inside the tick set
            has earned and owes went from the pool's totals to the account.
    """
    if perpetual._entry(word) == 0:
        return pool
    earned: int256 = 0
    owed: uint256 = 0
    earned, owed = virtual_pnl._pending(
        account,
        market,
        word,
        virtual_pnl._exponent(risk),
        pool.lend_index,
        pool.borrow_index,
    )
    if earned == 0 and owed == 0:
        return pool
    changed: money_market.Pool = pool
    changed.lends -= earned
    changed.borrows -= min(owed, pool.borrows)
    worth: int256 = virtual_pnl._worth(
        earned, owed, pool.lend_index, pool.borrow_index
    )
    log IClearinghouse.InterestSettled(
        market=market,
        account=account,
        earned=fp._signed_mul_div_down(earned, pool.lend_index, fp.RAY),
        owed=fp._mul_div_up(owed, pool.borrow_index, fp.RAY),
        time=block.timestamp,
    )
    return self._change_usdc(account, changed, worth)


@internal
@view
def _fits(account: uint256, market: uint256, lots: int256) -> bool:
    """
    @notice Return whether a position is one for the tick set: large enough, of an
            account that leaves its profit and loss unrealised.
    """
    if lots == 0 or accounts._is_auto_realizing(state.headers[account]):
        return False
    least: uint256 = (state.market_limits[market] >> 96) & _LOW_32
    return convert(abs(lots), uint256) >= least


@internal
@view
def _new_entry(
    market: uint256, lots: int256, basis: int256, risk: uint256, index: int256
) -> uint256:
    """
    @notice Return the entry tick of a position's cost, plus one; 0 if the cursor is not
            at mark.
    """
    if not virtual_pnl._is_at_mark(market):
        return 0
    exponent: uint256 = virtual_pnl._exponent(risk)
    return virtual_pnl._compute_entry(lots, basis, exponent, index) + 1


@internal
def _move(
    market: uint256,
    account: uint256,
    risk: uint256,
    held: int256,
    entry: uint256,
    lots: int256,
    new_entry: uint256,
    pool: money_market.Pool,
):
    """
    @notice Move a position between entry ticks and bring the sums over markets along.
    """
    if entry == 0 and new_entry == 0:
        return
    exponent: uint256 = virtual_pnl._exponent(risk)
    winners: uint256 = 0
    losers: uint256 = 0
    winners, losers = tick_set._gains(market, exponent)
    virtual_pnl._move(
        account,
        market,
        held,
        entry,
        lots,
        new_entry,
        pool.lend_index,
        pool.borrow_index,
    )
    self._rebook(market, exponent, winners, losers)


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
