"""The order book: I17, I27 and I28."""

from collections import Counter
from collections.abc import Sequence

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import liquidator, order_book, perpetual, settlement
from specs.accounts import AccountId
from specs.bands import TAKER_TOLERANCE
from specs.fixed_point import PPM, Lots, Seconds
from specs.instruments import is_spot
from specs.invariants.parts import get_accrued
from specs.invariants.slicing import get_slice
from specs.liquidator import Sliced
from specs.margin import Exposure
from specs.open_orders import OpenOrders
from specs.order_book import Book, Kind, Order, OrderId, Placement
from specs.state import get_effective_position
from specs.world import Action, World


def orders_bind_margin(world: World) -> bool:
    """
    I17: what margin counts of an account's orders is the sum of what it has resting,
    and no side of them leaves a larger position than the one that binds margin.
    """
    resting: Counter[tuple[AccountId, int, bool]] = Counter()
    for order in world.book.orders.values():
        size = order.lots * order_book.get_scale(world.book, order.instrument)
        resting[order.account, order.instrument, order.is_buy] += size
    for name, account in world.clearing.accounts.items():
        for instrument, orders in account.orders.items():
            bids = resting.pop((name, instrument, True), 0)
            asks = resting.pop((name, instrument, False), 0)
            if OpenOrders(bids, asks) != orders:
                return False
    return not resting and all(
        is_bound(world, name) for name in world.clearing.accounts
    )


def is_bound(world: World, name: AccountId) -> bool:
    """Return whether an account's exposures are as large as any side can leave them."""
    clearing = world.clearing
    account = ch.get_account(clearing, name)
    markets = {m for m in account.orders if not is_spot(m)}
    exposures = ch.get_portfolio(clearing, name, world.now).exposures
    listed = sorted(account.positions.keys() | markets)
    if len(exposures) != len(listed):
        return False
    return all(
        is_worst(world, name, market, exposure)
        for market, exposure in zip(listed, exposures, strict=True)
    )


def is_worst(world: World, name: AccountId, market: int, exposure: Exposure) -> bool:
    """Return whether no fill of one side's orders leaves a larger notional."""
    listed = world.clearing.markets[market]
    account = ch.get_account(world.clearing, name)
    position = acc.get_position(account, market)
    lots = get_effective_position(world.clearing, market, position).lots
    orders = acc.get_orders(account, market)
    could = (lots, Lots(lots + orders.bids), Lots(lots - orders.asks))
    return exposure.worst_notional == max(
        perpetual.compute_notional(each, listed.lot, listed.quote.slow)
        for each in could
    )


def books_are_in_order(world: World) -> bool:
    """
    I27: the best bid is below the best ask; each side has its orders in their priority
    and none too small to rest; no account has more than it has slots, and no slot two.
    """
    state = world.book
    listed = [order for book in state.books.values() for order in get_all(book)]
    if Counter(listed) != Counter(state.orders.keys()):
        return False
    for instrument, book in state.books.items():
        bids = [get_resting(state, order, instrument, True) for order in book.bids]
        asks = [get_resting(state, order, instrument, False) for order in book.asks]
        if None in bids or None in asks:
            return False
        highs = [order.number for order in bids if order]
        lows = [order.number for order in asks if order]
        if highs != sorted(highs, reverse=True) or lows != sorted(lows):
            return False
        if highs and lows and highs[0] >= lows[0]:
            return False
        if any(state.orders[o].lots < book.listing.min_lots for o in get_all(book)):
            return False
    places = Counter(
        (order.account, order_book.get_slot(name))
        for name, order in state.orders.items()
    )
    return all(count == 1 for count in places.values()) and all(
        slot < order_book.MAX_ORDERS for _, slot in places
    )


def get_all(book: Book) -> tuple[OrderId, ...]:
    """Return all orders of a book."""
    return (*book.bids, *book.asks)


def get_resting(
    state: order_book.State, order: OrderId, instrument: int, is_buy: bool
) -> Order | None:
    """Return an order that rests on this side of this book, else none."""
    found = state.orders.get(order)
    if found and (found.instrument, found.is_buy) == (instrument, is_buy):
        return found
    return None


def fills_keep_the_rules(before: World, after: World, action: Action) -> bool:
    """
    Return whether what an order met was met in price-time priority, within its limit
    and the bands, and no more of it than its caller allowed, and the order kept to its
    kind.
    """
    if action.name not in ("place", "convert_on_book", "reduce"):
        return True
    placement, max_fills = get_taking(before, after, action)
    met = get_met(before, after, placement)
    if not is_in_order(before, after, placement, met) or len(met) > max_fills:
        return False
    tried = [o for o in met if not is_passed(before, after.now, placement, o)]
    if tried and placement.kind == Kind.POST_ONLY:
        return False
    if not is_fair(before, placement, tried):
        return False
    rested = [
        after.book.orders[order]
        for order in after.book.orders.keys() - before.book.orders.keys()
    ]
    if len(rested) > 1 or sum(order.lots for order in rested) > placement.lots:
        return False
    if rested and placement.kind in (Kind.IOC, Kind.FOK):
        return False
    return is_spot(placement.instrument) or is_traded(before, after, placement, rested)


def get_taking(before: World, after: World, action: Action) -> tuple[Placement, int]:
    """
    Return what an action takes from the book: an order; a conversion at any price; or
    a slice at its limit.
    """
    if action.name == "reduce":
        assert isinstance(after.answer, Sliced)
        opened, asked = get_slice(before, after, action), after.answer.asked
        placement = Placement(
            opened.account,
            opened.instrument,
            opened.is_buy,
            asked,
            opened.limit,
            kind=Kind.IOC,
            is_reduce_only=True,
        )
        return placement, liquidator.MAX_FILLS
    if action.name == "place":
        placement, max_fills = action.arguments
        return placement, max_fills
    account, instrument, lots, max_fills = action.arguments
    tick = before.book.books[instrument].listing.tick
    placement = Placement(account, instrument, False, lots, tick, kind=Kind.IOC)
    return placement, max_fills


def get_met(before: World, after: World, placement: Placement) -> Sequence[OrderId]:
    """Return the orders that were filled or cancelled, of those that could be met."""
    side = order_book.get_others(before.book, placement)
    return [order for order in side if is_met(before, after, order)]


def is_in_order(
    before: World, after: World, placement: Placement, met: Sequence[OrderId]
) -> bool:
    """Return whether no order was filled before one that comes first."""
    side = order_book.get_others(before.book, placement)
    now = after.now
    in_order = [o for o in side if not is_passed(before, now, placement, o)]
    filled = [order for order in met if order in in_order]
    return filled == in_order[: len(filled)]


def is_passed(before: World, now: Seconds, placement: Placement, name: OrderId) -> bool:
    """
    Return whether an order can only be cancelled when it is met: one of the same owner,
    one that has expired, or one that is too good for the oracle's band. It is, even if
    nothing before it is filled in the end.
    """
    order = before.book.orders[name]
    is_own = acc.get_owner(order.account) == acc.get_owner(placement.account)
    tick = before.book.books[order.instrument].listing.tick
    low, high = before.bands[order.instrument]
    price = order.number * tick
    is_too_good = price > high if order.is_buy else price < low
    return is_own or is_too_good or 0 < order.expiry < now


def is_met(before: World, after: World, order: OrderId) -> bool:
    """Return whether a resting order was filled or cancelled."""
    left = after.book.orders.get(order)
    return left is None or left.lots != before.book.orders[order].lots


def is_fair(before: World, placement: Placement, met: Sequence[OrderId]) -> bool:
    """Return whether all that was met is within the limit and the bands."""
    tick = before.book.books[placement.instrument].listing.tick
    band, sign = before.bands[placement.instrument], 1 if placement.is_buy else -1
    prices = [before.book.orders[order].number * tick for order in met]
    return all(
        sign * (price - placement.price) <= 0
        and band[0] <= price <= band[1]
        and abs(price - prices[0]) * PPM <= TAKER_TOLERANCE * prices[0]
        for price in prices
    )


def is_traded(
    before: World, after: World, placement: Placement, rested: Sequence[Order]
) -> bool:
    """Return whether a perpetual's order traded as its terms say."""
    market, account = placement.instrument, placement.account
    old, new = (
        acc.get_position(ch.get_account(world.clearing, account), market)
        for world in (before, after)
    )
    held = old.lots
    if new.epoch != old.epoch:
        start = get_accrued(before, after.now).clearing
        touched = settlement.touch(start, market, account)
        held = acc.get_position(ch.get_account(touched, account), market).lots
    traded = new.lots - held
    bought = traded if placement.is_buy else -traded
    if not 0 <= bought <= placement.lots - sum(order.lots for order in rested):
        return False
    reducible = max(0, -held if placement.is_buy else held)
    if placement.is_reduce_only:
        return bought <= reducible
    return placement.kind != Kind.FOK or bought == placement.lots
