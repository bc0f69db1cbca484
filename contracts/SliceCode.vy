# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title SliceCode
@license Apache-2.0
@notice Liquidation on the book: who is flagged, what may be closed in a slice, and
        whether it was for the better; a code body behind the Clearinghouse's address.
        ForcedCode fills what is opened here.
@dev Called by delegation only. A slice is open for one account within one transaction,
     in transient storage. Called directly it meets its own, empty storage, in which
     nobody is a venue.
@custom:spec specs/slice_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import backstop
from .modules import bankruptcy
from .modules import conversion
from .modules import deleveraging
from .modules import distress
from .modules import errors
from .modules import fixed_point as fp
from .modules import health
from .modules import instruments
from .modules import legs
from .modules import margin
from .modules import money_market
from .modules import open_orders
from .modules import perpetual
from .modules import positions
from .modules import slices
from .modules import state
from .modules import tradables

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: bankruptcy[money_market := money_market, state := state]
initializes: conversion[state := state]
initializes: health
initializes: open_orders[state := state]
initializes: positions[state := state]
initializes: legs[
    bankruptcy := bankruptcy,
    money_market := money_market,
    positions := positions,
    state := state,
]
initializes: deleveraging[state := state]
initializes: tradables[
    deleveraging := deleveraging, money_market := money_market, state := state
]

LIQUIDATION_VENUE: constant(uint256) = 2


@deploy
def __init__(margin_code: address, trade_code: address):
    """
    @notice Fix the bodies that compute margins and trade.
    """
    health.__init__(margin_code)
    positions.__init__(trade_code)


# Anyone


@external
def flag(account: uint256):
    """
    @notice Note that an account is due for liquidation; anyone may. In a later block it
            is liquidated whatever block its prices are of. A flag that still counts
            stays.
    """
    accounts._require_user(account)
    legs._accrue(account)
    assert margin._is_due_now(health._assess(account)), errors.NOT_LIQUIDATABLE
    word: uint256 = distress._flag(state.distress[account], block.timestamp)
    state.distress[account] = word
    log IClearinghouse.Flagged(
        account=account, flagged_at=word >> 32, time=block.timestamp
    )


@external
@view
def slice_end(account: uint256) -> uint256:
    """
    @notice Return the equity from which on no slice follows another one, WAD USDC: the
            initial margin of all that can be closed now, on interest as last accrued.
    """
    return slices._compute_end(legs._get(account))


# The liquidation venue


@external
def open_slice(account: uint256, instrument: uint256) -> IClearinghouse.Slice:
    """
    @notice Open a slice of `account`: what may be closed on the book within this
            transaction of a position, of a debt, or of a USDC debt by selling the best
            collateral. Its profit and loss is realised first.
    @dev Refused unless the account is below maintenance margin, or below initial margin
         and was sold from lately; by prices of an earlier block or flagged in one; with
         orders on the book, which are cancelled first; and without equity, when a price
         that improves it can't be had.
    """
    self._require_venue()
    accounts._require_user(account)
    tradables._require_listed(instrument)
    quote: margin.Quote = margin._quote(tradables._quote_word(instrument))
    assert not margin._is_stale(quote), errors.STALE_PRICE
    legs._accrue(account)
    found: IClearinghouse.Health = health._assess(account)
    self._require_start(account, found)
    assert open_orders._codes(state.headers[account]) == 0, errors.ORDERS_OPEN
    assert found.equity > 0, errors.NO_EQUITY

    legs._realise(account)
    bankruptcy._use_idle(account)
    opened: IClearinghouse.Slice = self._compute_slice(
        account, instrument, quote.slow, found
    )
    state.opened_slice = opened
    log IClearinghouse.SliceOpened(
        account=account,
        instrument=instrument,
        is_buy=opened.is_buy,
        held=opened.held,
        most=opened.left,
        limit=opened.limit,
        fee=opened.fee,
        equity=opened.equity,
        maintenance_margin=opened.maintenance_margin,
        exposure=opened.exposure,
        time=block.timestamp,
    )
    return opened


@external
def close_slice(reward: uint256) -> uint256:
    """
    @notice Close the open slice: charge its fee, half of it to the account `reward` and
            the rest to the backstop fund, all to the fund if `reward` is 0.
    @dev Refused if the account's maintenance margin rose or its equity over it fell.
         Nobody is rewarded for an account of his own.
    @return The fee, WAD USDC.
    """
    self._require_venue()
    closed: IClearinghouse.Slice = state.opened_slice
    account: uint256 = closed.account
    assert account != 0, errors.NO_SLICE
    state.opened_slice = empty(IClearinghouse.Slice)
    if reward != 0:
        accounts._require_user(reward)
        assert accounts._owner(reward) != accounts._owner(
            account
        ), errors.SAME_OWNER

    fee: uint256 = 0
    rewarded: uint256 = 0
    if closed.filled != 0:
        fee = fp._mul_div_down(closed.notional, closed.fee, fp.WAD)
        if reward != 0:
            rewarded = fee // 2
        self._charge(account, fee, reward, rewarded)
        after: IClearinghouse.Health = health._assess(account)
        assert slices._is_improved(
            closed.equity,
            closed.maintenance_margin,
            after.equity,
            after.maintenance_margin,
        ), errors.NOT_IMPROVED
        state.distress[account] = distress._slice(
            state.distress[account], block.timestamp
        )
    log IClearinghouse.SliceClosed(
        account=account,
        instrument=closed.instrument,
        reward=reward,
        filled=closed.filled,
        notional=closed.notional,
        fee=fee,
        rewarded=rewarded,
        time=block.timestamp,
    )
    return fee


# In the order in which the above use them


@internal
@view
def _require_venue():
    """
    @notice Refuse anyone but a liquidation venue.
    """
    assert state.venues[msg.sender] & LIQUIDATION_VENUE != 0, errors.NOT_VENUE


@internal
def _require_start(account: uint256, found: IClearinghouse.Health):
    """
    @notice Refuse a slice that may neither start nor go on, or not in this block.
    """
    word: uint256 = state.distress[account]
    if not margin._is_due_now(found):
        assert distress._is_going_on(
            word, block.timestamp
        ) and found.equity < convert(
            slices._compute_end(legs._get(account)), int256
        ), errors.NOT_LIQUIDATABLE
    assert distress._was_due(
        word, found.priced_at, block.timestamp
    ), errors.PRICE_TOO_FRESH


@internal
@view
def _compute_slice(
    account: uint256,
    instrument: uint256,
    mark: uint256,
    found: IClearinghouse.Health,
) -> IClearinghouse.Slice:
    """
    @notice Return what a slice may close of a leg, and at which limit and fee.
    """
    all_legs: DynArray[backstop.Leg, backstop.MAX_LEGS] = legs._get(account)
    key: uint256 = 0
    is_buy: bool = False
    key, is_buy = self._find_leg(account, instrument)
    leg: backstop.Leg = empty(backstop.Leg)
    usdc: backstop.Leg = empty(backstop.Leg)
    for each: backstop.Leg in all_legs:
        if each.instrument == key:
            leg = each
        if each.instrument == instruments.SPOT + accounts.USDC:
            usdc = each
    borrowed: uint256 = 0
    if is_buy and instruments._is_spot(instrument):
        borrowed = slices._bound(usdc.risk, leg.notional)
    ratio: uint256 = slices._compute_ratio(
        found.equity, found.maintenance_margin, leg, borrowed
    )
    limit: uint256 = slices._compute_limit(mark, ratio, is_buy)
    rate: uint256 = slices._compute_fee_rate(ratio)
    held: uint256 = self._closable(account, instrument, is_buy, limit)
    assert held != 0, errors.NOTHING_TO_REDUCE
    least: uint256 = fp._mul_div_up(
        fp._mul_div_up(slices.MIN_SLICE, fp.WAD, mark), 1, tradables._unit(instrument)
    )
    parts: uint256 = slices._compute_parts(
        found.equity, ratio // 2 + rate, all_legs, leg
    )
    return IClearinghouse.Slice(
        account=account,
        instrument=instrument,
        is_buy=is_buy,
        held=held,
        left=slices._compute_most(held, parts, least),
        limit=limit,
        fee=rate,
        filled=0,
        notional=0,
        equity=found.equity,
        maintenance_margin=found.maintenance_margin,
        exposure=found.exposure,
    )


@internal
@view
def _find_leg(account: uint256, instrument: uint256) -> (uint256, bool):
    """
    @notice Return the leg that trading an instrument closes, and whether by buying: a
            position, a debt in the asset, or the USDC debt if the asset is the best
            collateral.
    """
    if not instruments._is_spot(instrument):
        lots: int256 = perpetual._lots(state.positions[account][instrument])
        assert lots != 0, errors.NOTHING_TO_REDUCE
        return instrument, lots < 0
    asset: uint256 = instruments._asset(instrument)
    if bankruptcy._owed(account, asset) != 0:
        return instrument, True
    assert asset == conversion._best_collateral(account), errors.WRONG_COLLATERAL
    assert (
        bankruptcy._owed(account, accounts.USDC) != 0
    ), errors.NOTHING_TO_REDUCE
    return instruments.SPOT + accounts.USDC, False


@internal
@view
def _closable(
    account: uint256, instrument: uint256, is_buy: bool, limit: uint256
) -> uint256:
    """
    @notice Return how much of an instrument can be traded without more than closing the
            leg: of collateral what pays the USDC debt at the limit, rounded up, if it
            is there.
    """
    if not instruments._is_spot(instrument):
        return convert(
            abs(perpetual._lots(state.positions[account][instrument])), uint256
        )
    asset: uint256 = instruments._asset(instrument)
    if is_buy:
        return bankruptcy._owed(account, asset)
    return min(
        bankruptcy._held(account, asset),
        fp._mul_div_up(bankruptcy._owed(account, accounts.USDC), fp.WAD, limit),
    )


@internal
def _charge(account: uint256, fee: uint256, reward: uint256, rewarded: uint256):
    """
    @notice Move a slice's fee from the account to who is rewarded and to the backstop
            fund.
    """
    usdc: money_market.Pool = money_market._debit(
        account, accounts.USDC, money_market._load(accounts.USDC), fee
    )
    if rewarded != 0:
        usdc = money_market._credit(reward, accounts.USDC, usdc, rewarded)
    usdc = money_market._credit(
        accounts.BACKSTOP_FUND, accounts.USDC, usdc, fee - rewarded
    )
    money_market._save(accounts.USDC, usdc)
