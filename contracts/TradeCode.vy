# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title TradeCode
@license Apache-2.0
@notice Fills of perpetual and spot trades between two accounts; a code body behind
        the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nobody is a venue.
@custom:spec specs/trade_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import errors
from .modules import fixed_point as fp
from .modules import health
from .modules import margin
from .modules import money_market
from .modules import perpetual
from .modules import settlement
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: health
initializes: settlement[
    accounts := accounts, money_market := money_market, state := state
]

TRADE_VENUE: constant(uint256) = 1
MAX_AMOUNT: constant(uint256) = 10**30


@deploy
def __init__(margin_code: address):
    """
    @notice Fix the body that computes margins.
    """
    health.__init__(margin_code)


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
         maintenance margin does not fall.
    @param lots Size in lots of the market.
    @param price WAD USDC for 1.0 base unit, checked against the bands by the venue.
    @param maker_is_buyer Which side pays the maker's fee.
    """
    assert state.venues[msg.sender] & TRADE_VENUE != 0, errors.NOT_VENUE
    assert buyer != seller, errors.SAME_ACCOUNT
    accounts._require_user(buyer)
    accounts._require_user(seller)
    risk: uint256 = state.market_risk[market]
    assert risk != 0, errors.UNKNOWN_MARKET
    assert lots != 0, errors.ZERO_AMOUNT
    assert lots <= perpetual.MAX_LOTS, errors.AMOUNT_TOO_LARGE
    quote: margin.Quote = margin._quote(state.market_quote[market])
    assert not margin._is_stale(quote), errors.STALE_PRICE
    money_market._require_open(accounts.USDC)

    pool: money_market.Pool = money_market._load_accrued(accounts.USDC)
    money_market._save(accounts.USDC, pool)
    size: int256 = convert(lots, int256)
    buyer_before: IClearinghouse.Health = self._before_trade(market, buyer, size)
    seller_before: IClearinghouse.Health = self._before_trade(market, seller, -size)

    lot: uint256 = perpetual._lot(risk)
    notional: uint256 = perpetual._compute_notional(size, lot, price)
    buyer_fee: uint256 = settlement._fee(notional, risk, maker_is_buyer)
    seller_fee: uint256 = settlement._fee(notional, risk, not maker_is_buyer)
    pool = settlement._trade(market, buyer, size, lot, price, pool)
    pool = settlement._trade(market, seller, -size, lot, price, pool)
    pool = settlement._charge(buyer, pool, buyer_fee)
    pool = settlement._charge(seller, pool, seller_fee)
    money_market._save(accounts.USDC, pool)
    self._check(buyer, buyer_before)
    self._check(seller, seller_before)
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
    assert buyer != seller, errors.SAME_ACCOUNT
    accounts._require_user(buyer)
    accounts._require_user(seller)
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
    proceeds: uint256 = fp._mul_div_down(amount, price, fp.WAD)
    buyer_fee: uint256 = settlement._fee(cost, risk, maker_is_buyer)
    seller_fee: uint256 = settlement._fee(cost, risk, not maker_is_buyer)
    pool = money_market._credit(buyer, asset, pool, amount)
    usdc = money_market._debit(buyer, accounts.USDC, usdc, cost)
    pool = money_market._debit(seller, asset, pool, amount)
    usdc = money_market._credit(seller, accounts.USDC, usdc, proceeds)
    usdc = settlement._charge(buyer, usdc, buyer_fee)
    usdc = settlement._charge(seller, usdc, seller_fee)
    money_market._save(asset, pool)
    money_market._save(accounts.USDC, usdc)
    self._check(buyer, buyer_before)
    self._check(seller, seller_before)
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


@internal
def _before_trade(
    market: uint256, account: uint256, lots: int256
) -> IClearinghouse.Health:
    """
    @notice Return the account's health if the trade only reduces its position, else
            an empty one, which nothing improves on.
    """
    held: int256 = perpetual._lots(state.positions[account][market])
    if perpetual._is_reduction(held, lots):
        return health._assess(account)
    return empty(IClearinghouse.Health)


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
def _check(account: uint256, before: IClearinghouse.Health):
    """
    @notice Refuse unless the account has initial margin, or reduced and was improved.
    """
    after: IClearinghouse.Health = health._assess(account)
    if margin._is_improved(before, after):
        return
    margin._check_initial_margin(after)
