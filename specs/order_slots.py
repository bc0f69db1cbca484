"""
Order slots.

Where resting orders are kept: each account has 32 slots, and its number as a maker is
that of its first placement. An order's id says both, and how many orders ever rested in
that slot.

Counterpart of ``contracts/modules/order_slots.vy``.
"""

from dataclasses import replace
from typing import Final

from specs import errors
from specs.accounts import AccountId
from specs.book_state import OrderId, State

MAX_ORDERS: Final = 32
"""Orders that an account may have resting, in all instruments together."""


def occupy(state: State, account: AccountId) -> tuple[State, OrderId]:
    """Return ``state`` with the lowest free slot of an account taken, and its id."""
    if account not in state.makers:
        state = replace(state, makers=(*state.makers, account))
    slot = find_slot(state, account)
    generation = state.generations.get((account, slot), 0) + 1
    generations = {**state.generations, (account, slot): generation}
    maker = state.makers.index(account) + 1
    order = OrderId(generation << 40 | slot << 32 | maker)
    return replace(state, generations=generations), order


def find_slot(state: State, account: AccountId) -> int:
    """Return the lowest slot of an account in which nothing rests."""
    used = {
        get_slot(order)
        for order, resting in state.orders.items()
        if resting.account == account
    }
    free = [slot for slot in range(MAX_ORDERS) if slot not in used]
    if not free:
        raise errors.TooManyOrders
    return free[0]


def get_slot(order: OrderId) -> int:
    """Return the slot of its account in which an order rests."""
    return order >> 32 & 255
