"""Auto-deleveraging: epochs close exactly what they are to, of everybody his share."""

from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import clearinghouse as ch
from specs import deleverage_code, deleveraging, liquidation_code, margin
from specs.accounts import BACKSTOP_FUND, INVENTORY, USDC
from specs.deleveraging import (
    MAX_EPOCHS,
    Epoch,
    compute_carry,
    compute_closed,
    compute_closing_price,
    compute_effective_interest,
    compute_left,
    compute_price,
    get_left,
    limit_to_index,
    meet,
)
from specs.fixed_point import PPM, WAD
from specs.world import Action
from tests.helpers.epochs import (
    BROKE,
    CALLER,
    CROWDED,
    MARKET,
    NEARLY,
    OTHER,
    SIZES,
    VICTIMS,
    WAIT,
    ByHand,
    deleverage_in_parts,
    deposit,
    fall,
    liquidate,
    listed_of,
    lots_of,
    named,
    play_all,
    position_of,
    realise,
)
from tests.helpers.protocol import calldata
from tests.helpers.worlds import (
    BTC,
    ETH,
    GOVERNOR,
    OPERATOR,
    PRICES,
    STRANGER,
    backer,
    bear,
    bull,
    hedger,
    lender,
    own,
    pledge,
    publish,
    trade,
    underwriter,
)

SCENE = CROWDED
TENTH = WAD // 10
SLACK = 10
"""Wei that roundings of a touch may cost."""


def epoch_of(lots, open_interest, is_long=False, price=60_000 * WAD, index=0):
    return Epoch(is_long, lots, open_interest, price, index)


def meet_all(epoch, sizes):
    """Return what an epoch closes of each of these sizes, and the epoch after."""
    closed = []
    for size in sizes:
        closed.append(compute_closed(epoch, size))
        epoch = meet(epoch, size)
    return closed, epoch


def health_of(stage, account):
    return ch.assess(stage.world.clearing, account, stage.world.now)


def agree(stage, account):
    """Return an account's health, on which chain and specification agree."""
    health = health_of(stage, account)
    told = stage.made.view("Clearinghouse", "assess", account)
    assert tuple(told) == tuple(vars(health).values())
    return health


# The share of each


@st.composite
def crowds(draw):
    sizes = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=30))
    lots = draw(st.integers(1, sum(sizes)))
    return lots, sizes


@given(crowds(), st.randoms(use_true_random=False))
def test_an_epoch_closes_exactly_what_it_is_to_in_any_order(crowd, random):
    lots, sizes = crowd
    for _ in range(3):
        closed, epoch = meet_all(epoch_of(lots, sum(sizes)), sizes)
        assert sum(closed) == lots
        assert (compute_left(epoch), compute_carry(epoch)) == (0, 0)
        random.shuffle(sizes)


@given(crowds())
def test_everybody_is_closed_within_a_lot_of_his_share(crowd):
    lots, sizes = crowd
    closed, _ = meet_all(epoch_of(lots, sum(sizes)), sizes)
    for size, found in zip(sizes, closed, strict=True):
        assert abs(found - Fraction(size * lots, sum(sizes))) < 1
        assert 0 <= found <= size


@given(crowds())
def test_the_carry_is_what_divisions_leave(crowd):
    """As the contracts do it: a remainder that goes on to whoever is next."""
    lots, sizes = crowd
    epoch, carry = epoch_of(lots, sum(sizes)), 0
    for size in sizes:
        closed, carry = divmod(size * lots + carry, sum(sizes))
        assert compute_closed(epoch, size) == closed
        epoch = meet(epoch, size)
        assert compute_carry(epoch) == carry


@given(crowds(), st.data())
def test_a_split_position_is_closed_as_a_whole_one(crowd, data):
    lots, sizes = crowd
    parts = data.draw(st.integers(0, sizes[0]))
    epoch = epoch_of(lots, sum(sizes))
    (whole, *others), _ = meet_all(epoch, sizes)
    (one, other, *rest), _ = meet_all(epoch, [parts, sizes[0] - parts, *sizes[1:]])
    assert one + other == whole
    assert rest == others


@pytest.mark.parametrize("order", permutations(range(4)))
def test_whoever_comes_first_all_are_closed_once_all_have_come(stage, order):
    play_all(stage, [*BROKE, liquidate()])
    (epoch,) = listed_of(stage).epochs
    assert (epoch.lots, epoch.open_interest, epoch.is_long) == (10_000, 10_777, False)
    for place in order:
        stage.play(realise(VICTIMS[place]))
    for account, size in zip(VICTIMS, SIZES, strict=True):
        left = Fraction(size * 777, 10_777)
        assert abs(-lots_of(stage, account) - left) < 1
        assert position_of(stage, account).epoch == (
            1 if lots_of(stage, account) else 0
        )
    assert sum(lots_of(stage, each) for each in VICTIMS) == -777
    assert listed_of(stage).open_interest == 777
    assert listed_of(stage).inventory.lots == 0
    assert lots_of(stage, bull) == 0
    assert stage.made.view("Clearinghouse", "market_pending", MARKET) == 0


def test_what_a_touch_closes_comes_out_of_the_inventory_to_the_wei(stage):
    play_all(stage, [*BROKE, liquidate()])

    def booked():
        listed = listed_of(stage)
        held = [position_of(stage, each) for each in (*VICTIMS, bull, lender)]
        return listed.fund.balance + sum(p.basis for p in (*held, listed.inventory))

    before = booked()
    for account in VICTIMS:
        stage.play(realise(account))
        assert booked() == before


@pytest.mark.parametrize("first", VICTIMS)
def test_a_touch_tells_what_was_closed(stage, first):
    play_all(stage, [*BROKE, liquidate()])
    (epoch,) = listed_of(stage).epochs
    (told,) = named(stage.events(realise(first)), "DeleverageApplied")
    size = SIZES[VICTIMS.index(first)]
    assert told == {
        "market": MARKET,
        "account": first,
        "epoch": 1,
        "closed": size * 10_000 // 10_777,
        "carry": size * 10_000 % 10_777,
        "price": epoch.price,
        "time": stage.world.now,
    }
    assert named(stage.events(realise(first)), "DeleverageApplied") == []


# The event


def test_what_nobody_takes_over_is_closed_against_the_other_side(stage):
    play_all(stage, NEARLY)
    clearing, now = stage.world.clearing, stage.world.now
    _, terms = liquidation_code.open_takeover(clearing, now, bull, False)
    events = stage.events(liquidate())
    (told,) = named(events, "Deleveraged")
    mark = 58_600 * WAD
    assert told == {
        "market": MARKET,
        "account": bull,
        "epoch": 1,
        "is_long": False,
        "lots": told["lots"],
        "open_interest": 10_777,
        "price": told["price"],
        "funding_index": 0,
        "time": now,
    }
    lot = listed_of(stage).lot
    assert 0 < told["lots"] == -(-terms.due // (mark * lot // WAD)) <= 10_000
    assert mark > told["price"] >= mark - mark * terms.discount // WAD
    (summary,) = named(events, "Liquidation")
    assert summary["deleveraged"] == told["lots"] * lot * mark // WAD
    assert summary["taken"] == 0
    assert lots_of(stage, bull) == 10_000 - told["lots"]
    assert listed_of(stage).inventory.lots == told["lots"]


def test_above_a_quarter_of_its_margin_an_account_is_left_to_providers(stage):
    play_all(stage, fall(58_625))
    health = health_of(stage, bull)
    assert health.maintenance_margin < 4 * health.equity
    assert 2 * health.equity < health.maintenance_margin
    assert stage.refuse(liquidate()) == "nothing taken"
    play_all(stage, fall(58_600))
    health = health_of(stage, bull)
    assert 0 < 4 * health.equity < health.maintenance_margin
    stage.play(liquidate())


@pytest.mark.parametrize(
    ("equity", "margin_", "value", "is_open"),
    [(25, 100, 1, True), (26, 100, 1, False), (26, 100, -1, True), (-1, 0, 0, True)],
)
def test_it_opens_at_a_quarter_or_below_nothing(equity, margin_, value, is_open):
    assert deleveraging.is_open(equity, margin_, value) is is_open


def test_deleveraging_costs_an_account_nothing_of_its_health(stage):
    play_all(stage, NEARLY)
    before = health_of(stage, bull)
    stage.play(liquidate())
    after = agree(stage, bull)
    ratios = [(h.equity + SLACK) * before.maintenance_margin for h in (after,)]
    assert ratios[0] >= before.equity * after.maintenance_margin
    assert after.maintenance_margin < before.maintenance_margin


def test_what_the_fund_can_pay_costs_the_other_side_nothing(stage):
    stage.play(Action("deposit", lender >> 96, (BACKSTOP_FUND, USDC, 10_000 * 10**6)))
    play_all(stage, BROKE)
    (told,) = named(stage.events(liquidate()), "Deleveraged")
    assert told["price"] == 58_000 * WAD
    assert ch.get_held(stage.world.clearing, bull, USDC) == 0


@pytest.mark.parametrize("funded", [0, 100, 300])
def test_what_the_fund_cannot_pay_the_other_side_pays(stage, funded):
    if funded:
        stage.play(
            Action("deposit", lender >> 96, (BACKSTOP_FUND, USDC, funded * 10**6))
        )
    play_all(stage, fall(58_200))
    clearing, now = stage.world.clearing, stage.world.now
    _, terms = liquidation_code.open_takeover(clearing, now, bull, False)
    assert terms.deficit > 300 * WAD
    told, *_ = named(stage.events(liquidate()), "Deleveraged")
    size = told["lots"] * listed_of(stage).lot
    gained = (told["price"] - 58_200 * WAD) * size // WAD
    assert abs(gained - (terms.deficit - funded * WAD)) < WAD // 10
    least = 10_000 * (terms.deficit - funded * WAD) // terms.deficit
    assert least <= told["lots"] <= least + 1


def test_no_price_is_further_than_the_margin_that_it_frees(stage):
    play_all(stage, fall(50_000))
    (told,) = named(stage.events(liquidate()), "Deleveraged")
    listed = listed_of(stage)
    borrowed = stage.world.clearing.assets[USDC].requirement.base_mmf
    most = listed.requirement.base_mmf * WAD // (PPM + borrowed)
    units = 50_000 * 10**12 * (WAD + most) // WAD
    assert told["price"] == units * 10**6


def test_a_market_with_a_stale_mark_is_left_alone(stage):
    play_all(
        stage,
        [
            deposit(hedger + 1, 20_000),
            own("deposit", bull, USDC, 200 * 10**6),
            trade(OTHER, bull, hedger + 1, 1_000, PRICES[ETH]),
        ],
    )
    for _ in range(4):
        play_all(stage, [Action("wait", STRANGER, (20,)), *only(BTC, PRICES[BTC])])
    play_all(stage, [*only(BTC, 57_500 * WAD), WAIT])
    events = stage.events(liquidate())
    assert [told["market"] for told in named(events, "Deleveraged")] == [MARKET]
    assert lots_of(stage, bull, OTHER) == 1_000
    assert lots_of(stage, bull) < 10_000


def only(asset, price):
    """Return the actions that publish one price and take it over."""
    publishing = Action("publish", STRANGER, (asset, price, price, 0, 0))
    market = {BTC: MARKET, ETH: OTHER}[asset]
    return [WAIT, publishing, Action("tick", STRANGER, ((asset,), (market,), 64))]


def test_a_short_is_closed_against_longs(stage):
    play_all(stage, [deposit(bull + 1, 1_500)])
    play_all(stage, [trade(MARKET, lender, bull + 1, 9_000, PRICES[BTC])])
    play_all(stage, fall(61_800))
    (told,) = named(stage.events(liquidate(bull + 1)), "Deleveraged")
    assert told["is_long"]
    assert told["open_interest"] == 10_000 + 777 + 9_000
    assert told["price"] < 61_800 * WAD
    assert listed_of(stage).inventory.lots == -told["lots"]
    for account in (lender, bull):
        stage.play(realise(account))
    assert listed_of(stage).inventory.lots == 0
    for account in VICTIMS:
        (passed,) = named(stage.events(realise(account)), "EpochPassed")
        expected = {"market": MARKET, "account": account, "epoch": 1}
        assert passed == {**expected, "time": stage.world.now}


# Who is not reduced


def test_who_is_flat_or_comes_later_is_not_reduced(stage):
    play_all(stage, [*BROKE, liquidate()])
    late = underwriter + 1
    play_all(
        stage, [deposit(late, 20_000), trade(MARKET, lender, late, 500, 58_000 * WAD)]
    )
    assert position_of(stage, late).epoch == 1
    assert named(stage.events(realise(late, lender + 1)), "DeleverageApplied") == []
    assert lots_of(stage, late) == -500
    for account in VICTIMS:
        stage.play(realise(account))
    assert listed_of(stage).inventory.lots == 0
    assert lots_of(stage, late) == -500


def test_to_reopen_or_to_grow_changes_nothing(stage):
    play_all(stage, [*BROKE, liquidate()])
    (told,) = named(
        stage.events(trade(MARKET, bear, lender, 300, 58_000 * WAD)),
        "DeleverageApplied",
    )
    closed = told["closed"]
    assert closed == 5_000 * 10_000 // 10_777
    assert lots_of(stage, bear) == closed - 5_000 + 300
    play_all(stage, [trade(MARKET, bear, lender, 5_000 - closed - 300, 58_000 * WAD)])
    assert position_of(stage, bear).epoch == 0
    play_all(stage, [trade(MARKET, lender, bear, 5_000, 58_000 * WAD)])
    assert position_of(stage, bear).epoch == 1
    stage.play(realise(bear))
    assert lots_of(stage, bear) == -5_000
    for account in (hedger, backer, underwriter):
        stage.play(realise(account))
    assert listed_of(stage).inventory.lots == 0


def test_a_fill_that_reduces_to_nothing_is_one_of_what_is_left(stage):
    """Both sides are touched before the venue's fill is looked at."""
    play_all(stage, [*BROKE, liquidate()])
    left = 777 - 777 * 10_000 // 10_777
    fill = trade(MARKET, underwriter, lender, left, 58_000 * WAD)
    play_all(stage, [Action("pause_market", GOVERNOR, (MARKET,))])
    assert (
        stage.refuse(
            replace(
                fill, arguments=(*fill.arguments[:3], left + 1, *fill.arguments[4:])
            )
        )
        == "paused"
    )
    stage.play(fill)
    assert lots_of(stage, underwriter) == 0


# Several epochs, of both sides


def test_epochs_are_met_in_their_order_and_those_of_the_other_side_passed(stage):
    play_all(stage, [deposit(bull + 1, 1_200), *BROKE])
    deleverage_in_parts(stage, [WAD // 3, WAD // 2])
    play_all(stage, [trade(MARKET, lender, bull + 1, 5_000, 58_000 * WAD)])
    play_all(stage, [*fall(60_350), liquidate(bull + 1)])
    play_all(stage, [*fall(56_000), liquidate(bull)])
    epochs = listed_of(stage).epochs
    assert [epoch.is_long for epoch in epochs] == [False, False, True, False]
    assert get_left(epochs, True) > 0 < get_left(epochs, False)
    events = stage.events(realise(bear))
    met = [(name, told["epoch"]) for name, told in events if "epoch" in told]
    applied, passed = "DeleverageApplied", "EpochPassed"
    assert met == [(applied, 1), (applied, 2), (passed, 3), (applied, 4)]
    play_all(stage, [realise(*VICTIMS, lender, bull)])
    assert listed_of(stage).inventory.lots == 0
    assert [compute_left(epoch) for epoch in listed_of(stage).epochs] == [0] * 4


OPS = st.one_of(
    st.tuples(
        st.just("trade"), st.integers(0, 5), st.integers(0, 5), st.integers(1, 900)
    ),
    st.tuples(st.just("close"), st.integers(0, 5), st.integers(1, 900)),
    st.tuples(st.just("touch"), st.integers(0, 5)),
    st.tuples(st.just("realise"), st.integers(0, 5)),
    st.tuples(st.just("fund"), st.integers(-(10**15), 10**15)),
)
PEOPLE = [*VICTIMS, lender, bull]


def open_state():
    """Return the state in which the crowd has its positions."""
    if not _OPENED:
        from specs.world import take
        from tests.helpers.worlds import open_world

        world = open_world()
        for action in CROWDED:
            world = take(world, action)
        _OPENED.append(world.clearing)
    return _OPENED[0]


_OPENED = []


def apply(state, op, price):
    """Return a state after an operation, if it makes sense there."""
    kind, *arguments = op
    if kind == "fund":
        listed = state.markets[MARKET]
        moved = replace(listed.funding, index=listed.funding.index + arguments[0])
        return ch.with_market(state, MARKET, replace(listed, funding=moved))
    account = PEOPLE[arguments[0]]
    if kind == "touch":
        return ch.touch(state, MARKET, account)
    if kind == "realise":
        return ch.realise_one(state, MARKET, account)
    parties = [account] if kind == "close" else [account, PEOPLE[arguments[1]]]
    for party in parties:
        for _ in range(10):
            state = ch.touch(state, MARKET, party)
    if kind == "trade":
        if parties[0] == parties[1]:
            return state
        lots = arguments[2]
        state = ch.trade(state, MARKET, parties[0], lots, price)
        return ch.trade(state, MARKET, parties[1], -lots, price)
    held = ch.acc.get_position(ch.get_account(state, account), MARKET).lots
    lots = min(abs(held), arguments[1])
    if lots == 0:
        return state
    return deleverage_code.close(
        state, MARKET, account, -lots if held > 0 else lots, price
    )


def sizes_of(state):
    return [
        ch.acc.get_position(ch.get_account(state, each), MARKET).lots for each in PEOPLE
    ]


def require_consistent(state):
    """Sizes cancel out, and what is effective of either side is what epochs reduce."""
    listed, sizes = state.markets[MARKET], sizes_of(state)
    held = listed.inventory.lots
    assert sum(sizes) + held == 0
    longs, shorts = (get_left(listed.epochs, side) for side in (True, False))
    assert held == shorts - longs
    assert listed.open_interest == sum(max(0, lots) for lots in (*sizes, held))
    effective = compute_effective_interest(listed.epochs, listed.open_interest)
    assert sum(max(0, lots) for lots in sizes) - longs == effective
    assert sum(max(0, -lots) for lots in sizes) - shorts == effective


@given(st.lists(OPS, max_size=40), st.permutations(PEOPLE), st.integers(1, 10**5))
def test_in_any_history_epochs_close_exactly_what_they_are_to(ops, order, dollars):
    state = open_state()
    for op in ops:
        state = apply(state, op, dollars * WAD)
        require_consistent(state)
    for _ in range(len(state.markets[MARKET].epochs)):
        for account in order:
            before = booked_in(state)
            state = ch.touch(state, MARKET, account)
            assert booked_in(state) == before
    require_consistent(state)
    listed = state.markets[MARKET]
    assert listed.inventory.lots == 0
    for epoch in listed.epochs:
        assert epoch.met == epoch.open_interest
        assert compute_left(epoch) == 0


def booked_in(state):
    """Return fund and bases of a market, which cancel out but for the dust."""
    listed = state.markets[MARKET]
    positions = [
        ch.acc.get_position(ch.get_account(state, each), MARKET) for each in PEOPLE
    ]
    bases = sum(each.basis for each in (*positions, listed.inventory))
    return listed.fund.balance + bases


# Margin


@pytest.mark.parametrize("account", VICTIMS)
def test_margin_sees_at_once_what_a_touch_will_do(stage, account):
    play_all(stage, BROKE)
    whole = health_of(stage, account)
    stage.play(liquidate())
    foreseen = agree(stage, account)
    assert foreseen.maintenance_margin < whole.maintenance_margin
    assert foreseen.exposure < whole.exposure
    stage.play(realise(account))
    found = agree(stage, account)
    for name in ("maintenance_margin", "exposure"):
        assert getattr(found, name) == getattr(foreseen, name)
    assert 0 <= foreseen.equity - found.equity <= SLACK


def test_orders_bind_margin_for_what_is_left(stage):
    play_all(stage, [*BROKE, liquidate()])
    state = stage.world.clearing
    position = position_of(stage, bear)
    exposure = ch.get_exposure(
        state,
        MARKET,
        position,
        ch.acc.get_orders(ch.get_account(state, bear), MARKET),
        state.assets[USDC].pool.borrow_index,
    )
    left = 5_000 - 5_000 * 10_000 // 10_777
    assert exposure.notional == exposure.worst_notional == left * 58_000 * 10**14
    for is_buy, most in ((True, left), (False, 0)):
        asked = bear, MARKET, is_buy
        assert stage.made.view("Clearinghouse", "reducible", *asked) == most


@given(
    st.integers(1, 10**7),
    st.integers(1, 10**6),
    st.integers(0, 60_000),
    st.booleans(),
    st.integers(1, 10**30),
)
def test_no_price_makes_a_victim_unhealthy(units, lots, mmf, is_selling, loss):
    """Even if it borrows all that it loses."""
    mark, borrowed = units * 10**12, 50_000
    bound = mmf * WAD // (PPM + borrowed)
    price = compute_price(mark, is_selling, 0, loss, WAD, bound)
    lost = lots * abs(price - mark)
    freed = lots * mark * mmf // PPM
    assert lost * (PPM + borrowed) <= freed * PPM + PPM
    assert (price >= mark) == is_selling or price == mark


def test_victims_keep_above_their_margin_what_they_had(stage):
    play_all(stage, fall(58_200))
    before = {each: health_of(stage, each) for each in VICTIMS}
    events = stage.events(liquidate())
    assert named(events, "Deleveraged")[0]["price"] > 58_200 * WAD
    assert sum(told["socialised"] for told in named(events, "BadDebt")) == 0
    for account in VICTIMS:
        stage.play(realise(account))
        after, old = agree(stage, account), before[account]
        spare = after.equity - after.maintenance_margin
        assert spare + SLACK >= old.equity - old.maintenance_margin
        assert not margin.is_liquidatable(after)


# More epochs than one touch applies

MANY = [TENTH // 10] * (MAX_EPOCHS + 2)


def test_a_touch_applies_eight_epochs_and_another_goes_on(stage):
    play_all(stage, BROKE)
    deleverage_in_parts(stage, MANY)
    assert len(listed_of(stage).epochs) == 10
    fill = trade(MARKET, bear, lender, 1, 58_000 * WAD)
    assert stage.refuse(fill) == "epochs pending"
    agree(stage, bear)
    events = stage.events(realise(bear))
    told = [each["epoch"] for each in named(events, "DeleverageApplied")]
    assert told == [1, 2, 3, 4, 5, 6, 7, 8]
    assert position_of(stage, bear).epoch == 8
    assert stage.refuse(fill) == "epochs pending"
    stage.play(realise(lender))
    (ninth, tenth) = named(stage.events(fill), "DeleverageApplied")
    assert (ninth["epoch"], tenth["epoch"]) == (9, 10)
    for account in (hedger, backer, underwriter):
        play_all(stage, [realise(account), realise(account)])
    assert listed_of(stage).inventory.lots == 0


@pytest.mark.parametrize("epochs", [MAX_EPOCHS, MAX_EPOCHS + 1])
def test_what_is_not_foreseen_is_no_ground_for_risk(stage, epochs):
    """
    The last epoch has closed nearly all of a short, of which a price that falls on
    would be a gain to borrow on for as long as nobody had touched it.
    """
    play_all(stage, BROKE)
    deleverage_in_parts(stage, [*[WAD // 1_000] * (epochs - 1), WAD])
    assert listed_of(stage).inventory.lots == 10_000
    play_all(stage, fall(50_000))
    is_foreseen = epochs == MAX_EPOCHS
    health = agree(stage, bear)
    assert health.is_stale != is_foreseen
    # It had 30,000 and has made about 2,000 on each of 0.5 BTC.
    assert (health.equity < 31_500 * WAD) == is_foreseen
    borrowed = own("borrow", bear, USDC, 100 * 10**6)
    if is_foreseen:
        stage.play(borrowed)
        return
    assert stage.refuse(borrowed) == "stale price"
    play_all(stage, [realise(bear), borrowed])


def test_nobody_is_taken_over_before_it_has_met_its_epochs(stage):
    play_all(stage, BROKE)
    play_all(stage, [own("withdraw", hedger, USDC, 27_000 * 10**6)])
    deleverage_in_parts(stage, [WAD // 1_000] * (5 * MAX_EPOCHS + 1))
    play_all(stage, fall(70_250))
    assert stage.refuse(liquidate(hedger)) == "epochs pending"
    play_all(stage, [realise(hedger)] * 5)
    assert position_of(stage, hedger).epoch == 5 * MAX_EPOCHS
    stage.play(liquidate(hedger))


def test_a_position_that_an_epoch_closes_has_met_the_others(stage):
    """All of the other side is closed, and the epochs after it find nobody."""
    play_all(stage, [own("deposit", lender, USDC, 1)])
    play_all(stage, [trade(MARKET, underwriter, lender, 777, PRICES[BTC]), *BROKE])
    by_hand = ByHand(stage)
    by_hand.deleverage(WAD)
    by_hand.close()
    (epoch,) = listed_of(stage).epochs
    assert epoch.lots == epoch.open_interest == 10_000
    for account in VICTIMS[:3]:
        stage.play(realise(account))
        assert lots_of(stage, account) == 0
        assert position_of(stage, account).epoch == 0
    assert listed_of(stage).open_interest == 0


# Price and funding


def test_funding_since_then_is_not_lost(stage):
    play_all(
        stage,
        [*publish(PRICES, premium=WAD // 100), Action("wait", STRANGER, (3_600,))],
    )
    play_all(stage, fall(58_000, premium=WAD // 100))
    stage.play(liquidate())
    (epoch,) = listed_of(stage).epochs
    for _ in range(3):
        play_all(
            stage,
            [Action("wait", STRANGER, (3_000,)), *fall(58_500, premium=WAD // 100)],
        )
    accrued = ch.accrue(stage.world.clearing, USDC, stage.world.now + 1)
    stage.play(WAIT)
    foreseen = ch.assess(accrued, bear, stage.world.now)
    (told,) = named(stage.events(realise(bear)), "DeleverageApplied")
    moved = listed_of(stage).funding.index - epoch.funding_index
    assert moved != 0
    assert told["price"] == epoch.price + moved
    assert 0 <= foreseen.equity - agree(stage, bear).equity <= SLACK


@pytest.mark.parametrize(
    ("price", "then", "now", "closing"),
    [(5, 3, 3, 5), (5, 3, 9, 11), (5, 9, 3, 0), (5, 8, 3, 0), (5, 7, 3, 1)],
)
def test_no_price_is_below_nothing(price, then, now, closing):
    epoch = epoch_of(1, 1, price=price, index=then)
    assert compute_closing_price(epoch, now) == closing


@pytest.mark.parametrize(
    ("index", "price", "expected"),
    [
        (100, 104, 104),
        (100, 106, 105),
        (100, 94, 95),
        (90, 104, 100),
        (90, 96, 96),
        (90, 80, 86),
        (110, 96, 100),
        (110, 101, 101),
        (110, 120, 115),
    ],
)
def test_no_price_is_further_from_the_index_than_a_mark(index, price, expected):
    """But for mark itself, wherever it is; in units of a stored price, inwards."""
    unit = 10**6
    assert limit_to_index(price * unit, 100 * unit, index * unit) == expected * unit


# What a venue may do


def test_a_takeover_is_opened_first_and_says_whether_it_may_be(stage):
    play_all(stage, fall(58_625))
    by_hand = ByHand(stage)
    data = calldata("Clearinghouse", "deleverage", (WAD,))
    reason = stage.made.refusal
    with pytest.raises(RuntimeError):
        by_hand.send("deleverage", WAD)
    assert reason(CALLER, by_hand.home, data) == "not to be deleveraged"
    assert reason(CALLER, by_hand.home, data) == "no takeover open"


def test_no_more_is_closed_than_there_is(stage):
    play_all(stage, NEARLY)
    by_hand = ByHand(stage)
    data = calldata("Clearinghouse", "deleverage", (WAD + 1,))
    assert stage.made.refusal(CALLER, by_hand.home, data) == "out of bounds"


def test_closed_takeovers_leave_nothing_to_deleverage(stage):
    play_all(stage, NEARLY)
    by_hand = ByHand(stage)
    by_hand.deleverage(WAD // 2)
    by_hand.send("close_takeover")
    data = calldata("Clearinghouse", "deleverage", (WAD,))
    assert stage.made.refusal(CALLER, by_hand.home, data) == "no takeover open"


def test_the_other_side_pays_for_a_deficit_once(stage):
    play_all(stage, BROKE)
    by_hand = ByHand(stage)
    by_hand.deleverage(WAD // 2)
    by_hand.deleverage(WAD)
    by_hand.close()
    first, second = listed_of(stage).epochs
    assert first.price > 58_000 * WAD == second.price


# Whoever trades is touched before his size is looked at


def test_a_provider_meets_its_epochs_before_it_takes_over(stage):
    play_all(stage, [*BROKE, liquidate()])
    play_all(
        stage,
        [
            own("bind", bear),
            pledge(bear, 10**6 * WAD, 10**7 * WAD),
            deposit(bull + 1, 1_500),
            trade(MARKET, bull + 1, lender, 5_000, 58_000 * WAD),
            *fall(55_150),
        ],
    )
    events = stage.events(liquidate(bull + 1))
    names = [name for name, _ in events]
    applied = names.index("DeleverageApplied")
    sold = [
        place
        for place, (name, told) in enumerate(events)
        if name == "Realise" and told["account"] == bull + 1
    ]
    assert applied < sold[-1] < names.index("PositionTaken")
    (told,) = named(events, "DeleverageApplied")
    assert told["account"] == bear


def test_who_may_not_be_realised_is_touched_all_the_same(stage):
    play_all(stage, [*BROKE, liquidate()])
    assert position_of(stage, bear).entry is not None
    names = [name for name, _ in stage.events(realise(bear))]
    assert "DeleverageApplied" in names
    assert "BatchRealised" not in names
    assert ch.get_account(stage.world.clearing, bear).settings.auto_realize is False


@pytest.mark.parametrize("price", [57_000, 59_000])
def test_nobody_realises_the_inventory(stage, price):
    """Or a protocol account would owe what it has lost, to nobody's knowledge."""
    play_all(stage, [*BROKE, liquidate(), *fall(price)])
    held = stage.made.view("Clearinghouse", "positions", INVENTORY, MARKET)
    assert held >> 192 == 10_000
    stage.play(realise(INVENTORY, INVENTORY))
    stage.play(realise(INVENTORY, caller=GOVERNOR))
    assert stage.made.view("Clearinghouse", "positions", INVENTORY, MARKET) == held
    assert stage.made.view("Clearinghouse", "balances", INVENTORY, USDC) == 0
    assert stage.made.view("Clearinghouse", "headers", INVENTORY) == 0


def test_a_stranger_deleverages_nobody(stage):
    play_all(stage, NEARLY)
    by_hand = ByHand(stage)
    data = calldata("Clearinghouse", "deleverage", (WAD,))
    assert stage.made.refusal(OPERATOR, by_hand.home, data) == "not a venue"


def test_a_price_stays_as_near_to_the_index_as_a_mark(stage):
    """At a mark of 4.9 percent above it, the bull sells at five."""
    play_all(stage, fall(55_300, premium=49 * WAD // 1_000))
    mark = listed_of(stage).quote.slow
    (told,) = named(stage.events(liquidate()), "Deleveraged")
    assert mark < told["price"] == 55_300 * 105 * WAD // 100


def test_those_behind_a_stale_mark_are_touched_when_they_are_taken_over(stage):
    play_all(
        stage,
        [
            deposit(hedger + 1, 20_000),
            deposit(bull + 1, 1_500),
            trade(OTHER, hedger + 1, bull + 1, 15_000, PRICES[ETH]),
            trade(OTHER, bear, lender, 1_000, PRICES[ETH]),
        ],
    )
    play_all(stage, fall(2_600, asset=ETH))
    play_all(stage, [liquidate(bull + 1)])
    assert len(listed_of(stage, OTHER).epochs) == 1
    play_all(stage, [own("withdraw", bear, USDC, 28_500 * 10**6)])
    for _ in range(4):
        play_all(stage, [Action("wait", STRANGER, (20,)), *only(BTC, PRICES[BTC])])
    play_all(stage, [*only(BTC, 64_000 * WAD), WAIT])
    assert position_of(stage, bear, OTHER).epoch == 0
    stage.play(liquidate(bear))
    assert position_of(stage, bear, OTHER).epoch == 1


def test_who_is_flat_or_comes_later_is_not_reduced_by_settling(stage):
    """What a position has met it remembers when it is settled."""
    play_all(stage, [*BROKE, liquidate()])
    late = underwriter + 1
    play_all(stage, [deposit(late, 20_000)])
    play_all(stage, [trade(MARKET, lender, late, 500, 58_000 * WAD)])
    play_all(
        stage, [realise(late, caller=late >> 96), realise(late, caller=late >> 96)]
    )
    assert position_of(stage, late).epoch == 1
    assert lots_of(stage, late) == -500
