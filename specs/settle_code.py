"""
SettleCode.

The clock: the oracle's prices are taken over, interest and funding booked, each
market's price for interest brought to its mark, and profit and loss settled.

Counterpart of ``contracts/SettleCode.vy``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from specs import accounts as acc
from specs import dynamic_margin, errors, funding, margin, perpetual, virtual_pnl
from specs.accounts import USDC, AccountId, Address
from specs.fixed_point import Seconds, Wad, mul_div_down
from specs.margin import Quote
from specs.requirements import Scales
from specs.settlement import realise_one, touch
from specs.state import (
    Market,
    State,
    accrue,
    get_account,
    get_asset,
    get_market,
    get_winners,
    with_market,
)

MAX_RAMP: Final = Seconds(60)
"""The most time for which one tick raises maintenance margin."""


@dataclass(frozen=True)
class AssetPrice:
    """What the oracle says of an asset; all zero if nothing was published."""

    slow: Wad
    fast: Wad
    time: Seconds
    variance: int = 0
    """Of the fast price's returns, 1e-18 per second."""


@dataclass(frozen=True)
class MarkPrice:
    """What the oracle says of a market."""

    mark: Wad
    premium: int
    time: Seconds


def tick(
    state: State,
    now: Seconds,
    caller: Address,
    assets: Iterable[int],
    markets: Iterable[int],
    crossings: int,
    asset_prices: Mapping[int, AssetPrice],
    mark_prices: Mapping[int, MarkPrice],
) -> State:
    """
    Take the oracle's prices over for ``assets`` and ``markets``; anyone may.

    A price that is not newer than the stored one changes nothing. USDC interest and
    the markets' funding are booked first, at the prices that held until now. Then
    each market's cursor moves to its mark, across ``crossings`` entry ticks at most;
    another call goes on from there, with or without a newer price.
    """
    if crossings == 0:
        raise errors.ZeroAmount
    state = accrue(state, USDC, now)
    for asset in assets:
        state = take_price(state, asset, asset_prices)
    for market in markets:
        state = take_mark(state, now, market, asset_prices, mark_prices)
        state = move_cursor(state, market, crossings)
    return state


def take_price(
    state: State, asset: int, asset_prices: Mapping[int, AssetPrice]
) -> State:
    """Return ``state`` with an asset's newer price taken over."""
    if asset == USDC:
        raise errors.UnknownAsset
    listed = get_asset(state, asset)
    price = asset_prices.get(asset, AssetPrice(Wad(0), Wad(0), Seconds(0)))
    if price.time <= listed.quote.time:
        return state
    quote = Quote(price.slow, price.fast, price.time)
    changed = replace(listed, quote=quote)
    return replace(state, assets={**state.assets, asset: changed})


def take_mark(
    state: State,
    now: Seconds,
    market: int,
    asset_prices: Mapping[int, AssetPrice],
    mark_prices: Mapping[int, MarkPrice],
) -> State:
    """Return ``state`` with a market's newer mark taken over and funding advanced."""
    listed = get_market(state, market)
    price = mark_prices.get(market, MarkPrice(Wad(0), 0, Seconds(0)))
    if price.time <= listed.quote.time:
        return state
    advanced = funding.advance(
        listed.funding, listed.interval, listed.quote.slow, price.premium, now
    )
    index = asset_prices[listed.underlying]
    fast = mul_div_down(price.mark, index.fast, index.slow)
    quote = Quote(margin.quantise(price.mark), margin.quantise(fast), price.time)
    changed = replace(listed, funding=advanced, quote=quote)
    scales = compute_scales(changed, listed.quote.time, index.variance)
    return with_market(state, market, replace(changed, scales=scales))


def compute_scales(listed: Market, before: Seconds, variance: int) -> Scales:
    """
    Return what volatility and open interest add to a market's margins from now on.

    Maintenance margin follows volatility by a minute's step at most, however long
    the last tick is ago, so that no tick by itself makes many liquidatable.
    """
    limits = listed.limits
    imf = dynamic_margin.compute_scale(variance, limits.reference, limits.max_scale)
    elapsed = Seconds(min(MAX_RAMP, listed.quote.time - before))
    return Scales(
        imf=imf,
        mmf=dynamic_margin.compute_maintenance_scale(listed.scales.mmf, imf, elapsed),
        open_interest_imf=dynamic_margin.compute_open_interest_fraction(
            limits.open_interest_factor,
            listed.open_interest,
            listed.lot,
            listed.quote.slow,
        ),
    )


def move_cursor(state: State, market: int, crossings: int) -> State:
    """Return ``state`` with a market's cursor at mark, or as far as it may come."""
    listed = state.markets[market]
    entries = {
        virtual_pnl.get_entry_price(account.positions[market])
        for account in state.accounts.values()
        if market in account.positions and account.positions[market].entry is not None
    }
    target = virtual_pnl.clamp(listed.quote.slow)
    cursor = virtual_pnl.compute_reached(listed.cursor, target, entries, crossings)
    return with_market(state, market, replace(listed, cursor=cursor))


def realise(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    accounts: Iterable[AccountId],
) -> State:
    """
    Settle what positions have gained or lost at mark, for whoever may have it so.

    A loss is paid in full, by borrowing USDC if need be; a gain as far as the fund
    reaches, the rest stays a claim. Sizes and margins stay as they are, but for what
    epochs of auto-deleveraging have yet to close, which is closed first, whoever asks.
    Accounts without a position are passed over, those that ``caller`` may not realise
    before any is, and the inventory: it is nobody's, and only epochs change it.
    """
    listed = get_market(state, market)
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    state = accrue(state, USDC, now)
    is_culled = is_reached(get_winners(state, market), listed.cull.system_threshold)
    due = []
    for account in accounts:
        if account == acc.INVENTORY:
            continue
        state = touch(state, market, account)
        if is_culled or may_realise(state, caller, market, account):
            due.append(account)
    for account in due:
        state = realise_one(state, market, account)
    return state


def may_realise(state: State, caller: Address, market: int, account: AccountId) -> bool:
    """
    Return whether ``caller`` may realise an account: its owner and who may trade for
    it always, anyone if it has chosen so, is outside the tick set (or only a claim, not
    paid yet), or has gained or lost more than the market lets anyone leave unrealised.

    A loss outside the set pays no interest on what its mirror image inside it earns, so
    nobody may keep one there.
    """
    held = get_account(state, account)
    position = acc.get_position(held, market)
    if held.settings.auto_realize or position.entry is None:
        return True
    if acc.is_authorised(state.operators, account, caller, acc.TRADE):
        return True
    listed = state.markets[market]
    value = perpetual.compute_value(
        position, listed.lot, listed.quote.slow, listed.funding.index
    )
    return is_reached(abs(value), listed.cull.account_threshold)


def is_reached(amount: int, threshold: Wad) -> bool:
    """Return whether an amount reaches a threshold; one of 0 never is."""
    return 0 < threshold <= amount
