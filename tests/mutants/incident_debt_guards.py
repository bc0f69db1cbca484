"""Guards of what is owed: liquidations, orders, deficits, and calls from within."""

from specs.fixed_point import WAD
from tests.helpers.scenes import LENT_OUT
from tests.incidents import (
    test_book,
    test_deleveraging,
    test_liquidation,
    test_liveness,
    test_margin,
    test_orders,
    test_prices,
    test_reentrancy,
    test_resolution,
    test_rounding,
    test_slices,
)
from tests.mutants.conversion_guards import on_book
from tests.mutants.guards import from_within
from tests.mutants.incident_runs import (
    at_oracle,
    body,
    fallen,
    module_of,
    on,
    owing,
    sliced,
    with_orders,
)

DEBT_GUARDS = {
    4: [
        module_of(
            "backstop",
            "LiquidationCode",
            "            healing = parts\n",
            "            healing = PARTS\n",
            owing(test_liquidation.test_d04_no_more_is_taken_than_heals),
        ),
        body(
            "DeleverageCode",
            "((word >> 128) << 128) | (carry << 64) | ",
            "((word >> 128) << 128) | ",
            fallen(
                test_deleveraging.test_d04_all_on_the_other_side_close_the_same_share,
                tuple(test_deleveraging.SHORTS),
            ),
        ),
        body(
            "Liquidator",
            "extcall CLEARINGHOUSE.deleverage(terms.unfunded)",
            "extcall CLEARINGHOUSE.deleverage(10**18)",
            fallen(
                test_deleveraging.test_d04_no_more_is_closed_than_the_fund_can_not_pay,
                10_006,
                2_501,
            ),
        ),
        module_of(
            "deleveraging",
            "DeleverageCode",
            "    apart = min(apart, bound)\n",
            "",
            fallen(
                test_deleveraging.test_d04_the_price_is_at_mark_or_a_little_beyond_and_ruins_nobody
            ),
        ),
        module_of(
            "settlement",
            "TradeCode",
            "        new_entry |= (risk >> perpetual.EPOCHS) << 24\n",
            "        pass\n",
            fallen(test_deleveraging.test_d04_who_comes_later_is_not_closed),
        ),
    ],
    5: [
        body(
            "SettleCode",
            "    return bankruptcy._write_off(account)\n",
            "    return True\n",
            owing(
                test_resolution.test_d05_a_deficit_is_settled_in_the_transaction_that_finds_it
            ),
        ),
        module_of(
            "money_market",
            "SettleCode",
            "        lend_index = old_index - fall\n",
            "        lend_index = old_index\n",
            on(
                test_resolution.LENT_BY_TWO,
                test_resolution.test_d05_who_leaves_first_gets_no_more_than_who_leaves_last,
            ),
        ),
    ],
    7: [
        module_of(
            "outage",
            "PriceOracle",
            "    if time == 0 or seconds <= MAX_GAP:\n",
            "    if True or seconds <= MAX_GAP:\n",
            at_oracle(
                test_prices.test_d07_the_first_price_after_an_outage_does_not_count,
                61,
                60_000,
            ),
        ),
        body(
            "LiquidationCode",
            "    assert distress._was_due(\n",
            "    assert True or distress._was_due(\n",
            owing(
                test_resolution.test_d07_nothing_is_liquidated_on_the_first_price_after_an_outage
            ),
        ),
        module_of(
            "bankruptcy",
            "SettleCode",
            "        deficit, self._held(accounts.BACKSTOP_FUND, accounts.USDC)\n",
            "        deficit, 0\n",
            on(
                test_resolution.LENT_BY_TWO,
                test_resolution.test_d07_the_fund_pays_before_the_reserve_and_both_before_the_lenders,
            ),
        ),
        body(
            "DeleverageCode",
            " + max(held - lots, 0) - max(held, 0)\n",
            "\n",
            owing(
                test_deleveraging.test_d07_a_market_that_is_wound_down_leaves_nobody_with_less_than_nothing
            ),
        ),
    ],
    11: [
        body(
            "Clearinghouse",
            "@external\ndef withdraw(",
            "@external\n@reentrant\ndef withdraw(",
            from_within(
                test_reentrancy.test_d11_no_position_changes_within_a_call,
                "withdraw",
                "fill_perp",
            ),
        ),
        module_of(
            "settlement",
            "TradeCode",
            "grown: int256 = max(size, 0) - max(held, 0)",
            "grown: int256 = max(size - held, 0)",
            owing(
                test_reentrancy.test_d11_open_interest_is_the_sum_of_positions_through_flips
            ),
        ),
    ],
    12: [
        module_of(
            "backstop",
            "SettleCode",
            "DUST: constant(uint256) = 10**18 // 100",
            "DUST: constant(uint256) = 0",
            on(
                test_resolution.LENT_BY_TWO,
                test_resolution.test_d12_dust_does_not_hold_up_a_write_off,
                16,
                True,
            ),
        ),
        body(
            "Clearinghouse",
            "        assert not margin._is_liquidatable(\n"
            "            health._assess(account)\n"
            "        ), errors.BELOW_INITIAL_MARGIN\n",
            "        pass\n",
            owing(test_resolution.test_d12_nobody_gives_crumbs_to_an_account_in_need),
        ),
    ],
    14: [
        body(
            "Clearinghouse",
            "@external\ndef withdraw(",
            "@external\n@reentrant\ndef withdraw(",
            from_within(
                test_reentrancy.test_d14_one_lock_is_for_all_functions,
                "borrow",
                "withdraw",
            ),
        ),
    ],
    15: [
        body(
            "MarginCode",
            "@external\n@view\ndef assess(",
            "@external\n@view\n@reentrant\ndef assess(",
            from_within(
                test_reentrancy.test_d15_what_others_could_price_by_is_not_told_from_within,
                "withdraw",
                "Clearinghouse",
                "assess",
            ),
        ),
    ],
    17: [
        module_of(
            "interest_rate",
            "Clearinghouse",
            "    if cash >= lends:\n        return 0\n"
            "    return fp._mul_div_down(lends - ",
            "    return fp._mul_div_down(max(cash, lends) - ",
            on([], test_liveness.test_d17_what_everybody_has_left_is_used_again),
        ),
    ],
    20: [
        body(
            "LiquidationCode",
            "    assert portion <= fp.WAD, errors.OUT_OF_BOUNDS\n",
            "",
            owing(
                test_liquidation.test_d20_not_even_a_liquidator_takes_more_than_all,
                WAD + 1,
            ),
        ),
        body(
            "OrderCode",
            "assert not margin._is_liquidatable(found), errors.BELOW_INITIAL_MARGIN",
            "pass",
            with_orders(test_orders.test_d20_orders_put_no_liquidation_off),
        ),
        body(
            "Liquidator",
            "    assert due != 0 and min(held, most) != 0, errors.NOTHING_DUE\n",
            "    assert min(held, most) != 0, errors.NOTHING_DUE\n",
            sliced(
                test_slices.DUE,
                test_slices.test_d20_a_slice_only_shrinks_and_nobody_names_its_size,
            ),
        ),
        body(
            "SliceCode",
            "left=slices._compute_most(held, parts, least)",
            "left=held",
            sliced(
                [],
                test_slices.test_d20_slices_end_where_the_account_has_its_margin_again,
            ),
        ),
        body(
            "Liquidator",
            "        extcall BOOK.cancel_all(account)\n",
            "        pass\n",
            sliced([], test_slices.test_d20_orders_of_the_account_put_no_slice_off),
        ),
        module_of(
            "distress",
            "SliceCode",
            "return priced_at < now or (flagged_at < now",
            "return priced_at < now and (flagged_at < now",
            sliced(
                test_slices.DUE,
                test_slices.test_d20_whoever_reports_in_every_block_puts_nothing_off,
            ),
        ),
    ],
    21: [
        body(
            "SettleCode",
            "    assert not margin._is_stale(quote), errors.STALE_PRICE\n",
            "",
            owing(test_liveness.test_d21_sums_hold_where_a_price_is_stale),
        ),
    ],
    22: [
        body(
            "LiquidationCode",
            "    assert distress._was_due(\n",
            "    assert True or distress._was_due(\n",
            owing(
                test_liquidation.test_d22_who_opens_at_a_new_price_is_not_liquidated_at_it
            ),
        ),
        module_of(
            "backstop",
            "LiquidationCode",
            "    return min(share, fp._mul_div_down(margin, fp.WAD, 4 * exposure))\n",
            "    return share\n",
            owing(
                test_liquidation.test_d22_two_who_agree_gain_nothing_from_a_liquidation
            ),
        ),
        body(
            "Liquidator",
            "    assert msg.sender != self._owner(account), errors.SAME_OWNER\n",
            "",
            sliced(
                test_slices.DUE,
                test_slices.test_d22_no_owner_is_rewarded_for_his_own_account,
            ),
        ),
        body(
            "SliceCode",
            "        assert accounts._owner(reward) != accounts._owner(\n"
            "            account\n"
            "        ), errors.SAME_OWNER\n",
            "",
            sliced(
                test_slices.DUE,
                test_slices.test_d22_no_owner_is_rewarded_for_his_own_account,
            ),
        ),
        module_of(
            "slices",
            "SliceCode",
            "    return min(MAX_FEE, ratio // 4)\n",
            "    return 10 * MAX_FEE\n",
            sliced(
                [],
                test_slices.test_d22_two_who_agree_gain_nothing_from_a_slice,
                test_slices.BID,
            ),
        ),
        module_of(
            "slices",
            "SliceCode",
            "    apart: uint256 = min(ratio // 2, MAX_APART)\n",
            "    apart: uint256 = MAX_APART\n",
            sliced(
                test_slices.DUE,
                test_slices.test_d22_the_price_of_a_slice_has_a_limit,
            ),
        ),
    ],
    23: [
        module_of(
            "margin",
            "MarginCode",
            "fp._mul_div_up(owed, max(quote.slow, quote.fast), fp.WAD)",
            "fp._mul_div_up(owed, quote.slow, fp.WAD)",
            owing(
                test_rounding.test_d23_of_two_prices_each_side_gets_the_worse_one,
                2_500,
                2_540,
            ),
        ),
        module_of(
            "perpetual",
            "TradeCode",
            "return fp._signed_mul_div_up(size, ",
            "return fp._signed_mul_div_down(size, ",
            owing(test_rounding.test_d23_ways_of_closing_leave_the_fund_what_it_owes),
        ),
        module_of(
            "matching",
            "OrderBook",
            "        if is_trimmed or left",
            "        if (is_trimmed and sizes[i] != 0) or left",
            on_book(test_book.test_d23_an_order_that_failed_is_gone),
        ),
    ],
    24: [
        body(
            "AccountCode",
            "        assert step.kind == UNLEND, errors.OUT_OF_BOUNDS\n",
            "",
            owing(
                test_margin.test_d24_a_span_without_checks_has_a_list_of_what_may_happen_in_it,
                6,
            ),
        ),
        body(
            "AccountCode",
            "            is_risky = True\n",
            "            is_risky = False\n",
            owing(test_margin.test_d24_what_was_put_off_is_asked_in_the_end),
        ),
        body(
            "SettleCode",
            "state.venues[msg.sender] & LIQUIDATION_VENUE != 0",
            "True",
            owing(
                test_resolution.test_d24_no_bankruptcy_outside_a_takeover_that_was_due
            ),
        ),
    ],
    25: [
        module_of(
            "money_market",
            "SettleCode",
            "min(block.timestamp - pool.accrued_at, MAX_ACCRUAL)",
            "block.timestamp - pool.accrued_at",
            on(LENT_OUT, test_liveness.test_d25_ten_years_of_nobody_brick_nothing),
        ),
        module_of(
            "money_market",
            "SettleCode",
            "return grown if grown <= MAX_INDEX else pool.borrow_index",
            "return grown",
            on(LENT_OUT, test_liveness.test_d25_an_index_that_is_full_stands_still),
        ),
    ],
    27: [
        body(
            "MakerCode",
            "    open_orders._remove(account, market, is_buy, lots)\n",
            "",
            with_orders(
                test_orders.test_d27_what_an_order_binds_is_what_is_left_of_it, 300
            ),
        ),
        body(
            "OrderBook",
            "        self._remove(order, word, reason)\n        visits -= 1\n",
            "        self._remove(order, word, reason)\n",
            on_book(test_book.test_d27_a_heap_of_dead_orders_is_cleaned_piece_by_piece),
        ),
    ],
    29: [
        body(
            "LiquidationCode",
            "    log IClearinghouse.DebtTaken(",
            "    assert money_market._load(asset).cash >= amount\n"
            "    log IClearinghouse.DebtTaken(",
            on(LENT_OUT, test_liquidation.test_d29_a_takeover_needs_no_cash),
        ),
        body(
            "ForcedCode",
            "            self._take(account, instrument, opened",
            "            assert money_market._load(accounts.USDC).cash != 0\n"
            "            self._take(account, instrument, opened",
            sliced([], test_slices.test_d29_a_slice_needs_no_cash),
        ),
    ],
}
