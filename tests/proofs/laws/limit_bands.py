"""Laws of limit bands."""

from specs.limit_bands import is_too_good
from specs.listings import Placement
from tests.proofs.proof import Mutant


def an_order_that_the_band_forbids_is_too_good(
    price: int, low: int, high: int, is_buy: bool
) -> bool:
    """
    A bid above the band and an ask below it are too good, and no others are.

    Serves: I28.

    pre: 0 <= price and 0 <= low <= high
    post: __return__
    """
    placement = Placement(1, 0, is_buy, 1, price)
    is_beyond = (is_buy and price > high) or (not is_buy and price < low)
    return is_too_good(placement, (low, high)) == is_beyond


MUTANTS = {
    "an_order_that_the_band_forbids_is_too_good": (
        Mutant(
            "specs/limit_bands.py",
            "return placement.price > high if",
            "return placement.price > low if",
        ),
    ),
}
