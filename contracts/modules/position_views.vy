# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Position views
@license Apache-2.0
@notice Positions as the Lens tells them: at mark, with the interest that a settlement
        now would pay and charge, and what their gains count for.
@dev The code bodies keep and book the same numbers in the state; here they are computed
     from its words.
@custom:spec specs/clearinghouse.py
"""

from ..interfaces import ILens
from . import accounts
from . import fixed_point as fp
from . import grid
from . import margin
from . import market_views
from . import money_market
from . import packing
from . import perpetual
from . import pool_views
from . import tick_set
from . import vault
from . import weights

uses: vault
uses: market_views
uses: pool_views

MAX_POSITIONS: constant(uint256) = 8
MAX_BATCH: constant(uint256) = 128
_PRICE_UNIT: constant(uint256) = 10**6


@external
@view
def positions(account: uint256) -> DynArray[ILens.Position, MAX_POSITIONS]:
    """
    @notice Return an account's positions and unsettled claims, by market, with the
            interest that a settlement now would pay and charge.
    """
    pool: money_market.Pool = pool_views._accrued(accounts.USDC)
    found: DynArray[ILens.Position, MAX_POSITIONS] = []
    entries: uint256 = packing._get(
        staticcall vault.CLEARINGHOUSE.headers(account), 128, 64
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
        staticcall vault.CLEARINGHOUSE.headers(account), 128, 64
    )
    for i: uint256 in range(MAX_POSITIONS):
        if entries == 0:
            break
        market: uint256 = (entries & 255) - 1
        total += self._credit(
            market, staticcall vault.CLEARINGHOUSE.position_of(account, market)
        )
        entries >>= 8
    return total


@external
@view
def can_realise(market: uint256, account: uint256) -> bool:
    """
    @notice Return whether a call of `realise` by anyone would settle an account's
            position or claim now, or close of it what epochs have yet to close.
    """
    risk: uint256 = vault._risk(market)
    word: uint256 = staticcall vault.CLEARINGHOUSE.positions(account, market)
    quote: uint256 = staticcall vault.CLEARINGHOUSE.market_quote(market)
    if word == 0 or margin._is_stale(margin._quote(quote)):
        return False
    if staticcall vault.CLEARINGHOUSE.position_of(account, market) != word:
        return True
    header: uint256 = staticcall vault.CLEARINGHOUSE.headers(account)
    if perpetual._lots(word) == 0 or accounts._is_auto_realizing(header):
        return True
    if market_views._virtual(market, risk).is_culled:
        return True
    value: int256 = self._value(market, word, packing._get(quote, 176, 80))
    threshold: uint256 = market_views._cull(market).account_threshold
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
        staticcall vault.CLEARINGHOUSE.market_quote(market), 176, 80
    )
    for account: uint256 in batch:
        found.append(
            self._value(
                market, staticcall vault.CLEARINGHOUSE.position_of(account, market), mark
            )
        )
    return found


@internal
@view
def _position(
    account: uint256, market: uint256, pool: money_market.Pool
) -> ILens.Position:
    """
    @notice Return one position, valued at mark, rounded down.
    """
    word: uint256 = staticcall vault.CLEARINGHOUSE.position_of(account, market)
    risk: uint256 = staticcall vault.CLEARINGHOUSE.market_risk(market)
    lots: int256 = perpetual._lots(word)
    mark: uint256 = packing._get(
        staticcall vault.CLEARINGHOUSE.market_quote(market), 176, 80
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
        found.earned, found.owed = self._interest(
            account,
            market,
            staticcall vault.CLEARINGHOUSE.positions(account, market),
            risk,
            pool,
        )
    return found


@internal
@view
def _value(market: uint256, word: uint256, price: uint256) -> int256:
    """
    @notice Return uPnL and unsettled funding of a position word, WAD USDC, rounded
            down.
    @param price In price units.
    """
    return perpetual._compute_value(
        perpetual._lots(word),
        perpetual._basis(word),
        perpetual._lot(staticcall vault.CLEARINGHOUSE.market_risk(market)),
        price * _PRICE_UNIT,
        packing._get_signed(
            staticcall vault.CLEARINGHOUSE.market_funding(market), 128, 128
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
    seen: uint256 = staticcall vault.CLEARINGHOUSE.snapshots(account, market)
    size: int256 = abs(lots) * convert(market_views._gain_unit(risk), int256)
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
    cursor: uint256 = staticcall vault.CLEARINGHOUSE.market_cursor(market)
    sums: uint256 = staticcall vault.CLEARINGHOUSE.market_growth(market)
    other: uint256 = staticcall vault.CLEARINGHOUSE.tick_growth(market, tick)
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
    risk: uint256 = staticcall vault.CLEARINGHOUSE.market_risk(market)
    found: ILens.Virtual = market_views._virtual(market, risk)
    if perpetual._entry(word) == 0 or not found.is_at_mark:
        return 0
    lots: int256 = perpetual._lots(word)
    quote: uint256 = staticcall vault.CLEARINGHOUSE.market_quote(market)
    slow: uint256 = packing._get(quote, 176, 80)
    fast: uint256 = packing._get(quote, 96, 80)
    price: uint256 = min(slow, fast) if lots > 0 else max(slow, fast)
    top: uint256 = grid._price(grid.MAX_TICK)
    entry: uint256 = grid._price(perpetual._entry(word) - 1)
    gain: int256 = (
        lots
        * (convert(min(price, top), int256) - convert(entry, int256))
        * convert(market_views._gain_unit(risk), int256)
    )
    gain = max(min(gain, self._value(market, word, price)), 0)
    fund: int256 = packing._get_signed(
        staticcall vault.CLEARINGHOUSE.market_fund(market), 144, 112
    )
    backing: uint256 = market_views._cull(market).credit_cap + convert(
        max(fund, 0), uint256
    )
    if found.winners <= backing:
        return convert(gain, uint256)
    return fp._mul_div_down(convert(gain, uint256), backing, found.winners)
