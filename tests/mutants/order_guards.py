"""Guards of orders, weakened one by one, each with the test that has to miss it."""

from specs.accounts import USDC
from specs.instruments import SPOT
from specs.perpetual import MAX_LOTS
from tests.helpers.orders import OrderStage, clear, release
from tests.helpers.protocol import exchange
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import ETH, VENUE, bear, lender
from tests.mutants.guards import Guard, on_stage
from tests.unit import test_open_orders as resting
from tests.unit import test_order_code as clearing
from tests.unit import test_order_gas as gas
from tests.unit import test_trade

MAKERS, TRADABLES = "modules/makers.vy", "modules/tradables.vy"


def on_orders(test, *arguments):
    """Return what runs a test of a stage on which a book calls."""

    def run(mutant):
        stage = OrderStage()
        exchange(stage.made, mutant)
        with stage.at(AT_WORK):
            test(stage, *arguments)

    return run


def swept(mutant):
    """Run the sweep of gas limits."""
    full = gas.Full()
    exchange(full.made, mutant)
    gas.sweep(full, gas.SWEPT["a perpetual"])


def of_orders(old, new, test, *arguments):
    return Guard("OrderCode", "OrderCode.vy", old, new, on_orders(test, *arguments))


def of_makers(old, new, test, *arguments):
    return Guard("OrderCode", MAKERS, old, new, on_orders(test, *arguments))


def of_tradables(old, new, test, *arguments):
    return Guard("OrderCode", TRADABLES, old, new, on_orders(test, *arguments))


def of_maker(old, new, test, *arguments):
    return Guard("MakerCode", "MakerCode.vy", old, new, on_orders(test, *arguments))


def of_sides(old, test, *arguments):
    """Return a guard of a side of spot that is not there."""
    path = "modules/spot_side.vy"
    return Guard("SpotCode", path, old, "pass", on_stage(test, *arguments))


ORDER_GUARDS = [
    of_orders(
        "ORDER_VENUE: constant(uint256) = 4",
        "ORDER_VENUE: constant(uint256) = 7",
        resting.test_a_book_alone_counts_orders,
        release,
        VENUE,
    ),
    of_orders(
        "    accounts._require_user(account)\n"
        "    tradables._require_listed(instrument)\n",
        "    tradables._require_listed(instrument)\n",
        resting.test_the_protocol_has_no_orders,
    ),
    of_orders(
        "max(open_orders._bids(new), open_orders._asks(new)) <= most",
        "most != 0",
        resting.test_no_more_than_the_most_may_rest,
        0,
        MAX_LOTS,
        True,
    ),
    of_orders(
        "    assert size <= most, errors.AMOUNT_TOO_LARGE\n",
        "",
        resting.test_no_more_than_the_most_may_rest,
        0,
        MAX_LOTS,
        True,
    ),
    *(
        of_orders(
            "if self._is_covered(account, instrument, old, new):",
            new,
            resting.test_what_adds_no_risk_may_rest_without_margin,
        )
        for new in ("if size == 0:", "if size != 0:")
    ),
    of_orders(
        "    tradables._require_listed(instrument)\n    open_orders._remove",
        "    open_orders._remove",
        resting.test_nothing_rests_in_what_is_not_listed,
        release,
        32 + ETH,
        "unknown market",
    ),
    Guard(
        "OrderCode",
        "modules/open_orders.vy",
        "        assert size <= bids, errors.AMOUNT_TOO_LARGE\n",
        "",
        on_orders(resting.test_no_more_than_rests_is_taken_back, 0, True),
    ),
    Guard(
        "OrderCode",
        "modules/open_orders.vy",
        "        assert size <= asks, errors.AMOUNT_TOO_LARGE\n",
        "",
        on_orders(resting.test_no_more_than_rests_is_taken_back, 0, False),
    ),
    of_tradables(
        "        assert state.market_risk[instrument] != 0, errors.UNKNOWN_MARKET\n",
        "",
        clearing.test_what_makes_no_sense_is_refused,
        clear(33, lender, True),
        "unknown market",
    ),
    of_orders(
        "assert not margin._is_stale(quote), errors.STALE_PRICE\n    money_market",
        "money_market",
        clearing.test_nothing_is_cleared_at_a_stale_price,
        0,
    ),
    of_orders(
        "    money_market._require_open(accounts.USDC)\n    for making",
        "    for making",
        clearing.test_nothing_is_cleared_of_a_halted_pool,
        0,
        USDC,
    ),
    of_orders(
        "        money_market._require_open(asset)\n",
        "",
        clearing.test_nothing_is_cleared_of_a_halted_pool,
        SPOT + ETH,
        ETH,
    ),
    of_orders(
        "makers._require_size(instrument, making, quote.slow)",
        "pass",
        clearing.test_what_makes_no_sense_is_refused,
        clear(0, lender, True, clearing.one(size=0)),
        "zero amount",
    ),
    of_orders(
        "        money_market._accrue(asset)\n",
        "",
        clearing.test_interest_of_a_clearing_of_nothing_is_told,
    ),
    of_tradables(
        "if state.market_risk[instrument] & _PAUSED != 0:",
        "if len(errors.PAUSED) == 0:",
        clearing.test_a_paused_market_lets_both_reduce_and_stops_the_rest,
    ),
    of_tradables(
        "if margin._is_restricted(quote):",
        "if len(errors.PAUSED) == 0:",
        clearing.test_an_old_mark_stops_what_does_not_reduce,
        31,
        True,
    ),
    *(
        of_tradables("if margin._is_diverging(quote):", "if instrument == 63:", test)
        for test in (
            clearing.test_diverging_prices_stop_what_does_not_reduce,
            clearing.test_diverging_prices_stop_spot,
        )
    ),
    of_orders(
        "tradables._reducible(making.account, market, not is_buy), room - total",
        "room - total, room - total",
        clearing.test_in_a_paused_market_a_maker_has_to_reduce,
    ),
    of_orders(
        "market, not is_buy), room - total",
        "market, not is_buy), lots",
        clearing.test_in_a_paused_market_a_taker_has_to_reduce,
    ),
    of_orders(
        "market, not is_buy), room - total",
        "market, not is_buy), room",
        clearing.test_in_a_paused_market_a_taker_reduces_once,
    ),
    *(
        of_orders(
            "left <= convert(abs(held), uint256) or left <= (limits >> 128) & _LOW_64",
            new,
            clearing.test_a_taker_above_the_position_limit_may_shrink,
        )
        for new in ("left <= makers.MAX_AMOUNT", "left <= (limits >> 128) & _LOW_64")
    ),
    of_orders(
        "after <= open_interest or after <= limits >> 192",
        "after <= makers.MAX_AMOUNT",
        clearing.test_open_interest_grows_to_its_limit,
        1,
        True,
    ),
    of_orders(
        "after <= open_interest or after <= limits >> 192",
        "after <= limits >> 192",
        clearing.test_open_interest_above_its_limit_may_change_hands,
    ),
    of_orders(
        "        if total > room:\n",
        "        if total > makers.MAX_AMOUNT:\n",
        clearing.test_a_taker_who_reduces_needs_no_margin,
    ),
    of_orders(
        "    if room != 0:\n        before",
        "    if room > makers.MAX_AMOUNT:\n        before",
        clearing.test_a_taker_who_reduces_needs_no_margin,
    ),
    of_orders(
        "            before = empty(IClearinghouse.Health)\n"
        "        fills._check(taker, before)\n",
        "            before = empty(IClearinghouse.Health)\n",
        clearing.test_a_taker_who_reduces_needs_no_margin,
    ),
    of_orders(
        "    if is_filled:\n        fills._check(taker, before)\n",
        "",
        clearing.test_a_taker_who_repays_needs_no_margin,
    ),
    of_orders(
        "            if guarded != 0:\n                state.guards[given] = guarded\n",
        "",
        clearing.test_what_was_admitted_for_nobody_is_forgotten,
    ),
    of_orders(
        "stop = self._fund(given, taker, amount)",
        "pass",
        clearing.test_a_paused_pool_lends_a_taker_nothing,
    ),
    of_makers(
        "min(making.size, tradables._reducible(making.account, instrument, is_buy))",
        "max(making.size, tradables._reducible(making.account, instrument, is_buy))",
        clearing.test_who_only_reduces_is_filled_as_far_as_that,
        5_001,
        5_000,
    ),
    Guard(
        "OrderCode",
        MAKERS,
        "    assert msg.gas >= MAKER_GAS, errors.NOT_ENOUGH_GAS\n",
        "",
        swept,
    ),
    of_maker(
        "left <= convert(abs(held), uint256)\n        or left",
        "left != 0\n        or left",
        clearing.test_a_maker_above_the_position_limit_is_passed_over,
    ),
    of_maker(
        "left <= convert(abs(held), uint256)\n        or left",
        "left",
        clearing.test_a_maker_above_the_position_limit_may_shrink,
    ),
    of_maker(
        "if perpetual._is_reduction(held, size):",
        "if risk == 0:",
        clearing.test_a_maker_who_reduces_needs_no_margin,
    ),
    of_maker(
        "if perpetual._is_reduction(held, size):",
        "if risk != 0:",
        clearing.test_a_maker_who_turns_over_needs_margin,
    ),
    of_maker(
        "market, is_buy, lots)\n    fills._check(account, before)\n",
        "market, is_buy, lots)\n",
        clearing.test_a_maker_without_margin_is_passed_over,
    ),
    of_maker(
        "    open_orders._remove(account, market, is_buy, lots)\n",
        "",
        clearing.test_whose_order_does_not_rest_is_passed_over,
        0,
        True,
    ),
    of_maker(
        "spot_side._fund(account, accounts.USDC, usdc, cost + fee)",
        "pass",
        clearing.test_a_maker_whom_the_pool_does_not_fund_is_passed_over,
    ),
    of_maker(
        "        spot_side._fund(account, asset, pool, amount)\n",
        "        pass\n",
        clearing.test_a_maker_who_may_not_borrow_what_it_sells_is_passed_over,
    ),
    of_maker(
        "is_buy, amount)\n    fills._check(account, before)\n",
        "is_buy, amount)\n",
        clearing.test_a_maker_of_spot_without_margin_is_passed_over,
    ),
    of_maker(
        "open_orders._remove(account, instruments._code(instrument), is_buy, amount)",
        "pass",
        clearing.test_whose_order_does_not_rest_is_passed_over,
        SPOT + ETH,
        True,
    ),
    of_orders(
        "cost + fee if is_buy else size",
        "cost if is_buy else size",
        clearing.test_a_fee_is_borrowed_as_the_price_is,
    ),
    of_maker(
        "usdc, cost + fee)",
        "usdc, cost)",
        clearing.test_a_fee_is_borrowed_as_the_price_is,
    ),
    Guard(
        "SpotCode",
        "SpotCode.vy",
        "usdc, cost + buyer_fee)",
        "usdc, cost)",
        on_stage(test_trade.test_a_fee_is_borrowed_as_the_price_is),
    ),
    of_sides(
        "pool_limits._require_borrowing(asset, pool.borrows, after)",
        test_trade.test_what_is_borrowed_for_a_fill_is_capped,
        ETH,
        {"seller": bear},
    ),
    Guard(
        "SpotCode",
        "modules/spot_side.vy",
        "money_market._utilisation(asset, after),",
        "money_market._utilisation(asset, pool),",
        on_stage(test_trade.test_to_sell_what_is_borrowed_to_oneself_is_limited),
    ),
    Guard(
        "LiquidationCode",
        "LiquidationCode.vy",
        "assert open_orders._codes(state.headers[account]) == 0, errors.ORDERS_OPEN",
        "pass",
        on_orders(resting.test_a_takeover_waits_until_orders_are_cancelled),
    ),
    of_orders(
        "(ORDER_VENUE | RELEASE_VENUE)",
        "ORDER_VENUE",
        resting.test_a_book_that_is_dismissed_lets_go_of_its_orders,
    ),
    Guard(
        "GovernanceCode",
        "GovernanceCode.vy",
        "        stored |= RELEASE_VENUE\n",
        "        stored |= old\n",
        on_orders(resting.test_what_is_left_to_a_book_is_no_role_of_its_own),
    ),
    Guard(
        "GovernanceCode",
        "GovernanceCode.vy",
        "old & (ORDER_VENUE | RELEASE_VENUE) != 0",
        "old & ORDER_VENUE != 0",
        on_orders(resting.test_a_book_that_is_dismissed_lets_go_of_its_orders),
    ),
    *(
        Guard(
            "MarginCode",
            "modules/margin.vy",
            "if bids == 0 and asks <= held:",
            new,
            on_orders(test, *arguments),
        )
        for new, test, *arguments in (
            (
                "if bids + asks == 0:",
                resting.test_what_is_held_may_be_offered_without_a_price,
            ),
            (
                "if asks <= held:",
                resting.test_what_could_add_something_needs_a_price,
                True,
                1,
            ),
        )
    ),
    *(
        Guard("AccountCode", "AccountCode.vy", old, new, on_orders(test))
        for old, new, test in (
            (
                "if old == 0 or settings.max_leverage < old:",
                "if old == 0:",
                resting.test_a_stricter_limit_binds_what_rests,
            ),
            (
                "if old == 0 or settings.max_leverage < old:",
                "if old != 0 and settings.max_leverage < old:",
                resting.test_a_stricter_limit_binds_what_rests,
            ),
            (
                "        if old == 0 or settings.max_leverage < old:",
                "        if old <= 255:",
                resting.test_no_other_choice_asks_for_margin,
            ),
            (
                "if open_orders._codes(header) != 0 and settings.max_leverage != 0:",
                "if settings.max_leverage != 0:",
                resting.test_no_other_choice_asks_for_margin,
            ),
        )
    ),
]
