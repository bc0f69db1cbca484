"""Guards against incidents, weakened one by one, each with the test that plays it."""

from types import SimpleNamespace

from keeper.chain.interface import Refused
from specs.fixed_point import WAD
from tests.helpers.orders import OrderStage
from tests.helpers.protocol import Stage, exchange
from tests.helpers.reports import Oracle, list_all
from tests.helpers.scenes import LENT_OUT, OWING
from tests.incidents import (
    test_book,
    test_governance,
    test_liquidation,
    test_liveness,
    test_margin,
    test_orders,
    test_prices,
    test_reentrancy,
    test_resolution,
    test_rounding,
)
from tests.mutants.conversion_guards import on_book
from tests.mutants.guards import Guard, from_within


def on(scene, test, *arguments):
    """Return what runs a test of a stage at a scene."""

    def run(mutant):
        stage = Stage()
        exchange(stage.made, mutant)
        with stage.at(scene):
            test(stage, *arguments)

    return run


def owing(test, *arguments):
    return on(OWING, test, *arguments)


def with_orders(test, *arguments):
    """Return what runs a test of a stage on which a book calls."""

    def run(mutant):
        stage = OrderStage()
        exchange(stage.made, mutant)
        with stage.at(OWING):
            test(stage, *arguments)

    return run


def at_oracle(test, *arguments):
    """Return what runs a test of an oracle."""

    def run(mutant):
        oracle = Oracle()
        list_all(oracle)
        contracts = {"PriceOracle": oracle.contract}
        exchange(SimpleNamespace(contracts=contracts, chain=oracle.chain), mutant)
        try:
            test(oracle, *arguments)
        except Refused as refused:
            raise AssertionError("it is refused") from refused

    return run


def module_of(name, contract, old, new, run):
    """Return a guard of a module, in one of the contracts that it is compiled into."""
    return Guard(contract, f"modules/{name}.vy", old, new, run)


def body(name, old, new, run):
    return Guard(name, f"{name}.vy", old, new, run)


BY_INCIDENT = {
    1: [
        module_of(
            "virtual_pnl",
            "MarginCode",
            "    if winners <= backing:\n",
            "    if True:\n",
            owing(
                test_margin.test_d01_a_pumped_gain_lends_no_more_than_its_market_gives_credit,
                0,
            ),
        ),
        module_of(
            "liquidity_fund",
            "TradeCode",
            "return min(gain, max(0, fund_balance + convert(cap, int256)))",
            "return gain",
            owing(test_margin.test_d01_a_pumped_gain_is_paid_from_its_market_alone),
        ),
        body(
            "TradeCode",
            "after <= before or after <= limits >> 192",
            "True",
            owing(test_margin.test_d01_a_market_gets_no_larger_than_what_it_can_bear),
        ),
        module_of(
            "margin",
            "MarginCode",
            "        if quote.fast < quote.slow:\n            gross",
            "        if quote.fast > quote.slow:\n            gross",
            owing(
                test_margin.test_d01_collateral_counts_at_the_price_that_moves_slowly,
                2_550,
                True,
            ),
        ),
        module_of(
            "margin",
            "Clearinghouse",
            "    assert not health.is_diverging, errors.PRICES_DIVERGE\n",
            "",
            owing(
                test_margin.test_d01_collateral_counts_at_the_price_that_moves_slowly,
                2_551,
                False,
            ),
        ),
    ],
    2: [
        body(
            "Clearinghouse",
            "    margin._check_initial_margin(found)\n",
            "",
            owing(test_margin.test_d02_margin_behind_a_position_stays_to_the_cent),
        ),
        module_of(
            "requirements",
            "MarginCode",
            "    return max(base * _PPM_UNIT, slope)\n",
            "    return base * _PPM_UNIT\n",
            owing(test_margin.test_d02_a_large_position_binds_more_for_each_unit),
        ),
        module_of(
            "backstop",
            "LiquidationCode",
            "return fp._mul_div_up(mark, fp.WAD - part, fp.WAD)",
            "return fp._mul_div_up(mark, fp.WAD + part, fp.WAD)",
            owing(test_liquidation.test_d02_who_takes_over_pays_no_more_than_the_mark),
        ),
    ],
    3: [
        module_of(
            "providers",
            "Liquidator",
            "return min(per_minute - minute, per_hour - hour)",
            "return per_hour * 10**6",
            owing(test_liquidation.test_d03_a_provider_takes_no_more_than_it_pledged),
        ),
        body(
            "LiquidationCode",
            "    health._require_initial_margin(provider)\n",
            "",
            owing(test_liquidation.test_d03_a_provider_ends_with_initial_margin),
        ),
        body(
            "PriceOracle",
            "    assert publishing.weight_of[signer] != 0, errors.NOT_PUBLISHER\n",
            "",
            at_oracle(test_prices.test_d03_the_governor_has_no_price_to_give),
        ),
        body(
            "PriceOracle",
            "    assert msg.sender == book_basis.book_of[market], errors.NOT_BOOK\n",
            "",
            at_oracle(test_prices.test_d03_the_governor_has_no_price_to_give),
        ),
    ],
    4: [
        module_of(
            "backstop",
            "LiquidationCode",
            "            healing = parts\n",
            "            healing = PARTS\n",
            owing(test_liquidation.test_d04_no_more_is_taken_than_heals),
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
    6: [
        module_of(
            "price_index",
            "PriceOracle",
            "    if agreeing < quorum:\n        return 0\n",
            "",
            at_oracle(
                test_prices.test_d06_one_of_two_publishers_does_not_choose_the_price
            ),
        ),
        module_of(
            "price_index",
            "PriceOracle",
            "clamped: uint256 = min(max(prices[i], low), high)",
            "clamped: uint256 = prices[i]",
            at_oracle(
                test_prices.test_d06_one_of_two_publishers_does_not_choose_the_price
            ),
        ),
        module_of(
            "book_basis",
            "PriceOracle",
            "return min(max(distance, -limit), limit)",
            "return distance",
            at_oracle(
                test_prices.test_d06_a_book_that_collapses_takes_the_mark_no_further_than_its_bound
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
            "        self._held(accounts.BACKSTOP_FUND, accounts.USDC),\n",
            "        0,\n",
            on(
                test_resolution.LENT_BY_TWO,
                test_resolution.test_d07_the_fund_pays_before_the_reserve_and_both_before_the_lenders,
            ),
        ),
    ],
    8: [
        module_of(
            "margin",
            "MarginCode",
            "            worst = virtual_pnl._credit(\n",
            "            worst += 0 * virtual_pnl._credit(\n",
            owing(test_margin.test_d08_a_gain_carries_no_larger_position),
        ),
        body(
            "SettleCode",
            "return (fraction << 32) | (mmf << 16) | imf",
            "return (mmf << 16) | imf",
            owing(test_margin.test_d08_many_wallets_bind_as_much_as_one),
        ),
    ],
    9: [
        body(
            "GovernanceCode",
            "    if is_loosening and delay != 0:\n",
            "    if is_loosening and delay == max_value(uint256):\n",
            on(
                test_governance.GOVERNED,
                test_governance.test_d09_a_thief_loosens_nothing_at_once,
            ),
        ),
        body(
            "GovernanceCode",
            "        weight = min(weight, packing._get(quote, 40, 24))\n",
            "        pass\n",
            on(
                test_governance.GOVERNED,
                test_governance.test_d09_new_collateral_counts_for_little_at_first,
                0,
            ),
        ),
        body(
            "GovernanceCode",
            "before + bounds.RAMP_PER_DAY * (elapsed - rest) // _DAY",
            "before + 10**6",
            on(
                test_governance.GOVERNED,
                test_governance.test_d09_new_collateral_counts_for_little_at_first,
                1,
            ),
        ),
        module_of(
            "guards",
            "Clearinghouse",
            "    assert held_after + outflow >= average, errors.OUTFLOW_TOO_LARGE\n",
            "",
            on(
                test_governance.GOVERNED,
                test_governance.test_d09_no_more_than_a_share_leaves_within_a_day,
            ),
        ),
        module_of(
            "margin",
            "Clearinghouse",
            "    assert not health.is_stale, errors.STALE_PRICE\n",
            "",
            on(
                test_governance.UNPRICED,
                test_governance.test_d09_an_asset_without_a_price_is_not_lent_out,
            ),
        ),
    ],
    10: [
        module_of(
            "quorum",
            "PriceOracle",
            "    assert time > reported_at, errors.REPORT_NOT_LATER\n",
            "",
            at_oracle(test_prices.test_d10_a_version_that_is_over_does_not_come_back),
        ),
        module_of(
            "price_index",
            "PriceOracle",
            "    assert units != 0, errors.PRICE_OUT_OF_RANGE\n",
            "",
            at_oracle(test_prices.test_d10_there_is_no_price_of_nothing),
        ),
        body(
            "SettleCode",
            "    if time <= old.time:\n        return\n",
            "",
            owing(test_prices.test_d10_an_old_price_is_not_taken_over_again, 61),
        ),
        module_of(
            "funding",
            "SettleCode",
            "charged: uint256 = min(elapsed, interval)",
            "charged: uint256 = elapsed",
            owing(
                test_prices.test_d10_no_update_of_funding_costs_more_than_an_interval, 1
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
            "LiquidationCode",
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
    13: [
        body(
            "AccountCode",
            "    health._require_initial_margin(giver)\n",
            "",
            owing(test_margin.test_d13_whatever_lowers_a_balance_asks_for_margin),
        ),
        body(
            "AccountCode",
            "accounts._owner(giver) == accounts._owner(taker)",
            "True",
            owing(test_margin.test_d13_whatever_lowers_a_balance_asks_for_margin),
        ),
        body(
            "Liquidator",
            "if self._owner(provider) != self._owner(account):",
            "if provider != account:",
            owing(test_liquidation.test_d13_nobody_takes_over_from_himself),
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
    16: [
        module_of(
            "money_market",
            "Clearinghouse",
            "fp._mul_div_down(interest - kept, fp.RAY, convert(sharing, uint256))",
            "fp._mul_div_up(interest - kept, fp.RAY, convert(sharing, uint256))",
            on([], test_rounding.test_d16_interest_on_a_wei_inflates_no_index),
        ),
    ],
    17: [
        body(
            "LiquidationCode",
            "    if due < worth:\n",
            "    if due != 0:\n",
            owing(
                test_liveness.test_d17_an_account_with_nothing_but_debts_is_taken_over
            ),
        ),
    ],
    18: [
        module_of(
            "money_market",
            "Clearinghouse",
            "                fp._mul_div_up(left, fp.RAY, pool.lend_index), int256\n",
            "                fp._mul_div_down(left, fp.RAY, pool.lend_index), int256\n",
            owing(test_rounding.test_d18_many_small_round_trips_earn_nothing, 3),
        ),
    ],
    19: [
        module_of(
            "money_market",
            "MarginCode",
            "return fp._mul_div_up(convert(-scaled, uint256), borrow_index, fp.RAY)",
            "return fp._mul_div_down(convert(-scaled, uint256), borrow_index, fp.RAY)",
            on([], test_rounding.test_d19_a_debt_of_one_unit_is_a_debt),
        ),
        module_of(
            "guards",
            "Clearinghouse",
            "        cap == 0 or after <= cap * fp.WAD or after <= before\n"
            "    ), errors.SUPPLY_CAP_REACHED\n",
            "        cap == 0 or after <= cap * fp.WAD\n"
            "    ), errors.SUPPLY_CAP_REACHED\n",
            on(LENT_OUT, test_rounding.test_d19_a_cap_keeps_nobody_from_repaying),
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
    26: [
        module_of(
            "margin",
            "TradeCode",
            "return block.timestamp - quote.time > MAX_PRICE_AGE",
            "return block.timestamp - quote.time > MAX_PRICE_AGE + 1",
            owing(test_prices.test_d26_one_rule_says_when_a_price_is_stale),
        ),
        module_of(
            "quorum",
            "PriceOracle",
            "    assert state.published_at != block.timestamp",
            "    assert True",
            at_oracle(test_prices.test_d26_a_block_has_one_price),
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
    28: [
        body(
            "GovernanceCode",
            "    money_market._save(asset, money_market._load_accrued(asset))\n"
            "    state.curve[asset] = word",
            "    state.curve[asset] = word",
            owing(test_governance.test_d28_a_new_curve_is_not_for_the_time_before_it),
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
    ],
    30: [
        module_of(
            "money_market",
            "Clearinghouse",
            "        pool.lends -= scaled\n        scaled = 0\n",
            "        scaled = 0\n",
            on(LENT_OUT, test_rounding.test_d30_an_emptied_pool_starts_as_a_new_one),
        ),
    ],
}

INCIDENT_GUARDS = [guard for guards in BY_INCIDENT.values() for guard in guards]
"""All of them, in the order of the incidents."""
