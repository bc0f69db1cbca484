# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title OrderCode
@license Apache-2.0
@notice What the order book asks of the Clearinghouse for who wants to trade: to count
        what comes to rest and what goes, and to clear what it has matched, in the
        makers' order; a code body behind the Clearinghouse's address.
@dev Called by delegation only. What may be refused without harm to the rest is tried
     by way of MakerCode. Called directly it meets its own, empty storage, in which
     nobody is a venue.
@custom:spec specs/order_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import deleveraging
from .modules import errors
from .modules import fills
from .modules import fixed_point as fp
from .modules import guards
from .modules import health
from .modules import instruments
from .modules import makers
from .modules import margin
from .modules import money_market
from .modules import open_orders
from .modules import perpetual
from .modules import pool_limits
from .modules import positions
from .modules import settlement
from .modules import spot_side
from .modules import state
from .modules import tick_set
from .modules import tradables
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: guards[state := state]
initializes: pool_limits[guards := guards, state := state]
initializes: health
initializes: fills[health := health]
initializes: open_orders[state := state]
initializes: deleveraging[state := state]
initializes: tradables[
    deleveraging := deleveraging, money_market := money_market, state := state
]
initializes: makers[state := state, tradables := tradables]
initializes: positions[state := state]
initializes: tick_set[state := state]
initializes: virtual_pnl[state := state, tick_set := tick_set]
initializes: settlement[
    accounts := accounts,
    money_market := money_market,
    state := state,
    tick_set := tick_set,
    virtual_pnl := virtual_pnl,
]
initializes: spot_side[
    money_market := money_market,
    pool_limits := pool_limits,
    settlement := settlement,
    state := state,
]

ORDER_VENUE: constant(uint256) = 4
RELEASE_VENUE: constant(uint256) = 8
# Bytes of the error with which a pool refuses.
_REFUSAL: constant(uint256) = 4 + 3 * 32
_LOW_64: constant(uint256) = 2**64 - 1


@deploy
def __init__(maker_code: address, trade_code: address, margin_code: address):
    """
    @notice Fix the bodies that fill resting orders, trade and compute margins.
    """
    makers.__init__(maker_code)
    positions.__init__(trade_code)
    health.__init__(margin_code)


# The order book


@external
def reserve(instrument: uint256, account: uint256, is_buy: bool, size: uint256):
    """
    @notice Count an order that comes to rest. Refused unless the account has initial
            margin for the worst of its sides, or the order adds nothing to it and the
            account is not liquidatable.
    @param size Lots of a market, or WAD of a spot asset.
    """
    self._require_venue()
    accounts._require_user(account)
    tradables._require_listed(instrument)
    code: uint256 = instruments._code(instrument)
    most: uint256 = perpetual.MAX_LOTS
    if instruments._is_spot(instrument):
        most = makers.MAX_AMOUNT
    assert size <= most, errors.AMOUNT_TOO_LARGE
    old: uint256 = state.orders[account][code]
    open_orders._add(account, code, is_buy, size)
    new: uint256 = state.orders[account][code]
    assert (
        max(open_orders._bids(new), open_orders._asks(new)) <= most
    ), errors.AMOUNT_TOO_LARGE
    found: IClearinghouse.Health = health._assess(account)
    # Orders go before a liquidation, and must not come again.
    if self._is_covered(account, instrument, old, new):
        assert not margin._is_liquidatable(found), errors.BELOW_INITIAL_MARGIN
    else:
        margin._check_initial_margin(found)
    log IClearinghouse.OrdersReserved(
        instrument=instrument,
        account=account,
        is_buy=is_buy,
        size=size,
        time=block.timestamp,
    )


@external
def release(instrument: uint256, account: uint256, is_buy: bool, size: uint256):
    """
    @notice Count `size` of an account's orders as gone. A book that lost its role may,
            so that what rests there can be cancelled.
    """
    assert (
        state.venues[msg.sender] & (ORDER_VENUE | RELEASE_VENUE) != 0
    ), errors.NOT_VENUE
    tradables._require_listed(instrument)
    open_orders._remove(account, instruments._code(instrument), is_buy, size)
    log IClearinghouse.OrdersReleased(
        instrument=instrument,
        account=account,
        is_buy=is_buy,
        size=size,
        time=block.timestamp,
    )


@external
def clear(
    instrument: uint256,
    taker: uint256,
    is_buy: bool,
    makings: DynArray[IClearinghouse.Making, makers.MAX_MAKINGS],
) -> (DynArray[uint256, makers.MAX_MAKINGS], String[32]):
    """
    @notice Fill resting orders, in their order, with one taker who buys or sells. A
            maker who can't be filled is passed over, and nothing of it happened.
    @dev What the pool can't fund for the taker, and what the instrument's state
         forbids, ends the list. The taker is judged once, in the end: then either all
         of it happened or nothing.
    @return The size filled of each maker, 0 for one who was refused and after a stop;
            and why nothing more was tried, empty if all was.
    """
    self._require_venue()
    accounts._require_user(taker)
    tradables._require_listed(instrument)
    quote: margin.Quote = margin._quote(tradables._quote_word(instrument))
    assert not margin._is_stale(quote), errors.STALE_PRICE
    money_market._require_open(accounts.USDC)
    for making: IClearinghouse.Making in makings:
        makers._require_size(instrument, making, quote.slow)

    if instruments._is_spot(instrument):
        asset: uint256 = instruments._asset(instrument)
        money_market._require_open(asset)
        money_market._accrue(asset)
        money_market._accrue(accounts.USDC)
        return self._clear_spot(asset, taker, is_buy, makings, quote)
    money_market._accrue(accounts.USDC)
    return self._clear_perp(instrument, taker, is_buy, makings, quote)


# Anyone


@external
@view
def reducible(account: uint256, instrument: uint256, is_buy: bool) -> uint256:
    """
    @notice Return how much an account may buy or sell without doing more than to close
            a position, or to repay or sell what it owes or holds of an asset.
    @return Lots of a market, or WAD of a spot asset.
    """
    tradables._require_listed(instrument)
    return tradables._reducible(account, instrument, is_buy)


# In the order in which the above use them


@internal
@view
def _require_venue():
    """
    @notice Refuse anyone but an order book.
    """
    assert state.venues[msg.sender] & ORDER_VENUE != 0, errors.NOT_VENUE


@internal
@view
def _is_covered(
    account: uint256, instrument: uint256, old: uint256, new: uint256
) -> bool:
    """
    @notice Return whether more orders leave the account no worse in the worst case.
    """
    if instruments._is_spot(instrument):
        return open_orders._bids(new) == open_orders._bids(
            old
        ) and open_orders._asks(new) <= tradables._held(
            account, instruments._asset(instrument)
        )
    lots: int256 = deleveraging._effective_lots(instrument, account)
    return open_orders._worst_lots(lots, new) == open_orders._worst_lots(lots, old)


@internal
def _clear_perp(
    market: uint256,
    taker: uint256,
    is_buy: bool,
    makings: DynArray[IClearinghouse.Making, makers.MAX_MAKINGS],
    quote: margin.Quote,
) -> (DynArray[uint256, makers.MAX_MAKINGS], String[32]):
    """
    @notice Fill resting orders for a perpetual. The taker trades once at each price,
            after the makers there.
    """
    obstacle: String[32] = tradables._obstacle(market, quote)
    positions._touch(market, taker, state.market_risk[market])
    held: int256 = perpetual._lots(state.positions[taker][market])
    open_interest: uint256 = state.market_size[market] & _LOW_64
    room: uint256 = tradables._reducible(taker, market, is_buy)
    before: IClearinghouse.Health = empty(IClearinghouse.Health)
    if room != 0:
        before = health._assess(taker)

    filled: DynArray[uint256, makers.MAX_MAKINGS] = []
    stop: String[32] = ""
    total: uint256 = 0
    taken: uint256 = 0
    count: uint256 = len(makings)
    for i: uint256 in range(count, bound=makers.MAX_MAKINGS):
        making: IClearinghouse.Making = makings[i]
        lots: uint256 = 0
        if len(stop) == 0:
            lots = makers._wanted(market, making, not is_buy)
            # Everything until now has reduced the taker, if there is an obstacle.
            if len(obstacle) != 0 and lots > min(
                tradables._reducible(making.account, market, not is_buy), room - total
            ):
                stop = obstacle
                lots = 0
        if lots != 0 and not makers._fill(market, making, not is_buy, lots):
            lots = 0
        filled.append(lots)
        taken += lots
        total += lots
        if taken != 0 and (i + 1 == count or makings[i + 1].price != making.price):
            makers._take(market, taker, is_buy, taken, making.price)
            taken = 0

    if total != 0:
        self._require_limits(market, taker, held, open_interest)
        if total > room:
            before = empty(IClearinghouse.Health)
        fills._check(taker, before)
    return filled, stop


@internal
@view
def _require_limits(
    market: uint256, taker: uint256, held: int256, open_interest: uint256
):
    """
    @notice Refuse a taker's position that has grown above the market's limit, then open
            interest that has.
    @param held The taker's lots before.
    @param open_interest Open interest before.
    """
    limits: uint256 = state.market_limits[market]
    left: uint256 = convert(
        abs(perpetual._lots(state.positions[taker][market])), uint256
    )
    assert (
        left <= convert(abs(held), uint256) or left <= (limits >> 128) & _LOW_64
    ), errors.POSITION_LIMIT_REACHED
    after: uint256 = state.market_size[market] & _LOW_64
    assert (
        after <= open_interest or after <= limits >> 192
    ), errors.OPEN_INTEREST_LIMIT_REACHED


@internal
def _log_taken(
    instrument: uint256,
    taker: uint256,
    is_buy: bool,
    size: uint256,
    price: uint256,
    fee: uint256,
):
    """
    @notice Log a taker's side.
    """
    log IClearinghouse.OrderFill(
        instrument=instrument,
        account=taker,
        is_buy=is_buy,
        size=size,
        price=price,
        fee=fee,
        is_maker=False,
        time=block.timestamp,
    )


@internal
def _clear_spot(
    asset: uint256,
    taker: uint256,
    is_buy: bool,
    makings: DynArray[IClearinghouse.Making, makers.MAX_MAKINGS],
    quote: margin.Quote,
) -> (DynArray[uint256, makers.MAX_MAKINGS], String[32]):
    """
    @notice Fill resting orders for a spot asset, the taker once with each.
    """
    instrument: uint256 = instruments.SPOT + asset
    received: uint256 = asset if is_buy else accounts.USDC
    given: uint256 = accounts.USDC if is_buy else asset
    before: IClearinghouse.Health = empty(IClearinghouse.Health)
    if money_market._scaled(state.balances[taker][received]) < 0:
        before = health._assess(taker)

    filled: DynArray[uint256, makers.MAX_MAKINGS] = []
    stop: String[32] = tradables._obstacle(instrument, quote)
    is_filled: bool = False
    for making: IClearinghouse.Making in makings:
        size: uint256 = 0
        if len(stop) == 0:
            size = makers._wanted(instrument, making, not is_buy)
        if size == 0:
            filled.append(0)
            continue
        cost: uint256 = fp._mul_div_up(size, making.price, fp.WAD)
        fee: uint256 = settlement._fee(cost, state.risk[asset], False)
        amount: uint256 = cost + fee if is_buy else size
        guarded: uint256 = 0
        if spot_side._lacking(
            taker, given, state.pool_index[given] >> 144, amount
        ) != 0:
            guarded = state.guards[given]
            stop = self._fund(given, taker, amount)
        if len(stop) != 0:
            filled.append(0)
            continue
        if not makers._fill(instrument, making, not is_buy, size):
            # What the throttle admitted was for a fill that did not happen.
            if guarded != 0:
                state.guards[given] = guarded
            filled.append(0)
            continue
        self._take_spot(asset, taker, is_buy, size, making.price, fee)
        filled.append(size)
        is_filled = True

    if is_filled:
        fills._check(taker, before)
    return filled, stop


@internal
def _fund(asset: uint256, account: uint256, amount: uint256) -> String[32]:
    """
    @notice Move on the throttle of a pool that funds what an account lacks; return why
            it can't, empty if it can.
    @dev Whatever else goes wrong, want of gas too, leaves no reason and is refused.
    """
    is_funded: bool = False
    answer: Bytes[_REFUSAL] = b""
    is_funded, answer = raw_call(
        makers.MAKER_CODE,
        abi_encode(
            asset,
            account,
            amount,
            method_id=method_id("fund_unlocked(uint256,uint256,uint256)"),
        ),
        max_outsize=_REFUSAL,
        is_delegate_call=True,
        revert_on_failure=False,
    )
    if is_funded:
        return ""
    assert len(answer) == _REFUSAL
    return abi_decode(slice(answer, 4, _REFUSAL - 4), String[32])


@internal
def _take_spot(
    asset: uint256,
    taker: uint256,
    is_buy: bool,
    amount: uint256,
    price: uint256,
    fee: uint256,
):
    """
    @notice Exchange what a maker has given or taken, and charge the taker's fee.
    """
    pool: money_market.Pool = empty(money_market.Pool)
    usdc: money_market.Pool = empty(money_market.Pool)
    pool, usdc = spot_side._exchange(
        taker,
        asset,
        is_buy,
        amount,
        price,
        fee,
        money_market._load(asset),
        money_market._load(accounts.USDC),
    )
    money_market._save(asset, pool)
    money_market._save(accounts.USDC, usdc)
    self._log_taken(instruments.SPOT + asset, taker, is_buy, amount, price, fee)
