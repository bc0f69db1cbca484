# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Market views
@license Apache-2.0
@notice Markets as the Lens tells them: prices, funding, parameters, what is unrealised
        inside the tick sets, and the entry ticks.
@dev Words are unpacked; what is unrealised follows from the sums over winners and
     losers, as an accrual has it.
@custom:spec specs/clearinghouse.py
"""

from ..interfaces import IClearinghouse
from ..interfaces import ILens
from . import fixed_point as fp
from . import grid
from . import packing
from . import perpetual
from . import tick_set
from . import vault
from . import virtual_pnl

uses: vault

MAX_LISTED: constant(uint256) = 32
MAX_TICKS: constant(uint256) = 128
_PRICE_UNIT: constant(uint256) = 10**6
_CAP_UNIT: constant(uint256) = 10**12


@external
@view
def markets() -> DynArray[uint256, MAX_LISTED]:
    """
    @notice Return the numbers of all listed markets.
    """
    listed: DynArray[uint256, MAX_LISTED] = []
    for market: uint256 in range(MAX_LISTED):
        if staticcall vault.CLEARINGHOUSE.market_risk(market) != 0:
            listed.append(market)
    return listed


@external
@view
def market(market: uint256) -> ILens.Market:
    """
    @notice Return a market's prices, funding, fund and parameters.
    """
    risk: uint256 = vault._risk(market)
    quote: uint256 = staticcall vault.CLEARINGHOUSE.market_quote(market)
    funding: uint256 = staticcall vault.CLEARINGHOUSE.market_funding(market)
    fund: uint256 = staticcall vault.CLEARINGHOUSE.market_fund(market)
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
            staticcall vault.CLEARINGHOUSE.market_premium(market), 64, 64
        ),
        funded_at=packing._get(funding, 32, 32),
        interval_started_at=packing._get(funding, 0, 32),
        fund=packing._get_signed(fund, 144, 112),
        fund_cap=packing._get(fund, 0, 32) * fp.WAD,
        open_interest=packing._get(
            staticcall vault.CLEARINGHOUSE.market_size(market), 0, 64
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
    vault._risk(market)
    quote: uint256 = staticcall vault.CLEARINGHOUSE.market_quote(market)
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
    vault._risk(market)
    word: uint256 = staticcall vault.CLEARINGHOUSE.market_limits(market)
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
    vault._risk(market)
    return self._cull(market)


@external
@view
def virtual(market: uint256) -> ILens.Virtual:
    """
    @notice Return what is not realised inside a market's tick set, WAD USDC, exact.
    """
    return self._virtual(market, vault._risk(market))


@external
@view
def ticks(market: uint256, first: uint256) -> DynArray[ILens.Tick, MAX_TICKS]:
    """
    @notice Return a market's entry ticks with a size, ascending, from the number
            `first` on; if there are as many as fit, the next page begins after the last.
    """
    vault._risk(market)
    found: DynArray[ILens.Tick, MAX_TICKS] = []
    if first > grid.MAX_TICK:
        return found
    index: uint256 = first >> 8
    bits: uint256 = staticcall vault.CLEARINGHOUSE.tick_map(market, index)
    bits = bits >> (first & 255) << (first & 255)
    words: uint256 = staticcall vault.CLEARINGHOUSE.tick_map(market, tick_set._SUMMARY)
    words = words >> (index + 1) << (index + 1)
    for i: uint256 in range(MAX_TICKS):
        if bits == 0:
            if words == 0:
                break
            index = grid._low_bit(words)
            words ^= 1 << index
            bits = staticcall vault.CLEARINGHOUSE.tick_map(market, index)
        place: uint256 = grid._low_bit(bits)
        bits ^= 1 << place
        number: uint256 = (index << 8) | place
        size: uint256 = staticcall vault.CLEARINGHOUSE.tick_size(market, number)
        found.append(
            ILens.Tick(
                number=number,
                price=grid._price(number) * _PRICE_UNIT,
                longs=packing._get(size, 64, 64),
                shorts=packing._get(size, 0, 64),
            )
        )
    return found


@internal
@view
def _virtuals() -> uint256:
    """
    @notice Return W and V of all markets in a word.
    """
    winners: uint256 = 0
    losers: uint256 = 0
    for market: uint256 in range(MAX_LISTED):
        risk: uint256 = staticcall vault.CLEARINGHOUSE.market_risk(market)
        if risk != 0:
            found: ILens.Virtual = self._virtual(market, risk)
            winners += found.winners
            losers += found.losers
    return (winners << 128) | losers


@internal
@view
def _cull(market: uint256) -> IClearinghouse.Cull:
    """
    @notice Return a market's credit cap and the thresholds of forced realisation.
    """
    word: uint256 = staticcall vault.CLEARINGHOUSE.market_cull(market)
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
    cursor: uint256 = staticcall vault.CLEARINGHOUSE.market_cursor(market) >> 176
    target: uint256 = virtual_pnl._clamp(
        staticcall vault.CLEARINGHOUSE.market_quote(market)
    )
    winners: uint256 = self._sum(
        cursor, staticcall vault.CLEARINGHOUSE.market_winners(market), risk
    )
    losers: uint256 = self._sum(
        cursor, staticcall vault.CLEARINGHOUSE.market_size(market), risk
    )
    fund: int256 = packing._get_signed(
        staticcall vault.CLEARINGHOUSE.market_fund(market), 144, 112
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
