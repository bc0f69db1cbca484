# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title DeleverageCode
@license Apache-2.0
@notice Auto-deleveraging: what of an account nobody takes over, closed against all
        positions of the other side; a code body behind the Clearinghouse's address.
@dev Called by delegation only. An event costs the same however many positions there
     are: it is noted as an epoch, which TradeCode has every position meet here before
     it trades or is settled. Called directly it meets its own, empty storage, in which
     nobody is a venue and no position is behind.
@custom:spec specs/deleverage_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import deleveraging
from .modules import errors
from .modules import fixed_point as fp
from .modules import margin
from .modules import money_market
from .modules import packing
from .modules import perpetual
from .modules import requirements
from .modules import settlement
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: deleveraging[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: tick_set[state := state]
initializes: virtual_pnl[state := state, tick_set := tick_set]
initializes: settlement[
    accounts := accounts,
    money_market := money_market,
    state := state,
    tick_set := tick_set,
    virtual_pnl := virtual_pnl,
]

LIQUIDATION_VENUE: constant(uint256) = 2
_ENTRIES: constant(uint256) = 8
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_64: constant(uint256) = 2**64 - 1
_LOW_233: constant(uint256) = 2**233 - 1


@external
def deleverage(portion: uint256) -> uint256:
    """
    @notice Close `portion` of what is left of every fresh position of the open account
            against the other side, rounded up to lots. By what the account owes beyond
            the backstop fund the other side pays more or gets less, as far as the price
            may be from mark.
    @param portion WAD, at most 1.
    @return What that is worth at mark, WAD USDC.
    """
    assert state.venues[msg.sender] & LIQUIDATION_VENUE != 0, errors.NOT_VENUE
    account: uint256 = state.takeover_account
    assert account != 0, errors.NO_TAKEOVER
    assert state.takeover_may_deleverage, errors.NOT_DELEVERAGED
    assert portion <= fp.WAD, errors.OUT_OF_BOUNDS

    entries: uint256 = accounts._markets(state.headers[account])
    notional: uint256 = 0
    for i: uint256 in range(_ENTRIES):
        if entries >> (8 * i) == 0:
            break
        market: uint256 = ((entries >> (8 * i)) & 255) - 1
        if not margin._is_stale(margin._quote(state.market_quote[market])):
            self._meet(market, account)
            notional += self._notional(
                market, perpetual._lots(state.positions[account][market])
            )

    fund: uint256 = money_market._held(
        state.balances[accounts.BACKSTOP_FUND][accounts.USDC],
        state.pool_index[accounts.USDC] >> 144,
    )
    loss: uint256 = state.takeover_deficit - min(state.takeover_deficit, fund)
    # The other side pays once: what the price does not reach is bad debt.
    state.takeover_deficit -= loss
    notional = fp._mul_div_up(notional, portion, fp.WAD)
    worth: uint256 = 0
    for i: uint256 in range(_ENTRIES):
        if entries >> (8 * i) == 0:
            break
        worth += self._deleverage(
            ((entries >> (8 * i)) & 255) - 1, account, portion, loss, notional
        )
    return worth


@external
@reentrant
def meet_unlocked(market: uint256, account: uint256):
    """
    @notice Have a position meet the epochs before it, as many as one touch applies, for
            a body that holds the lock and has booked USDC interest.
    """
    self._meet(market, account)


# In the order in which the above use them


@internal
def _meet(market: uint256, account: uint256):
    """
    @notice Have a position meet the epochs before it, as many as one touch applies.
    """
    risk: uint256 = state.market_risk[market]
    word: uint256 = state.positions[account][market]
    for _: uint256 in range(deleveraging.MAX_EPOCHS):
        if not perpetual._is_behind(word, risk):
            break
        epoch: uint256 = perpetual._epoch(word) + 1
        state.positions[account][market] = word + (1 << 24)
        if deleveraging._reduces(market, epoch, perpetual._lots(word)):
            self._apply(market, account, epoch, perpetual._lots(word), risk)
        else:
            log IClearinghouse.EpochPassed(
                market=market, account=account, epoch=epoch, time=block.timestamp
            )
        word = state.positions[account][market]


@internal
def _apply(
    market: uint256, account: uint256, epoch: uint256, lots: int256, risk: uint256
):
    """
    @notice Close an epoch's share of a position of its side, `lots`, that comes to it
            next: with the inventory, at the epoch's price and funding.
    """
    closed: uint256 = 0
    carry: uint256 = 0
    closed, carry = deleveraging._share(market, epoch, lots)
    index: int256 = settlement._funding_index(market)
    price: uint256 = deleveraging._closing_price(market, epoch, index)
    word: uint256 = state.epoch_state[market][epoch]
    state.epoch_state[market][epoch] = (
        ((word >> 128) << 128) | (carry << 64) | ((word & _LOW_64) - closed)
    )
    if closed != 0:
        change: int256 = convert(closed, int256)
        if lots > 0:
            change = -change
        # Of a market as it was after that epoch.
        then: uint256 = (risk & _LOW_233) | (epoch << 233)
        self._trade(market, account, change, then, price, index)
        offset: uint256 = 64 if lots > 0 else 0
        state.market_pending[market] -= closed << offset
    log IClearinghouse.DeleverageApplied(
        market=market,
        account=account,
        epoch=epoch,
        closed=closed,
        carry=carry,
        price=price,
        time=block.timestamp,
    )


@internal
def _trade(
    market: uint256,
    account: uint256,
    lots: int256,
    risk: uint256,
    price: uint256,
    index: int256,
):
    """
    @notice Trade `lots` (signed) of a position with the inventory, to which goes what
            the position pays, to the wei: all bases together stay what they were.
    """
    pool: money_market.Pool = money_market._load(accounts.USDC)
    money_market._save(
        accounts.USDC,
        settlement._trade(market, account, lots, risk, price, pool),
    )
    cost: int256 = perpetual._compute_cost(lots, perpetual._lot(risk), price, index)
    word: uint256 = state.positions[accounts.INVENTORY][market]
    held: int256 = perpetual._lots(word)
    state.positions[accounts.INVENTORY][market] = perpetual._pack(
        held - lots, perpetual._basis(word) - cost
    )
    sums: uint256 = state.market_size[market]
    open_interest: int256 = (
        convert(sums & _LOW_64, int256) + max(held - lots, 0) - max(held, 0)
    )
    state.market_size[market] = (sums & ~_LOW_64) | packing._fit(
        convert(open_interest, uint256), 64
    )


@internal
@view
def _notional(market: uint256, lots: int256) -> uint256:
    """
    @notice Return what a size is worth at mark, rounded up.
    """
    return perpetual._compute_notional(
        lots,
        perpetual._lot(state.market_risk[market]),
        margin._quote(state.market_quote[market]).slow,
    )


@internal
def _deleverage(
    market: uint256, account: uint256, portion: uint256, loss: uint256, notional: uint256
) -> uint256:
    """
    @notice Close a portion of a position with the inventory, note it as the market's
            next epoch, and return what it is worth; nothing if the mark is stale.
    """
    held: int256 = perpetual._lots(state.positions[account][market])
    quote: margin.Quote = margin._quote(state.market_quote[market])
    size: uint256 = fp._mul_div_up(convert(abs(held), uint256), portion, fp.WAD)
    if size == 0 or margin._is_stale(quote):
        return 0
    risk: uint256 = state.market_risk[market]
    price: uint256 = self._price(market, risk, quote.slow, held > 0, loss, notional)
    interest: uint256 = deleveraging._effective_interest(market)
    index: int256 = settlement._funding_index(market)
    lots: int256 = convert(size, int256)
    if held > 0:
        lots = -lots
    self._trade(market, account, lots, risk, price, index)

    epoch: uint256 = perpetual._epochs(risk) + 1
    state.market_risk[market] = (risk & _LOW_233) | (packing._fit(epoch, 23) << 233)
    state.epoch_terms[market][epoch] = (
        (size << 192)
        | (interest << 128)
        | (packing._fit(price // margin.PRICE_UNIT, 80) << 48)
        | convert(lots > 0, uint256)
    )
    state.epoch_state[market][epoch] = (packing._fit_signed(index, 128) << 128) | size
    offset: uint256 = 64 if lots > 0 else 0
    state.market_pending[market] += size << offset
    log IClearinghouse.Deleveraged(
        market=market,
        account=account,
        epoch=epoch,
        is_long=lots > 0,
        lots=size,
        open_interest=interest,
        price=price,
        funding_index=index,
        time=block.timestamp,
    )
    return self._notional(market, lots)


@internal
@view
def _price(
    market: uint256,
    risk: uint256,
    mark: uint256,
    is_selling: bool,
    loss: uint256,
    notional: uint256,
) -> uint256:
    """
    @notice Return the price at which the account closes against the other side.
    @dev Never so far from mark that one of them would come below its maintenance
         margin: what a position loses by it is no more than the margin that it frees,
         less what the loss binds where it is borrowed. Nor does the discount cost the
         account more than its equity's share of that, so that equity over margin does
         not fall, whatever it owes besides.
    """
    freed: uint256 = (
        requirements._scale(risk, state.market_quote[market]) >> 24
    ) & _LOW_24
    borrowed: uint256 = (state.risk[accounts.USDC] >> 24) & _LOW_24
    bound: uint256 = fp._mul_div_down(freed, fp.WAD, fp.PPM + borrowed)
    price: uint256 = deleveraging._compute_price(
        mark,
        is_selling,
        min(
            state.takeover_discount,
            fp._mul_div_down(bound, state.takeover_ratio, fp.WAD),
        ),
        loss,
        notional,
        bound,
    )
    index: uint256 = (
        state.quote[(risk >> 176) & 255] >> 176
    ) * margin.PRICE_UNIT
    return deleveraging._limit_to_index(price, mark, index)
