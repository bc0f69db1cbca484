"""Guards of bound accounts and providers, weakened one by one, each with its test."""

from types import SimpleNamespace

from specs.fixed_point import WAD
from tests.helpers.liquidations import World
from tests.helpers.protocol import exchange
from tests.helpers.scenes import AT_WORK, OWING
from tests.mutants.guards import Guard, of_body, on_stage
from tests.unit import test_binding as binding
from tests.unit import test_liquidation as liquidation
from tests.unit import test_liquidator as liquidator
from tests.unit import test_provider_limits as limits


def of_liquidator(old, new, test, *arguments):
    """Return a guard that a test with a stand-in for the Clearinghouse misses."""

    def run(mutant):
        world = World()
        contracts = {"Liquidator": world.liquidator}
        exchange(SimpleNamespace(contracts=contracts, chain=world.chain), mutant)
        test(world, *arguments)

    return of_body("Liquidator", old, new, run)


def of_binding(contract, path, old, new, test, *arguments):
    return Guard(contract, path, old, new, on_stage(test, *arguments, scene=AT_WORK))


def of_takeover(old, new, test, *arguments):
    run = on_stage(test, *arguments, scene=OWING)
    return of_body("LiquidationCode", old, new, run)


nothing_leaves = binding.test_nothing_leaves_an_account_that_is_bound

PROVIDER_GUARDS = [
    of_binding(
        "Clearinghouse",
        "Clearinghouse.vy",
        "    accounts._require_free(account)\n    token: uint256 = state.token[asset]\n"
        "    sent",
        "    token: uint256 = state.token[asset]\n    sent",
        nothing_leaves,
        "withdraw",
    ),
    of_binding(
        "Clearinghouse",
        "Clearinghouse.vy",
        "    accounts._require_free(account)\n    token: uint256 = state.token[asset]\n"
        "    self",
        "    token: uint256 = state.token[asset]\n    self",
        nothing_leaves,
        "borrow",
    ),
    of_binding(
        "AccountCode",
        "AccountCode.vy",
        "    accounts._require_free(giver)\n",
        "",
        nothing_leaves,
        "transfer",
    ),
    of_binding(
        "AccountCode",
        "AccountCode.vy",
        "            accounts._require_free(account)",
        "            pass",
        nothing_leaves,
        "a batch that withdraws",
    ),
    of_binding(
        "AccountCode",
        "modules/accounts.vy",
        "self._release_at(state.headers[account]) > block.timestamp",
        "self._release_at(state.headers[account]) > block.timestamp + 1",
        nothing_leaves,
        "transfer",
    ),
    of_binding(
        "AccountCode",
        "modules/accounts.vy",
        "((state.headers[account] >> 32) << 32) | chosen",
        "((state.headers[account] >> 64) << 64) | chosen",
        binding.test_all_else_goes_on,
        "set_settings",
    ),
    of_binding(
        "AccountCode",
        "AccountCode.vy",
        "accounts._release_at(state.headers[account]) == accounts.UNTIL_NOTICE",
        "accounts._release_at(state.headers[account]) != 0",
        binding.test_notice_is_given_once,
    ),
    *(
        of_binding(
            "AccountCode",
            "AccountCode.vy",
            "    assert msg.sender == accounts._owner(account), errors.NOT_AUTHORISED\n"
            f"    {following}",
            f"    {following}",
            binding.test_nobody_else_binds_or_gives_notice,
        )
        for following in ("accounts._release(account, accounts.UNTIL", "assert (\n")
    ),
    of_takeover(
        "assert accounts._is_bound(provider), errors.NOT_BOUND",
        "pass",
        liquidation.test_a_provider_that_is_bound_no_more_is_passed_over,
    ),
    of_takeover(
        "margin._check_conservative_margin(health._assess(provider))",
        "pass",
        liquidation.test_a_provider_without_margin_is_passed_over,
    ),
    of_takeover(
        "margin._check_conservative_margin(health._assess(provider))",
        "margin._check_initial_margin(health._assess(provider))",
        limits.test_prices_that_diverge_do_not_stop_a_provider,
        33_950,
    ),
    of_takeover(
        "min((state.market_limits[market] >> 128) & _LOW_64, worth)",
        "(state.market_limits[market] >> 128) & _LOW_64",
        limits.test_a_provider_takes_as_much_as_its_cap_leaves_room_for,
    ),
    of_takeover(
        "min((state.market_limits[market] >> 128) & _LOW_64, worth)",
        "worth",
        limits.test_a_provider_keeps_the_markets_limit,
    ),
    of_takeover(
        "    if held < 0:\n            own = -own\n",
        "    if held > 0:\n            own = -own\n",
        limits.test_what_reduces_a_position_has_more_room,
    ),
    of_liquidator(
        "assert staticcall CLEARINGHOUSE.is_bound(account), errors.NOT_BOUND",
        "pass",
        liquidator.test_who_is_not_bound_does_not_pledge,
    ),
    of_liquidator(
        "assert not staticcall CLEARINGHOUSE.is_bound(account), errors.BOUND",
        "pass",
        liquidator.test_who_is_bound_does_not_leave,
    ),
    of_liquidator(
        "is_backed: bool = staticcall CLEARINGHOUSE.is_bound(account)",
        "is_backed: bool = True",
        liquidator.test_whose_pledge_has_nothing_behind_it_is_dropped,
        10_000 * WAD,
        True,
        False,
    ),
    of_liquidator(
        "is_backed = is_large and health.equity",
        "is_backed = health.equity",
        liquidator.test_a_pledge_of_next_to_nothing_keeps_no_place,
        "per_hour",
    ),
    of_liquidator(
        "health.equity >= _MIN_BACKING",
        "True",
        liquidator.test_whose_pledge_has_nothing_behind_it_is_dropped,
        10_000 * WAD - 1,
        False,
        False,
    ),
    of_liquidator(
        "if not providers._has_lost(provider, health.equity, block.timestamp):",
        "if True:",
        liquidator.test_who_has_lost_too_much_takes_nothing_until_the_hour_is_over,
    ),
    of_liquidator(
        "            due -= worth\n",
        "            due -= part\n",
        liquidator.test_what_one_of_them_leaves_the_others_take,
    ),
]
