"""Guards of what may stand in a book's way, weakened one by one, each with its test."""

from specs.listings import Kind
from tests.mutants.conversion_guards import of_book, on_book
from tests.mutants.guards import Guard
from tests.mutants.order_guards import of_orders
from tests.unit import test_order_code as clearing
from tests.unit import test_order_placement as book


def of_bands(old, new, test, *arguments):
    path = "modules/limit_bands.vy"
    return Guard("OrderBook", path, old, new, on_book(test, *arguments))


BOOK_GUARDS = [
    of_orders(
        "assert not margin._is_liquidatable(found), errors.BELOW_INITIAL_MARGIN",
        "pass",
        clearing.test_a_covered_order_rests_unless_its_account_is_to_be_liquidated,
        25_000,
    ),
    of_book(
        "elif limit_bands._is_too_good(placement.is_buy, placement.price, low, high):",
        "elif low > high:",
        book.test_what_nobody_could_fill_does_not_rest,
        Kind.LIMIT,
    ),
    *(
        of_book(
            "if limit_bands._is_too_good(not is_buy, number * tick, low, high):",
            "if low > high:",
            book.test_what_has_become_too_good_to_fill_makes_room,
            is_buy,
        )
        for is_buy in (True, False)
    ),
    of_book(
        "elif not order_slots._has_expired(word, block.timestamp):",
        "else:",
        book.test_an_order_that_has_expired_does_not_keep_one_from_resting,
    ),
    of_book(
        "        visits -= 1\n    return visits",
        "    return visits",
        book.test_too_good_orders_are_visits_too,
    ),
    *(
        of_bands(
            "min(max(middle, low), high)",
            new,
            book.test_the_market_is_within_the_oracles_band,
            *arguments,
        )
        for new, arguments in (
            ("min(middle, high)", (108, 112, 108)),
            ("max(middle, low)", (90, 98, 98)),
        )
    ),
    of_bands(
        "        low = oracle\n",
        "        pass\n",
        book.test_the_oracle_stands_in_for_a_side,
        False,
        120,
        100,
    ),
    of_bands(
        "        high = oracle\n",
        "        pass\n",
        book.test_the_oracle_stands_in_for_a_side,
        True,
        120,
        100,
    ),
    of_bands(
        "        middle = oracle\n",
        "        pass\n",
        book.test_the_oracle_stands_in_for_a_last_price,
        120,
        104,
    ),
]
