"""Laws of what is forced: within which limit it fills."""

from specs.forced_code import is_worse
from tests.proofs.proof import Mutant


def a_limit_is_the_worst_price(price: int, better: int, limit: int) -> bool:
    """
    The limit itself is no worse; what is better than a price within it is so too.

    Serves: I28, I34.

    pre: 0 <= better
    post: __return__
    """
    is_monotone = all(
        is_worse(price, limit, is_buy) or not is_worse(best, limit, is_buy)
        for is_buy, best in ((True, price - better), (False, price + better))
    )
    sides = is_worse(price, limit, True), is_worse(price, limit, False)
    return is_monotone and sides == (price > limit, price < limit)


MUTANTS = {
    "a_limit_is_the_worst_price": (
        Mutant(
            "specs/forced_code.py",
            "return price > limit if is_buy else price < limit",
            "return price >= limit if is_buy else price < limit",
        ),
    ),
}
