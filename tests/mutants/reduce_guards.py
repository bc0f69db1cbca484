"""Guards of reducing on the book, weakened one by one, each with its test."""

from keeper.chain.interface import Refused
from tests.helpers.protocol import exchange
from tests.helpers.slices import SliceStage
from tests.mutants.guards import Guard
from tests.unit import test_reduce as reduce


def on_slices(test, *arguments, scene=reduce.BIDDEN):
    """Return what runs a test of slices."""

    def run(mutant):
        stage = SliceStage()
        exchange(stage.made, mutant)
        with stage.at(scene):
            try:
                test(stage, *arguments)
            except Refused as refused:
                raise AssertionError("it is refused") from refused

    return run


def of_liquidator(old, new, test, *arguments, scene=reduce.BIDDEN):
    run = on_slices(test, *arguments, scene=scene)
    return Guard("Liquidator", "Liquidator.vy", old, new, run)


def of_book(old, new, test, *arguments, scene=reduce.BIDDEN):
    run = on_slices(test, *arguments, scene=scene)
    return Guard("OrderBook", "OrderBook.vy", old, new, run)


WITH_AN_ORDER = [
    *reduce.TWO_LEGS,
    reduce.COVERED,
    *reduce.publish(reduce.FALLEN),
    reduce.LATER,
    reduce.order(0, True, 50_000, reduce.BID),
]
FAR = [
    *reduce.DUE,
    reduce.order(0, True, 10, 60_600 * reduce.WAD),
    reduce.order(0, True, 50_000, reduce.BID),
]
SMALL = [*reduce.DUE, *(reduce.order(0, True, 10, reduce.BID) for _ in range(32))]
BELOW = [*reduce.DUE, reduce.order(0, True, 50_000, reduce.LIMIT)]
FRESH = [*reduce.TWO_LEGS, *reduce.publish(reduce.FALLEN)]
RUINED = {reduce.BTC: 57_000 * reduce.WAD, reduce.ETH: 2_300 * reduce.WAD}

REDUCE_GUARDS = [
    of_liquidator(
        "    assert msg.sender != self._owner(account), errors.SAME_OWNER\n",
        "",
        reduce.test_nobody_reduces_an_account_of_his_own,
    ),
    of_liquidator(
        "        extcall BOOK.cancel_all(account)\n",
        "        pass\n",
        reduce.test_orders_of_the_account_are_cancelled_first,
        scene=WITH_AN_ORDER,
    ),
    of_liquidator(
        "opened.is_buy, asked, opened.limit, _MAX_FILLS",
        "opened.is_buy, asked, 0, _MAX_FILLS",
        reduce.test_bids_beyond_the_limit_are_not_filled_and_count_as_none,
        scene=BELOW,
    ),
    of_liquidator(
        "extcall CLEARINGHOUSE.close_slice(reward)",
        "extcall CLEARINGHOUSE.close_slice(0)",
        reduce.test_whoever_calls_may_be_rewarded,
    ),
    of_liquidator(
        "reason == errors.NOT_FILLED or reason == errors.PRICE_OUT_OF_BAND",
        "reason == errors.NOT_FILLED",
        reduce.test_bids_far_from_the_best_one_count_as_none,
        scene=FAR,
    ),
    of_liquidator(
        "reason == errors.NOT_FILLED or reason == errors.PRICE_OUT_OF_BAND",
        "reason == errors.PRICE_OUT_OF_BAND",
        reduce.test_bids_beyond_the_limit_are_not_filled_and_count_as_none,
        scene=BELOW,
    ),
    of_liquidator(
        "reason == errors.NOT_FILLED or reason == errors.PRICE_OUT_OF_BAND",
        "len(reason) != 0",
        reduce.test_small_orders_in_front_are_no_failure,
        scene=SMALL,
    ),
    of_liquidator(
        "    if pacing._has_failed(pace):\n",
        "    if False:\n",
        reduce.test_the_third_failure_opens_the_backstop,
        scene=[*reduce.PLEDGED, *reduce.DUE],
    ),
    of_liquidator(
        "    if pacing._has_failed(pace):\n",
        "    if pacing._has_failed(pace + 1):\n",
        reduce.test_the_third_failure_opens_the_backstop,
        scene=[*reduce.PLEDGED, *reduce.DUE],
    ),
    of_liquidator(
        "    pacing.pace[account][instrument] = pace\n",
        "    pacing.pace[account][0] = pace\n",
        reduce.test_each_leg_has_a_pace_of_its_own,
    ),
    of_liquidator(
        "assert due != 0 and min(held, most) != 0, errors.NOTHING_DUE",
        "assert min(held, most) != 0, errors.NOTHING_DUE",
        reduce.test_no_slice_is_due_in_the_second_of_the_last_one,
    ),
    of_liquidator(
        "assert due != 0 and min(held, most) != 0, errors.NOTHING_DUE",
        "assert due != 0, errors.NOTHING_DUE",
        reduce.test_less_than_a_lot_is_left_to_others,
        scene=reduce.CRUMB,
    ),
    of_liquidator(
        "_to_lots_down(opened.held, scale)",
        "_to_lots_down(opened.held, 1)",
        reduce.test_a_debt_is_bought_back_in_whole_lots,
        scene=reduce.OWING_BTC,
    ),
    of_liquidator(
        "_to_lots_down(opened.left, scale)",
        "_to_lots_down(opened.held, scale)",
        reduce.test_it_ends_with_initial_margin,
    ),
    of_liquidator(
        "        1, 10 ** listings._exponent(listing), self._mark",
        "        1, 10 ** 18, self._mark",
        reduce.test_a_call_closes_a_hundred_thousand_at_most,
        scene=reduce.LARGE,
    ),
    of_liquidator(
        "pacing._compute_size(held, due, unit, volume, most)",
        "pacing._compute_size(held, due, unit, 0, most)",
        reduce.test_or_a_fifth_of_what_was_traded_lately,
        scene=reduce.LARGE,
    ),
    of_liquidator(
        "    if instruments._is_spot(instrument):\n",
        "    if instrument == 0:\n",
        reduce.test_collateral_is_sold_for_a_debt_in_usdc,
        scene=reduce.OWING_USDC,
    ),
    of_liquidator(
        "    if pacing._compute_due(pace, block.timestamp) == 0:\n"
        "        return False\n",
        "",
        reduce.test_no_slice_is_due_in_the_second_of_the_last_one,
    ),
    of_liquidator(
        "    if health.equity <= 0 or not distress._was_due(",
        "    if not distress._was_due(",
        reduce.test_without_equity_it_is_the_backstops_turn,
        scene=[*reduce.TWO_LEGS, *reduce.publish(RUINED), reduce.LATER],
    ),
    of_liquidator(
        "    if health.equity <= 0 or not distress._was_due(\n"
        "        noted, health.priced_at, block.timestamp\n    ):",
        "    if health.equity <= 0:",
        reduce.test_prices_of_this_block_reduce_nobody_who_is_not_flagged,
        scene=FRESH,
    ),
    of_liquidator(
        "    if margin._is_due_now(health):\n        return True\n",
        "",
        reduce.test_prices_of_this_block_reduce_nobody_who_is_not_flagged,
        scene=FRESH,
    ),
    of_liquidator(
        "    if not distress._is_going_on(noted, block.timestamp):\n"
        "        return False\n",
        "",
        reduce.test_it_goes_on_above_maintenance_margin_for_a_minute,
    ),
    of_liquidator(
        "    return health.equity < convert(end, int256)\n",
        "    return end != 0\n",
        reduce.test_with_initial_margin_it_is_over,
    ),
    of_book(
        "(force == _SLICE and len(expired) != 0)",
        "False",
        reduce.test_without_a_slice_nobodys_orders_are_cancelled,
        32,
    ),
]
