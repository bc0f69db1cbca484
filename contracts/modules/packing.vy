# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Packing
@license Apache-2.0
@notice How fields share storage words, and the short sorted lists in them.
@dev A field is shifted and masked by powers of two only, which a prover reads as
     division and remainder. A value that does not fit its field is refused, never
     cut. Signed fields are two's complement in their width.
@custom:spec specs/packing.py
"""

from . import errors

MAX_ENTRIES: constant(uint256) = 8


@internal
@pure
def _get(word: uint256, offset: uint256, width: uint256) -> uint256:
    """
    @notice Return the unsigned field of `width` bits at `offset`.
    """
    return (word >> offset) & ~(max_value(uint256) << width)


@internal
@pure
def _get_signed(word: uint256, offset: uint256, width: uint256) -> int256:
    """
    @notice Return the signed field of `width` bits at `offset`.
    """
    # By way of bytes: a conversion to int256 would refuse every negative field.
    shifted: bytes32 = convert(
        word << unsafe_sub(unsafe_sub(256, width), offset), bytes32
    )
    return convert(shifted, int256) >> unsafe_sub(256, width)


@internal
@pure
def _fit(amount: uint256, width: uint256) -> uint256:
    """
    @notice Return `amount`, which must fit `width` bits.
    """
    assert amount >> width == 0, errors.AMOUNT_TOO_LARGE
    return amount


@internal
@pure
def _fit_signed(amount: int256, width: uint256) -> uint256:
    """
    @notice Return the two's complement of `amount`, which must fit `width` bits.
    """
    sign: int256 = amount >> unsafe_sub(width, 1)
    assert sign == 0 or sign == -1, errors.AMOUNT_TOO_LARGE
    return convert(convert(amount, bytes32), uint256) & ~(max_value(uint256) << width)


@internal
@pure
def _set(word: uint256, offset: uint256, width: uint256, amount: uint256) -> uint256:
    """
    @notice Return `word` with the field of `width` bits at `offset` set to `amount`.
    """
    mask: uint256 = ~(max_value(uint256) << width) << offset
    return (word & ~mask) | (self._fit(amount, width) << offset)


@internal
@pure
def _insert(entries: uint256, number: uint256) -> (uint256, bool):
    """
    @notice Return a sorted list of at most eight bytes with `number` in it, and
            whether there was room.
    """
    entry: uint256 = number + 1
    place: uint256 = 0
    for i: uint256 in range(MAX_ENTRIES):
        other: uint256 = (entries >> place) & 255
        if other == entry:
            return entries, True
        if other == 0 or other > entry:
            break
        place += 8
    if entries >> 56 != 0:
        return entries, False
    low: uint256 = entries & ((1 << place) - 1)
    return (((entries >> place) << 8 | entry) << place) | low, True


@internal
@pure
def _remove(entries: uint256, number: uint256) -> uint256:
    """
    @notice Return a sorted list without `number`.
    """
    place: uint256 = 0
    for i: uint256 in range(MAX_ENTRIES):
        other: uint256 = (entries >> place) & 255
        if other == 0:
            break
        if other == number + 1:
            low: uint256 = entries & ((1 << place) - 1)
            return ((entries >> (place + 8)) << place) | low
        place += 8
    return entries
