# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Lens
@license Apache-2.0
@notice Every view that no transaction needs: pools, markets, accounts and reserves,
        unpacked and brought to now.
@dev It reads the Clearinghouse's words and computes with the same modules: the views
     of pools, guards, markets and positions each have one, those of accounts are here.
     It stores nothing and nobody relies on it on chain.
@custom:spec specs/clearinghouse.py
"""

from .interfaces import IClearinghouse
from .interfaces import ILens
from .modules import accounts
from .modules import conversion
from .modules import guard_views
from .modules import market_views
from .modules import money_market
from .modules import pool_views
from .modules import position_views
from .modules import vault

initializes: vault
initializes: market_views[vault := vault]
initializes: pool_views[vault := vault, market_views := market_views]
initializes: guard_views[vault := vault, pool_views := pool_views]
initializes: position_views[
    vault := vault, market_views := market_views, pool_views := pool_views
]

exports: (
    vault.CLEARINGHOUSE,
    market_views.markets,
    market_views.market,
    market_views.scales,
    market_views.limits,
    market_views.cull,
    market_views.virtual,
    market_views.ticks,
    pool_views.assets,
    pool_views.asset,
    pool_views.pool,
    pool_views.reserves,
    guard_views.guards,
    guard_views.change,
    position_views.positions,
    position_views.credit,
    position_views.can_realise,
    position_views.unrealised,
)

MAX_HOLDINGS: constant(uint256) = 9
MAX_BATCH: constant(uint256) = 128


@deploy
def __init__(clearinghouse: vault.Clearinghouse):
    """
    @notice Fix what is looked at.
    """
    vault.__init__(clearinghouse)


@external
@view
def settings(account: uint256) -> IClearinghouse.Settings:
    """
    @notice Return what an account's owner chose.
    """
    header: uint256 = staticcall vault.CLEARINGHOUSE.headers(account)
    return IClearinghouse.Settings(
        auto_lend=accounts._is_auto_lending(header),
        auto_repay=accounts._is_auto_repaying(header),
        auto_borrow_settlements=accounts._is_auto_borrowing(header),
        auto_realize=accounts._is_auto_realizing(header),
        max_leverage=accounts._max_leverage(header),
    )


@external
@view
def release_at(account: uint256) -> uint256:
    """
    @notice Return until when nothing leaves an account; 0 if it was never bound, the
            largest number of 32 bits if no notice was given.
    """
    return accounts._release_at(staticcall vault.CLEARINGHOUSE.headers(account))


@external
@view
def holdings(account: uint256) -> DynArray[ILens.Holding, MAX_HOLDINGS]:
    """
    @notice Return what an account holds and owes: USDC first, then by number. What is
            owed includes the interest until now.
    """
    found: DynArray[ILens.Holding, MAX_HOLDINGS] = []
    entries: uint256 = (
        staticcall vault.CLEARINGHOUSE.headers(account) >> 192 << 8
    ) | 1
    for i: uint256 in range(MAX_HOLDINGS):
        if entries == 0:
            break
        number: uint256 = (entries & 255) - 1
        entries >>= 8
        if staticcall vault.CLEARINGHOUSE.balances(account, number) != 0:
            found.append(self._holding(account, number))
    return found


@external
@view
def debt_limit(account: uint256) -> uint256:
    """
    @notice Return the most USDC that losses and fees may leave an account owing, before
            its collateral is converted; WAD.
    """
    equity: int256 = (staticcall vault.CLEARINGHOUSE.assess(account)).equity
    return conversion._compute_limit(
        staticcall vault.CLEARINGHOUSE.headers(account), equity
    )


@external
@view
def health(
    batch: DynArray[uint256, MAX_BATCH]
) -> DynArray[IClearinghouse.Health, MAX_BATCH]:
    """
    @notice Return the health of many accounts, for keepers that choose whom to
            liquidate.
    """
    found: DynArray[IClearinghouse.Health, MAX_BATCH] = []
    for account: uint256 in batch:
        found.append(staticcall vault.CLEARINGHOUSE.assess(account))
    return found


@internal
@view
def _holding(account: uint256, asset: uint256) -> ILens.Holding:
    """
    @notice Return one balance: lent rounded down, owed rounded up.
    """
    word: uint256 = staticcall vault.CLEARINGHOUSE.balances(account, asset)
    pool: money_market.Pool = pool_views._load(asset)
    idle: uint256 = money_market._idle(word)
    return ILens.Holding(
        asset=asset,
        scaled=money_market._scaled(word),
        lent=money_market._held(word, pool.lend_index) - idle,
        idle=idle,
        owed=money_market._debt(word, pool_views._borrow_index(asset, pool)),
    )
