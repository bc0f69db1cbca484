# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Loosening
@license Apache-2.0
@notice Which changes of parameters have to be announced: those that let anybody take
        more risk at the cost of others, and those that cost users more or pay lenders
        less.
@dev A change is told by the old and the new word, field by field; what else the words
     hold does not matter. The specification says what each comparison is for.
@custom:spec specs/loosening.py
"""

from . import packing


@internal
@pure
def _is_lower_curve(old: uint256, new: uint256) -> bool:
    """
    @notice Return whether a curve may ask for less at some utilisation, or keeps more
            for the reserve.
    @dev Where base, bend and top are no lower and the bend is no further right, the
         curve is no lower anywhere.
    """
    before: uint256 = packing._get(old, 0, 40)
    after: uint256 = packing._get(new, 0, 40)
    if after < before:
        return True
    before += packing._get(old, 40, 40)
    after += packing._get(new, 40, 40)
    if after < before:
        return True
    before += packing._get(old, 80, 40)
    after += packing._get(new, 80, 40)
    return after < before or self._rises(old, new, 120, 24) or self._rises(old, new, 144, 24)


@internal
@pure
def _is_looser_caps(old: uint256, new: uint256) -> bool:
    """
    @notice Return whether the caps in a curve's word let more through; 0 is no cap.
    """
    return self._rises_or_ends(old, new, 176, 40) or self._rises_or_ends(
        old, new, 216, 40
    )


@internal
@pure
def _is_looser_haircut(target: uint256, old: uint256, new: uint256) -> bool:
    """
    @notice Return whether more of an asset counts than the target weight, or than its
            quote word's factor has it.
    """
    return packing._get(new, 40, 24) > target or self._falls(old, new, 0, 40)


@internal
@pure
def _is_looser_risk(old: uint256, new: uint256) -> bool:
    """
    @notice Return whether an exposure may bind less margin, or a fee is higher.
    """
    return (
        self._falls(old, new, 0, 24)
        or self._falls(old, new, 24, 24)
        or self._falls(old, new, 48, 40)
        or self._falls(old, new, 88, 40)
        or self._rises(old, new, 128, 24)
        or self._rises(old, new, 152, 24)
    )


@internal
@pure
def _is_looser_guards(old: uint256, new: uint256) -> bool:
    """
    @notice Return whether more may be lent out, sooner, or leave the vault.
    """
    return (
        self._rises(old, new, 80, 16)
        or self._rises(old, new, 64, 16)
        or self._rises(old, new, 48, 16)
        or self._rises_or_ends(old, new, 32, 16)
        # Without a limit of the outflow its floor means nothing.
        or (packing._get(old, 32, 16) != 0 and self._rises(old, new, 0, 32))
    )


@internal
@pure
def _is_looser_limits(old: uint256, new: uint256) -> bool:
    """
    @notice Return whether a market or a position may grow larger, smaller positions may
            burden the tick set, or margin answers less.
    """
    return (
        self._rises(old, new, 192, 64)
        or self._rises(old, new, 128, 64)
        or self._falls(old, new, 96, 32)
        or self._falls(old, new, 56, 40)
        or self._rises_or_ends(old, new, 24, 32)
        or self._falls(old, new, 8, 16)
    )


@internal
@pure
def _is_looser_cull(old: uint256, new: uint256) -> bool:
    """
    @notice Return whether gains give more credit, or may be left unrealised for longer.
    """
    return (
        self._rises(old, new, 192, 64)
        or self._rises_or_ends(old, new, 128, 64)
        or self._rises_or_ends(old, new, 64, 64)
    )


@internal
@pure
def _adds_roles(old: uint256, new: uint256) -> bool:
    """
    @notice Return whether a venue gets a role that it did not have.
    """
    return new & ~old != 0


@internal
@pure
def _rises(old: uint256, new: uint256, offset: uint256, width: uint256) -> bool:
    """
    @notice Return whether a field is higher in the new word.
    """
    return packing._get(new, offset, width) > packing._get(old, offset, width)


@internal
@pure
def _falls(old: uint256, new: uint256, offset: uint256, width: uint256) -> bool:
    """
    @notice Return whether a field is lower in the new word.
    """
    return self._rises(new, old, offset, width)


@internal
@pure
def _rises_or_ends(
    old: uint256, new: uint256, offset: uint256, width: uint256
) -> bool:
    """
    @notice Return whether a limit of which 0 says that there is none lets more through.
    """
    # One less than 0 is the largest number there is.
    before: uint256 = unsafe_sub(packing._get(old, offset, width), 1)
    return unsafe_sub(packing._get(new, offset, width), 1) > before
