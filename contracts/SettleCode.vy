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
from .modules import errors
from .modules import fixed_point as fp
from .modules import funding
from .modules import margin
from .modules import money_market
from .modules import packing
from .modules import perpetual
from .modules import settlement
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: margin[money_market := money_market, state := state]
initializes: settlement[
    accounts := accounts, money_market := money_market, state := state
]
initializes: bankruptcy[money_market := money_market, state := state]


# What a tick reads of the oracle: slow and fast index with their time, and the mark
# with its premium and time; times are the blocks' in which they were published.
interface PriceOracle:
    def feed(asset: uint256) -> (uint256, uint256, uint256): view
    def mark(market: uint256) -> (uint256, int256, uint256): view


LIQUIDATION_VENUE: constant(uint256) = 2
MAX_LISTED: constant(uint256) = 32
MAX_BATCH: constant(uint256) = 128
_LOW_32: constant(uint256) = 2**32 - 1
_LOW_64: constant(uint256) = 2**64 - 1

ORACLE: immutable(PriceOracle)


@deploy
def __init__(oracle: PriceOracle):
    """
    @notice Fix the oracle whose prices every tick takes over.
    """
    ORACLE = oracle


@external
def tick(assets: DynArray[uint256, MAX_LISTED], markets: DynArray[uint256, MAX_LISTED]):
    """
    @notice Take the oracle's prices over for `assets` and `markets`; anyone may.
    @dev A price that is not newer than the stored one changes nothing. USDC interest
         and funding are booked at the prices that held until now.
    """
    money_market._save(
        accounts.USDC, money_market._load_accrued(accounts.USDC)
    )
    for asset: uint256 in assets:
        self._take_price(asset)
    for market: uint256 in markets:
        self._take_mark(market)


@external
def realise(market: uint256, batch: DynArray[uint256, MAX_BATCH]):
    """
    @notice Settle what positions have gained or lost at mark; anyone may.
    @dev Accounts without a position are passed over, and none can make another fail:
         a loss that the account does not hold in USDC is borrowed, from no cash.
    """
    risk: uint256 = state.market_risk[market]
    assert risk != 0, errors.UNKNOWN_MARKET
    quote: margin.Quote = margin._quote(state.market_quote[market])
    assert not margin._is_stale(quote), errors.STALE_PRICE
    lot: uint256 = perpetual._lot(risk)
    pool: money_market.Pool = money_market._load_accrued(accounts.USDC)
    for account: uint256 in batch:
        pool = settlement._realise(market, account, lot, quote.slow, pool)
    money_market._save(accounts.USDC, pool)


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
    if not bankruptcy._is_bankrupt(account):
        return False
    return bankruptcy._write_off(account)


@internal
def _take_price(asset: uint256):
    """
    @notice Take an asset's newer price over.
    """
    assert asset != accounts.USDC and state.token[asset] != 0, errors.UNKNOWN_ASSET
    slow: uint256 = 0
    fast: uint256 = 0
    time: uint256 = 0
    slow, fast, time = staticcall ORACLE.feed(asset)
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
    slow, fast, priced_at = staticcall ORACLE.feed((risk >> 176) & 255)
    fast = fp._mul_div_down(mark, fast, slow)
    state.market_quote[market] = self._pack_quote(mark, fast, time)
    index: int256 = 0
    rate: int256 = 0
    index, rate = self._advance(
        market, (risk >> 192) & _LOW_32, old.slow, premium
    )
    log IClearinghouse.MarkTaken(
        market=market,
        mark=mark,
        fast=fast,
        premium=premium,
        funding_index=index,
        funding_rate=rate,
        priced_at=time,
        time=block.timestamp,
    )


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
