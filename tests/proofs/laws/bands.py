"""Laws of bands: what one lets through."""

from specs.bands import is_within
from tests.proofs.proof import Mutant


def a_band_inside_another_lets_through_no_more(
    price: int, low: int, high: int, less: int, more: int
) -> bool:
    """
    A narrower band forbids what the wider one does, and an empty one everything.

    Serves: I28, I46.

    pre: 0 <= less and 0 <= more
    post: __return__
    """
    inner, outer = (low, high), (low - less, high + more)
    is_let = is_within(price, inner)
    return (not is_let or is_within(price, outer)) and not (is_let and low > high)


MUTANTS = {
    "a_band_inside_another_lets_through_no_more": (
        Mutant(
            "specs/bands.py", "return low <= price <= high", "return low <= price < 99"
        ),
    ),
}
