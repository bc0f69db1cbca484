"""Guards of flags and slices, weakened one by one, each with its test."""

from keeper.chain.interface import Refused
from specs.accounts import BACKSTOP_FUND, USDC
from tests.helpers.orders import spot
from tests.helpers.protocol import exchange
from tests.helpers.slicing import Session
from tests.helpers.worlds import BULL, ETH, UNLISTED, account_of, bull
from tests.mutants.guards import Guard
from tests.unit import test_slices as slices


def on_slices(test, *arguments):
    """Return what runs a test of an account that is due."""

    def run(mutant):
        stage = Session()
        exchange(stage.made, mutant)
        with stage.at(slices.DUE):
            judge(test, stage, *arguments)

    return run


def deployed(test):
    """Return what runs a test that has a scene of its own."""

    def run(mutant):
        stage = Session()
        exchange(stage.made, mutant)
        judge(test, stage)

    return run


def judge(test, *arguments):
    """Run a test; a refusal is a failure."""
    try:
        test(*arguments)
    except Refused as refused:
        raise AssertionError("it is refused") from refused


def of_slices(old, new, run):
    return Guard("SliceCode", "SliceCode.vy", old, new, run)


def of_filling(old, new, run):
    return Guard("ForcedCode", "ForcedCode.vy", old, new, run)


def of_module(name, old, new, run):
    return Guard("SliceCode", f"modules/{name}.vy", old, new, run)


def refused(account, instrument, reason):
    """Return what runs the test of what makes no sense."""
    test = slices.test_what_makes_no_sense_is_refused
    return on_slices(test, account, instrument, reason)


VENUES = on_slices(slices.test_a_venue_alone_opens_fills_and_closes)
CLOSED = on_slices(slices.test_nothing_is_filled_or_closed_that_is_not_open)
FLAGGED = slices.test_who_is_not_due_is_not_flagged
REWARDS = slices.test_nobody_is_rewarded_for_an_account_of_his_own
BEYOND = on_slices(slices.test_the_first_price_beyond_the_limit_ends_it)
PAUSED = on_slices(slices.test_a_paused_market_lets_both_reduce)

SLICE_GUARDS = [
    # Flags
    of_slices(
        "    accounts._require_user(account)\n    legs._accrue(account)\n    assert",
        "    legs._accrue(account)\n    assert",
        on_slices(FLAGGED, BACKSTOP_FUND, "reserved account"),
    ),
    of_slices(
        "    legs._accrue(account)\n    assert margin._is_due_now",
        "    assert margin._is_due_now",
        deployed(slices.test_interest_makes_an_account_due),
    ),
    of_slices(
        "assert margin._is_due_now(health._assess(account)), errors.NOT_LIQUIDATABLE",
        "pass",
        on_slices(FLAGGED, bull + 9, "not liquidatable"),
    ),
    of_slices(
        "margin._is_due_now(health._assess(account))",
        "margin._is_liquidatable(health._assess(account))",
        on_slices(slices.test_who_is_due_by_a_stale_price_alone_is_not_flagged),
    ),
    of_module(
        "distress",
        "        return word\n    return now",
        "        pass\n    return now",
        on_slices(slices.test_a_flag_stays_for_a_minute),
    ),
    of_module(
        "distress",
        "(flagged_at < now and",
        "(",
        on_slices(slices.test_a_price_in_every_block_puts_nothing_off),
    ),
    of_module(
        "distress",
        "(flagged_at < now and now <= flagged_at + FLAG_LIFE)",
        "(0 < flagged_at and flagged_at < now)",
        on_slices(slices.test_a_flag_is_forgotten_after_a_minute),
    ),
    # When
    *(
        of_slices(f"    self._require_venue()\n    {after}", f"    {after}", VENUES)
        for after in ("accounts._require_user", "closed: IClearinghouse.Slice")
    ),
    of_filling("    self._require_venue()\n    opened: ", "    opened: ", VENUES),
    of_slices(
        "LIQUIDATION_VENUE: constant(uint256) = 2",
        "LIQUIDATION_VENUE: constant(uint256) = 7",
        VENUES,
    ),
    of_slices(
        "    accounts._require_user(account)\n    tradables",
        "    tradables",
        refused(BACKSTOP_FUND, 0, "reserved account"),
    ),
    *(
        of_slices(
            "    tradables._require_listed(instrument)\n",
            "",
            refused(bull, instrument, reason),
        )
        for instrument, reason in (
            (UNLISTED, "unknown market"),
            (spot(USDC), "unknown asset"),
        )
    ),
    of_slices(
        "    assert not margin._is_stale(quote), errors.STALE_PRICE\n",
        "",
        on_slices(slices.test_nothing_is_reduced_at_a_stale_price, 0),
    ),
    of_slices(
        "    if not margin._is_due_now(found):\n",
        "    if len(errors.NO_SLICE) == 0:\n",
        on_slices(slices.test_nobody_above_maintenance_margin_is_reduced, 60_000),
    ),
    of_slices(
        "    if not margin._is_due_now(found):\n",
        "    if len(errors.NO_SLICE) != 0:\n",
        on_slices(slices.test_a_slice_leaves_the_account_better_off),
    ),
    of_slices(
        "distress._is_going_on(\n            word, block.timestamp\n        ) and ",
        "",
        on_slices(slices.test_nobody_goes_on_where_nobody_began),
    ),
    of_module(
        "distress",
        "return sliced_at != 0 and now <= sliced_at + SLICE_LIFE",
        "return sliced_at != 0",
        on_slices(slices.test_it_goes_on_for_a_minute_after_a_slice_only),
    ),
    of_slices(
        "found.equity < convert(\n"
        "            slices._compute_end(legs._get(account)), int256\n        )",
        "True",
        on_slices(slices.test_an_account_is_reduced_on_until_it_has_initial_margin),
    ),
    of_slices(
        "    assert distress._was_due(\n"
        "        word, found.priced_at, block.timestamp\n"
        "    ), errors.PRICE_TOO_FRESH\n",
        "",
        on_slices(slices.test_nobody_is_reduced_at_prices_of_this_block),
    ),
    of_slices(
        "    assert open_orders._codes(state.headers[account]) == 0, "
        "errors.ORDERS_OPEN\n",
        "",
        on_slices(slices.test_orders_are_cancelled_first),
    ),
    of_slices(
        "    assert found.equity > 0, errors.NO_EQUITY\n",
        "",
        on_slices(slices.test_without_equity_there_is_nothing_to_sell_at_a_discount),
    ),
    of_slices(
        "    bankruptcy._use_idle(account)\n",
        "",
        deployed(slices.test_what_lies_idle_pays_the_debt_first),
    ),
    of_slices(
        "    legs._realise(account)\n",
        "",
        on_slices(slices.test_each_side_is_logged),
    ),
    # What
    of_slices(
        "asset == conversion._best_collateral(account)",
        "asset != 0",
        refused(bull, spot(ETH), "wrong collateral"),
    ),
    of_slices(
        "    if bankruptcy._owed(account, asset) != 0:\n",
        "    if asset == 0:\n",
        deployed(slices.test_a_debt_is_bought_back),
    ),
    of_slices(
        "        bankruptcy._held(account, asset),\n        fp",
        "        max_value(uint256),\n        fp",
        deployed(slices.test_no_more_collateral_is_sold_than_there_is),
    ),
    of_slices(
        "left=slices._compute_most(held, parts, least)",
        "left=held",
        on_slices(slices.test_no_more_is_closed_than_restores_initial_margin),
    ),
    of_module(
        "slices",
        "if equity >= convert(needed, int256):",
        "if equity < convert(needed, int256):",
        on_slices(slices.test_no_more_is_closed_than_restores_initial_margin),
    ),
    *(
        of_module(
            "slices",
            old,
            new,
            on_slices(
                slices.test_a_position_is_closed_at_half_of_its_share_of_the_equity,
                0,
                False,
                0,
            ),
        )
        for old, new in (
            ("min(ratio // 2, MAX_APART)", "min(ratio, MAX_APART)"),
            ("return min(MAX_FEE, ratio // 4)", "return min(MAX_FEE, ratio)"),
        )
    ),
    # How
    *(
        of_filling(
            f"        {condition}\n",
            f"        {condition.replace(dropped, kept)}\n",
            CLOSED,
        )
        for condition, dropped, kept in (
            ("opened.account != 0", "opened.account != 0", "True"),
            ("and opened.account == account", "opened.account == account", "True"),
            (
                "and opened.instrument == instrument",
                "opened.instrument == instrument",
                "True",
            ),
        )
    ),
    of_filling(
        "makers._require_size(instrument, making, quote.slow)",
        "pass",
        on_slices(
            slices.test_a_size_that_no_fill_may_have_is_refused, 0, "zero amount"
        ),
    ),
    of_filling(
        "        asked += making.size\n    assert asked <= opened.left",
        "        asked = making.size\n    assert asked <= opened.left",
        on_slices(slices.test_more_than_that_is_refused),
    ),
    of_filling(
        "    assert asked <= opened.left, errors.AMOUNT_TOO_LARGE\n",
        "",
        on_slices(slices.test_more_than_that_is_refused),
    ),
    of_filling(
        "            opened.left -= size\n",
        "",
        on_slices(slices.test_more_than_that_is_refused),
    ),
    of_filling(
        "self._is_beyond(making.price, opened.limit, opened.is_buy)",
        "making.price == 0",
        BEYOND,
    ),
    of_filling(
        "return price > limit if is_buy else price < limit",
        "return price < limit",
        on_slices(slices.test_the_first_ask_beyond_the_limit_ends_it),
    ),
    of_filling(
        "            elif len(obstacle) != 0 and size",
        "            elif False and size",
        PAUSED,
    ),
    of_filling(
        "making.account, instrument, not opened.is_buy\n            ):",
        "making.account, instrument, opened.is_buy\n            ):",
        PAUSED,
    ),
    of_filling(
        "        if len(stop) != 0:\n            size = 0\n",
        "",
        BEYOND,
    ),
    of_filling(
        "        if size != 0 and not makers._fill(\n"
        "            instrument, making, not opened.is_buy, size\n"
        "        ):\n            size = 0\n",
        "        if size != 0:\n"
        "            makers._fill(instrument, making, not opened.is_buy, size)\n",
        on_slices(slices.test_a_maker_who_cannot_be_filled_is_passed_over),
    ),
    of_filling(
        "usdc = money_market._pay_debt(",
        "usdc = money_market._credit(",
        on_slices(slices.test_collateral_pays_the_debt_whatever_the_settings_say),
    ),
    of_filling(
        "            pool = money_market._pay_debt(account, asset, pool, size)\n",
        "            pool = money_market._pay_debt(account, asset, pool, size - 1)\n",
        deployed(slices.test_a_debt_is_bought_back),
    ),
    # The end
    of_slices("    assert account != 0, errors.NO_SLICE\n", "", CLOSED),
    of_slices("    state.opened_slice = empty(IClearinghouse.Slice)\n", "", CLOSED),
    of_slices(
        "        accounts._require_user(reward)\n",
        "",
        on_slices(REWARDS, BACKSTOP_FUND, "reserved account"),
    ),
    of_slices(
        "accounts._owner(reward) != accounts._owner(\n            account\n        )",
        "reward != account",
        on_slices(REWARDS, account_of(BULL, 9), "same owner"),
    ),
    of_slices(
        "            rewarded = fee // 2\n",
        "            rewarded = fee\n",
        on_slices(slices.test_half_of_the_fee_is_the_rewarded_accounts, True),
    ),
    of_slices(
        "        if reward != 0:\n            rewarded",
        "        if closed.filled != 0:\n            rewarded",
        on_slices(slices.test_half_of_the_fee_is_the_rewarded_accounts, False),
    ),
    of_slices(
        "        self._charge(account, fee, reward, rewarded)\n",
        "",
        on_slices(slices.test_half_of_the_fee_is_the_rewarded_accounts, True),
    ),
    of_slices(
        "    if closed.filled != 0:\n",
        "    if account != 0:\n",
        on_slices(slices.test_where_nothing_is_filled_nobody_pays),
    ),
    of_slices(
        "        state.distress[account] = distress._slice(\n"
        "            state.distress[account], block.timestamp\n        )\n",
        "",
        on_slices(slices.test_it_goes_on_for_a_minute_after_a_slice_only),
    ),
    of_module(
        "slices",
        "        and new_equity * old_margin >= old_equity * new_margin\n",
        "",
        deployed(slices.test_what_does_not_improve_the_account_is_refused),
    ),
]
