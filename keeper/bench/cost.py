"""A figure that remembers the transactions that it was computed from."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Self


class Cost(int):
    """
    Gas, and the part that each transaction has in it.

    A figure for one more of something is a difference of transactions, divided; so is
    then everything that a profile says of it.
    """

    parts: Mapping[str, Fraction]
    """How often each transaction counts, by its hash."""

    def __new__(cls, gas: int, parts: Mapping[str, Fraction]) -> Self:
        """Return ``gas``, of which these transactions are the parts."""
        cost = super().__new__(cls, gas)
        cost.parts = dict(parts)
        return cost

    def __sub__(self, other: int) -> "Cost":
        """Return the difference; a plain number has no transaction."""
        parts = dict(self.parts)
        if isinstance(other, Cost):
            for name, share in other.parts.items():
                parts[name] = parts.get(name, Fraction(0)) - share
        return Cost(int(self) - int(other), parts)

    def __floordiv__(self, divisor: int) -> "Cost":
        """Return the figure for one of ``divisor``, rounded down."""
        shares = {name: share / divisor for name, share in self.parts.items()}
        return Cost(int(self) // divisor, shares)
