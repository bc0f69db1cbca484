"""Guards of what is counted on: prices, margin, parameters, shares of a pool."""

from tests.helpers.scenes import LENT_OUT
from tests.incidents import (
    test_deleveraging,
    test_governance,
    test_liquidation,
    test_margin,
    test_prices,
    test_rounding,
)
from tests.mutants.incident_runs import (
    at_oracle,
    body,
    module_of,
    on,
    owing,
)

VALUE_GUARDS = {
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
        module_of(
            "accounts",
            "Clearinghouse",
            "    assert not self._is_bound(account), errors.BOUND\n",
            "    pass\n",
            owing(test_liquidation.test_d02_what_stands_behind_a_pledge_stays),
        ),
        body(
            "Liquidator",
            "    assert not staticcall CLEARINGHOUSE.is_bound(account), errors.BOUND\n",
            "",
            owing(test_liquidation.test_d02_what_stands_behind_a_pledge_stays),
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
            "    margin._check_conservative_margin(health._assess(provider))\n",
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
        body(
            "LiquidationCode",
            "            max_position, fp.WAD, perpetual",
            "            10**30, fp.WAD, perpetual",
            owing(test_liquidation.test_d03_a_position_of_a_provider_has_a_cap, 1_000),
        ),
        module_of(
            "providers",
            "Liquidator",
            "    return lost > convert(",
            "    return lost > 10**30 + convert(",
            owing(
                test_liquidation.test_d03_who_has_lost_enough_in_an_hour_takes_no_more
            ),
        ),
        body(
            "Liquidator",
            "        if terms.may_deleverage and rest != 0:\n",
            "        if terms.may_deleverage and rest == max_value(uint256):\n",
            on(
                test_deleveraging.FALLEN,
                test_deleveraging.test_d03_what_nobody_pledged_for_is_closed_against_the_other_side,
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
            "LiquidationCode",
            "accounts._owner(provider) != accounts._owner(account)",
            "True",
            owing(test_liquidation.test_d13_nobody_takes_over_from_himself),
        ),
    ],
    16: [
        module_of(
            "money_market",
            "Clearinghouse",
            "            fp._mul_div_down(left, fp.RAY, pool.lend_index), int256\n",
            "            fp._mul_div_up(left, fp.RAY, pool.lend_index), int256\n",
            on([], test_rounding.test_d16_interest_on_a_wei_inflates_no_index),
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
        body(
            "SpotCode",
            "    cost: uint256 = fp._mul_div_up(amount, price, fp.WAD)\n",
            "    cost: uint256 = fp._mul_div_down(amount, price, fp.WAD)\n",
            owing(test_rounding.test_d18_a_swap_of_a_few_wei_is_paid_for, 3),
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
    28: [
        body(
            "GovernanceCode",
            "    money_market._save(asset, money_market._load_accrued(asset))\n"
            "    state.curve[asset] = word",
            "    state.curve[asset] = word",
            owing(test_governance.test_d28_a_new_curve_is_not_for_the_time_before_it),
        ),
    ],
    30: [
        module_of(
            "money_market",
            "Clearinghouse",
            "            pool.lends -= burned\n",
            "            pass\n",
            on(LENT_OUT, test_rounding.test_d30_an_emptied_pool_starts_as_a_new_one),
        ),
    ],
}
