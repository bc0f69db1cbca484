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
    Mutant("I33", "slice_code.require_start", "not distress.was_due(", "False and ("),
    Mutant(
        "I33",
        "slice_code.is_startable",
        "distress.is_going_on(noted, now)",
        "True",
    ),
    Mutant("I33", "slice_code.is_startable", "health.equity < end", "True"),
    Mutant("I34", "slices.compute_limit", "ratio // 2", "ratio"),
    Mutant("I34", "slices.compute_fee_rate", "ratio // 4", "ratio // 2"),
    Mutant("I34", "slices.compute_fee_rate", "min(MAX_FEE, ratio // 4)", "ratio // 4"),
    Mutant("I34", "slices.compute_ratio", ") - borrowed)", "))"),
    Mutant("I34", "slice_code.close_slice", "fee // 2 if", "fee if"),
    Mutant("I34", "slices.compute_parts", "parts = (failing + healing) // 2", "break"),
    Mutant(
        "I34",
        "pacing.compute_due",
        "min(SLICES, now - pace.sliced_at)",
        "SLICES",
    ),
    Mutant(
        "I34",
        "pacing.compute_size",
        "max(mul_div_up(held, due, SLICES), least), cap,",
        "max(mul_div_up(held, due, SLICES), least),",
    ),
    Mutant("I35", "pacing.note", "now - pace.failed_at < APART", "False"),
    Mutant("I35", "pacing.note", "not is_exhausted", "False"),
    Mutant("I35", "pacing.note", "2 * filled >= asked", "filled >= asked"),
    Mutant("I35", "pacing.has_failed", "failures >= FAILURES", "failures > 1"),
    Mutant(
        "I35",
        "pacing.is_open",
        "failed_at > 0 and now - failed_at <= FAILURE_LIFE",
        "failed_at > 0",
    ),
    Mutant("I38", "liquidator.reduce", "caller == acc.get_owner(account)", "False"),
    Mutant(
        "I38",
        "slice_code.close_slice",
        "acc.get_owner(reward) == acc.get_owner(account)",
        "False",
    ),
    Mutant(
        "I31", "order_code.get_obstacle", "margin.is_restricted(quote, now)", "False"
    ),
    Mutant(
        "I43", "order_code.get_obstacle", "state.markets[instrument].is_paused", "False"
    ),
]
