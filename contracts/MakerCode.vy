# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title MakerCode
@license Apache-2.0
@notice What of a fill on the book may be refused without harm to the rest: the side of
        an order that rested there, and what a pool has to fund for its taker; and the
        taker's side in a perpetual, which is all of it. A code body for another one.
@dev Called by delegation only, by OrderCode and ForcedCode, past the lock that they
     hold; the Clearinghouse passes nobody on to it. What is refused here never happened, and the
     body that tried goes on. Called directly it meets its own, empty storage, in which
     nothing rests.
@custom:spec specs/maker_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import errors
from .modules import fills
from .modules import fixed_point as fp
from .modules import guards
from .modules import health
from .modules import instruments
from .modules import money_market
from .modules import open_orders
from .modules import perpetual
from .modules import pool_limits
from .modules import positions
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
initializes: health
initializes: fills[health := health]
initializes: open_orders[state := state]
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

_LOW_64: constant(uint256) = 2**64 - 1


@deploy
def __init__(margin_code: address, trade_code: address):
    """
    @notice Fix the bodies that compute margins and trade.
    """
    health.__init__(margin_code)
    positions.__init__(trade_code)


@external
@reentrant
def make_perp_unlocked(
    market: uint256, account: uint256, is_buy: bool, lots: uint256, price: uint256
):
    """
    @notice Fill a resting order for a perpetual, for a body that holds the lock and has
            booked USDC interest.
    """
    size: int256 = self._signed(is_buy, lots)
    risk: uint256 = state.market_risk[market]
    positions._touch(market, account, risk)
    held: int256 = perpetual._lots(state.positions[account][market])
    before: IClearinghouse.Health = empty(IClearinghouse.Health)
    if perpetual._is_reduction(held, size):
        before = health._assess(account)

    fee: uint256 = self._trade(market, account, size, risk, price, True)
    left: uint256 = convert(abs(held + size), uint256)
    assert (
        left <= convert(abs(held), uint256)
        or left <= (state.market_limits[market] >> 128) & _LOW_64
    ), errors.POSITION_LIMIT_REACHED
    open_orders._remove(account, market, is_buy, lots)
    fills._check(account, before)
    log IClearinghouse.OrderFill(
        instrument=market,
        account=account,
        is_buy=is_buy,
        size=lots,
        price=price,
        fee=fee,
        is_maker=True,
        time=block.timestamp,
    )


@external
@reentrant
def take_perp_unlocked(
    market: uint256, account: uint256, is_buy: bool, lots: uint256, price: uint256
):
    """
    @notice Trade what makers at one price have given, for a body that holds the lock,
            has booked USDC interest and judges the taker; why it is refused is passed
            on.
    """
    fee: uint256 = self._trade(
        market,
        account,
        self._signed(is_buy, lots),
        state.market_risk[market],
        price,
        False,
    )
    log IClearinghouse.OrderFill(
        instrument=market,
        account=account,
        is_buy=is_buy,
        size=lots,
        price=price,
        fee=fee,
        is_maker=False,
        time=block.timestamp,
    )


@external
@reentrant
def make_spot_unlocked(
    asset: uint256, account: uint256, is_buy: bool, amount: uint256, price: uint256
):
    """
    @notice Fill a resting order for a spot asset, for a body that holds the lock and
            has booked the interest of both assets.
    """
    self._make_spot(asset, account, is_buy, amount, price)


@external
@reentrant
def sell_unlocked(
    asset: uint256, account: uint256, seller: uint256, amount: uint256, price: uint256
):
    """
    @notice Fill a resting bid for a spot asset with what `seller` holds, and pay the
            seller's debt with what it gets for it, rounded down; without a fee for the
            seller, of whom the caller is to judge, and as of `make_spot_unlocked`.
    """
    self._make_spot(asset, account, True, amount, price)
    money_market._save(
        asset,
        money_market._debit(seller, asset, money_market._load(asset), amount),
    )
    money_market._save(
        accounts.USDC,
        money_market._pay_debt(
            seller,
            accounts.USDC,
            money_market._load(accounts.USDC),
            fp._mul_div_down(amount, price, fp.WAD),
        ),
    )
    log IClearinghouse.Converted(
        asset=asset,
        account=seller,
        buyer=account,
        amount=amount,
        price=price,
        time=block.timestamp,
    )


@external
@reentrant
def fund_unlocked(asset: uint256, account: uint256, amount: uint256):
    """
    @notice Move on the throttle of a pool that funds what an account lacks of `amount`,
            for a body that holds the lock and has booked the asset's interest.
    """
    spot_side._fund(account, asset, money_market._load(asset), amount)


# In the order in which the above use them


@internal
@pure
def _signed(is_buy: bool, lots: uint256) -> int256:
    """
    @notice Return by how much a position changes.
    """
    size: int256 = convert(lots, int256)
    return size if is_buy else -size


@internal
def _trade(
    market: uint256,
    account: uint256,
    size: int256,
    risk: uint256,
    price: uint256,
    is_maker: bool,
) -> uint256:
    """
    @notice Trade `size` (signed) lots by one side at `price`, charge its fee and return
            that.
    """
    fee: uint256 = settlement._fee(
        perpetual._compute_notional(size, perpetual._lot(risk), price), risk, is_maker
    )
    pool: money_market.Pool = settlement._trade(
        market, account, size, risk, price, money_market._load(accounts.USDC)
    )
    money_market._save(accounts.USDC, settlement._charge(account, pool, fee))
    return fee


@internal
def _make_spot(
    asset: uint256, account: uint256, is_buy: bool, amount: uint256, price: uint256
):
    """
    @notice Fill a resting order for a spot asset.
    """
    before: IClearinghouse.Health = empty(IClearinghouse.Health)
    received: uint256 = asset if is_buy else accounts.USDC
    if money_market._scaled(state.balances[account][received]) < 0:
        before = health._assess(account)

    pool: money_market.Pool = money_market._load(asset)
    usdc: money_market.Pool = money_market._load(accounts.USDC)
    cost: uint256 = fp._mul_div_up(amount, price, fp.WAD)
    fee: uint256 = settlement._fee(cost, state.risk[asset], True)
    if is_buy:
        spot_side._fund(account, accounts.USDC, usdc, cost + fee)
    else:
        spot_side._fund(account, asset, pool, amount)
    pool, usdc = spot_side._exchange(
        account, asset, is_buy, amount, price, fee, pool, usdc
    )
    money_market._save(asset, pool)
    money_market._save(accounts.USDC, usdc)
    instrument: uint256 = instruments.SPOT + asset
    open_orders._remove(account, instruments._code(instrument), is_buy, amount)
    fills._check(account, before)
    log IClearinghouse.OrderFill(
        instrument=instrument,
        account=account,
        is_buy=is_buy,
        size=amount,
        price=price,
        fee=fee,
        is_maker=True,
        time=block.timestamp,
    )
