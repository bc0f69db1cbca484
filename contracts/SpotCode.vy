# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title SpotCode
@license Apache-2.0
@notice Fills of spot trades between two accounts, which move both assets inside the
        ledger; a code body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nobody is a venue.
@custom:spec specs/spot_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import errors
from .modules import fills
from .modules import fixed_point as fp
from .modules import guards
from .modules import health
from .modules import margin
from .modules import money_market
from .modules import settlement
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: guards[state := state]
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
    proceeds: uint256 = fp._mul_div_down(amount, price, fp.WAD)
    buyer_fee: uint256 = settlement._fee(cost, risk, maker_is_buyer)
    seller_fee: uint256 = settlement._fee(cost, risk, not maker_is_buyer)
    sold: int256 = money_market._scaled(state.balances[seller][asset])
    paid: int256 = money_market._scaled(state.balances[buyer][accounts.USDC])
    borrowed: uint256 = self._borrowed(pool)
    usdc_borrowed: uint256 = self._borrowed(usdc)
    pool = money_market._credit(buyer, asset, pool, amount)
    usdc = money_market._debit(buyer, accounts.USDC, usdc, cost)
    pool = money_market._debit(seller, asset, pool, amount)
    usdc = money_market._credit(seller, accounts.USDC, usdc, proceeds)
    usdc = settlement._charge(buyer, usdc, buyer_fee)
    usdc = settlement._charge(seller, usdc, seller_fee)
    self._require_borrowing(seller, asset, sold, borrowed, pool)
    self._require_borrowing(buyer, accounts.USDC, paid, usdc_borrowed, usdc)
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
@pure
def _borrowed(pool: money_market.Pool) -> uint256:
    """
    @notice Return all that is borrowed of a pool, WAD, rounded up.
    """
    return fp._mul_div_up(pool.borrows, pool.borrow_index, fp.RAY)


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
    guards._require_borrow_cap(curve, borrowed, self._borrowed(pool))
