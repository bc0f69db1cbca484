# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title SpotCode
@license Apache-2.0
@notice Fills of spot trades between two accounts, which move both assets inside the
        ledger, and conversions of collateral, which are sales that pay a debt; a code
        body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nobody is a venue.
@custom:spec specs/spot_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import conversion
from .modules import errors
from .modules import fills
from .modules import fixed_point as fp
from .modules import guards
from .modules import health
from .modules import margin
from .modules import money_market
from .modules import pool_limits
from .modules import settlement
from .modules import spot_side
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: guards[state := state]
initializes: pool_limits[guards := guards, state := state]
initializes: conversion[state := state]
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
initializes: spot_side[
    money_market := money_market,
    pool_limits := pool_limits,
    settlement := settlement,
    state := state,
]

TRADE_VENUE: constant(uint256) = 1
MAX_AMOUNT: constant(uint256) = 10**30
# The bit of a pool's curve word that says that nothing may be borrowed.
_ASSET_PAUSED: constant(uint256) = 1 << 169


@deploy
def __init__(margin_code: address):
    """
    @notice Fix the body that computes margins.
    """
    health.__init__(margin_code)


@external
def fill_spot(
    asset: uint256,
    buyer: uint256,
    seller: uint256,
    amount: uint256,
    price: uint256,
    maker_is_buyer: bool,
):
    """
    @notice Exchange `amount` (WAD) of `asset` for USDC at `price`: what the seller
            does not hold it borrows, what the buyer owes is repaid first.
    @param price WAD USDC for 1.0, checked against the bands by the venue.
    """
    assert state.venues[msg.sender] & TRADE_VENUE != 0, errors.NOT_VENUE
    fills._require_parties(buyer, seller)
    assert asset != accounts.USDC, errors.UNKNOWN_ASSET
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    assert amount != 0, errors.ZERO_AMOUNT
    assert amount <= MAX_AMOUNT, errors.AMOUNT_TOO_LARGE
    assert not margin._is_stale(margin._quote(state.quote[asset])), errors.STALE_PRICE
    money_market._require_open(asset)
    money_market._require_open(accounts.USDC)

    pool: money_market.Pool = money_market._load_accrued(asset)
    usdc: money_market.Pool = money_market._load_accrued(accounts.USDC)
    money_market._save(asset, pool)
    money_market._save(accounts.USDC, usdc)
    buyer_before: IClearinghouse.Health = self._before_receipt(buyer, asset)
    seller_before: IClearinghouse.Health = self._before_receipt(seller, accounts.USDC)

    risk: uint256 = state.risk[asset]
    cost: uint256 = fp._mul_div_up(amount, price, fp.WAD)
    buyer_fee: uint256 = settlement._fee(cost, risk, maker_is_buyer)
    seller_fee: uint256 = settlement._fee(cost, risk, not maker_is_buyer)
    spot_side._fund(buyer, accounts.USDC, usdc, cost + buyer_fee)
    spot_side._fund(seller, asset, pool, amount)
    pool, usdc = spot_side._exchange(
        buyer, asset, True, amount, price, buyer_fee, pool, usdc
    )
    pool, usdc = spot_side._exchange(
        seller, asset, False, amount, price, seller_fee, pool, usdc
    )
    money_market._save(asset, pool)
    money_market._save(accounts.USDC, usdc)
    fills._check(buyer, buyer_before)
    fills._check(seller, seller_before)
    log IClearinghouse.SpotFill(
        asset=asset,
        buyer=buyer,
        seller=seller,
        amount=amount,
        price=price,
        buyer_fee=buyer_fee,
        seller_fee=seller_fee,
        time=block.timestamp,
    )


@external
def convert(
    asset: uint256, account: uint256, buyer: uint256, amount: uint256, price: uint256
):
    """
    @notice Sell `amount` (WAD) of an account's collateral for the USDC that it owes
            above what it may, without a fee; the buyer pays rounded up, the account
            gets rounded down.
    @dev Below its initial margin an account is converted too, for it must not end worse
         than it was. Below its maintenance margin it is liquidated instead: a
         conversion would pick the best collateral out of its liquidation. The limit is
         that of the equity afterwards: a sale raises it by what the haircut had left
         out, so that less is needed than by the equity before.
    @param price WAD USDC for 1.0, checked against the bands by the venue.
    """
    assert state.venues[msg.sender] & TRADE_VENUE != 0, errors.NOT_VENUE
    is_discounted: bool = self._require_sale(asset, account, buyer, amount, price)

    pool: money_market.Pool = money_market._load_accrued(asset)
    usdc: money_market.Pool = money_market._load_accrued(accounts.USDC)
    money_market._save(asset, pool)
    money_market._save(accounts.USDC, usdc)
    before: IClearinghouse.Health = health._assess(account)
    buyer_before: IClearinghouse.Health = self._before_receipt(buyer, asset)
    debt: uint256 = conversion._compute_net_debt(
        state.balances[account][accounts.USDC], usdc.borrow_index
    )
    above_cap: uint256 = conversion._compute_cap_excess(
        state.curve[accounts.USDC], money_market._borrowed(usdc), is_discounted
    )
    assert not margin._is_liquidatable(before), errors.NOT_CONVERTIBLE
    assert self._excess(account, debt, before, above_cap) != 0, errors.NOT_CONVERTIBLE
    assert asset == conversion._best_collateral(account), errors.WRONG_COLLATERAL
    assert amount <= money_market._held(
        state.balances[account][asset], pool.lend_index
    ), errors.INSUFFICIENT_BALANCE

    pool = money_market._debit(account, asset, pool, amount)
    usdc = money_market._pay_debt(
        account, accounts.USDC, usdc, fp._mul_div_down(amount, price, fp.WAD)
    )
    money_market._save(asset, money_market._credit(buyer, asset, pool, amount))
    self._pay(buyer, usdc, fp._mul_div_up(amount, price, fp.WAD))

    after: IClearinghouse.Health = health._assess(account)
    assert amount <= conversion._compute_most(
        self._excess(account, debt, after, above_cap), price
    ), errors.AMOUNT_TOO_LARGE
    assert conversion._is_no_worse(before, after), errors.NOT_CONVERTIBLE
    fills._check(buyer, buyer_before)
    log IClearinghouse.Converted(
        asset=asset,
        account=account,
        buyer=buyer,
        amount=amount,
        price=price,
        time=block.timestamp,
    )


@internal
@view
def _require_sale(
    asset: uint256, account: uint256, buyer: uint256, amount: uint256, price: uint256
) -> bool:
    """
    @notice Refuse a sale of what is not listed or has no price now, between accounts of
            one owner or the protocol's, or below the least price. Return whether it is
            at a discount.
    """
    accounts._require_user(account)
    accounts._require_user(buyer)
    assert accounts._owner(account) != accounts._owner(buyer), errors.SAME_OWNER
    assert asset != accounts.USDC, errors.UNKNOWN_ASSET
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    assert amount != 0, errors.ZERO_AMOUNT
    assert amount <= MAX_AMOUNT, errors.AMOUNT_TOO_LARGE
    quote: margin.Quote = margin._quote(state.quote[asset])
    assert not margin._is_stale(quote), errors.STALE_PRICE
    assert not margin._is_diverging(quote), errors.PRICES_DIVERGE
    reference: uint256 = conversion._compute_reference(quote)
    assert (
        price >= conversion._compute_least_price(reference)
    ), errors.PRICE_OUT_OF_BAND
    money_market._require_open(asset)
    money_market._require_open(accounts.USDC)
    return price < reference


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
def _pay(buyer: uint256, usdc: money_market.Pool, cost: uint256):
    """
    @notice Take `cost` from the buyer and save the USDC pool. A debt may grow by it, but
            not in the place of the one that is converted because of the pool's cap.
    """
    scaled: int256 = money_market._scaled(state.balances[buyer][accounts.USDC])
    borrowed: uint256 = money_market._borrowed(usdc)
    changed: money_market.Pool = money_market._debit(buyer, accounts.USDC, usdc, cost)
    self._require_borrowing(buyer, accounts.USDC, scaled, borrowed, changed)
    money_market._save(accounts.USDC, changed)


@internal
def _before_receipt(account: uint256, asset: uint256) -> IClearinghouse.Health:
    """
    @notice Return the account's health if it owes what it is about to receive, else
            an empty one, which nothing improves on.
    """
    if money_market._scaled(state.balances[account][asset]) < 0:
        return health._assess(account)
    return empty(IClearinghouse.Health)


@internal
@view
def _require_borrowing(
    account: uint256, asset: uint256, scaled: int256, borrowed: uint256, pool: money_market.Pool
):
    """
    @notice Refuse a debt that has grown in a paused asset, or above the pool's cap.
    @param scaled The account's balance before, `borrowed` all borrows before.
    """
    if money_market._scaled(state.balances[account][asset]) >= min(scaled, 0):
        return
    curve: uint256 = state.curve[asset]
    assert curve & _ASSET_PAUSED == 0, errors.PAUSED
    guards._require_borrow_cap(curve, borrowed, money_market._borrowed(pool))
