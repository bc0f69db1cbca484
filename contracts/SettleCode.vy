# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title SettleCode
@license Apache-2.0
@notice The clock: takes the oracle's prices over, books interest and funding, and
        settles profit, loss and deficits; a code body behind the Clearinghouse's
        address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nothing is listed.
@custom:spec specs/settle_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import bankruptcy
from .modules import dynamic_margin
from .modules import errors
from .modules import fixed_point as fp
from .modules import funding
from .modules import margin
from .modules import money_market
from .modules import packing
from .modules import perpetual
from .modules import positions
from .modules import settlement
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl
from .modules import weights

initializes: state
initializes: accounts[state := state]
initializes: positions[state := state]
initializes: tick_set[state := state]
initializes: virtual_pnl[state := state, tick_set := tick_set]
initializes: money_market[accounts := accounts, state := state]
initializes: settlement[
    accounts := accounts,
    money_market := money_market,
    state := state,
    tick_set := tick_set,
    virtual_pnl := virtual_pnl,
]
initializes: bankruptcy[money_market := money_market, state := state]


# What a tick reads of the oracle: slow and fast index with their time and the variance
# of returns, and the mark with its premium and time; times are the blocks' in which they
# were published.
interface PriceOracle:
    def feed(asset: uint256) -> (uint256, uint256, uint256, uint256): view
    def mark(market: uint256) -> (uint256, int256, uint256): view


LIQUIDATION_VENUE: constant(uint256) = 2
MAX_LISTED: constant(uint256) = 32
# Seconds, for which one tick raises maintenance margin at most.
_MAX_RAMP: constant(uint256) = 60
_LOW_16: constant(uint256) = 2**16 - 1
_LOW_32: constant(uint256) = 2**32 - 1
_LOW_64: constant(uint256) = 2**64 - 1

ORACLE: immutable(PriceOracle)


@deploy
def __init__(oracle: PriceOracle, trade_code: address):
    """
    @notice Fix the oracle whose prices every tick takes over, and the body that settles
            positions.
    """
    ORACLE = oracle
    positions.__init__(trade_code)


@external
def tick(
    assets: DynArray[uint256, MAX_LISTED],
    markets: DynArray[uint256, MAX_LISTED],
    crossings: uint256,
):
    """
    @notice Take the oracle's prices over for `assets` and `markets`; anyone may.
    @dev A price that is not newer than the stored one changes nothing. USDC interest
         and funding are booked at the prices that held until now. Then each market's
         cursor moves to its mark; another call goes on where this one stops.
    @param crossings How many entry ticks each market's cursor may cross, at least one.
    """
    assert crossings != 0, errors.ZERO_AMOUNT
    money_market._accrue(accounts.USDC)
    pool: money_market.Pool = money_market._load(accounts.USDC)
    for asset: uint256 in assets:
        self._take_price(asset)
    for market: uint256 in markets:
        self._take_mark(market)
        self._move_cursor(market, crossings, pool.lend_index, pool.borrow_index)


@external
def realise(market: uint256, batch: DynArray[uint256, positions.MAX_BATCH]):
    """
    @notice Settle what positions have gained or lost at mark, for whoever may have it
            so: the owner and who may trade for it; anyone for accounts that chose it,
            outside the tick set, for claims, and beyond the market's thresholds.
            Whatever epochs of auto-deleveraging have yet to close is closed, whoever
            asks.
    @dev Other accounts, those without a position and the inventory are passed over, and
         none can make another fail: a loss that the account does not hold in USDC is borrowed, from
         no cash.
    """
    risk: uint256 = state.market_risk[market]
    assert risk != 0, errors.UNKNOWN_MARKET
    quote: margin.Quote = margin._quote(state.market_quote[market])
    assert not margin._is_stale(quote), errors.STALE_PRICE
    money_market._accrue(accounts.USDC)
    cull: uint256 = state.market_cull[market]
    winners: uint256 = 0
    losers: uint256 = 0
    winners, losers = tick_set._gains(market, virtual_pnl._exponent(risk))
    is_culled: bool = self._is_reached(winners, (cull >> 64) & _LOW_64)
    due: DynArray[uint256, positions.MAX_BATCH] = []
    for account: uint256 in batch:
        # What epochs have yet to close is nobody's, and they alone change it.
        if account == accounts.INVENTORY:
            continue
        positions._touch(market, account, risk)
        if state.positions[account][market] == 0:
            continue
        if is_culled or self._may_realise(
            market, account, risk, quote.slow, (cull >> 128) & _LOW_64
        ):
            due.append(account)
    if len(due) == 0:
        return
    positions._realise(market, due)
    log IClearinghouse.BatchRealised(
        market=market, accounts=due, time=block.timestamp
    )


@external
def close_takeover() -> bool:
    """
    @notice Close the open takeover. An account that has nothing but a USDC debt is
            written off: the backstop fund pays first, then the reserve, then the
            lenders, or the pool halts.
    @return Whether any of it was paid, or the pool halted for it.
    """
    assert state.venues[msg.sender] & LIQUIDATION_VENUE != 0, errors.NOT_VENUE
    account: uint256 = state.takeover_account
    assert account != 0, errors.NO_TAKEOVER
    state.takeover_account = 0
    state.takeover_discount = 0
    state.takeover_deficit = 0
    state.takeover_ratio = 0
    state.takeover_may_deleverage = False
    bankruptcy._use_idle(account)
    if not bankruptcy._is_bankrupt(account):
        return False
    return bankruptcy._write_off(account)


@internal
@view
def _may_realise(
    market: uint256, account: uint256, risk: uint256, mark: uint256, threshold: uint256
) -> bool:
    """
    @notice Return whether the caller may realise an account.
    @param threshold Gain or loss from which anyone may, in 10**12 wei; 0 for none.
    """
    word: uint256 = state.positions[account][market]
    if perpetual._entry(word) == 0 or accounts._is_auto_realizing(
        state.headers[account]
    ):
        return True
    if accounts._is_authorised(account, msg.sender, accounts.TRADE):
        return True
    value: int256 = perpetual._compute_value(
        perpetual._lots(word),
        perpetual._basis(word),
        perpetual._lot(risk),
        mark,
        settlement._funding_index(market),
    )
    return self._is_reached(convert(abs(value), uint256), threshold)


@internal
@pure
def _is_reached(amount: uint256, threshold: uint256) -> bool:
    """
    @notice Return whether an amount reaches a threshold in 10**12 wei, which is none
            if it is 0.
    """
    return threshold != 0 and amount >= threshold * 10**12


@internal
def _move_cursor(
    market: uint256, crossings: uint256, lend_index: uint256, borrow_index: uint256
):
    """
    @notice Bring a market's cursor to its mark, or as far as it may come, with interest
            until now booked where it was.
    """
    target: uint256 = virtual_pnl._clamp(state.market_quote[market])
    if tick_set._cursor(market) == target:
        return
    exponent: uint256 = virtual_pnl._exponent(state.market_risk[market])
    winners: uint256 = 0
    losers: uint256 = 0
    winners, losers = tick_set._gains(market, exponent)
    tick_set._book(
        market,
        weights._compute_weight(lend_index),
        weights._compute_weight(borrow_index),
    )
    reached: uint256 = 0
    crossed: uint256 = 0
    reached, crossed = tick_set._cross(market, target, crossings)
    settlement._rebook(market, exponent, winners, losers)
    log IClearinghouse.CursorMoved(
        market=market,
        price=reached * margin.PRICE_UNIT,
        crossed=crossed,
        time=block.timestamp,
    )


@internal
def _take_price(asset: uint256):
    """
    @notice Take an asset's newer price over.
    """
    assert asset != accounts.USDC and state.token[asset] != 0, errors.UNKNOWN_ASSET
    slow: uint256 = 0
    fast: uint256 = 0
    time: uint256 = 0
    variance: uint256 = 0
    slow, fast, time, variance = staticcall ORACLE.feed(asset)
    word: uint256 = state.quote[asset]
    if time <= (word >> 64) & _LOW_32:
        return
    state.quote[asset] = self._pack_quote(slow, fast, time) | (word & _LOW_64)
    log IClearinghouse.PriceTaken(
        asset=asset, slow=slow, fast=fast, priced_at=time, time=block.timestamp
    )


@internal
def _take_mark(market: uint256):
    """
    @notice Take a market's newer mark over and advance its funding.
    """
    risk: uint256 = state.market_risk[market]
    assert risk != 0, errors.UNKNOWN_MARKET
    mark: uint256 = 0
    premium: int256 = 0
    time: uint256 = 0
    mark, premium, time = staticcall ORACLE.mark(market)
    old: margin.Quote = margin._quote(state.market_quote[market])
    if time <= old.time:
        return

    slow: uint256 = 0
    fast: uint256 = 0
    priced_at: uint256 = 0
    variance: uint256 = 0
    slow, fast, priced_at, variance = staticcall ORACLE.feed((risk >> 176) & 255)
    fast = fp._mul_div_down(mark, fast, slow)
    state.market_quote[market] = self._pack_quote(mark, fast, time) | self._scales(
        market, perpetual._lot(risk), mark, time, variance
    )
    index: int256 = 0
    rate: int256 = 0
    index, rate = self._advance(
        market, (risk >> 192) & _LOW_32, old.slow, premium
    )
    log IClearinghouse.MarkTaken(
        market=market,
        mark=mark,
        fast=fast,
        variance=variance,
        premium=premium,
        funding_index=index,
        funding_rate=rate,
        priced_at=time,
        time=block.timestamp,
    )


@internal
@view
def _scales(
    market: uint256, lot: uint256, mark: uint256, time: uint256, variance: uint256
) -> uint256:
    """
    @notice Return the low part of a market's quote word: what volatility and open
            interest add to its margins from now on.
    @dev Maintenance margin follows volatility by a minute's step at most, however long
         the last tick is ago.
    """
    old: uint256 = state.market_quote[market]
    limits: uint256 = state.market_limits[market]
    imf: uint256 = dynamic_margin._compute_scale(
        variance, (limits >> 24) & _LOW_32, (limits >> 8) & _LOW_16
    )
    mmf: uint256 = dynamic_margin._compute_maintenance_scale(
        (old >> 16) & _LOW_16, imf, min(time - ((old >> 64) & _LOW_32), _MAX_RAMP)
    )
    fraction: uint256 = dynamic_margin._compute_open_interest_fraction(
        (limits >> 56) & (2**40 - 1),
        state.market_size[market] & _LOW_64,
        lot,
        mark // margin.PRICE_UNIT * margin.PRICE_UNIT,
    )
    return (fraction << 32) | (mmf << 16) | imf


@internal
def _advance(
    market: uint256, interval: uint256, mark: uint256, premium: int256
) -> (int256, int256):
    """
    @notice Bring a market's funding to now and return its index and rate.
    """
    word: uint256 = state.market_funding[market]
    held: uint256 = state.market_premium[market]
    new: funding.Funding = funding._advance(
        funding.Funding(
            index=convert(convert(word, bytes32), int256) >> 128,
            rate=convert(convert(word << 128, bytes32), int256) >> 192,
            premium=convert(convert(held << 128, bytes32), int256) >> 192,
            premium_time=convert(convert(held, bytes32), int256) >> 128,
            interval_started_at=word & _LOW_32,
            updated_at=(word >> 32) & _LOW_32,
        ),
        interval,
        mark,
        premium,
        block.timestamp,
    )
    state.market_funding[market] = (
        (packing._fit_signed(new.index, 128) << 128)
        | (packing._fit_signed(new.rate, 64) << 64)
        | (new.updated_at << 32)
        | new.interval_started_at
    )
    state.market_premium[market] = (
        packing._fit_signed(new.premium_time, 128) << 128
    ) | (packing._fit_signed(new.premium, 64) << 64)
    return new.index, new.rate


@internal
@pure
def _pack_quote(slow: uint256, fast: uint256, time: uint256) -> uint256:
    """
    @notice Return the price part of a quote word, in whole price units.
    """
    return (
        (packing._fit(slow // margin.PRICE_UNIT, 80) << 176)
        | (packing._fit(fast // margin.PRICE_UNIT, 80) << 96)
        | (packing._fit(time, 32) << 64)
    )
