"""
Layer 2 of a word's parts: one field put into a word, the others as they are.

The field is one of those that contracts put so; a place and a width that nobody asks
for are not looked at.
"""

from specs import errors
from specs.packing import Field, get_field
from tests.proofs.exposed import same

PUT = (
    (0, 8),
    (8, 8),
    (0, 32),
    (32, 32),
    (0, 40),
    (40, 40),
    (40, 24),
    (200, 32),
    (208, 24),
    (232, 24),
)
"""Offsets and widths."""


def put(word: int, offset: int, width: int, amount: int) -> int:
    """Return a word with that field set; refuse what does not fit."""
    if amount >= 2**width:
        raise errors.AmountTooLarge
    before = get_field(word, Field(offset, width))
    return word + (amount - before) * 2**offset


WORDS = (
    same(
        "packing._set",
        put,
        (
            "~(max_value(uint256) << width) << offset",
            "~(max_value(uint256) << width) << (offset + 1)",
        ),
        ("(self._fit(amount, width) << offset)", "(amount << offset)"),
        cases=tuple({"offset": offset, "width": width} for offset, width in PUT),
    ),
)

PROOFS = WORDS
