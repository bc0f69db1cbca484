"""The people of a crash: how leverage and open interest are distributed by a seed."""

from random import Random

import pytest

from keeper.parameters import ASSETS, MARKETS
from keeper.prices import START_PRICES
from keeper.replay import population as pop
from keeper.replay.crowd import Holder, Speculator
from keeper.replay.population import (
    LARGEST,
    LEAST,
    Population,
    compute_limit,
    draw_leverage,
    draw_plans,
    draw_shares_of,
    gather,
    pair,
    to_tokens,
)
from specs import requirements
from specs.fixed_point import WAD, Wad

SEEDS = (100, 101, 102)
"""None of these was used to tune anything."""

PEOPLE = Population({0: 8_000_000, 2: 2_000_000}, traders=200, spots={"BTC": 90_000})


def plans_of(seed, market=0, **changes):
    people = Population({0: 8_000_000, 2: 2_000_000}, **changes)
    return draw_plans(people, MARKETS[market], 150, Random(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_both_sides_add_up_to_the_open_interest(seed):
    plans = plans_of(seed)
    for side in (1, -1):
        mine = [plan.notional for plan in plans if plan.side == side]
        # Each is cut to whole USDC.
        assert 8_000_000 - len(mine) <= sum(mine) <= 8_000_000
    longs = sum(plan.side > 0 for plan in plans)
    assert longs == 150 * pop.LONGS // 100
    against = plans_of(seed, falls=False)
    assert sum(plan.side < 0 for plan in against) == longs


@pytest.mark.parametrize("seed", SEEDS)
def test_leverage_goes_up_to_the_limit_and_never_beyond(seed):
    market = MARKETS[0]
    plans = plans_of(seed)
    for plan in plans:
        most = compute_limit(market, 8_000_000, plan.notional)
        assert LEAST <= plan.leverage <= most
    shares = sorted(
        plan.leverage / compute_limit(market, 8_000_000, plan.notional)
        for plan in plans
    )
    # Log-uniform between 2 and about 70: a fifth is above a half of the limit.
    assert shares[-1] > 0.85
    assert 0.10 < sum(share > 0.5 for share in shares) / len(shares) < 0.32
    assert sum(plan.leverage < 5 for plan in plans) / len(plans) > 0.15


def test_the_limit_is_what_the_margin_allows():
    market = MARKETS[0]
    small, large = compute_limit(market, 1, 1_000), compute_limit(market, 1, 4_000_000)
    assert small == pytest.approx(
        10**6 / market.requirement.base_imf * (1 - pop.MARGIN)
    )
    assert large < small / 3
    assert compute_limit(market, 10**8, 1_000) < small
    notional = Wad(4_000_000 * WAD)
    margin = requirements.compute_initial_margin(market.requirement, notional)
    assert large == pytest.approx(notional / margin * (1 - pop.MARGIN))


def test_a_position_too_large_for_leverage_has_the_least():
    assert draw_leverage(MARKETS[2], 1, 10**12, Random(0)) == LEAST


@pytest.mark.parametrize("seed", SEEDS)
def test_sizes_have_a_tail_and_nobody_is_the_market(seed):
    shares = draw_shares_of(90, False, Random(seed))
    assert sum(shares) == pytest.approx(1)
    # The cap is before what it cuts off goes to all.
    assert max(shares) < 2 * LARGEST
    assert max(shares) > 3 * sorted(shares)[45]


@pytest.mark.parametrize("seed", SEEDS)
def test_concentrated_means_that_few_hold_most(seed):
    shares = draw_shares_of(90, True, Random(seed))
    assert sum(shares) == pytest.approx(1)
    assert sum(sorted(shares)[-pop.WHALES :]) >= pop.HELD
    usual = draw_shares_of(90, False, Random(seed))
    assert sum(sorted(usual)[-pop.WHALES :]) < 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_everybody_is_paired_for_what_was_planned(seed):
    plans = plans_of(seed)
    crowd = gather(PEOPLE, START_PRICES, seed, 0.5)
    traders = [actor for actor in crowd.actors if isinstance(actor, Speculator)]
    found = pair(list(range(len(plans))), plans)
    for place, plan in enumerate(plans):
        traded = sum(o.worth for o in found if place in (o.buyer, o.seller))
        # The smaller side is traded in full, the last of the other nearly.
        assert plan.notional - 200 <= traded <= plan.notional
    assert len(traders) == 200


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crowd_is_its_seed(seed):
    def told(number):
        crowd = gather(PEOPLE, START_PRICES, number, 0.5)
        return [
            (actor.tokens, actor.collateral.symbol, actor.settings, actor.take_profit)
            for actor in crowd.actors
            if isinstance(actor, Speculator)
        ]

    assert told(seed) == told(seed) != told(seed + 1)


def test_what_is_deposited_carries_the_leverage():
    crowd = gather(PEOPLE, START_PRICES, 100, 0.5)
    held = {}
    for opening in crowd.openings:
        for owner in (opening.buyer, opening.seller):
            held[owner.account] = held.get(owner.account, 0) + opening.worth
    for actor in crowd.actors:
        if not isinstance(actor, Speculator) or held[actor.account] < 1_000:
            continue
        asset = actor.collateral
        worth = actor.tokens * START_PRICES.get(asset.symbol, WAD) / WAD
        worth *= asset.haircut.weight / 10**6 / 10**asset.decimals
        assert held[actor.account] / worth == pytest.approx(actor.leverage, rel=0.2)


def test_all_roles_are_there_and_nobody_twice():
    crowd = gather(PEOPLE, START_PRICES, 100, 0.25)
    roles = list(crowd.accounts.values())
    assert len(crowd.accounts) == len(crowd.actors) == len(crowd.wallets)
    for role in ("market maker", "backstop provider", "lender", "long", "short"):
        assert role in roles
    assert roles.count("spot margin") == pop.OWING
    served = sum(
        actor.settings.auto_realize
        for actor in crowd.actors
        if isinstance(actor, Speculator)
    )
    assert 0.15 * 200 < served < 0.35 * 200


def test_those_who_owe_at_spot_owe_either_way():
    people = Population(
        {0: 1_000_000}, traders=8, spots={"BTC": 60_000, "USDT": -6_000}
    )
    holders = [
        actor
        for actor in gather(people, START_PRICES, 100, 0.0).actors
        if isinstance(actor, Holder)
    ]
    assert {holder.is_long for holder in holders} == {True, False}
    for holder in holders:
        worth = (60_000 if holder.is_long else 6_000) / pop.OWING
        assert LEAST <= worth * 10**6 / holder.tokens < 10


def test_tokens_are_what_usdc_buy():
    assert to_tokens(ASSETS[0], 12.5, START_PRICES) == 12_500_000
    assert to_tokens(ASSETS[1], 26_000, START_PRICES) == 10**8
