"""Guards of conversions on the book, weakened one by one, each with its test."""

from dataclasses import replace
from types import SimpleNamespace

from keeper.chain.interface import Refused
from specs.accounts import BACKSTOP_FUND, USDC
from specs.instruments import SPOT
from tests.helpers.books import PERP, Twin, stand_in
from tests.helpers.conversions import FELL, LOSS
from tests.helpers.orders import OrderStage, convert
from tests.helpers.protocol import exchange
from tests.helpers.worlds import BTC, BULL, UNLISTED, bull
from tests.mutants.guards import Guard
from tests.unit import test_book_conversion as book
from tests.unit import test_order_conversion as orders


def on_loss(test, *arguments):
    """Return what runs a test of a stage on which a loss has to be converted."""

    def run(mutant):
        stage = OrderStage()
        exchange(stage.made, mutant)
        with stage.at(LOSS):
            test(stage, *arguments)

    return run


def deployed(test, *arguments):
    """Return what runs a test that has a scene of its own."""

    def run(mutant):
        stage = OrderStage()
        exchange(stage.made, mutant)
        test(stage, *arguments)

    return run


def on_book(test, *arguments):
    """Return what runs a test of a book."""

    def run(mutant):
        with stand_in():
            twin = Twin()
            made = SimpleNamespace(contracts={"OrderBook": twin.book}, chain=twin.chain)
            exchange(made, mutant)
            try:
                test(twin, *arguments)
            except Refused as refused:
                raise AssertionError("it is refused") from refused

    return run


def of_orders(old, new, run):
    return Guard("ForcedCode", "ForcedCode.vy", old, new, run)


def of_book(old, new, test, *arguments):
    return Guard("OrderBook", "OrderBook.vy", old, new, on_book(test, *arguments))


def refused(action, reason):
    """Return what runs the test of what makes no sense."""
    return on_loss(orders.test_what_makes_no_sense_is_refused, action, reason)


ONE = orders.ONE
CONVERT = convert(BTC, bull, ONE)
ENTRY = [
    "    self._require_venue()\n",
    "    accounts._require_user(account)\n",
    "    tradables._require_asset(asset)\n",
]
OPEN = [
    "    money_market._require_open(accounts.USDC)\n",
    "    money_market._require_open(asset)\n",
]
ACCRUED = [
    "    money_market._accrue(asset)\n",
    "    money_market._accrue(accounts.USDC)\n",
    "    before: ",
]


def without(lines, index):
    """Return lines in one, and the same without one of them."""
    left = [*lines[:index], *lines[index + 1 :]]
    return "".join(lines), "".join(left)


CONVERSION_GUARDS = [
    of_orders(
        *without(ENTRY, 0), refused(replace(CONVERT, caller=BULL), "not a venue")
    ),
    of_orders(
        *without(ENTRY, 1),
        refused(convert(BTC, BACKSTOP_FUND, ONE), "reserved account"),
    ),
    *(
        of_orders(
            *without(ENTRY, 2), refused(convert(asset, bull, ONE), "unknown asset")
        )
        for asset in (USDC, UNLISTED)
    ),
    of_orders(
        "    assert not margin._is_stale(quote), errors.STALE_PRICE\n"
        "    assert not margin._is_diverging",
        "    assert not margin._is_diverging",
        on_loss(orders.test_nothing_is_sold_at_a_stale_price),
    ),
    of_orders(
        "    assert not margin._is_diverging(quote), errors.PRICES_DIVERGE\n",
        "",
        on_loss(orders.test_nothing_is_sold_whose_prices_diverge),
    ),
    *(
        of_orders(
            *without(OPEN, index),
            on_loss(orders.test_nothing_is_sold_of_a_halted_pool, asset),
        )
        for index, asset in enumerate((USDC, BTC))
    ),
    of_orders(
        "makers._require_size(instruments.SPOT + asset, making, 0)",
        "pass",
        refused(convert(BTC, bull, ONE, replace(ONE, size=0)), "zero amount"),
    ),
    of_orders(
        "SPOT + asset, making, 0)\n        assert accounts._owner(account) != "
        "accounts._owner(\n            making.account\n        )",
        "SPOT + asset, making, 0)\n        assert making.size != 0",
        on_loss(orders.test_makers_are_of_other_owners),
    ),
    *(
        of_orders(
            *without(ACCRUED, index),
            on_loss(orders.test_where_nobody_can_buy_nothing_happens_but_interest),
        )
        for index in (0, 1)
    ),
    of_orders(
        "    assert not margin._is_liquidatable(before), errors.NOT_CONVERTIBLE\n",
        "",
        deployed(
            orders.test_an_account_below_maintenance_margin_is_left_to_liquidation
        ),
    ),
    of_orders(
        "asset == conversion._best_collateral(account)",
        "asset != 0",
        on_loss(orders.test_the_best_weight_goes_first),
    ),
    of_orders(
        "asked <= tradables._held(account, asset)",
        "asked != 0",
        deployed(orders.test_no_more_is_sold_than_is_held),
    ),
    of_orders(
        "        if making.price < least:\n",
        "        if making.price == 0:\n",
        on_loss(orders.test_the_first_price_that_is_too_low_ends_it),
    ),
    of_orders(
        "if len(stop) == 0:\n            size = makers._wanted(instruments.SPOT",
        "if making.price >= least:\n            size = makers._wanted(instruments.SPOT",
        on_loss(orders.test_the_first_price_that_is_too_low_ends_it),
    ),
    of_orders(
        "makers._wanted(instruments.SPOT + asset, making, True)",
        "making.size",
        deployed(orders.test_who_only_reduces_buys_what_it_owes),
    ),
    *(
        of_orders(
            "lowest = min(lowest, making.price)",
            new,
            on_loss(orders.test_how_much_is_judged_at_the_lowest_price, prices),
        )
        for new, prices in (
            ("lowest = making.price", (orders.LEAST, FELL)),
            ("lowest = makings[0].price", (FELL, orders.LEAST)),
        )
    ),
    of_orders(
        "            sold += size\n",
        "            sold = size\n",
        on_loss(
            orders.test_how_much_is_judged_at_the_lowest_price, (FELL, orders.LEAST)
        ),
    ),
    *(
        of_orders(
            "lowest < reference",
            new,
            deployed(orders.test_what_only_the_cap_demands_is_sold_at_no_discount),
        )
        for new in ("False", "makings[len(makings) - 1].price < reference")
    ),
    of_orders(
        "self._excess(account, debt, before, above_cap) != 0",
        "sold != 0",
        deployed(orders.test_who_owes_no_more_than_it_may_keeps_its_coins),
    ),
    of_orders(
        "        assert sold <= conversion._compute_most(\n"
        "            self._excess(account, debt, after, above_cap), lowest\n"
        "        ), errors.AMOUNT_TOO_LARGE\n",
        "",
        on_loss(orders.test_a_conversion_pays_the_loss_and_no_more),
    ),
    of_orders(
        "conversion._is_no_worse(before, after)",
        "sold != 0",
        deployed(orders.test_no_account_ends_worse),
    ),
    of_book(
        "    assert instruments._is_spot(instrument), errors.UNKNOWN_INSTRUMENT\n",
        "",
        book.test_what_makes_no_sense_is_refused,
        {"instrument": PERP},
        "unknown instrument",
    ),
    of_book(
        "    listing: uint256 = listings._read(code)\n    listings._check_size",
        "    listing: uint256 = listings.words[code]\n    listings._check_size",
        book.test_what_makes_no_sense_is_refused,
        {"instrument": SPOT + 3},
        "unknown instrument",
    ),
    *(
        of_book(
            "    listings._check_size(lots, max_fills)\n",
            "",
            book.test_what_makes_no_sense_is_refused,
            {name: value},
            reason,
        )
        for name, value, reason in (
            ("lots", 0, "zero amount"),
            ("lots", 2**56 + 1, "amount too large"),
            ("max_fills", 33, "out of bounds"),
        )
    ),
    of_book(
        "self_trade=listings.CANCEL_OLDEST",
        "self_trade=listings.CANCEL_NEWEST",
        book.test_bids_of_the_same_owner_do_not_keep_it_from_being_converted,
    ),
    of_book(
        "    assert filled != 0, errors.NOT_FILLED\n",
        "",
        book.test_nothing_happens_where_nothing_is_sold,
    ),
]
