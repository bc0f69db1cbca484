# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Margin
@license Apache-2.0
@notice What an account is worth as collateral and how much of that its exposure
        binds.
@dev One pass over what the account holds answers every question of the rules. The
     stored lend index is read for collateral (it never overvalues), a debt's index
     is brought to now.
@custom:spec specs/margin.py
"""

from ..interfaces import IClearinghouse
from . import accounts
from . import deleveraging
from . import errors
from . import fixed_point as fp
from . import instruments
from . import money_market
from . import open_orders
from . import perpetual
from . import requirements
from . import state
from . import virtual_pnl

uses: deleveraging
uses: money_market
uses: state
uses: virtual_pnl

MAX_PRICE_AGE: constant(uint256) = 60  # seconds
REDUCE_ONLY_AGE: constant(uint256) = 30  # seconds
PRICE_UNIT: constant(uint256) = 10**6
_ENTRIES: constant(uint256) = 8
_CODES: constant(uint256) = 64
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_32: constant(uint256) = 2**32 - 1
_LOW_40: constant(uint256) = 2**40 - 1
_LOW_80: constant(uint256) = 2**80 - 1


struct Quote:
    slow: uint256
    fast: uint256
    time: uint256


@internal
@pure
def _quote(word: uint256) -> Quote:
    """
    @notice Return the prices in a quote word.
    """
    return Quote(
        slow=(word >> 176) * PRICE_UNIT,
        fast=((word >> 96) & _LOW_80) * PRICE_UNIT,
        time=(word >> 64) & _LOW_32,
    )


@internal
@view
def _is_stale(quote: Quote) -> bool:
    """
    @notice Return whether prices are too old to trade at.
    """
    return block.timestamp - quote.time > MAX_PRICE_AGE


@internal
@view
def _is_restricted(quote: Quote) -> bool:
    """
    @notice Return whether both sides of a fill at a mark of that age have to reduce.
    """
    return block.timestamp - quote.time > REDUCE_ONLY_AGE


@internal
@pure
def _is_diverging(quote: Quote) -> bool:
    """
    @notice Return whether fast and slow price are more than 2 % apart.
    """
    apart: uint256 = max(quote.slow, quote.fast) - min(quote.slow, quote.fast)
    return 100 * apart > 2 * quote.slow


@internal
@pure
def _initial_margin(risk: uint256, notional: uint256, least: uint256) -> int256:
    """
    @notice Return the margin that opens `notional`, rounded up; its fraction is at least
            `least`, parts per million.
    """
    return convert(
        requirements._compute_margin(
            max(risk & _LOW_24, least), (risk >> 48) & _LOW_40, notional
        ),
        int256,
    )


@internal
@pure
def _margins(
    risk: uint256, opened: uint256, kept: uint256, least: uint256
) -> (int256, int256):
    """
    @notice Return the margin that opens one notional and the one that keeps another, as
            each would alone.
    @dev One root is taken if both are the same. A factor has 40 bits and a root is at
         most 2**128, so that their product fits.
    """
    root: uint256 = requirements._sqrt_up(kept)
    fraction: uint256 = max(
        unsafe_mul((risk >> 24) & _LOW_24, requirements._PPM_UNIT),
        unsafe_add(
            unsafe_mul((risk >> 88) & _LOW_40, root), requirements._ROOT_UNIT - 1
        )
        // requirements._ROOT_UNIT,
    )
    binding: uint256 = (fraction * kept + (fp.WAD - 1)) // fp.WAD
    if opened != kept:
        root = requirements._sqrt_up(opened)
    fraction = max(
        max(risk & _LOW_24, least) * requirements._PPM_UNIT,
        unsafe_add(
            unsafe_mul((risk >> 48) & _LOW_40, root), requirements._ROOT_UNIT - 1
        )
        // requirements._ROOT_UNIT,
    )
    return (
        convert((fraction * opened + (fp.WAD - 1)) // fp.WAD, int256),
        convert(binding, int256),
    )


@internal
@view
def _assess(account: uint256) -> IClearinghouse.Health:
    """
    @notice Return the health of an account.
    """
    health: IClearinghouse.Health = empty(IClearinghouse.Health)
    header: uint256 = state.headers[account]
    least: uint256 = requirements._leverage_imf(accounts._max_leverage(header))
    entries: uint256 = accounts._assets(header)
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        health = self._add_asset(health, account, (entries & 255) - 1, least)
        entries >>= 8

    worst: int256 = 0
    net: int256 = 0
    borrow_index: uint256 = 0
    entries = accounts._markets(header)
    if entries != 0 or money_market._scaled(state.balances[account][accounts.USDC]) < 0:
        borrow_index = money_market._borrow_index(accounts.USDC)
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        value: int256 = 0
        worst_value: int256 = 0
        health, value, worst_value = self._add_position(
            health, account, (entries & 255) - 1, least, borrow_index
        )
        net += value
        worst += worst_value
        entries >>= 8
    bids: uint256 = 0
    codes: uint256 = open_orders._codes(header)
    for i: uint256 in range(_CODES):
        if codes == 0:
            break
        if codes & 1 != 0:
            if i < instruments.MAX_LISTED:
                health = self._add_perp_orders(health, account, i, least)
            else:
                cost: uint256 = 0
                health, cost = self._add_spot_orders(health, account, i, least)
                bids += cost
        codes >>= 1
    return self._add_usdc(health, account, net, worst, least, borrow_index, bids)


@internal
@view
def _add_asset(
    so_far: IClearinghouse.Health, account: uint256, asset: uint256, least: uint256
) -> IClearinghouse.Health:
    """
    @notice Return a health with one asset other than USDC counted in.
    """
    health: IClearinghouse.Health = so_far
    word: uint256 = state.balances[account][asset]
    quote_word: uint256 = state.quote[asset]
    quote: Quote = self._quote(quote_word)
    is_stale: bool = self._is_stale(quote)
    if not is_stale:
        health.priced_at = max(health.priced_at, quote.time)
        health.is_diverging = health.is_diverging or self._is_diverging(quote)

    if money_market._scaled(word) < 0:
        owed: uint256 = money_market._debt(word, money_market._borrow_index(asset))
        risk: uint256 = state.risk[asset]
        notional: uint256 = fp._mul_div_up(owed, quote.slow, fp.WAD)
        high: uint256 = fp._mul_div_up(owed, max(quote.slow, quote.fast), fp.WAD)
        opening: int256 = 0
        binding: int256 = 0
        opening, binding = self._margins(risk, high, notional, least)
        health.initial_equity -= convert(high, int256)
        health.initial_margin += opening
        health.equity -= convert(notional, int256)
        health.value -= convert(notional, int256)
        health.exposure += notional
        health.maintenance_margin += binding
        if is_stale:
            health.is_stale = True
            health.stale_loss += convert(notional, int256)
            health.stale_margin += binding
        return health

    held: uint256 = money_market._held(word, state.pool_index[asset] >> 144)
    weight: uint256 = requirements._compute_weight(
        (quote_word >> 40) & _LOW_24, quote_word & _LOW_40, held
    )
    gross: uint256 = fp._mul_div_down(held, quote.slow, fp.WAD)
    net: int256 = convert(fp._mul_div_down(gross, weight, fp.WAD), int256)
    health.value += convert(gross, int256)
    health.equity += net
    if not is_stale:
        if quote.fast < quote.slow:
            gross = fp._mul_div_down(held, quote.fast, fp.WAD)
            net = convert(fp._mul_div_down(gross, weight, fp.WAD), int256)
        health.initial_equity += net
    return health


@internal
@view
def _add_position(
    so_far: IClearinghouse.Health,
    account: uint256,
    market: uint256,
    least: uint256,
    borrow_index: uint256,
) -> (IClearinghouse.Health, int256, int256):
    """
    @notice Return a health with one position counted in, its value with the interest
            on it, and the same at the worse of mark and fast mark, where a gain counts
            as far as it is backed. What epochs have yet to close of it is closed, but
            for the interest, which its whole size earns and owes until then.
    """
    health: IClearinghouse.Health = so_far
    word: uint256 = state.positions[account][market]
    risk: uint256 = state.market_risk[market]
    mark: uint256 = state.market_quote[market]
    quote: Quote = self._quote(mark)
    lot: uint256 = perpetual._lot(risk)
    index: int256 = (
        convert(convert(state.market_funding[market], bytes32), int256) >> 128
    )
    stored: uint256 = word
    if risk >> perpetual.EPOCHS != 0 and perpetual._is_behind(word, risk):
        word = deleveraging._effective(market, word, risk, index)
        # What comes after these epochs is not known: no ground for new risk.
        if (
            perpetual._lots(word) != 0
            and perpetual._epochs(risk)
            > perpetual._epoch(stored) + deleveraging.MAX_EPOCHS
        ):
            health.is_stale = True
    lots: int256 = perpetual._lots(word)
    basis: int256 = perpetual._basis(word)
    value: int256 = perpetual._compute_value(lots, basis, lot, quote.slow, index)
    price: uint256 = max(quote.slow, quote.fast)
    if lots > 0:
        price = min(quote.slow, quote.fast)
    worst: int256 = value
    if price != quote.slow:
        worst = perpetual._compute_value(lots, basis, lot, price, index)
    loss: int256 = max(-value, 0)
    if perpetual._entry(word) != 0:
        interest: int256 = virtual_pnl._interest(
            account,
            market,
            stored,
            virtual_pnl._exponent(risk),
            state.pool_index[accounts.USDC] >> 144,
            borrow_index,
        )
        if worst > 0:
            worst = virtual_pnl._credit(
                market, word, virtual_pnl._exponent(risk), mark, price, worst
            )
        worst += interest
        value += interest
    else:
        worst = min(worst, 0)

    notional: uint256 = perpetual._compute_notional(lots, lot, quote.slow)
    # An unsettled claim is worth the same whatever the price.
    if notional == 0:
        return health, value, worst
    risk = requirements._scale(risk, mark)
    opening: int256 = 0
    binding: int256 = 0
    opening, binding = self._margins(risk, notional, notional, least)
    health.initial_margin += opening
    health.maintenance_margin += binding
    health.exposure += notional
    if self._is_stale(quote):
        health.is_stale = True
        health.stale_loss += loss
        health.stale_margin += binding
    else:
        health.priced_at = max(health.priced_at, quote.time)
        health.is_diverging = health.is_diverging or self._is_diverging(quote)
    return health, value, worst


@internal
@view
def _add_perp_orders(
    so_far: IClearinghouse.Health, account: uint256, market: uint256, least: uint256
) -> IClearinghouse.Health:
    """
    @notice Return a health with the initial margin that a market's resting orders add
            to that of the position.
    """
    health: IClearinghouse.Health = so_far
    mark: uint256 = state.market_quote[market]
    risk: uint256 = state.market_risk[market]
    lot: uint256 = perpetual._lot(risk)
    lots: int256 = deleveraging._effective_lots(market, account)
    worst: int256 = convert(
        open_orders._worst_lots(
            lots, state.orders[account][market]
        ),
        int256,
    )
    quote: Quote = self._quote(mark)
    notional: uint256 = perpetual._compute_notional(lots, lot, quote.slow)
    larger: uint256 = perpetual._compute_notional(worst, lot, quote.slow)
    if larger == notional:
        return health
    risk = requirements._scale(risk, mark)
    health.initial_margin += self._initial_margin(
        risk, larger, least
    ) - self._initial_margin(risk, notional, least)
    return self._note(health, quote)


@internal
@view
def _add_spot_orders(
    so_far: IClearinghouse.Health, account: uint256, code: uint256, least: uint256
) -> (IClearinghouse.Health, uint256):
    """
    @notice Return a health with what an asset's resting orders could leave counted in,
            and what its bids cost.
    """
    health: IClearinghouse.Health = so_far
    asset: uint256 = code - instruments.MAX_LISTED
    orders: uint256 = state.orders[account][code]
    word: uint256 = state.balances[account][asset]
    held: uint256 = money_market._held(word, state.pool_index[asset] >> 144)
    bids: uint256 = open_orders._bids(orders)
    asks: uint256 = open_orders._asks(orders)
    # What sells no more than there is adds nothing, so its price need not be known.
    if bids == 0 and asks <= held:
        return health, 0
    quote_word: uint256 = state.quote[asset]
    quote: Quote = self._quote(quote_word)
    high: uint256 = max(quote.slow, quote.fast)
    low: uint256 = min(quote.slow, quote.fast)
    if self._is_stale(quote):
        low = 0
    owed: uint256 = 0
    if money_market._scaled(word) < 0:
        owed = money_market._debt(word, money_market._borrow_index(asset))

    health.initial_equity -= convert(
        open_orders._bid_loss(
            bids, held, owed, low, high, (quote_word >> 40) & _LOW_24, quote_word & _LOW_40
        ),
        int256,
    )
    risk: uint256 = state.risk[asset]
    debt: uint256 = open_orders._ask_debt(asks, held, owed, high)
    health.initial_margin += self._initial_margin(risk, debt, least)
    if owed != 0:
        health.initial_margin -= self._initial_margin(
            risk, fp._mul_div_up(owed, high, fp.WAD), least
        )
    return self._note(health, quote), open_orders._bid_cost(bids, high)


@internal
@view
def _note(so_far: IClearinghouse.Health, quote: Quote) -> IClearinghouse.Health:
    """
    @notice Return a health that knows how good a price is that new risk depends on.
    """
    health: IClearinghouse.Health = so_far
    if self._is_stale(quote):
        health.is_stale = True
    else:
        health.priced_at = max(health.priced_at, quote.time)
        health.is_diverging = health.is_diverging or self._is_diverging(quote)
    return health


@internal
@view
def _add_usdc(
    so_far: IClearinghouse.Health,
    account: uint256,
    net: int256,
    worst: int256,
    least: uint256,
    borrow_index: uint256,
    bids: uint256,
) -> IClearinghouse.Health:
    """
    @notice Return a health with the USDC balance and all positions' values counted in:
            `net` at mark, `worst` at the worse prices; a debt binds initial margin as
            if spot bids had cost `bids` more.
    """
    health: IClearinghouse.Health = so_far
    word: uint256 = state.balances[account][accounts.USDC]
    usdc: int256 = 0
    if money_market._scaled(word) < 0:
        debt: uint256 = money_market._debt(word, borrow_index)
        usdc = convert(money_market._idle(word), int256) - convert(debt, int256)
    else:
        held: uint256 = money_market._held(
            word, state.pool_index[accounts.USDC] >> 144
        )
        usdc = convert(held, int256)

    owed: uint256 = convert(max(-(usdc + net), 0), uint256)
    worst_owed: uint256 = convert(
        max(convert(bids, int256) - usdc - worst, 0), uint256
    )
    health.initial_equity += usdc + worst
    health.equity += usdc + net
    health.value += usdc + net
    # What is not owed binds nothing.
    if owed != 0 or worst_owed != 0:
        risk: uint256 = state.risk[accounts.USDC]
        opening: int256 = 0
        binding: int256 = 0
        opening, binding = self._margins(risk, worst_owed, owed, least)
        health.initial_margin += opening
        health.exposure += owed
        health.maintenance_margin += binding
    return health


@internal
@pure
def _is_liquidatable(health: IClearinghouse.Health) -> bool:
    """
    @notice Return whether the account is below its maintenance margin.
    """
    return health.exposure > 0 and health.equity < health.maintenance_margin


@internal
@pure
def _is_due(health: IClearinghouse.Health) -> bool:
    """
    @notice Return whether it is below even with its stale exposures let go.
    """
    return health.exposure > 0 and (
        health.equity + health.stale_loss
        < health.maintenance_margin - health.stale_margin
    )


@internal
@pure
def _is_due_now(health: IClearinghouse.Health) -> bool:
    """
    @notice Return whether a liquidation may start, as far as the health goes.
    """
    return self._is_liquidatable(health) and self._is_due(health)


@internal
@pure
def _check_initial_margin(health: IClearinghouse.Health):
    """
    @notice Refuse unless the account may take the risk that it now has. An account
            without exposure is free. A debt in an asset that never had a price is
            worth nothing yet, but is stale.
    """
    if health.exposure == 0 and health.initial_margin == 0 and not health.is_stale:
        return
    assert not health.is_stale, errors.STALE_PRICE
    assert not health.is_diverging, errors.PRICES_DIVERGE
    assert (
        health.initial_equity >= health.initial_margin
    ), errors.BELOW_INITIAL_MARGIN


@internal
@pure
def _check_conservative_margin(health: IClearinghouse.Health):
    """
    @notice Refuse unless the account has initial margin at the worse of slow and fast
            prices, however far these are apart: for providers, who are needed most just
            then.
    """
    found: IClearinghouse.Health = health
    found.is_diverging = False
    self._check_initial_margin(found)


@internal
@view
def _require_initial_margin(account: uint256):
    """
    @notice Refuse unless `account` may take the risk that it now has.
    """
    self._check_initial_margin(self._assess(account))


@internal
@pure
def _is_improved(
    before: IClearinghouse.Health, after: IClearinghouse.Health
) -> bool:
    """
    @notice Return whether exposure fell and equity over margin did not.
    """
    return (
        after.exposure < before.exposure
        and after.equity * before.maintenance_margin
        >= before.equity * after.maintenance_margin
    )
