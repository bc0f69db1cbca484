"""Prices: chosen, old, reset, or of the venue's own making."""

import pytest

from keeper.chain.interface import Refused
from specs import margin
from specs.fixed_point import PPM, WAD
from specs.world import Action
from tests.helpers.purses import profit
from tests.helpers.reports import ADDRESSES, GOVERNOR, PUBLISHERS, UNITS, report
from tests.helpers.scenes import OWING
from tests.helpers.stages import (
    call,
    health_of,
    market_of,
    move,
    position_of,
    realise,
    sizes_of,
)
from tests.helpers.worlds import (
    BTC,
    CROSSINGS,
    ETH,
    LENDER,
    MARKETS,
    PRICES,
    VENUE,
    bear,
    bull,
    hedger,
    lender,
    publish,
    trade,
)

SCENE = OWING
DAY = 86_400
HOUR = 3_600
BOUND = 3_335
"""How far a book can take the mark of market 0 from its index, ppm."""


def refusal(oracle, said, signers=PUBLISHERS):
    """Return why a publication is refused; prices stay as they are."""
    before = oracle.view("feed", 1)
    with pytest.raises(Refused) as caught:
        oracle.publish(said, signers)
    assert oracle.view("feed", 1) == before
    return caught.value.reason


def funding_of(stage, account):
    """Return what an account's position has got in funding since it was opened, WAD."""
    listed, position = market_of(stage), position_of(stage, account)
    return -position.lots * listed.lot * listed.funding.index // WAD


# D6, Binance: collateral was valued by what it fetched on the venue's own book


def test_d06_one_of_two_publishers_does_not_choose_the_price(oracle):
    """
    Coins that elsewhere were worth a dollar counted 65 cents, since only the venue's
    own order book was asked. Here a price needs a majority of publishers who agree.
    """
    oracle.quote({1: 60_000})
    oracle.wait(10)
    said = [report(oracle.now, {1: price}) for price in (60_000, 39_000)]
    assert refusal(oracle, said, PUBLISHERS[:2]) == "too few reports"
    said += [report(oracle.now, {1: 60_010})]
    oracle.publish(said, PUBLISHERS)
    # He who is far off counts as 1 % away, and with a third of the weight.
    assert 59_800 * WAD < oracle.view("feed", 1)[1] < 60_010 * WAD


@pytest.mark.parametrize(("apart", "is_taken"), [(101, True), (103, False)])
def test_d06_two_publishers_agree_within_the_clamp(oracle, apart, is_taken):
    """Of two who are further apart than the clamp nobody vouches for the mean."""
    said = [report(oracle.now, {1: 100}), report(oracle.now, {1: apart})]
    if is_taken:
        oracle.publish(said, PUBLISHERS[:2])
        assert oracle.view("feed", 1)[1] == (100 + apart) * WAD // 2
    else:
        assert refusal(oracle, said, PUBLISHERS[:2]) == "too few reports"


def test_d06_who_disagrees_on_one_asset_holds_up_no_other(oracle):
    """Nor does a quarrel over one coin stop the others from being priced."""
    said = [report(oracle.now, {1: 60_000, 2: price}) for price in (3_000, 4_000)]
    oracle.publish(said, PUBLISHERS[:2])
    assert oracle.view("feed", 1)[0] == 60_000 * WAD
    assert oracle.view("feed", 2) == (0, 0, 0, 0)


def test_d06_a_book_that_collapses_takes_the_mark_no_further_than_its_bound(oracle):
    """The venue's own book is asked for the basis alone, and that has a bound."""
    oracle.quote({1: 60_000})
    for _ in range(200):
        oracle.observe(0, 39_000 * WAD)
        oracle.wait(10)
        oracle.quote({1: 60_000})
    least = 60_000 * WAD * (PPM - BOUND) // PPM
    assert oracle.view("feed", 1)[:2] == (60_000 * WAD, 60_000 * WAD)
    assert least - UNITS <= oracle.view("mark", 0)[0] < least + 60 * WAD


def test_d06_what_is_sold_cheap_here_counts_as_before(stage):
    """A panic sale of a collateral among users tells the margin of nobody else."""
    before = health_of(stage, bull), stage.world.clearing.assets[ETH].quote
    cheap = ETH, lender, hedger, WAD, 1_625 * WAD, True
    stage.play(Action("fill_spot", VENUE, cheap))
    assert (health_of(stage, bull), stage.world.clearing.assets[ETH].quote) == before
    # Who bought at 65 % has bought well, and has lost nothing that lenders have.
    assert 874 * WAD < profit(stage, LENDER) < 876 * WAD


# D7, dYdX v4: the chain halted for hours, and began with the prices from before


@pytest.mark.parametrize(("seconds", "price"), [(60, 30_000), (61, 60_000)])
def test_d07_the_first_price_after_an_outage_does_not_count(oracle, seconds, price):
    """
    When the chain went on after eight hours, whoever was liquidated was so at prices
    that nobody could have answered. After an hour or a minute without an update the
    first ones are only counted, until they have gone on for half a minute.
    """
    oracle.quote({1: 60_000})
    oracle.wait(seconds)
    oracle.quote({1: 30_000})
    assert oracle.view("feed", 1)[1] == price * WAD
    for _ in range(3):
        oracle.wait(10)
        assert (oracle.view("feed", 1)[1] == 60_000 * WAD) == (price == 60_000)
        oracle.quote({1: 30_000})
    slow, fast, _, _ = oracle.view("feed", 1)
    assert fast == 30_000 * WAD
    # What the outage lasted gives the slow price no room: 0.25 % a second since.
    assert slow > 46_000 * WAD


# D10, Paradex: an index was set to zero by a race, and thousands were liquidated


def test_d10_a_version_that_is_over_does_not_come_back(oracle):
    """
    A database that was restored wrote an older, empty version over the newer one. What
    was signed before the last version can't be published again, by anybody.
    """
    oracle.quote({1: 60_000})
    oracle.wait(2)
    old = [report(oracle.now - 1, {1: 30_000})] * 3
    new = [report(oracle.now, {1: 60_000})] * 3
    oracle.publish(new, PUBLISHERS)
    oracle.wait(1)
    assert refusal(oracle, old) == refusal(oracle, new) == "report not later"


def test_d10_there_is_no_price_of_nothing(oracle):
    """Prices of zero liquidated every long at once. There is none to publish."""
    oracle.quote({1: 60_000})
    oracle.wait(1)
    for price in (0, UNITS - 1):
        said = [report(oracle.now, {1: price / WAD})] * 3
        assert refusal(oracle, said) == "price out of range"


@pytest.mark.parametrize("later", [0, 1, 61])
def test_d10_an_old_price_is_not_taken_over_again(stage, later):
    """The vault's own copy of a price, and its funding, go by the oracle's time."""
    move(stage, {BTC: 61_000}, waiting=0)
    market = market_of(stage)
    if later:
        stage.play(call("wait", later))
    stage.play(call("tick", (BTC, BTC), (0, 0), CROSSINGS))
    assert market_of(stage) == market


@pytest.mark.parametrize("days", [1, 30])
def test_d10_no_update_of_funding_costs_more_than_an_interval(stage, days):
    """
    The funding index fell to zero from months of payments, so every position owed
    them again. Nothing sets the index: it moves with time, and one update charges one
    interval at most, half a percent, however long the last one is ago.
    """
    for action in publish(PRICES, premium=WAD // 20):
        stage.play(action)
    stage.play(call("wait", HOUR))
    for action in publish(PRICES, premium=WAD // 20):
        stage.play(action)
    before, mark = market_of(stage).funding.index, market_of(stage).quote.slow
    paid = funding_of(stage, bear)
    stage.play(call("wait", days * DAY))
    for action in publish(PRICES, premium=WAD // 20):
        stage.play(action)
    moved = market_of(stage).funding.index - before
    assert moved == mark // 200
    # A long of half a BTC at 63,000 USDC pays that much, and the short gets it.
    assert 5_000 * market_of(stage).lot * moved // WAD == 157_500 * WAD // 1_000
    assert funding_of(stage, bear) - paid == 157_500 * WAD // 1_000


# D26, Flatmoney and Synthetix: who trades chose among prices of different ages


def test_d26_one_rule_says_when_a_price_is_stale(stage):
    """
    Keepers and users were held to different ages of a price, so one could wait and
    take the better one. Here a price is one for all, and old for all at once.
    """
    price = market_of(stage).quote
    stage.play(call("wait", price.time + margin.MAX_PRICE_AGE - stage.world.now))
    stage.play(trade(0, bear, bull, 1, PRICES[BTC]))
    stage.play(realise(0, bull))
    stage.play(call("wait", 1))
    for action in (trade(0, bear, bull, 1, PRICES[BTC]), realise(0, bull)):
        assert stage.refuse(action) == "stale price"
    assert sizes_of(stage, bull)[0] == 4_999


def test_d26_a_block_has_one_price(oracle):
    """Of two versions in a block whoever comes between them would have the choice."""
    oracle.quote({1: 60_000})
    said = [report(oracle.now, {1: 60_500})] * 3
    assert refusal(oracle, said) == "already published"


def test_d26_whoever_ticks_last_or_first_gets_the_same_price(stage):
    """A price is taken over as it is at the oracle; nobody brings one along."""
    for action in publish({BTC: 61_000 * WAD, ETH: 2_400 * WAD})[:-1]:
        stage.play(action)
    stage.play(call("tick", (BTC,), (0,), 1))
    first = market_of(stage).quote
    stage.play(call("tick", tuple(PRICES), MARKETS, CROSSINGS))
    assert market_of(stage).quote == first
    assert first.slow == 61_000 * WAD


# D3, JELLY: the venue settled a market at a price of its own choice


def test_d03_the_governor_has_no_price_to_give(oracle):
    """
    To save the vault a market was closed at a quarter of its price. The oracle takes
    prices from its publishers alone; who lists and enrols can't sign one.
    """
    oracle.quote({1: 60_000})
    oracle.wait(1)
    said = [report(oracle.now, {1: 15_000})] * 3
    assert refusal(oracle, said, ADDRESSES[3:]) == "not a publisher"
    with pytest.raises(Refused, match="not the book"):
        oracle.send(GOVERNOR, "observe", 0, 15_000 * WAD, oracle.now + 60)
