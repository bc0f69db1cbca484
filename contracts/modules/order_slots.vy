# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Order slots
@license Apache-2.0
@notice Where resting orders are kept: each account has 32 slots, and each slot a word
        that is used again and again.
@dev An order is referred to by `slot << 32 | maker`, where the maker is the number of
     the account in the order of first placements, from 1. Its id has its generation
     on top, which counts the orders that ever rested in the slot: 2**40 of them, as
     many references, and 2**32 makers are more than there is gas for.

     Words are never cleared: an order without lots is gone. A reference to the one
     before means something only if the order is not the first at its price, one to the
     next only if it is not the last.
     word of an order: lots 72 @184 | generation 40 @144 | next 40 @104
                       | previous 40 @64 | expiry 32 @32 | price 24 @8 | code 6 @2
                       | is_buy 1 @1 | is_reduce_only 1 @0
     word of an account: maker 32 @32 | slots in use 32 @0
@custom:spec specs/order_slots.py
"""

from . import errors
from . import grid

MAX_ORDERS: constant(uint256) = 32

_LOW_6: constant(uint256) = 2**6 - 1
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_32: constant(uint256) = 2**32 - 1
_LOW_40: constant(uint256) = 2**40 - 1

# Where the bits of an order's word are.
_LOTS: constant(uint256) = 184
_GENERATION: constant(uint256) = 144
_NEXT: constant(uint256) = 104
_PREVIOUS: constant(uint256) = 64
_EXPIRY: constant(uint256) = 32
_NUMBER: constant(uint256) = 8
_CODE: constant(uint256) = 2

# By reference.
words: HashMap[uint256, uint256]
# By account.
makers: HashMap[uint256, uint256]
# The account of each maker.
accounts: HashMap[uint256, uint256]
# How many makers there are.
count: uint256


@internal
def _occupy(account: uint256) -> uint256:
    """
    @notice Take the lowest free slot of an account, and return the reference to it.
    """
    word: uint256 = self.makers[account]
    if word == 0:
        self.count += 1
        word = self.count << 32
        self.accounts[self.count] = account
    free: uint256 = ~word & _LOW_32
    assert free != 0, errors.TOO_MANY_ORDERS
    slot: uint256 = grid._low_bit(free)
    self.makers[account] = word | (1 << slot)
    return slot << 32 | word >> 32


@internal
def _write(
    order: uint256,
    lots: uint256,
    previous: uint256,
    expiry: uint256,
    number: uint256,
    code: uint256,
    is_buy: bool,
    is_reduce_only: bool,
) -> uint256:
    """
    @notice Write an order into its slot, and return its id.
    """
    generation: uint256 = self._generation(self.words[order]) + 1
    word: uint256 = (
        (lots << _LOTS)
        | (generation << _GENERATION)
        | (previous << _PREVIOUS)
        | (expiry << _EXPIRY)
        | (number << _NUMBER)
        | (code << _CODE)
    )
    if is_buy:
        word |= 2
    if is_reduce_only:
        word |= 1
    self.words[order] = word
    return generation << 40 | order


@internal
def _vacate(order: uint256, word: uint256) -> uint256:
    """
    @notice Give a slot back, and return whose it is.
    """
    self.words[order] = word & (2**184 - 1)
    account: uint256 = self.accounts[order & _LOW_32]
    self.makers[account] ^= 1 << (order >> 32)
    return account


@internal
def _set_lots(order: uint256, word: uint256, lots: uint256):
    """
    @notice Write what is left of an order.
    """
    self.words[order] = (word & (2**184 - 1)) | (lots << _LOTS)


@internal
def _set_next(order: uint256, other: uint256):
    """
    @notice Write which order is behind one.
    """
    word: uint256 = self.words[order]
    self.words[order] = (word & ~(_LOW_40 << _NEXT)) | (other << _NEXT)


@internal
def _set_previous(order: uint256, other: uint256):
    """
    @notice Write which order is before one.
    """
    word: uint256 = self.words[order]
    self.words[order] = (word & ~(_LOW_40 << _PREVIOUS)) | (other << _PREVIOUS)


@internal
@view
def _find(id: uint256) -> uint256:
    """
    @notice Return the word of an order by its id; 0 if it is gone.
    """
    word: uint256 = self.words[id & _LOW_40]
    if word >> _LOTS == 0 or self._generation(word) != id >> 40:
        return 0
    return word


@internal
@view
def _account(order: uint256) -> uint256:
    """
    @notice Return whose slot a reference is to; 0 for nobody's.
    """
    return self.accounts[order & _LOW_32]


@internal
@view
def _used(account: uint256) -> uint256:
    """
    @notice Return the slots of an account that are in use, as bits.
    """
    return self.makers[account] & _LOW_32


@internal
@view
def _maker(account: uint256) -> uint256:
    """
    @notice Return the number of an account; 0 if it never had an order resting.
    """
    return self.makers[account] >> 32


@internal
@pure
def _id(order: uint256, word: uint256) -> uint256:
    """
    @notice Return the id of an order by its reference and its word.
    """
    return self._generation(word) << 40 | order


@internal
@pure
def _lots(word: uint256) -> uint256:
    """
    @notice Return what is left of an order.
    """
    return word >> _LOTS


@internal
@pure
def _generation(word: uint256) -> uint256:
    """
    @notice Return how many orders ever rested in a slot.
    """
    return (word >> _GENERATION) & _LOW_40


@internal
@pure
def _next(word: uint256) -> uint256:
    """
    @notice Return the order behind one that is not the last at its price.
    """
    return (word >> _NEXT) & _LOW_40


@internal
@pure
def _previous(word: uint256) -> uint256:
    """
    @notice Return the order before one that is not the first at its price.
    """
    return (word >> _PREVIOUS) & _LOW_40


@internal
@pure
def _expiry(word: uint256) -> uint256:
    """
    @notice Return the last second in which an order may be filled; 0 for none.
    """
    return (word >> _EXPIRY) & _LOW_32


@internal
@pure
def _number(word: uint256) -> uint256:
    """
    @notice Return the price of an order, in ticks.
    """
    return (word >> _NUMBER) & _LOW_24


@internal
@pure
def _code(word: uint256) -> uint256:
    """
    @notice Return the code of an order's instrument.
    """
    return (word >> _CODE) & _LOW_6


@internal
@pure
def _is_buy(word: uint256) -> bool:
    """
    @notice Return whether an order is a bid.
    """
    return word & 2 != 0


@internal
@pure
def _is_reduce_only(word: uint256) -> bool:
    """
    @notice Return whether an order may only reduce.
    """
    return word & 1 != 0


@internal
@pure
def _is_firm(word: uint256) -> bool:
    """
    @notice Return whether an order stays until it is cancelled.
    """
    return self._expiry(word) == 0


@internal
@pure
def _has_expired(word: uint256, now: uint256) -> bool:
    """
    @notice Return whether an order's last second is over.
    """
    expiry: uint256 = self._expiry(word)
    return expiry != 0 and expiry < now
