# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Perpetual positions
@license Apache-2.0
@notice A position is a size in lots and a basis: what its size has cost, less the
        funding index at which it was bought, so that one number holds both.
@dev With FI the funding index in USDC per base unit,
         value(P)       = floor(size * (P - FI)) - basis
         trade d at p:    basis += ceil(d * (p - FI)), both ways
     so the values of all accounts add up to what the liquidity fund holds, less dust.
     The sign of (P - FI) is taken into the size, so that each product is rounded once
     and exactly.
@custom:spec specs/perpetual.py
"""

from . import fixed_point as fp
from . import packing

# The largest position, either way.
MAX_LOTS: constant(uint256) = 2**56
# Where a market's risk word has the number of its epochs, and a position's word that of
# those it has met: what is above the one, and the bits of the other. Spelled out where a
# call would cost more than the rest.
EPOCHS: constant(uint256) = 233
EPOCHS_MET: constant(uint256) = (2**24 - 1) << 24


@internal
@pure
def _compute_value(
    lots: int256, basis: int256, lot: uint256, price: uint256, funding_index: int256
) -> int256:
    """
    @notice Return uPnL and unsettled funding at `price`, WAD USDC, rounded down.
    """
    size: int256 = lots * convert(lot, int256)
    distance: int256 = convert(price, int256) - funding_index
    if distance < 0:
        size = -size
    worth: int256 = fp._signed_mul_div_down(
        size, convert(abs(distance), uint256), fp.WAD
    )
    return worth - basis


@internal
@pure
def _compute_cost(
    lots: int256, lot: uint256, price: uint256, funding_index: int256
) -> int256:
    """
    @notice Return what `lots` cost at `price`, funding folded in, WAD USDC, rounded up.
    """
    size: int256 = lots * convert(lot, int256)
    distance: int256 = convert(price, int256) - funding_index
    if distance < 0:
        size = -size
    return fp._signed_mul_div_up(size, convert(abs(distance), uint256), fp.WAD)


@internal
@pure
def _compute_notional(lots: int256, lot: uint256, price: uint256) -> uint256:
    """
    @notice Return the value of a size at `price`, without its sign, rounded up.
    """
    return fp._mul_div_up(convert(abs(lots), uint256) * lot, price, fp.WAD)


@internal
@pure
def _trade(
    held: int256,
    basis: int256,
    lots: int256,
    lot: uint256,
    price: uint256,
    funding_index: int256,
) -> (int256, int256, int256):
    """
    @notice Return the lots and the basis of a position after `lots` (signed) were traded
            at `price`, and the gain that its closed share made. The gain is still
            inside the position's value until it is settled. The basis grows by the
            whole trade's cost, rounded up once, so that the two sides of a fill leave
            at most one unit with the fund.
    """
    opening: int256 = self._compute_opening(held, lots)
    cost: int256 = self._compute_cost(lots, lot, price, funding_index)
    gain: int256 = 0
    if opening != lots:
        gain = -cost
        if opening != 0:
            gain += self._compute_cost(opening, lot, price, funding_index)
        closing: uint256 = convert(abs(lots - opening), uint256)
        gain -= fp._signed_mul_div_up(basis, closing, convert(abs(held), uint256))
    return held + lots, basis + cost, gain


@internal
@pure
def _compute_opening(held: int256, lots: int256) -> int256:
    """
    @notice Return the part of a trade that does not close what is held.
    """
    if held == 0 or lots == 0 or (held > 0) == (lots > 0):
        return lots
    if abs(lots) <= abs(held):
        return 0
    return held + lots


@internal
@pure
def _is_reduction(held: int256, lots: int256) -> bool:
    """
    @notice Return whether the trade only shrinks what is held.
    """
    if held == 0 or lots == 0 or (held > 0) == (lots > 0):
        return False
    return abs(lots) <= abs(held)


@internal
@pure
def _lots(word: uint256) -> int256:
    """
    @notice Return the signed size in a position word.
    """
    return convert(convert(word, bytes32), int256) >> 192


@internal
@pure
def _basis(word: uint256) -> int256:
    """
    @notice Return the basis in a position word.
    """
    return convert(convert(word << 64, bytes32), int256) >> 128


@internal
@pure
def _entry(word: uint256) -> uint256:
    """
    @notice Return the entry tick in a position word, plus one; 0 outside the tick set.
    """
    return word & (2**24 - 1)


@internal
@pure
def _epoch(word: uint256) -> uint256:
    """
    @notice Return how many of its market's epochs a position has met or came after,
            from its word.
    """
    return (word >> 24) & (2**24 - 1)


@internal
@pure
def _epochs(risk: uint256) -> uint256:
    """
    @notice Return how many epochs a market has had, from its risk word.
    """
    return risk >> EPOCHS


@internal
@pure
def _is_behind(word: uint256, risk: uint256) -> bool:
    """
    @notice Return whether a position has epochs before it.
    """
    return (word & EPOCHS_MET) >> 24 != risk >> EPOCHS and word >> 192 != 0


@internal
@pure
def _pack(lots: int256, basis: int256) -> uint256:
    """
    @notice Return the word of a position outside the tick set that has met no epoch;
            refuse one beyond its fields.
    """
    return (packing._fit_signed(lots, 64) << 192) | (
        packing._fit_signed(basis, 128) << 64
    )


@internal
@pure
def _lot(risk: uint256) -> uint256:
    """
    @notice Return the base units in a lot, WAD, from a market's risk word.
    """
    return 10 ** ((risk >> 184) & 255)
