"""Exact fractions of symbolic integers, as far as the specification uses any."""

from typing import Any


class Ratio:
    """A fraction that is not cancelled; its denominator is positive."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Any, denominator: int = 1):
        self.numerator, self.denominator = numerator, denominator

    def __add__(self, other: int) -> "Ratio":
        return Ratio(self.numerator + other * self.denominator, self.denominator)

    __radd__ = __add__

    def __rsub__(self, other: int) -> "Ratio":
        return Ratio(other * self.denominator - self.numerator, self.denominator)

    def __mul__(self, other: "Ratio") -> "Ratio":
        return Ratio(
            self.numerator * other.numerator, self.denominator * other.denominator
        )

    def __floor__(self) -> Any:
        return self.numerator // self.denominator

    def __ceil__(self) -> Any:
        return -(-self.numerator // self.denominator)
