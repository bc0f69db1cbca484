# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Pool views
@license Apache-2.0
@notice Assets and pools as the Lens tells them: prices, parameters, indices and rates,
        and what the vault has of them.
@dev Interest is brought to now as an accrual would, with the same functions.
@custom:spec specs/clearinghouse.py
"""

from ethereum.ercs import IERC20

from ..interfaces import ILens
from . import accounts
from . import fixed_point as fp
from . import interest_rate
from . import market_views
from . import money_market
from . import packing
from . import vault

uses: vault
uses: market_views

MAX_LISTED: constant(uint256) = 32
_PRICE_UNIT: constant(uint256) = 10**6
_RATE_UNIT: constant(uint256) = 10**9
_PPM_UNIT: constant(uint256) = 10**12
_LOW_128: constant(uint256) = 2**128 - 1


@external
@view
def assets() -> DynArray[uint256, MAX_LISTED]:
    """
    @notice Return the numbers of all listed assets.
    """
    listed: DynArray[uint256, MAX_LISTED] = []
    for asset: uint256 in range(MAX_LISTED):
        if staticcall vault.CLEARINGHOUSE.token(asset) != 0:
            listed.append(asset)
    return listed


@external
@view
def asset(asset: uint256) -> ILens.Asset:
    """
    @notice Return an asset's token, prices and parameters.
    """
    token: uint256 = vault._token(asset)
    quote: uint256 = staticcall vault.CLEARINGHOUSE.quote(asset)
    risk: uint256 = staticcall vault.CLEARINGHOUSE.risk(asset)
    return ILens.Asset(
        token=convert(packing._get(token, 0, 160), address),
        decimals=packing._get(token, 160, 8),
        slow=packing._get(quote, 176, 80) * _PRICE_UNIT,
        fast=packing._get(quote, 96, 80) * _PRICE_UNIT,
        priced_at=packing._get(quote, 64, 32),
        weight=packing._get(quote, 40, 24),
        haircut_factor=packing._get(quote, 0, 40),
        base_imf=packing._get(risk, 0, 24),
        base_mmf=packing._get(risk, 24, 24),
        imf_factor=packing._get(risk, 48, 40),
        mmf_factor=packing._get(risk, 88, 40),
        maker_fee=packing._get(risk, 128, 24),
        taker_fee=packing._get(risk, 152, 24),
        target_weight=packing._get(risk, 176, 24),
        ramped_at=packing._get(risk, 200, 32),
    )


@external
@view
def pool(asset: uint256) -> ILens.Pool:
    """
    @notice Return an asset's pool; the borrow index and the rates are those of now,
            the rest is as it was last booked.
    """
    return self._pool(asset)


@external
@view
def reserves(asset: uint256) -> ILens.Reserves:
    """
    @notice Return what the vault holds of an asset and what it must hold.
    @dev Solvent when custody >= cash + idle and slack >= 0. Slack is
         cash + borrows - lends - funds, rounded down from exact indices. Books are
         written before tokens move, so within a call of the Clearinghouse, when the
         two do not fit, it is refused.
    """
    vault._require_rest()
    pool: ILens.Pool = self._pool(asset)
    token: uint256 = vault._token(asset)
    index: uint256 = staticcall vault.CLEARINGHOUSE.pool_index(asset)
    booked: uint256 = packing._get(index, 32, 112)
    funds: int256 = 0
    if asset == 0:
        funds = packing._get_signed(staticcall vault.CLEARINGHOUSE.funds(), 128, 128)
    ray: int256 = convert(fp.RAY, int256)
    exact: int256 = (
        (convert(pool.cash, int256) - funds) * ray
        + convert(pool.borrows * booked, int256)
        - pool.lends * convert(pool.lend_index, int256)
    )
    return ILens.Reserves(
        custody=staticcall IERC20(
            convert(packing._get(token, 0, 160), address)
        ).balanceOf(vault.CLEARINGHOUSE.address)
        * 10 ** (18 - packing._get(token, 160, 8)),
        cash=pool.cash,
        idle=pool.idle,
        lends=fp._signed_mul_div_up(pool.lends, pool.lend_index, fp.RAY),
        borrows=fp._mul_div_down(pool.borrows, booked, fp.RAY),
        funds=funds,
        slack=fp._signed_mul_div_down(exact, 1, fp.RAY),
    )


@internal
@view
def _pool(asset: uint256) -> ILens.Pool:
    """
    @notice Return a pool with its borrow index and rates of now.
    """
    vault._token(asset)
    pool: money_market.Pool = self._load(asset)
    curve: uint256 = staticcall vault.CLEARINGHOUSE.curve(asset)
    utilisation: uint256 = self._utilisation(asset, pool)
    rate: uint256 = self._rate(asset, utilisation)
    virtuals: uint256 = 0
    if asset == accounts.USDC:
        virtuals = market_views._virtuals()

    # W and Z earn beside the lends, V owes beside the borrows.
    sharing: uint256 = (
        money_market._lent(pool)
        + (virtuals >> 128)
        + (self._funds(asset) & _LOW_128)
    )
    lend_rate: uint256 = 0
    if sharing > 0:
        owed: uint256 = (virtuals & _LOW_128) + fp._mul_div_down(
            pool.borrows, pool.borrow_index, fp.RAY
        )
        paid: uint256 = fp._mul_div_down(
            rate, fp.PPM - packing._get(curve, 144, 24), fp.PPM
        )
        lend_rate = fp._mul_div_down(paid, owed, sharing)
    return ILens.Pool(
        lend_index=pool.lend_index,
        borrow_index=self._borrow_index(asset, pool),
        accrued_at=pool.accrued_at,
        lends=pool.lends,
        borrows=pool.borrows,
        cash=pool.cash,
        reserve=pool.reserve,
        idle=staticcall vault.CLEARINGHOUSE.pool_idle(asset),
        utilisation=utilisation,
        borrow_rate=rate,
        lend_rate=lend_rate,
        supply_cap=packing._get(curve, 176, 40) * fp.WAD,
        borrow_cap=packing._get(curve, 216, 40) * fp.WAD,
        is_paused=packing._get(curve, 169, 1) != 0,
        is_halted=packing._get(curve, 168, 1) != 0,
    )


@internal
@view
def _accrued(asset: uint256) -> money_market.Pool:
    """
    @notice Return a pool with the interest until now booked.
    """
    pool: money_market.Pool = self._load(asset)
    virtuals: uint256 = 0
    if asset == accounts.USDC:
        virtuals = market_views._virtuals()
    return money_market._book(
        pool,
        self._borrow_index(asset, pool),
        staticcall vault.CLEARINGHOUSE.curve(asset),
        virtuals,
        self._funds(asset) & _LOW_128,
    )


@internal
@view
def _borrow_index(asset: uint256, pool: money_market.Pool) -> uint256:
    """
    @notice Return the borrow index that an accrual of a saved pool now would write.
    """
    rate: uint256 = self._rate(asset, self._utilisation(asset, pool))
    elapsed: uint256 = min(
        block.timestamp - pool.accrued_at, money_market.MAX_ACCRUAL
    )
    grown: uint256 = pool.borrow_index + fp._mul_div_down(
        pool.borrow_index, rate * elapsed, fp.RAY
    )
    return grown if grown <= money_market.MAX_INDEX else pool.borrow_index


@internal
@view
def _rate(asset: uint256, utilisation: uint256) -> uint256:
    """
    @notice Return a pool's borrow rate, RAY per second, rounded down.
    """
    curve: uint256 = staticcall vault.CLEARINGHOUSE.curve(asset)
    return interest_rate._compute_rate(
        packing._get(curve, 0, 40) * _RATE_UNIT,
        packing._get(curve, 40, 40) * _RATE_UNIT,
        packing._get(curve, 80, 40) * _RATE_UNIT,
        packing._get(curve, 120, 24) * _PPM_UNIT,
        utilisation,
    )


@internal
@view
def _utilisation(asset: uint256, pool: money_market.Pool) -> uint256:
    """
    @notice Return the share of a pool's lends that is not there as cash, WAD, rounded
            down.
    """
    surplus: uint256 = money_market._surplus(self._funds(asset))
    return interest_rate._compute_utilisation(
        pool.cash, money_market._lent(pool) + surplus
    )


@internal
@view
def _load(asset: uint256) -> money_market.Pool:
    """
    @notice Return a pool as it was saved.
    """
    index: uint256 = staticcall vault.CLEARINGHOUSE.pool_index(asset)
    total: uint256 = staticcall vault.CLEARINGHOUSE.pool_total(asset)
    cash: uint256 = staticcall vault.CLEARINGHOUSE.pool_cash(asset)
    return money_market.Pool(
        lend_index=packing._get(index, 144, 112),
        borrow_index=packing._get(index, 32, 112),
        accrued_at=packing._get(index, 0, 32),
        lends=packing._get_signed(total, 128, 128),
        borrows=packing._get(total, 0, 128),
        cash=packing._get(cash, 128, 128),
        reserve=packing._get(cash, 0, 128),
    )


@internal
@view
def _funds(asset: uint256) -> uint256:
    """
    @notice Return the word of the liquidity funds; only USDC has any.
    """
    return staticcall vault.CLEARINGHOUSE.funds() if asset == accounts.USDC else 0
