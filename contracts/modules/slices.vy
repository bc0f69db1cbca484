# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Slices
@license Apache-2.0
@notice Below its maintenance margin an account is reduced on the book, slice by slice,
        at a limit and for a fee that leave it better off.
@dev Of a leg of notional N that binds MM_k of the account's maintenance margin MM, with
     equity E:
         m      E * MM_k / (MM * N)
         limit  mark * (1 -/+ m/2), rounded towards mark
         fee    min(1 %, m/4) of the fill
         size   no more than brings E to the initial margin of all legs, at the limit
     A debt that is bought back may leave as much owed in USDC: what that binds is no
     part of MM_k. Closing x of the leg costs at most 3/4 * m * x and frees MM_k/N * x of margin at
     least, so that equity over margin does not fall. Amounts are WAD USDC, prices WAD
     USDC, ratio and fee WAD of notional.
@custom:spec specs/slices.py
"""

from . import backstop
from . import fixed_point as fp
from . import requirements

# The highest fee, WAD of a fill.
MAX_FEE: constant(uint256) = fp.WAD // 100
# How far from mark a limit is at most, WAD of it.
MAX_APART: constant(uint256) = fp.WAD // 2
# What a slice closes at least, WAD USDC, or all there is.
MIN_SLICE: constant(uint256) = 1_000 * fp.WAD
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_40: constant(uint256) = 2**40 - 1


@internal
@pure
def _compute_end(legs: DynArray[backstop.Leg, backstop.MAX_LEGS]) -> uint256:
    """
    @notice Return the equity at which liquidation ends: the initial margin of all legs.
    """
    total: uint256 = 0
    for leg: backstop.Leg in legs:
        total += backstop._initial_margin(leg.risk, leg.notional)
    return total


@internal
@pure
def _compute_ratio(
    equity: int256, maintenance_margin: int256, leg: backstop.Leg, borrowed: uint256
) -> uint256:
    """
    @notice Return m, how much of a leg's notional its share of the equity is, rounded
            down; 0 without margin and of a leg of nothing.
    @param equity Not below zero.
    @param borrowed The margin that what pays for it binds.
    """
    whole: uint256 = convert(maintenance_margin, uint256) * leg.notional
    if whole == 0:
        return 0
    bound: uint256 = self._bound(leg.risk, leg.notional)
    freed: uint256 = bound - min(bound, borrowed)
    return fp._mul_div_down(convert(equity, uint256) * freed, fp.WAD, whole)


@internal
@pure
def _bound(risk: uint256, notional: uint256) -> uint256:
    """
    @notice Return the maintenance margin that a leg binds.
    """
    return requirements._compute_margin(
        (risk >> 24) & _LOW_24, (risk >> 88) & _LOW_40, notional
    )


@internal
@pure
def _compute_limit(mark: uint256, ratio: uint256, is_buy: bool) -> uint256:
    """
    @notice Return the worst price of a slice, rounded towards `mark`.
    """
    apart: uint256 = min(ratio // 2, MAX_APART)
    if is_buy:
        return fp._mul_div_down(mark, fp.WAD + apart, fp.WAD)
    return fp._mul_div_up(mark, fp.WAD - apart, fp.WAD)


@internal
@pure
def _compute_fee_rate(ratio: uint256) -> uint256:
    """
    @notice Return the fee of a slice, WAD of its fills, rounded down.
    """
    return min(MAX_FEE, ratio // 4)


@internal
@pure
def _compute_parts(
    equity: int256,
    cost: uint256,
    legs: DynArray[backstop.Leg, backstop.MAX_LEGS],
    leg: backstop.Leg,
) -> uint256:
    """
    @notice Return the smallest share of one of the legs, in parts, with which the
            account has initial margin again; all of it if none does.
    @param cost What closing costs, WAD of what is closed.
    """
    others: uint256 = self._compute_end(legs) - backstop._initial_margin(
        leg.risk, leg.notional
    )
    failing: uint256 = 0
    healing: uint256 = backstop.PARTS
    for i: uint256 in range(backstop.HALVINGS):
        parts: uint256 = (failing + healing) // 2
        needed: uint256 = (
            others
            + fp._mul_div_up(leg.notional * parts, cost, backstop.PARTS * fp.WAD)
            + backstop._initial_margin(
                leg.risk,
                fp._mul_div_up(
                    leg.notional, backstop.PARTS - parts, backstop.PARTS
                ),
            )
        )
        if equity >= convert(needed, int256):
            healing = parts
        else:
            failing = parts
    return healing


@internal
@pure
def _is_improved(
    old_equity: int256, old_margin: int256, new_equity: int256, new_margin: int256
) -> bool:
    """
    @notice Return whether maintenance margin did not rise, nor equity over it fall.
            Exposure may: by what a debt costs more than it was worth, if it is bought
            back on credit.
    """
    return (
        new_margin <= old_margin
        and new_equity * old_margin >= old_equity * new_margin
    )


@internal
@pure
def _compute_most(held: uint256, parts: uint256, least: uint256) -> uint256:
    """
    @notice Return how much of what is held may be closed: its share, rounded up, and no
            less than a slice's least size.
    """
    return min(held, max(fp._mul_div_up(held, parts, backstop.PARTS), least))
