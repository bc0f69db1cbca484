"""Edges of a takeover, by the specification: what is dust, what has no place."""

from dataclasses import replace

import pytest

from specs.accounts import MAX_ASSETS, NEW, USDC
from specs.bankruptcy import is_bankrupt
from specs.fixed_point import WAD
from specs.liquidation_code import get_handed_assets
from specs.margin import Quote
from specs.money_market import Balance
from tests.helpers.worlds import BTC, GENESIS, backer, bull, open_world

HALF = WAD // 2
CENT = WAD // 100
SOME = Balance(idle=WAD)


def state_with(assets, accounts):
    """Return a state of assets at 0.50 USDC each, and of accounts' balances."""
    state = open_world().clearing
    listed = replace(state.assets[BTC], quote=Quote(HALF, HALF, GENESIS))
    alike = dict.fromkeys(assets, listed)
    held = {name: replace(NEW, balances=accounts[name]) for name in accounts}
    return replace(state, assets={**state.assets, **alike}, accounts=held)


# What is worth so little that it keeps nobody from being bankrupt


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (0, True),
        (2 * CENT, True),
        (2 * CENT + 1, True),  # a cent and half a wei, rounded down
        (2 * CENT + 2, False),
    ],
)
def test_a_cents_worth_is_dust_and_a_wei_more_is_not(held, expected):
    debt = {USDC: Balance(scaled=-WAD), BTC: Balance(idle=held)}
    assert is_bankrupt(state_with([BTC], {bull: debt}), bull, GENESIS) == expected


def test_each_asset_is_rounded_down_by_itself():
    halves = {1: Balance(idle=CENT + 1), 2: Balance(idle=CENT + 1)}
    state = state_with(halves, {bull: {USDC: Balance(scaled=-WAD), **halves}})
    assert is_bankrupt(state, bull, GENESIS)


# Collateral of which a provider has none yet, when its places run out


@pytest.mark.parametrize(
    ("owned", "handed"),
    [
        ([], [USDC, 3, 7, 11, 12]),
        ([20, 21, 22, 23], [USDC, 3, 7, 11, 12]),
        ([20, 21, 22, 23, 24], [USDC, 3, 7, 11]),
        ([20, 21, 22, 23, 24, 25, 26], [USDC, 3]),
        ([20, 21, 22, 23, 24, 25, 26, 27], [USDC]),
        ([7, 12, 20, 21, 22, 23, 24], [USDC, 3, 7, 12]),
        ([USDC, 7, 12, 20, 21, 22, 23, 24], [USDC, 3, 7, 12]),
        ([7, 12, 20, 21, 22, 23, 24, 25], [USDC, 7, 12]),
    ],
)
def test_a_provider_gets_what_it_has_a_place_for(owned, handed):
    had = [USDC, 3, 7, 11, 12]
    assert len(set(owned) - {USDC}) <= MAX_ASSETS
    accounts = {bull: dict.fromkeys(had, SOME), backer: dict.fromkeys(owned, SOME)}
    state = state_with({*had, *owned} - {USDC}, accounts)
    assert get_handed_assets(state, GENESIS, bull, backer) == handed
