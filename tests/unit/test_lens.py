"""Lens: what is listed, and all that accounts have, as the specification has it."""

from dataclasses import replace

import pytest

from keeper.chain.interface import Refused
from specs import clearinghouse as ch
from specs import (
    conversion,
    grid,
    money_market,
    virtual_pnl,
)
from specs.accounts import DEFAULT, get_balance
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.lens import GAINED, look, valued
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import (
    ACCOUNTS,
    ASSETS,
    BTC,
    CULLS,
    ETH,
    GOVERNOR,
    MARKETS,
    STARTS,
    STRANGER,
    bull,
    lender,
    own,
    publish,
)


def test_what_is_listed_is_listed(seen):
    assert look(seen, "assets") == ASSETS
    assert look(seen, "markets") == MARKETS


def test_settings(seen):
    for account in ACCOUNTS:
        expected = ch.get_account(seen.world.clearing, account).settings
        assert look(seen, "settings", account) == tuple(vars(expected).values())


CHOICES = "auto_lend", "auto_repay", "auto_borrow_settlements", "auto_realize"


@pytest.mark.parametrize("name", CHOICES)
def test_each_setting_is_told_by_its_name(deployed, name):
    chosen = replace(DEFAULT, **{name: not getattr(DEFAULT, name)})
    with deployed.at([own("set_settings", bull, chosen)]):
        told = look(deployed, "settings", bull)
        assert told == tuple(vars(chosen).values())
        assert getattr(told, name) is getattr(chosen, name)


def test_what_accounts_hold(seen):
    state, now = seen.world.clearing, seen.world.now
    for account in ACCOUNTS:
        held = ch.get_account(state, account)
        expected = []
        for asset in sorted(held.balances):
            balance = get_balance(held, asset)
            index = state.assets[asset].pool.lend_index
            lent = money_market.compute_lent(balance, index)
            owed = ch.get_owed(state, account, asset, now)
            expected.append((asset, balance.scaled, lent, balance.idle, owed))
        assert list(look(seen, "holdings", account)) == expected


def test_positions(seen):
    state, now = seen.world.clearing, seen.world.now
    for account in ACCOUNTS:
        markets = sorted(ch.get_account(state, account).positions)
        expected = [valued(state, account, market, now) for market in markets]
        assert list(look(seen, "positions", account)) == expected


def test_credit(seen):
    state, now = seen.world.clearing, seen.world.now
    for account in ACCOUNTS:
        exposures = ch.get_portfolio(state, account, now).exposures
        assert look(seen, "credit", account) == sum(each.credit for each in exposures)


@pytest.mark.parametrize(
    ("cap", "least", "most"),
    [(0, 0, 0), (10, 1, 10 * WAD), (10**6, 11 * WAD, 10**6 * WAD)],
)
def test_credit_as_far_as_it_is_backed(deployed, cap, least, most):
    chosen = replace(CULLS[0], credit_cap=cap * WAD)
    with deployed.at([*GAINED, Action("set_cull", GOVERNOR, (0, chosen))]):
        state, now = deployed.world.clearing, deployed.world.now
        expected = [
            each.credit for each in ch.get_portfolio(state, bull, now).exposures
        ]
        told = [position.credit for position in look(deployed, "positions", bull)]
        assert told == expected
        assert least <= told[0] <= most


def test_credit_is_no_more_than_a_gain_after_funding(deployed):
    backed = replace(CULLS[0], credit_cap=10**9 * WAD)
    prices = {BTC: 61_000 * WAD, ETH: 2_450 * WAD}
    funded = [
        Action("set_cull", GOVERNOR, (0, backed)),
        *publish(prices, premium=WAD // 200),
        *(
            [Action("wait", STRANGER, (3_600,)), *publish(prices, premium=WAD // 200)]
            * 3
        ),
    ]
    with deployed.at([*GAINED, *funded]):
        state, now = deployed.world.clearing, deployed.world.now
        position, market = state.accounts[bull].positions[0], state.markets[0]
        price = min(market.quote.slow, market.quote.fast)
        gain = virtual_pnl.compute_gain(position, market.lot, price)
        (exposure, *_) = ch.get_portfolio(state, bull, now).exposures
        assert 0 < exposure.credit == exposure.value < gain
        assert look(deployed, "positions", bull)[0].credit == exposure.credit


def test_gains_above_the_grid_do_not_count(deployed):
    """Neither in the Lens nor where margin is asked for."""
    top = grid.get_price(grid.MAX_TICK) * virtual_pnl.PRICE_UNIT
    backed = replace(CULLS[0], credit_cap=10**9 * WAD)
    risen = [
        Action("set_cull", GOVERNOR, (0, backed)),
        *publish({BTC: 2 * top, ETH: 2_500 * WAD}),
    ]
    with deployed.at([*AT_WORK, *risen]):
        state, now = deployed.world.clearing, deployed.world.now
        position = state.accounts[bull].positions[0]
        gain = virtual_pnl.compute_gain(position, state.markets[0].lot, top)
        assert state.markets[0].cursor == top
        assert ch.get_portfolio(state, bull, now).exposures[0].credit == gain
        assert look(deployed, "positions", bull)[0].credit == gain
        expected = ch.assess(state, bull, now)
        told = deployed.made.view("Clearinghouse", "assess", bull)
        assert told == tuple(vars(expected).values())


def test_what_was_told_is_what_a_settlement_books(deployed):
    with deployed.at([*STARTS["winners and losers"], Action("wait", STRANGER, (40,))]):
        inside = [
            (account, position)
            for account in ACCOUNTS
            for position in look(deployed, "positions", account)
            if position.is_inside
        ]
        assert any(position.earned > 0 for _, position in inside)
        assert any(position.owed > 0 for _, position in inside)
        for account, position in inside:
            with deployed.at([]):
                settled = settle(deployed, position.market, account)
            assert settled == (position.earned, position.owed)


def settle(seen, market, account):
    """Realise an account by its owner; return the interest that it was told of."""
    events = seen.events(Action("realise", account >> 96, (market, (account,))))
    told = [event for name, event in events if name == "InterestSettled"]
    return (told[0]["earned"], told[0]["owed"]) if told else (0, 0)


def test_debt_limit(seen):
    state, now = seen.world.clearing, seen.world.now
    for account in ACCOUNTS:
        expected = conversion.compute_debt_limit(state, account, now)
        assert look(seen, "debt_limit", account) == expected


def test_debt_limit_of_who_may_not_owe(deployed):
    chosen = replace(DEFAULT, auto_borrow_settlements=False)
    with deployed.at([*AT_WORK, own("set_settings", bull, chosen)]):
        assert look(deployed, "debt_limit", bull) == 0
        assert look(deployed, "debt_limit", lender) == 4 * 50_000 * WAD


def test_health(seen):
    told = look(seen, "health", list(ACCOUNTS))
    for account, health in zip(ACCOUNTS, told, strict=True):
        expected = ch.assess(seen.world.clearing, account, seen.world.now)
        assert health == tuple(vars(expected).values())
        assert seen.made.view("Clearinghouse", "assess", account) == health


def test_health_of_at_most_128_accounts(deployed):
    with deployed.at(AT_WORK):
        assert len(look(deployed, "health", [bull] * 128)) == 128
        with pytest.raises(Refused):
            look(deployed, "health", [bull] * 129)
