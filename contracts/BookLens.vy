# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title BookLens
@license Apache-2.0
@notice What rests on the book, for clients: the best prices of a side, the orders of an
        account and those at a price, page by page.
@dev It reads the book's words and takes them apart with the same modules. It stores
     nothing and nobody relies on it on chain. Every word comes from a view that the
     book locks, so that nothing is told in the middle of a call.
@custom:spec specs/order_book.py
"""

from .interfaces import IBookLens

implements: IBookLens

from .modules import errors
from .modules import fixed_point as fp
from .modules import grid
from .modules import instruments
from .modules import listings
from .modules import order_slots
from .modules import packing
from .modules import price_levels


interface OrderBook:
    def listing_word(code: uint256) -> uint256: view
    def top_word(code: uint256) -> uint256: view
    def level_word(code: uint256, number: uint256) -> uint256: view
    def index_word(key: uint256) -> uint256: view
    def order_word(reference: uint256) -> uint256: view
    def maker_word(account: uint256) -> uint256: view
    def account_of(maker: uint256) -> uint256: view


# Levels, or orders, in one answer.
MAX_PAGE: constant(uint256) = 64
# Orders at one price that can be reached.
_MAX_QUEUE: constant(uint256) = 2**16

BOOK: public(immutable(OrderBook))


@deploy
def __init__(book: OrderBook):
    """
    @notice Fix what is looked at.
    """
    BOOK = book


@external
@view
def depth(
    instrument: uint256, is_buy: bool, price: uint256, count: uint256
) -> DynArray[IBookLens.Level, MAX_PAGE]:
    """
    @notice Return the best levels of a side that are not better than a price, best
            first.
    @param price Where to begin, WAD USDC: any price below the best ask, or above the best
           bid, is the beginning. The next page begins one tick behind the last level.
    @param count Levels at most, up to 64.
    """
    assert count <= MAX_PAGE, errors.OUT_OF_BOUNDS
    code: uint256 = listings._code(instrument)
    tick: uint256 = self._tick(code)
    found: DynArray[IBookLens.Level, MAX_PAGE] = []
    number: uint256 = self._start(code, is_buy, price, tick)
    for _: uint256 in range(count, bound=MAX_PAGE):
        if number == 0:
            break
        level: uint256 = staticcall BOOK.level_word(code, number)
        found.append(
            IBookLens.Level(
                price=number * tick,
                lots=packing._get(level, 168, 88),
                firm=price_levels._firm(level),
            )
        )
        number = self._next(code, number, not is_buy)
    return found


@external
@view
def orders(
    account: uint256,
) -> DynArray[IBookLens.Order, order_slots.MAX_ORDERS]:
    """
    @notice Return all orders of an account that rest, slot by slot.
    """
    found: DynArray[IBookLens.Order, order_slots.MAX_ORDERS] = []
    word: uint256 = staticcall BOOK.maker_word(account)
    maker: uint256 = packing._get(word, 32, 32)
    used: uint256 = packing._get(word, 0, 32)
    for _: uint256 in range(order_slots.MAX_ORDERS):
        if used == 0:
            break
        slot: uint256 = grid._low_bit(used)
        used ^= 1 << slot
        reference: uint256 = slot << 32 | maker
        found.append(self._order(reference, staticcall BOOK.order_word(reference)))
    return found


@external
@view
def queue(
    instrument: uint256, price: uint256, first: uint256, count: uint256
) -> DynArray[IBookLens.Order, MAX_PAGE]:
    """
    @notice Return orders that rest at a price, oldest first.
    @param price WAD USDC; where nothing rests there is nothing to return.
    @param first How many of the oldest are passed over, below 65,536.
    @param count Orders at most, up to 64.
    """
    assert count <= MAX_PAGE, errors.OUT_OF_BOUNDS
    code: uint256 = listings._code(instrument)
    tick: uint256 = self._tick(code)
    number: uint256 = fp._mul_div_down(price, 1, tick)
    found: DynArray[IBookLens.Order, MAX_PAGE] = []
    if number * tick != price:
        return found
    level: uint256 = staticcall BOOK.level_word(code, number)
    if price_levels._is_empty(level):
        return found
    reference: uint256 = price_levels._head(level)
    for place: uint256 in range(first + count, bound=_MAX_QUEUE):
        word: uint256 = staticcall BOOK.order_word(reference)
        if place >= first:
            found.append(self._order(reference, word))
        if reference == price_levels._tail(level):
            break
        reference = order_slots._next(word)
    return found


# In the order in which the above use them


@internal
@view
def _tick(code: uint256) -> uint256:
    """
    @notice Return the price of one tick, WAD USDC; refuse what is not listed.
    """
    word: uint256 = staticcall BOOK.listing_word(code)
    assert word != 0, errors.UNKNOWN_INSTRUMENT
    return listings._tick(word)


@internal
@view
def _start(code: uint256, is_buy: bool, price: uint256, tick: uint256) -> uint256:
    """
    @notice Return the best price of a side that is not better than `price`, in ticks; 0
            for none.
    """
    top: uint256 = staticcall BOOK.top_word(code)
    best: uint256 = packing._get(top, 208, 24)
    if is_buy:
        best = packing._get(top, 232, 24)
    if best == 0:
        return 0
    # No order is beyond this, whatever was asked for.
    reached: uint256 = min(price, (listings.MAX_NUMBER + 1) * tick)
    if is_buy:
        below: uint256 = fp._mul_div_down(reached, 1, tick)
        return best if below >= best else self._next(code, below + 1, False)
    above: uint256 = fp._mul_div_up(reached, 1, tick)
    return best if above <= best else self._next(code, above - 1, True)


@internal
@view
def _next(code: uint256, number: uint256, is_up: bool) -> uint256:
    """
    @notice Return the price with orders next to a price, above or below; 0 for none. It
            finds what `price_levels` finds in its own storage.
    """
    word: uint256 = number >> 8
    bits: uint256 = self._beyond(code, 2 << 16 | word, number & 255, is_up)
    if bits == 0:
        part: uint256 = word >> 8
        bits = self._beyond(code, 1 << 16 | part, word & 255, is_up)
        if bits == 0:
            bits = self._beyond(code, 0, part, is_up)
            if bits == 0:
                return 0
            part = price_levels._first(bits, is_up)
            bits = staticcall BOOK.index_word(code << 18 | 1 << 16 | part)
        word = part << 8 | price_levels._first(bits, is_up)
        bits = staticcall BOOK.index_word(code << 18 | 2 << 16 | word)
    return word << 8 | price_levels._first(bits, is_up)


@internal
@view
def _beyond(code: uint256, word: uint256, place: uint256, is_up: bool) -> uint256:
    """
    @notice Return the bits of a word of an instrument's index above a place, or those
            below it.
    """
    bits: uint256 = staticcall BOOK.index_word(code << 18 | word)
    return price_levels._beyond(bits, place, is_up)


@internal
@view
def _order(reference: uint256, word: uint256) -> IBookLens.Order:
    """
    @notice Return an order by the reference to it and its word.
    """
    code: uint256 = order_slots._code(word)
    return IBookLens.Order(
        id=order_slots._id(reference, word),
        account=staticcall BOOK.account_of(packing._get(reference, 0, 32)),
        instrument=instruments._instrument(code),
        is_buy=order_slots._is_buy(word),
        lots=order_slots._lots(word),
        price=order_slots._number(word)
        * listings._tick(staticcall BOOK.listing_word(code)),
        is_reduce_only=order_slots._is_reduce_only(word),
        expiry=order_slots._expiry(word),
    )
