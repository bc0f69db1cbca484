"""Conversion to resting orders: of whose collateral, at which prices, how much."""

from dataclasses import replace

import pytest

from keeper.artifacts import artifact
from keeper.mirror import slot_of, slots_of
from specs import conversion
from specs.accounts import BACKSTOP_FUND, USDC
from specs.accounts import compute_account as account_of
from specs.fixed_point import PPM, WAD, mul_div_down, mul_div_up
from specs.makers import Making
from specs.world import Action
from tests.helpers.conversions import (
    DEEP,
    FELL,
    LOSS,
    PRICE,
    TIGHT,
    held,
    largest,
    owed,
    play,
    quote,
    set_cap,
)
from tests.helpers.orders import OrderStage, convert, spot
from tests.helpers.stages import pool_of
from tests.helpers.worlds import (
    BTC,
    BULL,
    ETH,
    FEES,
    PRICES,
    STRANGER,
    UNLISTED,
    VENUE,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    underwriter,
)

SCENE = LOSS
LEAST = conversion.compute_least_price(FELL)
CRUMB = 10**14
MOST = 10**30

# What the pool has lent too much of, to two who may borrow.
ABOVE_CAP = [
    *DEEP[:-1],
    own("deposit", hedger, ETH, 20 * 10**18),
    own("borrow", bull, USDC, 9_000 * 10**6),
    own("borrow", hedger, USDC, 2_000 * 10**6),
    set_cap(10_000 * WAD),
]


@pytest.fixture(scope="module")
def deployed():
    return OrderStage()


def bid(stage, amount=CRUMB, price=FELL, account=backer, **options):
    """Let a bid for BTC rest, and return how it is to be filled."""
    return stage.rest(spot(BTC), account, True, amount, price, **options)


def sell(stage, *makings, account=bull, asset=BTC):
    """Convert in both; return the sizes filled, and why it stopped."""
    stage.play(convert(asset, account, *makings))
    return stage.made.receipt.result


def refuse(stage, *makings, account=bull, asset=BTC):
    return stage.refuse(convert(asset, account, *makings))


def events(stage):
    return [
        (event.name, *event.arguments.values())
        for event in stage.made.receipt.events
        if event.name in ("OrderFill", "Converted")
    ]


# Who is paid, and who pays


def test_a_conversion_pays_the_loss_and_no_more(stage):
    amount = mul_div_up(owed(stage), WAD, FELL)
    bid(stage, 2 * amount)
    assert refuse(stage, Making(backer, amount + 1, FELL)) == "amount too large"
    assert sell(stage, Making(backer, amount, FELL)) == ((amount,), "")
    assert owed(stage) == 0
    assert held(stage) in (WAD - amount, WAD - amount - 1)
    assert refuse(stage, Making(backer, 1, FELL)) == "not convertible"


def test_each_side_is_logged(stage):
    makings = [bid(stage), bid(stage, 2 * CRUMB, LEAST, lender)]
    sell(stage, *makings)
    now = stage.world.now

    def told(making):
        cost = mul_div_up(making.size, making.price, WAD)
        fee = mul_div_up(cost, FEES.maker, PPM)
        sold = making.size, making.price
        bought = spot(BTC), making.account, True, *sold, fee, True, now
        yield "OrderFill", *bought
        yield "Converted", BTC, bull, making.account, *sold, now

    assert events(stage) == [event for making in makings for event in told(making)]


def test_the_maker_pays_a_fee_and_the_account_none(stage):
    making = bid(stage, price=FELL + 1)
    stage.play(Action("tick", STRANGER, ((BTC,), (0,), 64)))
    before, debt = held(stage, backer, USDC), owed(stage)
    sell(stage, making)
    cost = mul_div_up(CRUMB, FELL + 1, WAD)
    fee = mul_div_up(cost, FEES.maker, PPM)
    assert cost + fee <= before - held(stage, backer, USDC) <= cost + fee + 1
    paid = debt - owed(stage)
    assert 0 <= mul_div_down(CRUMB, FELL + 1, WAD) - paid <= 1


def test_a_maker_who_cannot_pay_is_passed_over(stage):
    refused = Making(underwriter, CRUMB, FELL)
    makings = bid(stage), refused, bid(stage, account=lender)
    assert sell(stage, *makings) == ((CRUMB, 0, CRUMB), "")
    assert [event[0] for event in events(stage)] == ["OrderFill", "Converted"] * 2


def test_who_only_reduces_buys_what_it_owes(deployed):
    scene = [
        own("deposit", underwriter, USDC, 20_000 * 10**6),
        own("borrow", underwriter, BTC, 10**4),
    ]
    with deployed.at([*LOSS, *scene]) as stage:
        debt = owed(stage, underwriter, BTC)
        making = bid(stage, 2 * debt, account=underwriter, is_reduce_only=True)
        (size,), stop = sell(stage, making)
        assert (stop, debt <= size <= debt + 2) == ("", True)
        assert owed(stage, underwriter, BTC) == 0


def test_where_nobody_can_buy_nothing_happens_but_interest(stage):
    stage.play(Action("wait", STRANGER, (50,)))
    assert sell(stage, Making(backer, CRUMB, FELL)) == ((0,), "")
    for asset in (USDC, BTC):
        assert pool_of(stage, asset).accrued_at == stage.world.now


def test_no_debt_of_a_maker_takes_its_place(deployed):
    scene = [*ABOVE_CAP[:-1], own("deposit", underwriter, ETH, 9 * 10**18)]
    with deployed.at([*scene, ABOVE_CAP[-1]]) as stage:
        poor = bid(stage, WAD // 250, PRICE, underwriter)
        rich = bid(stage, WAD // 250, PRICE)
        assert sell(stage, poor, rich) == ((0, WAD // 250), "")


# Prices


def test_the_first_price_that_is_too_low_ends_it(stage):
    makings = [
        bid(stage, price=price, account=account)
        for account, price in ((backer, LEAST), (lender, LEAST - 1), (bear, FELL))
    ]
    assert sell(stage, *makings) == ((CRUMB, 0, 0), "price out of band")


@pytest.mark.parametrize("fast", [-10, 10], ids=["fast below", "fast above"])
def test_the_least_price_is_of_the_higher_one(stage, fast):
    other = FELL * (1_000 + fast) // 1_000
    play(stage, quote(BTC, FELL, other))
    least = conversion.compute_least_price(max(FELL, other))
    below = bid(stage, price=least - 1)
    assert sell(stage, below) == ((0,), "price out of band")
    assert sell(stage, replace(below, price=least)) == ((CRUMB,), "")


@pytest.mark.parametrize("prices", [(FELL, LEAST), (LEAST, FELL)], ids=str)
def test_how_much_is_judged_at_the_lowest_price(stage, prices):
    most = mul_div_up(owed(stage), WAD, LEAST)
    assert most > mul_div_up(owed(stage), WAD, FELL)
    first, second = (
        bid(stage, size, price, account)
        for size, price, account in zip(
            (CRUMB, most - CRUMB + 1), prices, (backer, lender), strict=True
        )
    )
    assert refuse(stage, first, second) == "amount too large"
    second = replace(second, size=most - CRUMB)
    assert sell(stage, first, second) == ((CRUMB, most - CRUMB), "")


def test_what_only_the_cap_demands_is_sold_at_no_discount(deployed):
    with deployed.at(ABOVE_CAP) as stage:
        dear, cheap = bid(stage, price=PRICE), bid(stage, price=PRICE - 1)
        assert refuse(stage, dear, cheap) == "not convertible"
        assert refuse(stage, cheap) == "not convertible"
        unfilled = Making(lender, CRUMB, PRICE - 1)
        assert sell(stage, dear, unfilled) == ((CRUMB, 0), "")
        most = largest(stage, price=PRICE)
        making = bid(stage, most + 1, PRICE, lender)
        assert refuse(stage, making) == "amount too large"
        assert sell(stage, replace(making, size=most)) == ((most,), "")


# Whose collateral


def test_who_owes_no_more_than_it_may_keeps_its_coins(deployed):
    with deployed.at(DEEP) as stage:
        assert refuse(stage, bid(stage, price=PRICE)) == "not convertible"


def test_an_account_below_maintenance_margin_is_left_to_liquidation(deployed):
    price = 44_000 * WAD
    with deployed.at([*DEEP, *publish({BTC: price})]) as stage:
        making = bid(stage, price=price)
        assert refuse(stage, making) == "not convertible"
        assert refuse(stage, replace(making, price=1)) == "not convertible"


def test_no_account_ends_worse(deployed):
    with deployed.at(TIGHT) as stage:
        amount = largest(stage, price=PRICE)
        making = bid(stage, amount, PRICE * 99 // 100)
        assert refuse(stage, making) == "not convertible"
        assert sell(stage, replace(making, price=PRICE)) == ((amount,), "")


def test_the_best_weight_goes_first(stage):
    making = stage.rest(spot(ETH), backer, True, WAD, PRICES[ETH])
    assert refuse(stage, making, asset=ETH) == "wrong collateral"


def test_no_more_is_sold_than_is_held(deployed):
    with deployed.at([*DEEP, *publish({BTC: 46_000 * WAD})]) as stage:
        makings = [bid(stage, WAD // 2 + 1, 46_000 * WAD) for _ in range(2)]
        assert refuse(stage, *makings) == "insufficient balance"


def test_makers_are_of_other_owners(stage):
    for account in (bull, account_of(BULL, 1)):
        making = Making(account, CRUMB, FELL)
        assert refuse(stage, bid(stage), making) == "same owner"


# What makes no sense

ONE = Making(backer, CRUMB, FELL)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (replace(convert(BTC, bull, ONE), caller=VENUE), "not a venue"),
        (replace(convert(BTC, bull, ONE), caller=BULL), "not a venue"),
        (convert(BTC, BACKSTOP_FUND, ONE), "reserved account"),
        (convert(USDC, bull, ONE), "unknown asset"),
        (convert(UNLISTED, bull, ONE), "unknown asset"),
        (convert(BTC, bull, ONE, replace(ONE, size=0)), "zero amount"),
        (convert(BTC, bull, replace(ONE, size=MOST + 1)), "amount too large"),
        (
            convert(BTC, bull, replace(ONE, size=MOST, price=2 * WAD)),
            "amount too large",
        ),
        (convert(BTC, bull, replace(ONE, size=MOST, price=1)), "insufficient balance"),
    ],
)
def test_what_makes_no_sense_is_refused(stage, action, reason):
    assert stage.refuse(action) == reason


def test_nothing_is_sold_at_a_stale_price(stage):
    making = bid(stage)
    stage.play(Action("wait", STRANGER, (61,)))
    assert refuse(stage, making) == "stale price"


def test_nothing_is_sold_whose_prices_diverge(stage):
    making = bid(stage, price=2 * FELL)
    play(stage, quote(BTC, FELL, FELL * 979 // 1_000))
    assert refuse(stage, making) == "prices diverge"


@pytest.mark.parametrize("asset", [USDC, BTC])
def test_nothing_is_sold_of_a_halted_pool(stage, asset):
    making = bid(stage)
    listed = stage.world.clearing.assets[asset]
    halted = replace(listed, pool=replace(listed.pool, is_halted=True))
    clearing = stage.world.clearing
    clearing = replace(clearing, assets={**clearing.assets, asset: halted})
    stage.world = replace(stage.world, clearing=clearing)
    home = stage.made.contracts["Clearinghouse"].address
    base = slots_of(artifact("Clearinghouse").layout["storage_layout"])["curve"]
    word = stage.made.view("Clearinghouse", "curve", asset) | 1 << 168
    stage.made.chain._evm.insert_account_storage(home, slot_of(base, asset), word)
    assert refuse(stage, making) == "pool halted"
