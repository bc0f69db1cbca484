"""What a scenario asks of a state: rates, and how far an account is from ruin."""

from dataclasses import replace

from specs import clearinghouse as ch
from specs import interest_rate, margin, money_market
from specs.accounts import USDC, AccountId
from specs.fixed_point import Seconds, Wad
from specs.margin import Quote
from specs.state import State

PPM = 10**6
FURTHEST = 20 * PPM
"""Beyond twenty times the price nobody looks."""


def utilisation(state: State, asset: int = USDC) -> Wad:
    """Return a pool's utilisation, WAD."""
    surplus = ch.get_surplus(state, asset)
    return money_market.get_utilisation(state.assets[asset].pool, surplus)


def borrow_rate(state: State, asset: int = USDC) -> int:
    """Return what a pool's borrowers pay, RAY per second."""
    curve = state.assets[asset].pool.curve
    return interest_rate.compute_rate(curve, utilisation(state, asset))


def at_price(state: State, asset: int, ppm: int, now: Seconds) -> State:
    """Return ``state`` with an asset and its markets at ``ppm`` of their prices."""

    def scaled(quote: Quote) -> Quote:
        price = Wad(quote.slow * ppm // PPM)
        return Quote(price, price, now)

    listed = state.assets[asset]
    changed = replace(listed, quote=scaled(listed.quote))
    markets = {
        number: replace(market, quote=scaled(market.quote))
        if market.underlying == asset
        else market
        for number, market in state.markets.items()
    }
    assets = {**state.assets, asset: changed}
    return replace(state, assets=assets, markets=markets)


def distance_up(state: State, account: AccountId, asset: int, now: Seconds) -> int:
    """
    Return by how much of its price, ppm, an asset may rise before the account is
    below its maintenance margin; ``FURTHEST`` if it stands more.
    """

    def stands(ppm: int) -> bool:
        risen = at_price(state, asset, PPM + ppm, now)
        return not margin.is_liquidatable(ch.assess(risen, account, now))

    low, high = 0, FURTHEST
    if stands(high):
        return FURTHEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stands(middle) else (low, middle)
    return low
