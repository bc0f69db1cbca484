"""Guards of the quote desk, weakened one by one, each with the test that misses it."""

from tests.helpers.conversions import LOSS
from tests.mutants.guards import Guard, at_desk, on_stage
from tests.unit import test_conversion_requests as announced
from tests.unit import test_requests as asked
from tests.unit import test_two_sided as two_sided

USE = "    nonces._use(maker.account, maker.nonce)\n"
CLOSE = "    requests._close(id, asked.account)\n"


def of_desk(old, new, test, *arguments):
    return Guard("QuoteDesk", "QuoteDesk.vy", old, new, at_desk(test, *arguments))


def of_requests(old, new, test, *arguments):
    return Guard(
        "QuoteDesk", "modules/requests.vy", old, new, at_desk(test, *arguments)
    )


def of_margin(old, new, test, scene=LOSS):
    return Guard("MarginCode", "MarginCode.vy", old, new, on_stage(test, scene=scene))


DESK_GUARDS = [
    of_desk(
        "assert maker.request == 0, errors.WRONG_REQUEST",
        "assert True, errors.WRONG_REQUEST",
        asked.test_a_quote_that_names_a_request_is_for_that_one_alone,
    ),
    of_desk(
        "assert self._may_trade(asked.account, asked.asker), errors.NOT_AUTHORISED",
        "assert True, errors.NOT_AUTHORISED",
        asked.test_whoever_asked_must_still_be_allowed_to,
    ),
    of_desk(
        "    nonces._check_unused(maker.account, maker.nonce)\n",
        "",
        asked.test_an_answer_is_signed_and_its_nonce_unused,
        False,
    ),
    of_desk(
        USE + CLOSE,
        CLOSE,
        asked.test_an_answer_uses_its_nonce_up_when_it_fills,
        True,
    ),
    of_desk(
        USE + CLOSE,
        USE,
        asked.test_the_first_answer_fills_what_is_immediate,
        3,
        True,
    ),
    of_desk(
        "    self._check_band(side.instrument, side.price)\n",
        "",
        asked.test_the_price_is_inside_the_band,
        True,
    ),
    of_desk(
        "assert most != 0, errors.NOT_CONVERTIBLE",
        "assert True, errors.NOT_CONVERTIBLE",
        asked.test_anyone_asks_makers_to_convert_what_is_due,
    ),
    of_desk(
        "assert block.timestamp >= earliest, errors.ALREADY_REQUESTED",
        "assert True, errors.ALREADY_REQUESTED",
        asked.test_makers_need_not_hear_it_twice,
    ),
    Guard(
        "QuoteDesk",
        "modules/quotes.vy",
        "assert quote.bid < quote.ask, errors.CROSSED_QUOTE",
        "assert quote.bid <= quote.ask, errors.CROSSED_QUOTE",
        at_desk(two_sided.test_the_bid_is_below_the_ask, True),
    ),
    of_requests(
        "assert quote.request == id, errors.WRONG_REQUEST",
        "assert True, errors.WRONG_REQUEST",
        asked.test_a_quote_that_names_a_request_is_for_that_one_alone,
    ),
    of_requests(
        "assert is_buy == (asked.side == BUY), errors.WRONG_SIDE",
        "assert True, errors.WRONG_SIDE",
        asked.test_who_asked_for_one_side_has_that_one,
        True,
    ),
    of_requests(
        "assert asked.counterparty == quote.account, errors.WRONG_COUNTERPARTY",
        "assert True, errors.WRONG_COUNTERPARTY",
        asked.test_a_named_counterparty_answers_alone,
    ),
    of_requests(
        "assert side.price <= asked.limit, errors.QUOTES_DO_NOT_CROSS",
        "assert True, errors.QUOTES_DO_NOT_CROSS",
        asked.test_a_limit_bounds_what_fills,
        True,
    ),
    of_requests(
        "assert side.price >= asked.limit, errors.QUOTES_DO_NOT_CROSS",
        "assert True, errors.QUOTES_DO_NOT_CROSS",
        asked.test_a_limit_bounds_what_fills,
        False,
    ),
    of_requests(
        "assert asked.expiry >= now, errors.REQUEST_EXPIRED",
        "assert True, errors.REQUEST_EXPIRED",
        asked.test_a_request_fills_in_its_last_second_and_not_later,
        True,
    ),
    of_requests(
        "assert open < MAX_OPEN, errors.TOO_MANY_REQUESTS",
        "assert open <= MAX_OPEN, errors.TOO_MANY_REQUESTS",
        asked.test_an_account_has_sixteen_requests_at_most,
    ),
    of_margin(
        " or margin._is_liquidatable(found)",
        "",
        announced.test_nothing_is_named_of_an_account_that_is_liquidated,
        scene=[],
    ),
    of_margin(
        "if excess == 0 or asset",
        "if asset",
        announced.test_nothing_is_named_once_it_is_paid,
    ),
    of_margin(
        "return asset, min(held, conversion._compute_bound(excess, reference))",
        "return asset, conversion._compute_bound(excess, reference)",
        announced.test_no_more_is_named_than_is_held,
    ),
    of_margin(
        "state.curve[accounts.USDC], money_market._borrowed(usdc), False",
        "state.curve[accounts.USDC], money_market._borrowed(usdc), True",
        announced.test_what_the_pool_s_cap_demands_is_named,
        scene=[],
    ),
]
