"""Conversion of collateral: of whose, to whom, at whose cost, and at the desk."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.artifacts import artifact
from keeper.mirror import slot_of, slots_of
from specs import conversion
from specs.accounts import BACKSTOP_FUND, USDC, Settings
from specs.accounts import compute_account as account_of
from specs.errors import Revert
from specs.fixed_point import WAD, mul_div_up
from specs.margin import Health
from specs.quotes import SPOT, Quote
from specs.requirements import Requirement
from specs.world import Action, take
from tests.helpers.conversions import (
    DEEP,
    FELL,
    LOSS,
    PRICE,
    TIGHT,
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
from tests.helpers.quotes import key_of, sign_quote
from tests.helpers.worlds import (
    BACKER,
    BTC,
    BULL,
    ETH,
    GOVERNOR,
    GUARDIAN,
    HAIRCUTS,
    LIQUIDATOR,
    STRANGER,
    UNLISTED,
    backer,
    bear,
    bull,
    lender,
    own,
    publish,
    underwriter,
)

SCENE = LOSS

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


# No account ends worse than it was


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
