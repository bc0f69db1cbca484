"""Laws of the price index: what may be a price."""

from specs.errors import PriceOutOfRange
from specs.price_index import MAX_PRICE, UNIT, check_price
from tests.proofs.proof import Mutant


def a_price_is_positive_and_fits(price: int) -> bool:
    """
    Exactly the prices that are stored as something from a unit to the highest are let
    through.

    Serves: I31.

    pre: 0 <= price
    post: __return__
    """
    units = price // UNIT
    try:
        check_price(price)
    except PriceOutOfRange:
        return units < 1 or units > MAX_PRICE // UNIT
    return 1 <= units <= 2**79 - 1


MUTANTS = {
    "a_price_is_positive_and_fits": (
        Mutant(
            "specs/price_index.py",
            "if not UNIT <= price < MAX_PRICE + UNIT:",
            "if not UNIT <= price <= MAX_PRICE + UNIT:",
        ),
    ),
}
