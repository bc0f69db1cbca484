"""
SettleCode.

The clock: the oracle's prices are taken over, interest and funding booked, and profit
and loss settled.

Counterpart of ``contracts/SettleCode.vy``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from specs import errors, funding, margin
from specs.accounts import USDC, AccountId, Address
from specs.fixed_point import Seconds, Wad, mul_div_down
from specs.margin import Quote
from specs.settlement import realise_one
from specs.state import State, accrue, get_asset, get_market, with_market


@dataclass(frozen=True)
class AssetPrice:
    """What the oracle says of an asset; all zero if nothing was published."""

    slow: Wad
    fast: Wad
    time: Seconds


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
    asset_prices: Mapping[int, AssetPrice],
    mark_prices: Mapping[int, MarkPrice],
) -> State:
    """
    Take the oracle's prices over for ``assets`` and ``markets``; anyone may.

    A price that is not newer than the stored one changes nothing. USDC interest and
    the markets' funding are booked first, at the prices that held until now.
    """
    state = accrue(state, USDC, now)
    for asset in assets:
        state = take_price(state, asset, asset_prices)
    for market in markets:
        state = take_mark(state, now, market, asset_prices, mark_prices)
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
    return with_market(state, market, replace(listed, funding=advanced, quote=quote))


def realise(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    accounts: Iterable[AccountId],
) -> State:
    """
    Settle what positions have gained or lost at mark; anyone may.

    A loss is paid in full, by borrowing USDC if need be; a gain as far as the fund
    reaches, the rest stays a claim. Sizes and margins stay as they are. Accounts
    without a position are passed over.
    """
    listed = get_market(state, market)
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    state = accrue(state, USDC, now)
    for account in accounts:
        state = realise_one(state, market, account)
    return state
