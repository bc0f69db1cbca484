"""What is announced of an account that has to be converted, and what is sold of it."""

from dataclasses import astuple, replace

from hypothesis import given
from hypothesis import strategies as st

from specs import conversion
from specs.accounts import USDC, Settings
from specs.accounts import compute_account as account_of
from specs.fixed_point import PPM, WAD, mul_div_up
from specs.quote_desk import PAUSE
from specs.quotes import SPOT, TwoSided
from specs.requirements import Haircut
from specs.world import Action, take
from tests.helpers.conversions import (
    DEEP,
    FELL,
    LOSS,
    PRICE,
    held,
    largest,
    owed,
    quote,
    sale,
    set_cap,
    set_risk,
)
from tests.helpers.quotes import key_of, sign_quote
from tests.helpers.worlds import (
    BACKER,
    BTC,
    ETH,
    STRANGER,
    backer,
    bear,
    bull,
    lender,
    own,
    publish,
)

SCENE = LOSS


def found(stage, account=bull):
    """What is to be converted, which the contract says as well."""
    state, now = stage.world.clearing, stage.world.now
    told = conversion.find(state, account, now)
    made = stage.made
    assert tuple(made.view("Clearinghouse", "conversion_of", account)) == told
    return told


def test_the_best_collateral_is_named_and_no_less_than_may_be_sold(stage):
    asset, most = found(stage)
    assert asset == BTC
    assert largest(stage) <= most
    assert most * FELL // WAD <= owed(stage) * 106 // 100
    for account in (bear, lender, account_of(BACKER, 9), 0):
        assert found(stage, account) == (USDC, 0)


def test_no_more_is_named_than_is_held(stage):
    stage.play(own("withdraw", bull, BTC, 99 * 10**6))
    stage.play(Action("wait", STRANGER, (50,)))
    asset, most = found(stage)
    assert asset == BTC
    assert most in (held(stage), held(stage) + 1)
    assert most * FELL // WAD < owed(stage)


def test_nothing_is_named_once_it_is_paid(stage):
    stage.play(sale(amount=largest(stage)))
    assert owed(stage) == 0
    assert found(stage) == (USDC, 0)


def test_nothing_is_named_of_an_account_that_is_liquidated(deployed):
    with deployed.at([*DEEP, *publish({BTC: 41_000 * WAD})]) as stage:
        assert owed(stage) > 30_000 * WAD
        assert found(stage) == (USDC, 0)


def test_what_has_no_price_to_sell_at_is_not_named(stage):
    assert found(stage)[0] == BTC
    for action in quote(BTC, FELL, FELL * 103 // 100):
        stage.play(action)
    assert found(stage)[0] == ETH
    stage.play(Action("wait", STRANGER, (3_600,)))
    assert found(stage) == (USDC, 0)


def test_what_the_pool_s_cap_demands_is_named(deployed):
    with deployed.at(DEEP) as stage:
        assert found(stage) == (USDC, 0)
        stage.play(set_cap(15_000 * WAD))
        asset, most = found(stage)
        assert asset == BTC
        assert 25_000 * WAD < most * PRICE // WAD < 27_000 * WAD


@given(
    price=st.integers(44_000, 53_000),
    off=st.integers(-10, 30),
    weight=st.sampled_from([500_000, 900_000, PPM]),
    cap=st.sampled_from([0, 38_000, 15_000]),
    apart=st.integers(-20, 20),
    seconds=st.integers(0, 59),
    may_borrow=st.booleans(),
)
def test_no_sale_exceeds_what_is_named(
    deployed, price, off, weight, cap, apart, seconds, may_borrow
):
    scene = [
        *DEEP,
        own("deposit", bull, ETH, 10**17),
        own("set_settings", bull, Settings(auto_borrow_settlements=may_borrow)),
        set_cap(cap * WAD),
        set_risk(BTC, Haircut(weight, 0)),
        *publish({BTC: price * WAD}),
        *quote(BTC, price * WAD, price * (1_000 + apart) * WAD // 1_000),
    ]
    with deployed.at(scene) as stage:
        if seconds:
            stage.play(Action("wait", STRANGER, (seconds,)))
        asset, most = found(stage)
        listed = stage.world.clearing.assets[BTC].quote
        reference = conversion.compute_reference(listed)
        at = mul_div_up(reference, 1_000 + off, 1_000)
        sold = largest(stage, price=at)
        assert sold <= most
        if asset == BTC and off >= 0:
            assert sold > 0


@given(
    excess=st.integers(1, 10**30),
    reference=st.integers(10**6, 10**24),
    off=st.integers(0, 10_000),
    sold=st.integers(1, 10**30),
)
def test_a_sale_lowers_the_excess_by_its_yield(excess, reference, off, sold):
    """All that is sold at a discount is still needed: then it is within the bound."""
    price = mul_div_up(reference, PPM - off, PPM)
    fall = conversion.EQUITY_MULTIPLE * sold * (reference - price) // WAD
    if sold <= conversion.compute_most(excess + fall, price):
        assert sold <= conversion.compute_bound(excess, reference) + 1


# At the desk


def test_makers_are_asked_and_one_buys(stage):
    made = stage.made
    host, signer = made.deploy("MockVenueHost"), key_of("maker")
    desk = made.deploy("QuoteDesk", made.contracts["Clearinghouse"].address, host)
    made.govern("set_venue", desk, 1)
    bands = True, BTC, FELL * 95 // 100, FELL
    made.send(STRANGER, "MockVenueHost", "set_band", *bands)
    rights = backer, signer.address, 1
    made.send(BACKER, "Clearinghouse", "set_operator", *rights)
    ask = "QuoteDesk", "request_conversion"
    assert made.reason(STRANGER, *ask, lender) == "not convertible"
    asset, most = made.send(STRANGER, *ask, bull)
    assert (asset, most) == conversion.find(stage.world.clearing, bull, stage.world.now)
    assert made.reason(STRANGER, *ask, bull) == "already requested"

    amount = largest(stage)
    expiry = stage.world.now + PAUSE
    bid = TwoSided(backer, SPOT + asset, FELL, 2 * FELL, most, 1, 7, expiry)
    data = sign_quote(signer, made.chain.chain_id, desk, bid)
    relayed = "QuoteDesk", "convert_two_sided", astuple(bid), data, bull
    assert made.reason(STRANGER, *relayed, amount + 1) == "amount too large"
    named = replace(bid, request=1)
    signed = sign_quote(signer, made.chain.chain_id, desk, named)
    elsewhere = "QuoteDesk", "convert_two_sided", astuple(named), signed, bull
    assert made.reason(STRANGER, *elsewhere, amount) == "wrong request"
    made.send(STRANGER, *relayed, amount)
    stage.world = take(stage.world, sale(amount=amount))
    stage.compare()
    assert owed(stage) == 0
    made.wait(PAUSE)
    assert made.reason(STRANGER, *ask, bull) == "not convertible"
