"""
Slices on the book: when, of what, at which limit, for what fee, and who gets it.
`SliceCode` opens and closes them, `ForcedCode` fills them.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from specs import slices
from specs.accounts import BACKSTOP_FUND, USDC, Settings
from specs.clearinghouse import assess, get_held
from specs.fixed_point import WAD, mul_div_down, mul_div_up
from specs.legs import get_legs
from specs.makers import Making
from specs.requirements import Haircut
from specs.slices import is_improved
from specs.world import Action, take
from tests.helpers.conversions import held, owed, play, quote, set_risk
from tests.helpers.orders import release, reserve, spot
from tests.helpers.scenes import AT_WORK, OWING
from tests.helpers.slicing import (
    ENROLLED,
    Session,
    clear_slice,
    close_slice,
    open_slice,
)
from tests.helpers.worlds import (
    BOOK,
    BTC,
    BULL,
    ETH,
    GOVERNOR,
    GUARDIAN,
    PRICES,
    STRANGER,
    UNLISTED,
    VENUE,
    account_of,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    publish,
    trade,
)

MARK = 35_600 * WAD
WAIT = Action("wait", STRANGER, (1,))
LOTS = 1_000

# The bull is half a BTC long, ten ETH short and owes 20,000 USDC beside one BTC.
DUE = [*OWING, ENROLLED, *publish({BTC: MARK}), WAIT]

# Where the bull's equity is a microdollar above its maintenance margin.
FIRM = {BTC: 35_895_499_344 * 10**12, ETH: PRICES[ETH]}
BRINK = [*OWING, ENROLLED, *publish(FIRM), WAIT]

FUNDED = [
    *publish(PRICES),
    ENROLLED,
    own("deposit", lender, BTC, 10**8),
    *(
        own("deposit", account, USDC, 100_000 * 10**6)
        for account in (lender, bear, backer)
    ),
]

# A position worth 640 USDC beside a large debt.
LITTLE = [
    *FUNDED,
    own("deposit", bull, BTC, 10**8),
    own("borrow", bull, USDC, 28_500 * 10**6),
    trade(0, bull, bear, 200, PRICES[BTC]),
    *publish({BTC: 32_000 * WAD}),
    WAIT,
]

# A position whose loss is paid from what is held.
UNINDEBTED = [
    *FUNDED,
    own("deposit", bull, BTC, 10**5),
    own("deposit", bull, USDC, 1_400 * 10**6),
    trade(0, bull, bear, 5_000, PRICES[BTC]),
    *publish({BTC: 57_300 * WAD}),
    WAIT,
]

# A debt that is more than the best collateral is worth.
DEEP = [
    *FUNDED,
    own("deposit", bull, BTC, 10**7),
    own("deposit", bull, ETH, 20 * 10**18),
    own("borrow", bull, USDC, 40_000 * 10**6),
    *publish({**PRICES, ETH: 2_005 * WAD}),
    WAIT,
]

# A gain that its market's fund can't pay, and a debt that is less.
OUTWEIGHED = [
    *FUNDED,
    own("deposit", bull, BTC, 15 * 10**6),
    set_risk(BTC, Haircut(10**6, 0)),
    own("borrow", bull, USDC, 3_000 * 10**6),
    trade(1, bull, bear, 40_000, PRICES[ETH]),
    *publish({BTC: 12_000 * WAD, ETH: 2_587 * WAD + WAD // 2}),
    WAIT,
]

# A debt of half a BTC, whose price has risen.
INDEBTED_AT = 74_500 * WAD
INDEBTED = [
    *FUNDED,
    own("deposit", bull, USDC, 40_000 * 10**6),
    own("borrow", bull, BTC, 5 * 10**7),
    *publish({BTC: INDEBTED_AT}),
    WAIT,
]

# 500 USDC that lie idle beside a debt.
IDLING = [
    *FUNDED,
    own("deposit", bull, BTC, 10**8),
    own("borrow", bull, USDC, 29_500 * 10**6),
    own("set_settings", bull, Settings(auto_repay=False)),
    own("deposit", bull, USDC, 500 * 10**6),
    *publish({BTC: 32_000 * WAD}),
    WAIT,
]

SCENE = DUE


@pytest.fixture(scope="module")
def deployed():
    return Session()


def bid(stage, lots=LOTS, price=MARK, account=backer, **options):
    """Let a bid for the first market's perpetual rest, and return it."""
    return stage.rest(0, account, True, lots, price, **options)


def ask(stage, lots=LOTS, price=PRICES[ETH], account=backer, **options):
    """Let an ask for the second market's perpetual rest, and return it."""
    return stage.rest(1, account, False, lots, price, **options)


def opened(stage, instrument=0, account=bull):
    """Return the terms of a slice, which is not closed."""
    with stage.transaction():
        return stage.play(open_slice(account, instrument))


def refuse(stage, instrument=0, account=bull):
    with stage.transaction():
        return stage.refuse(open_slice(account, instrument))


def lots_of(stage, account=bull, market=0):
    return stage.world.clearing.accounts[account].positions[market].lots


def rise(stage, price):
    """Take a new price of BTC over, and let a second pass."""
    play(stage, [*publish({BTC: price * WAD}), WAIT])


def refresh(stage, seconds):
    """Let so many seconds pass, and take the same prices over in the last of them."""
    if seconds > 1:
        stage.play(Action("wait", STRANGER, (seconds - 1,)))
    play(stage, publish({BTC: MARK, ETH: PRICES[ETH]}))


# Flags


def flag(account=bull, caller=STRANGER):
    return Action("flag", caller, (account,))


def noted(stage, account=bull):
    return stage.world.clearing.accounts[account].distress


def test_anyone_flags_an_account_that_is_due(stage):
    ((name, told),) = stage.events(flag())
    now = stage.world.now
    assert (name, told) == (
        "Flagged",
        {"account": bull, "flagged_at": now, "time": now},
    )
    assert noted(stage).flagged_at == now


def test_a_flag_stays_for_a_minute(stage):
    stage.play(flag())
    first = stage.world.now
    for seconds, since in ((60, 0), (1, 61)):
        refresh(stage, seconds)
        stage.play(flag())
        assert noted(stage).flagged_at == first + since


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (lender, "not liquidatable"),
        (hedger + 9, "not liquidatable"),
        (BACKSTOP_FUND, "reserved account"),
        (0, "reserved account"),
    ],
)
def test_who_is_not_due_is_not_flagged(stage, account, reason):
    assert stage.refuse(flag(account)) == reason


def test_who_is_due_by_a_stale_price_alone_is_not_flagged(stage):
    stage.play(Action("wait", STRANGER, (60,)))
    assert stage.refuse(flag()) == "not liquidatable"


def test_interest_makes_an_account_due(deployed):
    with deployed.at(BRINK) as stage:
        assert stage.refuse(flag()) == "not liquidatable"
        play(stage, [Action("wait", STRANGER, (3600,)), *publish(FIRM)])
        stage.play(flag())


def test_a_price_in_every_block_puts_nothing_off(stage):
    play(stage, publish({BTC: MARK}))
    assert refuse(stage) == "price too fresh"
    stage.play(flag())
    assert refuse(stage) == "price too fresh"
    for _ in range(2):
        play(stage, publish({BTC: MARK}))
        assert opened(stage).left == 5_000


def test_a_flag_is_forgotten_after_a_minute(stage):
    stage.play(flag())
    refresh(stage, 60)
    opened(stage)
    refresh(stage, 1)
    assert refuse(stage) == "price too fresh"


# When


@pytest.mark.parametrize("price", [60_000, 36_500])
def test_nobody_above_maintenance_margin_is_reduced(stage, price):
    rise(stage, price)
    assert refuse(stage) == "not liquidatable"


def test_a_venue_alone_opens_fills_and_closes(stage):
    making = bid(stage)
    with stage.transaction():
        for caller in (BOOK, VENUE, BULL, GOVERNOR, STRANGER):
            action = replace(open_slice(bull, 0), caller=caller)
            assert stage.refuse(action) == "not a venue"
        stage.play(open_slice(bull, 0))
        action = clear_slice(0, bull, making)
        for caller in (ENROLLED.arguments[0], VENUE, BULL, GOVERNOR, STRANGER):
            assert stage.refuse(replace(action, caller=caller)) == "not a venue"
        for caller in (BOOK, VENUE, BULL, GOVERNOR, STRANGER):
            action = replace(close_slice(), caller=caller)
            assert stage.refuse(action) == "not a venue"


@pytest.mark.parametrize(
    ("account", "instrument", "reason"),
    [
        (BACKSTOP_FUND, 0, "reserved account"),
        (bull, UNLISTED, "unknown market"),
        (bull, 2**128 - 1, "unknown market"),
        (bull, spot(UNLISTED), "unknown asset"),
        (bull, spot(USDC), "unknown asset"),
        (lender, 0, "not liquidatable"),
        (hedger + 9, 0, "not liquidatable"),
        (bull, spot(ETH), "wrong collateral"),
    ],
)
def test_what_makes_no_sense_is_refused(stage, account, instrument, reason):
    assert refuse(stage, instrument, account) == reason


@pytest.mark.parametrize("instrument", [0, 1, spot(BTC)])
def test_nothing_is_reduced_at_a_stale_price(stage, instrument):
    play(stage, [Action("wait", STRANGER, (60,))])
    assert refuse(stage, instrument) == "stale price"


def test_nobody_is_reduced_at_prices_of_this_block(stage):
    play(stage, publish({BTC: MARK}))
    assert refuse(stage) == "price too fresh"
    stage.play(WAIT)
    opened(stage)


def test_orders_are_cancelled_first(stage):
    play(stage, publish({BTC: 60_000 * WAD}))
    stage.play(reserve(0, bull, True, 10))
    rise(stage, 35_600)
    assert refuse(stage) == "orders open"
    stage.play(release(0, bull, True, 10))
    opened(stage)


def test_without_equity_there_is_nothing_to_sell_at_a_discount(stage):
    rise(stage, 33_000)
    assert stage.health().equity < 0
    assert refuse(stage) == "no equity"


def test_a_wei_of_equity_is_enough(deployed):
    second = account_of(BULL, 1)
    with deployed.at([*DUE, own("deposit", second, USDC, 100 * 10**6)]) as stage:
        low, high = 30_000, 35_600
        while high - low > 1:
            middle = (low + high) // 2
            is_enough = at_prices(stage.world, middle).equity > 0
            low, high = (low, middle) if is_enough else (middle, high)
        prices = {BTC: low * WAD, ETH: PRICES[ETH] + 10 * WAD}
        play(stage, [*publish(prices), WAIT])
        while stage.health().equity < 1:
            assert refuse(stage) == "no equity"
            # A single wei would repay no scaled unit of the debt.
            amount = max(2, -stage.health().equity)
            stage.play(own("transfer", second, bull, USDC, amount))
        assert stage.health().equity == 1
        assert opened(stage).equity == 1


def test_what_an_account_does_not_have_is_not_reduced(deployed):
    scene = [*AT_WORK, own("borrow", bull, USDC, 45_000 * 10**6), ENROLLED]
    flat = trade(1, bull, bear, 10_000, PRICES[ETH])
    with deployed.at([*scene, flat, *publish({BTC: 53_000 * WAD}), WAIT]) as stage:
        assert refuse(stage, 1) == "nothing to reduce"
        opened(stage, 0)


def test_without_a_debt_no_collateral_is_sold(deployed):
    with deployed.at(UNINDEBTED) as stage:
        assert owed(stage) == 0
        assert refuse(stage, spot(BTC)) == "nothing to reduce"
        opened(stage, 0)


def test_an_account_is_reduced_on_until_it_has_initial_margin(stage):
    makings = [bid(stage, 2_000) for _ in range(2)]
    stage.reduce(0, makings[0])
    rise(stage, 36_200)
    health = stage.health()
    legs = get_legs(stage.world.clearing, bull, stage.world.now)
    end = slices.compute_end(tuple(legs.values()))
    assert health.maintenance_margin < health.equity < end
    stage.reduce(0, replace(makings[1], size=10))
    rise(stage, 60_000)
    assert refuse(stage) == "not liquidatable"


def test_it_goes_on_for_a_minute_after_a_slice_only(stage):
    making = bid(stage)
    stage.reduce(0, making)
    prices = {BTC: 36_200 * WAD, ETH: PRICES[ETH]}
    play(stage, [Action("wait", STRANGER, (58,)), *publish(prices), WAIT])
    opened(stage)
    stage.play(WAIT)
    assert refuse(stage) == "not liquidatable"


def test_nobody_goes_on_where_nobody_began(stage):
    rise(stage, 36_200)
    legs = get_legs(stage.world.clearing, bull, stage.world.now)
    assert stage.health().equity < slices.compute_end(tuple(legs.values()))
    assert refuse(stage) == "not liquidatable"


# What


@pytest.mark.parametrize(
    ("instrument", "is_buy", "index"), [(0, False, 0), (1, True, 1)]
)
def test_a_position_is_closed_at_half_of_its_share_of_the_equity(
    stage, instrument, is_buy, index
):
    terms = opened(stage, instrument)
    legs = get_legs(stage.world.clearing, bull, stage.world.now)
    health = stage.health()
    ratio = slices.compute_ratio(health, legs[instrument])
    mark = stage.world.clearing.markets[index].quote.slow
    assert terms.is_buy == is_buy
    assert terms.held == abs(lots_of(stage, market=index))
    assert abs(terms.limit - slices.compute_limit(mark, ratio, is_buy)) < 10**6
    assert abs(terms.fee - slices.compute_fee_rate(ratio)) < 10


def test_no_more_is_closed_than_restores_initial_margin(stage):
    stage.reduce(0, bid(stage, 10))
    rise(stage, 37_160)
    terms = opened(stage)
    assert 0 < terms.left < terms.held
    making = bid(stage, terms.left, 37_160 * WAD)
    stage.reduce(0, making)
    rise(stage, 37_161)
    assert refuse(stage) == "not liquidatable"


def test_more_than_that_is_refused(stage):
    stage.reduce(0, bid(stage, 10))
    rise(stage, 37_160)
    making = bid(stage, 5_000, 37_160 * WAD)
    with stage.transaction():
        left = stage.play(open_slice(bull, 0)).left
        more = replace(making, size=left + 1)
        assert stage.refuse(clear_slice(0, bull, more)) == "amount too large"
        first = replace(making, size=left - 1)
        stage.play(clear_slice(0, bull, first))
        two = replace(making, size=2)
        assert stage.refuse(clear_slice(0, bull, two)) == "amount too large"
        assert (
            stage.refuse(clear_slice(0, bull, *[replace(making, size=1)] * 2))
            == "amount too large"
        )
        stage.play(clear_slice(0, bull, replace(making, size=1)))
        stage.play(close_slice())


def test_a_little_position_is_closed_in_one(deployed):
    with deployed.at(LITTLE) as stage:
        terms = opened(stage)
        assert terms.left == terms.held == 200


def test_the_best_collateral_pays_a_usdc_debt(stage):
    terms = opened(stage, spot(BTC))
    needed = mul_div_up(owed(stage), WAD, terms.limit)
    assert not terms.is_buy
    assert terms.held == min(held(stage), needed) < held(stage)


def test_no_more_collateral_is_sold_than_there_is(deployed):
    with deployed.at(DEEP) as stage:
        assert opened(stage, spot(BTC)).held == held(stage)


# How


def test_each_side_is_logged(stage):
    making = bid(stage, price=MARK + WAD)
    with stage.transaction():
        terms = stage.play(open_slice(bull, 0))
        name, told = stage.told[-1]
        health = stage.world.clearing.slice.before
        assert (name, told) == (
            "SliceOpened",
            {
                "account": bull,
                "instrument": 0,
                "is_buy": False,
                "held": 5_000,
                "most": terms.left,
                "limit": terms.limit,
                "fee": terms.fee,
                "equity": health.equity,
                "maintenance_margin": health.maintenance_margin,
                "exposure": health.exposure,
                "time": stage.world.now,
            },
        )
        stage.play(clear_slice(0, bull, making))
        names = [name for name, _ in stage.told if name in ("OrderFill", "SliceFill")]
        assert names == ["OrderFill", "SliceFill"]
        assert stage.told[-1][1] == {
            "instrument": 0,
            "account": bull,
            "maker": backer,
            "is_buy": False,
            "size": LOTS,
            "price": MARK + WAD,
            "time": stage.world.now,
        }
        fee = stage.play(close_slice(lender))
        worth = (MARK + WAD) // 10
        assert fee == mul_div_down(worth, terms.fee, WAD)
        assert stage.told[-1] == (
            "SliceClosed",
            {
                "account": bull,
                "instrument": 0,
                "reward": lender,
                "filled": LOTS,
                "notional": worth,
                "fee": fee,
                "rewarded": fee // 2,
                "time": stage.world.now,
            },
        )


def test_the_account_pays_no_taker_fee_and_the_maker_pays_its_own(stage):
    making = bid(stage)
    reserve_before = stage.world.clearing.assets[USDC].pool.reserve
    with stage.transaction():
        stage.play(open_slice(bull, 0))
        debt, bound = owed(stage), stage.world.clearing.assets[USDC].pool.reserve
        stage.play(clear_slice(0, bull, making))
        assert owed(stage) - debt <= 1
        assert stage.world.clearing.assets[USDC].pool.reserve > bound
        assert bound >= reserve_before


def test_what_is_filled_is_counted_rounded_down(stage):
    size, price = WAD // 10 + 1, MARK + 10**6
    assert size * price % WAD != 0
    stage.reduce(spot(BTC), stage.rest(spot(BTC), backer, True, size, price))
    name, told = stage.told[-1]
    assert (name, told["filled"]) == ("SliceClosed", size)
    assert told["notional"] == mul_div_down(size, price, WAD)


@pytest.mark.parametrize("is_rewarded", [False, True])
def test_half_of_the_fee_is_the_rewarded_accounts(stage, is_rewarded):
    making = bid(stage)
    reward = lender if is_rewarded else 0
    with stage.transaction():
        stage.play(open_slice(bull, 0))
        stage.play(clear_slice(0, bull, making))
        before = [held(stage, who, USDC) for who in (lender, BACKSTOP_FUND)]
        debt = owed(stage)
        fee = stage.play(close_slice(reward))
        after = [held(stage, who, USDC) for who in (lender, BACKSTOP_FUND)]
        share = fee // 2 if is_rewarded else 0
        assert fee > 0
        assert 0 <= before[0] + share - after[0] <= 1
        assert 0 <= before[1] + fee - share - after[1] <= 1
        assert fee <= owed(stage) - debt <= fee + 1
        assert noted(stage).sliced_at == stage.world.now


@pytest.mark.parametrize(
    ("reward", "reason"),
    [
        (bull, "same owner"),
        (account_of(BULL, 9), "same owner"),
        (BACKSTOP_FUND, "reserved account"),
    ],
)
def test_nobody_is_rewarded_for_an_account_of_his_own(stage, reward, reason):
    making = bid(stage)
    with stage.transaction():
        stage.play(open_slice(bull, 0))
        assert stage.refuse(close_slice(reward)) == reason
        stage.play(clear_slice(0, bull, making))
        assert stage.refuse(close_slice(reward)) == reason


def test_where_nothing_is_filled_nobody_pays(stage):
    with stage.transaction():
        stage.play(open_slice(bull, 0))
        funds = get_held(stage.world.clearing, BACKSTOP_FUND, USDC)
        assert stage.play(close_slice(lender)) == 0
        assert get_held(stage.world.clearing, BACKSTOP_FUND, USDC) == funds
        assert noted(stage).sliced_at == 0


def test_a_slice_leaves_the_account_better_off(stage):
    for instrument, making in ((0, bid(stage)), (1, ask(stage))):
        before = stage.health()
        stage.reduce(instrument, making)
        assert is_improved(before, stage.health())


def test_at_the_limit_too(stage):
    terms = opened(stage)
    making = bid(stage, 5_000, terms.limit)
    before = stage.health()
    stage.reduce(0, making)
    after = stage.health()
    assert after.equity < before.equity
    assert is_improved(before, after)


def test_the_first_price_beyond_the_limit_ends_it(stage):
    limit = opened(stage).limit
    makings = [
        bid(stage, 10, price, account)
        for account, price in ((backer, limit), (lender, limit - 1), (bear, limit))
    ]
    filled, stop, _ = stage.reduce(0, *makings)
    assert (filled, stop) == ((10, 0, 0), "price out of band")


def test_the_first_ask_beyond_the_limit_ends_it(stage):
    limit = opened(stage, 1).limit
    makings = [
        ask(stage, 10, price, account)
        for account, price in ((backer, limit), (lender, limit + 1), (bear, limit))
    ]
    filled, stop, _ = stage.reduce(1, *makings)
    assert (filled, stop) == ((10, 0, 0), "price out of band")


def test_a_maker_who_cannot_be_filled_is_passed_over(stage):
    poor = Making(account_of(BULL ^ 1 << 100, 3), 10, MARK)
    filled, stop, _ = stage.reduce(0, bid(stage, 10), poor, bid(stage, 20))
    assert (filled, stop) == ((10, 0, 20), "")


def test_who_only_reduces_is_filled_as_far_as_that(stage):
    short = abs(lots_of(stage, bear))
    assert short == 5_000
    play(stage, [trade(0, bear, lender, 4_990, MARK), WAIT])
    making = bid(stage, 50, account=bear, is_reduce_only=True)
    filled, stop, _ = stage.reduce(0, making)
    assert (filled, stop) == ((10,), "")


def test_a_paused_market_lets_both_reduce(stage):
    reducing, growing = bid(stage, account=bear), bid(stage)
    play(
        stage,
        [
            Action("set_guardian", GOVERNOR, (GUARDIAN,)),
            Action("pause_market", GUARDIAN, (0,)),
        ],
    )
    filled, stop, _ = stage.reduce(0, reducing, growing, reducing)
    assert (filled, stop) == ((LOTS, 0, 0), "paused")


def test_an_old_mark_lets_both_reduce(stage):
    reducing, growing = bid(stage, account=bear), bid(stage)
    play(stage, [Action("wait", STRANGER, (30,))])
    filled, stop, _ = stage.reduce(0, reducing, growing)
    assert (filled, stop) == ((LOTS, 0), "reduce only")


def test_diverging_prices_let_both_reduce(stage):
    reducing, growing = bid(stage, account=bear), bid(stage)
    play(stage, [*quote(BTC, MARK, MARK * 97 // 100), WAIT])
    filled, stop, _ = stage.reduce(0, reducing, growing)
    assert (filled, stop) == ((LOTS, 0), "prices diverge")


def test_a_stop_stays(stage):
    limit = opened(stage).limit
    low, good = bid(stage, 10, limit - 1), bid(stage, 10)
    play(
        stage,
        [
            Action("set_guardian", GOVERNOR, (GUARDIAN,)),
            Action("pause_market", GUARDIAN, (0,)),
        ],
    )
    filled, stop, _ = stage.reduce(0, low, good)
    assert (filled, stop) == ((0, 0), "price out of band")


def mixed(collateral, debt, long, short):
    """Return how the bull comes to legs of several kinds; 0 for none."""
    scene = [
        *FUNDED,
        own("deposit", bull, BTC, collateral * 10**6),
        own("deposit", bull, ETH, 10**18),
    ]
    if long:
        scene.append(trade(0, bull, bear, long, PRICES[BTC]))
    if short:
        scene.append(trade(1, bear, bull, short, PRICES[ETH]))
    if debt:
        scene.append(own("borrow", bull, USDC, debt * 10**6))
    return scene


def fall_to(world, health):
    """Return the prices at which the bull has so many percent of its margin left."""
    low, high = 20_000, 60_000
    while high - low > 1:
        middle = (low + high) // 2
        found = at_prices(world, middle)
        if 100 * found.equity > health * found.maintenance_margin:
            high = middle
        else:
            low = middle
    return {BTC: high * WAD, ETH: PRICES[ETH] + 10 * WAD}


def at_prices(world, price):
    """Return the bull's health with BTC at a price."""
    for action in [*publish({BTC: price * WAD, ETH: PRICES[ETH] + 10 * WAD}), WAIT]:
        world = take(world, action)
    return assess(world.clearing, bull, world.now)


@settings(max_examples=25, deadline=None)
@given(
    legs=st.tuples(
        st.integers(50, 150),
        st.integers(5_000, 20_000),
        st.integers(0, 15_000),
        st.integers(0, 20_000),
    ),
    health=st.integers(1, 99),
    leg=st.sampled_from((0, 1, spot(BTC))),
    part=st.integers(1, 1_000),
)
def test_a_slice_of_any_leg_at_the_limit_leaves_one_better_off(
    deployed, legs, health, leg, part
):
    scene = mixed(*legs)
    with deployed.at(scene) as stage:
        play(stage, [*publish(fall_to(stage.world, health)), WAIT])
        assume(0 < stage.health().equity < stage.health().maintenance_margin)
        assume(leg == spot(BTC) or legs[2 + leg])
        terms = opened(stage, leg)
        size = mul_div_up(terms.left, part, 1_000)
        making = stage.rest(leg, backer, not terms.is_buy, size, terms.limit)
        before = stage.health()
        filled, stop, _ = stage.reduce(leg, making, reward=lender)
        assert (filled, stop) == ((size,), "")
        assert is_improved(before, stage.health())


# The session


def test_nothing_is_filled_or_closed_that_is_not_open(stage):
    making = bid(stage)
    with stage.transaction():
        assert stage.refuse(close_slice()) == "no slice open"
        assert stage.refuse(clear_slice(0, 0)) == "no slice open"
        assert stage.refuse(clear_slice(0, bull, making)) == "no slice open"
        stage.play(open_slice(bull, 0))
        assert stage.refuse(clear_slice(1, bull, making)) == "no slice open"
        assert stage.refuse(clear_slice(0, hedger, making)) == "no slice open"
        stage.play(clear_slice(0, bull, making))
        stage.play(close_slice())
        assert stage.refuse(clear_slice(0, bull, making)) == "no slice open"
        assert stage.refuse(close_slice()) == "no slice open"


def test_a_slice_ends_with_its_transaction(stage):
    opened(stage)
    with stage.transaction():
        assert stage.refuse(close_slice()) == "no slice open"


def test_makers_are_of_other_owners(stage):
    other = Making(account_of(BULL, 1), 10, MARK)
    with stage.transaction():
        stage.play(open_slice(bull, 0))
        assert stage.refuse(clear_slice(0, bull, other)) == "same owner"


@pytest.mark.parametrize(
    ("size", "reason"), [(0, "zero amount"), (2**56 + 1, "amount too large")]
)
def test_a_size_that_no_fill_may_have_is_refused(stage, size, reason):
    with stage.transaction():
        stage.play(open_slice(bull, 0))
        making = Making(backer, size, MARK)
        assert stage.refuse(clear_slice(0, bull, making)) == reason


def test_what_does_not_improve_the_account_is_refused(deployed):
    """A debt that claims outweigh binds nothing: to pay it at a loss frees nothing."""
    with deployed.at(OUTWEIGHED) as stage:
        limit = opened(stage, spot(BTC)).limit
        making = stage.rest(spot(BTC), backer, True, WAD // 100, limit)
        with stage.transaction():
            stage.play(open_slice(bull, spot(BTC)))
            stage.play(clear_slice(spot(BTC), bull, making))
            assert stage.refuse(close_slice()) == "not improved"


# Spot


def test_collateral_pays_the_debt_whatever_the_settings_say(stage):
    stage.play(own("set_settings", bull, Settings(auto_repay=False)))
    making = stage.rest(spot(BTC), backer, True, WAD // 10, MARK)
    with stage.transaction():
        stage.play(open_slice(bull, spot(BTC)))
        coins, debt = held(stage), owed(stage)
        filled = stage.play(clear_slice(spot(BTC), bull, making))
        assert filled == ((WAD // 10,), "")
        assert 0 <= coins - WAD // 10 - held(stage) <= 1
        assert 0 <= owed(stage) - (debt - MARK // 10) <= 1
        stage.play(close_slice())


def test_a_debt_is_bought_back(deployed):
    with deployed.at(INDEBTED) as stage:
        terms = opened(stage, spot(BTC))
        assert terms.is_buy
        assert terms.held == owed(stage, asset=BTC)
        making = stage.rest(spot(BTC), lender, False, WAD // 10, INDEBTED_AT)
        debt, cash = owed(stage, asset=BTC), held(stage, asset=USDC)
        (filled,), stop, fee = stage.reduce(spot(BTC), making)
        assert (filled, stop) == (WAD // 10, "")
        assert 0 <= owed(stage, asset=BTC) - (debt - filled) <= 2
        paid = cash - held(stage, asset=USDC)
        assert 0 <= paid - (INDEBTED_AT // 10 + fee) <= 2


def test_what_lies_idle_pays_the_debt_first(deployed):
    with deployed.at(IDLING) as stage, stage.transaction():
        stage.play(open_slice(bull, spot(BTC)))
        assert [name for name, _ in stage.told] == ["IdleUsed", "SliceOpened"]
        assert stage.world.clearing.accounts[bull].balances[USDC].idle == 0
