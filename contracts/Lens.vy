# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Lens
@license Apache-2.0
@notice Every view that no transaction needs: pools, markets, accounts and reserves,
        unpacked and brought to now.
@dev It reads the Clearinghouse's words and computes with the same modules. It stores
     nothing and nobody relies on it on chain.
@custom:spec specs/clearinghouse.py
"""

from ethereum.ercs import IERC20

from .interfaces import IClearinghouse
from .interfaces import ILens
from .modules import errors
from .modules import fixed_point as fp
from .modules import interest_rate
from .modules import packing
from .modules import perpetual


interface Clearinghouse:
    def token(asset: uint256) -> uint256: view
    def curve(asset: uint256) -> uint256: view
    def risk(asset: uint256) -> uint256: view
    def market_risk(market: uint256) -> uint256: view
    def pool_index(asset: uint256) -> uint256: view
    def pool_total(asset: uint256) -> uint256: view
    def pool_cash(asset: uint256) -> uint256: view
    def pool_idle(asset: uint256) -> uint256: view
    def quote(asset: uint256) -> uint256: view
    def funds() -> uint256: view
    def market_quote(market: uint256) -> uint256: view
    def market_funding(market: uint256) -> uint256: view
    def market_premium(market: uint256) -> uint256: view
    def market_fund(market: uint256) -> uint256: view
    def market_size(market: uint256) -> uint256: view
    def headers(account: uint256) -> uint256: view
    def balances(account: uint256, asset: uint256) -> uint256: view
    def positions(account: uint256, market: uint256) -> uint256: view
    def assess(account: uint256) -> IClearinghouse.Health: view


MAX_LISTED: constant(uint256) = 32
MAX_HOLDINGS: constant(uint256) = 9
MAX_POSITIONS: constant(uint256) = 8
MAX_BATCH: constant(uint256) = 128
_MAX_ACCRUAL: constant(uint256) = 365 * 86_400
_MAX_INDEX: constant(uint256) = 2**112 - 1
_PRICE_UNIT: constant(uint256) = 10**6
_RATE_UNIT: constant(uint256) = 10**9
_PPM_UNIT: constant(uint256) = 10**12

CLEARINGHOUSE: public(immutable(Clearinghouse))


@deploy
def __init__(clearinghouse: Clearinghouse):
    """
    @notice Fix what is looked at.
    """
    CLEARINGHOUSE = clearinghouse


@external
@view
def assets() -> DynArray[uint256, MAX_LISTED]:
    """
    @notice Return the numbers of all listed assets.
    """
    listed: DynArray[uint256, MAX_LISTED] = []
    for asset: uint256 in range(MAX_LISTED):
        if staticcall CLEARINGHOUSE.token(asset) != 0:
            listed.append(asset)
    return listed


@external
@view
def markets() -> DynArray[uint256, MAX_LISTED]:
    """
    @notice Return the numbers of all listed markets.
    """
    listed: DynArray[uint256, MAX_LISTED] = []
    for market: uint256 in range(MAX_LISTED):
        if staticcall CLEARINGHOUSE.market_risk(market) != 0:
            listed.append(market)
    return listed


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
def asset(asset: uint256) -> ILens.Asset:
    """
    @notice Return an asset's token, prices and parameters.
    """
    token: uint256 = self._token(asset)
    quote: uint256 = staticcall CLEARINGHOUSE.quote(asset)
    risk: uint256 = staticcall CLEARINGHOUSE.risk(asset)
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
    )


@external
@view
def market(market: uint256) -> ILens.Market:
    """
    @notice Return a market's prices, funding, fund and parameters.
    """
    risk: uint256 = staticcall CLEARINGHOUSE.market_risk(market)
    assert risk != 0, errors.UNKNOWN_MARKET
    quote: uint256 = staticcall CLEARINGHOUSE.market_quote(market)
    funding: uint256 = staticcall CLEARINGHOUSE.market_funding(market)
    fund: uint256 = staticcall CLEARINGHOUSE.market_fund(market)
    return ILens.Market(
        underlying=packing._get(risk, 176, 8),
        lot=perpetual._lot(risk),
        interval=packing._get(risk, 192, 32),
        mark=packing._get(quote, 176, 80) * _PRICE_UNIT,
        fast=packing._get(quote, 96, 80) * _PRICE_UNIT,
        priced_at=packing._get(quote, 64, 32),
        funding_index=packing._get_signed(funding, 128, 128),
        funding_rate=packing._get_signed(funding, 64, 64),
        premium=packing._get_signed(
            staticcall CLEARINGHOUSE.market_premium(market), 64, 64
        ),
        funded_at=packing._get(funding, 32, 32),
        interval_started_at=packing._get(funding, 0, 32),
        fund=packing._get_signed(fund, 128, 128),
        fund_cap=packing._get(fund, 0, 128),
        open_interest=staticcall CLEARINGHOUSE.market_size(market),
        base_imf=packing._get(risk, 0, 24),
        base_mmf=packing._get(risk, 24, 24),
        imf_factor=packing._get(risk, 48, 40),
        mmf_factor=packing._get(risk, 88, 40),
        maker_fee=packing._get(risk, 128, 24),
        taker_fee=packing._get(risk, 152, 24),
    )


@external
@view
def holdings(account: uint256) -> DynArray[ILens.Holding, MAX_HOLDINGS]:
    """
    @notice Return what an account holds and owes: USDC first, then by number. What is
            owed includes the interest until now.
    """
    found: DynArray[ILens.Holding, MAX_HOLDINGS] = []
    entries: uint256 = (
        staticcall CLEARINGHOUSE.headers(account) >> 192 << 8
    ) | 1
    for i: uint256 in range(MAX_HOLDINGS):
        if entries == 0:
            break
        number: uint256 = (entries & 255) - 1
        entries >>= 8
        if staticcall CLEARINGHOUSE.balances(account, number) != 0:
            found.append(self._holding(account, number))
    return found


@external
@view
def positions(account: uint256) -> DynArray[ILens.Position, MAX_POSITIONS]:
    """
    @notice Return an account's positions and unsettled claims, by market.
    """
    found: DynArray[ILens.Position, MAX_POSITIONS] = []
    entries: uint256 = packing._get(
        staticcall CLEARINGHOUSE.headers(account), 128, 64
    )
    for i: uint256 in range(MAX_POSITIONS):
        if entries == 0:
            break
        found.append(self._position(account, (entries & 255) - 1))
        entries >>= 8
    return found


@external
@view
def unrealised(
    market: uint256, batch: DynArray[uint256, MAX_BATCH]
) -> DynArray[int256, MAX_BATCH]:
    """
    @notice Return uPnL and unsettled funding of many accounts in one market, for
            keepers that choose whom to realise.
    """
    found: DynArray[int256, MAX_BATCH] = []
    for account: uint256 in batch:
        found.append(self._position(account, market).unrealised)
    return found


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
        found.append(staticcall CLEARINGHOUSE.assess(account))
    return found


@external
@view
def reserves(asset: uint256) -> ILens.Reserves:
    """
    @notice Return what the vault holds of an asset and what it must hold.
    @dev Solvent when custody >= cash + idle and slack >= 0. Slack is
         cash + borrows - lends - funds, rounded down from exact indices.
    """
    pool: ILens.Pool = self._pool(asset)
    token: uint256 = self._token(asset)
    index: uint256 = staticcall CLEARINGHOUSE.pool_index(asset)
    booked: uint256 = packing._get(index, 32, 112)
    funds: int256 = 0
    if asset == 0:
        funds = packing._get_signed(staticcall CLEARINGHOUSE.funds(), 128, 128)
    ray: int256 = convert(fp.RAY, int256)
    exact: int256 = (
        (convert(pool.cash, int256) - funds) * ray
        + convert(pool.borrows * booked, int256)
        - convert(pool.lends * pool.lend_index, int256)
    )
    return ILens.Reserves(
        custody=staticcall IERC20(
            convert(packing._get(token, 0, 160), address)
        ).balanceOf(CLEARINGHOUSE.address)
        * 10 ** (18 - packing._get(token, 160, 8)),
        cash=pool.cash,
        idle=pool.idle,
        lends=fp._mul_div_up(pool.lends, pool.lend_index, fp.RAY),
        borrows=fp._mul_div_down(pool.borrows, booked, fp.RAY),
        funds=funds,
        slack=fp._signed_mul_div_down(exact, 1, fp.RAY),
    )


@internal
@view
def _token(asset: uint256) -> uint256:
    """
    @notice Return the token word of a listed asset.
    """
    word: uint256 = staticcall CLEARINGHOUSE.token(asset)
    assert word != 0, errors.UNKNOWN_ASSET
    return word


@internal
@view
def _pool(asset: uint256) -> ILens.Pool:
    """
    @notice Return a pool with its borrow index and rates of now.
    """
    self._token(asset)
    index: uint256 = staticcall CLEARINGHOUSE.pool_index(asset)
    total: uint256 = staticcall CLEARINGHOUSE.pool_total(asset)
    cash: uint256 = staticcall CLEARINGHOUSE.pool_cash(asset)
    curve: uint256 = staticcall CLEARINGHOUSE.curve(asset)
    funds: uint256 = 0
    if asset == 0:
        funds = staticcall CLEARINGHOUSE.funds()
    found: ILens.Pool = ILens.Pool(
        lend_index=packing._get(index, 144, 112),
        borrow_index=packing._get(index, 32, 112),
        accrued_at=packing._get(index, 0, 32),
        lends=packing._get(total, 128, 128),
        borrows=packing._get(total, 0, 128),
        cash=packing._get(cash, 128, 128),
        reserve=packing._get(cash, 0, 128),
        idle=staticcall CLEARINGHOUSE.pool_idle(asset),
        utilisation=0,
        borrow_rate=0,
        lend_rate=0,
        is_halted=packing._get(curve, 168, 8) != 0,
    )
    lent: uint256 = fp._mul_div_down(found.lends, found.lend_index, fp.RAY)
    surplus: uint256 = convert(
        max(packing._get_signed(funds, 128, 128), 0), uint256
    )
    found.utilisation = interest_rate._compute_utilisation(found.cash, lent + surplus)
    found.borrow_rate = interest_rate._compute_rate(
        packing._get(curve, 0, 40) * _RATE_UNIT,
        packing._get(curve, 40, 40) * _RATE_UNIT,
        packing._get(curve, 80, 40) * _RATE_UNIT,
        packing._get(curve, 120, 24) * _PPM_UNIT,
        found.utilisation,
    )
    sharing: uint256 = lent + packing._get(funds, 0, 128)
    if sharing > 0:
        owed: uint256 = fp._mul_div_down(found.borrows, found.borrow_index, fp.RAY)
        paid: uint256 = fp._mul_div_down(
            found.borrow_rate, fp.PPM - packing._get(curve, 144, 24), fp.PPM
        )
        found.lend_rate = fp._mul_div_down(paid, owed, sharing)
    elapsed: uint256 = min(block.timestamp - found.accrued_at, _MAX_ACCRUAL)
    grown: uint256 = found.borrow_index + fp._mul_div_down(
        found.borrow_index, found.borrow_rate * elapsed, fp.RAY
    )
    if grown <= _MAX_INDEX:
        found.borrow_index = grown
    return found


@internal
@view
def _holding(account: uint256, asset: uint256) -> ILens.Holding:
    """
    @notice Return one balance: lent rounded down, owed rounded up.
    """
    word: uint256 = staticcall CLEARINGHOUSE.balances(account, asset)
    scaled: int256 = packing._get_signed(word, 128, 128)
    pool: ILens.Pool = self._pool(asset)
    size: uint256 = convert(abs(scaled), uint256)
    lent: uint256 = 0
    owed: uint256 = 0
    if scaled > 0:
        lent = fp._mul_div_down(size, pool.lend_index, fp.RAY)
    else:
        owed = fp._mul_div_up(size, pool.borrow_index, fp.RAY)
    return ILens.Holding(
        asset=asset,
        scaled=scaled,
        lent=lent,
        idle=packing._get(word, 0, 128),
        owed=owed,
    )


@internal
@view
def _position(account: uint256, market: uint256) -> ILens.Position:
    """
    @notice Return one position, valued at mark, rounded down.
    """
    word: uint256 = staticcall CLEARINGHOUSE.positions(account, market)
    lots: int256 = perpetual._lots(word)
    basis: int256 = perpetual._basis(word)
    lot: uint256 = perpetual._lot(staticcall CLEARINGHOUSE.market_risk(market))
    quote: uint256 = staticcall CLEARINGHOUSE.market_quote(market)
    mark: uint256 = packing._get(quote, 176, 80) * _PRICE_UNIT
    index: int256 = packing._get_signed(
        staticcall CLEARINGHOUSE.market_funding(market), 128, 128
    )
    return ILens.Position(
        market=market,
        lots=lots,
        basis=basis,
        unrealised=perpetual._compute_value(lots, basis, lot, mark, index),
        notional=perpetual._compute_notional(lots, lot, mark),
    )
