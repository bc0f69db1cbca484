"""Fills: what they log, whom they charge, and whom they refuse."""

from dataclasses import replace

import pytest

from specs.accounts import BACKSTOP_FUND, USDC
from specs.clearinghouse import EVERYTHING, get_held, get_owed
from specs.errors import Revert
from specs.fixed_point import PPM, WAD, mul_div_down, mul_div_up
from specs.perpetual import MAX_LOTS
from specs.state import Limits
from specs.world import Action, take
from tests.helpers.stages import govern, liquidate, owed, realise
from tests.helpers.worlds import (
    ASSETS,
    BEAR,
    BTC,
    ETH,
    FEES,
    GUARDIAN,
    LIQUIDATOR,
    LOT_EXPONENTS,
    MARKETS,
    PRICES,
    STRANGER,
    UNLISTED,
    VENUE,
    account_of,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
)

MOST = 10**30
PRICE = PRICES[BTC]
LOT = 10 ** LOT_EXPONENTS[0]
MOST_LOTS = MOST * WAD // (LOT * PRICE)
"""What is worth the largest amount at the mark."""


def perp(**changes):
    """Return a fill of 10 lots of BTC that opens a position of both, with changes."""
    usual = {
        "market": 0,
        "buyer": lender,
        "seller": bear,
        "lots": 10,
        "price": PRICE,
        "maker_is_buyer": True,
    }
    return Action("fill_perp", VENUE, tuple((usual | changes).values()))


def spot(**changes):
    """Return a fill of one ETH from the hedger to the lender, with changes."""
    usual = {
        "asset": ETH,
        "buyer": lender,
        "seller": hedger,
        "amount": WAD,
        "price": PRICES[ETH],
        "maker_is_buyer": True,
    }
    return Action("fill_spot", VENUE, tuple((usual | changes).values()))


def fee(notional, ppm):
    return mul_div_up(notional, ppm, PPM)


def move(stage, prices):
    """Publish prices a second later and take them over."""
    stage.play(Action("wait", STRANGER, (1,)))
    for action in publish(prices):
        stage.play(action)


def lots(stage, account, market=0):
    positions = stage.world.clearing.accounts[account].positions
    return positions[market].lots if market in positions else 0


# Events and fees


@pytest.mark.parametrize("maker_is_buyer", [True, False])
def test_a_fill_of_a_perpetual_is_logged_with_its_fees(stage, maker_is_buyer):
    price = PRICE + 123_456_789
    notional = mul_div_up(10 * LOT, price, WAD)
    maker, taker = fee(notional, FEES.maker), fee(notional, FEES.taker)
    action = perp(price=price, maker_is_buyer=maker_is_buyer)
    assert stage.events(action) == [
        (
            "PerpFill",
            {
                "market": 0,
                "buyer": lender,
                "seller": bear,
                "lots": 10,
                "price": price,
                "buyer_fee": maker if maker_is_buyer else taker,
                "seller_fee": taker if maker_is_buyer else maker,
                "time": stage.world.now,
            },
        )
    ]


def test_a_fill_of_spot_is_logged_with_its_fees(stage):
    amount, price = WAD // 3, PRICES[ETH] - 7
    cost = mul_div_up(amount, price, WAD)
    action = spot(amount=amount, price=price, maker_is_buyer=False)
    assert stage.events(action) == [
        (
            "SpotFill",
            {
                "asset": ETH,
                "buyer": lender,
                "seller": hedger,
                "amount": amount,
                "price": price,
                "buyer_fee": fee(cost, FEES.taker),
                "seller_fee": fee(cost, FEES.maker),
                "time": stage.world.now,
            },
        )
    ]


def test_what_the_buyer_pays_is_rounded_against_both(stage):
    before = get_held(stage.world.clearing, lender, USDC)
    stage.play(spot(amount=1, price=1))
    state = stage.world.clearing
    assert before - get_held(state, lender, USDC) == 2
    assert mul_div_down(1, 1, WAD) == 0


def test_the_reserve_earns_the_fees(stage):
    before = stage.world.clearing.assets[USDC].pool.reserve
    stage.play(perp())
    notional = 10 * LOT * PRICE // WAD
    earned = stage.world.clearing.assets[USDC].pool.reserve - before
    assert earned == fee(notional, FEES.maker) + fee(notional, FEES.taker)


# Refusals


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (replace(perp(), caller=STRANGER), "not a venue"),
        (replace(perp(), caller=LIQUIDATOR), "not a venue"),
        (perp(seller=lender), "same account"),
        (perp(buyer=BACKSTOP_FUND), "reserved account"),
        (perp(seller=BACKSTOP_FUND), "reserved account"),
        (perp(market=UNLISTED), "unknown market"),
        (perp(market=2**256 - 1), "unknown market"),
        (perp(lots=0), "zero amount"),
        (perp(lots=MAX_LOTS + 1), "amount too large"),
        (perp(lots=2**256 - 1), "amount too large"),
        (perp(lots=MOST_LOTS + 1), "amount too large"),
        (perp(lots=MOST_LOTS), "below initial margin"),
        (perp(lots=MAX_LOTS, price=1), "amount too large"),
        (replace(spot(), caller=STRANGER), "not a venue"),
        (spot(seller=lender), "same account"),
        (spot(buyer=BACKSTOP_FUND), "reserved account"),
        (spot(asset=USDC), "unknown asset"),
        (spot(asset=UNLISTED), "unknown asset"),
        (spot(amount=0), "zero amount"),
        (spot(amount=MOST + 1), "amount too large"),
        (spot(amount=MOST), "below initial margin"),
    ],
    ids=lambda x: x if isinstance(x, str) else x.name,
)
def test_what_makes_no_sense_is_refused(stage, action, reason):
    assert stage.refuse(action) == reason


@pytest.mark.parametrize("side", ["buyer", "seller"])
def test_no_position_grows_above_the_largest_in_several_fills(deployed, side):
    """Lots cheap enough that the largest position is no more than a call may name."""
    price = WAD // 10
    first = perp(lots=1, price=price, **{"buyer": bear, "seller": bear, side: lender})
    others = {"buyer": bull, "seller": bull, side: lender}
    deposits = [own("deposit", who, USDC, 10**9) for who in (lender, bear, bull)]
    with deployed.at([*publish({**PRICES, BTC: price}), *deposits, first]):
        largest = perp(lots=MAX_LOTS - 1, price=price, **others)
        assert deployed.refuse(largest) == "below initial margin"
        larger = perp(lots=MAX_LOTS, price=price, **others)
        assert deployed.refuse(larger) == "amount too large"


@pytest.mark.parametrize("action", [perp(), spot()], ids=lambda x: x.name)
def test_nobody_trades_at_a_stale_price(stage, action):
    stage.play(Action("wait", STRANGER, (61,)))
    assert stage.refuse(action) == "stale price"


SHRINKING = {"buyer": bear, "seller": bull, "lots": 5_000}
NOT_SHRINKING = [
    {"buyer": lender, "seller": hedger},
    {"buyer": bull, "seller": lender},
    {"buyer": lender, "seller": bull},
    {"buyer": bear, "seller": lender},
    {"buyer": bear, "seller": bull, "lots": 5_001},
]


@pytest.mark.parametrize("sides", NOT_SHRINKING)
def test_positions_only_shrink_at_a_mark_of_more_than_half_a_minute(stage, sides):
    stage.play(Action("wait", STRANGER, (31,)))
    assert stage.refuse(perp(**sides)) == "reduce only"


def test_positions_grow_at_a_mark_of_half_a_minute(stage):
    stage.play(Action("wait", STRANGER, (30,)))
    assert stage.world.now - stage.world.clearing.markets[0].quote.time == 30
    stage.play(perp())


@pytest.mark.parametrize("age", [31, 60])
def test_who_shrinks_may_do_so_for_a_minute(stage, age):
    stage.play(Action("wait", STRANGER, (age,)))
    stage.play(perp(**SHRINKING))
    assert not any(
        stage.world.clearing.accounts[name].positions.get(0) for name in (bear, bull)
    )


def test_mark_that_is_fresh_again_lifts_it(stage):
    stage.play(Action("wait", STRANGER, (31,)))
    assert stage.refuse(perp()) == "reduce only"
    move(stage, PRICES)
    stage.play(perp())


# Margin


def test_the_largest_position_that_margin_allows(stage):
    low, high = 1, 10**6
    while high - low > 1:
        middle = (low + high) // 2
        try:
            take(stage.world, perp(lots=middle))
            low = middle
        except Revert:
            high = middle
    assert stage.refuse(perp(lots=high)) == "below initial margin"
    stage.play(perp(lots=low))
    assert 10**4 < low < 10**6


def test_below_its_margin_an_account_only_reduces(stage):
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    move(stage, {BTC: 36_000 * WAD})
    assert lots(stage, bull) == 5_000
    sale = {"buyer": lender, "seller": bull, "price": 36_000 * WAD}
    assert stage.refuse(perp(buyer=bull, price=36_000 * WAD)) == (
        "below initial margin"
    )
    stage.play(perp(**sale, lots=1_000))
    assert stage.refuse(perp(**sale, lots=8_001)) == "below initial margin"


def test_a_reduction_does_not_hand_value_to_a_friend(stage):
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    move(stage, {BTC: 36_000 * WAD})
    gift = perp(buyer=lender, seller=bull, lots=1_000, price=30_000 * WAD)
    assert stage.refuse(gift) == "below initial margin"


def test_one_fill_turns_a_position_over(stage):
    before = stage.world.clearing.markets[0].open_interest
    stage.play(perp(seller=bull, lots=8_000))
    assert (lots(stage, bull), lots(stage, lender)) == (-3_000, 8_000)
    assert stage.world.clearing.markets[0].open_interest == before + 3_000


def test_closing_both_sides_leaves_no_position(stage):
    stage.play(perp(buyer=bear, seller=bull, lots=5_000))
    assert (lots(stage, bull), lots(stage, bear)) == (0, 0)
    assert stage.world.clearing.markets[0].open_interest == 0


# Limits


def limit(**changes):
    return govern("set_limits", 0, Limits(**changes))


@pytest.mark.parametrize("side", ["buyer", "seller"])
@pytest.mark.parametrize(("lots", "is_refused"), [(100, False), (101, True)])
def test_a_position_grows_to_its_limit(stage, side, lots, is_refused):
    stage.play(limit(max_position=100))
    friend = {"buyer": bear, "seller": bull, side: lender}
    if is_refused:
        assert stage.refuse(perp(lots=lots, **friend)) == "position limit reached"
    else:
        stage.play(perp(lots=lots, **friend))


def test_a_position_above_its_limit_may_shrink_and_not_grow(stage):
    stage.play(limit(max_position=100))
    growth = perp(buyer=bull, seller=lender, lots=1)
    assert stage.refuse(growth) == "position limit reached"
    stage.play(perp(buyer=bear, seller=bull, lots=1_000))
    assert (lots(stage, bull), lots(stage, bear)) == (4_000, -4_000)
    turned = {"seller": bull, "buyer": bear}
    assert stage.refuse(perp(lots=8_001, **turned)) == "position limit reached"
    stage.play(perp(lots=4_100, **turned))


def test_a_position_turned_over_may_stay_above_its_limit(stage):
    """As large as it was is no growth, on whichever side."""
    stage.play(limit(max_position=100))
    sides = {"buyer": bear, "seller": bull}
    assert stage.refuse(perp(lots=10_001, **sides)) == "position limit reached"
    stage.play(perp(lots=10_000, **sides))
    assert (lots(stage, bull), lots(stage, bear)) == (-5_000, 5_000)
    stage.play(perp(lots=9_000, buyer=bull, seller=bear))
    assert (lots(stage, bull), lots(stage, bear)) == (4_000, -4_000)


@pytest.mark.parametrize(("more", "is_refused"), [(0, False), (1, True)])
def test_open_interest_grows_to_its_limit(stage, more, is_refused):
    stage.play(limit(max_open_interest=5_010))
    action = perp(seller=hedger, lots=10 + more)
    if is_refused:
        assert stage.refuse(action) == "open interest limit reached"
    else:
        stage.play(action)


def test_open_interest_above_its_limit_may_change_hands_and_shrink(stage):
    stage.play(limit(max_open_interest=100))
    opening = perp(seller=hedger, lots=1)
    assert stage.refuse(opening) == "open interest limit reached"
    stage.play(perp(seller=bull, lots=1_000))
    assert stage.world.clearing.markets[0].open_interest == 5_000
    stage.play(perp(buyer=bear, seller=bull, lots=1_000))
    assert stage.world.clearing.markets[0].open_interest == 4_000


# Pauses


@pytest.fixture
def paused(stage):
    """A stage on which the guardian has paused whatever can be paused."""
    stage.play(govern("set_guardian", GUARDIAN))
    for name, number in (
        *(("pause_asset", asset) for asset in ASSETS),
        *(("pause_market", market) for market in MARKETS),
    ):
        stage.play(Action(name, GUARDIAN, (number,)))
    return stage


@pytest.mark.parametrize("sides", NOT_SHRINKING)
def test_a_pause_stops_what_does_not_reduce_both(paused, sides):
    assert paused.refuse(perp(**sides)) == "paused"


def test_a_pause_stops_what_borrows(paused):
    assert paused.refuse(own("borrow", hedger, USDC, 1)) == "paused"
    paused.play(own("withdraw", bear, USDC, 1))
    short = spot(seller=bear, buyer=lender, amount=WAD)
    assert paused.refuse(short) == "paused"


def test_a_paused_pool_lends_nothing_to_a_seller(stage):
    stage.play(govern("pause_asset", ETH))
    assert stage.refuse(spot(seller=bear)) == "paused"
    stage.play(spot(seller=hedger))


def test_a_paused_pool_lends_nothing_to_a_buyer(stage):
    stage.play(govern("pause_asset", USDC))
    assert stage.refuse(spot(buyer=bull)) == "paused"
    stage.play(spot(buyer=lender))


def test_a_pause_lets_out_who_wants_to_leave(paused):
    paused.play(perp(buyer=bear, seller=bull, lots=4_000))
    paused.play(own("repay", hedger, USDC, 10**9))
    paused.play(own("deposit", bull, USDC, 10**9))
    paused.play(own("withdraw", lender, USDC, EVERYTHING))
    cancel = bull >> 96, "QuoteDesk", "cancel", bull, 8
    assert paused.made.reason(*cancel) is None
    paused.play(realise(0, bull))
    paused.play(perp(buyer=bear, seller=bull, lots=1_000))


def test_a_pause_stops_no_liquidation(stage):
    stage.play(own("borrow", bull, USDC, 20_000 * 10**6))
    stage.play(govern("pause_market", 0))
    stage.play(govern("pause_asset", USDC))
    move(stage, {BTC: 35_000 * WAD})
    stage.play(Action("wait", STRANGER, (1,)))
    stage.play(liquidate(bull))
    assert lots(stage, bull) < 5_000


# Spot


THROTTLED = 9_000, 0, 700, 0, 0
"""Guards: highest utilisation, threshold, the throttle's share; no outflow limit."""

second = account_of(BEAR, 1)


def test_to_sell_what_is_borrowed_to_oneself_is_limited(stage):
    """Who buys it has no exposure, and could take it all out at once."""
    stage.play(own("deposit", second, USDC, 30_000 * 10**6))
    stage.play(govern("set_guards", ETH, *THROTTLED))
    sale = spot(seller=bear, buyer=second, price=2_475 * WAD)
    stage.play(sale)
    assert stage.refuse(sale) == "utilisation too high"
    assert stage.refuse(own("borrow", bear, ETH, WAD)) == "utilisation too high"
    stage.play(own("withdraw", second, ETH, EVERYTHING))
    assert owed(stage, bear, ETH) > 0
    stage.play(Action("wait", STRANGER, (60,)))
    move(stage, PRICES)
    stage.play(
        replace(sale, arguments=(*sale.arguments[:3], WAD // 4, *sale.arguments[4:]))
    )


def test_a_fee_is_borrowed_as_the_price_is(stage):
    stage.play(own("deposit", second, USDC, 2_500 * 10**6))
    stage.play(govern("pause_asset", USDC))
    assert stage.refuse(spot(buyer=second)) == "paused"
    stage.play(own("deposit", second, USDC, 10**6))
    stage.play(spot(buyer=second))


def test_to_buy_with_what_is_borrowed_from_oneself_is_limited(stage):
    """The first two only replace what the seller owed, and repays."""
    stage.play(govern("set_guards", USDC, 9_000, 0, 50, 0, 0))
    purchase = spot(buyer=bull)
    for _ in range(3):
        stage.play(purchase)
    assert stage.refuse(purchase) == "utilisation too high"


@pytest.mark.parametrize(
    ("asset", "sides"), [(ETH, {"seller": bear}), (USDC, {"buyer": bull})]
)
def test_what_is_borrowed_for_a_fill_is_capped(stage, asset, sides):
    stage.play(govern("set_caps", asset, 0, 5_500 * WAD if asset == USDC else WAD))
    cap = spot(**sides, amount=WAD + 10**10)
    assert stage.refuse(cap) == "borrow cap reached"
    stage.play(spot(**sides, amount=WAD // 10))


def test_a_seller_borrows_what_it_does_not_hold(stage):
    stage.play(spot(seller=bear, amount=2 * WAD))
    state = stage.world.clearing
    assert 0 <= get_owed(state, bear, ETH, stage.world.now) - 2 * WAD <= 1
    stage.play(spot(buyer=bear, seller=hedger, amount=3 * WAD))
    state = stage.world.clearing
    assert get_owed(state, bear, ETH, stage.world.now) == 0
    assert 0 <= WAD - get_held(state, bear, ETH) <= 2
