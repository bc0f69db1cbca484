"""Conversion of collateral: of whom, which, how much, at which price, to whom."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.artifacts import artifact
from keeper.mirror import slot_of, slots_of
from specs import conversion
from specs.accounts import BACKSTOP_FUND, USDC, Settings
from specs.accounts import compute_account as account_of
from specs.clearinghouse import assess, get_held, get_owed
from specs.errors import Revert
from specs.fixed_point import RAY, WAD, mul_div_up
from specs.margin import Health, is_liquidatable
from specs.quotes import SPOT, Quote
from specs.requirements import Haircut, Requirement
from specs.world import Action, take
from tests.helpers.protocol import Stage
from tests.helpers.quotes import key_of, sign_quote
from tests.helpers.worlds import (
    BACKER,
    BTC,
    BULL,
    ETH,
    FEES,
    GOVERNOR,
    GUARDIAN,
    HAIRCUTS,
    LIQUIDATOR,
    PRICES,
    REQUIREMENTS,
    STRANGER,
    UNDERLYING,
    UNLISTED,
    VENUE,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
    underwriter,
)

PRICE = PRICES[BTC]
MILLION = 10**6 * 10**6
"""A million USDC in token units."""
CAUTIOUS = Settings(auto_borrow_settlements=False, auto_realize=True)
FELL = PRICE - 2_000 * WAD

FUNDED = [
    *publish(PRICES),
    own("deposit", lender, USDC, MILLION),
    own("deposit", bear, USDC, MILLION),
    own("deposit", backer, USDC, MILLION),
    own("deposit", bull, BTC, 10**8),
]


def loss(settings):
    """Return how the bull comes to owe a loss of 1,000 USDC and a fee of 3."""
    return [
        *FUNDED,
        own("deposit", bull, ETH, 4 * 10**18),
        own("set_settings", bull, settings),
        trade(0, bull, bear, 5_000, PRICE),
        *publish({BTC: FELL}),
        Action("realise", STRANGER if settings.auto_realize else BULL, (0, (bull,))),
    ]


LOSS = loss(CAUTIOUS)

# 40,000 USDC borrowed against a BTC, whose price falls: above 30,000 and 4 * equity.
DEEP = [*FUNDED, own("borrow", bull, USDC, 40_000 * 10**6)]


@pytest.fixture(scope="module")
def deployed():
    return Stage()


@pytest.fixture
def stage(deployed):
    with deployed.at(LOSS):
        yield deployed


@pytest.fixture
def deep(deployed):
    """The bull owes 10,000 USDC more than four times its equity."""
    with deployed.at([*DEEP, *publish({BTC: 51_000 * WAD})]):
        yield deployed


def sale(**changes):
    """Return a conversion of a crumb of the bull's BTC, with changes."""
    usual = {
        "asset": BTC,
        "account": bull,
        "buyer": backer,
        "amount": 10**12,
        "price": FELL,
    }
    return Action("convert", VENUE, tuple((usual | changes).values()))


def owed(stage, account=bull, asset=USDC):
    return get_owed(stage.world.clearing, account, asset, stage.world.now)


def held(stage, account=bull, asset=BTC):
    return get_held(stage.world.clearing, account, asset)


def limit(stage):
    return conversion.compute_debt_limit(stage.world.clearing, bull, stage.world.now)


def is_convertible(stage, account=bull):
    """Return whether collateral of an account may be sold without a discount."""
    state, now = stage.world.clearing, stage.world.now
    return conversion.is_convertible(state, account, False, now)


def health(stage, account=bull):
    return assess(stage.world.clearing, account, stage.world.now)


def largest(stage, **changes):
    """Return the largest amount that the specification accepts."""
    low, high = 0, 2 * 10**18
    while high - low > 1:
        middle = (low + high) // 2
        try:
            take(stage.world, sale(**changes, amount=middle))
            low = middle
        except Revert:
            high = middle
    return low


def set_risk(asset, haircut, requirement=None):
    arguments = asset, haircut, requirement or REQUIREMENTS[asset], FEES
    return Action("set_asset_risk", GOVERNOR, arguments)


def play(stage, actions):
    """Play several actions."""
    for action in actions:
        stage.play(action)


def quote(asset, slow, fast):
    """Return the actions that publish a slow and a fast price and take them over."""
    return [
        Action("wait", STRANGER, (1,)),
        Action("publish", STRANGER, (asset, slow, fast, 0, 0)),
        Action("tick", STRANGER, ((asset,), (UNDERLYING.index(asset),), 64)),
    ]


def set_cap(cap):
    return Action("set_caps", GOVERNOR, (USDC, 0, cap))


# A loss is booked in full, and then converted


def test_a_loss_is_booked_though_it_may_not_be_borrowed(deployed):
    with deployed.at(LOSS[:-1]) as stage:
        fee = owed(stage)
        assert 3 * WAD <= fee <= 3 * WAD + 10**12
        stage.play(LOSS[-1])
        assert 1_000 * WAD <= owed(stage) - fee <= 1_000 * WAD + 10**12
        assert held(stage) == WAD
        assert held(stage, asset=ETH) == 4 * WAD
        assert limit(stage) == 0
        assert is_convertible(stage)


def test_a_conversion_pays_the_loss_and_no_more(stage):
    debt = owed(stage)
    amount = mul_div_up(debt, WAD, FELL)
    assert largest(stage) == amount
    assert stage.refuse(sale(amount=amount + 1)) == "amount too large"
    stage.play(sale(amount=amount))
    assert owed(stage) == 0
    assert held(stage) in (WAD - amount, WAD - amount - 1)
    assert held(stage, asset=ETH) == 4 * WAD
    assert not is_convertible(stage)
    assert stage.refuse(sale(amount=1)) == "not convertible"


def test_who_may_borrow_keeps_its_coins(deployed):
    with deployed.at(loss(Settings())) as stage:
        assert owed(stage) > 1_000 * WAD
        assert limit(stage) >= conversion.LEAST_LIMIT
        assert not is_convertible(stage)
        assert stage.refuse(sale(amount=1)) == "not convertible"


def test_a_debt_comes_down_in_parts(stage):
    before, amount = owed(stage), largest(stage) // 3
    stage.play(sale(amount=amount))
    assert 0 <= before - amount * FELL // WAD - owed(stage) + 2 <= 4
    stage.play(sale(amount=largest(stage)))
    assert owed(stage) == 0


def test_a_conversion_is_logged(stage):
    assert stage.events(sale(amount=10**15)) == [
        (
            "Converted",
            {
                "asset": BTC,
                "account": bull,
                "buyer": backer,
                "amount": 10**15,
                "price": FELL,
                "time": stage.world.now,
            },
        )
    ]


def test_nobody_pays_a_fee_and_the_buyer_pays_rounded_up(stage):
    stage.play(Action("tick", STRANGER, ((BTC,), (0,), 64)))
    reserve = stage.world.clearing.assets[USDC].pool.reserve
    before, price = held(stage, backer, USDC), FELL + 1
    stage.play(sale(amount=10**15 + 1, price=price))
    assert stage.world.clearing.assets[USDC].pool.reserve == reserve
    cost = mul_div_up(10**15 + 1, price, WAD)
    assert cost <= before - held(stage, backer, USDC) <= cost + 1


def test_interest_is_booked_first(stage):
    stage.play(Action("wait", STRANGER, (50,)))
    amount = mul_div_up(owed(stage), WAD, FELL)
    assert largest(stage) == amount
    stage.play(sale(amount=amount))
    for asset in (USDC, BTC):
        pool = stage.world.clearing.assets[asset].pool
        assert pool.accrued_at == stage.world.now


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


# Which collateral


def test_the_best_weight_goes_first(stage):
    eth = {"asset": ETH, "price": PRICES[ETH]}
    assert stage.refuse(sale(**eth)) == "wrong collateral"
    stage.play(sale())


def test_a_weight_is_that_of_what_is_held(stage):
    stage.play(set_risk(BTC, Haircut(950_000, 300 * 10**9)))
    assert stage.refuse(sale()) == "wrong collateral"
    stage.play(sale(asset=ETH, price=PRICES[ETH]))


def test_of_equal_weights_the_lowest_number_goes_first(stage):
    for asset in (BTC, ETH):
        stage.play(set_risk(asset, Haircut(900_000, 0)))
    assert stage.refuse(sale(asset=ETH, price=PRICES[ETH])) == "wrong collateral"
    stage.play(sale())


def test_what_does_not_count_is_passed_over(stage):
    stage.play(set_risk(BTC, Haircut(0, 0)))
    assert stage.refuse(sale()) == "wrong collateral"
    stage.play(sale(asset=ETH, price=PRICES[ETH]))


def test_what_does_not_count_is_not_sold_for_want_of_another(deployed):
    price = PRICE + 3_000 * WAD
    with deployed.at([*TIGHT, *publish({BTC: price})]) as stage:
        stage.play(set_risk(BTC, Haircut(0, 0)))
        assert is_convertible(stage)
        assert stage.refuse(sale(price=price)) == "wrong collateral"


def test_a_stale_price_passes_its_collateral_over(stage):
    stage.play(Action("wait", STRANGER, (61,)))
    eth = {"asset": ETH, "price": PRICES[ETH]}
    assert stage.refuse(sale(**eth)) == "stale price"
    stage.play(Action("publish", STRANGER, (ETH, PRICES[ETH], PRICES[ETH], 0, 0)))
    stage.play(Action("tick", STRANGER, ((ETH,), (), 64)))
    assert stage.refuse(sale()) == "stale price"
    stage.play(sale(**eth))


def test_l3_diverging_prices_pass_their_collateral_over(stage):
    eth = {"asset": ETH, "price": PRICES[ETH]}
    for fast, reason in ((1_020, "wrong collateral"), (1_021, None), (979, None)):
        play(stage, quote(BTC, FELL, FELL * fast // 1_000))
        if reason:
            assert stage.refuse(sale(**eth)) == reason
        else:
            assert stage.refuse(sale(price=2 * FELL)) == "prices diverge"
            stage.play(sale(**eth, amount=WAD // 100))
    play(stage, quote(BTC, FELL, FELL * 980 // 1_000))
    assert stage.refuse(sale(**eth)) == "wrong collateral"
    stage.play(sale())


@pytest.mark.parametrize(
    ("crumb", "first"), [(1_724, ETH), (1_725, BTC)], ids=["dust", "a dollar"]
)
def test_dust_is_passed_over(deployed, crumb, first):
    """At 58,000 USDC 1,725 of BTC's units are worth a dollar."""
    scene = [*LOSS, own("withdraw", bull, BTC, 10**8 - crumb)]
    other = ETH if first == BTC else BTC
    with deployed.at(scene) as stage:
        prices = {BTC: FELL, ETH: PRICES[ETH]}
        refused = sale(asset=other, price=prices[other])
        assert stage.refuse(refused) == "wrong collateral"
        stage.play(sale(asset=first, price=prices[first]))


def test_what_is_owed_is_no_collateral(deployed):
    scene = [
        own("deposit", lender, ETH, 10**19),
        own("deposit", hedger, BTC, 10**7),
        own("borrow", bull, USDC, 20_000 * 10**6),
        Action("fill_spot", VENUE, (ETH, bear, bull, 5 * WAD, PRICES[ETH], True)),
        set_risk(BTC, Haircut(800_000, 0)),
    ]
    with deployed.at([*LOSS, *scene]) as stage:
        assert owed(stage, asset=ETH) >= WAD
        stage.play(sale())


def test_the_best_is_sold_out_before_the_next(deployed):
    scene = [*LOSS, own("withdraw", bull, BTC, 10**8 - 10**5)]
    with deployed.at(scene) as stage:
        eth = {"asset": ETH, "price": PRICES[ETH]}
        has = held(stage)
        assert has * FELL // WAD < owed(stage)
        assert stage.refuse(sale(amount=has + 1)) == "insufficient balance"
        assert stage.refuse(sale(**eth)) == "wrong collateral"
        stage.play(sale(amount=has))
        assert held(stage) == 0
        stage.play(sale(**eth, amount=mul_div_up(owed(stage), WAD, PRICES[ETH])))
        assert owed(stage) == 0


# The price


@pytest.mark.parametrize(("slow", "fast"), [(1_000, 1_000), (980, 999), (999, 980)])
def test_m1_the_price_is_at_least_99_percent_of_the_higher_one(stage, slow, fast):
    play(stage, quote(BTC, *(FELL * part // 1_000 for part in (slow, fast))))
    least = FELL * max(slow, fast) // 1_000 * 99 // 100
    assert stage.refuse(sale(price=least - 1)) == "price out of band"
    stage.play(sale(price=least))
    stage.play(sale(price=2 * FELL))


def test_nothing_is_sold_whose_prices_diverge(stage):
    for part, reason in ((1_021, "prices diverge"), (1_020, None)):
        play(stage, quote(BTC, FELL, FELL * part // 1_000))
        if reason:
            assert stage.refuse(sale(price=2 * FELL)) == reason
    stage.play(sale(price=FELL * 1_020 // 1_000))


# No account ends worse than it was

# Collateral that counts in full, and a debt that binds a thousandth: a sale 1 % below
# the price costs more than it frees, where margin is a tenth of equity or more.
TIGHT = [
    *FUNDED,
    set_risk(BTC, Haircut(10**6, 0)),
    set_risk(USDC, HAIRCUTS[USDC], Requirement(1_000, 1_000, 0, 0)),
    own("set_settings", bull, Settings(auto_borrow_settlements=False)),
    trade(0, bull, bear, 120_000, PRICE),
]


def test_equity_over_margin_may_not_fall(deployed):
    with deployed.at(TIGHT) as stage:
        amount = largest(stage, price=PRICE)
        cheap = sale(price=PRICE * 99 // 100, amount=amount)
        assert stage.refuse(cheap) == "not convertible"
        stage.play(sale(price=PRICE, amount=amount))


def test_a_debt_that_gains_outweigh_is_converted_at_no_loss(deployed):
    scene = [*TIGHT, *publish({BTC: PRICE + 100 * WAD})]
    with deployed.at(scene) as stage:
        risen = PRICE + 100 * WAD
        before = health(stage)
        assert owed(stage) > 0
        assert before.exposure == 12 * risen
        assert stage.refuse(sale(price=risen - 10**12)) == "not convertible"
        stage.play(sale(price=risen + 10**12))
        assert health(stage).exposure == before.exposure
        assert health(stage).equity >= before.equity


def state_of(exposure, equity, margin):
    return Health(0, 0, equity, margin, exposure, 0, 0, 0, 0, False, False)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((100, 50, 10), (99, 45, 9), True),
        ((100, 50, 10), (99, 44, 9), False),
        ((100, 50, 10), (100, 50, 10), True),
        ((100, 50, 10), (100, 49, 10), False),
        ((100, 50, 10), (101, 60, 10), False),
        ((0, 50, 0), (0, 50, 0), True),
        ((0, 50, 0), (0, 49, 0), False),
    ],
)
def test_no_worse_is_improved_or_the_same(before, after, expected):
    found = conversion.is_no_worse(state_of(*before), state_of(*after))
    assert found is expected


# The buyer


def test_the_buyer_is_of_another_owner(stage):
    for buyer in (bull, account_of(BULL, 1)):
        assert stage.refuse(sale(buyer=buyer)) == "same owner"


def test_the_buyer_has_initial_margin(stage):
    amount = largest(stage)
    assert stage.refuse(sale(buyer=underwriter, amount=amount)) == (
        "below initial margin"
    )
    stage.play(own("deposit", underwriter, USDC, 160 * 10**6))
    stage.play(sale(buyer=underwriter, amount=amount))
    assert owed(stage, underwriter) > 0


def test_no_debt_of_the_buyer_grows_in_a_paused_asset(stage):
    for action in (
        Action("set_guardian", GOVERNOR, (GUARDIAN,)),
        Action("pause_asset", GUARDIAN, (USDC,)),
        own("deposit", underwriter, ETH, 9 * 10**18),
    ):
        stage.play(action)
    assert stage.refuse(sale(buyer=underwriter)) == "paused"
    stage.play(sale())


def test_a_buyer_below_its_margin_may_pay_a_debt_back(deployed):
    scene = [
        own("deposit", underwriter, USDC, 20_000 * 10**6),
        own("borrow", underwriter, BTC, 25 * 10**6),
        set_risk(BTC, HAIRCUTS[BTC], Requirement(10**6, 75_000, 0, 0)),
    ]
    with deployed.at([*LOSS, *scene]) as stage:
        found = health(stage, underwriter)
        assert found.initial_equity < found.initial_margin
        dear = sale(buyer=underwriter, price=2 * FELL)
        assert stage.refuse(dear) == "below initial margin"
        stage.play(sale(buyer=underwriter))
        assert owed(stage, underwriter, BTC) < WAD // 4


# What makes no sense

MOST = 10**30


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (replace(sale(), caller=STRANGER), "not a venue"),
        (replace(sale(), caller=LIQUIDATOR), "not a venue"),
        (replace(sale(), caller=BULL), "not a venue"),
        (sale(account=BACKSTOP_FUND), "reserved account"),
        (sale(buyer=BACKSTOP_FUND), "reserved account"),
        (sale(asset=USDC, price=WAD), "unknown asset"),
        (sale(asset=UNLISTED), "unknown asset"),
        (sale(amount=0), "zero amount"),
        (sale(amount=MOST + 1), "amount too large"),
        (sale(amount=MOST), "insufficient balance"),
        (sale(account=lender), "not convertible"),
        (sale(account=bear), "not convertible"),
    ],
    ids=lambda x: x if isinstance(x, str) else x.name,
)
def test_what_makes_no_sense_is_refused(stage, action, reason):
    assert stage.refuse(action) == reason


@pytest.mark.parametrize("asset", [USDC, BTC])
def test_a_halted_pool_converts_nothing(stage, asset):
    home = stage.made.contracts["Clearinghouse"].address
    base = slots_of(artifact("Clearinghouse").layout["storage_layout"])["curve"]
    word = stage.made.view("Clearinghouse", "curve", asset) | 1 << 168
    evm = stage.made.chain._evm
    evm.insert_account_storage(home, slot_of(base, asset), word)
    clearing = stage.world.clearing
    listed = clearing.assets[asset]
    listed = replace(listed, pool=replace(listed.pool, is_halted=True))
    clearing = replace(clearing, assets={**clearing.assets, asset: listed})
    stage.world = replace(stage.world, clearing=clearing)
    assert stage.refuse(sale()) == "pool halted"


# Any amount at any price, in the specification and in the contracts


@given(
    asset=st.sampled_from([BTC, BTC, BTC, ETH]),
    part=st.one_of(st.integers(0, 1_100), st.just(1_000)),
    off=st.integers(-12, 20),
    wei=st.integers(-1, 1),
    buyer=st.sampled_from([backer, backer, lender, underwriter]),
    price=st.integers(44_000, 53_000),
    apart=st.one_of(st.integers(-21, 21), st.just(0)),
    cap=st.sampled_from([0, 38_000, 15_000]),
    seconds=st.integers(0, 61),
    may_borrow=st.booleans(),
)
def test_contracts_and_specification_agree(
    deployed, asset, part, off, wei, buyer, price, apart, cap, seconds, may_borrow
):
    settings = Settings(auto_borrow_settlements=may_borrow)
    scene = [
        *DEEP,
        own("deposit", bull, ETH, 10**17),
        own("set_settings", bull, settings),
        set_cap(cap * WAD),
        *publish({BTC: price * WAD}),
        *quote(BTC, price * WAD, price * (1_000 + apart) * WAD // 1_000),
    ]
    with deployed.at(scene) as stage:
        if seconds:
            stage.play(Action("wait", STRANGER, (seconds,)))
        listed = stage.world.clearing.assets[asset].quote
        reference = max(listed.slow, listed.fast)
        at = reference * (1_000 + off) // 1_000
        changes = {"asset": asset, "buyer": buyer, "price": at}
        amount = max(0, largest(stage, **changes) * part // 1_000 + wei)
        action = sale(**changes, amount=amount)
        before = owed(stage)
        try:
            take(stage.world, action)
        except Revert:
            stage.refuse(action)
            return
        stage.play(action)
        assert owed(stage) < before
        assert 100 * at >= 99 * reference
        least = limit(stage)
        if cap and at >= reference:
            least = min(least, cap * WAD)
        assert owed(stage) + 2 * at // WAD >= least


# A quote at the desk


def test_a_quote_clears_a_loss(stage):
    made = stage.made
    host, signer = made.deploy("MockVenueHost"), key_of("maker")
    desk = made.deploy("QuoteDesk", made.contracts["Clearinghouse"].address, host)
    made.govern("set_venue", desk, 1)
    bands = True, BTC, FELL * 95 // 100, FELL
    made.send(STRANGER, "MockVenueHost", "set_band", *bands)
    rights = backer, signer.address, 1
    made.send(BACKER, "Clearinghouse", "set_operator", *rights)
    amount = largest(stage)
    quote = Quote(
        backer, SPOT + BTC, True, WAD, 10**12, FELL, 7, stage.world.now + 60, bull
    )
    data = sign_quote(signer, made.chain.chain_id, desk, quote)
    relayed = "QuoteDesk", "convert", astuple(quote), data, bull
    assert made.reason(STRANGER, *relayed, amount + 1) == "amount too large"
    made.send(STRANGER, *relayed, amount)
    stage.world = take(stage.world, sale(amount=amount))
    stage.compare()
    assert owed(stage) == 0
    assert made.reason(STRANGER, *relayed, 10**12) == "nonce used"
