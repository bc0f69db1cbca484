# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Impact
@license Apache-2.0
@notice Where a market is, as its book says: the middle between the prices at which a
        notional of some size could be sold and bought. A thin book has none, nor has a
        wide one.
@dev Each side's price rounds away from the other's, the middle down to whole units of a
     stored price. At most `MAX_LEVELS` prices a side count, and of them what stays
     until it is cancelled.
@custom:spec specs/impact.py
"""

from . import fixed_point as fp
from . import listings
from . import price_index
from . import price_levels

uses: price_levels

# Prices on each side that the mid is made of at most.
MAX_LEVELS: constant(uint256) = 8


@internal
@view
def _mid_down(code: uint256, listing: uint256) -> uint256:
    """
    @notice Return the impact mid of an instrument, in units of 10**6 wei; 0 for none.
    """
    impact: uint256 = listings._impact(listing)
    bid: uint256 = self._base(code, listing, True)[1]
    if bid == 0:
        return 0
    ask: uint256 = self._base(code, listing, False)[0]
    if ask == 0:
        return 0
    bid = fp._mul_div_down(impact, fp.WAD, bid)
    ask = fp._mul_div_up(impact, fp.WAD, ask)
    mid: uint256 = (bid + ask) // 2
    if (ask - bid) * fp.PPM > listings._max_spread(listing) * mid:
        return 0
    return price_index._to_units_down(mid)


@internal
@view
def _base(code: uint256, listing: uint256, is_buy: bool) -> (uint256, uint256):
    """
    @notice Return the base units that the impact notional is worth at the best prices
            of a side, rounded down and up; zeros if there is not as much.
    @dev A part of the notional of 2**92 wei at most is worth at least one unit at any
         price, which is below 2**84 wei.
    """
    tick: uint256 = listings._tick(listing)
    lot: uint256 = 10 ** listings._exponent(listing)
    left: uint256 = listings._impact(listing)
    base: uint256 = 0
    number: uint256 = price_levels._best(code, is_buy)
    for i: uint256 in range(MAX_LEVELS):
        if number == 0:
            break
        price: uint256 = number * tick
        size: uint256 = price_levels._firm(price_levels._read(code, number)) * lot
        # What the level is worth, rounded down, is as much as is left.
        needed: uint256 = fp._mul_div_up(left, fp.WAD, price)
        if size >= needed:
            return base + fp._mul_div_down(left, fp.WAD, price), base + needed
        base += size
        left -= fp._mul_div_down(size, price, fp.WAD)
        if i + 1 < MAX_LEVELS:
            number = price_levels._next(code, number, not is_buy)
    return 0, 0
