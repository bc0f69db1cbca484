"""Laws of the arithmetic: which side of a rounding keeps the dust."""

from specs.fixed_point import mul_div_down, mul_div_up
from tests.proofs.proof import Mutant


def a_round_trip_earns_nothing(amount: int, price: int, unit: int) -> bool:
    """
    What is bought, rounded down, and sold, rounded down, is at most what was paid.

    Serves: I7, I8.

    pre: 0 <= amount and 0 < price and 0 < unit
    post: __return__
    """
    return mul_div_down(mul_div_down(amount, unit, price), price, unit) <= amount


def splitting_earns_nothing(one: int, other: int, price: int, unit: int) -> bool:
    """
    Two amounts rounded down apart are worth no more than together.

    Serves: I7, I8.

    pre: 0 <= one and 0 <= other and 0 <= price and 0 < unit
    post: __return__
    """
    apart = mul_div_down(one, price, unit) + mul_div_down(other, price, unit)
    return apart <= mul_div_down(one + other, price, unit)


def splitting_a_debt_saves_nothing(one: int, other: int, price: int, unit: int) -> bool:
    """
    Two debts rounded up apart are no less than together.

    Serves: I7, I8.

    pre: 0 <= one and 0 <= other and 0 <= price and 0 < unit
    post: __return__
    """
    apart = mul_div_up(one, price, unit) + mul_div_up(other, price, unit)
    return apart >= mul_div_up(one + other, price, unit)


def roundings_are_one_apart(x: int, y: int, d: int) -> bool:
    """
    Rounding up adds one to rounding down, or nothing if there is no rest.

    Serves: I7, I8.

    pre: 0 <= x and 0 <= y and 0 < d
    post: __return__
    """
    rest = 1 if x * y % d else 0
    return mul_div_up(x, y, d) == mul_div_down(x, y, d) + rest


_DOWN = '    """\n    return x * y // d\n\n\ndef mul_div_up'
_UP = "    return (x * y + d - 1) // d"
_SIGNED_DOWN = '    """\n    return x * y // d\n\n\ndef signed_mul_div_up'


def _down(new: str) -> tuple[Mutant, ...]:
    changed = _DOWN.replace("x * y // d", new)
    return (Mutant("specs/fixed_point.py", _DOWN, changed),)


def _up(new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/fixed_point.py", _UP, f"    return {new}"),)


MUTANTS = {
    "mul_div_down": _down("(x * y + d - 1) // d"),
    "mul_div_up": _up("x * y // d + 1"),
    "signed_mul_div_down": (
        Mutant(
            "specs/fixed_point.py",
            _SIGNED_DOWN,
            _SIGNED_DOWN.replace("x * y // d", "-(-x * y // d)"),
        ),
    ),
    "signed_mul_div_up": (
        Mutant("specs/fixed_point.py", "-(-x * y // d)", "x * y // d"),
    ),
    "a_round_trip_earns_nothing": _down("x * y // d + 1"),
    "splitting_earns_nothing": _down("-(-x * y // d)"),
    "splitting_a_debt_saves_nothing": _up("x * y // d"),
    "roundings_are_one_apart": _up("x * y // d + 1"),
}

SERVES = {
    "mul_div_down": ("I7",),
    "mul_div_up": ("I7",),
    "signed_mul_div_down": ("I7", "I20"),
    "signed_mul_div_up": ("I7", "I20"),
}
