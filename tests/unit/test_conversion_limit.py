"""Conversion of collateral: how much, by the account's limit and the pool's cap."""

from dataclasses import replace

import pytest

from specs import conversion
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.fixed_point import RAY, WAD, mul_div_up
from specs.margin import is_liquidatable
from specs.requirements import Requirement
from specs.world import Action
from tests.helpers.conversions import (
    CAUTIOUS,
    DEEP,
    FELL,
    FUNDED,
    MILLION,
    PRICE,
    health,
    held,
    is_convertible,
    largest,
    limit,
    loss,
    owed,
    quote,
    sale,
    set_cap,
    set_risk,
)
from tests.helpers.worlds import (
    BTC,
    BULL,
    ETH,
    HAIRCUTS,
    PRICES,
    bull,
    hedger,
    own,
    publish,
    trade,
    underwriter,
)


@pytest.fixture
def deep(deployed):
    """The bull owes 10,000 USDC more than four times its equity."""
    with deployed.at([*DEEP, *publish({BTC: 51_000 * WAD})]):
        yield deployed


# The limit


@pytest.mark.parametrize(
    ("may_borrow", "equity", "expected"),
    [
        (True, 7_500 * WAD, 30_000 * WAD),
        (True, 7_500 * WAD + 1, 30_000 * WAD + 4),
        (True, -1, 30_000 * WAD),
        (False, 10**6 * WAD, 0),
        (False, -1, 0),
    ],
)
def test_the_limit_is_the_larger_of_two(may_borrow, equity, expected):
    assert conversion.compute_limit(may_borrow, equity) == expected


@pytest.mark.parametrize("price", [50_000 * WAD, 51_000 * WAD, 46_000 * WAD])
def test_a_debt_above_the_limit_is_converted_to_it(deployed, price):
    with deployed.at([*DEEP, *publish({BTC: price})]) as stage:
        equity = health(stage).equity
        assert limit(stage) == max(30_000 * WAD, 4 * equity) < owed(stage)
        amount = largest(stage, price=price)
        assert stage.refuse(sale(price=price, amount=amount + 1)) == (
            "amount too large"
        )
        stage.play(sale(price=price, amount=amount))
        assert abs(owed(stage) - limit(stage)) <= 2 * price // WAD


def test_a_sale_raises_the_limit_so_that_less_is_needed(deep):
    price = 51_000 * WAD
    by_equity_before = mul_div_up(owed(deep) - limit(deep), WAD, price)
    assert largest(deep, price=price) < 9 * by_equity_before // 10
    assert deep.refuse(sale(price=price, amount=by_equity_before)) == (
        "amount too large"
    )


@pytest.mark.parametrize("price", [53_000 * WAD, PRICE])
def test_a_debt_below_four_times_equity_is_not_converted(deployed, price):
    with deployed.at([*DEEP, *publish({BTC: price})]) as stage:
        assert owed(stage) > conversion.LEAST_LIMIT
        assert stage.refuse(sale(price=price)) == "not convertible"


def test_below_initial_margin_there_is_conversion_still(deep):
    deep.play(set_risk(USDC, HAIRCUTS[USDC], Requirement(400_000, 50_000, 0, 0)))
    found = health(deep)
    assert found.initial_equity < found.initial_margin
    deep.play(sale(price=51_000 * WAD))


def test_an_account_below_maintenance_margin_is_left_to_liquidation(deployed):
    price = 44_000 * WAD
    with deployed.at([*DEEP, *publish({BTC: price})]) as stage:
        assert is_liquidatable(health(stage))
        assert owed(stage) > limit(stage)
        assert not is_convertible(stage)
        assert stage.refuse(sale(price=price)) == "not convertible"


# Idle USDC beside a debt


def test_idle_usdc_counts_against_the_debt_and_a_conversion_repays(deployed):
    keeping = replace(CAUTIOUS, auto_repay=False)
    scene = [*loss(keeping), own("deposit", bull, USDC, 400 * 10**6)]
    with deployed.at(scene) as stage:
        debt = owed(stage)
        assert held(stage, asset=USDC) == 400 * WAD
        amount = mul_div_up(debt - 400 * WAD, WAD, FELL)
        assert largest(stage) == amount
        stage.play(sale(amount=amount))
        assert held(stage, asset=USDC) == 400 * WAD
        assert 400 * WAD - FELL // WAD <= owed(stage) <= 400 * WAD + 2
        stage.play(own("deposit", bull, USDC, 1))
        assert stage.refuse(sale(amount=1)) == "not convertible"


# The pool's borrow cap

# Two who may borrow, and a cap that was lowered below what they owe.
ABOVE_CAP = [
    *FUNDED,
    own("deposit", hedger, ETH, 20 * 10**18),
    own("borrow", bull, USDC, 9_000 * 10**6),
    own("borrow", hedger, USDC, 2_000 * 10**6),
    set_cap(10_000 * WAD),
]


def test_above_the_pools_cap_debts_are_converted_to_it(deployed):
    with deployed.at(ABOVE_CAP) as stage:
        assert owed(stage) < limit(stage)
        amount = largest(stage, price=PRICE)
        assert 1_000 * WAD <= amount * PRICE // WAD < 1_001 * WAD
        stage.play(sale(amount=amount, price=PRICE))
        pool = stage.world.clearing.assets[USDC].pool
        assert pool.borrows * pool.borrow_index // RAY <= 10_000 * WAD
        assert 8_000 * WAD - WAD < owed(stage) < 8_000 * WAD + WAD
        assert stage.refuse(sale(price=PRICE)) == "not convertible"


def test_nobody_pays_more_for_the_cap_than_it_owes(deployed):
    with deployed.at([*ABOVE_CAP, set_cap(5_000 * WAD)]) as stage:
        changes = {"asset": ETH, "account": hedger, "price": PRICES[ETH]}
        amount = mul_div_up(owed(stage, hedger), WAD, PRICES[ETH])
        assert stage.refuse(sale(**changes, amount=amount + 1)) == "amount too large"
        stage.play(sale(**changes, amount=amount))
        assert owed(stage, hedger) == 0
        assert stage.refuse(sale(**changes)) == "not convertible"


def test_no_debt_of_the_buyer_takes_its_place(deployed):
    scene = [*ABOVE_CAP[:-1], own("deposit", underwriter, ETH, 9 * 10**18)]
    with deployed.at([*scene, ABOVE_CAP[-1]]) as stage:
        to = {"buyer": underwriter, "price": PRICE}
        assert stage.refuse(sale(**to)) == "borrow cap reached"
        stage.play(own("deposit", underwriter, USDC, 300 * 10**6))
        in_part = sale(**to, amount=WAD // 75)
        assert stage.refuse(in_part) == "borrow cap reached"
        stage.play(sale(**to, amount=WAD // 250))
        stage.play(set_cap(0))
        assert stage.refuse(sale(**to)) == "not convertible"


# M1: anyone can bring a pool above its cap, so that others' debts are convertible


def test_m1_what_only_the_cap_demands_is_sold_at_no_discount(deployed):
    with deployed.at(ABOVE_CAP) as stage:
        assert owed(stage) < limit(stage)
        assert is_convertible(stage)
        assert stage.refuse(sale(price=PRICE - 1)) == "not convertible"
        stage.play(sale(price=PRICE))


@pytest.mark.parametrize("off", [-10, 10], ids=["fast below", "fast above"])
def test_m1_a_discount_is_one_from_the_higher_price(deployed, off):
    fast = PRICE * (1_000 + off) // 1_000
    with deployed.at([*ABOVE_CAP, *quote(BTC, PRICE, fast)]) as stage:
        below = max(PRICE, fast) - 1
        assert stage.refuse(sale(price=below)) == "not convertible"
        stage.play(sale(price=below + 1))


def test_m1_a_discount_pays_what_the_own_limit_demands_and_no_more(deep):
    """The account's own limit demands a sale, and the pool's cap a larger one."""
    price = 51_000 * WAD
    own = largest(deep, price=price)
    own_cheap = largest(deep, price=price - 1)
    deep.play(set_cap(10_000 * WAD))
    by_cap = largest(deep, price=price)
    assert by_cap * price // WAD > 29_999 * WAD
    assert by_cap > 2 * own
    assert largest(deep, price=price - 1) == own_cheap
    cheap = sale(price=price - 1, amount=own_cheap + 1)
    assert deep.refuse(cheap) == "amount too large"
    deep.play(sale(price=price - 1, amount=own_cheap))
    assert deep.refuse(sale(price=price - 1)) == "not convertible"
    deep.play(sale(price=price, amount=largest(deep, price=price)))


def test_m1_a_hedged_pair_above_the_cap_takes_nothing_from_a_third(deployed):
    """Its loss is borrowed as it is realised, and brings the pool above its cap."""
    winner = account_of(BULL, 1)
    risen = PRICE + 2_000 * WAD
    scene = [
        *FUNDED,
        own("deposit", hedger, ETH, 20 * 10**18),
        own("deposit", winner, USDC, MILLION),
        own("borrow", hedger, USDC, 9_000 * 10**6),
        set_cap(10_000 * WAD),
        trade(0, winner, bull, 5_000, PRICE),
        *publish({BTC: risen, ETH: PRICES[ETH]}),
    ]
    of_hedger = {"asset": ETH, "account": hedger, "price": PRICES[ETH]}
    with deployed.at(scene) as stage:
        assert stage.refuse(sale(**of_hedger)) == "not convertible"
        stage.play(Action("realise", BULL, (0, (bull, winner))))
        assert owed(stage) + owed(stage, hedger) > 10_000 * WAD
        cheap = of_hedger | {"price": PRICES[ETH] - 1}
        assert stage.refuse(sale(**cheap)) == "not convertible"
        before = health(stage, hedger).value
        stage.play(sale(**of_hedger, amount=WAD // 1_000))
        assert health(stage, hedger).value >= before - PRICES[ETH] // WAD - 2
