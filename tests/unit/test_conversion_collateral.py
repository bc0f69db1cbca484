"""Conversion of collateral: which of it is sold, and at which price."""

import pytest

from specs.accounts import USDC
from specs.fixed_point import WAD, mul_div_up
from specs.requirements import Haircut
from specs.world import Action
from tests.helpers.conversions import (
    FELL,
    LOSS,
    PRICE,
    TIGHT,
    held,
    is_convertible,
    owed,
    play,
    quote,
    sale,
    set_risk,
)
from tests.helpers.worlds import (
    BTC,
    ETH,
    PRICES,
    STRANGER,
    VENUE,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
)

SCENE = LOSS

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
