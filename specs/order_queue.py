"""
Order queue.

How orders come to rest at the end of their price, and how they go.

Counterpart of ``contracts/modules/order_queue.vy``.
"""

from dataclasses import replace

from specs import order_code
from specs.book_state import Order, OrderId, State, World, get_scale, with_side
from specs.fixed_point import Lots
from specs.listings import Placement
from specs.order_slots import occupy


def rest(
    world: World, placement: Placement, number: int, lots: Lots
) -> tuple[World, OrderId]:
    """Return the world with an order resting, last in its price, and its id."""
    book, order = occupy(world.book, placement.account)
    resting = Order(
        placement.account,
        placement.instrument,
        placement.is_buy,
        lots,
        number,
        placement.is_reduce_only,
        placement.expiry,
    )
    book = replace(book, orders={**book.orders, order: resting})
    clearing = order_code.reserve(
        world.clearing,
        world.now,
        book.address,
        placement.instrument,
        placement.account,
        placement.is_buy,
        lots * get_scale(book, placement.instrument),
    )
    return World(insert(book, order), clearing, world.now), order


def insert(state: State, order: OrderId) -> State:
    """Return ``state`` with a resting order on its side, last in its price."""
    resting = state.orders[order]
    book = state.books[resting.instrument]
    side = book.bids if resting.is_buy else book.asks
    sign = -1 if resting.is_buy else 1
    # Sorting is stable: what was there first stays first.
    changed = tuple(
        sorted((*side, order), key=lambda each: sign * state.orders[each].number)
    )
    return with_side(state, resting, changed)


def cancel(world: World, order: OrderId) -> World:
    """Return the world without an order, all of it released."""
    resting = world.book.orders[order]
    return remove(
        world, order, resting.lots * get_scale(world.book, resting.instrument)
    )


def remove(world: World, order: OrderId, size: int) -> World:
    """Return the world without an order, so much of it released."""
    resting = world.book.orders[order]
    clearing = world.clearing
    if size > 0:
        clearing = order_code.release(
            clearing,
            world.now,
            world.book.address,
            resting.instrument,
            resting.account,
            resting.is_buy,
            size,
        )
    book = world.book.books[resting.instrument]
    side = book.bids if resting.is_buy else book.asks
    state = with_side(
        world.book, resting, tuple(each for each in side if each != order)
    )
    orders = {each: found for each, found in state.orders.items() if each != order}
    return World(replace(state, orders=orders), clearing, world.now)
