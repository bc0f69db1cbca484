"""Laws of matching: what an order meets, and for how long."""

from specs.book_state import Order
from specs.listings import Placement
from specs.matching import has_expired, meets
from tests.proofs.proof import Mutant


def an_order_meets_nothing_beyond_its_limit(
    number: int, other: int, better: int, is_buy: bool
) -> bool:
    """
    A taker meets what is within his limit, and so whatever comes before it.

    Serves: I28.

    pre: 0 <= better
    post: __return__
    """
    placement = Placement(1, 0, is_buy, 1, 0)

    def is_met(price: int) -> bool:
        return meets(placement, number, Order(2, 0, not is_buy, 1, price, False, 0))

    best = other - better if is_buy else other + better
    within = other <= number if is_buy else other >= number
    return is_met(other) == within and (not within or is_met(best))


def an_order_rests_until_its_last_second(expiry: int, now: int) -> bool:
    """
    An order is over once its last second is, and never if it has none.

    Serves: I28.

    pre: 0 <= expiry and 0 < now
    post: __return__
    """
    order = Order(2, 0, True, 1, 1, False, expiry)
    return has_expired(order, now) == (0 < expiry < now)


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/matching.py", old, new),)


MUTANTS = {
    "an_order_meets_nothing_beyond_its_limit": _mutant(
        "return other.number >= number", "return other.number > number"
    ),
    "an_order_rests_until_its_last_second": _mutant(
        "order.expiry != NEVER and order.expiry < now",
        "order.expiry != NEVER and order.expiry <= now",
    ),
}
