"""Layer 2: functions of the contracts that equal those of the specification."""

from specs import fixed_point
from tests.proofs.equality import Equality
from tests.proofs.proof import Mutant

LARGEST = 2**256 - 1
_FIXED_POINT = "tests/harness/FixedPointHarness.vy"
_MODULE = "contracts/modules/fixed_point.vy"


def product_fits(x: int, y: int, d: int) -> bool:
    """Tell whether ``|x| * y`` is a word, and the divisor a divisor."""
    return abs(x) * y <= LARGEST and d > 0


def rounding_up_fits(x: int, y: int, d: int) -> bool:
    """Tell whether ``|x| * y + d`` is a word too, as rounding up needs."""
    return abs(x) * y + d <= LARGEST and d > 0


def signed_down_fits(x: int, y: int, d: int) -> bool:
    """Tell whether a quotient rounded down has all its parts in words."""
    if not -(2**255) < x:
        return False
    fits = product_fits if x >= 0 else rounding_up_fits
    return fits(x, y, d) and -(2**255) < x * y // d < 2**255


def signed_up_fits(x: int, y: int, d: int) -> bool:
    """Tell whether a quotient rounded up has all its parts in words."""
    if not -(2**255) < x:
        return False
    fits = rounding_up_fits if x >= 0 else product_fits
    return fits(x, y, d) and -(2**255) < -(-x * y // d) < 2**255


def _mutant(old: str, new: str) -> Mutant:
    return Mutant(_MODULE, old, new)


EQUALITIES = (
    Equality(
        _FIXED_POINT,
        "mul_div_down",
        fixed_point.mul_div_down,
        product_fits,
        (
            _mutant("    return x * y // d\n", "    return x * y // d + 1\n"),
            _mutant("    return x * y // d\n", "    return unsafe_mul(x, y) // d\n"),
        ),
    ),
    Equality(
        _FIXED_POINT,
        "mul_div_up",
        fixed_point.mul_div_up,
        rounding_up_fits,
        (
            _mutant("    return (x * y + d - 1) // d", "    return x * y // d + 1"),
            _mutant(
                "    return (x * y + d - 1) // d",
                "    return unsafe_sub(unsafe_add(x * y, d), 1) // d",
            ),
        ),
    ),
    Equality(
        _FIXED_POINT,
        "signed_mul_div_down",
        fixed_point.signed_mul_div_down,
        signed_down_fits,
        (
            _mutant(
                "-convert((convert(-x, uint256) * y + d - 1) // d, int256)",
                "-convert(convert(-x, uint256) * y // d, int256)",
            ),
        ),
    ),
    Equality(
        _FIXED_POINT,
        "signed_mul_div_up",
        fixed_point.signed_mul_div_up,
        signed_up_fits,
        (
            _mutant(
                "return convert((convert(x, uint256) * y + d - 1) // d, int256)",
                "return convert(convert(x, uint256) * y // d, int256)",
            ),
        ),
    ),
)
