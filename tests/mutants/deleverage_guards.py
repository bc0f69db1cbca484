"""Guards of auto-deleveraging, weakened one by one, each with its test."""

from keeper.mirror_ticks import Mismatch
from tests.helpers.epochs import BROKE, CROWDED, liquidate
from tests.helpers.orders import OrderStage
from tests.helpers.protocol import exchange
from tests.helpers.worlds import bear
from tests.mutants.guards import Guard, on_stage
from tests.unit import test_deleveraged_orders as resting
from tests.unit import test_deleveraged_views as views
from tests.unit import test_deleveraging as epochs

MODULE = "modules/deleveraging.vy"
ORDER = 3, 1, 0, 2


def on_crowd(test, *arguments):
    """
    Return what runs a test of a stage on which a crowd trades. It fails, too, where
    words of the storage do not agree among themselves.
    """

    def run(mutant):
        try:
            on_stage(test, *arguments, scene=CROWDED)(mutant)
        except Mismatch as found:
            raise AssertionError from found

    return run


def on_book(test, *arguments):
    """Return what runs a test in which everybody has an epoch before him."""

    def run(mutant):
        stage = OrderStage()
        exchange(stage.made, mutant)
        with stage.at([*CROWDED, *BROKE, liquidate()]):
            test(stage, *arguments)

    return run


def of_code(old, new, test, *arguments):
    path = "DeleverageCode.vy"
    return Guard("DeleverageCode", path, old, new, on_crowd(test, *arguments))


def of_module(old, new, test, *arguments):
    return Guard("DeleverageCode", MODULE, old, new, on_crowd(test, *arguments))


def of_trade(old, new, test, *arguments):
    return Guard("TradeCode", "TradeCode.vy", old, new, on_crowd(test, *arguments))


DELEVERAGE_GUARDS = [
    # What a venue may do
    of_code(
        "assert state.venues[msg.sender] & LIQUIDATION_VENUE != 0",
        "assert True",
        epochs.test_a_stranger_deleverages_nobody,
    ),
    of_code(
        "assert account != 0, errors.NO_TAKEOVER",
        "assert True, errors.NO_TAKEOVER",
        epochs.test_closed_takeovers_leave_nothing_to_deleverage,
    ),
    of_code(
        "assert state.takeover_may_deleverage,",
        "assert True,",
        epochs.test_a_takeover_is_opened_first_and_says_whether_it_may_be,
    ),
    of_code(
        "assert portion <= fp.WAD, errors.OUT_OF_BOUNDS",
        "assert True, errors.OUT_OF_BOUNDS",
        epochs.test_no_more_is_closed_than_there_is,
    ),
    of_code(
        "if size == 0 or margin._is_stale(quote):",
        "if size == 0:",
        epochs.test_a_market_with_a_stale_mark_is_left_alone,
    ),
    of_code(
        "    state.takeover_deficit -= loss\n",
        "",
        epochs.test_the_other_side_pays_for_a_deficit_once,
    ),
    # What an epoch is
    of_code(
        "interest: uint256 = deleveraging._effective_interest(market)",
        "interest: uint256 = state.market_size[market] & _LOW_64",
        epochs.test_epochs_are_met_in_their_order_and_those_of_the_other_side_passed,
    ),
    of_module(
        "    return (state.market_size[market] & _LOW_64) - max(\n"
        "        (pending >> 64) & _LOW_64, pending & _LOW_64\n    )",
        "    return (state.market_size[market] & _LOW_64) - (pending >> 64)",
        epochs.test_epochs_are_met_in_their_order_and_those_of_the_other_side_passed,
    ),
    of_code(
        "    state.market_pending[market] += size << offset\n",
        "",
        epochs.test_what_nobody_takes_over_is_closed_against_the_other_side,
    ),
    of_code(
        "        state.market_pending[market] -= closed << offset\n",
        "",
        epochs.test_whoever_comes_first_all_are_closed_once_all_have_come,
        ORDER,
    ),
    of_code(
        "(risk & _LOW_233) | (packing._fit(epoch, 23) << 233)",
        "risk",
        epochs.test_what_nobody_takes_over_is_closed_against_the_other_side,
    ),
    # Who is closed, and how much
    of_code(
        "| (carry << 64) |",
        "|",
        epochs.test_whoever_comes_first_all_are_closed_once_all_have_come,
        ORDER,
    ),
    of_module(
        "* (terms >> 192) + carry",
        "* (terms >> 192)",
        epochs.test_whoever_comes_first_all_are_closed_once_all_have_come,
        ORDER,
    ),
    of_code(
        "((word & _LOW_64) - closed)",
        "(word & _LOW_64)",
        epochs.test_whoever_comes_first_all_are_closed_once_all_have_come,
        ORDER,
    ),
    of_code(
        "        state.positions[account][market] = word + (1 << 24)\n",
        "",
        epochs.test_a_touch_tells_what_was_closed,
        bear,
    ),
    of_module(
        "(state.epoch_terms[market][epoch] & 1 != 0) == (lots > 0)",
        "lots != 0",
        epochs.test_a_short_is_closed_against_longs,
    ),
    of_code(
        "(risk & _LOW_233) | (epoch << 233)",
        "risk",
        epochs.test_a_touch_applies_eight_epochs_and_another_goes_on,
    ),
    of_code(
        "held - lots, perpetual._basis(word) - cost",
        "held - lots, perpetual._basis(word)",
        epochs.test_what_a_touch_closes_comes_out_of_the_inventory_to_the_wei,
    ),
    of_code(
        "convert(sums & _LOW_64, int256) + max(held - lots, 0) - max(held, 0)",
        "convert(sums & _LOW_64, int256)",
        epochs.test_what_nobody_takes_over_is_closed_against_the_other_side,
    ),
    # At what price
    of_module(
        "max(convert(price, int256) + funding_index - then, 0)",
        "max(convert(price, int256), 0)",
        epochs.test_funding_since_then_is_not_lost,
    ),
    of_module(
        "    apart = min(apart, bound)\n",
        "",
        epochs.test_no_price_is_further_than_the_margin_that_it_frees,
    ),
    of_code(
        "fp._mul_div_down(freed, fp.WAD, fp.PPM + borrowed)",
        "fp._mul_div_down(freed, fp.WAD, fp.PPM)",
        epochs.test_no_price_is_further_than_the_margin_that_it_frees,
    ),
    of_module(
        "is_above = is_selling",
        "is_above = not is_selling",
        epochs.test_what_the_fund_cannot_pay_the_other_side_pays,
        0,
    ),
    of_code(
        "return deleveraging._limit_to_index(price, mark, index)",
        "return price",
        epochs.test_a_price_stays_as_near_to_the_index_as_a_mark,
    ),
    # Whoever trades meets his epochs first
    of_trade(
        "        self._touch(market, buyer, risk)\n",
        "",
        epochs.test_to_reopen_or_to_grow_changes_nothing,
    ),
    of_trade(
        "        self._touch(market, seller, risk)\n"
        "        pool = money_market._load(accounts.USDC)\n",
        "        self._touch(market, seller, risk)\n",
        epochs.test_to_reopen_or_to_grow_changes_nothing,
    ),
    Guard(
        "TradeCode",
        "modules/settlement.vy",
        "assert risk >> perpetual.EPOCHS == 0 or not perpetual._is_behind(\n"
        "        word, risk\n    ), errors.EPOCHS_PENDING",
        "assert True, errors.EPOCHS_PENDING",
        on_crowd(epochs.test_a_touch_applies_eight_epochs_and_another_goes_on),
    ),
    Guard(
        "TradeCode",
        "modules/settlement.vy",
        "        new_entry |= (risk >> perpetual.EPOCHS) << 24\n",
        "        new_entry |= 0\n",
        on_crowd(epochs.test_who_is_flat_or_comes_later_is_not_reduced),
    ),
    Guard(
        "TradeCode",
        "modules/settlement.vy",
        "perpetual._pack(lots, basis) | (word & perpetual.EPOCHS_MET) | new_entry",
        "perpetual._pack(lots, basis) | new_entry",
        on_crowd(epochs.test_who_is_flat_or_comes_later_is_not_reduced_by_settling),
    ),
    Guard(
        "SettleCode",
        "SettleCode.vy",
        "        positions._touch(market, account, risk)\n",
        "",
        on_crowd(epochs.test_who_may_not_be_realised_is_touched_all_the_same),
    ),
    Guard(
        "LiquidationCode",
        "LiquidationCode.vy",
        "    positions._touch_all(provider)\n",
        "",
        on_crowd(epochs.test_a_provider_meets_its_epochs_before_it_takes_over),
    ),
    Guard(
        "LiquidationCode",
        "modules/legs.vy",
        "    positions._touch_all(account)\n",
        "",
        on_crowd(
            epochs.test_those_behind_a_stale_mark_are_touched_when_they_are_taken_over
        ),
    ),
    Guard(
        "MakerCode",
        "MakerCode.vy",
        "    positions._touch(market, account, risk)\n",
        "",
        on_book(resting.test_a_maker_is_filled_at_the_size_that_is_left),
    ),
    Guard(
        "OrderCode",
        "OrderCode.vy",
        "    positions._touch(market, taker, state.market_risk[market])\n",
        "",
        on_book(resting.test_a_taker_is_filled_at_the_size_that_is_left),
    ),
    Guard(
        "OrderCode",
        MODULE,
        "return perpetual._lots(self._effective(market, word, risk, 0))",
        "return perpetual._lots(word)",
        on_book(resting.test_in_a_paused_market_no_more_than_what_is_left_is_closed, 1),
    ),
    # Margin sees it at once
    Guard(
        "MarginCode",
        "modules/margin.vy",
        "        word = deleveraging._effective(market, word, risk, index)\n",
        "        pass\n",
        on_crowd(epochs.test_margin_sees_at_once_what_a_touch_will_do, bear),
    ),
    Guard(
        "MarginCode",
        "modules/margin.vy",
        "            stored,\n",
        "            word,\n",
        on_crowd(epochs.test_margin_sees_at_once_what_a_touch_will_do, bear),
    ),
    Guard(
        "MarginCode",
        "modules/margin.vy",
        "    lots: int256 = deleveraging._effective_lots(market, account)\n",
        "    lots: int256 = perpetual._lots(state.positions[account][market])\n",
        on_book(resting.test_orders_that_would_turn_what_is_left_over_bind_margin),
    ),
    Guard(
        "MarginCode",
        MODULE,
        "    for _: uint256 in range(MAX_EPOCHS):\n        if lots == 0",
        "    for _: uint256 in range(MAX_EPOCHS - 1):\n        if lots == 0",
        on_crowd(epochs.test_a_touch_applies_eight_epochs_and_another_goes_on),
    ),
    Guard(
        "Lens",
        "modules/position_views.vy",
        "    if staticcall vault.CLEARINGHOUSE.position_of(account, market) != word:\n"
        "        return True\n",
        "",
        on_crowd(views.test_anyone_may_have_epochs_close_their_parts),
    ),
]
