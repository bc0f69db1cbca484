"""Exact fractions of symbolic integers, as far as the specification uses any."""

from math import lcm, prod
from typing import Any


class Ratio:
    """
    A fraction; its denominator, a number times unknowns, is positive.

    It is not cancelled, but a sum has what both denominators share only once.
    """

    __slots__ = ("factor", "numerator", "unknowns")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, numerator: Any, denominator: Any = 1):
        """Take numerator and denominator, whole numbers or unknown ones."""
        self.numerator, self.factor = numerator, 1
        self.unknowns: list[Any] = []
        if isinstance(denominator, int):
            self.factor = denominator
        else:
            self.unknowns = [denominator]
        if denominator <= 0:
            raise ZeroDivisionError

    @property
    def denominator(self) -> Any:
        """The denominator as one number."""
        return prod(self.unknowns, start=self.factor)

    def _over(self, other: "Ratio") -> tuple["Ratio", Any]:
        """Return zero over the least common denominator, and what this is scaled by."""
        common, rest = Ratio(0, lcm(self.factor, other.factor)), self.unknowns[:]
        common.unknowns = self.unknowns[:]
        scale = common.factor // self.factor
        for unknown in other.unknowns:
            same = [
                i for i, mine in enumerate(rest) if unknown.formula.eq(mine.formula)
            ]
            if same:
                del rest[same[0]]
            else:
                common.unknowns.append(unknown)
                scale = scale * unknown
        return common, scale

    def __add__(self, other: Any) -> "Ratio":
        other = _ratio(other)
        total, scale = self._over(other)
        _, other_scale = other._over(self)
        total.numerator = self.numerator * scale + other.numerator * other_scale
        return total

    __radd__ = __add__

    def __neg__(self) -> "Ratio":
        return self * -1

    def __sub__(self, other: Any) -> "Ratio":
        return self + -_ratio(other)

    def __rsub__(self, other: Any) -> "Ratio":
        return -self + other

    def __mul__(self, other: Any) -> "Ratio":
        other = _ratio(other)
        product = Ratio(self.numerator * other.numerator, self.factor * other.factor)
        product.unknowns = [*self.unknowns, *other.unknowns]
        return product

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Ratio":
        other = _ratio(other)
        return self * other.denominator * Ratio(1, other.numerator)

    def __rtruediv__(self, other: Any) -> "Ratio":
        return _ratio(other) / self

    def __lt__(self, other: Any) -> bool:
        return bool((self - other).numerator < 0)

    def __gt__(self, other: Any) -> bool:
        return bool((self - other).numerator > 0)

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def __floor__(self) -> Any:
        return self.numerator // self.denominator

    def __ceil__(self) -> Any:
        return -(-self.numerator // self.denominator)

    def __trunc__(self) -> Any:
        return self.__ceil__() if self.numerator < 0 else self.__floor__()


def _ratio(number: Any) -> Ratio:
    return number if isinstance(number, Ratio) else Ratio(number)
