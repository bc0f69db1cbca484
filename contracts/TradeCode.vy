# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title TradeCode
@license Apache-2.0
@notice Perpetual positions: fills between two accounts; for other bodies, one side's
        trade and the settlement of gains and losses. A code body behind the
        Clearinghouse's address.
@dev Called by delegation only. Other bodies reach what is unlocked here, past the lock
     that they hold; the Clearinghouse passes nobody on to it. Called directly it meets
     its own, empty storage, in which nobody is a venue and nothing is listed.
@custom:spec specs/trade_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import errors
from .modules import fills
from .modules import health
from .modules import margin
from .modules import money_market
from .modules import perpetual
from .modules import settlement
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: health
initializes: fills[health := health]
initializes: tick_set[state := state]
initializes: virtual_pnl[state := state, tick_set := tick_set]
initializes: settlement[
    accounts := accounts,
    money_market := money_market,
    state := state,
    tick_set := tick_set,
    virtual_pnl := virtual_pnl,
]

TRADE_VENUE: constant(uint256) = 1
MAX_AMOUNT: constant(uint256) = 10**30
MAX_BATCH: constant(uint256) = 128
_LOW_64: constant(uint256) = 2**64 - 1
# The bit of a market's risk word that says that fills may only reduce.
_PAUSED: constant(uint256) = 1 << 232

DELEVERAGE_CODE: immutable(address)


@deploy
def __init__(margin_code: address, deleverage_code: address):
    """
    @notice Fix the bodies that compute margins and apply epochs to positions.
    """
    health.__init__(margin_code)
    DELEVERAGE_CODE = deleverage_code


@external
def fill_perp(
    market: uint256,
    buyer: uint256,
    seller: uint256,
    lots: uint256,
    price: uint256,
    maker_is_buyer: bool,
):
    """
    @notice Open or close `lots` between two accounts at `price`.
    @dev Below its initial margin an account may only reduce, and only if equity over
         maintenance margin does not fall. At a mark that is getting old, as below the
         publishers' quorum, both have to reduce.
    @param lots Size in lots of the market.
    @param price WAD USDC for 1.0 base unit, checked against the bands by the venue.
    @param maker_is_buyer Which side pays the maker's fee.
    """
    assert state.venues[msg.sender] & TRADE_VENUE != 0, errors.NOT_VENUE
    fills._require_parties(buyer, seller)
    risk: uint256 = state.market_risk[market]
    assert risk != 0, errors.UNKNOWN_MARKET
    assert lots != 0, errors.ZERO_AMOUNT
    assert lots <= perpetual.MAX_LOTS, errors.AMOUNT_TOO_LARGE
    size: int256 = convert(lots, int256)
    notional: uint256 = perpetual._compute_notional(
        size, perpetual._lot(risk), price
    )
    quote: margin.Quote = margin._quote(state.market_quote[market])
    marked: uint256 = perpetual._compute_notional(
        size, perpetual._lot(risk), quote.slow
    )
    assert max(notional, marked) <= MAX_AMOUNT, errors.AMOUNT_TOO_LARGE
    assert not margin._is_stale(quote), errors.STALE_PRICE
    money_market._require_open(accounts.USDC)

    pool: money_market.Pool = money_market._load_accrued(accounts.USDC)
    if risk >> perpetual.EPOCHS != 0:
        money_market._save(accounts.USDC, pool)
        self._touch(market, buyer, risk)
        self._touch(market, seller, risk)
        pool = money_market._load(accounts.USDC)
    bought: int256 = perpetual._lots(state.positions[buyer][market])
    sold: int256 = perpetual._lots(state.positions[seller][market])
    is_buyer_reducing: bool = perpetual._is_reduction(bought, size)
    is_seller_reducing: bool = perpetual._is_reduction(sold, -size)
    if is_buyer_reducing or is_seller_reducing:
        money_market._save(accounts.USDC, pool)
    buyer_before: IClearinghouse.Health = self._before_trade(buyer, is_buyer_reducing)
    seller_before: IClearinghouse.Health = self._before_trade(
        seller, is_seller_reducing
    )

    buyer_fee: uint256 = settlement._fee(notional, risk, maker_is_buyer)
    seller_fee: uint256 = settlement._fee(notional, risk, not maker_is_buyer)
    is_reducing: bool = is_buyer_reducing and is_seller_reducing
    assert is_reducing or not margin._is_restricted(quote), errors.REDUCE_ONLY
    assert is_reducing or risk & _PAUSED == 0, errors.PAUSED
    open_interest: uint256 = state.market_size[market] & _LOW_64
    pool = settlement._trade(market, buyer, size, risk, price, pool)
    pool = settlement._trade(market, seller, -size, risk, price, pool)
    self._require_limits(
        state.market_limits[market],
        open_interest,
        state.market_size[market] & _LOW_64,
        [bought, bought + size, sold, sold - size],
    )
    pool = settlement._charge(buyer, pool, buyer_fee)
    pool = settlement._charge(seller, pool, seller_fee)
    money_market._save(accounts.USDC, pool)
    fills._check(buyer, buyer_before)
    fills._check(seller, seller_before)
    log IClearinghouse.PerpFill(
        market=market,
        buyer=buyer,
        seller=seller,
        lots=lots,
        price=price,
        buyer_fee=buyer_fee,
        seller_fee=seller_fee,
        time=block.timestamp,
    )


@external
@reentrant
def trade_unlocked(market: uint256, account: uint256, lots: int256, price: uint256):
    """
    @notice Trade `lots` (signed) by one side at `price`, for a body that holds the lock
            and has booked USDC interest.
    """
    risk: uint256 = state.market_risk[market]
    if risk >> perpetual.EPOCHS != 0:
        self._touch(market, account, risk)
    pool: money_market.Pool = money_market._load(accounts.USDC)
    money_market._save(
        accounts.USDC,
        settlement._trade(market, account, lots, risk, price, pool),
    )


@external
@reentrant
def touch_unlocked(market: uint256, account: uint256):
    """
    @notice Close what epochs have yet to close of a position, for a body that holds the
            lock and has booked USDC interest.
    """
    self._touch(market, account, state.market_risk[market])


@external
@reentrant
def realise_unlocked(market: uint256, batch: DynArray[uint256, MAX_BATCH]):
    """
    @notice Settle positions in a market at its mark, for a body that holds the lock, has
            booked USDC interest and knows that the mark is fresh.
    """
    risk: uint256 = state.market_risk[market]
    mark: uint256 = margin._quote(state.market_quote[market]).slow
    if risk >> perpetual.EPOCHS != 0:
        for account: uint256 in batch:
            self._touch(market, account, risk)
    pool: money_market.Pool = money_market._load(accounts.USDC)
    for account: uint256 in batch:
        pool = settlement._realise(market, account, risk, mark, pool)
    money_market._save(accounts.USDC, pool)


@internal
def _touch(market: uint256, account: uint256, risk: uint256):
    """
    @notice Close what epochs have yet to close of a position, if any has, through the
            stored USDC pool.
    """
    if perpetual._is_behind(state.positions[account][market], risk):
        raw_call(
            DELEVERAGE_CODE,
            abi_encode(
                market, account, method_id=method_id("meet_unlocked(uint256,uint256)")
            ),
            is_delegate_call=True,
        )


@internal
@pure
def _require_limits(
    limits: uint256, before: uint256, after: uint256, lots: int256[4]
):
    """
    @notice Refuse positions that have grown above the market's limit, then open
            interest that has.
    @param before Open interest before the fill.
    @param lots Of the buyer before and after, of the seller before and after.
    """
    most: uint256 = (limits >> 128) & _LOW_64
    assert abs(lots[1]) <= abs(lots[0]) or (
        convert(abs(lots[1]), uint256) <= most
    ), errors.POSITION_LIMIT_REACHED
    assert abs(lots[3]) <= abs(lots[2]) or (
        convert(abs(lots[3]), uint256) <= most
    ), errors.POSITION_LIMIT_REACHED
    assert (
        after <= before or after <= limits >> 192
    ), errors.OPEN_INTEREST_LIMIT_REACHED


@internal
def _before_trade(account: uint256, is_reducing: bool) -> IClearinghouse.Health:
    """
    @notice Return the account's health if the trade only reduces its position, else
            an empty one, which nothing improves on.
    """
    if is_reducing:
        return health._assess(account)
    return empty(IClearinghouse.Health)
