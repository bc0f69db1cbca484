# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title OrderBook
@license Apache-2.0
@notice One book for every perpetual and every spot pair: price-time priority, and no
        more. It matches, has the Clearinghouse clear what it matched, and tells the
        oracle where the market is.
@dev The book holds no token and judges no margin; its one right is that of a venue that
     may clear orders. Clearinghouse and oracle are trusted, and neither calls back: a
     round of matching is written before the next one is begun.
@custom:spec specs/order_book.py
"""

from .interfaces import IClearinghouse
from .interfaces import IOrderBook

implements: IOrderBook

from .modules import errors
from .modules import grid
from .modules import impact
from .modules import instruments
from .modules import limit_bands
from .modules import listings
from .modules import matching
from .modules import order_queue
from .modules import order_slots
from .modules import price_index
from .modules import price_levels

initializes: listings
initializes: order_slots
initializes: price_levels
initializes: impact[price_levels := price_levels]
initializes: order_queue[order_slots := order_slots, price_levels := price_levels]
initializes: matching[
    order_queue := order_queue, order_slots := order_slots, price_levels := price_levels
]


interface Clearinghouse:
    def is_authorised(account: uint256, actor: address, right: uint256) -> bool: view
    def assess(account: uint256) -> IClearinghouse.Health: view
    def reducible(account: uint256, instrument: uint256, is_buy: bool) -> uint256: view
    def market_risk(market: uint256) -> uint256: view
    def token(asset: uint256) -> uint256: view
    def reserve(
        instrument: uint256, account: uint256, is_buy: bool, size: uint256
    ): nonpayable
    def release(
        instrument: uint256, account: uint256, is_buy: bool, size: uint256
    ): nonpayable
    def clear(
        instrument: uint256,
        taker: uint256,
        is_buy: bool,
        makings: DynArray[IClearinghouse.Making, matching.ROUND],
    ) -> (DynArray[uint256, matching.ROUND], String[32]): nonpayable
    def clear_conversion(
        asset: uint256,
        account: uint256,
        makings: DynArray[IClearinghouse.Making, matching.ROUND],
    ) -> (DynArray[uint256, matching.ROUND], String[32]): nonpayable
    def clear_slice(
        instrument: uint256,
        account: uint256,
        makings: DynArray[IClearinghouse.Making, matching.ROUND],
    ) -> (DynArray[uint256, matching.ROUND], String[32]): nonpayable


interface PriceOracle:
    def band(market: uint256) -> (uint256, uint256): view
    def spot_band(asset: uint256) -> (uint256, uint256): view


# The right to trade, as the Clearinghouse numbers it.
_TRADE: constant(uint256) = 1
# Account ids are `owner << 96 | number`.
_NUMBER_BITS: constant(uint256) = 96
# A mid told longer ago is told again, and holds for so long at most; seconds.
_REFRESH: constant(uint256) = 60
_HOLD: constant(uint256) = 300
# An oracle that refuses has not used up all but a 64th of the gas.
_GAS_SHARE: constant(uint256) = 32
# Why an order goes that was cancelled by whom it may be.
_CANCELLED: constant(String[32]) = "cancelled"
# What an order is to the Clearinghouse: the account's own, or one that it has to bear.
_ASKED: constant(uint256) = 0
_CONVERSION: constant(uint256) = 1
_SLICE: constant(uint256) = 2
# Orders in one call.
_BATCH: constant(uint256) = 32

GOVERNOR: public(immutable(address))
CLEARINGHOUSE: public(immutable(Clearinghouse))
ORACLE: public(immutable(PriceOracle))


@deploy
def __init__(governor: address, clearinghouse: address, oracle: address):
    """
    @notice Open a book without instruments.
    @param governor Who may list.
    @param clearinghouse Where orders are counted and cleared; its governor has to enrol
           the book as a venue.
    @param oracle Where the price bands are read and mids are told.
    """
    GOVERNOR = governor
    CLEARINGHOUSE = Clearinghouse(clearinghouse)
    ORACLE = PriceOracle(oracle)


# Anyone


@external
def refresh(market: uint256):
    """
    @notice Have the oracle told a market's mid again.
    """
    assert market < instruments.MAX_LISTED, errors.UNKNOWN_MARKET
    self._tell(market, impact._mid_down(market, listings._read(market)))


@external
def convert(
    account: uint256, instrument: uint256, lots: uint256, max_fills: uint256
) -> uint256:
    """
    @notice Sell up to `lots` of an account's collateral to the best bids, for the USDC
            that it owes above what it may; refused if none are sold.
    @dev The bands are those of any taker, and the Clearinghouse says which prices are
         too low for a conversion. Bids of the account's own owner are cancelled on the
         way, or they would keep it from being converted.
    @param max_fills Resting orders that are visited at most, up to 32.
    @return Lots sold.
    """
    assert instruments._is_spot(instrument), errors.UNKNOWN_INSTRUMENT
    filled: uint256 = 0
    reason: String[32] = ""
    filled, reason = self._force(
        account, instrument, False, lots, 0, max_fills, _CONVERSION
    )
    assert filled != 0, errors.NOT_FILLED
    return filled


@external
def liquidate(
    account: uint256,
    instrument: uint256,
    is_buy: bool,
    lots: uint256,
    price: uint256,
    max_fills: uint256,
) -> (uint256, String[32]):
    """
    @notice Buy or sell up to `lots` for an account that is being liquidated, of which
            the Clearinghouse refuses to clear any unless it has a slice open.
    @dev Orders of the account's own owner are cancelled on the way, or they would keep
         it from being liquidated; without a slice that is refused too. It may be less
         than what may rest.
    @param price The worst price, WAD USDC; between two ticks it is the better one for
           the account.
    @param max_fills Resting orders that are visited at most, up to 32.
    @return Lots filled; why not all of them are.
    """
    return self._force(account, instrument, is_buy, lots, price, max_fills, _SLICE)


# The governor


@external
def list_instrument(
    instrument: uint256,
    tick: uint256,
    lot_exponent: uint256,
    min_lots: uint256,
    impact_notional: uint256,
    max_spread: uint256,
):
    """
    @notice List an instrument. How it is traded stays as it is, for orders rest in
            ticks.
    @param tick Price of one tick, WAD USDC, a multiple of 10**6 wei, below 2**40 of
           them.
    @param lot_exponent A lot is so many base units, 10**12 to 10**30: the market's.
    @param min_lots The smallest order that may rest, below 2**32.
    @param impact_notional Whose price on each side makes the mid, WAD of whole USDC,
           below 2**32 of them.
    @param max_spread Between the two, ppm of the mid, below 2**20; a wider book has no
           mid.
    """
    assert msg.sender == GOVERNOR, errors.NOT_GOVERNOR
    listings._list(
        instrument,
        IOrderBook.Listing(
            tick=tick,
            lot_exponent=lot_exponent,
            min_lots=min_lots,
            impact=impact_notional,
            max_spread=max_spread,
        ),
    )
    self._check_traded(instrument, lot_exponent)
    log IOrderBook.InstrumentListed(
        instrument=instrument,
        tick=tick,
        lot_exponent=lot_exponent,
        min_lots=min_lots,
        impact=impact_notional,
        max_spread=max_spread,
        timestamp=block.timestamp,
    )


# An account's owner, or an operator who may trade


@external
def place(
    placement: IOrderBook.Placement, max_fills: uint256
) -> (uint256, uint256, String[32]):
    """
    @notice Fill an order as far as it can be, inside the oracle's band and within 3 %
            of the best price, and let the rest rest if it is of that kind. What could
            still be filled does not rest.
    @param max_fills Resting orders that are visited at most, up to 32.
    @return Id of what rests, 0 for nothing; lots filled; why what is neither filled nor
            rests is neither.
    """
    assert self._may_trade(placement.account), errors.NOT_AUTHORISED
    code: uint256 = listings._code(placement.instrument)
    listing: uint256 = listings._read(code)
    number: uint256 = listings._check(listing, placement, max_fills, block.timestamp)
    is_limit: bool = (
        placement.kind == listings.LIMIT or placement.kind == listings.POST_ONLY
    )
    low: uint256 = 0
    high: uint256 = 0
    low, high = self._band(code)
    if is_limit:
        self._check_limit_band(code, listing, placement.price, low, high)
    lots: uint256 = self._limit_lots(placement, code, listing)

    left: uint256 = lots
    reason: String[32] = ""
    visits: uint256 = self._sweep(
        code, listing, placement.is_buy, low, high, max_fills
    )
    if matching._crosses(code, placement.is_buy, number):
        assert placement.kind != listings.POST_ONLY, errors.WOULD_TAKE
        left, reason = self._match(
            placement, code, listing, number, lots, visits, low, high, _ASKED
        )
    assert left == 0 or placement.kind != listings.FOK, errors.NOT_FILLED
    id: uint256 = 0
    if left != 0 and len(reason) == 0:
        if not is_limit:
            reason = errors.NOT_FILLED
        elif left < listings._min_lots(listing):
            reason = errors.SIZE_TOO_SMALL
        elif limit_bands._is_too_good(placement.is_buy, placement.price, low, high):
            reason = errors.PRICE_OUT_OF_BAND
        else:
            id = self._rest(placement, code, listing, number, left)
    if id == 0 or left != lots:
        log IOrderBook.OrderTaken(
            account=placement.account,
            instrument=placement.instrument,
            order=id,
            is_buy=placement.is_buy,
            lots=placement.lots,
            price=placement.price,
            kind=placement.kind,
            is_reduce_only=placement.is_reduce_only,
            self_trade=placement.self_trade,
            expiry=placement.expiry,
            filled=lots - left,
            reason=reason,
            caller=msg.sender,
            timestamp=block.timestamp,
        )
    self._observe(1 << code)
    return id, lots - left, reason


@external
def cancel(orders: DynArray[uint256, _BATCH]):
    """
    @notice Cancel orders: anyone those that have expired or whose account is below
            maintenance margin, others who may trade for the account. One that is gone
            is passed over.
    @param orders By id.
    """
    touched: uint256 = 0
    allowed: uint256 = 0
    for id: uint256 in orders:
        word: uint256 = order_slots._find(id)
        if word == 0:
            continue
        order: uint256 = id & (2**40 - 1)
        reason: String[32] = errors.ORDER_EXPIRED
        if not order_slots._has_expired(word, block.timestamp):
            reason = _CANCELLED
            account: uint256 = order_slots._account(order)
            if account != allowed:
                self._check_canceller(account)
                allowed = account
        self._remove(order, word, reason)
        touched |= 1 << order_slots._code(word)
    self._observe(touched)


@external
def cancel_all(account: uint256):
    """
    @notice Cancel all orders of an account, by whom it may be cancelled, slot by slot.
    """
    self._check_canceller(account)
    touched: uint256 = 0
    used: uint256 = order_slots._used(account)
    maker: uint256 = order_slots._maker(account)
    for _: uint256 in range(order_slots.MAX_ORDERS):
        if used == 0:
            break
        slot: uint256 = grid._low_bit(used)
        used ^= 1 << slot
        order: uint256 = slot << 32 | maker
        word: uint256 = order_slots.words[order]
        self._remove(order, word, _CANCELLED)
        touched |= 1 << order_slots._code(word)
    self._observe(touched)


# Views


@external
@view
def top(instrument: uint256) -> (uint256, uint256, uint256):
    """
    @notice Return the best bid, the best ask and the price of the last fill, WAD USDC;
            0 for none.
    """
    code: uint256 = listings._code(instrument)
    tick: uint256 = listings._tick(listings.words[code])
    return (
        price_levels._best(code, True) * tick,
        price_levels._best(code, False) * tick,
        price_levels._last(code) * tick,
    )


@external
@view
def recent_volume(instrument: uint256) -> uint256:
    """
    @notice Return how many lots takers have bought and sold of late, forced fills not
            counted: it decays to nothing within five minutes of the last fill.
    """
    return price_levels._volume(listings._code(instrument), block.timestamp)


@external
@view
def order(
    number: uint256,
) -> (uint256, uint256, bool, uint256, uint256, bool, uint256):
    """
    @notice Return an order's account, instrument, whether it is a bid, its lots, its
            price in WAD USDC, whether it may only reduce, and its expiry; zeros if it
            is gone.
    @param number Its id.
    """
    word: uint256 = order_slots._find(number)
    if word == 0:
        return 0, 0, False, 0, 0, False, 0
    code: uint256 = order_slots._code(word)
    return (
        order_slots._account(number),
        instruments._instrument(code),
        order_slots._is_buy(word),
        order_slots._lots(word),
        order_slots._number(word) * listings._tick(listings.words[code]),
        order_slots._is_reduce_only(word),
        order_slots._expiry(word),
    )


@external
@view
def listing(instrument: uint256) -> IOrderBook.Listing:
    """
    @notice Return how an instrument is traded; zeros if it is not listed.
    """
    word: uint256 = listings.words[listings._code(instrument)]
    return IOrderBook.Listing(
        tick=listings._tick(word),
        lot_exponent=listings._exponent(word),
        min_lots=listings._min_lots(word),
        impact=listings._impact(word),
        max_spread=listings._max_spread(word),
    )


@external
@view
def listing_word(code: uint256) -> uint256:
    """
    @notice Return the word of a listing, as `listings` has it.
    """
    return listings.words[code]


@external
@view
def top_word(code: uint256) -> uint256:
    """
    @notice Return the word of best prices, as `price_levels` has it.
    """
    return price_levels.tops[code]


@external
@view
def level_word(code: uint256, number: uint256) -> uint256:
    """
    @notice Return the word of a price, as `price_levels` has it.
    """
    return price_levels._read(code, number)


@external
@view
def index_word(key: uint256) -> uint256:
    """
    @notice Return a word of the index of prices, as `price_levels` has it.
    """
    return price_levels.index[key]


@external
@view
def order_word(reference: uint256) -> uint256:
    """
    @notice Return the word of a slot, as `order_slots` has it.
    """
    return order_slots.words[reference]


@external
@view
def maker_word(account: uint256) -> uint256:
    """
    @notice Return the word of an account, as `order_slots` has it.
    """
    return order_slots.makers[account]


@external
@view
def account_of(maker: uint256) -> uint256:
    """
    @notice Return the account of a maker's number; 0 for none.
    """
    return order_slots.accounts[maker]


# In the order in which the above use them


@internal
def _force(
    account: uint256,
    instrument: uint256,
    is_buy: bool,
    lots: uint256,
    price: uint256,
    max_fills: uint256,
    force: uint256,
) -> (uint256, String[32]):
    """
    @notice Fill an order that nobody placed for the account at once, as far as it can
            be, and return how many lots that is and why not all.
    """
    code: uint256 = listings._code(instrument)
    listing: uint256 = listings._read(code)
    listings._check_size(lots, max_fills)
    tick: uint256 = listings._tick(listing)
    number: uint256 = price // tick
    if not is_buy and number * tick != price:
        number += 1
    placement: IOrderBook.Placement = IOrderBook.Placement(
        account=account,
        instrument=instrument,
        is_buy=is_buy,
        lots=lots,
        price=price,
        kind=listings.IOC,
        is_reduce_only=True,
        self_trade=listings.CANCEL_OLDEST,
        expiry=0,
    )
    low: uint256 = 0
    high: uint256 = 0
    low, high = self._band(code)
    visits: uint256 = self._sweep(code, listing, is_buy, low, high, max_fills)
    left: uint256 = 0
    reason: String[32] = ""
    left, reason = self._match(
        placement, code, listing, number, lots, visits, low, high, force
    )
    if left != 0 and len(reason) == 0:
        reason = errors.NOT_FILLED
    log IOrderBook.OrderForced(
        account=account,
        instrument=instrument,
        is_buy=is_buy,
        lots=lots,
        price=price,
        filled=lots - left,
        reason=reason,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    self._observe(1 << code)
    return lots - left, reason


@internal
@view
def _check_traded(instrument: uint256, lot_exponent: uint256):
    """
    @notice Refuse what the Clearinghouse does not trade, or with other lots.
    """
    if instruments._is_spot(instrument):
        asset: uint256 = instruments._asset(instrument)
        token: uint256 = staticcall CLEARINGHOUSE.token(asset)
        assert token != 0, errors.UNKNOWN_ASSET
        return
    risk: uint256 = staticcall CLEARINGHOUSE.market_risk(instrument)
    assert risk != 0, errors.UNKNOWN_MARKET
    assert (risk >> 184) & 255 == lot_exponent, errors.OUT_OF_BOUNDS


@internal
@view
def _may_trade(account: uint256) -> bool:
    """
    @notice Return whether the caller may trade for an account.
    """
    # Owner 0 has the protocol's own accounts, and acts for none.
    owner: address = convert(account >> _NUMBER_BITS, address)
    if owner == msg.sender and owner != empty(address):
        return True
    return staticcall CLEARINGHOUSE.is_authorised(account, msg.sender, _TRADE)


@internal
@view
def _check_limit_band(
    code: uint256, listing: uint256, price: uint256, low: uint256, high: uint256
):
    """
    @notice Refuse a price for an order that may rest too far from where the market is.
    """
    bid: uint256 = price_levels._best(code, True)
    ask: uint256 = price_levels._best(code, False)
    last: uint256 = price_levels._last(code)
    tick: uint256 = listings._tick(listing)
    middle: uint256 = limit_bands._middle(bid, ask, last, (low + high) // 2 // tick)
    limit_bands._check(price, middle * tick, low, high)


@internal
@view
def _band(code: uint256) -> (uint256, uint256):
    """
    @notice Return the lowest and the highest price at which an instrument may be
            filled.
    """
    if code < instruments.MAX_LISTED:
        return staticcall ORACLE.band(code)
    return staticcall ORACLE.spot_band(code - instruments.MAX_LISTED)


@internal
@view
def _limit_lots(
    placement: IOrderBook.Placement, code: uint256, listing: uint256
) -> uint256:
    """
    @notice Return the size that may be filled; refuse to reduce where there is nothing.
    """
    if not placement.is_reduce_only:
        return placement.lots
    size: uint256 = staticcall CLEARINGHOUSE.reducible(
        placement.account, placement.instrument, placement.is_buy
    )
    lots: uint256 = listings._to_lots_down(size, listings._scale(code, listing))
    assert lots != 0, errors.NOTHING_TO_REDUCE
    return min(lots, placement.lots)


@internal
def _sweep(
    code: uint256,
    listing: uint256,
    is_buy: bool,
    low: uint256,
    high: uint256,
    max_fills: uint256,
) -> uint256:
    """
    @notice Cancel the best orders on a taker's other side that nobody can fill: those
            that have expired, and those priced beyond the oracle's band in the taker's
            favour. They would stand before all others for as long as their owners like.
            Return what is left of the visits.
    """
    visits: uint256 = max_fills
    tick: uint256 = listings._tick(listing)
    for _: uint256 in range(listings.MAX_VISITS):
        number: uint256 = price_levels._best(code, not is_buy)
        if number == 0 or visits == 0:
            break
        order: uint256 = price_levels._head(price_levels._read(code, number))
        word: uint256 = order_slots.words[order]
        reason: String[32] = errors.ORDER_EXPIRED
        if limit_bands._is_too_good(not is_buy, number * tick, low, high):
            reason = errors.PRICE_OUT_OF_BAND
        elif not order_slots._has_expired(word, block.timestamp):
            break
        self._remove(order, word, reason)
        visits -= 1
    return visits


@internal
def _match(
    placement: IOrderBook.Placement,
    code: uint256,
    listing: uint256,
    number: uint256,
    lots: uint256,
    max_fills: uint256,
    low: uint256,
    high: uint256,
    force: uint256,
) -> (uint256, String[32]):
    """
    @notice Fill an order in rounds, and return what is left of it and why, if there is
            a reason. What was forced is cleared as what it is.
    """
    taker: matching.Taker = matching._open(
        placement, code, listing, number, low, high, force != _ASKED
    )
    left: uint256 = lots
    visits: uint256 = max_fills
    # Every round but the last one visits an order.
    for _: uint256 in range(listings.MAX_VISITS + 1):
        met: matching.Round = empty(matching.Round)
        expired: DynArray[matching.Release, listings.MAX_VISITS] = []
        met, expired = matching._gather(taker, left, visits)
        for each: matching.Release in expired:
            self._release(code, each.account, not placement.is_buy, each.size)
        visits = met.visits
        stop: String[32] = met.stop
        # Of a slice that is not open nobody's order goes either.
        if len(met.orders) != 0 or (force == _SLICE and len(expired) != 0):
            sizes: DynArray[uint256, matching.ROUND] = []
            halt: String[32] = ""
            if force == _CONVERSION:
                sizes, halt = extcall CLEARINGHOUSE.clear_conversion(
                    code - instruments.MAX_LISTED, placement.account, met.makings
                )
            elif force == _SLICE:
                sizes, halt = extcall CLEARINGHOUSE.clear_slice(
                    placement.instrument, placement.account, met.makings
                )
            else:
                sizes, halt = extcall CLEARINGHOUSE.clear(
                    placement.instrument,
                    placement.account,
                    placement.is_buy,
                    met.makings,
                )
            filled: uint256 = 0
            gone: DynArray[matching.Release, matching.ROUND] = []
            filled, gone = matching._settle(taker, met, sizes, len(halt) != 0)
            left -= filled
            for each: matching.Release in gone:
                self._release(code, each.account, not placement.is_buy, each.size)
            if len(halt) != 0:
                stop = halt
        if left == 0:
            return 0, ""
        if len(stop) != 0 or len(met.orders) == 0:
            return left, stop
    return left, ""


@internal
def _rest(
    placement: IOrderBook.Placement,
    code: uint256,
    listing: uint256,
    number: uint256,
    lots: uint256,
) -> uint256:
    """
    @notice Let an order rest, last at its price, and return its id.
    """
    id: uint256 = order_queue._append(placement, code, number, lots)
    log IOrderBook.OrderPlaced(
        order=id,
        account=placement.account,
        instrument=placement.instrument,
        is_buy=placement.is_buy,
        lots=lots,
        price=placement.price,
        kind=placement.kind,
        is_reduce_only=placement.is_reduce_only,
        self_trade=placement.self_trade,
        expiry=placement.expiry,
        caller=msg.sender,
        timestamp=block.timestamp,
    )
    extcall CLEARINGHOUSE.reserve(
        placement.instrument,
        placement.account,
        placement.is_buy,
        lots * listings._scale(code, listing),
    )
    return id


@internal
@view
def _check_canceller(account: uint256):
    """
    @notice Refuse who may not cancel an account's orders.
    """
    if self._may_trade(account):
        return
    health: IClearinghouse.Health = staticcall CLEARINGHOUSE.assess(account)
    assert (
        health.exposure > 0 and health.equity < health.maintenance_margin
    ), errors.NOT_AUTHORISED


@internal
def _remove(order: uint256, word: uint256, reason: String[32]):
    """
    @notice Take an order off the book, and release what was left of it.
    """
    code: uint256 = order_slots._code(word)
    lots: uint256 = order_slots._lots(word)
    account: uint256 = order_queue._remove(order, word)
    matching._log_cancelled(order, word, lots, reason)
    scale: uint256 = listings._scale(code, listings.words[code])
    self._release(code, account, order_slots._is_buy(word), lots * scale)


@internal
def _release(code: uint256, account: uint256, is_buy: bool, size: uint256):
    """
    @notice Have the Clearinghouse count orders as gone.
    """
    extcall CLEARINGHOUSE.release(
        instruments._instrument(code), account, is_buy, size
    )


@internal
def _observe(touched: uint256):
    """
    @notice Have the oracle told the mid of each of some markets, if it is another one,
            or the one that it was told is getting old. There is none of a spot pair.
    @param touched Bits of codes.
    """
    markets: uint256 = touched & (2**instruments.MAX_LISTED - 1)
    for _: uint256 in range(instruments.MAX_LISTED):
        if markets == 0:
            break
        market: uint256 = grid._low_bit(markets)
        markets ^= 1 << market
        mid: uint256 = impact._mid_down(market, listings.words[market])
        told: uint256 = 0
        told_at: uint256 = 0
        told, told_at = price_levels._told(market)
        if mid != told or (mid != 0 and block.timestamp >= told_at + _REFRESH):
            self._tell(market, mid)


@internal
def _tell(market: uint256, mid: uint256):
    """
    @notice Tell the oracle a market's mid, in units of 10**6 wei.
    @dev One that does not listen, since the market has another book there, must not
         keep orders from being cancelled.
    """
    price_levels._tell(market, mid, block.timestamp)
    log IOrderBook.MidTold(
        market=market,
        mid=mid * price_index.UNIT,
        until=block.timestamp + _HOLD,
        timestamp=block.timestamp,
    )
    gas_before: uint256 = msg.gas
    is_heard: bool = raw_call(
        ORACLE.address,
        abi_encode(
            market,
            mid * price_index.UNIT,
            block.timestamp + _HOLD,
            method_id=method_id("observe(uint256,uint256,uint256)"),
        ),
        revert_on_failure=False,
    )
    assert is_heard or msg.gas > gas_before // _GAS_SHARE, errors.NOT_ENOUGH_GAS
