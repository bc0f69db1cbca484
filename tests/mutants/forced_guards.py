"""Guards of forced orders and of recent volume, weakened, each with its test."""

from specs.instruments import SPOT
from tests.helpers.books import COIN, PERP
from tests.mutants.conversion_guards import of_book, on_book
from tests.mutants.guards import Guard
from tests.unit import test_forced_orders as forced
from tests.unit import test_recent_volume as volume


def of_volume(path, old, new, test, *arguments):
    return Guard("OrderBook", f"modules/{path}.vy", old, new, on_book(test, *arguments))


FORCED_GUARDS = [
    of_book(
        "    if not is_buy and number * tick != price:\n        number += 1\n",
        "",
        forced.test_between_two_ticks_the_limit_is_the_better_one,
        PERP,
        False,
    ),
    of_book(
        "if not is_buy and number * tick != price:",
        "if number * tick != price:",
        forced.test_between_two_ticks_the_limit_is_the_better_one,
        COIN,
        True,
    ),
    of_book(
        "if not is_buy and number * tick != price:",
        "if not is_buy:",
        forced.test_between_two_ticks_the_limit_is_the_better_one,
        PERP,
        False,
    ),
    of_book(
        "    listing: uint256 = listings._read(code)\n    listings._check_size",
        "    listing: uint256 = listings.words[code]\n    listings._check_size",
        forced.test_what_makes_no_sense_is_refused,
        {"instrument": SPOT + 3},
        "unknown instrument",
    ),
    *(
        of_book(
            "    listings._check_size(lots, max_fills)\n",
            "",
            forced.test_what_makes_no_sense_is_refused,
            terms,
            reason,
        )
        for terms, reason in (
            ({"lots": 0}, "zero amount"),
            ({"lots": 2**56 + 1}, "amount too large"),
            ({"max_fills": 33}, "out of bounds"),
        )
    ),
    of_book(
        "self_trade=listings.CANCEL_OLDEST",
        "self_trade=listings.CANCEL_NEWEST",
        forced.test_orders_of_the_same_owner_go_whatever_is_filled,
    ),
    of_book(
        "self._sweep(code, listing, is_buy, low, high, max_fills)",
        "max_fills",
        forced.test_what_nobody_can_fill_makes_room,
    ),
    of_book(
        "    if left != 0 and len(reason) == 0:\n        reason = errors.NOT_FILLED\n"
        "    log",
        "    log",
        forced.test_why_nothing_more_is_filled,
    ),
    of_book(
        "    self._observe(1 << code)\n    return lots - left, reason\n",
        "    return lots - left, reason\n",
        forced.test_the_oracle_is_told_where_a_slice_leaves_the_market,
    ),
    of_book(
        "price, max_fills, _SLICE)",
        "price, max_fills, _ASKED)",
        forced.test_what_is_asked_of_the_clearinghouse_is_in_its_units,
    ),
    of_volume(
        "matching",
        "taker.code, last, 0 if taker.is_forced else total, block.timestamp",
        "taker.code, last, total, block.timestamp",
        volume.test_forced_fills_set_the_price_and_leave_the_volume,
    ),
    of_book(
        "placement, code, listing, number, low, high, force != _ASKED",
        "placement, code, listing, number, low, high, force == _CONVERSION",
        volume.test_forced_fills_set_the_price_and_leave_the_volume,
    ),
    of_volume(
        "price_levels",
        "    if lots != 0:\n        volume",
        "    if True:\n        volume",
        volume.test_forced_fills_set_the_price_and_leave_the_volume,
    ),
    of_volume(
        "price_levels",
        "min(self._decay(top, now) + lots, _LOW_56)",
        "self._decay(top, now) + lots",
        volume.test_it_is_as_large_as_can_be_told,
    ),
    of_volume(
        "price_levels",
        "    if age >= _DECAY:\n        return 0\n",
        "",
        volume.test_it_decays_in_a_straight_line_within_five_minutes,
        10**6,
        0,
    ),
    of_volume(
        "price_levels",
        "self.tops[code] & ~((2**96 - 1) << _TOLD_AT)",
        "self.tops[code] >> _LAST << _LAST",
        volume.test_what_rests_and_goes_is_no_volume,
    ),
]
