"""Deliberate mistakes in the book and in what clears its orders."""

from tests.mutants.catalogue import Mutant

BOOK_MUTANTS = [
    Mutant(
        "I11",
        "order_code.reserve",
        "if not is_covered(",
        "if False and not is_covered(",
    ),
    Mutant(
        "I14",
        "order_book.require_cancel",
        "if has_expired(resting, world.now)",
        "if True",
    ),
    Mutant(
        "I17",
        "maker_code.release_size",
        "old.bids - (size if is_buy",
        "old.bids - (0 if is_buy",
    ),
    Mutant("I17", "open_orders.compute_worst_lots", "abs(held + orders.bids), ", ""),
    Mutant("I27", "order_book.place", "if left > 0 and not stop:", "if left > 0:"),
    Mutant(
        "I27", "order_queue.insert", "sign = -1 if resting.is_buy else 1", "sign = 1"
    ),
    Mutant(
        "I27", "order_book.place", "elif left < book.listing.min_lots", "elif False"
    ),
    Mutant("I28", "matching.gather", "visits -= 1", "visits -= 0"),
    Mutant(
        "I28",
        "matching.gather",
        "if not bands.is_within(",
        "if False and not bands.is_within(",
    ),
    Mutant("I28", "matching.meets", "return other.number >= number", "return True"),
    Mutant(
        "I28", "order_book.limit_lots", "min(placement.lots, lots)", "placement.lots"
    ),
    Mutant(
        "I28", "order_book.place", "placement.kind == Kind.POST_ONLY and", "False and"
    ),
    Mutant("I28", "order_book.place", "placement.kind == Kind.FOK and", "False and"),
    Mutant(
        "I31", "order_code.get_obstacle", "margin.is_restricted(quote, now)", "False"
    ),
    Mutant(
        "I43", "order_code.get_obstacle", "state.markets[instrument].is_paused", "False"
    ),
]
