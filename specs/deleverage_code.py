"""
DeleverageCode.

What of an account nobody takes over, closed against all positions of the other side,
within a takeover. Nobody chooses who they are, how much of each is closed, or the
price: each event is an epoch that reduces them as they are touched
(``deleveraging``, ``settlement.touch``).

Counterpart of ``contracts/DeleverageCode.vy``.
"""

from dataclasses import replace

from specs import accounts as acc
from specs import deleveraging, errors, margin, perpetual
from specs.accounts import USDC, AccountId
from specs.deleveraging import Epoch
from specs.fixed_point import PPM, WAD, Lots, Seconds, Wad, mul_div_down, mul_div_up
from specs.liquidation_code import Terms
from specs.requirements import scale
from specs.settlement import touch, trade, trade_inventory
from specs.state import State, get_account, get_held, with_market


def deleverage(
    state: State, now: Seconds, account: AccountId, terms: Terms, portion: Wad
) -> tuple[State, Wad, Terms]:
    """
    Return ``state`` with ``portion`` of what is left of every fresh position closed
    against the other side, rounded up to lots, what that is worth at mark, and the
    terms for what is left.

    By what the account owes beyond the backstop fund the other side pays more or gets
    less, as far as the price may be from mark. It pays once: what the price did not
    reach is bad debt.
    """
    if not terms.may_deleverage:
        raise errors.NotDeleveraged
    markets = [
        market
        for market in sorted(get_account(state, account).positions)
        if not margin.is_stale(state.markets[market].quote, now)
    ]
    for market in markets:
        state = touch(state, market, account)
    whole = Wad(sum(get_notional(state, market, account) for market in markets))
    notional = Wad(mul_div_up(whole, portion, WAD))
    fund = get_held(state, acc.BACKSTOP_FUND, USDC)
    loss = Wad(max(0, terms.deficit - fund))
    worth = 0
    for market in markets:
        held = acc.get_position(get_account(state, account), market).lots
        size = Lots(mul_div_up(abs(held), portion, WAD))
        if size == 0:
            continue
        price = get_price(state, market, held > 0, terms, loss, notional)
        lots = Lots(-size if held > 0 else size)
        state = close(state, market, account, lots, price)
        listed = state.markets[market]
        worth += perpetual.compute_notional(size, listed.lot, listed.quote.slow)
    paid = replace(terms, deficit=Wad(min(terms.deficit, fund)))
    return state, Wad(worth), paid


def get_notional(state: State, market: int, account: AccountId) -> Wad:
    """Return what a position is worth at mark, without its sign."""
    listed = state.markets[market]
    lots = acc.get_position(get_account(state, account), market).lots
    return perpetual.compute_notional(lots, listed.lot, listed.quote.slow)


def get_price(
    state: State,
    market: int,
    is_selling: bool,
    terms: Terms,
    loss: Wad,
    notional: Wad,
) -> Wad:
    """
    Return the price at which an account closes against the other side.

    It is never so far from mark that one of them would come below its maintenance
    margin: what a position loses by it is no more than the margin that it frees, less
    what the loss binds where it is borrowed. Nor does the discount cost the account
    more than its equity's share of that, so that equity over margin does not fall,
    whatever it owes besides.
    """
    discount = Wad(
        min(terms.discount, mul_div_down(get_bound(state, market), terms.ratio, WAD))
    )
    return get_bound_price(state, market, is_selling, discount, loss, notional)


def get_bound(state: State, market: int) -> Wad:
    """Return how far from mark a price may be, WAD of it."""
    listed = state.markets[market]
    freed = scale(listed.requirement, listed.scales).base_mmf
    return Wad(freed * WAD // (PPM + state.assets[USDC].requirement.base_mmf))


def get_bound_price(
    state: State,
    market: int,
    is_selling: bool,
    discount: Wad,
    loss: Wad,
    notional: Wad,
) -> Wad:
    """Return the price that a discount or a loss makes, within all bounds."""
    listed = state.markets[market]
    mark, bound = listed.quote.slow, get_bound(state, market)
    price = deleveraging.compute_price(
        mark, is_selling, discount, loss, notional, bound
    )
    index = state.assets[listed.underlying].quote.slow
    return deleveraging.limit_to_index(price, mark, index)


def close(
    state: State, market: int, account: AccountId, lots: Lots, price: Wad
) -> State:
    """
    Return ``state`` with ``lots`` (signed) traded with the market's inventory, and an
    epoch that has the other side close as much.
    """
    listed = state.markets[market]
    interest = deleveraging.compute_effective_interest(
        listed.epochs, listed.open_interest
    )
    epoch = Epoch(
        is_long=lots > 0,
        lots=Lots(abs(lots)),
        open_interest=interest,
        price=price,
        funding_index=listed.funding.index,
    )
    state = trade(state, market, account, lots, price)
    state = trade_inventory(state, market, Lots(-lots), price)
    listed = state.markets[market]
    return with_market(state, market, replace(listed, epochs=(*listed.epochs, epoch)))
