# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title ForcedCode
@license Apache-2.0
@notice What the order book clears for an account that did not ask for it: its
        collateral is converted, or a slice of it is closed that SliceCode opened; a
        code body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nobody is a venue and no slice is open.
@custom:spec specs/forced_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import conversion
from .modules import deleveraging
from .modules import errors
from .modules import fixed_point as fp
from .modules import health
from .modules import instruments
from .modules import makers
from .modules import margin
from .modules import money_market
from .modules import perpetual
from .modules import positions
from .modules import state
from .modules import tradables

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: conversion[state := state]
initializes: health
initializes: deleveraging[state := state]
initializes: tradables[
    deleveraging := deleveraging, money_market := money_market, state := state
]
initializes: positions[state := state]
initializes: makers[state := state, tradables := tradables]

ORDER_VENUE: constant(uint256) = 4


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
def clear_conversion(
    asset: uint256,
    account: uint256,
    makings: DynArray[IClearinghouse.Making, makers.MAX_MAKINGS],
) -> (DynArray[uint256, makers.MAX_MAKINGS], String[32]):
    """
    @notice Sell an account's collateral to resting orders, in their order, for the USDC
            that it owes above what it may, without a fee. A maker who can't be filled
            is passed over; the first whose price is too low for a conversion ends the
            list.
    @dev What was sold is judged in the end, as a sale at the lowest of the prices. See
         `SpotCode.convert`.
    @return As of `clear`.
    """
    self._require_venue()
    accounts._require_user(account)
    tradables._require_asset(asset)
    quote: margin.Quote = margin._quote(state.quote[asset])
    assert not margin._is_stale(quote), errors.STALE_PRICE
    assert not margin._is_diverging(quote), errors.PRICES_DIVERGE
    money_market._require_open(accounts.USDC)
    money_market._require_open(asset)
    asked: uint256 = 0
    for making: IClearinghouse.Making in makings:
        makers._require_size(instruments.SPOT + asset, making, 0)
        assert accounts._owner(account) != accounts._owner(
            making.account
        ), errors.SAME_OWNER
        asked += making.size

    money_market._accrue(asset)
    money_market._accrue(accounts.USDC)
    before: IClearinghouse.Health = health._assess(account)
    assert not margin._is_liquidatable(before), errors.NOT_CONVERTIBLE
    assert asset == conversion._best_collateral(account), errors.WRONG_COLLATERAL
    assert asked <= tradables._held(account, asset), errors.INSUFFICIENT_BALANCE
    usdc: money_market.Pool = money_market._load(accounts.USDC)
    debt: uint256 = conversion._compute_net_debt(
        state.balances[account][accounts.USDC], usdc.borrow_index
    )

    reference: uint256 = conversion._compute_reference(quote)
    least: uint256 = conversion._compute_least_price(reference)
    filled: DynArray[uint256, makers.MAX_MAKINGS] = []
    stop: String[32] = ""
    sold: uint256 = 0
    lowest: uint256 = max_value(uint256)
    for making: IClearinghouse.Making in makings:
        if making.price < least:
            stop = errors.PRICE_OUT_OF_BAND
        size: uint256 = 0
        if len(stop) == 0:
            size = makers._wanted(instruments.SPOT + asset, making, True)
        if size != 0 and not makers._make(
            method_id(
                "sell_unlocked(uint256,uint256,uint256,uint256,uint256)",
                output_type=bytes4,
            ),
            asset,
            making,
            account,
            size,
        ):
            size = 0
        if size != 0:
            sold += size
            lowest = min(lowest, making.price)
        filled.append(size)
    if sold != 0:
        above_cap: uint256 = conversion._compute_cap_excess(
            state.curve[accounts.USDC], money_market._borrowed(usdc), lowest < reference
        )
        assert (
            self._excess(account, debt, before, above_cap) != 0
        ), errors.NOT_CONVERTIBLE
        after: IClearinghouse.Health = health._assess(account)
        assert sold <= conversion._compute_most(
            self._excess(account, debt, after, above_cap), lowest
        ), errors.AMOUNT_TOO_LARGE
        assert conversion._is_no_worse(before, after), errors.NOT_CONVERTIBLE
    return filled, stop


@external
def clear_slice(
    instrument: uint256,
    account: uint256,
    makings: DynArray[IClearinghouse.Making, makers.MAX_MAKINGS],
) -> (DynArray[uint256, makers.MAX_MAKINGS], String[32]):
    """
    @notice Fill resting orders, in their order, for the open slice of `account`,
            without a taker's fee. A maker who can't be filled is passed over. The first
            whose price is beyond the slice's limit ends the list, and the first who
            would not reduce while the instrument's state wants that.
    @dev The account is judged when the slice is closed.
    @return As of `clear`.
    """
    self._require_venue()
    opened: IClearinghouse.Slice = state.opened_slice
    assert (
        opened.account != 0
        and opened.account == account
        and opened.instrument == instrument
    ), errors.NO_SLICE
    quote: margin.Quote = margin._quote(tradables._quote_word(instrument))
    asked: uint256 = 0
    for making: IClearinghouse.Making in makings:
        makers._require_size(instrument, making, quote.slow)
        assert accounts._owner(account) != accounts._owner(
            making.account
        ), errors.SAME_OWNER
        asked += making.size
    assert asked <= opened.left, errors.AMOUNT_TOO_LARGE

    obstacle: String[32] = tradables._obstacle(instrument, quote)
    filled: DynArray[uint256, makers.MAX_MAKINGS] = []
    stop: String[32] = ""
    for making: IClearinghouse.Making in makings:
        size: uint256 = makers._wanted(instrument, making, not opened.is_buy)
        if len(stop) == 0:
            if self._is_beyond(making.price, opened.limit, opened.is_buy):
                stop = errors.PRICE_OUT_OF_BAND
            elif len(obstacle) != 0 and size > tradables._reducible(
                making.account, instrument, not opened.is_buy
            ):
                stop = obstacle
        if len(stop) != 0:
            size = 0
        if size != 0 and not makers._fill(
            instrument, making, not opened.is_buy, size
        ):
            size = 0
        if size != 0:
            self._take(account, instrument, opened.is_buy, making, size)
            opened.left -= size
            opened.filled += size
            opened.notional += fp._mul_div_down(
                size * tradables._unit(instrument), making.price, fp.WAD
            )
        filled.append(size)
    state.opened_slice = opened
    return filled, stop


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
def _excess(
    account: uint256, debt: uint256, found: IClearinghouse.Health, above_cap: uint256
) -> uint256:
    """
    @notice Return how much of `debt` has to be paid by conversion, at the limit of the
            account's equity in `found`.
    """
    return conversion._compute_excess(
        debt,
        conversion._compute_limit(state.headers[account], found.equity),
        above_cap,
    )


@internal
@pure
def _is_beyond(price: uint256, limit: uint256, is_buy: bool) -> bool:
    """
    @notice Return whether a price is worse than a limit.
    """
    return price > limit if is_buy else price < limit


@internal
def _take(
    account: uint256,
    instrument: uint256,
    is_buy: bool,
    making: IClearinghouse.Making,
    size: uint256,
):
    """
    @notice Trade what a maker has given or taken. What the account buys repays its
            debt, what it sells pays its USDC debt, whatever its settings say; what it
            lacks of USDC it borrows.
    """
    if instruments._is_spot(instrument):
        asset: uint256 = instruments._asset(instrument)
        pool: money_market.Pool = money_market._load(asset)
        usdc: money_market.Pool = money_market._load(accounts.USDC)
        if is_buy:
            pool = money_market._pay_debt(account, asset, pool, size)
            usdc = money_market._debit(
                account,
                accounts.USDC,
                usdc,
                fp._mul_div_up(size, making.price, fp.WAD),
            )
        else:
            pool = money_market._debit(account, asset, pool, size)
            usdc = money_market._pay_debt(
                account,
                accounts.USDC,
                usdc,
                fp._mul_div_down(size, making.price, fp.WAD),
            )
        money_market._save(asset, pool)
        money_market._save(accounts.USDC, usdc)
    else:
        lots: int256 = convert(size, int256)
        if not is_buy:
            lots = -lots
        positions._trade(instrument, account, lots, making.price)
    log IClearinghouse.SliceFill(
        instrument=instrument,
        account=account,
        maker=making.account,
        is_buy=is_buy,
        size=size,
        price=making.price,
        time=block.timestamp,
    )
