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
from .modules import accounts
from .modules import conversion
from .modules import delays
from .modules import errors
from .modules import fixed_point as fp
from .modules import grid
from .modules import guards as guarding
from .modules import interest_rate
from .modules import margin
from .modules import money_market
from .modules import packing
from .modules import perpetual
from .modules import tick_set
from .modules import virtual_pnl
from .modules import weights


interface Clearinghouse:
    def delay() -> uint256: view
    def queued(change: bytes32) -> uint256: view
    def token(asset: uint256) -> uint256: view
    def curve(asset: uint256) -> uint256: view
    def risk(asset: uint256) -> uint256: view
    def market_risk(market: uint256) -> uint256: view
    def pool_index(asset: uint256) -> uint256: view
    def pool_total(asset: uint256) -> uint256: view
    def pool_cash(asset: uint256) -> uint256: view
    def pool_idle(asset: uint256) -> uint256: view
    def guards(asset: uint256) -> uint256: view
    def quote(asset: uint256) -> uint256: view
    def funds() -> uint256: view
    def market_quote(market: uint256) -> uint256: view
    def market_funding(market: uint256) -> uint256: view
    def market_premium(market: uint256) -> uint256: view
    def market_fund(market: uint256) -> uint256: view
    def market_size(market: uint256) -> uint256: view
    def market_winners(market: uint256) -> uint256: view
    def market_growth(market: uint256) -> uint256: view
    def market_cursor(market: uint256) -> uint256: view
    def market_limits(market: uint256) -> uint256: view
    def market_cull(market: uint256) -> uint256: view
    def tick_growth(market: uint256, tick: uint256) -> uint256: view
    def tick_size(market: uint256, tick: uint256) -> uint256: view
    def tick_map(market: uint256, word: uint256) -> uint256: view
    def headers(account: uint256) -> uint256: view
    def balances(account: uint256, asset: uint256) -> uint256: view
    def positions(account: uint256, market: uint256) -> uint256: view
    def snapshots(account: uint256, market: uint256) -> uint256: view
    def assess(account: uint256) -> IClearinghouse.Health: view


MAX_LISTED: constant(uint256) = 32
MAX_HOLDINGS: constant(uint256) = 9
MAX_POSITIONS: constant(uint256) = 8
MAX_BATCH: constant(uint256) = 128
MAX_TICKS: constant(uint256) = 128
_PRICE_UNIT: constant(uint256) = 10**6
_RATE_UNIT: constant(uint256) = 10**9
_PPM_UNIT: constant(uint256) = 10**12
_CAP_UNIT: constant(uint256) = 10**12
_LOW_128: constant(uint256) = 2**128 - 1

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
        target_weight=packing._get(risk, 176, 24),
        ramped_at=packing._get(risk, 200, 32),
    )


@external
@view
def guards(asset: uint256) -> ILens.Guards:
    """
    @notice Return a pool's guards, the highest utilisation at which a call of who has
            exposure may end now, and how much may leave the vault now.
    @dev The rest is asked elsewhere: a pause, halt or cap, and whether there is cash.
    """
    self._token(asset)
    word: uint256 = staticcall CLEARINGHOUSE.guards(asset)
    pool: money_market.Pool = self._accrued(asset)
    held: uint256 = pool.cash + staticcall CLEARINGHOUSE.pool_idle(asset)
    found: ILens.Guards = ILens.Guards(
        max_utilisation=packing._get(word, 80, 16),
        threshold=packing._get(word, 64, 16),
        throttle_share=packing._get(word, 48, 16),
        outflow_share=packing._get(word, 32, 16),
        outflow_floor=packing._get(word, 0, 32) * fp.WAD,
        utilisation=self._utilisation(asset, pool),
        admissible=0,
        average=packing._get(guarding._follow(word, held, block.timestamp), 184, 72)
        * guarding.AVERAGE_UNIT,
        room=held,
    )
    found.admissible = self._admissible(word, found.utilisation)
    if found.outflow_share != 0:
        missing: uint256 = max(
            fp._mul_div_down(found.average, found.outflow_share, fp.BPS),
            found.outflow_floor,
        )
        least: uint256 = found.average - min(found.average, missing)
        found.room = held - min(held, least)
    return found


@external
@view
def change(digest: bytes32) -> ILens.Change:
    """
    @notice Return when a change was announced, and when it may be made if it loosens;
            without a delay any may be.
    @param digest Hash of the setter's whole calldata.
    """
    delay: uint256 = staticcall CLEARINGHOUSE.delay()
    queued_at: uint256 = staticcall CLEARINGHOUSE.queued(digest)
    if queued_at == 0:
        return ILens.Change(
            queued_at=0, ready_at=0, expires_at=0, is_ready=delay == 0
        )
    ready_at: uint256 = queued_at + delay
    expires_at: uint256 = ready_at + delays.WINDOW
    return ILens.Change(
        queued_at=queued_at,
        ready_at=ready_at,
        expires_at=expires_at,
        is_ready=delay == 0
        or (ready_at <= block.timestamp and block.timestamp <= expires_at),
    )


@external
@view
def market(market: uint256) -> ILens.Market:
    """
    @notice Return a market's prices, funding, fund and parameters.
    """
    risk: uint256 = self._risk(market)
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
        fund=packing._get_signed(fund, 144, 112),
        fund_cap=packing._get(fund, 0, 32) * fp.WAD,
        open_interest=packing._get(
            staticcall CLEARINGHOUSE.market_size(market), 0, 64
        ),
        base_imf=packing._get(risk, 0, 24),
        base_mmf=packing._get(risk, 24, 24),
        imf_factor=packing._get(risk, 48, 40),
        mmf_factor=packing._get(risk, 88, 40),
        maker_fee=packing._get(risk, 128, 24),
        taker_fee=packing._get(risk, 152, 24),
        is_paused=packing._get(risk, 232, 1) != 0,
    )


@external
@view
def scales(market: uint256) -> ILens.Scales:
    """
    @notice Return what a market's margins are multiplied by, and the least initial one.
    """
    self._risk(market)
    quote: uint256 = staticcall CLEARINGHOUSE.market_quote(market)
    return ILens.Scales(
        imf=packing._get(quote, 0, 16),
        mmf=packing._get(quote, 16, 16),
        open_interest_imf=packing._get(quote, 32, 24),
    )


@external
@view
def limits(market: uint256) -> IClearinghouse.Limits:
    """
    @notice Return how large a market may get, and how its margin answers.
    """
    self._risk(market)
    word: uint256 = staticcall CLEARINGHOUSE.market_limits(market)
    return IClearinghouse.Limits(
        max_open_interest=packing._get(word, 192, 64),
        max_position=packing._get(word, 128, 64),
        min_lots=packing._get(word, 96, 32),
        open_interest_factor=packing._get(word, 56, 40),
        reference=packing._get(word, 24, 32),
        max_scale=packing._get(word, 8, 16),
    )


@external
@view
def cull(market: uint256) -> IClearinghouse.Cull:
    """
    @notice Return what gains count for beyond the fund, and from which gains on anyone
            may realise them, WAD USDC; 0 for never.
    """
    self._risk(market)
    return self._cull(market)


@external
@view
def virtual(market: uint256) -> ILens.Virtual:
    """
    @notice Return what is not realised inside a market's tick set, WAD USDC, exact.
    """
    return self._virtual(market, self._risk(market))


@external
@view
def ticks(market: uint256, first: uint256) -> DynArray[ILens.Tick, MAX_TICKS]:
    """
    @notice Return a market's entry ticks with a size, ascending, from the number `first`
            on; if there are as many as fit, the next page begins after the last.
    """
    self._risk(market)
    found: DynArray[ILens.Tick, MAX_TICKS] = []
    if first > grid.MAX_TICK:
        return found
    index: uint256 = first >> 8
    bits: uint256 = staticcall CLEARINGHOUSE.tick_map(market, index)
    bits = bits >> (first & 255) << (first & 255)
    words: uint256 = staticcall CLEARINGHOUSE.tick_map(market, tick_set._SUMMARY)
    words = words >> (index + 1) << (index + 1)
    for i: uint256 in range(MAX_TICKS):
        if bits == 0:
            if words == 0:
                break
            index = grid._low_bit(words)
            words ^= 1 << index
            bits = staticcall CLEARINGHOUSE.tick_map(market, index)
        place: uint256 = grid._low_bit(bits)
        bits ^= 1 << place
        number: uint256 = (index << 8) | place
        size: uint256 = staticcall CLEARINGHOUSE.tick_size(market, number)
        found.append(
            ILens.Tick(
                number=number,
                price=grid._price(number) * _PRICE_UNIT,
                longs=packing._get(size, 64, 64),
                shorts=packing._get(size, 0, 64),
            )
        )
    return found


@external
@view
def settings(account: uint256) -> IClearinghouse.Settings:
    """
    @notice Return what an account's owner chose.
    """
    header: uint256 = staticcall CLEARINGHOUSE.headers(account)
    return IClearinghouse.Settings(
        auto_lend=accounts._is_auto_lending(header),
        auto_repay=accounts._is_auto_repaying(header),
        auto_borrow_settlements=accounts._is_auto_borrowing(header),
        auto_realize=accounts._is_auto_realizing(header),
        max_leverage=accounts._max_leverage(header),
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
    @notice Return an account's positions and unsettled claims, by market, with the
            interest that a settlement now would pay and charge.
    """
    pool: money_market.Pool = self._accrued(accounts.USDC)
    found: DynArray[ILens.Position, MAX_POSITIONS] = []
    entries: uint256 = packing._get(
        staticcall CLEARINGHOUSE.headers(account), 128, 64
    )
    for i: uint256 in range(MAX_POSITIONS):
        if entries == 0:
            break
        found.append(self._position(account, (entries & 255) - 1, pool))
        entries >>= 8
    return found


@external
@view
def credit(account: uint256) -> uint256:
    """
    @notice Return what an account's unrealised gains count for when it takes risk, WAD
            USDC, each rounded down.
    """
    total: uint256 = 0
    entries: uint256 = packing._get(
        staticcall CLEARINGHOUSE.headers(account), 128, 64
    )
    for i: uint256 in range(MAX_POSITIONS):
        if entries == 0:
            break
        market: uint256 = (entries & 255) - 1
        total += self._credit(
            market, staticcall CLEARINGHOUSE.positions(account, market)
        )
        entries >>= 8
    return total


@external
@view
def debt_limit(account: uint256) -> uint256:
    """
    @notice Return the most USDC that losses and fees may leave an account owing, before
            its collateral is converted; WAD.
    """
    equity: int256 = (staticcall CLEARINGHOUSE.assess(account)).equity
    return conversion._compute_limit(
        staticcall CLEARINGHOUSE.headers(account), equity
    )


@external
@view
def can_realise(market: uint256, account: uint256) -> bool:
    """
    @notice Return whether a call of `realise` by anyone would settle an account's
            position or claim now.
    """
    risk: uint256 = self._risk(market)
    word: uint256 = staticcall CLEARINGHOUSE.positions(account, market)
    quote: uint256 = staticcall CLEARINGHOUSE.market_quote(market)
    if word == 0 or margin._is_stale(margin._quote(quote)):
        return False
    header: uint256 = staticcall CLEARINGHOUSE.headers(account)
    if perpetual._lots(word) == 0 or accounts._is_auto_realizing(header):
        return True
    if self._virtual(market, risk).is_culled:
        return True
    value: int256 = self._value(market, word, packing._get(quote, 176, 80))
    threshold: uint256 = self._cull(market).account_threshold
    return threshold != 0 and convert(abs(value), uint256) >= threshold


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
    mark: uint256 = packing._get(
        staticcall CLEARINGHOUSE.market_quote(market), 176, 80
    )
    for account: uint256 in batch:
        found.append(
            self._value(
                market, staticcall CLEARINGHOUSE.positions(account, market), mark
            )
        )
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
        - pool.lends * convert(pool.lend_index, int256)
    )
    return ILens.Reserves(
        custody=staticcall IERC20(
            convert(packing._get(token, 0, 160), address)
        ).balanceOf(CLEARINGHOUSE.address)
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
def _token(asset: uint256) -> uint256:
    """
    @notice Return the token word of a listed asset.
    """
    word: uint256 = staticcall CLEARINGHOUSE.token(asset)
    assert word != 0, errors.UNKNOWN_ASSET
    return word


@internal
@view
def _admissible(word: uint256, utilisation: uint256) -> uint256:
    """
    @notice Return the highest utilisation at which a guarded call may end now: the
            present one or the threshold, or what the throttle's step admits up to the
            maximum.
    """
    highest: uint256 = packing._get(word, 80, 16) * fp.WAD // fp.BPS
    free: uint256 = max(utilisation, packing._get(word, 64, 16) * fp.WAD // fp.BPS)
    share: uint256 = packing._get(word, 48, 16)
    if free >= highest or share == fp.BPS:
        return max(free, highest)
    step: uint256 = block.timestamp // guarding.THROTTLE_STEP
    admitted: uint256 = packing._get(word, 128, 24) * _PPM_UNIT
    if step != packing._get(word, 96, 32):
        room: uint256 = fp._mul_div_down(highest - free, share, fp.BPS)
        admitted = (free + room) // _PPM_UNIT * _PPM_UNIT
    return max(free, min(admitted, highest))


@internal
@view
def _risk(market: uint256) -> uint256:
    """
    @notice Return the risk word of a listed market.
    """
    word: uint256 = staticcall CLEARINGHOUSE.market_risk(market)
    assert word != 0, errors.UNKNOWN_MARKET
    return word


@internal
@view
def _funds(asset: uint256) -> uint256:
    """
    @notice Return the word of the liquidity funds; only USDC has any.
    """
    return staticcall CLEARINGHOUSE.funds() if asset == accounts.USDC else 0


@internal
@view
def _load(asset: uint256) -> money_market.Pool:
    """
    @notice Return a pool as it was saved.
    """
    index: uint256 = staticcall CLEARINGHOUSE.pool_index(asset)
    total: uint256 = staticcall CLEARINGHOUSE.pool_total(asset)
    cash: uint256 = staticcall CLEARINGHOUSE.pool_cash(asset)
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
def _rate(asset: uint256, utilisation: uint256) -> uint256:
    """
    @notice Return a pool's borrow rate, RAY per second, rounded down.
    """
    curve: uint256 = staticcall CLEARINGHOUSE.curve(asset)
    return interest_rate._compute_rate(
        packing._get(curve, 0, 40) * _RATE_UNIT,
        packing._get(curve, 40, 40) * _RATE_UNIT,
        packing._get(curve, 80, 40) * _RATE_UNIT,
        packing._get(curve, 120, 24) * _PPM_UNIT,
        utilisation,
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
def _accrued(asset: uint256) -> money_market.Pool:
    """
    @notice Return a pool with the interest until now booked.
    """
    pool: money_market.Pool = self._load(asset)
    virtuals: uint256 = 0
    if asset == accounts.USDC:
        virtuals = self._virtuals()
    return money_market._book(
        pool,
        self._borrow_index(asset, pool),
        staticcall CLEARINGHOUSE.curve(asset),
        virtuals,
        self._funds(asset) & _LOW_128,
    )


@internal
@view
def _virtuals() -> uint256:
    """
    @notice Return W and V of all markets in a word.
    """
    winners: uint256 = 0
    losers: uint256 = 0
    for market: uint256 in range(MAX_LISTED):
        risk: uint256 = staticcall CLEARINGHOUSE.market_risk(market)
        if risk != 0:
            found: ILens.Virtual = self._virtual(market, risk)
            winners += found.winners
            losers += found.losers
    return (winners << 128) | losers


@internal
@view
def _pool(asset: uint256) -> ILens.Pool:
    """
    @notice Return a pool with its borrow index and rates of now.
    """
    self._token(asset)
    pool: money_market.Pool = self._load(asset)
    curve: uint256 = staticcall CLEARINGHOUSE.curve(asset)
    utilisation: uint256 = self._utilisation(asset, pool)
    rate: uint256 = self._rate(asset, utilisation)
    virtuals: uint256 = 0
    if asset == accounts.USDC:
        virtuals = self._virtuals()

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
        idle=staticcall CLEARINGHOUSE.pool_idle(asset),
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
def _holding(account: uint256, asset: uint256) -> ILens.Holding:
    """
    @notice Return one balance: lent rounded down, owed rounded up.
    """
    word: uint256 = staticcall CLEARINGHOUSE.balances(account, asset)
    pool: money_market.Pool = self._load(asset)
    idle: uint256 = money_market._idle(word)
    return ILens.Holding(
        asset=asset,
        scaled=money_market._scaled(word),
        lent=money_market._held(word, pool.lend_index) - idle,
        idle=idle,
        owed=money_market._debt(word, self._borrow_index(asset, pool)),
    )


@internal
@view
def _cull(market: uint256) -> IClearinghouse.Cull:
    """
    @notice Return a market's credit cap and the thresholds of forced realisation.
    """
    word: uint256 = staticcall CLEARINGHOUSE.market_cull(market)
    return IClearinghouse.Cull(
        credit_cap=packing._get(word, 192, 64) * _CAP_UNIT,
        account_threshold=packing._get(word, 128, 64) * _CAP_UNIT,
        system_threshold=packing._get(word, 64, 64) * _CAP_UNIT,
    )


@internal
@view
def _virtual(market: uint256, risk: uint256) -> ILens.Virtual:
    """
    @notice Return what is not realised inside a market's tick set, from the sums over
            winners and losers.
    """
    cursor: uint256 = staticcall CLEARINGHOUSE.market_cursor(market) >> 176
    target: uint256 = virtual_pnl._clamp(
        staticcall CLEARINGHOUSE.market_quote(market)
    )
    winners: uint256 = self._sum(
        cursor, staticcall CLEARINGHOUSE.market_winners(market), risk
    )
    losers: uint256 = self._sum(
        cursor, staticcall CLEARINGHOUSE.market_size(market), risk
    )
    fund: int256 = packing._get_signed(
        staticcall CLEARINGHOUSE.market_fund(market), 144, 112
    )
    threshold: uint256 = self._cull(market).system_threshold
    return ILens.Virtual(
        winners=winners,
        losers=losers,
        rest=convert(
            max(fund + convert(losers, int256) - convert(winners, int256), 0), uint256
        ),
        cursor=cursor * _PRICE_UNIT,
        target=target * _PRICE_UNIT,
        is_at_mark=cursor == target,
        is_culled=threshold != 0 and winners >= threshold,
    )


@internal
@pure
def _sum(cursor: uint256, word: uint256, risk: uint256) -> uint256:
    """
    @notice Return what the positions in a sum have gained or lost at the cursor.
    """
    units: int256 = convert(cursor, int256) * tick_set._lots(word)
    return convert(units + tick_set._cost(word), uint256) * self._gain_unit(risk)


@internal
@pure
def _gain_unit(risk: uint256) -> uint256:
    """
    @notice Return what one lot gains by one price unit, wei.
    """
    return 10 ** (virtual_pnl._exponent(risk) - tick_set._MIN_EXPONENT)


@internal
@view
def _position(
    account: uint256, market: uint256, pool: money_market.Pool
) -> ILens.Position:
    """
    @notice Return one position, valued at mark, rounded down.
    """
    word: uint256 = staticcall CLEARINGHOUSE.positions(account, market)
    risk: uint256 = staticcall CLEARINGHOUSE.market_risk(market)
    lots: int256 = perpetual._lots(word)
    mark: uint256 = packing._get(
        staticcall CLEARINGHOUSE.market_quote(market), 176, 80
    )
    found: ILens.Position = ILens.Position(
        market=market,
        lots=lots,
        basis=perpetual._basis(word),
        unrealised=self._value(market, word, mark),
        notional=perpetual._compute_notional(
            lots, perpetual._lot(risk), mark * _PRICE_UNIT
        ),
        is_inside=perpetual._entry(word) != 0,
        entry=0,
        entry_price=0,
        earned=0,
        owed=0,
        credit=self._credit(market, word),
    )
    if found.is_inside:
        found.entry = perpetual._entry(word) - 1
        found.entry_price = grid._price(found.entry) * _PRICE_UNIT
        found.earned, found.owed = self._interest(account, market, word, risk, pool)
    return found


@internal
@view
def _value(market: uint256, word: uint256, price: uint256) -> int256:
    """
    @notice Return uPnL and unsettled funding of a position word, WAD USDC, rounded down.
    @param price In price units.
    """
    return perpetual._compute_value(
        perpetual._lots(word),
        perpetual._basis(word),
        perpetual._lot(staticcall CLEARINGHOUSE.market_risk(market)),
        price * _PRICE_UNIT,
        packing._get_signed(
            staticcall CLEARINGHOUSE.market_funding(market), 128, 128
        ),
    )


@internal
@view
def _interest(
    account: uint256,
    market: uint256,
    word: uint256,
    risk: uint256,
    pool: money_market.Pool,
) -> (int256, uint256):
    """
    @notice Return the interest that a position inside the tick set has earned, rounded
            down, and owes, rounded up, until an accrued pool's indices; WAD USDC.
    """
    lots: int256 = perpetual._lots(word)
    lend: uint256 = 0
    borrow: uint256 = 0
    lend, borrow = self._growth(market, perpetual._entry(word) - 1, lots > 0, pool)
    seen: uint256 = staticcall CLEARINGHOUSE.snapshots(account, market)
    size: int256 = abs(lots) * convert(self._gain_unit(risk), int256)
    earned: int256 = tick_set._difference(lend, seen >> 128) * size
    owed: int256 = tick_set._difference(borrow, seen) * size
    one: uint256 = weights.ONE
    return (
        fp._signed_mul_div_down(
            fp._signed_mul_div_down(earned, 1, one), pool.lend_index, fp.RAY
        ),
        fp._mul_div_up(
            fp._mul_div_up(convert(owed, uint256), 1, one), pool.borrow_index, fp.RAY
        ),
    )


@internal
@view
def _growth(
    market: uint256, tick: uint256, is_long: bool, pool: money_market.Pool
) -> (uint256, uint256):
    """
    @notice Return what one lot at `tick` has seen of interest on its gains and on its
            losses, until a pool's indices; modulo 2**128, and but for a constant.
    """
    cursor: uint256 = staticcall CLEARINGHOUSE.market_cursor(market)
    sums: uint256 = staticcall CLEARINGHOUSE.market_growth(market)
    other: uint256 = staticcall CLEARINGHOUSE.tick_growth(market, tick)
    reached: uint256 = cursor >> 176
    price: uint256 = grid._price(tick)
    lend: uint256 = self._grow(
        sums >> 128,
        packing._get(cursor, 112, 64),
        weights._compute_weight(pool.lend_index),
        reached,
        price,
    )
    borrow: uint256 = self._grow(
        sums,
        packing._get(cursor, 48, 64),
        weights._compute_weight(pool.borrow_index),
        reached,
        price,
    )

    # The tick has the part of the side on which the cursor is not.
    above_lend: uint256 = other >> 128
    above_borrow: uint256 = other
    if reached > price:
        above_lend = unsafe_sub(lend, above_lend)
        above_borrow = unsafe_sub(borrow, above_borrow)
    if is_long:
        return above_lend, unsafe_sub(above_borrow, borrow)
    return unsafe_sub(above_lend, lend), above_borrow


@internal
@pure
def _grow(
    booked: uint256, weight: uint256, now: uint256, cursor: uint256, price: uint256
) -> uint256:
    """
    @notice Return a market's growth, booked up to `weight`, at a tick's price until the
            weight is that of `now`; modulo 2**256, of which 2**128 means something.
    """
    since: uint256 = unsafe_mul(cursor, unsafe_sub(weight, now))
    return unsafe_add(unsafe_add(booked, since), unsafe_mul(price, now))


@internal
@view
def _credit(market: uint256, word: uint256) -> uint256:
    """
    @notice Return what a position's gain counts for when risk is taken, WAD USDC,
            rounded down; outside the tick set and while the cursor is not at mark it
            counts nothing.
    """
    risk: uint256 = staticcall CLEARINGHOUSE.market_risk(market)
    found: ILens.Virtual = self._virtual(market, risk)
    if perpetual._entry(word) == 0 or not found.is_at_mark:
        return 0
    lots: int256 = perpetual._lots(word)
    quote: uint256 = staticcall CLEARINGHOUSE.market_quote(market)
    slow: uint256 = packing._get(quote, 176, 80)
    fast: uint256 = packing._get(quote, 96, 80)
    price: uint256 = min(slow, fast) if lots > 0 else max(slow, fast)
    top: uint256 = grid._price(grid.MAX_TICK)
    entry: uint256 = grid._price(perpetual._entry(word) - 1)
    gain: int256 = (
        lots
        * (convert(min(price, top), int256) - convert(entry, int256))
        * convert(self._gain_unit(risk), int256)
    )
    gain = max(min(gain, self._value(market, word, price)), 0)
    fund: int256 = packing._get_signed(
        staticcall CLEARINGHOUSE.market_fund(market), 144, 112
    )
    backing: uint256 = self._cull(market).credit_cap + convert(max(fund, 0), uint256)
    if found.winners <= backing:
        return convert(gain, uint256)
    return fp._mul_div_down(convert(gain, uint256), backing, found.winners)
