"""
Makers.

Resting orders that are to be filled: what of them may be asked for, and the try, of
which nothing happened if it is refused.

Counterpart of ``contracts/modules/makers.vy``.
"""

from dataclasses import dataclass

from specs import accounts as acc
from specs import errors, instruments, margin, perpetual
from specs.accounts import USDC, AccountId
from specs.authority import MAX_AMOUNT
from specs.errors import Revert
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_up
from specs.instruments import is_spot
from specs.maker_code import make_perp, make_spot
from specs.state import (
    State,
    get_account,
    get_asset,
    get_effective_position,
    get_held,
    get_market,
    get_owed,
)

Stop = type[Revert] | None
"""Why nothing more was cleared; none if all that was asked for was tried."""


@dataclass(frozen=True)
class Making:
    """A resting order that is to be filled: lots, or WAD of the asset."""

    account: AccountId
    size: int
    price: Wad
    is_reduce_only: bool = False


@dataclass(frozen=True)
class Cleared:
    """What became of a list of makers."""

    filled: tuple[int, ...]
    """Of each, in their order; 0 for one who was refused, and after a stop."""
    stop: Stop = None


def require_listed(state: State, instrument: int) -> None:
    """Refuse an instrument that nobody can trade."""
    if not is_spot(instrument):
        get_market(state, instrument)
        return
    asset = instruments.get_asset(instrument)
    if asset == USDC:
        raise errors.UnknownAsset
    get_asset(state, asset)


def require_tradable(state: State, instrument: int, now: Seconds) -> None:
    """Refuse an instrument without a fresh price."""
    if margin.is_stale(get_quote(state, instrument), now):
        raise errors.StalePrice


def get_quote(state: State, instrument: int) -> margin.Quote:
    """Return the prices of an instrument."""
    if is_spot(instrument):
        return state.assets[instruments.get_asset(instrument)].quote
    return state.markets[instrument].quote


def get_obstacle(state: State, instrument: int, now: Seconds) -> Stop:
    """Return why only what reduces both sides may be filled now, or none."""
    quote = get_quote(state, instrument)
    if not is_spot(instrument) and state.markets[instrument].is_paused:
        return errors.Paused
    if not is_spot(instrument) and margin.is_restricted(quote, now):
        return errors.ReduceOnly
    if margin.is_diverging(quote):
        return errors.PricesDiverge
    return None


def require_size(state: State, instrument: int, making: Making) -> None:
    """Refuse a size that no fill may have."""
    if making.size == 0:
        raise errors.ZeroAmount
    if is_spot(instrument):
        cost = mul_div_up(making.size, making.price, WAD)
        if max(making.size, cost) > MAX_AMOUNT:
            raise errors.AmountTooLarge
        return
    listed = state.markets[instrument]
    lots = Lots(making.size)
    notional = perpetual.compute_notional(lots, listed.lot, making.price)
    marked = perpetual.compute_notional(lots, listed.lot, listed.quote.slow)
    if lots > perpetual.MAX_LOTS or max(notional, marked) > MAX_AMOUNT:
        raise errors.AmountTooLarge


def get_reducible(
    state: State, account: AccountId, instrument: int, is_buy: bool, now: Seconds
) -> int:
    """
    Return how much an account may buy or sell without doing more than to close a
    position, or to repay or sell what it owes or holds of an asset.
    """
    require_listed(state, instrument)
    if is_spot(instrument):
        asset = instruments.get_asset(instrument)
        if is_buy:
            return get_owed(state, account, asset, now)
        return get_held(state, account, asset)
    position = acc.get_position(get_account(state, account), instrument)
    lots = get_effective_position(state, instrument, position).lots
    return max(0, -lots if is_buy else lots)


def limit_size(
    state: State, instrument: int, making: Making, is_buy: bool, now: Seconds
) -> int:
    """Return how much of a resting order its maker's wish to reduce lets be filled."""
    if not making.is_reduce_only:
        return making.size
    return min(
        making.size, get_reducible(state, making.account, instrument, is_buy, now)
    )


def try_perp(
    state: State, now: Seconds, market: int, making: Making, is_buy: bool, lots: int
) -> tuple[State, Lots]:
    """Return ``state`` with a maker's side of a fill, and its size; 0 if refused."""
    account, price = making.account, making.price
    if lots == 0:
        return state, Lots(0)
    try:
        made = make_perp(state, now, market, account, is_buy, Lots(lots), price)
    except Revert:
        return state, Lots(0)
    return made, Lots(lots)


def try_spot(
    state: State, now: Seconds, asset: int, making: Making, is_buy: bool, size: int
) -> tuple[State, int]:
    """Return ``state`` with a maker's side of a fill, and its size; 0 if refused."""
    if size == 0:
        return state, 0
    account, price = making.account, making.price
    try:
        return make_spot(state, now, asset, account, is_buy, Wad(size), price), size
    except Revert:
        return state, 0
