"""Guards of contracts, weakened one by one, each with the test that has to miss it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

from keeper.artifacts import Artifact
from specs.fixed_point import WAD
from tests.helpers.conversions import DEEP, LOSS
from tests.helpers.protocol import Stage, exchange
from tests.helpers.quotes import World
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import BTC, STRANGER, bear, bull, publish
from tests.unit import (
    test_clearinghouse,
    test_conversion,
    test_conversion_limit,
    test_deleveraging,
    test_hostile_tokens,
    test_quote_desk,
    test_settle,
    test_trade,
)
from tests.unit import test_conversion_collateral as collateral


class Guard(NamedTuple):
    """`new` for `old`, once in the file `path`, weakens a guard of a contract."""

    contract: str
    path: str
    old: str
    new: str
    run: Callable[[Artifact], None]
    """Runs the test of this guard on a mutant."""


def on_stage(test, *arguments, scene=AT_WORK):
    """Return what runs a test of a stage."""

    def run(mutant):
        stage = Stage()
        exchange(stage.made, mutant)
        with stage.at(scene):
            test(stage, *arguments)

    return run


def at_desk(test, *arguments):
    """Return what runs a test of a quote desk."""

    def run(mutant):
        world = World()
        made = SimpleNamespace(contracts={"QuoteDesk": world.desk}, chain=world.chain)
        exchange(made, mutant)
        test(world, *arguments)

    return run


def from_within(test, *arguments):
    """Return what runs a test in which a token calls back."""

    def run(mutant):
        made = test_hostile_tokens.with_token("MockCallbackToken")
        exchange(made, mutant)
        test(test_hostile_tokens.empower(made), *arguments)

    return run


def of_body(name, old, new, run):
    return Guard(name, f"{name}.vy", old, new, run)


least_price = collateral.test_m1_the_price_is_at_least_99_percent_of_the_higher_one

GUARDS = [
    of_body(
        "TradeCode",
        "after <= before or after <= limits >> 192",
        "after <= limits >> 192",
        on_stage(
            test_trade.test_open_interest_above_its_limit_may_change_hands_and_shrink
        ),
    ),
    of_body(
        "TradeCode",
        "after <= before or after <= limits >> 192",
        "True",
        on_stage(test_trade.test_open_interest_grows_to_its_limit, 1, True),
    ),
    of_body(
        "TradeCode",
        "abs(lots[1]) <= abs(lots[0]) or",
        "lots[1] * lots[0] >= 0 and abs(lots[1]) <= abs(lots[0]) or",
        on_stage(test_trade.test_a_position_turned_over_may_stay_above_its_limit),
    ),
    of_body(
        "TradeCode",
        "abs(lots[3]) <= abs(lots[2]) or",
        "False or",
        on_stage(test_trade.test_a_position_above_its_limit_may_shrink_and_not_grow),
    ),
    of_body(
        "SpotCode",
        "assert curve & _ASSET_PAUSED == 0, errors.PAUSED",
        "assert True, errors.PAUSED",
        on_stage(
            test_conversion.test_no_debt_of_the_buyer_grows_in_a_paused_asset,
            scene=LOSS,
        ),
    ),
    of_body(
        "SpotCode",
        "spot_side._fund(seller, asset, pool, amount)",
        "pass",
        on_stage(test_trade.test_a_paused_pool_lends_nothing_to_a_seller),
    ),
    of_body(
        "SpotCode",
        "spot_side._fund(buyer, accounts.USDC, usdc, cost + buyer_fee)",
        "pass",
        on_stage(test_trade.test_a_paused_pool_lends_nothing_to_a_buyer),
    ),
    of_body(
        "SpotCode",
        "self._require_borrowing(buyer, accounts.USDC, scaled, borrowed, changed)",
        "pass",
        on_stage(
            test_conversion.test_no_debt_of_the_buyer_grows_in_a_paused_asset,
            scene=LOSS,
        ),
    ),
    of_body(
        "SpotCode",
        "self._excess(account, debt, after, above_cap), price",
        "self._excess(account, debt, before, above_cap), price",
        on_stage(
            test_conversion_limit.test_a_sale_raises_the_limit_so_that_less_is_needed,
            scene=[*DEEP, *publish({BTC: 51_000 * WAD})],
        ),
    ),
    Guard(
        "SpotCode",
        "modules/conversion.vy",
        "return max(quote.slow, quote.fast)",
        "return min(quote.slow, quote.fast)",
        on_stage(least_price, 980, 999, scene=LOSS),
    ),
    Guard(
        "SpotCode",
        "modules/conversion.vy",
        "fp._mul_div_up(reference, LEAST_PRICE, fp.PPM)",
        "fp._mul_div_down(reference, LEAST_PRICE - 1, fp.PPM)",
        on_stage(least_price, 1_000, 1_000, scene=LOSS),
    ),
    of_body(
        "SettleCode",
        "accounts._is_authorised(account, msg.sender, accounts.TRADE)",
        "accounts._is_authorised(account, msg.sender, accounts.WITHDRAW)",
        on_stage(test_settle.test_who_may_withdraw_only_may_not_realise),
    ),
    Guard(
        "MarginCode",
        "modules/margin.vy",
        "> perpetual._epoch(stored) + deleveraging.MAX_EPOCHS",
        "> perpetual._epoch(stored) + 2**24",
        on_stage(
            test_deleveraging.test_what_is_not_foreseen_is_no_ground_for_risk,
            9,
            scene=test_deleveraging.SCENE,
        ),
    ),
    of_body(
        "SettleCode",
        "if account == accounts.INVENTORY:",
        "if account == 0:",
        on_stage(
            test_deleveraging.test_nobody_realises_the_inventory,
            57_000,
            scene=test_deleveraging.SCENE,
        ),
    ),
    of_body(
        "SettleCode",
        "return threshold != 0 and amount",
        "return amount",
        on_stage(test_settle.test_without_a_threshold_nobody_is_realised, bull),
    ),
    of_body(
        "SettleCode",
        "if is_culled or self",
        "if self",
        on_stage(
            test_settle.test_anyone_from_the_threshold_of_the_market_on, bear, 0, True
        ),
    ),
    of_body(
        "SettleCode",
        "if is_culled or self",
        "if True or self",
        on_stage(
            test_settle.test_anyone_from_the_threshold_of_the_market_on,
            bear,
            10**12,
            False,
        ),
    ),
    of_body(
        "TradeCode",
        "is_reducing or not margin._is_restricted(quote)",
        "True",
        on_stage(
            test_trade.test_positions_only_shrink_at_a_mark_of_more_than_half_a_minute,
            test_trade.NOT_SHRINKING[0],
        ),
    ),
    Guard(
        "TradeCode",
        "modules/margin.vy",
        "> REDUCE_ONLY_AGE",
        ">= REDUCE_ONLY_AGE",
        on_stage(test_trade.test_positions_grow_at_a_mark_of_half_a_minute),
    ),
    of_body(
        "QuoteDesk",
        "    quotes._convert(maker, account, amount, block.timestamp)\n"
        "    nonces._use(maker.account, maker.nonce)\n",
        "    quotes._convert(maker, account, amount, block.timestamp)\n",
        at_desk(test_quote_desk.test_a_quote_that_converted_is_used_up),
    ),
    of_body(
        "QuoteDesk",
        "    self._check_band(maker.instrument, maker.price)\n\n    asset",
        "    asset",
        at_desk(test_quote_desk.test_nothing_is_converted_out_of_band, -1),
    ),
    of_body(
        "AccountCode",
        "    assert len(steps) != 0, errors.ZERO_AMOUNT\n",
        "",
        on_stage(test_clearinghouse.test_nobody_has_a_batch_of_nothing, STRANGER),
    ),
    Guard(
        "Lens",
        "modules/pool_views.vy",
        "    vault._require_rest()\n",
        "",
        from_within(
            test_hostile_tokens.test_reserves_from_within_are_refused,
            "deposit",
            test_hostile_tokens.ODD,
        ),
    ),
]
