# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Open orders
@license Apache-2.0
@notice What an account has resting on the book, and what that could leave it with: as
        two sizes for an instrument, so that nobody loops over orders.
@dev Sizes are lots of a market, or WAD of a spot asset. A perpetual's orders are filled
     at mark, a spot order at the higher of slow and fast price. The header has a bit for
     each instrument in which anything rests, so that an account without orders pays
     nothing for them.

     word: bids 128 | asks 128
@custom:spec specs/open_orders.py
"""

from . import errors
from . import fixed_point as fp
from . import packing
from . import requirements
from . import state

uses: state

# Where the bits begin in a header, and how many there are.
_OFFSET: constant(uint256) = 64
_BITS: constant(uint256) = 2**64 - 1
_LOW_128: constant(uint256) = 2**128 - 1


@internal
@pure
def _bids(word: uint256) -> uint256:
    """
    @notice Return the size of all bids.
    """
    return word >> 128


@internal
@pure
def _asks(word: uint256) -> uint256:
    """
    @notice Return the size of all asks.
    """
    return word & _LOW_128


@internal
@pure
def _codes(header: uint256) -> uint256:
    """
    @notice Return the bits of the instruments in which an account has orders.
    """
    return (header >> _OFFSET) & _BITS


@internal
def _add(account: uint256, code: uint256, is_buy: bool, size: uint256):
    """
    @notice Count an order that came to rest.
    """
    word: uint256 = state.orders[account][code]
    bids: uint256 = self._bids(word)
    asks: uint256 = self._asks(word)
    if is_buy:
        bids += size
    else:
        asks += size
    self._write(account, code, word, bids, asks)


@internal
def _remove(account: uint256, code: uint256, is_buy: bool, size: uint256):
    """
    @notice Count `size` of an order as gone. More than what rests is refused.
    """
    word: uint256 = state.orders[account][code]
    bids: uint256 = self._bids(word)
    asks: uint256 = self._asks(word)
    if is_buy:
        assert size <= bids, errors.AMOUNT_TOO_LARGE
        bids -= size
    else:
        assert size <= asks, errors.AMOUNT_TOO_LARGE
        asks -= size
    self._write(account, code, word, bids, asks)


@internal
def _write(
    account: uint256, code: uint256, old: uint256, bids: uint256, asks: uint256
):
    """
    @notice Store what rests in an instrument, and keep the header's bit.
    """
    word: uint256 = (packing._fit(bids, 128) << 128) | packing._fit(asks, 128)
    state.orders[account][code] = word
    if (old == 0) != (word == 0):
        state.headers[account] ^= 1 << (_OFFSET + code)


@internal
@pure
def _worst_lots(held: int256, word: uint256) -> uint256:
    """
    @notice Return the largest position, without its sign, that one side could leave.
    """
    bought: int256 = held + convert(self._bids(word), int256)
    sold: int256 = held - convert(self._asks(word), int256)
    return convert(max(abs(held), max(abs(bought), abs(sold))), uint256)


@internal
@pure
def _bid_cost(bids: uint256, high: uint256) -> uint256:
    """
    @notice Return the USDC that spot bids cost at the price `high`, rounded up.
    """
    return fp._mul_div_up(bids, high, fp.WAD)


@internal
@pure
def _bid_loss(
    bids: uint256,
    held: uint256,
    owed: uint256,
    low: uint256,
    high: uint256,
    weight: uint256,
    factor: uint256,
) -> uint256:
    """
    @notice Return by how much equity falls if all bids are filled at `high`, rounded
            up: what they cost less the debt that they repay and the collateral that
            they leave, which counts at `low`.
    """
    repaid: uint256 = min(bids, owed)
    gained: uint256 = fp._mul_div_down(repaid, high, fp.WAD)
    gained += self._counted(held + bids - repaid, low, weight, factor)
    lost: uint256 = self._bid_cost(bids, high) + self._counted(
        held, low, weight, factor
    )
    if lost <= gained:
        return 0
    return lost - gained


@internal
@pure
def _ask_debt(asks: uint256, held: uint256, owed: uint256, high: uint256) -> uint256:
    """
    @notice Return the worth at `high` of the debt that all asks leave, rounded up.
    """
    uncovered: uint256 = 0
    if asks > held:
        uncovered = asks - held
    return fp._mul_div_up(owed + uncovered, high, fp.WAD)


@internal
@pure
def _counted(
    held: uint256, price: uint256, weight: uint256, factor: uint256
) -> uint256:
    """
    @notice Return what a collateral counts for at `price`, rounded down twice.
    """
    return fp._mul_div_down(
        fp._mul_div_down(held, price, fp.WAD),
        requirements._compute_weight(weight, factor, held),
        fp.WAD,
    )
