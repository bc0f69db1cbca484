# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Order queue
@license Apache-2.0
@notice How orders come to rest at the end of their price, and how they go.
@custom:spec specs/order_queue.py
"""

from ..interfaces import IOrderBook
from . import order_slots
from . import price_levels

uses: order_slots
uses: price_levels


@internal
def _append(
    placement: IOrderBook.Placement, code: uint256, number: uint256, lots: uint256
) -> uint256:
    """
    @notice Let an order rest, last at its price, and return its id.
    """
    order: uint256 = order_slots._occupy(placement.account)
    previous: uint256 = price_levels._append(
        code, placement.is_buy, number, order, lots, placement.expiry == 0
    )
    if previous != 0:
        order_slots._set_next(previous, order)
    return order_slots._write(
        order,
        lots,
        previous,
        placement.expiry,
        number,
        code,
        placement.is_buy,
        placement.is_reduce_only,
    )


@internal
def _remove(order: uint256, word: uint256) -> uint256:
    """
    @notice Take an order off the book, wherever it is, and return whose it was.
    @dev Neighbours need not know that they are the first or the last now: the level
         does.
    """
    code: uint256 = order_slots._code(word)
    number: uint256 = order_slots._number(word)
    level: uint256 = price_levels._less(
        price_levels._read(code, number),
        order_slots._lots(word),
        order_slots._is_firm(word),
    )
    if not price_levels._is_empty(level):
        is_first: bool = price_levels._head(level) == order
        is_last: bool = price_levels._tail(level) == order
        if is_first:
            level = price_levels._with_head(level, order_slots._next(word))
        elif is_last:
            level = price_levels._with_tail(level, order_slots._previous(word))
        else:
            before: uint256 = order_slots._previous(word)
            behind: uint256 = order_slots._next(word)
            order_slots._set_next(before, behind)
            order_slots._set_previous(behind, before)
    price_levels._write(code, order_slots._is_buy(word), number, level)
    return order_slots._vacate(order, word)
